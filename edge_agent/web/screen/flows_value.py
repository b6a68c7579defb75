"""Flows of members' value: points as money, stored value and gift cards as ways to pay."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.till.commands import refused
from edge_agent.till.membership.results import PointsView, WalletView
from edge_agent.till.ports import VALUE_TENDERS
from edge_agent.till.results import PartlyPaid, Refused
from edge_agent.web.figures import to_minor
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.carried import carried, carry
from edge_agent.web.screen.hand import Done, Hand, Outcome
from edge_agent.web.screen.saying import news, refusal, says
from edge_agent.web.screen.words import TENDERS
from shared.web.words import marked
from shared.wire.events import TenderKind

_OFF, _MOST = "off", "most"
_MOST_POINTS = 999_999_999


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of somebody's value before it is asked for: by which way to pay, how much of it was typed (0:
    nothing was), and the card that was shown for this payment alone.
    """  # noqa: D205

    wallet: WalletView
    method: TenderKind
    minor: int
    card: str


def is_value(hand: Hand, method: TenderKind) -> bool:
    """Tell whether a way to pay is members' value that HQ sets aside."""
    return method in VALUE_TENDERS and method in hand.till.by_gateway


async def points(_ask: Asked, hand: Hand) -> Outcome:
    """Find out what points may pay here, then ask how many."""
    view = await hand.till.view()
    if view is not None and view.member is None and view.priced.lines and not view.paid_minor:
        return Done(then="member", about=("points",))
    found = await hand.till.value.points()
    return found if isinstance(found, Refused) else Done(then="points_used", about=(carry(found),))


async def points_used(ask: Asked, hand: Hand, found: str) -> Outcome:
    """Have so many points pay a part of the basket."""
    view = carried(found, PointsView)
    off = Option(value=_OFF, words=says(marked("Use no points")), key="Delete")
    most = says(marked("Use {points} points"), points=f"{view.most_points:,}")
    number = Option(value=str(view.most_points), words=most, amount=hand.money(view.most_minor))
    text = await ask(
        Question(
            id="points",
            title=says(marked("Points as money")),
            prompt=says(marked("Number of points · Enter: as many as may be used")),
            options=(*((number,) if view.most_points else ()), *((off,) if view.using else ())),
            numbered=False,
            pane="points",
            detail=view,
        )
    )
    if text == _OFF:
        gone = await hand.till.value.put_back_points()
        return gone if isinstance(gone, Refused) else Done(news(marked("No points are used.")))
    if not text.isascii() or not text.isdigit() or int(text[:12]) > _MOST_POINTS:
        raise Wrong(says(marked("This is not a number of points.")), text)
    used = await hand.till.value.use_points(int(text))
    if isinstance(used, Refused):
        return used
    said = marked("{points} points pay {amount}.")
    return Done(news(said, points=f"{used.points:,}", amount=hand.money(used.minor)))


async def stored_value(_ask: Asked, hand: Hand, minor: str = "") -> Outcome:
    """Look what the member has, then ask how much of it pays."""
    view = await hand.till.view()
    if view is not None and view.member is None and not view.paid_minor:
        return Done(then="member", about=("stored_value", minor))
    if view is not None and view.member is None:
        return Done(then="value_card", about=(TenderKind.STORED_VALUE, minor))
    looked = await _looked(hand, TenderKind.STORED_VALUE, minor, "")
    return _to_pay(looked) if isinstance(looked, Refused) else looked


async def gift_card(_ask: Asked, _hand: Hand, minor: str = "") -> Outcome:
    """Ask for the gift card."""
    return Done(then="value_card", about=(TenderKind.GIFT_CARD, minor))


async def value_card(ask: Asked, hand: Hand, method: str, minor: str) -> Outcome:
    """Ask for the card that carries the value: whoever it is, it does not come onto the basket as its member."""
    card = await ask(
        Question(
            id="value_card",
            title=says(TENDERS[TenderKind(method)]),
            prompt=says(marked("Scan the card, or type its number")),
            scans=True,
        )
    )
    return await _looked(hand, TenderKind(method), minor, card.strip())


async def _looked(hand: Hand, method: TenderKind, minor: str, card: str) -> Outcome:
    found = await hand.till.members.wallet(card)
    if isinstance(found, Refused):
        return found
    if not found.value_minor:
        if not found.by_hq:
            return refused("value_offline")
        return refused("value_insufficient" if found.has_value else "value_none")
    return Done(then="value_amount", about=(carry(Looked(found, method, int(minor or 0), card)),))


async def value_amount(ask: Asked, hand: Hand, found: str) -> Outcome:
    """Show what there is, and take what is due or less of it."""
    looked, view = carried(found, Looked), await hand.till.view()
    wallet, method, minor = looked.wallet, looked.method, looked.minor
    due = view.due_minor if view else 0
    most = min(due, wallet.value_minor, minor or due)
    amount = Option(value=_MOST, words=says(marked("Take {amount}"), amount=hand.money(most)))
    text = await ask(
        Question(
            id="value_amount",
            title=says(TENDERS[method]),
            prompt=says(marked("Enter: {amount} · or type a smaller amount"), amount=hand.money(most)),
            kind="amount",
            options=(amount,),
            numbered=False,
            pane="wallet",
            detail=(wallet, due, most),
        )
    )
    taken = most if text == amount.value else _amount(hand, text)
    answer = await hand.till.tender(method, taken, basket=view.basket if view else None, code=looked.card)
    if isinstance(answer, Refused):
        return _to_pay(answer)
    if isinstance(answer, PartlyPaid):
        return Done(news(marked("{due} still to pay"), due=hand.money(answer.due_minor)), then="pay")
    return Done(paid=answer)


def _to_pay(answer: Refused) -> Done:
    """Say why it did not pay, and ask for another way."""
    return Done(refusal(answer), then="pay")


def _amount(hand: Hand, text: str) -> int:
    minor = to_minor(text, hand.settings.exponent)
    if minor is None:
        raise Wrong(says(marked("This is not an amount.")), text)
    return minor
