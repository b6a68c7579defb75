"""What the use cases of the service desk answer. A refusal is an answer with words; see `edge_agent.till.results`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from edge_agent.till.returning.plan import RefundPart
from shared.wire.asks import MemberFound
from shared.wire.events import MemberOnSale, Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who stands at the desk, as it may know them. `key` names them for as long as they are served."""

    key: str
    member: UUID
    masked_name: str = ""
    tier: str = ""
    points: int = 0
    masked_phone: str = ""
    masked_card: str = ""

    @property
    def holder(self) -> MemberOnSale:
        """Them, as events name them."""
        return MemberOnSale(member=self.member)


@dataclass(frozen=True, slots=True)
class Customers:
    """Who may be meant by a card or a telephone number; `more`: the whole number tells them apart."""

    found: tuple[Customer, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """Somebody who is being served, with what HQ says of them now: stored value in minor units, None where none is.

    Points are HQ's where it answered, else as when they were found.
    """

    customer: Customer
    points: int
    value_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Somebody is a member now."""

    customer: Customer


@dataclass(frozen=True, slots=True)
class CardChanged:
    """A member's card was given, replaced, reported lost, frozen or thawed."""

    act: str
    member: MemberFound


@dataclass(frozen=True, slots=True)
class Ready:
    """Stored value can be sold here now; `card` is the gift card's number where one was named."""

    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What HQ says a top-up brings, before it is paid. `gift_card`: for a card that is nobody's."""

    id: UUID
    holder: MemberOnSale
    minor: int
    gift_minor: int
    balance_minor: int
    masked_name: str
    gift_card: bool
    identified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSoldNow:
    """Stored value was sold and is on the disk: its receipt, what goes back as change, what the card then holds."""

    id: UUID
    receipt: str
    minor: int
    gift_minor: int
    balance_minor: int
    change_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueBackNow:
    """Money for stored value goes back to the customer, by these ways; it is on the disk."""

    id: UUID
    receipt: str
    minor: int
    tenders: tuple[Tender, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoForeseen:
    """What undoing a top-up would hand back, by these ways, and the gift money that ends with it; nothing is begun.

    Of one that is begun, `taken` says that HQ took the value back: then a payment service has not answered.
    """

    receipt: str
    minor: int
    gift_minor: int
    refunds: tuple[RefundPart, ...]
    taken: bool = False


@dataclass(frozen=True, slots=True)
class UndoLeft:
    """The undoing of a top-up was let be: HQ took nothing back, and nothing is handed back."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A top-up whose undoing HQ or a payment service has not answered yet: go on with it by its receipt."""

    receipt: str
    minor: int


ValueMoved = ValueSoldNow | ValueBackNow
"""What comes of money asked of somebody outside."""
