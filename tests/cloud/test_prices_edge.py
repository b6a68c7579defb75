"""What HQ publishes, a real agent's disk follows: every price at every version, by deltas where it can."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cloud.database import Database
from cloud.errors import NotFound
from cloud.fleet.models import Agent
from cloud.ingest.desired import deltas_for, desired_document
from cloud.prices.bodies import BodyFiles
from cloud.prices.books import StoreBooks
from cloud.prices.errors import PriceRefusal
from cloud.prices.publish import Act
from cloud.prices.revert import rollback, withdraw
from cloud.prices.settings import reported_numbers
from edge_agent.clock import DrivenBusinessClock
from edge_agent.disk.database import Database as EdgeDatabase
from edge_agent.prices import bodies, timeline
from edge_agent.prices.books import PriceBooks
from edge_agent.prices.keeper import BodyMissing, PriceKeeper
from shared.body import BodyKind
from shared.calendar import local_time
from shared.wire.messages import Reported, TillReport
from tests.cloud.prices_data import found_chain, item, price, publish_rows
from tests.factories import START_MS

HOUR_MS = 3_600_000
ITEMS = [str(n) for n in range(1, 25)]


@dataclass
class Files:
    """The way body files take from HQ to the agent, without the network between."""

    database: Database
    files: BodyFiles
    fetched: list[str] = field(default_factory=list)

    async def fetch(self, name: str, into: Path) -> None:
        with self.database.snapshot() as session:
            path = self.files.render(session, name)
        if path is None:
            raise BodyMissing(name)
        self.fetched.append(name)
        into.parent.mkdir(exist_ok=True)
        shutil.copy(path, into)


class Store:
    """Store s1's agent, as far as prices go."""

    def __init__(self, hq: Database, disk: EdgeDatabase, folder: Path) -> None:
        self.hq = hq
        self.disk = disk
        self.clock = DrivenBusinessClock(START_MS)
        self.source = Files(hq, BodyFiles(folder / "hq"))
        self.books = PriceBooks(self.clock)
        self.keeper = PriceKeeper(
            disk,
            self.source,
            self.clock,
            books=self.books,
            directory=folder / "agent",
            changed=lambda: None,
            random=lambda: 1.0,
        )

    async def hear(self) -> None:
        """Report, hear what HQ wants, follow it."""
        reported = await self.disk.read(_reported)
        with self.hq.session() as session:
            agent = session.get_one(Agent, "s1-a")
            agent.reported = msgspec.json.encode(reported)
            document = desired_document(session, agent, self.clock.now_ms())
            deltas = deltas_for(session, agent, reported, self.clock.now_ms(), self.source.files)
        assert document is not None
        problems = await self.disk.run(lambda db: timeline.replace_timeline(db, document.timeline, "s1"))
        assert problems == []
        self.keeper.offer(deltas)
        await self.keeper.settle()
        wanted = [entry.version for entry in document.timeline]
        held = await self.disk.read(_reported)
        assert set(wanted) == set(reported_numbers(held)) - {0}

    async def prices(self, version: int) -> dict[str, int | None]:
        def read(db: object) -> dict[str, int | None]:
            book = self.books.at(db, version)  # type: ignore[arg-type]
            found = {number: book.price(number) for number in ITEMS}
            return {number: row.regular_minor if row else None for number, row in found.items()}

        return await self.disk.run(read)


def _reported(db: object) -> Reported:
    latched = timeline.latched_version(db)  # type: ignore[arg-type]
    return Reported(
        software="1",
        engine=1,
        tills=[] if latched is None else [TillReport(till="t1", version=latched)],
        staged=timeline.staged(db),  # type: ignore[arg-type]
        body_hashes=bodies.newest_hashes(db),  # type: ignore[arg-type]
    )


@pytest.fixture
async def store(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Store]:
    with sqlite_database.session() as session:
        found_chain(session)
    async with EdgeDatabase.opened(tmp_path / "edge.db", ballast_bytes=1024) as disk:
        yield Store(sqlite_database, disk, tmp_path)


def _act(store: Store) -> Act:
    now_ms = store.clock.now_ms()
    return Act(actor="ana", now_ms=now_ms, wall_ms=now_ms)


def _change(hq: Database, store: Store, dice: random.Random) -> None:
    """One thing that HQ may do: publish now or ahead, for all or for this store, withdraw, roll back."""
    act = _act(store)
    with hq.session() as session:
        doing = dice.randrange(6)
        try:
            if doing == 0:
                rollback(session, dice.randrange(1, 12), act)
                return
            if doing == 1:
                withdraw(session, dice.randrange(1, 12), act)
                return
        except (PriceRefusal, NotFound):
            return  # most numbers drawn do not exist, are over, or were never in force
        rows = [price(number, dice.choice([None, *range(50, 60)])) for number in dice.sample(ITEMS, 4)]
        rows.append(price(dice.choice(ITEMS), dice.choice([None, 5, 6]), "s1", BodyKind.OVERRIDES))
        ahead = act.now_ms + dice.randrange(1, 30) * HOUR_MS
        at = local_time(ahead, ZoneInfo("Asia/Shanghai")).replace(tzinfo=None).isoformat(timespec="minutes")
        publish_rows(session, rows, dice.choice([["all"], ["store:s1"]]), at if doing > 2 else None, act)


@pytest.mark.parametrize("seed", range(6))
async def test_p8_the_agent_has_every_price_that_hq_has(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    with store.hq.session() as session:
        publish_rows(session, [*(item(number) for number in ITEMS), *(price(number, 100) for number in ITEMS)])
    await store.hear()
    for _ in range(14):
        _change(store.hq, store, dice)
        if dice.random() < 0.7:
            await store.hear()
        store.clock.set(store.clock.now_ms() + dice.randrange(20) * HOUR_MS)
    await store.hear()
    held = reported_numbers(await store.disk.read(_reported))
    books = StoreBooks()
    for version in filter(None, held):
        with store.hq.snapshot() as session:
            book = books.book(session, "s1", version)
            assert book is not None
            book.prefetch(ITEMS)
            rows = {number: book.price(number) for number in ITEMS}
        expected = {number: row.regular_minor if row else None for number, row in rows.items()}
        assert await store.prices(version) == expected


async def test_small_changes_need_no_download(store: Store) -> None:
    with store.hq.session() as session:
        publish_rows(session, [*(item(number) for number in ITEMS), *(price(number, 100) for number in ITEMS)])
    await store.hear()
    assert len(store.source.fetched) == 2  # items and the zone's prices; the other two bodies are empty
    with store.hq.session() as session:
        publish_rows(session, [price("1", 90)], act=_act(store))
        publish_rows(session, [price("2", 80)], at="2026-02-01T00:00", act=_act(store))
        publish_rows(session, [price("3", 70)], at="2026-01-20T00:00", act=_act(store))
    await store.hear()
    assert len(store.source.fetched) == 2
    assert (await store.prices(5))["2"] == 80
