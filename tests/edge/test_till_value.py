"""Members' value at real tills on a real disk: points, stored value, gift cards; holds that end or are let go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge_agent.till.membership.results import PointsUsed, PointsView, WalletView
from edge_agent.till.results import Paid, PartlyPaid, Refused
from edge_agent.till.simulated_gateway import SimulatedGateway
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase, Offer
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.pricing.promotion import Need
from shared.value import POINTS
from shared.wire.events import TenderKind, decode_event
from tests.edge.tills import APPLES, CARD, MILK, Store
from tests.edge.value_hq import GIFT_CARD
from tests.edge.value_tills import (
    CODE,
    POINTS_RULE,
    give_ahead,
    is_stored,
    last_sale,
    ring,
    selling,
    shown,
    till_of,
    wait_too_long,
    wang,
)
from tests.factories import START_MS, new_id


async def test_points_pay_by_the_rule_s_step_and_cap_and_stand_on_the_sale(tmp_path: Path) -> None:
    who = wang()
    async with selling(tmp_path, who) as (store, till, hq):
        await ring(till, CARD, MILK)
        view = await till.value.points()
        assert isinstance(view, PointsView), view
        assert (view.points, view.by_hq, view.most_points, view.most_minor) == (1_000, True, 600, 600)
        used = await till.value.use_points(250)
        assert used == PointsUsed(200, 200, 1_099)
        assert hq.aside(POINTS) == 200
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        sale = await last_sale(store)
        assert sale.total_minor == 1_099
        assert [use.spent_points for use in sale.promotions] == [200]
        assert sale.pricing is not None
        assert sale.pricing.points is not None
        assert sale.pricing.points.may_spend == 200


async def test_points_of_another_number_take_the_place_of_those_before(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(points=500)) as (_store, till, hq):
        await ring(till, CARD, MILK)
        assert isinstance(await till.value.use_points(400), PointsUsed)
        assert isinstance(await till.value.use_points(300), PointsUsed)
        assert hq.aside(POINTS) == 300
        await till.value.put_back_points()
        await till.releases.step()
        assert hq.aside(POINTS) == 0
        assert (await shown(till)).priced.total_minor == 1_299


@pytest.mark.parametrize(
    ("points", "asked", "code"),
    [(50, 50, "points_too_few"), (1_000, 0, "points_too_few"), (200, 500, "points_refused")],
)
async def test_points_that_cannot_pay_say_why(tmp_path: Path, points: int, asked: int, code: str) -> None:
    async with selling(tmp_path, wang(points=points)) as (_store, till, hq):
        await ring(till, CARD, MILK)
        answer = await till.value.use_points(asked)
        assert isinstance(answer, Refused)
        assert answer.code == code
        assert (hq.aside(POINTS), (await shown(till)).priced.total_minor) == (0, 1_299)


async def test_points_below_the_smallest_order_are_not_spent(tmp_path: Path) -> None:
    rule = PointsRedemption(promotion="pts", need=Need(spend_minor=5_000))
    async with selling(tmp_path, wang(), rules=(rule,)) as (_store, till, _hq):
        await ring(till, CARD, MILK)
        view = await till.value.points()
        assert isinstance(view, PointsView | Refused)
        assert isinstance(view, Refused) or (view.most_points, view.least_minor) == (0, 5_000)


async def test_offline_points_come_out_of_what_was_given_ahead_and_no_further(tmp_path: Path) -> None:
    who = wang()
    async with selling(tmp_path, who) as (store, till, hq):
        await give_ahead(store, who, points=300)
        hq.online = False
        await ring(till, CARD, MILK)
        view = await till.value.points()
        assert isinstance(view, PointsView)
        assert (view.points, view.by_hq) == (300, False)
        assert await till.value.use_points(200) == PointsUsed(200, 200, 1_099, ahead=True)
        too_many = await till.value.use_points(400)
        assert isinstance(too_many, Refused)
        assert too_many.code == "points_offline"
        await till.value.use_points(200)
        await till.tender(TenderKind.CASH)
        assert len((await last_sale(store)).holds) == 1


async def test_hq_has_too_little_because_this_store_was_given_it_ahead(tmp_path: Path) -> None:
    who = wang(money=1_500)
    async with selling(tmp_path, who) as (store, till, hq):
        await give_ahead(store, who, money=1_000)
        await ring(till, CARD, MILK)
        wallet = await till.members.wallet()
        assert isinstance(wallet, WalletView)
        assert wallet.value_minor == 1_500
        assert isinstance(await till.tender(TenderKind.STORED_VALUE, 1_299), Paid)
        assert hq.aside() == 299
        sale = await last_sale(store)
        assert [(one.method, one.minor) for one in sale.tenders] == [(TenderKind.STORED_VALUE, 1_299)]
        assert len(sale.holds) == 1


async def test_till_that_asked_for_too_many_balances_is_told_so_and_goes_on_selling(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(), gift_cards={GIFT_CARD: 300}) as (_store, till, hq):
        await ring(till, CARD, MILK)
        hq.wallet_looks = False
        answer = await till.members.wallet(GIFT_CARD)
        assert isinstance(answer, Refused)
        assert answer.code == "wallet_looks"
        assert answer.words.en.startswith("This till has asked for too many balances")
        assert "过多" in answer.words.zh
        assert isinstance(await till.tender(TenderKind.STORED_VALUE), Paid)


async def test_stored_value_gift_card_and_cash_share_a_bill(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(), gift_cards={GIFT_CARD: 300}) as (store, till, hq):
        await ring(till, CARD, MILK)
        assert await till.tender(TenderKind.STORED_VALUE, 500) == PartlyPaid((await shown(till)).basket, 799)
        card = await till.members.wallet(GIFT_CARD)
        assert isinstance(card, WalletView)
        assert (card.value_minor, card.named) == (300, False)
        assert isinstance(await till.tender(TenderKind.GIFT_CARD, 300, code=GIFT_CARD), PartlyPaid)
        paid = await till.tender(TenderKind.CASH, 1_000)
        assert isinstance(paid, Paid)
        assert paid.change_minor == 501
        assert (hq.aside(), len(hq.held)) == (800, 2)
        content = (await last_sale(store)).tenders
        assert [one.method for one in content] == [TenderKind.STORED_VALUE, TenderKind.GIFT_CARD, TenderKind.CASH]


async def test_p7_a_gift_card_s_number_is_on_the_disk_only_sealed(tmp_path: Path) -> None:
    async with selling(tmp_path, gift_cards={GIFT_CARD: 9_000}) as (_store, till, _hq):
        await ring(till, MILK)
        await till.tender(TenderKind.GIFT_CARD, 100, code=GIFT_CARD)
        await till.tender(TenderKind.CASH)
    assert not is_stored(tmp_path, GIFT_CARD)
    assert is_stored(tmp_path, "gift_card")


@pytest.mark.parametrize(
    ("money", "online", "code"),
    [(100, True, "value_insufficient"), (9_000, False, "value_offline")],
)
async def test_stored_value_that_cannot_pay_says_what_to_do(
    tmp_path: Path, money: int, online: bool, code: str
) -> None:
    async with selling(tmp_path, wang(money=money)) as (_store, till, hq):
        hq.online = online
        await ring(till, CARD, MILK)
        answer = await till.tender(TenderKind.STORED_VALUE, 1_299)
        assert isinstance(answer, Refused)
        assert answer.code == code
        hq.online = True
        await till.releases.step()
        assert hq.aside() == 0
        assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_an_answer_lost_on_its_way_leaves_nothing_aside(tmp_path: Path) -> None:
    async with selling(tmp_path, wang()) as (_store, till, hq):
        await ring(till, CARD, MILK)
        hq.lost_answers = 1
        answer = await till.tender(TenderKind.STORED_VALUE, 1_299)
        assert isinstance(answer, Refused)
        assert hq.aside() == 1_299
        await till.releases.step()
        assert hq.aside() == 0


async def test_money_handed_back_and_a_basket_given_up_let_everything_go(tmp_path: Path) -> None:
    who = wang(coupons={CODE: "off"})
    rules = (POINTS_RULE, CouponOff(promotion="off", off_minor=100))
    async with selling(tmp_path, who, rules=rules) as (_store, till, hq):
        await ring(till, CARD, MILK)
        await till.take_coupon_code(CODE)
        await till.value.use_points(200)
        await till.tender(TenderKind.STORED_VALUE, 500)
        assert (hq.aside(), hq.aside(POINTS), list(hq.reserved)) == (500, 200, [CODE])
        await till.take_back_tenders()
        await till.releases.step()
        assert (hq.aside(), hq.aside(POINTS), list(hq.reserved)) == (0, 200, [CODE])
        hq.online = False
        await till.void_basket()
        assert await till.releases.step() == 1
        hq.online = True
        assert await till.releases.step() == 0
        assert (hq.held, hq.reserved) == ({}, {})


async def test_a_coupon_taken_off_is_free_for_another_till_at_once(tmp_path: Path) -> None:
    who = wang(coupons={CODE: "off"})
    rules = (CouponOff(promotion="off", off_minor=100),)
    async with selling(tmp_path, who, rules=rules, tills=2) as (store, till, hq):
        await ring(till, CARD, MILK)
        await till.take_coupon_code(CODE)
        other = till_of(store, hq, "t2")
        await ring(other, CARD, MILK)
        assert isinstance(await other.take_coupon_code(CODE), Refused)
        await till.put_back_coupon(CODE)
        await till.releases.step()
        assert not isinstance(await other.take_coupon_code(CODE), Refused)


async def test_what_was_set_aside_too_long_is_asked_for_anew_before_the_sale_is_made(tmp_path: Path) -> None:
    who = wang(points=200, money=500, coupons={CODE: "off"})
    rules = (POINTS_RULE, CouponOff(promotion="off", off_minor=100))
    async with selling(tmp_path, who, rules=rules) as (store, till, hq):
        await ring(till, CARD, MILK)
        await till.take_coupon_code(CODE)
        await till.value.use_points(200)
        await till.tender(TenderKind.STORED_VALUE, 500)
        before = set(hq.held)
        await wait_too_long(store)
        await till.releases.step()
        assert hq.held == {}
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == 1_299 - 100 - 200
        assert (hq.aside(), hq.aside(POINTS), before & set(hq.held)) == (500, 200, set())
        tender = (await last_sale(store)).tenders[0]
        assert tender.attempt in hq.held


async def test_what_cannot_be_set_aside_again_comes_off_and_is_still_to_pay(tmp_path: Path) -> None:
    async with selling(tmp_path, wang()) as (store, till, hq):
        await ring(till, CARD, MILK)
        await till.value.use_points(200)
        await till.tender(TenderKind.STORED_VALUE, 500)
        await wait_too_long(store)
        hq.online = False
        answer = await till.tender(TenderKind.CASH)
        assert isinstance(answer, Refused)
        assert answer.code == "hold_ended"
        view = await shown(till)
        assert (view.priced.total_minor, view.paid_minor, view.tenders) == (1_299, 0, ())
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == 1_299


async def test_money_that_moved_meanwhile_is_kept_and_the_sale_made_once_the_rest_is_aside(tmp_path: Path) -> None:
    service = SimulatedGateway()
    async with selling(tmp_path, wang(), others=service) as (store, till, hq):
        await ring(till, CARD, MILK)
        await till.tender(TenderKind.STORED_VALUE, 500)
        paying = service.pay

        async def slow(attempt):  # type: ignore[no-untyped-def]
            await wait_too_long(store)
            return await paying(attempt)

        service.pay = slow  # type: ignore[method-assign]
        paid = await till.tender(TenderKind.WECHAT, 799)
        assert isinstance(paid, Paid), paid
        sale = await last_sale(store)
        assert [(one.method, one.minor) for one in sale.tenders] == [
            (TenderKind.STORED_VALUE, 500),
            (TenderKind.WECHAT, 799),
        ]
        assert set(hq.held) == {sale.tenders[0].attempt}


async def test_p1_a_restart_between_hold_and_payment_goes_on_with_both(tmp_path: Path) -> None:
    who = wang()
    async with selling(tmp_path, who) as (_store, till, _hq):
        await ring(till, CARD, MILK)
        await till.value.use_points(200)
        await till.tender(TenderKind.STORED_VALUE, 500)
    async with selling(tmp_path, who) as (_store, till, _hq):
        view = await shown(till)
        assert (view.due_minor, view.paid_minor, view.priced.total_minor) == (599, 500, 1_099)
        assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_a_restart_while_hq_was_asked_lets_go_and_asks_again(tmp_path: Path) -> None:
    who = wang()
    async with selling(tmp_path, who) as (store, till, hq):
        await ring(till, CARD, MILK)
        held_back: Callable[..., Awaitable[object]] = hq.ask

        async def dies(question, till_name, body):  # type: ignore[no-untyped-def]
            await held_back(question, till_name, body)
            raise ConnectionError

        hq.ask = dies  # type: ignore[method-assign]
        with pytest.raises(ConnectionError):
            await till._money._gateways[TenderKind.STORED_VALUE].pay(await _asked_attempt(store))
        assert hq.aside() == 1_299
        hq.ask = held_back  # type: ignore[assignment]
        assert isinstance(await till.tender(TenderKind.CASH), Refused)
        resolved = await till.resolve_payments()
        assert isinstance(resolved, Refused)
        assert resolved.code == "value_given_up"
        assert hq.aside() == 0
        assert isinstance(await till.tender(TenderKind.STORED_VALUE), Paid)


async def _asked_attempt(store: Store):  # type: ignore[no-untyped-def]
    from edge_agent.till import attempts, baskets  # noqa: PLC0415
    from edge_agent.till.ports import PaymentAttempt  # noqa: PLC0415

    def put(db):  # type: ignore[no-untyped-def]
        basket = baskets.load_open(db, "t1")
        assert basket is not None
        attempt = PaymentAttempt(new_id(), basket.id, "t1", TenderKind.STORED_VALUE, 1_299, START_MS, cashier="c1")
        attempts.store(db, attempt)
        return attempt

    return await store.database.run(put)


async def test_an_item_for_points_and_money_sets_the_points_aside(tmp_path: Path) -> None:
    deal = BuyWithPurchase(promotion="deal", offers=[Offer(item="1001", price_minor=100, points=300)])
    async with selling(tmp_path, wang(), rules=(deal,)) as (store, till, hq):
        await ring(till, CARD, MILK, APPLES)
        await till.choose("deal", ["1001"])
        used = await till.value.use_points()
        assert isinstance(used, PointsUsed), used
        assert hq.aside(POINTS) == 300
        assert (await shown(till)).priced.total_minor == 1_299 + 100
        await till.tender(TenderKind.CASH)
        assert sum(use.spent_points for use in (await last_sale(store)).promotions) == 300


async def test_a_return_of_stored_value_goes_back_to_it_without_asking(tmp_path: Path) -> None:
    async with selling(tmp_path, wang()) as (store, till, hq):
        await ring(till, CARD, MILK)
        paid = await till.tender(TenderKind.STORED_VALUE)
        assert isinstance(paid, Paid)
        asked = len(hq.asked)
        hq.online = False
        back = await till.returns.take(paid.receipt, {1: 1})
        assert not isinstance(back, Refused)
        rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
        event = decode_event(rows[-1][0])
        (tender,) = event.tenders  # type: ignore[union-attr]
        assert (tender.method, {tender.attempt}) == (TenderKind.STORED_VALUE, set(hq.held))
        assert len(hq.asked) == asked


async def test_practice_asks_nobody(tmp_path: Path) -> None:
    async with selling(tmp_path, wang()) as (_store, till, hq):
        await till.people.practise(on=True)
        await ring(till, CARD, MILK)
        assert isinstance(await till.value.use_points(100), Refused)
        assert isinstance(await till.tender(TenderKind.STORED_VALUE), Paid)
        assert hq.asked == []
