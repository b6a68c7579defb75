"""Who is looked at: nobody while nothing changes, those concerned when something does, everybody within a while."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.ingest.roster import Roster
from cloud.members.models import StoreMembers
from cloud.org import stores
from cloud.org.models import Store
from cloud.promotions.budget_models import StoreShare
from cloud.store_days import staff
from cloud.store_days.models import Staff
from shared.topics import SHARDS, shard_of
from tests.factories import DrivenMachineClock, new_id

SALT = bytes(16)


def _connect(session: Session, agent: str, store: str, seen_ms: int, *, gone: bool = False) -> None:
    session.add(
        Agent(
            id=agent, store_id=store, shard=shard_of(agent), public_key=b"", card_key=bytes(32), enrolled_ms=0,
            connection=new_id(), connected_ms=seen_ms, seen_ms=seen_ms, gone=gone,
        )
    )  # fmt: skip


def _chain(database: Database, clock: DrivenMachineClock) -> None:
    with database.session() as session:
        for name in ("s1", "s2"):
            row = Store(id=name, name=name, time_zone="Asia/Shanghai", currency="CNY", price_zone="main")
            stores.add_store(session, row, actor="test", now_ms=0)
            _connect(session, f"{name}-a", name, clock.wall_ms())
        _connect(session, "s1-gone", "s1", clock.wall_ms(), gone=True)
        _connect(session, "s1-silent", "s1", clock.wall_ms() - 600_000)


def _settled(database: Database, clock: DrivenMachineClock) -> Roster:
    """A roster after its first round over everybody."""
    roster = Roster(database, clock)
    while roster.due(SHARDS):
        clock.advance(1)
    return roster


def test_only_the_connected_are_named(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    assert {present.id for present in Roster(database, clock).agents_of(SHARDS)} == {"s1-a", "s2-a"}


def test_a_new_till_concerns_everybody_once_and_again_when_it_should_be_done(
    database: Database, clock: DrivenMachineClock
) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    with database.session() as session:
        stores.add_till(session, "s1", "t1", number=1, actor="test", now_ms=0)
    assert roster.due(SHARDS) == ["s1-a", "s2-a"]
    assert roster.due(SHARDS) == []
    clock.advance(11_000)
    assert roster.due(SHARDS) == ["s1-a", "s2-a"]


def test_a_moved_member_set_concerns_its_store_alone(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    with database.session() as session:
        session.add(StoreMembers(store_id="s2", version=7))
    assert roster.due(SHARDS) == ["s2-a"]


def test_whoever_comes_leaves_or_gets_another_pin_concerns_everybody_at_once(
    database: Database, clock: DrivenMachineClock
) -> None:
    _chain(database, clock)
    with database.session() as session:
        staff.add(
            session, Staff(code="bo", name="Bo", role="cashier"), pin="", salt=SALT, stores=["s1"], actor="t", now_ms=0
        )
    changes: list[Callable[[Session], object]] = [
        lambda session: staff.add(
            session, Staff(code="al", name="Al", role="cashier"), pin="", salt=SALT, stores=["s1"], actor="t", now_ms=0
        ),
        lambda session: staff.set_pin(session, "bo", "482915", salt=SALT, actor="t", now_ms=0),
        lambda session: staff.set_card(session, "bo", "2801234", fresh_salt=SALT, actor="t", now_ms=0),
        lambda session: staff.move(session, "bo", ["s2"], actor="t", now_ms=0),
        lambda session: staff.leave(session, "bo", actor="t", now_ms=0),
    ]
    for number, change in enumerate(changes):
        roster = _settled(database, clock)
        with database.session() as session:
            change(session)
        assert roster.due(SHARDS) == ["s1-a", "s2-a"], number


def test_a_share_of_a_budget_that_moves_ends_or_comes_concerns_its_agent_alone(
    database: Database, clock: DrivenMachineClock
) -> None:
    _chain(database, clock)
    share = StoreShare(id=new_id(), promotion="p1", store_id="s1", agent_id="s1-a", epoch=new_id(), changed_ms=0)
    other = StoreShare(id=new_id(), promotion="p1", store_id="s2", agent_id="s2-a", epoch=new_id(), changed_ms=0)
    changes = (
        {"serial": 2, "most_uses": 40},
        {"serial": 3, "most_uses": 0, "closed": True, "closing": True},
        {"closing": False},
    )
    with database.session() as session:
        session.add(other)
    roster = _settled(database, clock)
    with database.session() as session:
        session.add(share)
    assert roster.due(SHARDS) == ["s1-a"]
    for change in changes:
        roster = _settled(database, clock)
        with database.session() as session:
            session.get_one(StoreShare, share.id).sqlmodel_update(change)
        assert roster.due(SHARDS) == ["s1-a"], change
        assert roster.due(SHARDS) == []


def test_other_workers_agents_are_not_ours(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    with database.session() as session:
        stores.add_till(session, "s1", "t1", number=1, actor="test", now_ms=0)
    assert roster.due({shard_of("s2-a")}) == ["s2-a"]
    assert roster.due(frozenset()) == []


def test_everybody_is_looked_at_within_a_minute_or_two(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    seen: set[str] = set()
    for _ in range(75):
        clock.advance(1_000)
        seen |= set(roster.due(SHARDS))
    assert seen == {"s1-a", "s2-a"}


def test_who_was_told_is_looked_at_until_nothing_is_lacking(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    for _ in range(3):
        roster.told({"s1-a"})
        assert roster.due(SHARDS) == []
        clock.advance(11_000)
        assert roster.due(SHARDS) == ["s1-a"]
    roster.not_told(["s2-a"])
    assert roster.due(SHARDS) == ["s2-a"]


def test_agent_that_was_silent_while_something_changed_is_named_when_it_is_heard_again(
    database: Database, clock: DrivenMachineClock
) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    with database.session() as session:
        stores.add_till(session, "s1", "t1", number=1, actor="test", now_ms=0)
    assert "s1-silent" not in roster.due(SHARDS)
    with database.session() as session:
        session.get_one(Agent, "s1-silent").seen_ms = clock.wall_ms()
    assert roster.due(SHARDS) == ["s1-silent"]
