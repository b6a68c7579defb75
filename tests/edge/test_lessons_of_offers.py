"""What others' tills got wrong about offers and their returns; the numbers are those of docs/lessons.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.till.results import BasketView, Paid
from edge_agent.till.returning.results import Returned, ReturnView
from edge_agent.till.selling.results import CouponTaken
from edge_agent.till.till import Till
from shared.money import tax_included
from shared.pricing import AnyPromotion, Per
from shared.pricing.kinds import BundlePrice, CouponOff, OrderPercent, SpendAndGet
from shared.pricing.kinds.bundle_price import Part
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Limit, Need
from shared.pricing.scope import Scope
from shared.wire.events import SaleReturned, TenderKind
from tests.edge.test_till import events
from tests.edge.test_till_offers import CODE, RESERVED, Hq, books, sales
from tests.edge.tills import APPLES, MILK, opened_store

TENTH_FROM_30 = OrderPercent(promotion="tenth", off_bp=1_000, need=Need(spend_minor=3_000))


async def paid(till: Till, *texts: str) -> Paid:
    for text in texts:
        await till.scan(text)
    answer = await till.tender(TenderKind.CASH)
    assert isinstance(answer, Paid), answer
    return answer


async def back(till: Till, receipt: str, *pieces: tuple[int, int]) -> list[int]:
    """Return some of a receipt, one part after another; say what each was worth."""
    found = []
    for line, quantity in pieces:
        answer = await till.returns.take(receipt, {line: quantity})
        assert isinstance(answer, Returned), answer
        found.append(answer.total_minor)
    return found


async def test_t27_a_coupon_is_tried_anew_at_every_change_and_at_payment(tmp_path: Path) -> None:
    rule = CouponOff(promotion="five", off_minor=500, need=Need(spend_minor=2_000))
    hq = Hq(RESERVED)
    async with opened_store(tmp_path, books=books(rule)) as store:
        till = store.till(hq=hq)
        await till.scan(f"2*{MILK}")
        taken = await till.take_coupon_code(CODE)
        assert isinstance(taken, CouponTaken)
        assert (taken.applied, taken.total_minor) == (True, 2 * 1299 - 500)
        await till.scan(APPLES)
        await till.void_line(1)
        view = await till.view()
        assert isinstance(view, BasketView)
        assert view.due_minor == 500, "with the goods goes the coupon"
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
    assert (sale.total_minor, [use.coupon for use in sale.promotions if use.coupon]) == (500, [])


@pytest.mark.parametrize(
    ("rule", "price", "parts", "worth"),
    [
        # 3.00 off six pieces of 5.00 each: 27.00 for six, 4.50 a piece, also for the one that is kept.
        (TENTH_FROM_30, 2_700, [(1, 5), (1, 1)], [2_250, 450]),
        (TENTH_FROM_30, 2_700, [(1, 1)] * 6, [450] * 6),
        # 1.00 off all six does not divide: each part is rounded, and the last one settles.
        (
            SpendAndGet(promotion="s", steps=[Step(at_minor=3_000, off_minor=100)]),
            2_900,
            [(1, 1)] * 6,
            [483, 484, 483, 483, 484, 483],
        ),
        (CouponOff(promotion="five", off_minor=500), 2_500, [(1, 2), (1, 4)], [833, 1_667]),
    ],
)
async def test_t44_a_return_gives_back_its_share_of_what_was_paid_and_no_price_is_made_anew(
    tmp_path: Path, rule: AnyPromotion, price: int, parts: list[tuple[int, int]], worth: list[int]
) -> None:
    async with opened_store(tmp_path, books=books(rule)) as store:
        till = store.till(hq=Hq(RESERVED))
        await till.scan(f"6*{APPLES}")
        if isinstance(rule, CouponOff):
            await till.take_coupon_code(CODE)
        bought = await paid(till)
        assert bought.total_minor == price
        assert await back(till, bought.receipt, *parts) == worth
        assert sum(worth) == price


async def test_t44_who_wants_the_rest_at_its_own_price_takes_all_back_and_sells_it_anew(tmp_path: Path) -> None:
    """Five of six come back as an exchange of all six for one, which no longer reaches the offer."""
    async with opened_store(tmp_path, books=books(TENTH_FROM_30)) as store:
        till = store.till()
        bought = await paid(till, f"6*{APPLES}")
        await till.scan(APPLES)
        done = await till.returns.exchange(bought.receipt)
        assert isinstance(done, Paid)
        gone = [one for one in await events(store) if isinstance(one, SaleReturned)][-1]
        handed = [one.minor for one in gone.tenders if one.method == TenderKind.CASH]
        assert (done.total_minor, handed) == (500, [2_200])


async def test_t46_parts_of_a_bundle_inherit_its_price_and_are_discounted_once(tmp_path: Path) -> None:
    parts = [Part(scope=Scope(items=["1001"]), quantity=2), Part(scope=Scope(items=["1002"]))]
    rules: list[AnyPromotion] = [BundlePrice(promotion="set", parts=parts, price_minor=1_999), TENTH_FROM_30]
    async with opened_store(tmp_path, books=books(*rules)) as store:
        till = store.till()
        bought = await paid(till, f"2*{APPLES}", MILK)
        assert bought.total_minor == 1_999
        worth = await back(till, bought.receipt, (2, 1), (1, 1), (1, 1))
        assert sum(worth) == 1_999
        assert max(worth) < 1_299, "each part for its share of the bundle, none at its own price"
        assert not isinstance(await till.returns.find(bought.receipt), ReturnView)


async def test_t12_one_discount_over_goods_of_two_tax_rates_is_one_and_its_parts_add_up(tmp_path: Path) -> None:
    once = [Limit(per=Per.STORE, uses=1)]
    rule = SpendAndGet(promotion="spend", steps=[Step(at_minor=1_000, off_minor=1_001)], limits=once)
    async with opened_store(tmp_path, books=books(rule)) as store:
        await paid(store.till(), APPLES, MILK, "1004")
        (sale,) = await sales(store)
    taken = {line.item: sum(one.minor for one in line.discounts) for line in sale.lines}
    assert len({line.tax_rate_bp for line in sale.lines}) == 2
    assert (sum(taken.values()), min(taken.values()) > 0) == (1_001, True), "one use of the budget, over all lines"
    assert {one.source for line in sale.lines for one in line.discounts} == {"spend"}
    for line in sale.lines:
        assert line.tax_minor == tax_included(line.net_minor, line.tax_rate_bp), "of what is paid, line by line"
