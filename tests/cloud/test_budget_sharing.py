"""Budgets at head office, on both databases: shares by weights and sales, what sales used, what a till may ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.database import Database, Table
from cloud.database.rowset import table_of
from cloud.fleet.models import AgentEpoch
from cloud.members.models import ACTIVE, MERGED, Member
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.promotions import counting, sharing
from cloud.promotions.budget_answers import SET_ASIDE_MS, BudgetAnswers
from cloud.promotions.budget_keeping import EVERY_S, BudgetKeeping
from cloud.promotions.budget_models import BudgetedPromotion, BudgetUse, StoreShare
from cloud.sales.models import Sale, SaleDiscount, SaleLine, SaleReturnLine
from shared.body import BodyKind
from shared.money import divide_half_up
from shared.pricing import Counter, Per
from shared.pricing.kinds import SpendAndGet
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Divide, Limit, Where
from shared.wire.budgets import AskBudgets, BudgetReport, BudgetsElsewhere, BudgetShare
from shared.wire.events import SaleCompleted, SaleReturned
from tests.cloud.prices_data import STORES, found_chain, item, price, publish_rows, report
from tests.factories import START_MS, DrivenMachineClock, make_item, make_price_book, make_sale, new_id

DAY = "2026-05-01"
MEMBER = UUID(int=7)
TODAY = datetime.fromtimestamp(START_MS // 1000, UTC).date()


def put_sale(session: Session, id_: UUID, store: str, minor: int, member: UUID | None = None) -> None:
    """Insert a sale of which only this matters."""
    given = {"id": id_, "store_id": store, "total_minor": minor, "member_id": member, "business_date": TODAY}
    _insert(session, Sale, given)


def _insert(session: Session, of: type[Table], given: dict[str, Any]) -> None:
    """Insert a row with these facts, and something of their kind for all else that has to be there."""
    fillers = {int: 0, str: "", bytes: b"", bool: False}
    table = table_of(of)
    for column in table.columns:
        if column.name not in given and not column.nullable and column.default is None:
            given[column.name] = fillers.get(column.type.python_type, 0)
    session.execute(table.insert().values(**given))


def promotion(*limits: Limit, stores: list[str] | None = None) -> SpendAndGet:
    return SpendAndGet(
        promotion="spring",
        steps=[Step(at_minor=1_000, off_minor=100)],
        limits=list(limits),
        where=Where(stores=stores or []),
    )


@dataclass
class Chain:
    """Three stores whose books hold the promotion, and head office's keeping of its budgets."""

    database: Database
    clock: DrivenMachineClock = field(default_factory=DrivenMachineClock)

    def __post_init__(self) -> None:
        business = SimpleNamespace(now_ms=lambda: START_MS)
        self.keeping = BudgetKeeping(self.database, business, self.clock, new_id)
        self.answers = BudgetAnswers(self.database, business, self.clock, new_id)  # type: ignore[arg-type]

    def publish(self, one: SpendAndGet) -> None:
        with self.database.session() as session:
            found_chain(session)
            rows = [item("1001"), price("1001", 1_200), price("1001", 1_200, "z2")]
            content = encode_row(BodyKind.PROMOTIONS, one.promotion, one)
            rows.append(DraftRow(BodyKind.PROMOTIONS, "chain", one.promotion, content))
            for number, store in enumerate(STORES, start=1):
                report(session, f"{store}-a", engine=3)
                session.add(AgentEpoch(agent_id=f"{store}-a", epoch=UUID(int=number), head=b"", opened_ms=START_MS))
            publish_rows(session, rows)

    def publish_again(self, one: SpendAndGet) -> None:
        with self.database.session() as session:
            content = encode_row(BodyKind.PROMOTIONS, one.promotion, one)
            publish_rows(session, [DraftRow(BodyKind.PROMOTIONS, "chain", one.promotion, content)])

    def used(self) -> tuple[int, int]:
        with self.database.snapshot() as session:
            rows = session.execute(select(BudgetUse).where(col(BudgetUse.member_id) == MEMBER)).scalars().all()
        return sum(row.uses for row in rows), sum(row.minor for row in rows)

    def take_back(self, sale: SaleCompleted, pieces: int) -> None:
        """Write down that so much came back, and count it; 0: the same return once more."""
        with self.database.session() as session:
            id_ = new_id()
            if pieces:
                given = {"return_id": id_, "original_sale_id": sale.id, "of_line": 1, "item": "1002"}
                given |= {"quantity": pieces, "refund_minor": 0, "tax_minor": 0, "reason": ""}
                session.execute(table_of(SaleReturnLine).insert().values(**given))
            counting.note_returns(session, [cast("SaleReturned", SimpleNamespace(original=sale.id))])

    def keep(self) -> None:
        self.clock.advance(round(EVERY_S * 1000) + 1)
        self.keeping()

    def shares(self) -> dict[str, tuple[int | None, int | None]]:
        with self.database.snapshot() as session:
            return {row.store_id: (row.most_uses, row.most_minor) for row in _open(session)}

    def told(self, store: str) -> BudgetShare:
        with self.database.snapshot() as session:
            (share,) = sharing.of_agents(session, [f"{store}-a"])[f"{store}-a"]
        return share

    def says(self, store: str, uses: int = 0, minor: int = 0) -> None:
        share = self.told(store)
        said = BudgetReport(
            share=share.share, promotion=share.promotion, serial=share.serial, most_uses=share.uses,
            most_minor=share.minor, uses=uses, minor=minor,
        )  # fmt: skip
        with self.database.session() as session:
            report(session, f"{store}-a", engine=3, budgets=[said])

    def count(self, *sales: SaleCompleted, member: UUID | None = MEMBER) -> None:
        with self.database.session() as session:
            for sale in sales:
                put_sale(session, sale.id, sale.store, sale.total_minor, member)
                _put_lines(session, sale)
            counting.note_sales(session, sales)


def _put_lines(session: Session, sale: SaleCompleted) -> None:
    """Insert what a return is shared by: the lines and what was taken off them."""
    for line in sale.lines:
        _insert(session, SaleLine, {"sale_id": sale.id, "n": line.n, "quantity": line.quantity})
        for n, one in enumerate(line.discounts, start=1):
            facts = {"sale_id": sale.id, "line_n": line.n, "n": n, "source": one.source, "minor": one.minor}
            _insert(session, SaleDiscount, facts)


def _open(session: Session) -> list[StoreShare]:
    query = select(StoreShare).where(~col(StoreShare.closed)).order_by(col(StoreShare.store_id))
    return list(session.execute(query).scalars())


def sale_with(rule: SpendAndGet, store: str = "s1", *, id_: UUID | None = None, pieces: int = 1) -> SaleCompleted:
    book = make_price_book(items=[make_item("1002")], promotions=[msgspec.structs.replace(rule, limits=[])])
    return make_sale([("1002", pieces)], book=book, store=store, id=id_)


@pytest.fixture
def chain(database: Database) -> Chain:
    return Chain(database)


@pytest.mark.parametrize(
    ("limit", "stores", "shares"),
    [
        (Limit(per=Per.CHAIN, uses=100), None, {"s1": (30, None), "s2": (30, None), "s3": (30, None)}),
        (
            Limit(per=Per.CHAIN, uses=100, minor=5_000, divide=Divide.WEIGHTS, weights={"s1": 3, "s2": 1}),
            None,
            {"s1": (68, 3_375), "s2": (22, 1_125), "s3": (0, 0)},
        ),
        (Limit(per=Per.CHAIN, uses=100), ["s2"], {"s2": (90, None)}),
        (Limit(per=Per.STORE, uses=100), None, {}),
    ],
)
def test_stores_get_their_shares_when_a_book_holds_the_promotion(
    chain: Chain, limit: Limit, stores: list[str] | None, shares: dict[str, tuple[int | None, int | None]]
) -> None:
    chain.publish(promotion(limit, stores=stores))
    chain.keep()
    assert chain.shares() == shares
    chain.keep()
    assert chain.shares() == shares  # looking again changes nothing


def test_a_budget_follows_the_sales_of_the_last_weeks(chain: Chain) -> None:
    chain.publish(promotion(Limit(per=Per.CHAIN, uses=100, divide=Divide.SALES)))
    with chain.database.session() as session:
        for store, minor in (("s1", 60_000), ("s1", 20_000), ("s2", 20_000)):
            put_sale(session, new_id(), store, minor)
    chain.keep()
    assert chain.shares() == {"s1": (72, None), "s2": (18, None), "s3": (0, None)}


def test_what_one_store_does_not_need_goes_to_the_one_that_asks_once_it_is_given_up(chain: Chain) -> None:
    chain.publish(promotion(Limit(per=Per.CHAIN, uses=90)))
    chain.keep()
    for store in STORES:
        chain.says(store, 27 if store == "s1" else 0)
    asked = AskBudgets(basket=new_id(), till="t1", short=["spring"])
    assert chain.answers.answer("s1-a", "s1", asked) == BudgetsElsewhere(raised=["spring"])
    assert chain.shares()["s1"] == (36, None)
    chain.says("s1", 36)
    chain.keep()
    lowered = chain.shares()
    assert lowered["s1"] == (36, None)
    assert lowered["s2"] == lowered["s3"] == (17, None)
    chain.keep()
    assert chain.shares() == lowered  # they have not said yet that they hold less
    chain.says("s2", 2)
    chain.keep()
    assert chain.shares()["s1"] == (46, None)


def test_a_store_without_a_weight_gets_nothing_whatever_it_asks(chain: Chain) -> None:
    chain.publish(promotion(Limit(per=Per.CHAIN, uses=100, divide=Divide.WEIGHTS, weights={"s1": 1})))
    chain.keep()
    for store in STORES:
        chain.says(store)
    asked = AskBudgets(basket=new_id(), till="t1", short=["spring"])
    assert chain.answers.answer("s3-a", "s3", asked) == BudgetsElsewhere()
    chain.keep()
    assert chain.shares() == {"s1": (90, None), "s2": (0, None), "s3": (0, None)}


def test_a_disk_that_was_put_back_gets_a_new_share_of_what_is_left_and_the_old_one_stays_counted(chain: Chain) -> None:
    chain.publish(promotion(Limit(per=Per.CHAIN, uses=100)))
    chain.keep()
    before = chain.told("s1")
    with chain.database.session() as session:
        session.add(AgentEpoch(agent_id="s1-a", epoch=UUID(int=99), head=b"", opened_ms=START_MS + 1))
    chain.keep()
    chain.keep()
    now = chain.told("s1")
    assert (now.share != before.share, now.epoch) == (True, UUID(int=99))
    assert now.uses is not None
    assert 0 < now.uses <= 10
    with chain.database.snapshot() as session:
        assert sum(row.ceiling_uses or 0 for row in session.execute(select(StoreShare)).scalars()) <= 100


def test_sales_are_counted_by_member_day_and_store(chain: Chain) -> None:
    rule = promotion(Limit(per=Per.MEMBER, uses=2, strict=True))
    chain.publish(rule)
    chain.count(sale_with(rule))
    chain.keep()
    chain.count(sale_with(rule), sale_with(rule), sale_with(rule, "s2"))
    with chain.database.snapshot() as session:
        rows = session.execute(select(BudgetUse).order_by(col(BudgetUse.store_id))).scalars()
        found = [(row.promotion, row.member_id, row.store_id, row.uses, row.minor) for row in rows]
        assert session.get_one(BudgetedPromotion, "spring").live
    assert found == [("spring", MEMBER, "s1", 2, 200), ("spring", MEMBER, "s2", 1, 100)]


def test_a_members_budget_is_one_baskets_until_its_sale_is_in(chain: Chain) -> None:
    rule = promotion(Limit(per=Per.MEMBER, uses=2, strict=True))
    chain.publish(rule)
    chain.keep()
    basket, other = new_id(), new_id()

    def ask(of: UUID, store: str) -> BudgetsElsewhere:
        asked = AskBudgets(basket=of, till="t1", of_member=["spring"], member=MEMBER, day=DAY)
        return chain.answers.answer(f"{store}-a", store, asked)

    free = [Counter("spring", Per.MEMBER), Counter("spring", Per.MEMBER_DAY)]
    assert ask(basket, "s1") == BudgetsElsewhere(elsewhere=free)
    assert ask(basket, "s1") == BudgetsElsewhere(elsewhere=free)
    assert ask(other, "s2") == BudgetsElsewhere(busy=["spring"])
    sale = sale_with(rule, id_=basket)
    chain.count(sale)
    used = [Counter("spring", Per.MEMBER, 1, 100), Counter("spring", Per.MEMBER_DAY)]
    assert ask(other, "s2").elsewhere == used
    assert ask(new_id(), "s1") == BudgetsElsewhere(busy=["spring"])
    chain.clock.advance(SET_ASIDE_MS + 1)
    chain.keep()
    assert ask(new_id(), "s1").elsewhere == free  # what the store used itself it counts itself


def test_whoever_was_made_one_with_a_member_used_it_too(chain: Chain) -> None:
    rule = promotion(Limit(per=Per.MEMBER, uses=2, strict=True))
    chain.publish(rule)
    chain.keep()
    gone, before_that, undone = UUID(int=8), UUID(int=9), UUID(int=10)
    for member in (gone, before_that, undone):
        chain.count(sale_with(rule), member=member)
    with chain.database.session() as session:
        for one, merged_into in ((MEMBER, None), (gone, MEMBER), (before_that, gone), (undone, None)):
            status = ACTIVE if merged_into is None else MERGED
            session.add(Member(id=one, status=status, merged_into=merged_into, source="test", created_ms=START_MS))
    used = [Counter("spring", Per.MEMBER, 2, 200), Counter("spring", Per.MEMBER_DAY)]
    for known, busy in ((MEMBER, False), (before_that, True)):
        asked = AskBudgets(basket=new_id(), till="t1", of_member=["spring"], member=known, day=DAY)
        answer = chain.answers.answer("s1-a", "s1", asked)
        assert answer == BudgetsElsewhere(**({"busy": ["spring"]} if busy else {"elsewhere": used}))


def test_a_promotion_that_no_book_holds_any_more_is_over(chain: Chain) -> None:
    chain.publish(promotion(Limit(per=Per.CHAIN, uses=100)))
    chain.keep()
    with chain.database.session() as session:
        publish_rows(session, [DraftRow(BodyKind.PROMOTIONS, "chain", "spring", None)])
    chain.says("s1", uses=4)
    chain.keep()
    with chain.database.snapshot() as session:
        assert not session.get_one(BudgetedPromotion, "spring").live
        assert {row.ceiling_uses for row in session.execute(select(StoreShare)).scalars()} == {30}
    assert chain.told("s1").uses == 0, "its store is told, and may use what it held until it has heard"
    chain.says("s1", uses=6)
    chain.keep()
    with chain.database.snapshot() as session:
        assert sharing.of_agents(session, ["s1-a"]) == {}
        (row,) = session.execute(select(StoreShare).where(col(StoreShare.store_id) == "s1")).scalars()
        assert (row.ceiling_uses, row.used_uses, row.closing) == (6, 6, False)
    chain.publish_again(promotion(Limit(per=Per.CHAIN, uses=100)))
    chain.keep()
    assert chain.told("s1").share == row.id, "the store counts on under the share that it holds"
    with chain.database.snapshot() as session:
        assert sum(one.ceiling_uses or 0 for one in session.execute(select(StoreShare)).scalars()) <= 100


@pytest.mark.parametrize("parts", [[3], [1, 1, 1], [2, 1]])
def test_returns_give_a_members_budget_back_once_in_any_order(chain: Chain, parts: list[int]) -> None:
    rule = promotion(Limit(per=Per.MEMBER, uses=2, strict=True))
    chain.publish(rule)
    uncounted = sale_with(rule)
    chain.count(uncounted)
    chain.keep()
    sold, other = sale_with(rule, pieces=3), sale_with(rule)
    chain.count(sold, other)
    before = chain.used()
    assert before[0] == 2
    for n, back in enumerate(parts, start=1):
        chain.take_back(sold, back)
        chain.take_back(sold, 0)
        uses, minor = chain.used()
        came = sum(parts[:n])
        assert uses == (1 if came == 3 else 2), "a use comes back with the last piece"
        assert minor == before[1] - divide_half_up(100 * came, 3)
    chain.take_back(uncounted, 1)
    assert chain.used() == (1, before[1] - 100), "a sale that was never counted gives nothing back"
