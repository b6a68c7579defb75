"""Budgets counted in the store, coupons by their code, and what customers choose: at real tills on a real disk."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from edge_agent.hq import member_set
from edge_agent.till.results import BasketView, Paid, PartlyPaid, Refused
from edge_agent.till.selling import budgets
from edge_agent.till.selling.results import CouponTaken, OfferTaken
from shared import coupon_code
from shared.pricing import AnyPromotion, BasketLine, Counter, Coupon, Per, PricingContext, context_of, price_basket
from shared.pricing.kinds import AmountOff, BuyWithPurchase, CouponOff, FreeGift, NForPrice, PercentOff, SpendAndGet
from shared.pricing.kinds.amount_off import Each
from shared.pricing.kinds.buy_with_purchase import Offer
from shared.pricing.kinds.coupon_off import Issue
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Limit, Need, Who
from shared.pricing.scope import Scope
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import ReturnedLine, SaleCompleted, TenderKind, decode_event
from shared.wire.messages import AnyAnswer, AnyAsk, AskCoupon, CouponReserved, MemberFound
from shared.wire.messages import Refused as RefusedByHq
from tests.edge.tills import APPLES, CARD, MILK, MemoryBooks, MemoryTillBook, Store, opened_store
from tests.factories import STANDARD_ITEMS, STANDARD_PRICES, make_price_book, make_sale, new_id

MEMBER = UUID(int=7)
CODE = coupon_code.make(12345)
MILK_OFF = Scope(items=["1002"])


def books(*rules: AnyPromotion) -> MemoryBooks:
    return MemoryBooks(MemoryTillBook(1, STANDARD_ITEMS, STANDARD_PRICES, rules))


def limited(*limits: Limit) -> SpendAndGet:
    """Return 1.00 off from 10.00, with budgets."""
    return SpendAndGet(promotion="spend", steps=[Step(at_minor=1_000, off_minor=100)], limits=list(limits))


async def sales(store: Store) -> list[SaleCompleted]:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    return [event for event in (decode_event(row[0]) for row in rows) if isinstance(event, SaleCompleted)]


async def sell(store: Store, till: str = "t1", *, card: bool = False) -> Paid:
    """Sell one milk."""
    selling = store.till(till)
    if card:
        await selling.attach_card(CARD)
    await selling.scan(MILK)
    paid = await selling.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    return paid


def prices_again(sale: SaleCompleted, store: Store) -> bool:
    """Tell whether the engine comes to the sale's lines from what the sale says."""
    context = context_of(
        sale.pricing, at_ms=sale.priced_ms, time_zone=sale.book.zone, store=sale.store, till_kind=sale.till_kind,
        tier=(sale.member.tier or "") if sale.member else None,
    )  # fmt: skip
    lines = [BasketLine(n=line.n, item=line.item, quantity=line.quantity, code=line.code) for line in sale.lines]
    return price_basket(lines, store.books.books[1], context).lines == sale.lines


@pytest.mark.parametrize(
    ("limit", "totals"),
    [
        (Limit(per=Per.STORE, uses=2), [1199, 1199, 1299]),
        (Limit(per=Per.STORE, minor=150), [1199, 1249, 1299]),
        (Limit(per=Per.DAY, uses=1), [1199, 1299, 1299]),
    ],
)
async def test_a_budget_is_used_up_over_all_tills_of_the_store(tmp_path: Path, limit: Limit, totals: list[int]) -> None:
    async with opened_store(tmp_path, tills=2, books=books(limited(limit))) as store:
        assert [(await sell(store, till)).total_minor for till in ("t1", "t2", "t1")] == totals
        assert all(prices_again(sale, store) for sale in await sales(store))


async def test_a_day_s_budget_is_there_again_the_next_day(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(limited(Limit(per=Per.DAY, uses=1)))) as store:
        first = [(await sell(store)).total_minor for _ in range(2)]
        store.business.set(store.business.now_ms() + 86_400_000)
        assert [*first, (await sell(store)).total_minor] == [1199, 1299, 1199]


async def test_a_member_s_budget_is_counted_for_the_member_alone(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(limited(Limit(per=Per.MEMBER_DAY, uses=1)))) as store:
        store.members.known[CARD] = KnownMember(member=MEMBER, cards=[])
        totals = [(await sell(store, card=True)).total_minor for _ in range(2)]
        sale = (await sales(store))[-1]
        assert sale.pricing is not None
        assert sale.pricing.counters == [Counter("spend", Per.MEMBER_DAY, 1, 100)]
        assert totals[1] == totals[0] + 100
        assert (await sell(store)).total_minor == 1199


async def test_a_strict_budget_of_the_chain_is_refused_instead_of_guessed(tmp_path: Path) -> None:
    rules = [limited(Limit(per=Per.CHAIN, uses=1_000_000, strict=True))]
    async with opened_store(tmp_path, books=books(*rules)) as store:
        assert (await sell(store)).total_minor == 1299
        (sale,) = await sales(store)
        assert sale.pricing is not None
        assert sale.pricing.uncounted == [Per.CHAIN]


async def test_what_comes_back_is_free_again_once(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(limited(Limit(per=Per.STORE, uses=1, minor=100)))) as store:
        paid = await sell(store)
        assert (await sell(store)).total_minor == 1299
        till = store.till()
        await till.returns.take(paid.receipt, {1: 1})
        assert [(await sell(store)).total_minor for _ in range(2)] == [1199, 1299]


async def test_money_once_begun_holds_the_price_whatever_the_other_till_sells(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2, books=books(limited(Limit(per=Per.STORE, uses=1)))) as store:
        till = store.till("t1")
        await till.scan(MILK)
        begun = await till.tender(TenderKind.CASH, 500)
        assert isinstance(begun, PartlyPaid)
        # What a basket in payment is going to use is nobody else's: the budget is not overdrawn.
        assert (await sell(store, "t2")).total_minor == 1299
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == 1199
        assert all(prices_again(sale, store) for sale in await sales(store))


async def test_an_exchange_keeps_the_price_it_was_shown_with(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(limited(Limit(per=Per.STORE, uses=1)))) as store:
        paid = await sell(store)
        till = store.till()
        await till.scan(MILK)
        answer = await till.returns.exchange(paid.receipt, {1: 1})
        assert isinstance(answer, PartlyPaid), answer
        assert answer.due_minor == 100
        await till.tender(TenderKind.CASH)
        assert all(prices_again(sale, store) for sale in await sales(store))
        assert (await sell(store)).total_minor == 1199


def test_parts_that_come_back_give_back_the_whole_to_the_cent_and_the_use_with_the_last() -> None:
    rule = AmountOff(promotion="off", off_minor=100, each=Each.SCOPE, limits=[Limit(per=Per.STORE, uses=9)])
    book = make_price_book(promotions=[rule])
    sale = make_sale([("1001", 3)], book=book)
    db = sqlite3.connect(":memory:")
    db.executescript((files("edge_agent.schema") / "0001_initial.sql").read_text())
    priced = price_basket(
        [BasketLine(n=1, item="1001", quantity=3)], book, PricingContext(at_ms=sale.priced_ms, time_zone="UTC")
    )
    sale = msgspec.structs.replace(sale, lines=priced.lines)
    budgets.note_sale(db, sale, priced.outcomes, book.promotions())
    left = []
    for back in range(3):
        budgets.give_back(db, sale, {1: back}, [ReturnedLine(of_line=1, quantity=1, refund_minor=0)])
        left.append(db.execute("SELECT uses, minor FROM promotion_use").fetchone())
    assert left == [(1, 67), (1, 33), (0, 0)]


class Hq:
    """An HQ that reserves one coupon, or gives its answer."""

    def __init__(self, answer: AnyAnswer | None) -> None:
        self.answer = answer
        self.asked: list[AnyAsk] = []

    async def ask(self, _question: UUID, _till: str, body: AnyAsk) -> AnyAnswer | None:
        self.asked.append(body)
        return self.answer

    async def whose_card(self, _question: UUID, _till: str, _sealed: bytes) -> MemberFound | RefusedByHq | None:
        return None


RESERVED = CouponReserved(code=CODE, promotion="five", valid_until_ms=1, claimed_ms=9)


async def test_a_coupon_of_one_s_own_is_reserved_by_hq_and_stands_on_the_sale(tmp_path: Path) -> None:
    hq = Hq(RESERVED)
    async with opened_store(tmp_path, books=books(CouponOff(promotion="five", off_minor=500))) as store:
        till = store.till(hq=hq)
        await till.scan(MILK)
        taken = await till.take_coupon_code(f" {CODE[:4].lower()}-{CODE[4:]}")
        assert isinstance(taken, CouponTaken)
        assert (taken.code, taken.applied, taken.total_minor) == (CODE, True, 799)
        assert "5.00" in taken.says["en"]
        assert isinstance(hq.asked[0], AskCoupon)
        again = await till.take_coupon_code(CODE)
        assert isinstance(again, Refused)
        assert again.code == "coupon_twice_here"
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
    assert sale.pricing is not None
    assert sale.pricing.coupons == [Coupon(CODE, "five", 9)]
    assert [use.coupon for use in sale.promotions] == [CODE]


@pytest.mark.parametrize(
    ("answer", "text", "code"),
    [
        (RefusedByHq(code="coupon_used"), CODE, "coupon_used"),
        (RefusedByHq(code="coupon_not_yours"), CODE, "coupon_of_a_member"),
        (RefusedByHq(code="of_a_newer_head_office"), CODE, "coupon_refused"),
        (RefusedByHq(code="coupons_blocked"), CODE, "member_may_not_use_coupons"),
        (None, CODE, "coupon_unanswered"),
        (RESERVED, CODE[:-1] + ("0" if CODE[-1] != "0" else "1"), "coupon_misread"),
        (RESERVED, "", "coupon_code"),
    ],
)
async def test_a_coupon_that_cannot_be_taken_changes_nothing(
    tmp_path: Path, answer: AnyAnswer | None, text: str, code: str
) -> None:
    async with opened_store(tmp_path, books=books(CouponOff(promotion="five", off_minor=500))) as store:
        till = store.till(hq=Hq(answer))
        await till.scan(MILK)
        refused = await till.take_coupon_code(text)
        assert isinstance(refused, Refused)
        assert refused.code == code
        view = await till.view()
        assert isinstance(view, BasketView)
        assert view.due_minor == 1299


async def test_a_public_code_needs_nobody_and_can_be_taken_off_again(tmp_path: Path) -> None:
    rule = CouponOff(promotion="five", off_minor=500, issue=Issue.PUBLIC, code="RAIN5", need=Need(spend_minor=2_000))
    async with opened_store(tmp_path, books=books(rule)) as store:
        till = store.till()
        await till.scan(MILK)
        taken = await till.take_coupon_code("RAIN5")
        assert isinstance(taken, CouponTaken)
        assert not taken.applied
        assert "7.01" in taken.says["zh"]
        await till.scan(MILK)
        view = await till.view()
        assert view is not None
        assert view.due_minor == 2 * 1299 - 500
        back = await till.put_back_coupon("RAIN5")
        assert isinstance(back, CouponTaken)
        assert back.total_minor == 2 * 1299


async def test_the_customer_chooses_what_they_earned(tmp_path: Path) -> None:
    offer = BuyWithPurchase(
        promotion="add-on", scope=MILK_OFF, need=Need(spend_minor=1_000), offers=[Offer(item="1001", price_minor=100)]
    )
    async with opened_store(tmp_path, books=books(offer)) as store:
        till = store.till()
        await till.scan(MILK)
        found = await till.offers()
        assert not isinstance(found, Refused)
        assert [(one.promotion, [gift.item for gift in one.gifts]) for one in found] == [("add-on", ["1001"])]
        chosen = await till.choose("add-on", ["1001"])
        assert isinstance(chosen, OfferTaken)
        await till.scan(APPLES)
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
    assert sale.total_minor == 1299 + 100
    assert sale.pricing is not None
    assert [choice.items for choice in sale.pricing.choices] == [["1001"]]


async def test_what_costs_points_is_offered_beside_what_does_not_also_once_it_is_rung_up(tmp_path: Path) -> None:
    offers = [Offer(item="1001", price_minor=100), Offer(item="1002", price_minor=200, points=50)]
    offer = BuyWithPurchase(promotion="add-on", need=Need(spend_minor=1_000), offers=offers)
    near = CouponOff(promotion="near", off_minor=500, issue=Issue.PUBLIC, code="NEAR", need=Need(spend_minor=2_900))
    three = NForPrice(
        promotion="three", n=3, price_minor=2_000, names={"zh": "牛奶3件20元"}, scope=Scope(items=["1002"])
    )
    async with opened_store(tmp_path, books=books(offer, near, three)) as store:
        till = store.till()
        await till.scan(MILK)
        await till.scan(MILK)
        await till.take_coupon_code("NEAR")
        view = await till.view()
        assert view is not None
        assert view.to_choose == 1
        assert any(hint["zh"].startswith("牛奶3件20元：再买 1 件") for hint in view.hints), "what it is for is named"
        (coupon,) = view.coupons
        assert "再买" in coupon.why_not["zh"], "a coupon that takes nothing off says why"
        found = await till.offers()
        assert not isinstance(found, Refused)
        assert [(dict(one.terms), [gift.item for gift in one.gifts]) for one in found] == [
            ({"1001": (100, 0), "1002": (200, 50)}, ["1001", "1002"])
        ]


@pytest.mark.parametrize(
    ("promotion", "items", "code"), [("no", ["1001"], "offer_unknown"), ("g", ["x"], "offer_items")]
)
async def test_what_is_not_offered_cannot_be_chosen(
    tmp_path: Path, promotion: str, items: list[str], code: str
) -> None:
    async with opened_store(tmp_path, books=books(FreeGift(promotion="g", gifts=["1001"]))) as store:
        till = store.till()
        await till.scan(MILK)
        answer = await till.choose(promotion, items)
        assert isinstance(answer, Refused)
        assert answer.code == code


async def test_what_the_store_knows_of_a_member_prices_and_is_recorded(tmp_path: Path) -> None:
    rules = [
        PercentOff(promotion="families", off_bp=1_000, scope=MILK_OFF, who=Who(segments=["families"])),
        PercentOff(promotion="first", off_bp=5_000, scope=Scope(items=["1001"]), who=Who(purchases=[1])),
    ]
    async with opened_store(tmp_path, books=books(*rules)) as store:
        store.members.known[CARD] = KnownMember(
            member=MEMBER, cards=[], segments=["families"], birthday_month=5, purchases=0
        )
        till = store.till()
        await till.attach_card(CARD)
        await till.scan(MILK)
        await till.scan(APPLES)
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
    assert sale.pricing is not None
    assert (sale.pricing.segments, sale.pricing.birthday_month, sale.pricing.purchases) == (["families"], 5, 0)
    sources = {discount.source for line in sale.lines for discount in line.discounts}
    assert {"families", "first"} <= sources
    assert prices_again(sale, store)


async def test_a_count_of_purchases_never_goes_back_while_the_member_is_known(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:

        def step(purchases: int) -> MemberStep:
            known = KnownMember(member=MEMBER, cards=[b"x" * 16], purchases=purchases, segments=["a"], birthday_month=2)
            return MemberStep(agent="a", incarnation=new_id(), base=0, version=1, put=[known])

        def follow(db: sqlite3.Connection) -> list[object]:
            found: list[object] = []
            member_set.apply_step(db, step(3))
            member_set.note_purchase(db, MEMBER)
            for base, purchases in ((1, 3), (1, 5), (0, 4)):
                member_set.apply_step(db, msgspec.structs.replace(step(purchases), base=base))
                found.append(db.execute("SELECT purchases FROM member").fetchone()[0])
            return found

        assert await store.database.run(follow) == [4, 5, 4]
