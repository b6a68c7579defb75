"""What a scan can mean: one of these. Junk is an answer, not an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shared.codes.gtin import canonical
from shared.money import UnitPrice

MEMBER_CODE_PREFIX = "SWM1."
"""What a member's code on a telephone starts with (`shared.codes.member_code`)."""


class ScanContext(StrEnum):
    """What the till is asking for when something is scanned: the same digits can be a label or a payment."""

    GOODS = "goods"
    MEMBER_CARD = "member_card"
    PAYMENT_CODE = "payment_code"


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A code to look up in the price book: a GTIN as printed (leading zeros as scanned), or an item number."""

    code: str

    @property
    def gtin(self) -> str:
        """The GTIN in its 14-digit form; empty for an item number of the chain's own."""
        return canonical(self.code) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableMeasure:
    """A label printed by a scale: an item of the chain and how much of it, or what it costs, or both.

    `format` names the row of the store's table it was read by. `weight_g` is rounded to whole grams,
    `weight_step_g2` is twice the grams that the label's last digit stands for (a half gram in 斤 is 1).
    `check_fits` is False where the table says to ignore a check digit and it was wrong.
    """

    item: str
    format: str
    weight_g: int | None = None
    weight_step_g2: int = 2
    amount_minor: int | None = None
    amount_step_minor: int = 1
    unit_price: UnitPrice | None = None
    pieces: int | None = None
    check_fits: bool = True

    @property
    def look_up(self) -> tuple[str, ...]:
        """The codes to look the item up by, in this order: as printed, and without the zeros that fill it up."""
        bare = self.item.lstrip("0")
        return (self.item,) if bare in ("", self.item) else (self.item, bare)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gs1Code:
    """A GS1 code with more than a number: element strings, or a Digital Link.

    `gtin` has 14 digits. `expires` is the last day on which it may be eaten (use by), `best_before` and `sell_by` what
    they say; `weight_g` and `amount_minor` are the measure or price of a variable item. `recovered` says that a
    separator was lost on the way and the places of the elements were worked out. `elements` has every value as sent.
    """

    gtin: str
    batch: str = ""
    serial: str = ""
    expires: date | None = None
    best_before: date | None = None
    sell_by: date | None = None
    weight_g: int | None = None
    amount_minor: int | None = None
    pieces: int | None = None
    recovered: bool = False
    elements: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The GTIN as a price book is most likely to have it: 13 digits, or 14 with a packaging level."""
        return self.gtin.removeprefix("0")


class PaymentBrand(StrEnum):
    """Whose payment code it is."""

    WECHAT = "wechat"
    ALIPAY = "alipay"
    UNIONPAY = "unionpay"


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """A one-time code from a customer's telephone. It moves money once, so it is shown to nobody and kept nowhere."""

    text: str = field(repr=False)
    brand: PaymentBrand


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member card of the chain."""

    number: str


@dataclass(frozen=True, slots=True)
class MemberQr:
    """A member's code from a telephone, not yet checked: `shared.codes.member_code.verify` does that."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing we sell by and nobody we know; `reason` is a code the till has words for."""

    text: str
    reason: str


Scan = ItemCode | VariableMeasure | Gs1Code | PaymentCode | MemberCard | MemberQr | Unknown
