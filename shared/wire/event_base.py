"""What every event is made of: who it is and when it happened, receipts, members shown, money given."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

RECEIPT_LINK_BYTES = 9
"""How much of the chain head before it a receipt says: 72 bits, twelve signs of base64 without padding.

It is there to be compared with the whole head, which HQ computes itself from the exact bytes of every event before.
That two heads agree by chance is one in 5 * 10^21. Somebody who wants another past for a receipt in the field has to
meet these bits and, in the same bytes, the outbox's whole chain.
"""


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
    less the day's cut-off, stamped by the agent (YYYY-MM-DD). `shift` is the till's shift whose drawer it belongs to,
    None where the store keeps none.
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
    shift: UUID | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt's place: gapless `number` from 1 in its till's `series`, and the chain head before it.

    `previous` is the first RECEIPT_LINK_BYTES of the head; the next head is over this event's exact bytes.
    """

    series: str
    number: int
    previous: bytes


class MemberOnSale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The card shown. Either the agent knew the member, or it sealed the card to HQ's key.

    `tier` is the tier the till used ('' where it knew none). Of a sealed card it is what HQ said of it at the till:
    points were promised by it, and prices were not made by it.
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
    EXCHANGE = "exchange"
    """What goods that came back were worth, against what was taken for them: no money moves."""


class Tender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money given for a sale, change already taken off; `attempt` names the payment attempt, if a gateway was asked.

    In a return, of members' value: the attempt of the sale's tender that it goes back to.
    """

    method: TenderKind
    minor: int
    change_minor: int = 0
    reference: str = ""
    attempt: UUID | None = None
