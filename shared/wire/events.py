"""Events: what happened in a store, recorded once and for ever known by its id.

An event's exact JSON bytes are kept by the agent, chained, sent in batches and hashed by HQ, so nobody
re-encodes one. A new field is optional with a default; a field is never retyped and its name never reused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from shared.pricing.model import PaperCoupon, PricedLine


class TillKind(StrEnum):
    """What stands behind a till number."""

    STAFFED = "staffed"
    SERVICE_DESK = "service_desk"
    SELF_CHECKOUT = "self_checkout"


class TimeQuality(StrEnum):
    """How far the device's time can be trusted."""

    SYNCED = "synced"
    HELD = "held"
    UNKNOWN = "unknown"


class DeviceTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The machine's wall time, what to add for HQ's as last estimated, and how good that estimate is."""

    wall_ms: int
    hq_offset_ms: int = 0
    quality: TimeQuality = TimeQuality.UNKNOWN


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every event says: who it is, where and when it happened in business time, at whose hands.

    Order comes from the outbox sequence, never from these times. `business_date` is the store's local date
    less the day's cut-off, stamped by the agent (YYYY-MM-DD).
    """

    id: UUID
    store: str
    at_ms: int
    business_date: str
    device: DeviceTime
    v: int = 1
    till: str = ""
    till_kind: TillKind = TillKind.STAFFED
    cashier: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt's place: gapless `number` from 1 in its till's `series`, and the chain head before it.

    `previous` is the first 16 bytes of the head; the next head is over this event's exact bytes.
    """

    series: str
    number: int
    previous: bytes


class BookReference(msgspec.Struct, frozen=True, kw_only=True):
    """What priced a basket: price-book version, its manifest hash (first 16 bytes), engine level, time zone."""

    version: int
    manifest: bytes
    engine: int
    zone: str


class MemberOnSale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The card shown. Either the agent knew the member, or it sealed the card to HQ's key.

    `tier` is the tier the till used ('' where it knew none).
    """

    member: UUID | None = None
    sealed_card: bytes | None = None
    tier: str | None = None


class TenderKind(StrEnum):
    """Ways to pay."""

    CASH = "cash"
    BANK_CARD = "bank_card"
    WECHAT = "wechat"
    ALIPAY = "alipay"
    STORED_VALUE = "stored_value"
    GIFT_CARD = "gift_card"
    OTHER = "other"


class Tender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money given for a sale, change already taken off; `attempt` names the payment attempt, if a gateway was asked."""

    method: TenderKind
    minor: int
    change_minor: int = 0
    reference: str = ""
    attempt: UUID | None = None


class SaleCompleted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="sale"):
    """A customer has paid. `id` is also the sale's and its basket's id.

    `priced_ms` is the business moment of the last pricing: book, moment, zone, member and coupons are all the
    engine needs to find the same lines again.
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

    @property
    def saved_minor(self) -> int:
        """What all discounts came to."""
        return sum(line.gross_minor - line.net_minor for line in self.lines)


class ReturnedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of an original line came back, and what was paid back for it (positive minor units)."""

    of_line: int
    quantity: int
    refund_minor: int
    tax_minor: int = 0
    reason: str = ""


class SaleReturned(Event, frozen=True, kw_only=True, omit_defaults=True, tag="return"):
    """Goods of one earlier sale came back and money went out."""

    receipt: Receipt
    original: UUID
    lines: list[ReturnedLine]
    tenders: list[Tender]
    currency: str
    exponent: int = 2
    total_minor: int
    approved_by: str = ""


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


AnyEvent = SaleCompleted | SaleReturned | SaleVoided | MemberSwiped | SeriesOpened | EpochOpened | GapDeclared

EVENTS: tuple[type[Event], ...] = (
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    MemberSwiped,
    SeriesOpened,
    EpochOpened,
    GapDeclared,
)
"""Every event class; the house test insists on a golden file and a handler for each."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode_event(event: Event) -> bytes:
    """Return the bytes that stand for this event for ever."""
    return _encoder.encode(event)


def decode_event(content: bytes) -> AnyEvent:
    """Read an event. Raise msgspec.DecodeError (ValidationError where a field does not fit, naming it)."""
    try:
        return _decoder.decode(content)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
