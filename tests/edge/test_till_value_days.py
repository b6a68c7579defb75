"""Many small days of a till at random: HQ comes and goes, time passes, power is cut; value is never spent unheld."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge_agent.till.results import Paid
from edge_agent.till.till import Till
from shared.pricing.kinds.coupon_off import CouponOff
from shared.value import ALLOWANCE_MARGIN_MS, POINTS
from shared.wire.events import SaleCompleted, TenderKind
from tests.edge.test_till_offers import books, sales
from tests.edge.tills import APPLES, CARD, MILK, Store, opened_store
from tests.edge.value_hq import HOLD_MS, ValueHq, trust_clock
from tests.edge.value_tills import CODE, POINTS_RULE, till_of, wang

ACTS = 120
RULES = (POINTS_RULE, CouponOff(promotion="off", off_minor=50))


def settle(hq: ValueHq, sale: SaleCompleted) -> None:
    """Take a sale in as HQ does: what it spent was set aside for it, and still is at this moment."""
    now_ms, spent = hq.clock.wall_ms(), {POINTS: 0, "CNY": 0}
    spent[POINTS] = sum(use.spent_points for use in sale.promotions)
    for tender in sale.tenders:
        if tender.method is TenderKind.STORED_VALUE:
            spent["CNY"] += tender.minor
            assert tender.attempt in hq.held, "a sale was paid with value that nobody held"
    for unit, amount in spent.items():
        held = [one for one in hq.held.values() if (one.basket, one.unit) == (sale.id, unit)]
        assert sum(one.amount for one in held) >= amount, unit
        assert all(now_ms < one.until_ms - ALLOWANCE_MARGIN_MS for one in held) or not amount
    hq.held = {key: one for key, one in hq.held.items() if one.basket != sale.id}
    hq.reserved = {code: basket for code, basket in hq.reserved.items() if basket != sale.id}
    hq.people[0].money -= spent["CNY"]
    hq.people[0].points -= spent[POINTS]


def acts(chance: random.Random, till: Till) -> list[Callable[[], Awaitable[object]]]:
    """Return what somebody at the till may do now, sensible or not."""
    return [
        lambda: till.scan(chance.choice([APPLES, MILK])),
        lambda: till.scan(CARD),
        lambda: till.scan(CARD),
        lambda: till.value.use_points(100),
        lambda: till.value.use_points(chance.choice([100, 300, 5_000])),
        lambda: till.tender(TenderKind.STORED_VALUE, chance.choice([100, 700, 90_000])),
        lambda: till.tender(TenderKind.STORED_VALUE, 100),
        lambda: till.tender(TenderKind.CASH),
        till.take_back_tenders,
        lambda: till.take_coupon_code(CODE),
        till.void_basket,
        till.members.put_back,
        till.releases.step,
    ]


async def fate(chance: random.Random, hq: ValueHq, store: Store) -> None:
    """Let HQ go or come, an answer get lost, or time pass."""
    hq.online, hq.lost_answers = chance.random() < 0.8, int(chance.random() < 0.1)
    if chance.random() < 0.6:
        store.machine.advance(chance.choice([30_000, HOLD_MS // 2, HOLD_MS]))
        await trust_clock(store)


@pytest.mark.parametrize("seed", range(6))
async def test_p5_value_is_never_spent_unless_it_is_set_aside_and_never_stays_so_for_nothing(
    tmp_path: Path, seed: int
) -> None:
    chance, known = random.Random(seed), 0
    async with opened_store(tmp_path, books=books(*RULES)) as store:
        hq = ValueHq(store.machine, wang(points=100_000, money=100_000, coupons={CODE: "off"}))
        await trust_clock(store)
        till = till_of(store, hq)
        for _ in range(ACTS):
            if chance.random() < 0.2:
                await fate(chance, hq, store)
            answer = await chance.choice(acts(chance, till))()
            made = await sales(store) if isinstance(answer, Paid) else []
            for sale in made[known:]:  # a second tap names the sale made by the first
                settle(hq, sale)
            known = max(known, len(made))
            if chance.random() < 0.1:
                till = till_of(store, hq)  # the agent went and came back: nothing but the disk remembers
        hq.online, hq.lost_answers = True, 0
        await till.take_back_tenders()
        await till.void_basket()
        assert await till.releases.step() == 0
        assert hq.held == {}, "something stayed aside for nothing"
