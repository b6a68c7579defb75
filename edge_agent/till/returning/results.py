"""What the use cases of goods that come back answer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from edge_agent.till.returning.plan import RefundPart
from shared.pricing import Unit
from shared.wire.events import Tender
from shared.wire.policies import Reason


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """A line of a sale, what is left of it to return, and what all of that would pay back."""

    n: int
    item: str
    names: dict[str, str]
    unit: Unit
    sold: int
    returned: int
    left: int
    left_minor: int
    deposit_of: int = 0
    """The line whose deposit this one is: it comes back with it. 0 for goods."""


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A sale that goods may come back from."""

    sale: UUID
    receipt: str
    till: str
    at_ms: int
    business_date: str
    total_minor: int
    lines: tuple[ReturnableLine, ...]
    tenders: tuple[Tender, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """What somebody brings back without a receipt, in the item's unit; `quantity` None: it has to be weighed."""

    item: str
    names: dict[str, str]
    unit: Unit
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Returned:
    """Goods came back; `tenders` say how the money goes back. `original` is None without a receipt."""

    id: UUID
    receipt: str
    total_minor: int
    tenders: tuple[Tender, ...]
    original: UUID | None


@dataclass(frozen=True, slots=True)
class GoodsBack:
    """Goods that would come back: their line on the receipt they were sold by (or their place), and what is paid."""

    n: int
    item: str
    names: dict[str, str]
    quantity: int
    unit: Unit
    minor: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a return would pay back, for whoever agrees to it: which goods, how much, by which ways.

    `receipt` is the one they were sold by, '' without one. `by_approval`: somebody else has to approve it.
    `points` go back with them; None without a member, and where only HQ can say: then `points_follow`.
    """

    goods: tuple[GoodsBack, ...]
    refunds: tuple[RefundPart, ...]
    total_minor: int
    receipt: str = ""
    by_approval: bool = False
    points: int | None = None
    points_follow: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A return was left undone: nothing came back, and no money moved."""

    id: UUID
