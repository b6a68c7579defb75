"""Events: what happened in a store, recorded once and for ever known by its id.

An event's exact JSON bytes are kept by the agent, chained, sent in batches and hashed by HQ, so nobody
re-encodes one. A new field is optional with a default; a field is never retyped and its name never reused.

A sale travels in a shorter form than it is worked with: `SaleForm` has every field of `SaleCompleted`, except that
lines are folded (`shared.wire.sold_lines`) and the moments before the sale are distances from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import attrgetter, or_
from typing import Any, Literal
from uuid import UUID

import msgspec

from shared.loyalty import PointsBasis
from shared.pricing.model import PaperCoupon, PricedLine
from shared.pricing.record import PricingFacts, PromotionUse
from shared.wire.drawer_events import DrawerOpened
from shared.wire.event_base import (
    RECEIPT_LINK_BYTES,
    DeviceTime,
    Event,
    MemberOnSale,
    Receipt,
    Tender,
    TenderKind,
    TillKind,
    TimeQuality,
)
from shared.wire.sold_lines import LineTax, SoldLine, fold, unfold
from shared.wire.terminal_events import TerminalActed
from shared.wire.till_events import (
    Adjustment,
    AgeCheck,
    BasketVoided,
    CashMoved,
    GoodsReturned,
    ReceiptReprinted,
    ShiftClosed,
    ShiftOpened,
    StaffActed,
)
from shared.wire.value_events import ValuePaidBack, ValueSold

__all__ = [
    "EVENTS",
    "MANIFEST_BYTES",
    "RECEIPT_LINK_BYTES",
    "AnyEvent",
    "BookReference",
    "DeviceTime",
    "EpochOpened",
    "Event",
    "GapDeclared",
    "GoodsReturned",
    "HeldAck",
    "MemberOnSale",
    "MemberSwiped",
    "Receipt",
    "ReturnedLine",
    "SaleCompleted",
    "SaleForm",
    "SaleReturned",
    "SaleVoided",
    "SeriesOpened",
    "Tender",
    "TenderKind",
    "TillKind",
    "TimeQuality",
    "ValuePaidBack",
    "ValueSold",
    "decode_event",
    "encode_event",
    "wire_form",
]

MANIFEST_BYTES = 9
"""How much of its book's manifest hash a sale says. The version already names the book; this proves the content."""


class BookReference(msgspec.Struct, frozen=True, kw_only=True):
    """What priced a basket: price-book version, its manifest hash (first MANIFEST_BYTES), engine level, zone."""

    version: int
    manifest: bytes
    engine: int
    zone: str


class SaleCompleted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="sale"):
    """A customer has paid. `id` is also the sale's and its basket's id.

    `priced_ms` is the business moment of the last pricing: book, moment, zone, member and coupons are all the
    engine needs to find the same lines again, with `pricing` where it looked at more, and `adjustments` what people
    changed about its answer. `promotions` are what its promotions used and did beside the discounts on the lines.
    `exchange` names the return whose goods were exchanged for these. `holds` are what HQ set aside beforehand and this
    sale was paid with offline (`shared.value.Allowance`); what HQ was asked for now it knows by the sale's id.
    `points_promised` are the points the member was told, worked out by the rules that `points_by` names; None where
    the till could not know them. `points_before` is what the till showed that the member had before this purchase.
    """

    receipt: Receipt
    opened_ms: int
    priced_ms: int
    book: BookReference
    currency: str
    exponent: int = 2
    tax_mode: Literal["inclusive"] = "inclusive"
    member: MemberOnSale | None = None
    lines: list[PricedLine]
    coupons: list[PaperCoupon] = []
    tenders: list[Tender]
    total_minor: int
    adjustments: list[Adjustment] = []
    age_checks: list[AgeCheck] = []
    exchange: UUID | None = None
    pricing: PricingFacts | None = None
    promotions: list[PromotionUse] = []
    holds: list[UUID] = []
    points_promised: int | None = None
    points_by: PointsBasis | None = None
    points_before: int | None = None

    @property
    def saved_minor(self) -> int:
        """What all discounts came to."""
        return sum([discount.minor for line in self.lines for discount in line.discounts])


class ReturnedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of an original line came back, and what was paid back for it (positive minor units)."""

    of_line: int
    quantity: int
    refund_minor: int
    tax_minor: int = 0
    reason: str = ""


class SaleReturned(Event, frozen=True, kw_only=True, omit_defaults=True, tag="return"):
    """Goods of one earlier sale came back and money went out.

    `void` says that the whole sale was undone at the till right after it; `exchange` names the sale they went into.
    `points_taken` are the points that the member was told go back with the goods; None where the till could not know.
    """

    receipt: Receipt
    original: UUID
    lines: list[ReturnedLine]
    tenders: list[Tender]
    currency: str
    exponent: int = 2
    total_minor: int
    approved_by: str = ""
    void: bool = False
    exchange: UUID | None = None
    points_taken: int | None = None


class SaleVoided(Event, frozen=True, kw_only=True, omit_defaults=True, tag="void"):
    """A receipt number was taken and the sale behind it never happened; the number is not used again."""

    receipt: Receipt
    original: UUID | None = None
    reason: str


class MemberSwiped(Event, frozen=True, kw_only=True, omit_defaults=True, tag="swipe"):
    """A member card was shown at a till, with or without a sale after it."""

    member: MemberOnSale
    basket: UUID | None = None


class SeriesOpened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="series"):
    """A till starts a new receipt series for a stated reason, linked to the last head known (empty when none)."""

    series: str
    reason: Literal["first", "new_disk", "restored", "moved_till"]
    previous_series: str = ""
    previous_number: int = 0
    previous_head: bytes = b""


class HeldAck(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent holds as acked in an epoch: by which incarnation, up to where, with the ack's head and proof."""

    incarnation: UUID
    seq: int
    head: bytes
    proof: bytes


class EpochOpened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="epoch"):
    """The agent numbers its events anew, and why. `resent` events follow that HQ may already have.

    `previous_ack` is the last ack in the previous epoch: an HQ that was put back meanwhile learns of it only here.
    """

    reason: Literal["first", "restored", "cloned", "forked", "new_disk", "hq_restored"]
    previous_epoch: UUID | None = None
    previous_seq: int = 0
    resent: int = 0
    previous_ack: HeldAck | None = None


class GapDeclared(Event, frozen=True, kw_only=True, omit_defaults=True, tag="gap"):
    """Sequence numbers of an epoch that this agent can never supply, and why."""

    epoch: UUID
    first: int
    last: int
    reason: str


AnyEvent = (
    SaleCompleted
    | SaleReturned
    | GoodsReturned
    | ValueSold
    | ValuePaidBack
    | SaleVoided
    | MemberSwiped
    | StaffActed
    | ShiftOpened
    | CashMoved
    | ShiftClosed
    | BasketVoided
    | ReceiptReprinted
    | DrawerOpened
    | TerminalActed
    | SeriesOpened
    | EpochOpened
    | GapDeclared
)

EVENTS: tuple[type[Event], ...] = (
    SaleCompleted,
    SaleReturned,
    GoodsReturned,
    ValueSold,
    ValuePaidBack,
    SaleVoided,
    MemberSwiped,
    StaffActed,
    ShiftOpened,
    CashMoved,
    ShiftClosed,
    BasketVoided,
    ReceiptReprinted,
    DrawerOpened,
    TerminalActed,
    SeriesOpened,
    EpochOpened,
    GapDeclared,
)
"""Every event class; the house test insists on a golden file and a handler for each."""

_TRAVELLING = ("opened_before_ms", "priced_before_ms", "taxes", "lines")
_FOLDED = ("opened_ms", "priced_ms", "lines")
_KEPT = [field for field in msgspec.structs.fields(SaleCompleted) if field.name not in _FOLDED]
_KEPT_NAMES = [field.name for field in _KEPT]
_kept: Callable[[Any], tuple[Any, ...]] = attrgetter(*_KEPT_NAMES)


def _declared(field: msgspec.structs.FieldInfo) -> Any:
    """Return a field of one struct as another declares it."""
    if field.required:
        return field.name, field.type
    default = field.default
    if default is msgspec.NODEFAULT:
        default = msgspec.field(default_factory=field.default_factory)
    return field.name, field.type, default


SaleForm: Any = msgspec.defstruct(
    "SaleForm",
    [
        *(_declared(field) for field in _KEPT),
        ("opened_before_ms", int, 0),
        ("priced_before_ms", int, 0),
        ("taxes", list[LineTax], []),
        ("lines", list[SoldLine]),
    ],
    kw_only=True,
    frozen=True,
    omit_defaults=True,
    tag_field="kind",
    tag=SaleCompleted.__struct_config__.tag,
    module=__name__,
    namespace={
        "__doc__": "A paid sale as it travels. `opened_before_ms` and `priced_before_ms` are how long before `at_ms`\n"
        "its basket was opened and last priced. `taxes` are those that its lines contain; none named is one of 0 %."
    },
)


def wire_form(event: type[Event]) -> type[msgspec.Struct]:
    """Return the class whose JSON an event's bytes are: the event's own, but for a sale."""
    return SaleForm if event is SaleCompleted else event


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, map(wire_form, EVENTS)))


def encode_event(event: Event) -> bytes:
    """Return the bytes that stand for this event for ever."""
    return _encoder.encode(_folded(event) if isinstance(event, SaleCompleted) else event)


def decode_event(content: bytes) -> AnyEvent:
    """Read an event. Raise msgspec.DecodeError (ValidationError where a field does not fit, naming it)."""
    try:
        event = _decoder.decode(content)
        return _unfolded(event) if isinstance(event, SaleForm) else event
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def _folded(sale: SaleCompleted) -> Any:
    lines, taxes = fold(sale.lines)
    kept = dict(zip(_KEPT_NAMES, _kept(sale), strict=True))
    before = {"opened_before_ms": sale.at_ms - sale.opened_ms, "priced_before_ms": sale.at_ms - sale.priced_ms}
    return SaleForm(**kept, **before, taxes=taxes, lines=lines)


def _unfolded(form: Any) -> SaleCompleted:
    try:
        lines = unfold(form.lines, form.taxes)
    except ValueError as error:
        raise msgspec.ValidationError(f"{error} - at `$.lines`") from error
    fields = msgspec.structs.asdict(form)
    for name in _TRAVELLING:
        del fields[name]
    opened_ms, priced_ms = form.at_ms - form.opened_before_ms, form.at_ms - form.priced_before_ms
    fields |= {"opened_ms": opened_ms, "priced_ms": priced_ms, "lines": lines}
    return SaleCompleted(**fields)
