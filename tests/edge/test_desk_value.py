"""Stored value at the service desk, till and HQ together: paid, in the drawer but no revenue, undone, given back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from edge_agent.receipt.compose import compose
from edge_agent.till.asks import ApprovalAsked
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.results import Refused, Reprinted
from edge_agent.till.service.results import Customer, Offer, UndoLeft, ValueBackNow, ValueSoldNow
from edge_agent.till.shifts.results import ShiftReport
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.value import TopUpCampaign
from shared.wire.desk_asks import CardReturnTaken
from shared.wire.events import TenderKind, ValuePaidBack, ValueSold
from shared.wire.wallet_asks import Wallet
from tests.cloud.test_value_desk import decide
from tests.edge.desk_hq import DeskStore, desk_store
from tests.edge.staffing import SUE
from tests.edge.tills import APPLES, CARD
from tests.edge.value_hq import Person, trust_clock
from tests.edge.value_tills import give_ahead

CAMPAIGN = TopUpCampaign(from_minor=10_000, gift_minor=1_000, starts=date(2025, 1, 1), ends=date(2030, 1, 1))
RULE = {"campaigns": [CAMPAIGN], "return_fee_minor": 250}


def ann(at: DeskStore) -> Customer:
    return Customer(key="ann", member=at.chain.ann, masked_name="A**")


async def offered(at: DeskStore, minor: int = 10_000) -> Offer:
    offer = await at.till.counter.offer(minor, customer=ann(at))
    assert isinstance(offer, Offer), offer
    return offer


async def sold(at: DeskStore, minor: int = 10_000, method: TenderKind = TenderKind.CASH) -> ValueSoldNow:
    answer = await at.till.counter.sell((await offered(at, minor)).id, method)
    assert isinstance(answer, ValueSoldNow), answer
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


async def report(at: DeskStore) -> ShiftReport:
    found = await at.till.drawer.x_report()
    assert isinstance(found, ShiftReport)
    return found


async def test_a_top_up_is_paid_with_change_and_is_no_revenue(tmp_path: Path) -> None:
    async with desk_store(tmp_path, rule=RULE, shifts="required", blind_count=False) as at:
        offer_closed = await at.till.counter.offer(10_000, customer=ann(at))
        assert code(offer_closed) == "shift_needed"
        await at.till.drawer.open(20_000)
        offer = await offered(at)
        assert (offer.gift_minor, offer.balance_minor) == (1_000, 11_000)
        first = await at.till.counter.sell(offer.id, TenderKind.CASH, 20_000)
        assert isinstance(first, ValueSoldNow)
        assert (first.minor, first.change_minor, first.balance_minor) == (10_000, 10_000, 11_000)
        assert await at.till.counter.sell(offer.id, TenderKind.CASH, 20_000) == first, "a second tap"
        (event,) = await at.events(ValueSold)
        assert isinstance(event, ValueSold)
        assert f"{event.receipt.series}-{event.receipt.number:06d}" == first.receipt
        totals = (await report(at)).totals
        assert (totals.sales, totals.sales_minor, totals.returns, totals.taxes) == (0, 0, 0, [])
        assert (totals.value_sold, totals.value_sold_minor) == (1, 10_000)
        assert totals.cash_expected_minor == 30_000
        assert (totals.first_receipt, totals.last_receipt) == (first.receipt, first.receipt)
        assert not await at.send()
        assert at.chain.purse() == (10_000, 1_000, 0)
        at.chain.prove()


async def test_its_receipt_says_what_the_card_holds(tmp_path: Path) -> None:
    async with desk_store(tmp_path, rule=RULE) as at:
        paid = await sold(at)
        document = await at.store.database.read(lambda db: compose(db, at.store.settings, at.store.books, paid.id, 0))
        text = to_text(lay_out(document, 42))
        copied = await at.till.reprint("")
        assert isinstance(copied, Reprinted)
        assert copied.receipt == paid.receipt
    for part in ("充值单", "100.00", "10.00", "110.00", "预付款项"):
        assert part in text, text
    assert "税率" not in text


async def test_what_cannot_be_is_refused_with_words(tmp_path: Path) -> None:
    async with desk_store(tmp_path, rule=RULE) as at:
        counter = at.till.counter
        assert code(await counter.offer(500_001, customer=ann(at))) == "hq_cap_exceeded"
        assert code(await counter.offer(100_001, gift_card="8800000009")) == "hq_cap_exceeded"
        offer = await offered(at)
        for method in (TenderKind.STORED_VALUE, TenderKind.GIFT_CARD, TenderKind.EXCHANGE):
            assert code(await counter.sell(offer.id, method)) == "value_by_value"
        for given in (9_999, -1):
            assert code(await counter.sell(offer.id, TenderKind.CASH, given)) == "value_amount"
        assert code(await counter.sell(offer.id, TenderKind.BANK_CARD, 10_001)) == "value_amount"
        assert code(await counter.sell(at.store.mint(), TenderKind.CASH)) == "value_offer_gone"
        await at.till.scan(APPLES)
        assert code(await counter.sell(offer.id, TenderKind.CASH)) == "basket_open"
        assert not await at.events(ValueSold)


async def test_a_gift_card_is_sold_by_its_number_alone(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        offer = await at.till.counter.offer(20_000, gift_card=CARD)
        assert isinstance(offer, Offer)
        assert offer.gift_card
        await at.till.counter.sell(offer.id, TenderKind.BANK_CARD)
        (event,) = await at.events(ValueSold)
        assert isinstance(event, ValueSold)
        assert event.holder.member is None
        assert CARD.encode() not in (tmp_path / "agent.db").read_bytes()
        assert not await at.send()
        assert at.chain.purse(at.chain.card(CARD)) == (20_000, 0, 0)


async def test_a_payment_that_nobody_knows_of_is_resolved_before_anything_else(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with desk_store(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        offer = await offered(at)
        gateway.mood = Mood.LOSE_REPLY
        assert code(await at.till.counter.sell(offer.id, TenderKind.WECHAT)) == "payment_unresolved"
        assert code(await at.till.counter.sell(offer.id, TenderKind.CASH)) == "payment_unresolved"
        assert isinstance(await at.till.scan(APPLES), Refused)
        gateway.mood = Mood.PAY
        again = at.open()
        resolved = await again.resolve_payments()
        assert isinstance(resolved, ValueSoldNow), resolved
        (event,) = await at.events(ValueSold)
        assert isinstance(event, ValueSold)
        assert [tender.method for tender in event.tenders] == [TenderKind.WECHAT]
        assert not await at.send()
        assert at.chain.purse() == (10_000, 0, 0)


class Refusing:
    """A payment service that takes money and gives none back."""

    def __init__(self, *, pays: bool = True) -> None:
        self.pays = pays

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        state = AttemptState.PAID if self.pays else AttemptState.REFUSED
        return PaymentOutcome(state, f"ref-{attempt.id.hex[:6]}")

    async def refund(self, _attempt: PaymentAttempt) -> PaymentOutcome:
        return PaymentOutcome(AttemptState.REFUSED)

    look_up = refund


async def test_a_payment_that_is_refused_leaves_the_offer_for_another_way(tmp_path: Path) -> None:
    async with desk_store(tmp_path, {TenderKind.ALIPAY: Refusing(pays=False)}) as at:
        offer = await offered(at)
        assert code(await at.till.counter.sell(offer.id, TenderKind.ALIPAY)) == "payment_refused"
        assert isinstance(await at.till.counter.sell(offer.id, TenderKind.CASH), ValueSoldNow)
        assert len(await at.events(ValueSold)) == 1


async def test_an_undone_top_up_is_approved_and_handed_back_once(tmp_path: Path) -> None:
    async with desk_store(tmp_path, people=True, rule=RULE, shifts="required") as at:
        await at.till.people.sign_in("anna", "2580")
        await at.till.drawer.open(0)
        paid, counter = await sold(at), at.till.counter
        asked = await counter.undo(paid.receipt, reason="")
        assert isinstance(asked, Refused)
        assert isinstance(asked.asks, ApprovalAsked)
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "hq_top_up_not_here"
        await at.send()
        at.hq.loses = True
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "value_undo_waits"
        assert [one.receipt for one in await counter.unfinished()] == [paid.receipt]
        assert at.chain.purse() == (0, 0, 0), "HQ has taken it back; its answer was lost"
        done = await counter.undo(paid.receipt, reason="")
        assert isinstance(done, ValueBackNow), done
        assert (done.minor, done.tenders[0].method) == (10_000, TenderKind.CASH)
        assert len(at.hq.undos()) == 2, "the first was refused for good; the second and its repeat are one"
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "value_paid_back"
        assert not await counter.unfinished()
        totals = (await at.events(ValuePaidBack))[0]
        assert isinstance(totals, ValuePaidBack)
        assert totals.approved_by == "sue"
        await at.till.drawer.count({1: 0})
        closed = await at.till.drawer.close()
        assert isinstance(closed, ShiftReport)
        assert (closed.totals.value_back, closed.totals.value_back_minor) == (1, 10_000)
        assert (closed.totals.returns, closed.totals.cash_expected_minor) == (0, 0)
        assert not await at.send()
        assert at.chain.purse() == (0, 0, 0)
        at.chain.prove()


async def test_an_undoing_that_hq_never_answers_is_finished_by_who_knows_the_answer(tmp_path: Path) -> None:
    async with desk_store(tmp_path, people=True) as at:
        await at.till.people.sign_in("anna", "2580")
        paid, counter = await sold(at), at.till.counter
        await at.send()
        at.hq.loses = True
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "value_undo_waits"
        at.hq.silent = True
        assert code(await counter.undo(paid.receipt, reason="", told=True)) == "approval_needed"
        assert code(await counter.leave_undo(paid.receipt)) == "approval_needed"
        assert await counter.leave_undo(paid.receipt, approve=SUE) == UndoLeft(paid.receipt)
        assert not await counter.unfinished(), "nothing stands in anybody's way"
        assert not await at.events(ValuePaidBack)
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "value_undo_waits"
        done = await counter.undo(paid.receipt, reason="", told=True, approve=SUE)
        assert isinstance(done, ValueBackNow), done
        assert done.minor == 10_000
        at.hq.silent = False
        assert len(at.hq.undos()) == 1, "one undoing, however often it was asked for"
        assert not await at.send()
        assert at.chain.purse() == (0, 0, 0)
        at.chain.prove()


async def test_an_undoing_believed_that_hq_never_heard_of_is_taken_with_its_money(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        paid, counter = await sold(at), at.till.counter
        await at.send()
        at.hq.silent = True
        assert code(await counter.undo(paid.receipt, reason="")) == "value_undo_waits"
        assert isinstance(await counter.undo(paid.receipt, reason="", told=True), ValueBackNow)
        assert code(await counter.leave_undo(paid.receipt)) == "no_such_payment"
        assert at.chain.purse() == (10_000, 0, 0)
        assert not await at.send()
        assert at.chain.purse() == (0, 0, 0)
        at.chain.prove()


async def test_what_is_spent_is_not_handed_back(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        paid = await sold(at)
        await at.send()
        at.chain.spend(500)
        assert code(await at.till.counter.undo(paid.receipt, reason="")) == "hq_value_gone"
        assert not await at.till.counter.unfinished()
        assert not await at.events(ValuePaidBack)


async def test_money_goes_back_the_way_it_came_or_in_cash_where_that_is_refused(tmp_path: Path) -> None:
    async with desk_store(tmp_path, {TenderKind.WECHAT: Refusing()}, people=True) as at:
        await at.till.people.sign_in("anna", "2580")
        paid = await sold(at, method=TenderKind.WECHAT)
        await at.send()
        counter = at.till.counter
        assert code(await counter.undo(paid.receipt, reason="", approve=SUE)) == "value_refund_refused"
        assert code(await counter.undo(paid.receipt, reason="")) == "value_refund_refused"
        assert code(await counter.undo(paid.receipt, reason="", in_cash=True)) == "approval_needed"
        done = await counter.undo(paid.receipt, reason="", in_cash=True, approve=SUE)
        assert isinstance(done, ValueBackNow)
        assert [tender.method for tender in done.tenders] == [TenderKind.CASH]
        assert len(await at.events(ValuePaidBack)) == 1


async def test_a_payment_service_gives_back_what_it_took(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with desk_store(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        paid = await sold(at, method=TenderKind.WECHAT)
        await at.send()
        done = await at.till.counter.undo(paid.receipt, reason="")
        assert isinstance(done, ValueBackNow), done
        assert [tender.method for tender in done.tenders] == [TenderKind.WECHAT]
        assert not await at.send()


async def test_a_returned_card_is_paid_out_once_and_no_refusal_tells_what_is_in_the_drawer(tmp_path: Path) -> None:
    async with desk_store(tmp_path, rule=RULE, people=True, shifts="required") as at:
        await at.till.people.sign_in("anna", "2580")
        await at.till.drawer.open(0)
        await sold(at, method=TenderKind.BANK_CARD)
        await at.send()
        counter = at.till.counter
        applied = await counter.apply_return(ann(at), "moving")
        assert isinstance(applied, CardReturnTaken)
        assert (applied.minor, applied.fee_minor, applied.forfeited_minor) == (9_750, 250, 1_000)
        assert code(await counter.due(ann(at))) == "hq_return_waits"
        decide(at.chain, applied)
        due = await counter.due(ann(at))
        assert isinstance(due, CardReturnTaken)
        assert code(await counter.pay_out(due)) == "approval_needed"
        paid = await counter.pay_out(due, approve=SUE)
        assert isinstance(paid, ValueBackNow), paid
        assert paid.minor == 9_750
        await at.till.drawer.count({1: 0})
        closed = await at.till.drawer.close()
        assert isinstance(closed, ShiftReport)
        assert closed.totals.cash_expected_minor == -9_750, "more than the float went out: the count has the difference"
        await at.till.drawer.open(0)
        assert code(await counter.pay_out(due, approve=SUE)) == "value_paid_back"
        assert not await at.send()
        assert code(await counter.due(ann(at))) == "hq_return_paid"
        at.chain.prove()


async def test_an_answer_after_the_close_makes_the_next_z_report(tmp_path: Path) -> None:
    gateway: Any = SimulatedGateway()
    async with desk_store(tmp_path, {TenderKind.WECHAT: gateway}, shifts="required") as at:
        await at.till.drawer.open(0)
        offer = await offered(at)
        gateway.mood = Mood.LOSE_REPLY
        await at.till.counter.sell(offer.id, TenderKind.WECHAT)
        await at.till.drawer.count({1: 0})
        closed = await at.till.drawer.close()
        assert isinstance(closed, ShiftReport), closed
        assert (closed.unresolved, closed.totals.value_sold) == (1, 0)
        gateway.mood = Mood.PAY
        assert isinstance(await at.till.resolve_payments(), ValueSoldNow)
        again = await at.till.drawer.z_report(closed.shift)
        assert isinstance(again, ShiftReport)
        assert (again.version, again.totals.value_sold_minor) == (2, 10_000)


async def test_the_desk_counts_what_the_store_was_given_ahead_as_the_members(tmp_path: Path) -> None:
    """At HQ an allowance is out of the balance: a member whose points all lie in one has not lost them."""
    async with desk_store(tmp_path, rule=RULE) as at:
        told = await at.till.desk.balance(ann(at))
        assert isinstance(told, Wallet)
        await trust_clock(at.store)
        await give_ahead(at.store, Person("Ann", "", id=at.chain.ann), points=70, money=2_500)
        now = await at.till.desk.balance(ann(at))
        assert isinstance(now, Wallet)
        assert (now.points - told.points, now.value_minor - told.value_minor) == (70, 2_500)
