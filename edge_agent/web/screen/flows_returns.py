"""Flows of goods that come back: by receipt, without one, against other goods, and a whole sale undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from edge_agent.devices.scales.weighing import in_kg
from edge_agent.till.asks import Approve
from edge_agent.till.results import Paid, PartlyPaid, Refused
from edge_agent.till.returning.results import Foreseen, ReturnableLine, Returned, ReturnView
from edge_agent.web.figures import to_grams
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.goods_brought import goods_brought
from edge_agent.web.screen.hand import Done, Hand, Outcome, reason_question, settled
from edge_agent.web.screen.paid_back import (
    UNFINISHED,
    agreed,
    cash_in,
    foreseen_by,
    not_yet,
    paid_back,
    to_be_paid_back,
)
from edge_agent.web.screen.saying import NOTHING, Joined, Notice, Plain, Sayable, named, news, says
from shared.pricing import Unit
from shared.web.words import marked

_ALL, _ENOUGH = "all", "enough"
_CASH, _LEAVE = "cash", "leave"


async def returns(ask: Asked, _hand: Hand) -> Outcome:
    """Choose how goods come back."""
    items = (
        ("take_back", marked("With a receipt")),
        ("exchange", marked("Exchange for what is rung up now")),
        ("no_receipt", marked("Without a receipt")),
        ("undo_sale", marked("Undo the last sale")),
        ("refund_cash", marked("Pay a waiting refund in cash")),
    )
    choice = await ask(
        Question(
            id="returns",
            title=says(marked("Goods that come back")),
            prompt=says(marked("Number, or scan the receipt")),
            options=tuple(Option(value=value, words=says(words)) for value, words in items),
            scans=True,
            wide=True,
        )
    )
    known = {value for value, _words in items}
    return Done(then=choice) if choice in known else Done(then="take_back", about=(choice,))


async def take_back(ask: Asked, hand: Hand, receipt: str = "") -> Outcome:
    """Take lines of a sale back and say how the money goes back."""
    found = await _receipt(ask, hand, receipt)
    if isinstance(found, Refused):
        return found
    lines = await _lines(ask, hand, found)
    reason = await _reason(ask, hand)

    async def take(approve: Approve | None, _reason: str) -> Returned | Refused:
        return await hand.till.returns.take(found.receipt, lines, reason=reason, approve=approve)

    return await _back(ask, hand, take, await hand.till.returns.foresee(found.receipt, lines))


async def exchange(ask: Asked, hand: Hand) -> Outcome:
    """Let lines of a sale pay for the open basket."""
    if await hand.till.view() is None:
        return _new_goods_first()
    found = await _receipt(ask, hand, "")
    if isinstance(found, Refused):
        return found
    lines = await _lines(ask, hand, found)
    reason = await _reason(ask, hand)

    async def take(approve: Approve | None, _reason: str) -> Paid | PartlyPaid | Refused:
        return await hand.till.returns.exchange(found.receipt, lines, reason=reason, approve=approve)

    foreseen = await hand.till.returns.foresee(found.receipt, lines, exchange=True)
    if isinstance(foreseen, Refused):
        return foreseen
    if not foreseen.by_approval:
        title = says(marked("Exchange the goods of receipt {receipt}?"), receipt=foreseen.receipt)
        await agreed(ask, hand, foreseen, title, says(marked("Exchange them")))
    answer = await settled(ask, take, foreseen_by(hand, foreseen))
    if isinstance(answer, Refused):
        return answer
    if isinstance(answer, Paid):
        return _exchanged(hand, foreseen, answer)
    return Done(news(marked("{due} still to pay"), due=hand.money(answer.due_minor)), then="pay")


def _exchanged(hand: Hand, foreseen: Foreseen, answer: Paid) -> Done:
    """Say what the goods that came back were worth more: it is handed out."""
    cash = cash_in(foreseen.refunds)
    if not cash:
        return Done(paid=answer)
    words = says(marked("Exchanged: {total} came back"), total=hand.money(foreseen.total_minor))
    hand_out = says(marked("Hand out {cash} in cash."), cash=hand.money(cash))
    notice = Notice(words=words, what=answer.receipt, next=hand_out, refused=False)
    return Done(notice, paid=answer, hand_out_minor=cash)


async def no_receipt(ask: Asked, hand: Hand) -> Outcome:
    """Take goods back without a receipt: scan them one after the other."""
    goods = await goods_brought(ask, hand)
    if isinstance(goods, Refused):
        return goods
    reason = await _reason(ask, hand)

    async def take(approve: Approve | None, _reason: str) -> Returned | Refused:
        return await hand.till.returns.take_without_receipt(goods, reason=reason, approve=approve)

    return await _back(ask, hand, take, await hand.till.returns.foresee_goods(goods))


async def undo_sale(ask: Asked, hand: Hand) -> Outcome:
    """Undo this till's last sale, after one question that shows it."""
    foreseen = await hand.till.returns.foresee_void()
    if isinstance(foreseen, Refused):
        return foreseen
    title = says(
        marked("Undo the last sale of this till, {receipt}? All of it is paid back the way it was paid."),
        receipt=foreseen.receipt,
    )
    await agreed(ask, hand, foreseen, title, says(marked("Undo the last sale")))
    reason = await _reason(ask, hand)
    return await _carried_out(
        ask,
        hand,
        lambda approve, _reason: hand.till.returns.void_last_sale(reason=reason, approve=approve),
        foreseen,
    )


async def refund_cash(ask: Asked, hand: Hand) -> Outcome:
    """Pay a return in cash whose money a service refused to give back, or leave it undone."""
    waiting = await hand.till.returns.waiting()
    if not waiting:
        return Done(
            Notice(
                words=says(marked("No refund is waiting.")), next=says(marked("Go on selling.")), code="nothing_waits"
            )
        )
    options = tuple(Option(value=str(one.id), words=Plain(hand.money(one.total_minor))) for one in waiting)
    chosen = await ask(
        Question(
            id="refunds",
            title=says(marked("Refunds that wait")),
            prompt=says(marked("Number in the list")),
            options=options,
            free=False,
        )
    )
    key = UUID(chosen)
    foreseen = await hand.till.returns.foresee_waiting(key)
    if isinstance(foreseen, Refused):
        return foreseen
    if await ask(_how(hand, foreseen)) == _LEAVE:
        left = await hand.till.returns.leave(key)
        return left if isinstance(left, Refused) else Done(news(marked("Nothing came back; the sale stays as it was.")))
    return await _carried_out(
        ask, hand, lambda approve, _reason: hand.till.returns.refund_in_cash(key, approve=approve), foreseen
    )


def _how(hand: Hand, foreseen: Foreseen) -> Question:
    cash = Option(
        value=_CASH, words=says(marked("Pay in cash what was refused")), amount=hand.money(foreseen.total_minor)
    )
    leave = Option(value=_LEAVE, words=says(marked("Leave it: the customer keeps the goods")))
    return Question(
        id="refund_how",
        title=says(marked("A refund of receipt {receipt} waits"), receipt=foreseen.receipt),
        prompt=says(marked("Number")),
        note=to_be_paid_back(hand, foreseen.refunds),
        options=(cash, leave),
        free=False,
        wide=True,
        pane="goods_back",
        detail=foreseen,
        deliberate=True,
    )


def _new_goods_first() -> Done:
    """Say that the new goods come first."""
    words = says(marked("Nothing is rung up yet."))
    return Done(Notice(words=words, next=says(marked("Ring up the new goods first, then exchange.")), code="new_first"))


async def _receipt(ask: Asked, hand: Hand, receipt: str) -> ReturnView | Refused:
    text = receipt or await ask(
        Question(
            id="receipt",
            title=says(marked("Goods that come back")),
            prompt=says(marked("Scan the receipt's code or type till/number")),
            scans=True,
        )
    )
    return await hand.till.returns.find(text)


async def _lines(ask: Asked, hand: Hand, found: ReturnView) -> dict[int, int]:
    """Ask which lines come back, and how much of each where there is a choice."""
    chosen: dict[int, int] = {}
    for _ in range(len(found.lines) + 1):
        left = [line for line in found.lines if line.left and not {line.n, line.deposit_of} & chosen.keys()]
        choice = await ask(_which(hand, found, left, chosen))
        if choice == _ALL:
            return {line.n: line.left for line in found.lines if line.left}
        if choice == _ENOUGH:
            return chosen
        line = next(one for one in left if str(one.n) == choice)
        part = await (_pieces(ask, line) if line.unit is Unit.EACH else _measure(ask, line))
        if part:
            chosen[line.n] = part
    return chosen


async def _pieces(ask: Asked, line: ReturnableLine) -> int:
    """Ask how many of a line's pieces come back."""
    if line.left == 1:
        return 1
    how_many = Question(
        id="pieces",
        title=named(line.names, line.item),
        prompt=says(marked("How many come back? Enter: {left}"), left=str(line.left)),
        default=str(line.left),
    )
    return await ask.whole(how_many, line.left)


async def _measure(ask: Asked, line: ReturnableLine) -> int:
    """Ask how much comes back of what was weighed or poured."""
    weighed = line.unit is Unit.GRAM
    left = in_kg(line.left)
    text = await ask(
        Question(
            id="part",
            title=named(line.names, line.item),
            prompt=says(marked("How many kg come back? Enter: {left}"), left=left)
            if weighed
            else says(marked("How many litres come back? Enter: {left}"), left=left),
            default=left,
        )
    )
    part = to_grams(text)
    if part is None or part > line.left:
        raise Wrong(says(marked("This is not a weight.") if weighed else marked("This is not a volume.")), text)
    return part


def _which(hand: Hand, found: ReturnView, left: list[ReturnableLine], chosen: dict[int, int]) -> Question:
    first = (
        Option(value=_ENOUGH, words=says(marked("That is all: {count} lines"), count=len(chosen)), number=0)
        if chosen
        else Option(value=_ALL, words=says(marked("Everything that is left")), number=0)
    )
    options = [first]
    options += [
        Option(
            value=str(line.n),
            number=line.n,
            words=named(line.names, line.item),
            note=Plain(hand.quantity(line.left, line.unit)),
            amount=hand.money(line.left_minor),
        )
        for line in left
    ]
    return Question(
        id="lines",
        title=says(marked("Receipt {receipt}"), receipt=found.receipt),
        prompt=says(marked("Number of the line as on the receipt · 0: everything"))
        if not chosen
        else says(marked("Number of another line as on the receipt · 0 or Enter: that is all")),
        note=_so_far(hand, found, chosen),
        options=tuple(options),
        free=False,
        wide=True,
    )


def _so_far(hand: Hand, found: ReturnView, chosen: dict[int, int]) -> Sayable:
    """Say what was chosen already: it stands in the list no more."""
    if not chosen:
        return NOTHING
    lines = [line for line in found.lines if line.n in chosen]
    said = (
        says(
            marked("{line}: {item} × {count}"),
            line=line.n, item=named(line.names, line.item), count=hand.quantity(chosen[line.n], line.unit),
        )
        for line in lines
    )  # fmt: skip
    return Joined((says(marked("Comes back")), *said))


async def _reason(ask: Asked, hand: Hand) -> str:
    known = hand.settings.policies.return_reasons
    return await ask(reason_question(known)) if known else ""


async def _back(
    ask: Asked,
    hand: Hand,
    use_case: Callable[[Approve | None, str], Awaitable[Returned | Refused]],
    foreseen: Foreseen | Refused,
) -> Outcome:
    """Show what would go back, have it agreed to by whoever may, and do it."""
    if isinstance(foreseen, Refused):
        return foreseen
    if not foreseen.by_approval:
        title = says(marked("Pay back {total}?"), total=hand.money(foreseen.total_minor))
        await agreed(ask, hand, foreseen, title, says(marked("Pay it back")))
    return await _carried_out(ask, hand, use_case, foreseen)


async def _carried_out(
    ask: Asked,
    hand: Hand,
    use_case: Callable[[Approve | None, str], Awaitable[Returned | Refused]],
    foreseen: Foreseen,
) -> Outcome:
    answer = await settled(ask, use_case, foreseen_by(hand, foreseen))
    if isinstance(answer, Refused):
        return Done(await not_yet(hand, answer)) if answer.code in UNFINISHED else answer
    return paid_back(hand, answer)
