"""Payments by a gateway: on the disk before it is asked, settled once, before anything else at that till."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.results import LineAdded, NothingUnresolved, Paid, PartlyPaid, Refused
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.till import Till
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from tests.edge.tills import APPLES, MILK, Store, opened_store
from tests.factories import new_id

WECHAT = TenderKind.WECHAT


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        yield store


def by_gateway(store: Store, gateway: object, *, till: str = "t1", seconds: float = 60.0) -> Till:
    return store.till(till, {WECHAT: gateway}, seconds)  # type: ignore[dict-item]


async def last_sale(store: Store) -> SaleCompleted:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n DESC").fetchone())
    event = decode_event(rows[0])
    assert isinstance(event, SaleCompleted)
    return event


def code_of(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


class Watching(SimulatedGateway):
    """Looks at the disk when it is asked."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.states: list[str] = []

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        rows = await self.store.database.read(lambda db: db.execute("SELECT id, state FROM payment_attempt").fetchall())
        assert [key for key, _state in rows] == [attempt.id.bytes]
        self.states = [state for _key, state in rows]
        return await super().pay(attempt)


async def test_p1_an_attempt_is_on_the_disk_before_the_gateway_is_asked(store: Store) -> None:
    gateway = Watching(store)
    till = by_gateway(store, gateway)
    await till.scan(APPLES)
    paid = await till.tender(WECHAT)
    assert isinstance(paid, Paid)
    assert gateway.states == ["asked"]
    (tender,) = (await last_sale(store)).tenders
    assert tender.attempt in gateway.taken
    assert tender.reference == gateway.taken[tender.attempt].reference


async def test_a_refused_payment_leaves_the_basket_as_it_was(store: Store) -> None:
    till = by_gateway(store, SimulatedGateway(Mood.REFUSE))
    await till.scan(APPLES)
    assert code_of(await till.tender(WECHAT)) == "payment_refused"
    assert isinstance(await till.scan(MILK), LineAdded)
    assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_cash_and_a_gateway_share_a_bill(store: Store) -> None:
    till = by_gateway(store, SimulatedGateway())
    await till.scan(MILK)
    part = await till.tender(WECHAT, 1000)
    assert isinstance(part, PartlyPaid)
    assert part.due_minor == 299
    assert code_of(await till.take_back_tenders()) == "payment_by_gateway"
    assert code_of(await till.tender(WECHAT, 300)) == "tender_too_much"
    paid = await till.tender(TenderKind.CASH, 500)
    assert isinstance(paid, Paid)
    assert paid.change_minor == 201


async def test_p1_a_lost_reply_is_resolved_before_anything_else(tmp_path: Path) -> None:
    gateway = SimulatedGateway(Mood.LOSE_REPLY)
    async with opened_store(tmp_path, tills=2) as store:
        till = by_gateway(store, gateway)
        await till.scan(APPLES)
        assert code_of(await till.tender(WECHAT)) == "payment_unresolved"
    async with opened_store(tmp_path, tills=2, seed=2) as store:
        till = by_gateway(store, gateway)
        for answer in (
            await till.scan(MILK),
            await till.tender(TenderKind.CASH),
            await till.void_basket(),
            await till.begin(),
        ):
            assert code_of(answer) == "payment_unresolved"
        assert isinstance(await by_gateway(store, gateway, till="t2").scan(MILK), LineAdded)
        paid = await till.resolve_payments()
        assert isinstance(paid, Paid)
        assert len(gateway.taken) == 1
        assert isinstance(await till.resolve_payments(), NothingUnresolved)
        assert await till.tender(WECHAT, basket=paid.sale) == paid
        assert isinstance(await till.scan(MILK), LineAdded)


async def test_a_question_that_never_arrived_is_refused_for_good(store: Store) -> None:
    gateway = SimulatedGateway(Mood.NEVER_ARRIVES)
    till = by_gateway(store, gateway)
    await till.scan(APPLES)
    assert code_of(await till.tender(WECHAT)) == "payment_unresolved"
    assert code_of(await till.resolve_payments()) == "payment_refused"
    gateway.mood = Mood.PAY
    assert isinstance(await till.tender(WECHAT), Paid)


async def test_a_slow_gateway_is_waited_for_and_then_counts_as_unknown(store: Store) -> None:
    gateway = SimulatedGateway()
    gateway.answering.clear()
    till = by_gateway(store, gateway, seconds=0.01)
    await till.scan(APPLES)
    assert code_of(await till.tender(WECHAT)) == "payment_unresolved"
    gateway.answering.set()
    assert isinstance(await till.resolve_payments(), Paid)


async def test_p1_a_second_tap_while_the_gateway_thinks_pays_once(store: Store) -> None:
    gateway = SimulatedGateway()
    gateway.answering.clear()
    till = by_gateway(store, gateway)
    await till.scan(APPLES)
    taps = [asyncio.ensure_future(till.tender(WECHAT)) for _ in range(2)]
    await gateway.asked.wait()
    assert code_of(await till.scan(MILK)) == "payment_unresolved"
    gateway.answering.set()
    first, second = await asyncio.gather(*taps)
    assert isinstance(first, Paid)
    assert first == second
    assert len(gateway.taken) == 1


async def test_a_payment_can_be_settled_from_the_slip(store: Store) -> None:
    till = by_gateway(store, SimulatedGateway(Mood.LOSE_REPLY))
    await till.scan(APPLES)
    await till.tender(WECHAT)
    (attempt,) = await till.unresolved_payments()
    assert code_of(await till.settle_payment(new_id(), paid=True, reference="")) == "no_such_payment"
    assert code_of(await by_gateway(store, None, till="t2").settle_payment(attempt.id, paid=True, reference="")) == (
        "no_such_payment"
    )
    paid = await till.settle_payment(attempt.id, paid=True, reference="slip 12")
    assert isinstance(paid, Paid)
    assert (await last_sale(store)).tenders[0].reference == "slip 12"


async def test_a_payment_settled_as_not_made_frees_the_till(store: Store) -> None:
    till = by_gateway(store, SimulatedGateway(Mood.LOSE_REPLY))
    await till.scan(APPLES)
    await till.tender(WECHAT)
    (attempt,) = await till.unresolved_payments()
    assert code_of(await till.settle_payment(attempt.id, paid=False, reference="")) == "payment_refused"
    assert isinstance(await till.scan(MILK), LineAdded)


async def test_without_its_gateway_an_attempt_stays_unresolved(store: Store) -> None:
    till = by_gateway(store, SimulatedGateway(Mood.LOSE_REPLY))
    await till.scan(APPLES)
    await till.tender(WECHAT)
    assert code_of(await store.till().resolve_payments()) == "payment_unresolved"


async def test_an_answer_that_comes_twice_counts_once(store: Store) -> None:
    gateway = SimulatedGateway(Mood.LOSE_REPLY)
    till = by_gateway(store, gateway)
    await till.scan(APPLES)
    await till.tender(WECHAT)
    (attempt,) = await till.unresolved_payments()
    outcome = PaymentOutcome(AttemptState.PAID, "r")
    first, second = await till._settle(attempt, outcome), await till._settle(attempt, outcome)
    assert isinstance(first, Paid)
    assert first == second
