"""P2 for everything a cashier can do: each use case keeps its offline mark while head office is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from edge_agent.devices.ports import Scale, Weight
from edge_agent.record.receipts import Printed
from edge_agent.till.offline import ACTIONS, Offline
from edge_agent.till.results import Refused
from edge_agent.till.simulated_gateway import Mood
from edge_agent.till.till import Till
from shared.wire.desk_asks import CardReturnTaken
from shared.wire.events import TenderKind
from shared.wire.till_events import CashMove
from tests.edge.offline_desk import ANN, OWN_CODE, WANG, At, after, done, no_network
from tests.edge.staffing import ANNA_CARD, SUE, staffed
from tests.edge.tills import (
    APPLES,
    CARD,
    MILK,
    OTHER_CARD,
    PORK,
)
from tests.factories import new_id

Case = Callable[[At], Awaitable[Any]]


async def _recall(at: At) -> Any:
    await after(at.till.scan(MILK), at.till.hold("1"))
    (held,) = await at.till.held()
    return await at.till.recall(held.id)


async def _waiting_return(at: At, use_case: str) -> Any:
    return await getattr(at.till.returns, use_case)(await at.refused_refund())


async def _settle(at: At) -> Any:
    attempt = await at.unknown_payment()
    return await at.till.settle_payment(attempt.id, paid=True, reference="4711")


async def _resolve(at: At) -> Any:
    await at.unknown_payment(Mood.LOSE_REPLY)
    at.phones.mood = Mood.PAY
    return await at.till.resolve_payments()


async def _close(at: At, *then: str) -> Any:
    await at.on_shift()
    done(await at.till.drawer.count({100: 100}))
    report = done(await at.till.drawer.close())
    return await getattr(at.till.drawer, then[0])(report.shift) if then else report


async def _take_off(at: At) -> Any:
    await at.member()
    done(await at.till.tender(TenderKind.STORED_VALUE, 500))
    (tender,) = done(await at.till.view()).tenders
    return await at.till.value.take_off(tender.attempt)


async def _weigh_from_scale(at: At) -> Any:
    at.till.scaled.note(Weight(500, True))
    return await after(at.till.scan(PORK), at.till.weigh_from_scale())


class _Scale:
    """A scale that takes zero and tare from outside; see `edge_agent.devices.ports.Scale`."""

    step_g = 5

    async def zero(self) -> None: ...

    async def tare(self) -> None: ...


def _with_scale(at: At) -> Till:
    at.till.scaled.stands(lambda: {"scale": cast("Scale", _Scale())})
    return at.till


async def _exchange(at: At) -> Any:
    paid = await at.sold(APPLES)
    await at.till.scan(MILK)
    return await at.till.returns.exchange(paid.receipt)


async def _receipt(at: At, use: Callable[[str], Awaitable[Any]]) -> Any:
    return await use((await at.sold()).receipt)


async def _member(at: At, use: Callable[[], Awaitable[Any]]) -> Any:
    await at.member()
    return await use()


DUE = CardReturnTaken(application=new_id(), state="approved", minor=500)

CASES: Mapping[str, Case] = {
    "scan": lambda at: at.till.scan(APPLES),
    "type_in": lambda at: at.till.type_in("1001"),
    "ring_item": lambda at: at.till.ring_item("1001"),
    "attach_card": lambda at: at.till.attach_card(OTHER_CARD),
    "swipe": lambda at: at.till.swipe(OTHER_CARD),
    "set_quantity": lambda at: after(at.till.scan(APPLES), at.till.set_quantity(2)),
    "weigh": lambda at: after(at.till.scan(PORK), at.till.weigh(500)),
    "weigh_from_scale": _weigh_from_scale,
    "tare": lambda at: after(at.till.scan(PORK), at.till.weigh(500), at.till.tare(20)),
    "zero_scale": lambda at: _with_scale(at).zero_scale(),
    "tare_scale": lambda at: _with_scale(at).tare_scale(),
    "pour": lambda at: after(at.till.ring_item("5001"), at.till.pour(750)),
    "coupon": lambda at: after(at.till.scan(MILK), at.till.coupon("C1", 100)),
    "take_coupon_code": lambda at: after(at.till.scan(MILK), at.till.take_coupon_code("RAIN5")),
    "put_back_coupon": lambda at: after(
        at.till.scan(MILK), at.till.take_coupon_code("RAIN5"), at.till.put_back_coupon("RAIN5")
    ),
    "is_coupon": lambda at: at.till.is_coupon("RAIN5"),
    "choose": lambda at: after(at.till.scan(MILK), at.till.choose("add-on", ["1001"])),
    "offers": lambda at: after(at.till.scan(MILK), at.till.offers()),
    "void_line": lambda at: after(at.till.scan(APPLES), at.till.scan(MILK), at.till.void_line()),
    "set_price": lambda at: after(
        at.anna(), at.till.scan(MILK), at.till.set_price(900, 1, reason="damaged", approve=SUE)
    ),
    "round_off": lambda at: after(at.till.scan(MILK), at.till.round_off()),
    "confirm_age": lambda at: at.till.confirm_age(18),
    "ring_at": lambda at: at.till.ring_at("6001", 730),
    "begin": lambda at: at.till.begin(),
    "hold": lambda at: after(at.till.scan(MILK), at.till.hold("1")),
    "recall": _recall,
    "void_basket": lambda at: after(at.till.scan(MILK), at.till.void_basket()),
    "tender": lambda at: at.sold(),
    "pay_by_code": lambda at: after(_lost(at), at.till.scan(MILK), at.till.pay_by_code("131234567890123456")),
    "take_back_tenders": lambda at: after(
        at.till.scan(MILK), at.till.tender(TenderKind.CASH, 1), at.till.take_back_tenders()
    ),
    "resolve_payments": _resolve,
    "settle_payment": _settle,
    "unresolved_payments": lambda at: at.unknown_payment(),
    "view": lambda at: after(at.till.scan(MILK), at.till.view()),
    "find": lambda at: _receipt_id(at, at.till.find),
    "held": _recall,
    "note_printed": lambda at: _receipt_id(at, lambda sale: at.till.note_printed(sale, Printed.PRINTED)),
    "reprint": lambda at: _receipt(at, at.till.reprint),
    "people.sign_in": lambda at: at.anna(),
    "people.sign_in_by_card": lambda at: after(_people(at), at.till.people.sign_in_by_card(ANNA_CARD)),
    "people.sign_out": lambda at: after(at.anna(), at.till.people.sign_out()),
    "people.lock": lambda at: after(at.anna(), at.till.people.lock()),
    "people.take_break": lambda at: after(at.anna(), at.till.people.take_break()),
    "people.free_pin": lambda at: after(at.anna(), at.till.people.free_pin("young", approve=SUE)),
    "people.practise": lambda at: at.till.people.practise(on=True),
    "people.who": lambda at: at.till.people.who(),
    "people.approver": lambda at: after(at.anna(), at.till.people.approver(SUE)),
    "drawer.open": lambda at: at.on_shift(),
    "drawer.move": lambda at: after(at.on_shift(), at.till.drawer.move(CashMove.IN, 500, reason="float")),
    "drawer.count": lambda at: after(at.on_shift(), at.till.drawer.count({100: 100})),
    "drawer.close": _close,
    "drawer.x_report": lambda at: after(at.on_shift(), at.till.drawer.x_report()),
    "drawer.z_report": lambda at: _close(at, "z_report"),
    "drawer.view": lambda at: after(at.on_shift(), at.till.drawer.view()),
    "drawer.past": lambda at: after(_close(at), at.till.drawer.past()),
    "returns.find": lambda at: _receipt(at, at.till.returns.find),
    "returns.take": lambda at: _receipt(at, at.till.returns.take),
    "returns.void_last_sale": lambda at: after(at.sold(), at.till.returns.void_last_sale()),
    "returns.exchange": _exchange,
    "returns.take_without_receipt": lambda at: at.till.returns.take_without_receipt([("1001", 1)]),
    "returns.refund_in_cash": lambda at: _waiting_return(at, "refund_in_cash"),
    "returns.waiting": lambda at: at.refused_refund(),
    "returns.foresee": lambda at: _receipt(at, at.till.returns.foresee),
    "returns.foresee_void": lambda at: after(at.sold(), at.till.returns.foresee_void()),
    "returns.look_at": lambda at: at.till.returns.look_at(MILK),
    "returns.foresee_goods": lambda at: at.till.returns.foresee_goods([("1001", 1)]),
    "returns.foresee_waiting": lambda at: _waiting_return(at, "foresee_waiting"),
    "returns.leave": lambda at: _waiting_return(at, "leave"),
    "members.by_phone": lambda at: at.till.members.by_phone("13800138000"),
    "members.attach": lambda at: at.till.members.attach(WANG.found()),
    "members.put_back": lambda at: _member(at, at.till.members.put_back),
    "members.wallet": lambda at: _member(at, at.till.members.wallet),
    "value.points": lambda at: _member(at, at.till.value.points),
    "value.use_points": lambda at: _member(at, at.till.value.use_points),
    "value.put_back_points": lambda at: after(at.member(), at.till.value.use_points(), at.till.value.put_back_points()),
    "value.take_off": _take_off,
    "value.renew": lambda at: after(at.member(), at.till.value.use_points(), at.till.value.renew()),
    "desk.look_up": lambda at: at.till.desk.look_up("13800138000"),
    "desk.enrol": lambda at: at.till.desk.enrol("13800138000", {"membership": "shipped-1"}),
    "desk.change_card": lambda at: at.till.desk.change_card("issue", ANN, card=CARD),
    "desk.claim": lambda at: _receipt(at, lambda receipt: at.till.desk.claim(receipt, ANN)),
    "desk.balance": lambda at: at.till.desk.balance(ANN),
    "desk.gifts": lambda at: at.till.desk.gifts(ANN),
    "desk.give_gift": lambda at: at.till.desk.give_gift(WANG.id, gift="mug"),
    "counter.ready": lambda at: at.till.counter.ready(),
    "counter.offer": lambda at: at.till.counter.offer(10_000, customer=ANN),
    "counter.sell": lambda at: at.top_up(),
    "counter.foresee_undo": lambda at: _top_up(at, at.till.counter.foresee_undo),
    "counter.undo": lambda at: _top_up(at, lambda receipt: at.till.counter.undo(receipt, reason="mistake")),
    "counter.leave_undo": lambda at: _top_up(at, at.left_undone),
    "counter.unfinished": lambda at: at.till.counter.unfinished(),
    "counter.apply_return": lambda at: at.till.counter.apply_return(ANN, "moves away"),
    "counter.due": lambda at: at.till.counter.due(ANN),
    "counter.pay_out": lambda at: after(at.sold(), at.till.counter.pay_out(DUE)),
    "catalogue.search": lambda at: at.till.catalogue.search("milk"),
    "catalogue.price_check": lambda at: at.till.catalogue.price_check(MILK),
    "catalogue.quick_keys": lambda at: at.till.catalogue.quick_keys(),
    "catalogue.examples": lambda at: at.till.catalogue.examples(3),
}
"""Every use case of `ACTIONS`, done as far as its mark says that it can be done."""
SAYS_NO = frozenset({"hq_silent", "phone_needs_hq", "value_undo_waits", "payment_unresolved"})
"""How a till says that somebody else has to answer: none of these ends what was asked for."""


async def _receipt_id(at: At, use: Callable[[UUID], Awaitable[Any]]) -> Any:
    return await use((await at.sold()).sale)


async def _top_up(at: At, use: Callable[[str], Awaitable[Any]]) -> Any:
    return await use(await at.top_up())


async def _lost(at: At) -> None:
    at.phones.mood = Mood.NEVER_ARRIVES


async def _people(at: At) -> None:
    staffed(at.store)


def test_p2_every_use_case_is_done_without_a_network() -> None:
    assert set(CASES) == set(ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
async def test_p2_with_a_silent_head_office_each_use_case_keeps_its_mark(tmp_path: Path, name: str) -> None:
    async with no_network(tmp_path) as at, asyncio.timeout(5):
        answer = await CASES[name](at)
    if ACTIONS[name].offline is Offline.NO:
        assert isinstance(answer, Refused), answer
        assert answer.code in SAYS_NO
    else:
        assert not isinstance(answer, Refused), answer


async def test_p2_what_is_limited_says_so_at_once(tmp_path: Path) -> None:
    async with no_network(tmp_path) as at, asyncio.timeout(5):
        await at.member()
        assert not done(await at.till.members.wallet()).by_hq
        own = await at.till.take_coupon_code(OWN_CODE)
        assert isinstance(own, Refused)
        assert own.code == "coupon_unanswered"
        too_much = await at.till.value.use_points(900)
        assert isinstance(too_much, Refused)
