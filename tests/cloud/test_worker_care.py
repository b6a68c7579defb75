"""What a worker does about leases when the database keeps it waiting."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cloud.ingest.leases import RENEW_S
from cloud.ingest.worker import Worker
from cloud.settings import CloudSettings
from shared.topics import SHARDS


class SlowLeases:
    """Leases whose first turns took longer than a lease lasts, so that they were over before they counted."""

    def __init__(self, *, slow_turns: int) -> None:
        self.held: frozenset[str] = frozenset()
        self._slow = slow_turns

    def turn(self) -> None:
        self._slow -= 1
        self.held = frozenset() if self._slow >= 0 else frozenset(SHARDS)


class HeardBus:
    def __init__(self) -> None:
        self.left: list[str] = []

    def subscribe(self, filters) -> None:
        list(filters)

    def unsubscribe(self, filters) -> None:
        self.left += filters


class EmptyRoster:
    def agents_of(self, shards) -> list:
        return []

    def due(self, shards) -> list:
        return []


def worker(leases: SlowLeases, bus: HeardBus) -> Worker:
    class Inbox:
        put = None

    return Worker(make_bus=lambda *_: bus, exchange=None, leases=leases, roster=EmptyRoster(), inbox=Inbox(), group=1)


def test_p8_a_turn_that_waited_for_the_database_does_not_make_a_worker_deaf():
    bus, leases = HeardBus(), SlowLeases(slow_turns=0)
    caring = worker(leases, bus)
    caring._care()
    leases._slow = 1
    caring._care()
    assert bus.left == []
    leases._slow = 2
    caring._care()
    assert len(bus.left) == len(SHARDS), "whoever is stopped for long leaves them to the others"


def test_no_setting_lets_a_worker_look_more_rarely_than_its_leases_need():
    assert CloudSettings().look_every_s == RENEW_S
    with pytest.raises(ValidationError):
        CloudSettings(look_every_s=2 * RENEW_S)
