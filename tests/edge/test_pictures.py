"""Pictures on an agent's disk: followed, proven, within their budget, behind prices, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.disk.database import Database
from edge_agent.pictures import listing
from edge_agent.pictures.keeper import Budget, PictureKeeper, Sources
from edge_agent.prices.keeper import BodyUnreachable
from shared.body import BodyError, BodyKind
from shared.pictures import MOST_BYTES, PictureRefused, picture_name, read_row, write_row
from shared.wire.desired import BodyReference
from tests.edge.hq import MemoryBodies
from tests.factories import DrivenMachineClock

FAST = 10**9


def picture(letter: str, size: int = 1000) -> bytes:
    """Return what looks like a picture of ours from outside."""
    return b"RIFF\0\0\0\0WEBP" + letter.encode() * (size - 12)


TEA, MILK, SALT = picture("t"), picture("m"), picture("s")


class Shop:
    """An agent's pictures, and an HQ in memory."""

    def __init__(self, database: Database, folder: Path, budget: Budget) -> None:
        self.database = database
        self.hq = MemoryBodies()
        self.folder = folder / "pictures"
        self.prices_at_rest = asyncio.Event()
        self.prices_at_rest.set()
        self.arrived = 0
        self.clock = DrivenMachineClock()
        self._rows: dict[str, bytes] = {}
        self.keeper = PictureKeeper(
            database,
            Sources(self.hq, self.hq, self.prices_at_rest),
            self.clock,
            directory=self.folder,
            downloads=folder / "downloads",
            budget=budget,
            arrived=self._note,
            changed=lambda: None,
            random=lambda: 0.5,
        )

    def _note(self) -> None:
        self.arrived += 1

    async def want(self, pictures: Mapping[str, bytes], *, delta: bool = True) -> BodyReference:
        """Let HQ want these pictures by item."""
        rows = {item: write_row(picture_name(content), len(content)) for item, content in pictures.items()}
        wanted = self.hq.add(BodyKind.PICTURES, "chain", rows)
        if delta and self._rows:
            self.hq.add_delta(BodyKind.PICTURES, "chain", self._rows, rows)
        self._rows = rows
        self.hq.pictures |= {picture_name(content): content for content in pictures.values()}
        await self.database.run(lambda db: listing.want(db, wanted))
        return wanted

    @property
    def files(self) -> set[str]:
        """The pictures on the disk."""
        return {path.stem for path in self.folder.iterdir()}

    async def of(self, *items: str) -> list[bytes]:
        """Return what displays would be given, item by item; nothing while it is not here."""
        return [
            await self.keeper.content(name) or b"" if (name := await self.keeper.of(item)) else b"" for item in items
        ]


@asynccontextmanager
async def opened(folder: Path, budget: Budget | None = None) -> AsyncIterator[Shop]:
    async with Database.opened(folder / "agent.db", ballast_bytes=4096) as database:
        yield Shop(database, folder, budget or Budget(10**6, FAST, 0))


async def test_the_list_is_followed_whole_then_by_what_changed_and_nothing_else_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        assert await shop.keeper.settle()
        first = await shop.want({"1": TEA, "2": MILK, "3": TEA})
        assert await shop.keeper.settle()
        assert await shop.of("1", "2", "3", "9") == [TEA, MILK, TEA, b""]
        assert shop.hq.fetched == [first.hash, picture_name(TEA), picture_name(MILK)], "one picture of two items"
        assert await shop.database.read(listing.newest_hash) == {"pictures/chain": first.hash}
        shop.hq.fetched.clear()
        second = await shop.want({"1": TEA, "2": SALT})
        assert await shop.keeper.settle()
        assert shop.hq.fetched == [f"{first.hash}..{second.hash}", picture_name(SALT)]
        assert await shop.of("1", "2", "3") == [TEA, SALT, b""]
        assert shop.files == {picture_name(TEA), picture_name(SALT)}
        third = await shop.want({"2": SALT, "4": MILK}, delta=False)
        assert await shop.keeper.settle()
        assert third.hash in shop.hq.fetched, "a delta that HQ does not offer"
        assert await shop.of("1", "2", "4") == [b"", SALT, MILK]
        assert await shop.keeper.settle()
        assert shop.keeper.status() == {"wanted": 2, "held": 2, "bytes": 2000, "full": False, "refused": 0}
        await shop.database.run(lambda db: listing.want(db, None))
        assert await shop.keeper.settle()
        assert (shop.files, await shop.of("2")) == (set(), [b""])


async def test_a_list_of_many_steps_is_put_and_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        many = {f"{n:05}": TEA for n in range(1300)}
        await shop.want(many)
        await shop.keeper.settle()
        await shop.want({item: MILK for item in many if item.endswith("7")} | {"x": TEA}, delta=False)
        await shop.keeper.settle()
        count = await shop.database.read(lambda db: db.execute("SELECT count(*) FROM picture_item").fetchone()[0])
        assert count == 131
        assert await shop.of("00007", "00008", "x") == [MILK, b"", TEA]


@pytest.mark.parametrize(
    "spoilt", [b"", b"<svg/>", TEA[:-1], TEA[:-1] + b"x", MILK, picture("t", MOST_BYTES + 1)],
    ids=["nothing", "svg", "short", "one byte", "another picture", "too long"],
)  # fmt: skip
async def test_a_picture_that_is_not_what_its_name_says_is_never_shown(tmp_path: Path, spoilt: bytes) -> None:
    async with opened(tmp_path) as shop:
        await shop.want({"1": TEA, "2": MILK})
        shop.hq.pictures[picture_name(TEA)] = spoilt
        assert not await shop.keeper.settle()
        assert await shop.of("1", "2") == [b"", MILK], "the others are shown"
        assert shop.keeper.standing.refused == 1
        shop.hq.pictures[picture_name(TEA)] = TEA
        assert await shop.keeper.settle()
        assert await shop.of("1") == [TEA]


@pytest.mark.parametrize("delta", [False, True])
async def test_a_list_that_is_not_what_hq_signed_changes_nothing(tmp_path: Path, delta: bool) -> None:
    async with opened(tmp_path) as shop:
        first = await shop.want({"1": TEA})
        await shop.keeper.settle()
        second = await shop.want({"1": MILK})
        name = f"{first.hash}..{second.hash}" if delta else second.hash
        if not delta:
            del shop.hq.files[f"{first.hash}..{second.hash}"]
        whole = shop.hq.files[name]
        shop.hq.files[name] = whole.replace(picture_name(MILK).encode(), picture_name(SALT).encode())
        if delta:
            await shop.keeper.settle()  # what the delta spoilt, the whole list says
            assert second.hash in shop.hq.fetched
            assert await shop.of("1") == [MILK]
        else:
            with pytest.raises(BodyError, match="hashes to"):
                await shop.keeper.settle()
            assert await shop.of("1") == [TEA]


@pytest.mark.parametrize(
    "row", [b"{}", b"null", b'{"picture":"../../etc/passwd","size":3}', b'{"picture":"%s","size":0}']
)
def test_a_row_that_names_no_picture_is_refused(row: bytes) -> None:
    with pytest.raises(PictureRefused):
        read_row(row.replace(b"%s", picture_name(TEA).encode()))


async def test_offline_what_is_here_is_shown_and_nothing_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await shop.want({"1": TEA, "2": MILK})
        await shop.keeper.settle()
        await shop.want({"1": TEA, "2": SALT})
        shop.hq.unreachable = True
        with pytest.raises(BodyUnreachable):
            await shop.keeper.settle()
        assert await shop.of("1", "2") == [TEA, MILK], "the list that is here goes on counting"
        running = asyncio.create_task(shop.keeper.run())
        assert await shop.of("1", "2") == [TEA, MILK]
        running.cancel()
    async with opened(tmp_path) as again:
        assert await again.of("1") == [TEA], "and after a restart"


async def test_what_a_display_lacked_comes_first_and_is_told_of(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        goods = {str(n): picture(chr(65 + n)) for n in range(9)}
        await shop.want(goods)
        shop.hq.unreachable = True
        with pytest.raises(BodyUnreachable):
            await shop.keeper.settle()
        shop.hq.unreachable = False
        pictures, shop.hq.pictures = shop.hq.pictures, {}
        await shop.keeper.settle()
        shop.hq.pictures = pictures
        assert await shop.of("7", "5") == [b"", b""]
        shop.hq.fetched.clear()
        await shop.keeper.settle()
        assert shop.hq.fetched[:2] == [picture_name(goods["5"]), picture_name(goods["7"])], "the newest first"
        assert shop.arrived == 2


async def test_the_disk_budget_holds_and_what_is_asked_for_takes_the_place_of_the_oldest(tmp_path: Path) -> None:
    async with opened(tmp_path, Budget(2500, FAST, 0)) as shop:
        await shop.want({"1": TEA, "2": MILK, "3": SALT})
        assert await shop.keeper.settle()
        assert shop.files == {picture_name(TEA), picture_name(MILK)}
        assert shop.keeper.status() == {"wanted": 3, "held": 2, "bytes": 2000, "full": True, "refused": 0}
        assert await shop.of("3") == [b""]
        await shop.keeper.settle()
        assert await shop.of("3") == [SALT]
        assert len(shop.files) == 2
    async with opened(tmp_path, Budget(0, FAST, 0)) as shop:
        await shop.keeper.settle()
        assert shop.files == set()


async def test_pictures_leave_the_disk_to_what_is_sold(tmp_path: Path) -> None:
    async with opened(tmp_path, Budget(10**6, FAST, leave_free_bytes=2**62)) as shop:
        await shop.want({"1": TEA})
        assert await shop.keeper.settle()
        assert (shop.files, shop.keeper.standing.full) == (set(), True)


async def test_a_full_disk_takes_the_pictures_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as shop:
        await shop.want({"1": TEA})
        await shop.keeper.settle()
        monkeypatch.setattr(Database, "is_full", True)
        assert await shop.keeper.settle()
        assert (shop.files, await shop.of("1"), shop.keeper.standing.full) == (set(), [b""], True)
        monkeypatch.undo()
        assert await shop.keeper.settle()
        assert await shop.of("1") == [TEA]


async def test_prices_come_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await shop.want({"1": TEA})
        shop.prices_at_rest.clear()
        settling = asyncio.create_task(shop.keeper.settle())
        assert await shop.of("1") == [b""], "a display is answered meanwhile"
        assert shop.hq.fetched == []
        shop.prices_at_rest.set()
        assert await settling
        assert await shop.of("1") == [TEA]


async def test_what_rots_on_the_disk_is_fetched_anew(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        await shop.want({"1": TEA})
        await shop.keeper.settle()
        (shop.folder / f"{picture_name(TEA)}.webp").write_bytes(TEA[:-3] + b"???")
        (shop.folder / f"{picture_name(MILK)}.part").write_bytes(b"cut by the power")
        assert await shop.of("1") == [b""]
        await shop.keeper.settle()
        assert await shop.of("1") == [TEA]
        assert shop.files == {picture_name(TEA)}
        assert await shop.keeper.content("../agent.db") is None
