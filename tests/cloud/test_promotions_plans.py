"""Planned promotions: kept as typed, approved by a second person, published, stopped, rolled back, cloned."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlmodel import Session, select

from cloud import audit
from cloud.clock import DrivenBusinessClock
from cloud.database import Database
from cloud.errors import Invalid
from cloud.org.models import Store
from cloud.prices import approvals, revert
from cloud.prices.books import StoreBooks
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import PriceVersion
from cloud.prices.publish import Act, publish
from cloud.prices.targets import CHAIN
from cloud.promotions import approving, plans
from cloud.promotions.conflicts import Clash, check
from cloud.promotions.ending import Ending
from cloud.promotions.holding import end_what_is_gone
from cloud.promotions.models import PlanStatus
from cloud.promotions.reading import read
from cloud.promotions.rolling_back import roll_back
from cloud.promotions.telling import published_since
from cloud.promotions.touching import Touched, touched
from cloud.promotions.trying import book_now, sample
from shared.body import BodyKind
from shared.calendar import resolve_local
from shared.pricing import Price
from tests.cloud.ingesting import Outbox, take_in
from tests.cloud.prices_data import STORES, draft_of, publish_rows, report
from tests.cloud.promotions_data import ANA, BO, FIRST, ITEMS, PRICES, TEN_OFF, a_chain, fresh, plan, row
from tests.factories import START_MS, DrivenMachineClock, MemoryPriceBook, make_sale


def on_sale(session: Session, store: str, now_ms: int = START_MS) -> set[str]:
    """The promotions a store sells by."""
    book = book_now(session, StoreBooks(), store, now_ms)
    return set(book.promotions().by_id) if book else set()


def read_typed(off: str) -> object:
    """A promotion as a price book's file has it."""
    return msgspec.to_builtins(read("percent_off", "brought", {"off_bp": off}, 2).promotion)


def second_person(session: Session) -> None:
    approvals.set_second_person(session, needed=True, actor="person:chief", wall_ms=START_MS)


def test_what_is_typed_is_kept_before_it_makes_sense(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session, "percent_off", {"off_bp": "a lot"})
        assert plans.typed(made) == {"off_bp": "a lot"}
        with pytest.raises(PriceRefusal) as refused:
            plans.push(session, made.id, fresh(), ANA, 2)
        assert refused.value.code == "plan_incomplete"
        with pytest.raises(Invalid):
            plans.create(session, fresh(), "no_such_kind", "x", ANA)
        with pytest.raises(Invalid):
            plans.save(session, made.id, ANA, title=" ", given={}, targets=["all"])


def test_it_goes_to_its_stores_and_is_stopped_there_at_once(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session, targets=("store:s1", "store:s3"))
        plans.push(session, made.id, fresh(), ANA, 2)
        assert {store for store in ("s1", "s2", "s3") if made.promotion in on_sale(session, store)} == {"s1", "s3"}
        assert sorted(
            store for stores in plans.where(session, made, START_MS).running.values() for store in stores
        ) == [
            "s1",
            "s3",
        ]
        with pytest.raises(PriceRefusal):
            plans.save(session, made.id, ANA, title="x", given={}, targets=["all"])
        report(session, "s3-a", engine=1)  # an engine that went back since holds up no stop
        plans.stop(session, made.id, fresh(), ANA)
        assert not any(made.promotion in on_sale(session, store) for store in ("s1", "s2", "s3"))
        assert made.status == PlanStatus.STOPPED
        acts = [act.action for act in audit.latest(session) if act.action.startswith("promotions.")]
        assert acts == ["promotions.stop", "promotions.push", "promotions.save"]


def test_what_a_price_book_brought_is_stopped_at_once_and_in_what_waits(sqlite_database: Database) -> None:
    a_chain(sqlite_database)
    with sqlite_database.session() as session:
        came, changed = (
            DraftRow(BodyKind.PROMOTIONS, CHAIN, "brought", encode_row(BodyKind.PROMOTIONS, "brought", read_typed(off)))
            for off in ("20", "30")
        )
        publish_rows(session, [came], title="week 10")
        publish_rows(session, [changed], at="2026-02-01T06:00", title="week 14")
        later = START_MS + 60 * 86_400_000
        taken = plans.take_up(session, fresh(), "brought", ANA, 2)
        assert taken.status == PlanStatus.DRAFT
        assert plans.where(session, taken, START_MS).running, "it is known to run"
        second_person(session)
        made = plans.stop(session, taken.id, fresh(), ANA)
        assert len(made) == 2, "now, and where a waiting book would bring it back"
        assert taken.status == PlanStatus.STOPPED
        for store in STORES:
            assert not on_sale(session, store)
            assert not on_sale(session, store, later)
        with pytest.raises(PriceRefusal) as refused:
            plans.stop(session, taken.id, fresh(), ANA)
        assert refused.value.code == "not_published"


def test_one_that_waits_for_its_moment_is_withdrawn(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session)
        plans.save(session, made.id, ANA, title="Spring", given=TEN_OFF, targets=["all"], activates="2026-02-01T06:00")
        plans.push(session, made.id, fresh(), ANA, 2)
        later = START_MS + 60 * 86_400_000
        assert made.promotion in on_sale(session, "s1", later)
        assert made.promotion not in on_sale(session, "s1")
        plans.stop(session, made.id, fresh(), ANA)
        assert made.promotion not in on_sale(session, "s1", later)
        assert not plans.where(session, made, START_MS)


def test_a_second_person_approves_exactly_what_is_published(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        second_person(session)
        made = plan(session)
        with pytest.raises(PriceRefusal) as missing:
            plans.push(session, made.id, fresh(), ANA, 2)
        assert missing.value.code == "approval_missing"
        with pytest.raises(PriceRefusal) as own:
            approving.approve(session, made.id, ANA, 2)
        assert own.value.code == "own_approval"
        approving.approve(session, made.id, BO, 2)
        changed = {**TEN_OFF, "steps.0.off_minor": "30"}
        plans.save(session, made.id, ANA, title="Spring", given=changed, targets=["all"])
        with pytest.raises(PriceRefusal):
            plans.push(session, made.id, fresh(), ANA, 2)
        approving.approve(session, made.id, BO, 2)
        plans.push(session, made.id, fresh(), ANA, 2)
        approved = next(act for act in audit.latest(session) if act.action == "promotions.approve")
        assert (approved.actor, approved.reason) == ("person:bo", "looks right")
        plans.stop(session, made.id, fresh(), ANA)
        assert made.promotion not in on_sale(session, "s1")


def test_prices_wait_for_the_second_person_too(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        second_person(session)
        draft = draft_of(session, [row(BodyKind.PRICES, "z1", Price(item="1001", regular_minor=450))])
        with pytest.raises(PriceRefusal):
            publish(session, draft, BO)
        with pytest.raises(PriceRefusal):
            approvals.approve(session, draft, actor="ana", wall_ms=START_MS)
        approvals.approve(session, draft, actor="person:bo", wall_ms=START_MS)
        assert publish(session, draft, ANA).version == FIRST + 1


def test_a_till_too_old_is_named_before_anything_is_in_force(database: Database) -> None:
    a_chain(database, engine=1)
    with database.session() as session:
        made = plan(session, targets=("store:s2",))
        with pytest.raises(PriceRefusal) as refused:
            plans.push(session, made.id, fresh(), ANA, 2)
        assert refused.value.code == "engine_too_old"
        assert refused.value.subjects == ["agent s2-a of store s2 has level 1 (tills t1)"]
        assert session.exec(select(PriceVersion.version)).all() == [FIRST]


def test_rolling_back_brings_back_what_was_before_it(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session)
        plans.push(session, made.id, fresh(), ANA, 2)
        done = roll_back(session, made.id, Act(actor="person:ana", now_ms=START_MS, wall_ms=START_MS))
        assert done.version == FIRST + 2
        assert on_sale(session, "s1") == set()
        assert made.status == PlanStatus.STOPPED


def test_each_store_goes_back_to_what_it_had_itself(sqlite_database: Database) -> None:
    """Stores of one publication had different books: it has a number for each of these, and so has what was before."""
    a_chain(sqlite_database)
    with sqlite_database.session() as session:
        alone, kept, gone = plan(session, targets=("store:s1",)), plan(session), plan(session)
        for made in (alone, kept, gone):
            plans.push(session, made.id, fresh(), ANA, 2)
        roll_back(session, gone.id, ANA)
        assert on_sale(session, "s1") == {alone.promotion, kept.promotion}
        assert on_sale(session, "s2") == on_sale(session, "s3") == {kept.promotion}
        found = check(session, StoreBooks(), [session.get_one(Store, one) for one in ("s1", "s2")],
                      plans.promotion_of(plan(session), 2), START_MS)  # fmt: skip
        assert {one.other.promotion for one in found.overlaps} == {alone.promotion, kept.promotion}


def test_what_goes_with_a_roll_back_of_another_plan_is_stopped_too(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        one, other, kept = plan(session), plan(session), plan(session)
        plans.push(session, one.id, fresh(), ANA, 2)
        plans.push(session, other.id, fresh(), ANA, 2)
        plans.save(session, kept.id, ANA, title="Summer", given=TEN_OFF, targets=["all"], activates="2026-02-01T06:00")
        plans.push(session, kept.id, fresh(), ANA, 2)
        roll_back(session, one.id, ANA)
        assert on_sale(session, "s1") == set()
        assert not plans.where(session, other, START_MS)
        assert other.status == PlanStatus.STOPPED
        assert kept.status == PlanStatus.PUBLISHED, "it waits on top of what came back"
        gone = [act for act in audit.latest(session) if act.action == "promotions.gone"]
        assert [(act.subject, act.actor, act.reason) for act in gone] == [(other.id, "person:ana", "spring")]


def test_one_that_is_left_in_some_stores_stays_published_there(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        one, other = plan(session, targets=("store:s1",)), plan(session)
        plans.push(session, one.id, fresh(), ANA, 2)
        plans.push(session, other.id, fresh(), ANA, 2)
        revert.rollback(session, FIRST, ANA, targets=["store:s1"])
        assert end_what_is_gone(session, ANA) == [one.id]
        assert other.status == PlanStatus.PUBLISHED
        left = plans.where(session, other, START_MS).running.values()
        assert sorted(store for stores in left for store in stores) == ["s2", "s3"]


def test_a_plan_ends_when_a_staged_roll_back_takes_it_away_and_nobody_has_to_look(
    database: Database, clock: DrivenMachineClock
) -> None:
    a_chain(database)
    business = DrivenBusinessClock(START_MS)
    job = Ending(database, business, clock)
    with database.session() as session:
        gone, stays = plan(session, targets=("store:s1",)), plan(session)
        plans.push(session, gone.id, fresh(), ANA, 2)
        plans.push(session, stays.id, fresh(), ANA, 2)
        tonight = datetime.fromisoformat("2026-02-01T06:00")
        revert.rollback(session, FIRST, ANA, targets=["store:s1"], activates_local=tonight)

    def looked(at_ms: int) -> list[str]:
        business.set(at_ms)
        clock.advance(30_000)
        job()
        with database.snapshot() as session:
            return [plans.find(session, one.id).status for one in (gone, stays)]

    before_ms = resolve_local(tonight, ZoneInfo("Asia/Shanghai")) - 1
    assert looked(before_ms) == [PlanStatus.PUBLISHED, PlanStatus.PUBLISHED]
    assert looked(before_ms + 1) == [PlanStatus.STOPPED, PlanStatus.PUBLISHED]
    with database.snapshot() as session:
        (act,) = [act for act in audit.latest(session) if act.action == "promotions.gone"]
        assert (act.subject, act.actor) == (gone.id, "job:promotions")


def test_a_clone_is_a_promotion_of_its_own(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session, targets=("group:north",))
        other = plans.clone(session, made.id, fresh(), BO)
        assert (plans.typed(other), other.targets, other.kind) == (plans.typed(made), made.targets, made.kind)
        assert other.promotion != made.promotion
        assert other.created_by == "person:bo"
        titles = [other.title, plans.clone(session, made.id, fresh(), BO).title]
        titles.append(plans.clone(session, other.id, fresh(), BO).title)
        assert titles == [f"{made.title} ({n})" for n in (2, 3, 4)]


def test_an_example_receipt_shows_it_at_work(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        made = plan(session, "nth_piece", {"scope.categories": "food/dairy", "when.weekdays": "6", "who.tiers": "gold"})
        promotion = plans.read_plan(made, 2).promotion
        assert promotion is not None

        shown = sample(session, StoreBooks(), session.get_one(Store, "s1"), promotion, START_MS)
        assert shown is not None
        assert set(shown.items) == {"1002", "1003"}
        assert shown.outcome.minor > 0


def test_conflicts_are_named_before_publishing(database: Database) -> None:
    a_chain(database)
    with database.session() as session:
        running = plan(session)
        plans.push(session, running.id, fresh(), ANA, 2)

        stores = [session.get_one(Store, "s1")]
        found = {}
        for kind, typed in (
            ("order_percent", {"off_bp": "10"}),
            ("percent_off", {"off_bp": "50", "scope.items": "1001 1002"}),
            (
                "time_limited_price",
                {"price_minor": "2", "scope.items": "1001", "when.weekdays": "1", "exclusive": "yes"},
            ),
            ("special_price", {"price_minor": "6", "scope.items": "9999"}),
            ("amount_off", {"off_minor": "0.30", "each": "unit", "scope.items": "1002"}),
        ):
            promotion = plans.read_plan(plan(session, kind, typed), 2).promotion
            assert promotion is not None
            found[kind] = check(session, StoreBooks(), stores, promotion, START_MS)
        codes = [
            {"off_minor": "2", "issue": "public", "code": "SPRING", "scope.items": item} for item in ("1001", "1003")
        ]
        plans.push(session, plan(session, "coupon", codes[0]).id, fresh(), ANA, 2)
        twice = plans.read_plan(plan(session, "coupon", codes[1]), 2).promotion
        assert twice is not None
        clashes = {one.clash for one in check(session, StoreBooks(), stores, twice, START_MS).overlaps}
        assert Clash.SAME_CODE in clashes, "tills take one of them, and never the other"
        yoghurt = plan(session, "percent_off", {"off_bp": "10", "scope.items": "1003"})
        plans.push(session, yoghurt.id, fresh(), ANA, 2)
        for category, met in (("food/dairy", True), ("food/meat", False)):
            typed = {"off_bp": "5", "scope.categories": category}
            promotion = plans.read_plan(plan(session, "percent_off", typed), 2).promotion
            assert promotion is not None
            overlaps = check(session, StoreBooks(), stores, promotion, START_MS).overlaps
            named = {one.other.promotion for one in overlaps}
            assert (yoghurt.promotion in named) is met, "an item that the other lists is of the category, or is not"
        assert [one.clash for one in found["order_percent"].overlaps] == [Clash.COMPETES]
        assert [one.clash for one in found["percent_off"].overlaps] == [Clash.STACKS]
        assert [one.clash for one in found["time_limited_price"].overlaps] == [Clash.SHUTS_OUT]
        assert [one.item.item for one in found["percent_off"].below_cost] == ["1001", "1002"]
        assert [(one.item.item, one.withheld_minor) for one in found["percent_off"].held_back] == [("1002", 1802)]
        assert [one.item.item for one in found["time_limited_price"].below_cost] == ["1001"]
        (tin,) = found["amount_off"].below_cost
        assert (tin.pays_minor, tin.cost_minor, tin.together) == (4_776, 4_800, True)


def test_what_goes_with_a_roll_back_is_told_before_and_what_it_did_after(sqlite_database: Database) -> None:
    a_chain(sqlite_database)
    with sqlite_database.session() as session:
        made = plan(session)
        plans.push(session, made.id, fresh(), ANA, 2)
        assert published_since(session, made, [*STORES]) == []
        prices = [row(BodyKind.PRICES, "z1", Price(item="1001", regular_minor=600))]
        publish_rows(session, prices, ["store:s1"], title="dearer apples")
        assert [one.title for one in published_since(session, made, STORES)] == ["dearer apples"]
        assert published_since(session, made, ["s2"]) == []
        promotion = plans.read_plan(made, 2).promotion
    assert promotion is not None
    outbox, book = Outbox("s1-a"), MemoryPriceBook(FIRST, ITEMS, PRICES, [promotion])
    for number, lines in enumerate(([("1002", 2)], [("1003", 1)]), start=1):
        outbox.add(make_sale(lines, book=book, number=number, store="s1"))
    take_in(sqlite_database, outbox.batch())
    with sqlite_database.snapshot() as session:
        found = touched(session, made.promotion, STORES)
        assert (found.looked, found.receipts, found.minor) == (2, 1, 300)
        assert (found.basket_minor, found.other_basket_minor) == (2298, 690)
        assert [one.minor for one in found.newest] == [300]
        assert touched(session, made.promotion, ["s2"]) == Touched()
