"""Price books on the agent's disk: staged, proven, switched once and for all, swept and pruned."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from edge_agent.clock import DrivenBusinessClock
from edge_agent.disk.database import Database
from edge_agent.prices import bodies, pruning, timeline
from edge_agent.prices.body_file import hash_whole_body, open_body
from edge_agent.prices.books import PriceBooks, UnknownVersion
from edge_agent.prices.keeper import BodyMissing, BodyUnreachable, PriceKeeper
from shared.body import BodyError, BodyKind
from shared.pricing import Item, Price
from shared.pricing.price_list import Barcode
from shared.wire.desired import TimelineEntry
from tests.edge.hq import Book, MemoryBodies, delta_body, entry, reference, row, whole_body
from tests.factories import START_MS, STORE

HOUR_MS = 3_600_000


class Store:
    """A store's price books: its disk, its keeper, and HQ's body files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.clock = DrivenBusinessClock(START_MS)
        self.source = MemoryBodies()
        self.books = PriceBooks(self.clock)
        self.keeper = PriceKeeper(
            database,
            self.source,
            self.clock,
            books=self.books,
            directory=folder,
            changed=lambda: None,
            random=lambda: 1.0,
        )

    async def want(self, *entries: TimelineEntry) -> list[str]:
        return await self.database.run(lambda db: timeline.replace_timeline(db, entries, STORE))

    async def settle(self, *entries: TimelineEntry) -> None:
        if entries:
            await self.want(*entries)
        await self.keeper.settle()

    async def in_force(self) -> int | None:
        return await self.database.run(self.books.in_force)

    async def price(self, item: str, version: int) -> int | None:
        found = await self.database.run(lambda db: self.books.at(db, version).price(item))
        return None if found is None else found.regular_minor

    async def by_code(self, code: str, version: int) -> tuple[str, int] | None:
        found = await self.database.run(lambda db: self.books.at(db, version).by_code(code))
        return None if found is None else (found.item.item, found.pieces)

    async def staged(self) -> list[int]:
        return await self.database.read(timeline.staged)

    async def content(self, version: int, kind: BodyKind, scope: str) -> dict[str, bytes]:
        """Return a body's rows as the agent sees them at a version."""
        stretch = bodies.Stretch("", [], last=True)
        found = await self.database.read(lambda db: bodies.differences(db, kind, scope, version, stretch))
        keys = [key for key, _ in found]
        rows = await self.database.read(
            lambda db: [
                db.execute(
                    "SELECT row FROM body_row WHERE kind = ? AND scope = ? AND key = ? AND version <= ?"
                    " ORDER BY version DESC LIMIT 1",
                    (kind, scope, key, version),
                ).fetchone()[0]
                for key in keys
            ]
        )
        return dict(zip(keys, rows, strict=True))


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> Store:
    await database.run(
        lambda db: db.execute("INSERT INTO agent (one, agent, store, epoch) VALUES (1, 'a', ?, x'00')", (STORE,))
    )
    return Store(database, tmp_path / "downloads")


def book(count: int = 3, price: int = 100, **overrides: int) -> Book:
    items = {
        f"{number:06}": row(
            Item(
                item=f"{number:06}",
                names={"en": f"Item {number}"},
                receipt_name=f"ITEM {number}",
                barcodes=[Barcode(f"69000{number:08}")],
            )
        )
        for number in range(count)
    }
    prices = {item: row(Price(item=item, regular_minor=price)) for item in items}
    return Book(items, prices, {item[1:]: row(Price(item=item[1:], regular_minor=p)) for item, p in overrides.items()})


async def test_first_version_is_fetched_whole_and_takes_over(store: Store) -> None:
    assert await store.in_force() is None
    await store.settle(entry(store.source, 7, book(), START_MS))
    assert await store.in_force() == 7
    assert await store.price("000001", 7) == 100
    assert await store.price("nothing", 7) is None
    assert await store.by_code("6900000000001", 7) == ("000001", 1)
    assert await store.by_code("000002", 7) == ("000002", 1)
    assert await store.by_code("6900000000009", 7) is None


async def test_override_beats_zone_and_ends_with_its_version(store: Store) -> None:
    await store.settle(
        entry(store.source, 1, book(i000001=80), START_MS), entry(store.source, 2, book(), START_MS + HOUR_MS)
    )
    assert (await store.price("000001", 1), await store.price("000001", 2)) == (80, 100)


async def test_version_stays_staged_until_its_moment_and_a_clock_set_back_changes_nothing(store: Store) -> None:
    first, second = entry(store.source, 1, book(), START_MS), entry(store.source, 2, book(price=90), START_MS + HOUR_MS)
    await store.settle(first, second)
    assert (await store.in_force(), await store.staged()) == (1, [2])
    store.clock.set(START_MS + HOUR_MS - 1)
    assert await store.in_force() == 1
    store.clock.set(START_MS + HOUR_MS)
    assert await store.in_force() == 2
    store.clock.set(START_MS - HOUR_MS, force=True)
    assert await store.in_force() == 2
    await store.settle(first, second)
    assert await store.in_force() == 2


async def test_latched_version_cannot_be_withdrawn_or_replaced(store: Store) -> None:
    await store.settle(entry(store.source, 2, book(), START_MS))
    assert await store.in_force() == 2
    assert await store.want(entry(store.source, 2, book(price=1), START_MS)) != []
    await store.settle(entry(store.source, 1, book(price=1), START_MS))
    assert (await store.in_force(), await store.price("000000", 2)) == (2, 100)


async def test_withdrawn_version_disappears_and_the_one_behind_it_keeps_its_content(store: Store) -> None:
    first = entry(store.source, 1, book(4), START_MS)
    withdrawn = entry(store.source, 2, book(5, price=90, i000001=1), START_MS + HOUR_MS)
    behind = entry(store.source, 3, book(5, price=90), START_MS + 2 * HOUR_MS)
    await store.settle(first, withdrawn, behind)
    assert await store.staged() == [2, 3]
    fetched = len(store.source.fetched)
    await store.settle(first, behind)
    assert await store.staged() == [3]
    assert len(store.source.fetched) == fetched
    assert await store.content(3, BodyKind.PRICES, "z1") == book(5, price=90).prices
    assert (await store.price("000004", 1), await store.price("000004", 3), await store.price("000001", 3)) == (
        None,
        90,
        90,
    )
    with pytest.raises(UnknownVersion):
        await store.price("000001", 2)
    store.clock.set(START_MS + 3 * HOUR_MS)
    assert await store.in_force() == 3


async def test_rebased_timeline_under_new_numbers(store: Store) -> None:
    first = entry(store.source, 1, book(), START_MS)
    await store.settle(first, entry(store.source, 2, book(price=50), START_MS + 5 * HOUR_MS))
    await store.settle(
        first,
        entry(store.source, 3, book(price=70), START_MS + HOUR_MS),
        entry(store.source, 4, book(price=50), START_MS + 5 * HOUR_MS),
    )
    assert await store.staged() == [3, 4]
    assert [await store.price("000002", version) for version in (1, 3, 4)] == [100, 70, 50]


async def test_same_number_with_other_content_is_staged_anew(store: Store) -> None:
    first = entry(store.source, 1, book(), START_MS)
    await store.settle(first, entry(store.source, 2, book(price=50), START_MS + HOUR_MS))
    await store.settle(first, entry(store.source, 2, book(price=60), START_MS + HOUR_MS))
    assert await store.price("000000", 2) == 60


async def test_activation_moved_before_it_came(store: Store) -> None:
    first = entry(store.source, 1, book(), START_MS)
    await store.settle(first, entry(store.source, 2, book(price=50), START_MS + HOUR_MS))
    await store.settle(first, entry(store.source, 2, book(price=50), START_MS))
    assert await store.in_force() == 2


async def test_delta_in_the_message_is_enough(store: Store) -> None:
    before, after = book(5), book(5, price=90)
    after.items.pop("000004")
    after.prices.pop("000004")
    first, second = entry(store.source, 1, before, START_MS), entry(store.source, 2, after, START_MS + HOUR_MS)
    await store.settle(first)
    store.source.fetched.clear()
    store.keeper.offer(
        [
            delta_body(BodyKind.ITEMS, "chain", before.items, after.items),
            delta_body(BodyKind.PRICES, "z1", before.prices, after.prices),
        ]
    )
    await store.settle(first, second)
    assert store.source.fetched == []
    assert await store.staged() == [2]
    assert await store.content(2, BodyKind.PRICES, "z1") == after.prices
    assert await store.by_code("6900000000004", 2) is None
    assert await store.by_code("6900000000004", 1) == ("000004", 1)


async def test_delta_with_a_wrong_hash_is_refused_and_the_whole_body_fetched(store: Store) -> None:
    before, after, forged = book(5), book(5, price=90), book(5, price=1)
    await store.settle(entry(store.source, 1, before, START_MS))
    second = entry(store.source, 2, after, START_MS)
    name = store.source.add_delta(BodyKind.PRICES, "z1", before.prices, after.prices)
    good = store.source.files[name].split(b"\n", 1)[0]
    bad = delta_body(BodyKind.PRICES, "z1", before.prices, forged.prices).split(b"\n", 1)[1]
    store.source.files[name] = good + b"\n" + bad
    await store.settle(second)
    assert name in store.source.fetched
    assert await store.price("000003", 2) == 90


async def test_forged_whole_body_is_refused_and_selling_goes_on(store: Store) -> None:
    await store.settle(entry(store.source, 1, book(), START_MS))
    second = entry(store.source, 2, book(price=90), START_MS)
    named = reference(BodyKind.PRICES, "z1", book(price=90).prices).hash
    header = store.source.files[named].split(b"\n", 1)[0]
    forged = whole_body(BodyKind.PRICES, "z1", book(price=1).prices).split(b"\n", 1)[1]
    store.source.files[named] = header + b"\n" + forged
    with pytest.raises(BodyError, match="hashes to"):
        await store.settle(second)
    assert await store.in_force() == 1
    assert await store.price("000000", 1) == 100


@pytest.mark.parametrize("what", ["missing", "unreachable"])
async def test_body_that_cannot_be_had_now_comes_later(store: Store, what: str) -> None:
    first = entry(store.source, 1, book(), START_MS)
    await store.settle(first)
    second = entry(store.source, 2, book(price=90), START_MS)
    if what == "missing":
        files, store.source.files = store.source.files, {}
    store.source.unreachable = what == "unreachable"
    with pytest.raises(BodyMissing if what == "missing" else BodyUnreachable):
        await store.settle(first, second)
    assert await store.in_force() == 1
    if what == "missing":
        store.source.files = files
    store.source.unreachable = False
    await store.settle()
    assert await store.in_force() == 2


async def test_a_pause_begins_anew_once_everything_was_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an agent that had bad days long ago asks for its next price book a minute later than it could."""
    away = iter([True, True, True, False, True])
    pauses: list[float] = []
    done = asyncio.Event()

    async def settle() -> None:
        if next(away, False):
            raise BodyUnreachable("the network is away")

    def timeout(seconds: float) -> asyncio.Timeout:
        pauses.append(seconds)
        if len(pauses) == 5:
            done.set()
        return asyncio.timeout_at(0)

    monkeypatch.setattr(store.keeper, "settle", settle)
    monkeypatch.setattr(asyncio, "timeout", timeout)
    running = asyncio.create_task(store.keeper.run())
    await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert pauses[:5] == [5, 10, 20, 60, 5]


async def test_power_cut_while_staging_leaves_nothing_behind(store: Store) -> None:
    first = entry(store.source, 1, book(2), START_MS)
    await store.settle(first)
    half = book(40, price=5)
    second = entry(store.source, 2, half, START_MS)
    await store.want(first, second)
    rows = list(half.prices.items())[:20]
    await store.database.run(lambda db: bodies.begin(db, "prices", "z1", 2))
    await store.database.run(lambda db: bodies.stage(db, "prices", "z1", 2, rows))
    await store.want(first, entry(store.source, 3, book(2, price=7), START_MS))
    await store.settle()
    assert await store.in_force() == 3
    assert await store.content(3, BodyKind.PRICES, "z1") == book(2, price=7).prices


async def test_superseded_rows_go_when_no_basket_pins_them(store: Store) -> None:
    first = entry(store.source, 1, book(5), START_MS)
    after = book(4, price=90)
    await store.settle(first)
    await store.database.run(
        lambda db: db.execute("INSERT INTO basket VALUES (x'01', 't1', 'held', 0, 1, '')"),
    )
    second = entry(store.source, 2, after, START_MS)
    await store.settle(first, second)
    assert await store.price("000004", 1) == 100
    await store.database.run(lambda db: db.execute("DELETE FROM basket"))
    await store.settle(second)
    assert [version.version for version in await store.database.read(timeline.versions)] == [2]
    assert await store.content(2, BodyKind.PRICES, "z1") == after.prices
    counts = await store.database.read(
        lambda db: db.execute("SELECT count(*), count(row), (SELECT count(*) FROM barcode) FROM body_row").fetchone()
    )
    assert counts == (8, 8, 4)


async def test_zone_change_brings_the_new_zone_and_drops_the_old(store: Store) -> None:
    await store.settle(entry(store.source, 1, book(), START_MS))
    moved = entry(store.source, 2, book(), START_MS)
    manifest = timeline.open_manifest(moved, STORE)
    other = store.source.add(BodyKind.PRICES, "z2", book(price=55).prices)
    changed = msgspec.json.encode(
        msgspec.structs.replace(manifest, bodies=[other if body.kind == "prices" else body for body in manifest.bodies])
    )
    await store.settle(
        TimelineEntry(version=2, manifest=msgspec.Raw(changed), hash=sha256(changed).hexdigest(), activates_ms=START_MS)
    )
    assert await store.price("000001", 2) == 55
    left = await store.database.read(lambda db: db.execute("SELECT DISTINCT kind, scope FROM body_row").fetchall())
    assert set(left) == {("items", "chain"), ("prices", "z2")}


async def test_version_beyond_this_engine_is_not_run(store: Store) -> None:
    far = book(price=1)
    far.engine = 99
    await store.settle(entry(store.source, 1, book(), START_MS), entry(store.source, 2, far, START_MS))
    assert await store.in_force() == 1
    assert await store.database.read(timeline.beyond_engine) == [2]


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_ends_in_the_wanted_content(store: Store, seed: int) -> None:
    """Random publications, withdrawals and switches: what is looked up is always what the manifest says."""
    draw = random.Random(seed)
    wanted: dict[int, tuple[TimelineEntry, Book]] = {}
    in_force = 0
    for number in range(1, 15):
        made = book(draw.randrange(1, 700), price=draw.randrange(1, 4) * 10)
        for key in draw.sample(sorted(made.prices), min(5, len(made.prices))):
            made.prices[key] = row(Price(item=key, regular_minor=draw.randrange(1000)))
        wanted[number] = (entry(store.source, number, made, store.clock.now_ms() + number * HOUR_MS), made)
        if draw.random() < 0.3:
            staged = [version for version in wanted if version > in_force]
            wanted.pop(draw.choice(staged))
        if draw.random() < 0.4:
            store.clock.set(store.clock.now_ms() + draw.randrange(3) * HOUR_MS)
        await store.settle(*[one for one, _ in wanted.values()])
        in_force = await store.in_force() or 0
        wanted = {version: one for version, one in wanted.items() if version >= in_force}
        for version, (_, content) in wanted.items():
            assert await store.content(version, BodyKind.PRICES, "z1") == content.prices
            assert await store.content(version, BodyKind.ITEMS, "chain") == content.items


def test_body_file_must_be_whole_ordered_and_clean() -> None:
    good = whole_body(BodyKind.PRICES, "z1", book().prices)
    lines = good.split(b"\n")
    cases = {
        "header": b"{}\n" + b"\n".join(lines[1:]),
        "follow": b"\n".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "row 3 of 3": b"\n".join(lines[:-2]) + b"\n",
        "goes on": good + lines[1] + b"\n",
        "row 1": b"\n".join([lines[0], b"[1,2]", *lines[2:]]),
    }
    for words, content in cases.items():
        with pytest.raises(BodyError, match=words):
            hash_whole_body(content)
    with open_body(good) as (header, rows):
        assert header.rows == len(list(rows))


def test_floor_is_none_before_anything_was_in_force() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript("CREATE TABLE timeline (version, latched_ms); CREATE TABLE basket (book_version)")
    assert pruning.floor_version(db) is None
