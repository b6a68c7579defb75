"""What the use cases of goods that come back answer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

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
class Returned:
    """Goods came back; `tenders` say how the money goes back. `original` is None without a receipt."""

    id: UUID
    receipt: str
    total_minor: int
    tenders: tuple[Tender, ...]
    original: UUID | None
