"""Publishing: what each store gets, when, and what becomes of versions staged after it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from cloud.audit.models import AuditEntry
from cloud.console import overview
from cloud.database import Database
from cloud.fleet.models import Deployment
from cloud.org.models import Store
from cloud.prices.drafts import put_rows
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import PriceVersion, TimelineEntryRow
from cloud.prices.placing import Edit, Plan, VersionFacts, place
from cloud.prices.publish import publish
from cloud.prices.revert import rollback, withdraw
from cloud.prices.rows import body_tree, difference, effective_rows
from cloud.prices.settings import RESTORE_JUMP
from cloud.prices.timeline import Moment, in_force, live_entries
from shared.body import BodyKind
from tests.cloud.prices_data import (
    ACT,
    DAY_MS,
    content_of,
    draft_of,
    found_chain,
    item,
    later,
    price,
    prices_in,
    publish_rows,
    report,
)
from tests.factories import START_MS

pytestmark = pytest.mark.usefixtures("chain")


@pytest.fixture
def chain(database: Database) -> None:
    with database.session() as session:
        found_chain(session)


def version_in_force(session: Session, store: str, at_ms: int) -> int:
    entry = in_force(live_entries(session, [store])[store], at_ms)
    assert entry is not None
    return entry.version


def refused(code: str) -> pytest.RaisesExc[PriceRefusal]:
    return pytest.RaisesExc(PriceRefusal, check=lambda error: error.code == code)


def test_a_version_holds_its_parent_s_content_and_its_own_rows(database: Database) -> None:
    with database.session() as session:
        first = publish_rows(session, [item("1"), item("2"), price("1", 100), price("2", 200)])
        second = publish_rows(session, [price("1", 90), price("2", None), price("3", 300)])
        assert prices_in(session, "s1", first.version) == {"1": 100, "2": 200}
        assert prices_in(session, "s1", second.version) == {"1": 90, "3": 300}
        assert prices_in(session, "s3", second.version) == {}


def test_only_changed_rows_are_stored(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price(str(n), 100) for n in range(50)])
        second = publish_rows(session, [price(str(n), 100 if n else 99) for n in range(50)])
        tree = body_tree(session, BodyKind.PRICES, "z1")
        assert len(difference(session, tree, 1, second.version)) == 1


def test_targets_by_store_group_and_all(database: Database) -> None:
    with database.session() as session:
        every = publish_rows(session, [price("1", 100)])
        north = publish_rows(session, [price("2", 100)], ["group:north"])
        one = publish_rows(session, [price("1", 90)], ["store:s1", "store:s1"])
        stores = [list(done.versions.values()) for done in (every, north, one)]
        assert stores == [[["s1", "s2", "s3"]], [["s1", "s2"]], [["s1"]]]
        with pytest.raises(PriceRefusal, match="prices of 'z1'"):
            publish_rows(session, [price("2", 100)], ["store:s3"])
        with refused("bad_target"):
            publish_rows(session, [price("2", 100)], ["s3"])
        assert prices_in(session, "s1", one.version) == {"1": 90, "2": 100}


def test_a_pilot_store_keeps_what_was_meant_for_it_alone(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100), price("2", 200)])
        publish_rows(session, [price("1", 80)], ["store:s1"])
        both = publish_rows(session, [price("2", 190)])
        by_store = {store: version for version, stores in both.versions.items() for store in stores}
        assert prices_in(session, "s1", by_store["s1"]) == {"1": 80, "2": 190}
        assert prices_in(session, "s2", by_store["s2"]) == {"1": 100, "2": 190}
        assert len(both.versions) == 2


def test_overrides_of_a_store_do_not_split_versions(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 70, "s1", BodyKind.OVERRIDES)], ["store:s1"])
        both = publish_rows(session, [price("1", 95)])
        assert both.versions == {3: ["s1", "s2", "s3"]}
        assert ("overrides", "s1", "1") in content_of(session, "s1", 3)


def test_publishing_before_a_staged_version_rebuilds_it_and_shows_conflicts(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100), price("2", 200), price("3", 300)])
        staged = publish_rows(session, [price("1", 111), price("3", 300)], at="2026-03-01T00:00")
        between = publish_rows(session, [price("1", 99), price("2", 222), price("3", 333)], at="2026-02-01T00:00")
        assert [(r.old, r.new, r.stores) for r in between.rebuilt] == [(staged.version, 4, ["s1", "s2", "s3"])]
        assert [(c.version, c.key) for c in between.conflicts] == [(2, "1"), (2, "3")]
        assert prices_in(session, "s1", between.version) == {"1": 99, "2": 222, "3": 333}
        # The staged draft set 3 to the price it had anyway: on top of another change it still means that price.
        assert prices_in(session, "s1", 4) == {"1": 111, "2": 222, "3": 300}
        assert [e.version for e in live_entries(session, ["s1"])["s1"]] == [1, 3, 4]
        assert session.get_one(PriceVersion, 2).status == "superseded"
        shown = {row.version: row.status for row in overview.prices(session, START_MS)}
        assert shown[2] == "superseded", "built anew, and taken back by nobody"
        assert session.get_one(PriceVersion, 4).rebuilt_from == 2
        # An agent that never heard of it may have sold by it: it can still be read.
        assert prices_in(session, "s1", staged.version) == {"1": 111, "2": 200, "3": 300}


def test_publishing_for_one_store_leaves_the_others_staged_version_alone(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 111)], at="2026-03-01T00:00")
        publish_rows(session, [price("1", 50)], ["store:s1"])
        timelines = live_entries(session, ["s1", "s2"])
        assert [e.version for e in timelines["s1"]] == [1, 3, 4]
        assert [e.version for e in timelines["s2"]] == [1, 2]
        assert session.get_one(PriceVersion, 2).status == "published"


def test_p8_rollback_is_a_new_number_with_old_content(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [item("1"), price("1", 100), price("2", 200)])
        publish_rows(session, [price("1", 1), price("2", None), price("3", 3)])
        staged = publish_rows(session, [price("4", 4)], at="2026-03-01T00:00")
        back = rollback(session, 1, later(1000))
        assert back.version == 4
        assert content_of(session, "s1", 4) == content_of(session, "s1", 1)
        assert session.get_one(PriceVersion, 4).rollback_of == 1
        assert [(r.old, r.new) for r in back.rebuilt] == [(staged.version, 5)]
        assert prices_in(session, "s1", 5) == {"1": 100, "2": 200, "4": 4}
        again = rollback(session, 2, later(2000))
        assert prices_in(session, "s1", again.version) == {"1": 1, "3": 3}


def test_a_staged_rollback_is_rebuilt_as_a_rollback(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 90)])
        rollback(session, 1, ACT, activates_local=datetime.fromisoformat("2026-03-01T00:00"))
        between = publish_rows(session, [price("1", 80), price("2", 5)], act=later(1000))
        assert prices_in(session, "s1", between.rebuilt[0].new) == {"1": 100}
        assert {c.key for c in between.conflicts} == {"*"}


def test_only_what_was_in_force_can_come_back(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 90)], at="2026-03-01T00:00")
        with refused("never_in_force"):
            rollback(session, 2, later(1000))
        withdraw(session, 2, later(1000))
        with refused("never_in_force"):
            rollback(session, 2, later(100 * DAY_MS))


def test_publications_at_the_same_time_queue(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price(str(n), 100) for n in range(20)])
        ids = [draft_of(session, [price(str(n), 1)]) for n in range(6)]

    def run(draft: str) -> int:
        with database.session() as session:
            return publish(session, draft, later(1000)).version

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(run, ids)) == [2, 3, 4, 5, 6, 7]
    with database.session() as session:
        assert sum(prices_in(session, "s1", 7).values()) == 14 * 100 + 6


def test_withdrawing_a_staged_version_rebuilds_what_follows(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 90), price("2", 20)], at="2026-02-01T00:00")
        publish_rows(session, [price("3", 30)], at="2026-03-01T00:00")
        rebuilt = withdraw(session, 2, later(0))
        assert [(r.old, r.new) for r in rebuilt] == [(3, 4)]
        assert prices_in(session, "s1", 4) == {"1": 100, "3": 30}
        assert prices_in(session, "s1", 2) == {"1": 90, "2": 20}
        assert session.get_one(PriceVersion, 2).status == "withdrawn"
        with refused("not_staged"):
            withdraw(session, 2, later(0))
        with refused("already_active"):
            withdraw(session, 1, later(0))


def test_what_a_till_already_sells_by_is_rolled_back_and_not_withdrawn(database: Database) -> None:
    """Its clock is ahead of HQ's: it latched the version, and would go on with it."""
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        publish_rows(session, [price("1", 90)], at="2026-02-01T00:00")
        report(session, "s2-a", version=2)
        with pytest.raises(PriceRefusal, match=r"tills in s2 .*`storewire-cloud prices rollback 1 --target store:s2`"):
            withdraw(session, 2, later(0))
        assert session.get_one(PriceVersion, 2).status != "withdrawn"
        rebuilt = rollback(session, 1, later(1000), targets=["store:s2"]).rebuilt
        withdraw(session, rebuilt[0].new, later(2000))
        withdraw(session, 2, later(2000))


def test_activation_in_the_past_is_refused_by_store(database: Database) -> None:
    with database.session() as session:
        store = session.get_one(Store, "s3")
        store.time_zone = "America/New_York"
        session.flush()
        # 08:00 in Shanghai is 19:00 of the day before in New York.
        publish_rows(session, [price("1", 100)], at="2026-01-01T09:00")
        with pytest.raises(PriceRefusal, match="past in s1, s2"):
            publish_rows(session, [price("1", 90)], at="2026-01-01T07:00")


@pytest.mark.parametrize(
    ("local", "utc_ms"),
    [
        ("2026-03-29T02:30:00", 1_774_746_000_000),  # skipped: the first valid instant, 03:00 summer time
        ("2026-10-25T02:30:00", 1_792_888_200_000),  # comes twice: the first
        ("2026-07-01T00:00:00", 1_782_856_800_000),
    ],
)
def test_activation_across_daylight_saving(database: Database, local: str, utc_ms: int) -> None:
    with database.session() as session:
        for store in session.exec(select(Store)):
            store.time_zone = "Europe/Berlin"
        session.flush()
        publish_rows(session, [price("1", 100)], at=local)
        entry = live_entries(session, ["s1"])["s1"][0]
        assert (entry.moment.at_ms, entry.moment.local) == (utc_ms, local)


def test_numbers_are_never_used_again_after_a_restore(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        report(session, "s1-a", version=7, staged=[9])
        assert publish_rows(session, [price("1", 99)]).version == 10
        session.get_one(Deployment, 1).incarnation = UUID(int=2)
        session.flush()
        after = publish_rows(session, [price("1", 98)]).version
        assert after == 10 + RESTORE_JUMP + 1
        assert publish_rows(session, [price("1", 97)]).version == after + 1


def test_two_restores_from_one_backup_do_not_jump_to_the_same_number(database: Database) -> None:
    jumped = []
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        for restore in (1, 2):
            backup = session.begin_nested()
            deployment = session.get_one(Deployment, 1)
            deployment.incarnation, deployment.since_ms = UUID(int=restore + 1), START_MS + restore * 300 * DAY_MS
            session.flush()
            jumped.append([publish_rows(session, [price("1", 99 - n)]).version for n in range(3)])
            backup.rollback()
    assert max(jumped[0]) < min(jumped[1])


def test_a_new_store_starts_from_what_its_zone_sells_by(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [item("1"), price("1", 100)])
        publish_rows(session, [price("1", 95)], act=later(1000))
        session.add(Store(id="s4", name="New", time_zone="Asia/Shanghai", currency="CNY", price_zone="z1"))
        session.flush()
        opened = publish_rows(session, [], ["store:s4"], act=later(2000))
        assert content_of(session, "s4", opened.version) == content_of(session, "s1", 2)
        with refused("empty_draft"):
            publish_rows(session, [], act=later(3000))


def test_a_store_that_moves_to_another_zone_takes_over_its_prices(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100), price("1", 500, "z2")])
        session.get_one(Store, "s1").price_zone = "z2"
        session.flush()
        moved = publish_rows(session, [item("1")])
        assert prices_in(session, "s1", moved.version) == {"1": 500}


def test_a_closed_draft_is_neither_changed_nor_published_again(database: Database) -> None:
    with database.session() as session:
        draft = draft_of(session, [price("1", 100)])
        publish(session, draft, ACT)
        with refused("draft_closed"):
            publish(session, draft, ACT)
        with refused("draft_closed"):
            put_rows(session, draft, [price("1", 1)], actor="ana")


def test_privileged_acts_are_recorded(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)], title="Spring")
        rollback(session, 1, later(DAY_MS))
        publish_rows(session, [price("1", 90)], at="2026-03-01T00:00")
        withdraw(session, 3, ACT)
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
        assert [(e.actor, e.action, e.subject) for e in entries] == [
            ("ana", "prices.publish", "version 1"),
            ("ana", "prices.rollback", "version 2"),
            ("ana", "prices.publish", "version 3"),
            ("ana", "prices.withdraw", "version 3"),
        ]
        assert entries[0].at_ms == START_MS
        assert entries[0].reason == "test"


_edits = st.dictionaries(st.sampled_from([str(n) for n in range(12)]), st.none() | st.integers(1, 4), min_size=1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(st.integers(0, 30), _edits), min_size=1, max_size=8))
def test_any_history_of_edits_hashes_as_recomputed_and_as_plain_python(
    database: Database, history: list[tuple[int, dict[str, int | None]]]
) -> None:
    """Bodies branch at random; each is read back, hashed anew, and reached by delta from every other one."""
    with database.session() as session:
        store = session.get_one(Store, "s1")
        key = (BodyKind.PRICES, "z1")
        made: list[tuple[str, dict[str, bytes]]] = [("", {})]
        for pick, edits in history:
            base, content = made[pick % len(made)]
            rows = {name: price(name, minor).row for name, minor in edits.items()}
            plan = Plan(store, {key: base} if base else {}, 1, None, Moment(START_MS, ""), {key: Edit(rows)})
            place(session, [plan], VersionFacts(title="x", published_by="x", published_ms=0))
            merged = {k: v for k, v in (content | rows).items() if v is not None}
            made.append((plan.has(key), merged))
        tree = body_tree(session, *key)
        for hash_, content in made[1:]:
            version = tree.version_of(hash_)
            assert {k: row for _, k, row in effective_rows(session, tree.lineage(version))} == content
            for other, other_content in made[1:]:
                delta = difference(session, tree, tree.version_of(other), version)
                assert {k: v for k, v in (other_content | delta).items() if v is not None} == content
        for entry in session.exec(select(TimelineEntryRow)):
            content_of(session, "s1", entry.version)
        session.rollback()
