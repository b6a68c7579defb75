"""Members taken over by upload: checked row by row, loaded, cancelled without a trace, signed by another."""

from __future__ import annotations

import re
import tempfile
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlmodel import col, func, select

from cloud.api.services import Services
from cloud.database import Database
from cloud.identity.people import Role
from cloud.member_import import loading, uploads
from cloud.member_import.importing import BALANCES, COLUMNS, read_members
from cloud.member_import.models import OpeningUpload
from cloud.member_import.uploads import UploadStatus
from cloud.member_import.working import SILENT_MS, Uploading
from cloud.members.models import ACTIVE, CLOSED, Member, MemberField
from cloud.prices.settings import TillSettings, set_till_settings
from cloud.web import uploading as console_uploading
from tests.cloud.apps import console_of
from tests.cloud.members_data import mint, open_chain, vault
from tests.cloud.test_member_opening import FILE, HEADER, load
from tests.cloud.visiting import Visitor, make_person, mark_on
from tests.factories import START_MS, DrivenMachineClock

PLACE = "/members/openings"
BAD = (
    HEADER
    + "h1,李小明,not a phone,s001,,silver,,,x,\nh2,Bob,13800138001,nowhere,,,40,,,\n"
    + "h3,Cid,13800138002,,,,,,,\n"
)


@pytest.fixture
def clock() -> DrivenMachineClock:
    return DrivenMachineClock(START_MS)


@pytest.fixture
def chosen(request: pytest.FixtureRequest) -> Database:
    """The database that a test names: both kinds, or the embedded one where the database decides nothing."""
    name = "sqlite_database" if "sqlite_database" in request.fixturenames else "database"
    found: Database = request.getfixturevalue(name)
    return found


@pytest.fixture
def app(chosen: Database, clock: DrivenMachineClock) -> FastAPI:
    return desk(chosen, clock)


def desk(database: Database, clock: DrivenMachineClock) -> FastAPI:
    """A console of a chain with members' rules, for somebody of support and a marketer."""
    open_chain(database)
    clocks = SimpleNamespace(machine=clock, business=SimpleNamespace(now_ms=lambda: START_MS))
    services = cast("Services", SimpleNamespace(database=database, clocks=clocks, vault=vault()))
    made = console_of(services)
    for name, role in (("sue", Role.SUPPORT), ("ben", Role.SUPPORT), ("ana", Role.MARKETER)):
        make_person(database, name, role)
    return made


@pytest.fixture
def job(chosen: Database, clock: DrivenMachineClock) -> Uploading:
    return Uploading(chosen, vault(), clock, mint)


def inside(app: FastAPI, name: str = "sue", language: str = "en") -> Visitor:
    visitor = Visitor(app, language)
    visitor.enter(name)
    return visitor


def send(visitor: Visitor, text: str = FILE, reason: str = "old system ends", mark: str | None = None) -> str:
    """Upload a file as a browser does; return where it led."""
    mark = mark_on(visitor.get("/search")) if mark is None else mark
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("mark", mark), ("reason", reason))
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="base.csv"\r\nContent-Type: text/csv'
    body = "".join(parts) + f"--x\r\n{head}\r\n\r\n{text}\r\n--x--\r\n"
    answer = visitor.ask("POST", f"{PLACE}/uploads", body, **{"Content-Type": "multipart/form-data; boundary=x"})
    return answer.headers.get("location", str(answer.status_code))


def row_of(database: Database, place: str) -> OpeningUpload:
    with database.snapshot() as session:
        return uploads.find(session, UUID(place.rsplit("/", 1)[1]))


def count(database: Database, status: str) -> int:
    with database.snapshot() as session:
        return session.exec(select(func.count()).select_from(Member).where(col(Member.status) == status)).one()


def test_from_upload_to_signature_by_another(app: FastAPI, database: Database, job: Uploading) -> None:
    sue, ben = inside(app), inside(app, "ben")
    place = send(sue)
    assert place.startswith(f"{PLACE}/uploads/"), place
    assert "This file is next." in sue.get(place).text
    with database.session() as session:
        set_till_settings(session, TillSettings(card_prefixes=["88"], card_digits=10))
    assert job()
    checked = sue.get(place).text
    for fact in ("3 rows are good: nothing is stored yet.", "Points", "Stored value", "￥100.00"):
        assert fact in checked, fact
    assert "2 cards are not of the form that tills read." in checked
    assert count(database, "pending") == 0
    sue.send(f"{place}/load", page=place)
    assert job()
    loaded = sue.get(place).text
    assert "3 rows are loaded; another person signs them." in loaded
    row = row_of(database, place)
    assert (row.status, row.content, row.done) == (UploadStatus.LOADED, None, 3)
    opening = re.search(rf'href="({PLACE}/[0-9a-f-]+)"', loaded)
    assert opening
    assert "loaded by sue" in ben.get(opening[1]).text
    ben.send(f"{opening[1]}/sign", page=opening[1])
    assert count(database, ACTIVE) == 3
    assert not job()


def test_a_page_decides_and_the_job_takes_back(app: FastAPI, sqlite_database: Database, job: Uploading) -> None:
    sue = inside(app)
    opening = f"{PLACE}/{load(sqlite_database)}"
    sue.send(f"{opening}/refuse", {"reason": "wrong file"}, page=opening)
    assert count(sqlite_database, "pending") == 3, "a press of the button waits for nothing"
    page = sue.get(opening).text
    for fact in ("It is being taken back: 0 of 3 rows.", "<progress", "wrong file", "taken back by sue"):
        assert fact in page, fact
    assert "/refuse" not in page
    assert "sse-connect" in page
    assert "being taken back" in sue.get(PLACE).text
    assert job()
    assert count(sqlite_database, CLOSED) == 3
    page = sue.get(opening).text
    assert "Taken back: nothing of it is left." in page
    assert "sse-connect" not in page
    assert not job()


def test_the_template_is_a_table_of_members(app: FastAPI, sqlite_database: Database) -> None:
    found = inside(app).get(f"{PLACE}/uploads/template.csv")
    sheet = read_members(found.content, BALANCES)
    assert (set(sheet.columns), len(sheet.rows)) == ({*COLUMNS, *BALANCES}, 0)


def test_every_bad_row_is_named_and_the_file_is_gone(app: FastAPI, sqlite_database: Database, job: Uploading) -> None:
    sue = inside(app)
    place = send(sue, BAD)
    assert job()
    page = sue.get(place).text
    assert "2 rows are wrong; nothing was stored." in page
    assert [int(one) for one in re.findall(r'<tr><td class="number">(\d+)</td>', page)] == [2, 2, 3], (
        "all that is wrong with a row"
    )
    assert "there is no store" in page
    assert sue.get(f"{place}/problems.csv").text.count("\r\n") == 4
    row = row_of(sqlite_database, place)
    assert (row.status, row.content) == (UploadStatus.BAD, None)
    assert sue.send(f"{place}/load", page="/search").headers["location"].endswith("refused=else")


@pytest.mark.parametrize("when", ["waiting", "checked", "checking", "loading", "loaded by then"])
def test_what_is_cancelled_leaves_nobody_behind(
    app: FastAPI, database: Database, job: Uploading, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(loading, "AT_ONCE", 1)
    sue = inside(app)
    place = send(sue)
    if when not in {"waiting", "checking"}:
        assert job()
    if when in ("loading", "loaded by then"):
        sue.send(f"{place}/load", page=place)
    if when in ("waiting", "checked"):
        sue.send(f"{place}/cancel", page=place)
    else:
        beat, end, beats = Uploading._beat, Uploading._end, 0

        def cancelled_in_the_middle(self: Uploading, upload_id: UUID, done: int, rows: int) -> None:
            nonlocal beats
            beats += 1
            if when != "loaded by then" and beats == (3 if when == "loading" else 1):
                sue.send(f"{place}/cancel", page=place)
            beat(self, upload_id, done, rows)

        def cancelled_at_the_end(self: Uploading, *args: object, **more: object) -> None:
            if when == "loaded by then":
                sue.send(f"{place}/cancel", page=place)
            end(self, *args, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(Uploading, "_beat", cancelled_in_the_middle)
        monkeypatch.setattr(Uploading, "_end", cancelled_at_the_end)
        assert job()
    row = row_of(database, place)
    assert (row.status, row.content, row.ended_by) == (UploadStatus.CANCELLED, None, "person:sue")
    assert count(database, "pending") == count(database, ACTIVE) == 0
    with database.snapshot() as session:
        assert session.exec(select(func.count()).select_from(MemberField)).one() == 0
    assert count(database, CLOSED) == {"loading": 2, "loaded by then": 3}.get(when, 0), "erased, books kept"
    assert "This file is gone and brought nobody." in sue.get(place).text


def test_a_worker_that_died_is_followed_by_another(
    app: FastAPI, sqlite_database: Database, clock: DrivenMachineClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sue = inside(app)
    place = send(sue)

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    first, second = (Uploading(sqlite_database, vault(), clock, mint) for _ in range(2))
    with monkeypatch.context() as patched:
        patched.setattr(Uploading, "_beat", dies)
        with pytest.raises(KeyboardInterrupt):
            first()
    assert not second(), "it may still be at work"
    clock.advance(SILENT_MS + 1)
    assert second()
    assert row_of(sqlite_database, place).status == UploadStatus.CHECKED
    assert not first()


def test_what_nobody_loads_is_let_go_after_a_day(
    app: FastAPI, sqlite_database: Database, job: Uploading, clock: DrivenMachineClock
) -> None:
    place = send(inside(app))
    assert job()
    assert row_of(sqlite_database, place).content is not None
    clock.advance(uploads.KEPT_MS + 1)
    job()
    row = row_of(sqlite_database, place)
    assert (row.status, row.content) == (UploadStatus.EXPIRED, None)


def test_nobody_in_the_file_can_be_read_in_the_database(app: FastAPI, sqlite_database: Database) -> None:
    place = send(inside(app))
    content = row_of(sqlite_database, place).content
    assert content is not None
    for personal in ("李小明", "13800138000"):
        assert personal.encode() not in bytes(content)


@pytest.mark.usefixtures("sqlite_database")
def test_the_file_never_touches_a_disk(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_disk(_self: object) -> None:
        raise AssertionError("the upload was written to a file")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", to_disk)
    sue = inside(app)
    assert "/uploads/" in send(sue, FILE + "x" * 3_000_000)


def test_what_is_refused_at_the_door(app: FastAPI, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sue, ana = inside(app), inside(app, "ana")
    assert send(sue, mark="0" * 64) == "403"
    assert send(ana) == "403", "whoever may not move value uploads nothing"
    assert "enctype" not in ana.get(PLACE).text
    assert send(sue, reason="").endswith("refused=reason")
    assert send(sue, "").endswith("refused=file")
    monkeypatch.setattr(console_uploading, "_FORM_BYTES", -32 * 1024**2 + 100)
    assert send(sue, FILE * 100) == "422", "it is not read to its end"
    with sqlite_database.snapshot() as session:
        assert session.exec(select(func.count()).select_from(OpeningUpload)).one() == 0


@pytest.mark.usefixtures("sqlite_database")
def test_the_same_file_again_is_said(app: FastAPI, job: Uploading) -> None:
    sue = inside(app)
    for _ in range(2):
        place = send(sue)
        assert job()
        sue.send(f"{place}/load", page=place)
        assert job()
    assert "This very file was loaded before" in sue.get(place).text
