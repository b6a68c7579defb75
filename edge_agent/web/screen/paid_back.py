"""What a page says of money that goes back with goods: how much by which way, before it is approved and after."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.till.results import Refused
from edge_agent.till.returning.plan import RefundPart
from edge_agent.till.returning.results import Foreseen, Returned
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.hand import About, Done, Hand
from edge_agent.web.screen.saying import NOTHING, Joined, Notice, Sayable, named, says
from edge_agent.web.screen.words import TENDERS
from shared.web.words import marked
from shared.wire.events import Tender, TenderKind

UNFINISHED = frozenset({"refund_waiting", "refund_refused"})
"""Refusals of a return that is planned already: nothing of it is asked again, its money is still on its way."""


def ways_back(hand: Hand, parts: Iterable[RefundPart | Tender]) -> Sayable:
    """Say how much goes back by each way, cash first: that is what the cashier hands out."""
    minor: dict[TenderKind, int] = {}
    for part in parts:
        minor[part.method] = minor.get(part.method, 0) + part.minor
    ways = sorted(minor, key=lambda method: method is not TenderKind.CASH)
    return Joined(
        tuple(says(marked("{way} {minor}"), way=says(TENDERS[way]), minor=hand.money(minor[way])) for way in ways)
    )


def to_be_paid_back(hand: Hand, parts: Iterable[RefundPart]) -> Sayable:
    """Say how the money would go back."""
    return says(marked("Goes back: {ways}"), ways=ways_back(hand, parts))


def foreseen_by(hand: Hand, foreseen: Foreseen) -> About:
    """Return what whoever approves a return has to see: for which goods how much goes back, and which way."""
    return About(to_be_paid_back(hand, foreseen.refunds), foreseen, "goods_back")


async def agreed(ask: Asked, hand: Hand, foreseen: Foreseen, title: Sayable, yes: Sayable) -> None:
    """Have the cashier agree to what goes back, where nobody else has to: by a number, as it cannot be taken back."""
    await ask(
        Question(
            id="agree_back",
            title=title,
            prompt=says(marked("1 and Enter does it, Esc goes back and changes nothing")),
            note=to_be_paid_back(hand, foreseen.refunds),
            options=(Option(value="yes", words=yes, amount=hand.money(foreseen.total_minor)),),
            free=False,
            wide=True,
            pane="goods_back",
            detail=foreseen,
            deliberate=True,
        )
    )


def cash_in(parts: Iterable[RefundPart | Tender]) -> int:
    """Return what of it is cash."""
    return sum(one.minor for one in parts if one.method is TenderKind.CASH)


def paid_back(hand: Hand, answer: Returned) -> Done:
    """Say what was paid back by which way, and what cash is to be handed out."""
    words = says(
        marked("Paid back: {total}, {way}"),
        total=hand.money(answer.total_minor), way=ways_back(hand, answer.tenders),
    )  # fmt: skip
    cash = cash_in(answer.tenders)
    hand_out = says(marked("Hand out {cash} in cash."), cash=hand.money(cash)) if cash else NOTHING
    return Done(Notice(words=words, what=answer.receipt, next=hand_out, refused=False), hand_out_minor=cash)


async def not_yet(hand: Hand, answer: Refused) -> Notice:
    """Say that a refund waits or was refused, and how the money of that return is to go back."""
    plans = [plan for plan in await hand.till.returns.waiting() if str(plan.id) == answer.detail]
    words = named({"en": answer.words.en, "zh": answer.words.zh})
    then = named({"en": answer.words.next_en, "zh": answer.words.next_zh})
    parts = [part for plan in plans for part in plan.refunds]
    said = Joined((words, to_be_paid_back(hand, parts))) if parts else words
    return Notice(words=said, next=then, code=answer.code)
