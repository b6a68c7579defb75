"""Flows of money: taking it, what nobody knows yet, handing it back."""

from __future__ import annotations

from uuid import UUID

from edge_agent.till.asks import Approve
from edge_agent.till.ports import VALUE_TENDERS
from edge_agent.till.results import BasketView, NothingUnresolved, Paid, PartlyPaid, Refused, Waiting
from edge_agent.till.returning.results import Returned
from edge_agent.till.service.results import ValueBackNow, ValueMoved, ValueSoldNow
from edge_agent.web.figures import to_minor
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.card_slip import handed_back, slip_number, then_on_the_terminal
from edge_agent.web.screen.flows_value import is_value
from edge_agent.web.screen.hand import NOT_SAID, About, Done, Hand, Outcome, settled
from edge_agent.web.screen.paid_back import paid_back
from edge_agent.web.screen.saying import Notice, Plain, news, says
from edge_agent.web.screen.value_moved import moved
from edge_agent.web.screen.words import TENDERS
from shared.web.words import marked
from shared.wire.events import TenderKind

METHODS: tuple[tuple[TenderKind, str], ...] = (
    (TenderKind.CASH, "F1"),
    (TenderKind.BANK_CARD, "F2"),
    (TenderKind.WECHAT, "F3"),
    (TenderKind.ALIPAY, "F4"),
    (TenderKind.STORED_VALUE, "F6"),
    (TenderKind.GIFT_CARD, "F7"),
    (TenderKind.OTHER, "F8"),
)
"""The ways to pay in their order on the page, each with its key."""
_QUICK_KEYS = ("F9", "F10", "F11", "F12")
_BACK, _OFF = "back", "off"
_TIMES = "×"
"""Between a way to pay and the amount typed before its key."""


def _options(hand: Hand, view: BasketView) -> tuple[Option, ...]:
    quick = [
        Option(value=f"cash{_TIMES}{minor}", words=Plain(hand.money(minor)), key=key, group="quick")
        for minor, key in zip(view.quick_cash, _QUICK_KEYS, strict=False)
    ]
    ways = [Option(value=method.value, words=says(TENDERS[method]), key=key, group="way") for method, key in METHODS]
    off = [
        Option(
            value=f"{_OFF}{_TIMES}{tender.attempt}",
            words=says(
                marked("Take {way} {amount} off"), way=says(TENDERS[tender.method]), amount=hand.money(tender.minor)
            ),
            group="back",
        )
        for tender in view.tenders
        if tender.method in VALUE_TENDERS and tender.attempt is not None and len(view.tenders) > 1
    ]
    back = [Option(value=_BACK, words=says(marked("Hand back what was given")), key="Delete", group="back")]
    return (*quick, *ways, *off, *(back if view.paid_minor else ()))


async def pay(ask: Asked, hand: Hand) -> Outcome:
    """Take money in any number of ways until all is given."""
    view = await hand.till.view()
    if view is None or not view.priced.lines or not all(line.quantity for line in view.priced.lines):
        answer = await hand.till.tender(TenderKind.CASH)
        return answer if isinstance(answer, Refused) else _paid(hand, answer)
    text = await ask(
        Question(
            id="pay",
            title=says(marked("Payment")),
            prompt=says(marked("Amount, then the key of the way to pay · Enter: cash · or scan the payment code")),
            kind="amount",
            options=_options(hand, view),
            numbered=False,
            pane="pay",
            detail=view,
        )
    )
    if text == _BACK:
        return await take_back(hand)
    if text.startswith(_OFF + _TIMES):
        return _paid(hand, await hand.till.value.take_off(UUID(text.removeprefix(_OFF + _TIMES))))
    method, minor = _tender(hand, text)
    if is_value(hand, method) and not view.practice:
        return Done(then=method.value, about=("" if minor is None else str(minor),))
    reference = await slip_number(ask, hand, method, view.due_minor if minor is None else minor)
    return _paid(hand, await hand.till.tender(method, minor, reference=reference, basket=view.basket))


def _tender(hand: Hand, text: str) -> tuple[TenderKind, int | None]:
    """Read an answer: a way to pay, with the amount before its key; or an amount alone, which is cash."""
    way, times, amount = text.partition(_TIMES)
    if way in set(TenderKind):
        return TenderKind(way), int(amount) if times else None
    minor = to_minor(text, hand.settings.exponent)
    if minor is None:
        raise Wrong(says(marked("This is not an amount.")), text)
    return TenderKind.CASH, minor


def with_amount(value: str, text: str, exponent: int) -> str:
    """Return the answer of a way to pay's key with an amount typed before it."""
    minor = to_minor(text, exponent) if text else None
    return value if minor is None or _TIMES in value or value == _BACK else f"{value}{_TIMES}{minor}"


async def by_code(_ask: Asked, hand: Hand, text: str) -> Outcome:
    """Take money by the code on a customer's telephone."""
    view = await hand.till.view()
    return _paid(hand, await hand.till.pay_by_code(text, basket=view.basket if view else None))


def _paid(hand: Hand, answer: Paid | PartlyPaid | Refused) -> Outcome:
    match answer:
        case Refused():
            return answer
        case Paid():
            return Done(paid=answer)
        case PartlyPaid():
            return Done(news(marked("{due} still to pay"), due=hand.money(answer.due_minor)), then="pay")


async def take_back(hand: Hand) -> Outcome:
    """Hand back the money given so far."""
    answer = await hand.till.take_back_tenders()
    if isinstance(answer, Refused):
        return answer
    words = says(marked("Hand back: {ways}. The basket can be changed again."), ways=handed_back(hand, answer.tenders))
    return Done(Notice(words=words, next=then_on_the_terminal(answer.tenders), refused=False))


async def waiting(ask: Asked, hand: Hand) -> Outcome:
    """Say that nobody knows of a payment yet, and ask again or settle it by hand."""
    found = await hand.till.unresolved_payments()
    shown = tuple(Waiting(one.id, one.method, one.minor, one.at_ms, bool(one.pays_back), one.basket) for one in found)
    choice = await ask(
        Question(
            id="waiting",
            title=says(marked("Asking the payment service. Do not take the money again.")),
            prompt=says(marked("The till asks by itself; nothing has to be done")),
            options=(
                Option(value="again", words=says(marked("Ask again now")), key="F2"),
                Option(value="settle", words=says(marked("Settle from the slip")), key="F9"),
            ),
            free=False,
            pane="waiting",
            detail=shown,
            wide=True,
        )
    )
    if choice == "settle" and shown:
        return Done(then="settle", about=(str(shown[0].attempt),))
    return resolved(hand, await hand.till.resolve_payments())


def resolved(hand: Hand, answer: Paid | PartlyPaid | Returned | ValueMoved | NothingUnresolved | Refused) -> Outcome:
    """Return what became of payments that nobody knew of."""
    match answer:
        case Returned():
            return paid_back(hand, answer)
        case ValueSoldNow() | ValueBackNow():
            return moved(hand, answer)
        case NothingUnresolved():
            return Done()
    return _paid(hand, answer)


async def _what_is_settled(hand: Hand, attempt: UUID, *, paid: bool) -> About:
    """Say which payment is settled by hand, and how."""
    found = next((one for one in await hand.till.unresolved_payments() if one.id == attempt), None)
    if found is None:
        return NOT_SAID
    words = marked("{way} {amount}: paid") if paid else marked("{way} {amount}: not paid")
    return About(says(words, way=says(TENDERS[found.method]), amount=hand.money(found.minor)))


async def settle(ask: Asked, hand: Hand, attempt: str) -> Outcome:
    """Settle a payment from the terminal's slip, with approval."""
    choice = await ask(
        Question(
            id="settle",
            title=says(marked("What does the slip say?")),
            prompt=says(marked("Number")),
            options=(
                Option(value="paid", words=says(marked("Paid: the slip has a number"))),
                Option(value="not", words=says(marked("Not paid, or cancelled"))),
            ),
            free=False,
            deliberate=True,
        )
    )
    reference = ""
    if choice == "paid":
        reference = await ask(
            Question(id="reference", title=says(marked("Paid by the slip")), prompt=says(marked("Number on the slip")))
        )

    async def settle_it(approve: Approve | None, _reason: str) -> Paid | PartlyPaid | Returned | ValueMoved | Refused:
        return await hand.till.settle_payment(
            UUID(attempt), paid=choice == "paid", reference=reference, approve=approve
        )

    about = await _what_is_settled(hand, UUID(attempt), paid=choice == "paid")
    answer = await settled(ask, settle_it, about)
    if isinstance(answer, Refused) and answer.code == "payment_refused":
        return Done(Notice(words=says(marked("Kept as not paid.")), next=says(marked("Take payment another way.")),
                           code="not_paid"), then="pay" if await hand.till.view() else "")  # fmt: skip
    return resolved(hand, answer)
