"""What a till answers. Every use case gives one of these; a refusal is an answer, not an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from edge_agent.till.words import Words
from shared.pricing import PricedBasket, PricedLine, Unit
from shared.wire.events import Tender


@dataclass(frozen=True, slots=True)
class Refused:
    """The till did not do it: a code for programs, words for people with what to do next, and what it was about."""

    code: str
    words: Words
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LineAdded:
    """An item is a line now. `measure` names the unit the line still waits for, None when it is complete."""

    line: PricedLine
    names: dict[str, str]
    total_minor: int
    measure: Unit | None = None


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A line has another quantity or a coupon."""

    line: PricedLine
    total_minor: int


@dataclass(frozen=True, slots=True)
class LineGone:
    """A line was voided."""

    n: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class MemberAttached:
    """A card was shown. A card HQ alone knows still gets member prices. `basket` is None after a mere swipe."""

    known: bool
    masked_name: str
    tier: str
    points: int
    basket: UUID | None
    total_minor: int = 0


@dataclass(frozen=True, slots=True)
class PartlyPaid:
    """Money was taken, and this much is still due."""

    basket: UUID
    due_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """The sale is on the disk. `change_minor` goes back to the customer."""

    sale: UUID
    receipt: str
    total_minor: int
    change_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class TendersBack:
    """Hand this money back; the lines may change again."""

    tenders: list[Tender]
    total_minor: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A basket is open; `steps` of it are stored already."""

    basket: UUID
    steps: int


@dataclass(frozen=True, slots=True)
class HeldNow:
    """The basket was put aside."""

    basket: UUID
    name: str


@dataclass(frozen=True, slots=True)
class RecalledNow:
    """A held basket is open again. When prices had switched it was priced anew: `before_minor` became `total_minor`.

    `without_price` names items the new book does not price: the basket then keeps its old prices.
    """

    basket: UUID
    repriced: bool
    version: int | None
    before_minor: int
    total_minor: int
    without_price: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voided:
    """The basket is gone; nothing was sold."""

    basket: UUID


@dataclass(frozen=True, slots=True)
class Found:
    """What a basket id stands for at this agent."""

    state: Literal["none", "open", "held", "paid"]
    steps: int = 0
    receipt: str = ""
    total_minor: int = 0


@dataclass(frozen=True, slots=True)
class BasketView:
    """Everything a till page or a display shows of the open basket."""

    basket: UUID
    version: int | None
    priced: PricedBasket
    names: dict[int, dict[str, str]]
    member: MemberAttached | None
    paid_minor: int
    steps: int

    @property
    def due_minor(self) -> int:
        """What is still to pay."""
        return self.priced.total_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class NothingUnresolved:
    """No payment attempt of this till waits for an answer."""
