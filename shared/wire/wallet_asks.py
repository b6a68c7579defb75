"""What a till asks of HQ before it offers to pay with members' value: parts of `shared.wire.asks`."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec


class AskWallet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="wallet"):
    """What could somebody pay with just now? Nothing is set aside by it.

    Whose it is: the member, or the sealed number of a card, which may be a gift card that is nobody's. `coupons`: their
    coupons are wanted too.
    """

    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None
    coupons: bool = False


class WalletCoupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A coupon of a member's own that counts today: its code, the price book's promotion behind it, its last day."""

    code: str
    promotion: str
    ends: date


class Wallet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="wallet"):
    """What can be spent at this moment: stored value in minor units of the store's currency, points, coupons.

    `has_value`: there is stored value behind it at all, be it used up. `named` is False for a card that is nobody's.
    """

    value_minor: int
    has_value: bool
    points: int = 0
    named: bool = True
    blocks: list[str] = []
    coupons: list[WalletCoupon] = []
