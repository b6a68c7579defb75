"""What others' loyalty programs got wrong and no other test asks here; the numbers are those of docs/lessons.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint, event, select

from cloud.coupons import batches, giving
from cloud.database import Database, Table
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import Invalid
from cloud.errors import Refused as Refusal
from cloud.ledger.reading import points_of
from cloud.loyalty import rules, tiers
from cloud.loyalty.models import MemberYear
from cloud.members import cards, enrolling, sight
from cloud.rewards import drawing, runs
from cloud.rewards.models import Run
from cloud.rewards.runs import Act
from shared.draws import DrawRules, Prize
from shared.loyalty import EarningRule
from shared.wire.events import MemberOnSale, SaleCompleted
from shared.wire.messages import AskHold, CouponReserved, Held, Refused
from tests.cloud.members_data import join, take, vault
from tests.cloud.test_coupons import Shop
from tests.cloud.test_one_person import erase
from tests.cloud.test_points_returns import spend
from tests.cloud.test_value_sales import Chain
from tests.factories import START_MS, make_return, make_sale, new_id
from tests.provision.databases import new_sqlite

TODAY = date(2026, 1, 1)
DAY_MS = 86_400_000


def year_of(chain: Chain, member: UUID | None = None) -> tuple[int, str]:
    """Return what a member's year counts as spent, and where they stand on that day."""
    row = table_of(MemberYear)
    with chain.database.snapshot() as session:
        spent = session.execute(select(row.c.spend_minor).where(row.c.member_id == (member or chain.ann))).scalar()
        return spent or 0, tiers.tiers_of(session, [member or chain.ann], TODAY)[member or chain.ann]


def test_t3_a_sale_with_less_than_nothing_on_a_line_is_no_sale(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    sale = make_sale([("1001", 2), ("1002", 1)], number=7, member=MemberOnSale(member=chain.ann))
    first, second = sale.lines
    back = msgspec.structs.replace(first, quantity=-1, net_minor=-first.price.minor, discounts=[], tax_minor=0)
    assert back.gross_minor == back.net_minor, "it agrees with itself in all else"
    total = second.net_minor + back.net_minor
    tenders = [msgspec.structs.replace(sale.tenders[0], minor=total)]
    wrong = msgspec.structs.replace(sale, lines=[back, second], total_minor=total, tenders=tenders)
    assert {unfit.code for unfit in take(sqlite_database, [wrong]).values()} == {"arithmetic"}
    assert (chain.points, year_of(chain)) == (0, (0, ""))


def test_t6_whoever_owes_points_goes_on_shopping_and_earns_themselves_free(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    first = chain.sell(20_000)
    spend(chain, 200)
    chain.give_back(first)
    owed = -chain.stands("member_debt", "POINTS")
    assert (chain.points, owed > 0) == (0, True)
    assert chain.hold("POINTS", 1, new_id()) == Refused(code="insufficient")
    with sqlite_database.session() as session:
        assert sight.look_at(session, [chain.ann], TODAY)[chain.ann].points == 0
    chain.earn(owed - 1)
    assert (chain.points, chain.stands("member_debt", "POINTS")) == (0, -1)
    chain.earn(11)
    assert (chain.points, chain.stands("member_debt", "POINTS")) == (10, 0)
    assert isinstance(chain.hold("POINTS", 10, new_id()), Held)
    chain.prove()


def batches_of(shop: Shop) -> list[str]:
    with shop.database.snapshot() as session:
        return [one.batch for one in batches.of_member(session, shop.ann)]


def test_t17_a_promise_of_a_coupon_whose_days_are_over_makes_no_dead_coupon(sqlite_database: Database) -> None:
    shop = Shop(sqlite_database)
    shop.batch("next_visit", promotion="back5", starts=date(2025, 1, 1), ends=date(2025, 12, 31))
    shop.sell_with("", issues=("back5",))
    assert batches_of(shop) == []
    shop.batch("next_visit", id="b2", promotion="back5", ends=TODAY)
    shop.batch("next_visit", id="b3", promotion="back5", starts=date(2025, 1, 1), ends=date(2025, 12, 31))
    shop.sell_with("", issues=("back5",))
    assert batches_of(shop) == ["b2"], "a batch that is over hides none that is not"
    shop.batch(id="codes", starts=date(2025, 1, 1), ends=date(2025, 12, 31))
    for whom in (shop.ann, None):
        with pytest.raises(Refusal, match="last day of batch codes was 2025-12-31") as refused:
            shop.give(whom, batch="codes")
        assert refused.value.code == "batch_over"
    with pytest.raises(Refusal, match="last day"), sqlite_database.session() as session:
        giving.items(session, {"batch": "codes", "segment": giving.EVERYBODY, "today": str(TODAY)})
    shop.prove()


@pytest.mark.parametrize("released", [True, False])
def test_t47_a_coupon_comes_back_with_its_purchase_unless_its_batch_says_otherwise(
    sqlite_database: Database, *, released: bool
) -> None:
    shop = Shop(sqlite_database)
    shop.batch(released_by_return=released)
    (code,) = shop.give()
    sale = shop.sell_with(code)
    assert isinstance(sale, SaleCompleted)
    assert take(sqlite_database, [make_return(sale, number=50)]) == {}
    answer = shop.claim(code, new_id())
    assert isinstance(answer, CouponReserved) if released else answer == Refused(code="coupon_used")
    shop.prove()


@pytest.mark.parametrize("ends", [None, TODAY])
def test_t17_a_draw_ends_before_the_coupons_that_can_be_won(sqlite_database: Database, ends: date | None) -> None:
    shop = Shop(sqlite_database)
    shop.batch("personal", ends=TODAY)
    rules_ = DrawRules(prizes=[Prize(prize="off", weight=1, worth_minor=500, batch="b1")], nothing_weight=0)
    wanted = drawing.NewDraw(id="spring", rules=rules_, stock={"off": 2}, ends=ends)
    tomorrow = TODAY + timedelta(days=1)
    with sqlite_database.session() as session:
        with pytest.raises(Invalid, match="over after"):
            drawing.open_draw(session, vault(), replace(wanted, ends=tomorrow), bytes(32), actor="ann", now_ms=1)
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="ann", now_ms=1)

    def code(day: date) -> str:
        with sqlite_database.session() as session:
            entry = drawing.Entry(id=new_id(), draw="spring", member=shop.ann, today=day, at_ms=START_MS)
            return drawing.draw(session, vault(), open_commit(session, 1), entry, now_ms=START_MS).code

    assert (code(TODAY), code(tomorrow)) == ("", "draw_ended")


def test_t49_giving_points_back_and_leaving_touch_nobody_elses(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    bob, eve = chain.ann, join(sqlite_database)
    chain.earn(300)
    chain.ann = eve
    chain.earn(500)
    chain.give_back(spend(chain, 400))
    assert chain.points == 500
    erase(chain, eve)
    chain.ann = bob
    assert (chain.points, year_of(chain)[0]) == (300, 30_000)
    chain.prove()


def test_t50_spending_points_costs_no_tier_and_t51_pays_for_none(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    chain.sell(4_900)
    assert year_of(chain) == (4_900, "")
    by_points = new_id()
    chain.hold("POINTS", 49, by_points)
    chain.sell(49, id=by_points, spent_points=49, by_points=49)
    assert year_of(chain) == (4_900, ""), "what points paid was not spent"
    chain.sell(100)
    assert year_of(chain) == (5_000, "silver")
    last = chain.points
    rest = new_id()
    assert isinstance(chain.hold("POINTS", last, rest), Held)
    chain.sell(last + 1, id=rest, spent_points=last, by_points=last)
    assert (chain.points, year_of(chain)) == (0, (5_001, "silver"))
    stranger = AskHold(basket=new_id(), unit="POINTS", amount=1, till="t1", member=join(sqlite_database))
    assert chain.ask(stranger) == Refused(code="insufficient"), "a row that is not there holds nothing"


@pytest.mark.parametrize("look", ["points", "sight"])
def test_t52_many_members_are_read_with_as_few_statements_as_one(sqlite_database: Database, look: str) -> None:
    Chain(sqlite_database)
    members = [join(sqlite_database) for _ in range(40)]

    def statements(of: list[UUID]) -> int:
        with sqlite_database.snapshot() as session:
            session.connection()
            event.listen(sqlite_database.engine, "before_cursor_execute", note)
            try:
                if look == "sight":
                    sight.look_at(session, of, TODAY)
                else:
                    points_of(session, of)
            finally:
                event.remove(sqlite_database.engine, "before_cursor_execute", note)
        count = len(read)
        read.clear()
        return count

    read: list[str] = []

    def note(*facts: object) -> None:
        if str(facts[2]).lstrip().upper().startswith(("SELECT", "WITH")):
            read.append(str(facts[2]))

    assert 0 < statements(members) <= statements(members[:1])


def test_t55_a_card_and_a_phone_are_found_without_walking_through_the_members(sqlite_database: Database) -> None:
    join(sqlite_database, ["8810000000000003"], fields={"name": "Ann", "phone": "+8613812345678"})
    asked: list[tuple[str, Any]] = []

    def note(*facts: Any) -> None:
        asked.append((facts[2], facts[3]))

    with sqlite_database.snapshot() as session:
        session.connection()
        event.listen(sqlite_database.engine, "before_cursor_execute", note)
        try:
            assert cards.find(session, vault(), "8810000000000003") is not None
            assert len(enrolling.find_by_phone(session, vault(), "+8613812345678")) == 1
        finally:
            event.remove(sqlite_database.engine, "before_cursor_execute", note)
        plans = [
            str(row[-1])
            for text, values in asked
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        ]
    assert len(plans) >= 2
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


_FEW_ROWS = {("till_devices", "till_id")}
"""Tables of a handful of rows, of which nobody ever looks for those of one other row."""


def test_t54_whatever_names_another_row_is_found_by_an_index() -> None:
    """A foreign key without one makes a scan of each look and each deletion."""
    missing = set()
    for table in Table.metadata.sorted_tables:
        sets = [list(table.primary_key.columns), *(list(index.columns) for index in table.indexes)]
        sets += [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
        leading = {columns[0].name for columns in sets if columns}
        missing |= {(table.name, key.parent.name) for key in table.foreign_keys if key.parent.name not in leading}
    assert missing == _FEW_ROWS


class Model:
    """What a member should have, counted beside the ledger."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.sales: list[tuple[SaleCompleted, int, int]] = []
        self.expired = 0

    def sell(self, minor: int) -> None:
        self.sales.append((self.chain.sell(minor), minor, 0))

    def spend(self, minor: int) -> None:
        """Pay as much as there is of a purchase with points."""
        points = min(self.chain.points, minor)
        if points:
            basket = new_id()
            self.chain.hold("POINTS", points, basket)
            sale = self.chain.sell(minor, id=basket, spent_points=points, by_points=points)
            self.sales.append((sale, minor - points, points))

    def give_back(self, minor: int) -> None:
        if self.sales:
            self.chain.give_back(self.sales.pop(minor % len(self.sales))[0])

    def expire(self, _minor: int) -> None:
        ann, bob = (Act(by, START_MS, START_MS + 400 * DAY_MS) for by in ("ann", "bob"))
        with self.chain.database.session() as session:
            run = runs.work_out(session, new_id(), "expiry", {"today": "2026-12-31"}, ann).id
        with self.chain.database.session() as session:
            runs.approve(session, run, bob)
        with self.chain.database.session() as session:
            while runs.post_some(session, run, bob):
                pass
            self.expired += session.get_one(Run, run).posted_total

    def check(self) -> None:
        earned = sum(net // 100 for _, net, _ in self.sales)
        spent = sum(points for _, _, points in self.sales)
        owed = self.chain.stands("member_debt", "POINTS")
        assert self.chain.points + owed == earned - spent - self.expired
        net = sum(net for _, net, _ in self.sales)
        assert year_of(self.chain) == (net, "silver" if net >= 5_000 else "")


@pytest.fixture(scope="module")
def expiring() -> Iterator[Chain]:
    """Return a chain whose points end after a month."""
    with TemporaryDirectory() as folder:
        database = new_sqlite(Path(folder) / "cloud.db")
        chain = Chain(database)
        rule = EarningRule(version=2, valid_from=TODAY, expiry="months", expiry_count=1)
        with database.session() as session:
            rules.publish_earning(session, rule, author="ann", at_ms=START_MS)
        yield chain
        database.close()


_STEPS = st.tuples(st.sampled_from(["sell", "sell", "spend", "give_back", "expire"]), st.integers(1, 6_000))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEPS, min_size=2, max_size=6))
def test_t53_tiers_expiry_and_returns_in_any_mixture_keep_their_own_figures(
    expiring: Chain, steps: list[tuple[str, int]]
) -> None:
    expiring.ann = join(expiring.database)
    model = Model(expiring)
    model.expire(0)  # what the members of the examples before have left
    model.expired = 0
    for name, minor in steps:
        getattr(model, name)(minor)
        model.check()
    expiring.prove()
