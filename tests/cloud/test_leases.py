"""Shard leases by the database's clock, on both databases."""

from __future__ import annotations

import pytest

from cloud.database import Database
from cloud.ingest.leases import LEASE_MS, Leases
from shared.topics import SHARDS
from tests.factories import DrivenMachineClock
from tests.provision.patience import until

SHORT_MS = 300


@pytest.fixture
def clock() -> DrivenMachineClock:
    return DrivenMachineClock()


def test_one_worker_holds_everything(database: Database, clock: DrivenMachineClock) -> None:
    leases = Leases(database, clock, "a")
    assert leases.held == frozenset()
    assert leases.turn().gained == frozenset(SHARDS)
    assert leases.held == frozenset(SHARDS)
    assert leases.turn().gained == frozenset()


def test_workers_come_to_share_evenly_and_never_overlap(database: Database, clock: DrivenMachineClock) -> None:
    workers = [Leases(database, clock, name) for name in "abc"]
    for _ in range(3):
        for worker in workers:
            worker.turn()
        held = [shard for worker in workers for shard in worker.held]
        assert len(held) == len(set(held))
    assert sorted(len(worker.held) for worker in workers) == [84, 86, 86]
    assert set(held) == set(SHARDS)


def test_a_dead_workers_shards_move_when_its_lease_ends(database: Database, clock: DrivenMachineClock) -> None:
    dead, alive = (Leases(database, clock, name, lease_ms=SHORT_MS) for name in ("dead", "alive"))
    for _ in range(2):
        dead.turn()
        alive.turn()
    assert len(dead.held) == len(alive.held) == 128

    def takes_over() -> bool:
        alive.turn()
        return alive.held == frozenset(SHARDS)

    until(takes_over, "takeover", 5)


def test_a_stopped_worker_knows_by_itself_that_its_leases_are_over(
    database: Database, clock: DrivenMachineClock
) -> None:
    leases = Leases(database, clock, "a")
    leases.turn()
    clock.advance(LEASE_MS - 1)
    assert leases.held == frozenset(SHARDS)
    clock.advance(1)
    assert leases.held == frozenset()


def test_a_lease_won_back_is_news(database: Database, clock: DrivenMachineClock) -> None:
    stopped = Leases(database, clock, "stopped", lease_ms=SHORT_MS)
    stopped.turn()

    def gained_again() -> bool:
        return bool(stopped.turn().gained)

    until_over = Leases(database, clock, "other", lease_ms=SHORT_MS)

    def other_has_all() -> bool:
        until_over.turn()
        return len(until_over.held) == 256

    until(other_has_all, "other takes over", 5)
    until_over.give_up()
    until(gained_again, "won back", 5)
    assert stopped.held == frozenset(SHARDS)


def test_giving_up_frees_the_shards_at_once(database: Database, clock: DrivenMachineClock) -> None:
    first, second = Leases(database, clock, "a"), Leases(database, clock, "b")
    first.turn()
    first.give_up()
    assert first.held == frozenset()
    assert second.turn().gained == frozenset(SHARDS)
