"""What a flow works with, and what it may lead to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.till.asks import ApprovalAsked, Approve, Expects, ReasonAsked
from edge_agent.till.results import Paid, Refused
from edge_agent.till.till import Till
from edge_agent.web import figures
from edge_agent.web.screen.asking import CARD_MARK, Asked, Option, Question
from edge_agent.web.screen.saying import NOTHING, Joined, Notice, Sayable, named, says
from edge_agent.web.screen.words import APPROVALS, ROLES
from shared.clock import BusinessClock
from shared.money import UnitPrice
from shared.pricing import Unit
from shared.receipt.figures import sign_of
from shared.web.words import marked
from shared.wire.desired import StoreSettings
from shared.wire.policies import Reason

R = TypeVar("R")
STAFF, PIN = "staff", "pin"
_MOST_ASKED = 4
"""How many things one command can ask for in turn: reason, approval, and each once more after it changed."""


@dataclass(frozen=True, slots=True)
class Hand:
    """The till a flow works at, as the person sees it: `line` is the line they chose, `expects` the basket they see."""

    till: Till
    settings: StoreSettings
    clock: BusinessClock
    line: int | None = None
    expects: Expects | None = None

    def money(self, minor: int) -> str:
        """Write an amount of the store's currency with its sign, as it stands in a sentence or on a key."""
        return figures.signed_money(minor, self.settings.exponent, self.settings.currency)

    def price(self, price: UnitPrice, unit: Unit) -> str:
        """Write a price with its sign and what it is for: ￥5.98/kg."""
        return sign_of(self.settings.currency) + figures.unit_price(price, unit, self.settings.exponent)

    def number_of(self, till: str) -> str:
        """Return a till's number, as it stands on the page's head and on paper; its id where it has none."""
        numbers = (one.number for one in self.settings.tills if one.till == till and one.number)
        return next((str(number) for number in numbers), till)

    def quantity(self, count: int, unit: Unit) -> str:
        """Write a quantity."""
        return figures.quantity(count, unit)


@dataclass(frozen=True, slots=True)
class Done:
    """A flow came to its end: what to say, the sale it made, and which flow follows with what it is about.

    `hand_out_minor`: cash that the customer gets now; it stands as large as change does.
    """

    notice: Notice | None = None
    paid: Paid | None = None
    then: str = ""
    about: tuple[str, ...] = ()
    hand_out_minor: int = 0


Outcome = Done | Refused
Flow = Callable[..., Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class About:
    """What whoever approves something has to see: in words, or as what the template `pane` shows of `detail`."""

    words: Sayable = NOTHING
    detail: object = None
    pane: str = ""


NOT_SAID = About()
"""Nothing besides what is to be approved."""


async def settled(ask: Asked, use_case: Callable[[Approve | None, str], Awaitable[R]], about: About = NOT_SAID) -> R:
    """Do something that may ask for a reason or an approval, and ask for these in place.

    `about` is what whoever approves has to see: the goods and the money that it is about.
    """
    approve: Approve | None = None
    reason = ""
    answer = await use_case(None, "")
    for _ in range(_MOST_ASKED):
        asks = answer.asks if isinstance(answer, Refused) else None
        if isinstance(asks, ReasonAsked) and not reason:
            reason = await ask(reason_question(asks.reasons))
        elif isinstance(asks, ApprovalAsked) and approve is None:
            approve = await approval(ask, asks, about)
        else:
            return answer
        answer = await use_case(approve, reason)
    return answer


def reason_question(reasons: tuple[Reason, ...] | list[Reason]) -> Question:
    """Ask for one of the store's reasons."""
    return Question(
        id="reason",
        title=says(marked("Why?")),
        prompt=says(marked("Number of the reason")),
        options=tuple(Option(value=one.code, words=named(one.words, one.code)) for one in reasons),
        free=False,
    )


async def approval(ask: Asked, asks: ApprovalAsked, about: About = NOT_SAID) -> Approve:
    """Ask who approves, by code and PIN or by staff card; what it is about stands there until the PIN is given."""
    note: Sayable = says(
        marked("{what} needs the approval of a {role}"), what=says(APPROVALS[asks.what]), role=says(ROLES[asks.role])
    )
    if about.words is not NOTHING:
        note = Joined((note, about.words))
    staff = await ask(
        Question(
            id=STAFF,
            title=says(marked("Approval")),
            prompt=says(marked("Code of who approves, or staff card")),
            note=note,
            scans=True,
            pane=about.pane,
            detail=about.detail,
            wide=bool(about.pane),
        )
    )
    return await identified(ask, staff, says(marked("Approval")), note, about)


async def identified(
    ask: Asked, staff: str, title: Sayable, note: Sayable = NOTHING, about: About = NOT_SAID
) -> Approve:
    """Return who somebody says they are, with the PIN asked for where it was no card."""
    if staff.startswith(CARD_MARK):
        return Approve(card=staff.removeprefix(CARD_MARK))
    who = says(marked("For {staff}"), staff=staff)
    pin = await ask(
        Question(
            id=PIN,
            title=title,
            prompt=says(marked("PIN")),
            kind="secret",
            note=who if note is NOTHING else Joined((who, note)),
            pane=about.pane,
            detail=about.detail,
            wide=bool(about.pane),
        )
    )
    return Approve(staff=staff, pin=pin)
