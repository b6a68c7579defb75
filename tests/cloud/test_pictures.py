"""Pictures of items at head office: what is taken and what is refused, folders, and what stores are told to follow."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.errors import Invalid, NotFound
from cloud.pictures import keeping, loading
from cloud.pictures.fitting import MOST_FILE_BYTES, fit
from cloud.pictures.loading import Loaded, archive_files, folder_files
from cloud.pictures.models import ItemPicture, Picture
from cloud.prices.bodies import BodyFiles, render_delta, render_whole
from shared.body import read_body
from shared.pictures import MOST_BYTES, SIDE, check_picture, picture_name, read_row
from shared.pricing.price_list import Barcode
from tests.cloud.picture_files import drawn, noisy, opened, png_that_says
from tests.cloud.prices_data import found_chain, item, publish_rows
from tests.factories import START_MS

DAY_MS = 24 * 3600 * 1000
TEA = "6901234567892"


def founded(database: Database) -> Database:
    with database.session() as session:
        found_chain(session)
        rows = [
            item("1", barcodes=[Barcode(TEA), Barcode("012345678905")]),
            item("2"),
            item("3", barcodes=[Barcode("77")]),
        ]
        publish_rows(session, [*rows, item("4", barcodes=[Barcode("77")])])
    return database


@pytest.fixture
def both(database: Database) -> Database:
    return founded(database)


@pytest.fixture
def hq(sqlite_database: Database) -> Database:
    return founded(sqlite_database)


def near(found: object, wanted: tuple[int, int, int]) -> bool:
    return isinstance(found, tuple) and all(abs(a - b) < 24 for a, b in zip(found, wanted, strict=True))


def turned() -> bytes:
    """A telephone's picture: lying, with a note that it is to be turned, the place and the owner."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "Wang Wei"
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 20.0)
    return drawn("JPEG", (600, 300), exif=exif)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (drawn("PNG"), (400, 200)),
        (drawn("JPEG", (3000, 4000)), (300, 400)),
        (drawn("WEBP", (100, 100)), (100, 100)),
        (drawn("PNG", mode="RGBA", colour=(0, 0, 0, 0)), (400, 200)),
        (drawn("PNG", mode="P", colour=3), (400, 200)),
        (drawn("PNG", mode="I;16", colour=40_000), (400, 200)),
        (drawn("JPEG", mode="CMYK", colour=(0, 200, 200, 0)), (400, 200)),
        (drawn("WEBP", save_all=True, append_images=[Image.new("RGB", (600, 300))]), (400, 200)),
        (noisy(), (400, 400)),
        (turned(), (200, 400)),
    ],
    ids=["png", "large jpeg", "small webp", "clear", "palette", "16 bit", "print", "moving", "noise", "turned"],
)
def test_whatever_it_was_it_becomes_one_small_form_without_anything_but_its_pixels(
    content: bytes, size: tuple[int, int]
) -> None:
    fitted = fit(content)
    check_picture(fitted, picture_name(fitted))
    shown = opened(fitted)
    assert shown.size == size
    assert max(shown.size) <= SIDE
    assert len(fitted) <= MOST_BYTES
    assert not {"exif", "icc_profile", "xmp"} & set(shown.info)
    assert b"Wang" not in fitted
    assert getattr(shown, "n_frames", 1) == 1


def test_clear_ground_becomes_white_and_a_lying_picture_stands() -> None:
    assert near(opened(fit(drawn("PNG", mode="RGBA", colour=(0, 0, 0, 0)))).getpixel((50, 50)), (255, 255, 255))
    upright = opened(fit(turned()))
    assert near(upright.getpixel((190, 10)), (40, 160, 60)), "the corner that was upper left is upper right"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG, JPEG or WebP, please"),
        (drawn("GIF"), "PNG, JPEG or WebP, please"),
        (drawn("BMP"), "PNG, JPEG or WebP, please"),
        (drawn("TIFF"), "PNG, JPEG or WebP, please"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG, JPEG or WebP, please"),
        (drawn("PNG", (800, 800))[:-500], "damaged or cut short"),
        (drawn("JPEG", (2000, 2000))[:9000], "damaged or cut short"),
        (drawn("WEBP")[:-60], "damaged or cut short"),
        (png_that_says(600, 600), "damaged or cut short"),
        (png_that_says(20_000, 20_000), "more than 25 million pixels"),
        (png_that_says(6_000, 6_000), "more than 25 million pixels"),
        (png_that_says(2**31 - 1, 2), "more than 25 million pixels"),
        (drawn("PNG", (400, 20)), "400 x 20 pixels"),
        (bytes(MOST_FILE_BYTES + 1), "more than 8 MB"),
    ],
)
def test_what_is_no_picture_or_would_burst_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        fit(content)
    assert refused.value.phrase is not None
    assert words in refused.value.phrase


def test_stores_follow_what_changed_and_no_version_of_prices_does(both: Database, tmp_path: Path) -> None:
    files = BodyFiles(tmp_path)
    tea, milk = fit(drawn()), fit(drawn(colour=(9, 9, 200)))

    def act(wanted: Mapping[str, bytes]) -> str:
        with both.session() as session:
            names = keeping.keep(session, list(wanted.values()), now_ms=START_MS)
            keeping.use(session, dict(zip(wanted, names, strict=True)), actor="a", now_ms=START_MS)
        with both.snapshot() as session:
            found = keeping.reference(session)
            assert found is not None
            return found.hash

    with both.snapshot() as session:
        assert keeping.reference(session) is None
    first = act({"1": tea, "2": tea})
    second = act({"2": milk})
    assert act({"2": milk}) == second, "nothing changed, so nobody fetches anything"
    with both.session() as session:
        keeping.remove(session, "1", actor="a", now_ms=START_MS, reason="wrong")
    with both.snapshot() as session:
        third = keeping.reference(session)
        assert third is not None
        whole = files.opened(session, third.hash)
        delta = files.opened(session, f"{first}..{third.hash}")
        assert whole is not None
        assert delta is not None
        rows = {key: read_row(row) for key, row in read_body(whole)[1] if row}
        assert {key: (row.picture, row.size) for key, row in rows.items()} == {"2": (picture_name(milk), len(milk))}
        assert sorted(dict(read_body(delta)[1])) == ["1", "2"]
        assert keeping.content_of(session, picture_name(milk)) == milk
        acts = [
            (row.action, row.subject, row.reason)
            for row in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        ]
    assert acts[-3:] == [
        ("picture.load", "items", ""), ("picture.use", "item 2", ""), ("picture.remove", "item 1", "wrong"),
    ]  # fmt: skip


def test_only_so_many_lists_back_what_changed_is_known(hq: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_LISTS", 3)
    lists: list[str] = []
    for number in range(6):
        with hq.session() as session:
            (name,) = keeping.keep(session, [fit(drawn(colour=(number, 0, 0)))], now_ms=START_MS)
            keeping.use(session, {str(number % 2 + 1) if number else "3": name}, actor="a", now_ms=START_MS)
        with hq.snapshot() as session:
            found = keeping.reference(session)
            assert found is not None
            lists.append(found.hash)
    with hq.snapshot() as session:
        whole = render_whole(session, lists[-1])
        assert whole is not None
        assert sorted(dict(read_body(whole)[1])) == ["1", "2", "3"], "also what an older list said first"
        assert [render_delta(session, base, lists[-1]) is not None for base in lists[:-1]] == [False] * 3 + [True] * 2


def test_what_nobody_uses_goes_after_a_day_and_what_is_used_stays(both: Database) -> None:
    used, looked_at = fit(drawn()), fit(drawn(colour=(1, 2, 3)))
    with both.session() as session:
        name, other = keeping.keep(session, [used, looked_at], now_ms=START_MS)
        keeping.use(session, {"1": name}, actor="a", now_ms=START_MS)
    for later, kept in ((DAY_MS, {name, other}), (DAY_MS + 1, {name})):
        with both.session() as session:
            keeping.keep(session, [], now_ms=START_MS + later)
            assert set(session.exec(select(Picture.hash))) == kept
    with both.session() as session, pytest.raises(NotFound):
        keeping.use(session, {"1": other}, actor="a", now_ms=START_MS)
    with both.session() as session, pytest.raises(Invalid, match="no price book names item 9"):
        keeping.use(session, {"9": name}, actor="a", now_ms=START_MS)


FOLDER: Mapping[str, bytes] = {
    "1.png": drawn(),
    "drinks/2.JPG": drawn("JPEG"),
    ".DS_Store": b"x",
    "drinks/Thumbs.db": b"x",
}
BAD: Mapping[str, tuple[bytes, str]] = {
    f"{TEA}.png": (drawn(), "item 1 has a picture already: 1.png"),
    "12345678905.png": (drawn(), "no item has the number or barcode 12345678905"),
    "77.png": (drawn(), "no item has the number or barcode 77"),
    "list.xlsx": (b"x", "its name does not end like a picture's"),
    "3.svg": (b"<svg/>", "its name does not end like a picture's"),
    "3.png": (b"<svg/>", "PNG, JPEG or WebP, please"),
    "4.webp": (png_that_says(9_000, 9_000), "25 million pixels"),
}


def load(hq: Database, files: Mapping[str, bytes], folder: Path, *, zipped: bool = False, **how: bool) -> Loaded:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    found = archive_files(out) if zipped else folder_files(folder)
    return loading.load(hq, found, actor="cli:x", now_ms=lambda: START_MS, **{"dry_run": False, **how})


def pictured(hq: Database) -> set[str]:
    with hq.snapshot() as session:
        return set(session.exec(select(ItemPicture.item)))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_is_tried_told_of_file_by_file_and_taken_whole(hq: Database, tmp_path: Path, zipped: bool) -> None:
    with_bad = {**FOLDER, **{name: content for name, (content, _) in BAD.items()}}
    for how in ({"dry_run": True}, {"dry_run": False}):
        done = load(hq, with_bad, tmp_path / "bad", zipped=zipped, **how)
        assert {one.file for one in done.problems} == set(BAD)
        for one in done.problems:
            assert BAD[one.file][1] in one.words
        assert (done.pictures, done.changed, pictured(hq)) == (2, 0, set())
    assert load(hq, FOLDER, tmp_path / "good", zipped=zipped, dry_run=True).ok
    assert pictured(hq) == set()
    assert load(hq, FOLDER, tmp_path / "good", zipped=zipped).changed == 2
    assert load(hq, FOLDER, tmp_path / "good", zipped=zipped).changed == 0, "the same again changes nothing"
    assert pictured(hq) == {"1", "2"}
    assert (
        load(hq, {**with_bad, "012345678905.png": drawn()}, tmp_path / "bad", zipped=zipped, skip_bad=True).pictures
        == 2
    )


def test_an_archive_is_read_no_further_than_a_picture_goes(hq: Database) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", bytes(MOST_FILE_BYTES + 10))
    done = loading.load(hq, archive_files(out), actor="a", now_ms=lambda: START_MS, dry_run=True)
    assert [one.words for one in done.problems] == ["the file has more than 8 MB: make it smaller"]
    with pytest.raises(Invalid, match="no ZIP archive"):
        list(archive_files(BytesIO(b"PK nonsense")))
