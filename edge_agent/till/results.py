"""What a till answers. Every use case gives one of these; a refusal is an answer, not an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from edge_agent.till.asks import Ask
from edge_agent.till.saying import Words
from edge_agent.till.stand import StandState
from shared.loyalty import NextTier
from shared.pricing import PricedBasket, PricedLine, Unit
from shared.wire.events import Tender, TenderKind
from shared.wire.policies import StaffRole
from shared.wire.till_events import Adjustment, AgeCheck


@dataclass(frozen=True, slots=True)
class Refused:
    """The till did not do it: a code for programs, words for people with what to do next, and what it was about.

    `asks` says what would make it possible (approval, an age check, a reason); `view` is the basket as it is now,
    where whoever gave the command saw an older one.
    """

    code: str
    words: Words
    detail: str = ""
    asks: Ask | None = None
    view: BasketView | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody works at the till since `since_ms`."""

    staff: str
    name: str
    role: StaffRole
    since_ms: int


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Somebody left the till, which is now so."""

    staff: str
    state: StandState


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoView:
    """Who stands at the till and how; `signs_in` is False where nobody has to."""

    state: StandState
    staff: str
    name: str
    role: StaffRole | None
    since_ms: int
    practice: bool
    shift: UUID | None
    signs_in: bool


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
    """A card was shown. A card HQ alone knows still gets member prices. `basket` is None after a mere swipe.

    `by_hq`: HQ has said so now; else it is this store's own copy. `blocks` is what they may not do for now (`buy`,
    `points`, `coupons`), `next_tier` what is missing to the tier above. `let_go`: they took another member's place,
    whose points or coupons came off the basket. `refused`: why HQ says that their card is out of use.
    """

    known: bool
    masked_name: str
    tier: str
    points: int
    basket: UUID | None
    total_minor: int = 0
    by_hq: bool = False
    blocks: tuple[str, ...] = ()
    next_tier: NextTier | None = None
    let_go: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class AgeConfirmed:
    """Somebody made sure of the buyer's age, for everything in this basket."""

    basket: UUID
    check: AgeCheck


@dataclass(frozen=True, slots=True)
class RoundedDown:
    """Cents were dropped from the total."""

    minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class FoundByName:
    """An item found by a search, with its price in minor units for `basis` of its unit (None: not for sale here)."""

    item: str
    names: dict[str, str]
    unit: Unit
    price_minor: int | None
    member_minor: int | None
    basis: int
    sellable: bool


@dataclass(frozen=True, slots=True)
class QuickKeyView:
    """A quick key with its words by language, its page, and the item behind it."""

    item: str
    words: dict[str, str]
    page: str
    found: FoundByName


@dataclass(frozen=True, slots=True)
class Example:
    """An item for sale and a code it can be scanned by."""

    code: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class PriceChecked:
    """What an item costs now, without selling it."""

    item: str
    names: dict[str, str]
    unit: Unit
    regular_minor: int
    member_minor: int | None
    basis: int
    pieces: int
    sellable: bool
    version: int


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A held basket in a list: from which till, since when, what it comes to without the lines still to be weighed."""

    id: UUID
    name: str
    till: str
    opened_ms: int
    lines: int
    total_minor: int
    to_measure: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Money that somebody outside was asked for, and nobody knows yet: do not take or pay it a second time."""

    attempt: UUID
    method: TenderKind
    minor: int
    at_ms: int
    is_refund: bool
    of: UUID


@dataclass(frozen=True, slots=True)
class Reprinted:
    """Print the receipt again, marked as this copy."""

    sale: UUID
    receipt: str
    copy: int


@dataclass(frozen=True, slots=True)
class PartlyPaid:
    """Money was taken, and this much is still due."""

    basket: UUID
    due_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """The sale is on the disk. `change_minor` goes back to the customer.

    `points` is what its member was promised; `points_follow`: there is a member, and only HQ can say how many.
    """

    sale: UUID
    receipt: str
    total_minor: int
    change_minor: int
    lines: int
    points: int | None = None
    points_follow: bool = False


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

    `without_price` names items the new book does not price: the basket then keeps its old prices. `to_measure` are
    the lines that still wait for their weight or volume.
    """

    basket: UUID
    repriced: bool
    version: int | None
    before_minor: int
    total_minor: int
    without_price: tuple[str, ...] = ()
    to_measure: tuple[int, ...] = ()


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
class CouponOn:
    """A coupon's code on the basket, and what the coupon is called by language.

    `why_not`: why it takes nothing off as the basket is, with its name; empty where it does.
    """

    code: str
    names: dict[str, str]
    why_not: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BasketView:
    """Everything a till page or a display shows of the open basket.

    `deposit_of` names, by line, the line whose deposit it is. `cash_due_minor` is what is due in cash alone, where
    the store's rule drops cents; `quick_cash` are amounts a customer may hand over for it. `waiting` is money that
    nobody knows about yet: while there is any, the page shows nothing else.
    """

    basket: UUID
    version: int | None
    priced: PricedBasket
    names: dict[int, dict[str, str]]
    member: MemberAttached | None
    paid_minor: int
    steps: int
    tenders: tuple[Tender, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    deposit_of: dict[int, int] = field(default_factory=dict)
    cash_due_minor: int = 0
    quick_cash: tuple[int, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    practice: bool = False
    hints: tuple[dict[str, str], ...] = ()
    """What little more would give how much, in words by language."""
    coupons: tuple[CouponOn, ...] = ()
    to_choose: int = 0
    points: int = 0
    points_minor: int = 0
    """So many of the member's points pay so much of it."""
    brings_points: int | None = None
    """How many points it brings the member as it is; None without one, and where only HQ can say."""
    no_points_by: tuple[str, ...] = ()
    """What is paid by these methods brings none of them."""
    categories: dict[int, str] = field(default_factory=dict)
    """The path of each line's category, by line; an item without one is absent."""

    @property
    def due_minor(self) -> int:
        """What is still to pay."""
        return self.priced.total_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class NothingUnresolved:
    """No payment attempt of this till waits for an answer."""
