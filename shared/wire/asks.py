"""What a till asks of HQ now, and what HQ answers: the bodies of `Question` and `Answer`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from shared.loyalty import NextTier
from shared.wire.budgets import AskBudgets, BudgetsElsewhere
from shared.wire.desk_asks import AnyDeskAnswer, AnyDeskAsk
from shared.wire.return_asks import AskReturn, ReturnAllowed
from shared.wire.wallet_asks import AskWallet, Wallet


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="member"):
    """Who is this card's member? The card is sealed to HQ's key."""

    sealed_card: bytes


class AskHold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="hold"):
    """Set value aside for a basket: the question's id is the hold's, and a repeat gets the same answer.

    `unit` is POINTS or the store's currency; `amount` points or minor units. Whose it is: the member, or the sealed
    number of the card that carries it.
    """

    basket: UUID
    unit: str
    amount: int
    till: str
    cashier: str = ""
    member: UUID | None = None
    sealed_card: bytes | None = None


class AskCoupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="coupon"):
    """Reserve a coupon's code for a basket, so that no other till takes it meanwhile.

    `sealed_card`: the card on the basket, where this store does not know whose it is.
    """

    basket: UUID
    code: str
    till: str
    cashier: str = ""
    member: UUID | None = None
    sealed_card: bytes | None = None


class AskRelease(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="release"):
    """Let go what was set aside for a basket that will not be paid with it.

    With `hold` that hold alone; an id that HQ has never heard of is refused for ever after. With `coupon` that coupon's
    code alone. Without them everything of the basket.
    """

    basket: UUID
    till: str
    hold: UUID | None = None
    coupon: str = ""


class AskEnrol(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="enrol"):
    """Make somebody a member at the desk: a phone number and what they agree to is enough.

    Phone, name and card are sealed to HQ's key. `consents` maps a channel to the version of the text they were shown;
    `receipt` is the sale whose receipt they bring, where joining takes one. `sealed_referrer` is the card or the whole
    telephone number of the member who brought them. The question's id is made once: a repeat finds the member that the
    first one made.
    """

    till: str
    cashier: str
    sealed_phone: bytes
    consents: dict[str, str]
    sealed_name: bytes | None = None
    sealed_card: bytes | None = None
    receipt: UUID | None = None
    language: str = ""
    sealed_referrer: bytes | None = None


class AskCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="card"):
    """Give a member a card, report theirs lost, or both at once; or freeze theirs for a while (`thaw` ends that).

    Who it is: the member a till knows, or whose phone this is, sealed. `issue` and `replace` bring the new card's
    number, sealed; `replace` also reports the one before as lost. `approved_by` is who approved it at the desk.
    """

    act: Literal["issue", "lost", "replace", "freeze", "thaw"]
    till: str
    cashier: str
    member: UUID | None = None
    sealed_phone: bytes | None = None
    sealed_card: bytes | None = None
    approved_by: str = ""


class AskClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="claim"):
    """Credit a receipt on which no card was shown, by the sale's id that its code names: once, and to one member."""

    sale: UUID
    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None


class AskPhone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="phone"):
    """Who is behind a telephone number? The whole number or its last four digits, sealed to HQ's key.

    Several may share a number: families do. Each look is on record at HQ with `till` and `cashier`.
    """

    sealed_phone: bytes
    till: str
    cashier: str


AnyAsk = (
    Ask
    | AskPhone
    | AskHold
    | AskCoupon
    | AskRelease
    | AskEnrol
    | AskCard
    | AskClaim
    | AskWallet
    | AskBudgets
    | AskReturn
    | AnyDeskAsk
)
"""What only HQ knows now."""


class MemberFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="member"):
    """The member behind a card, as a till may know them."""

    member: UUID
    masked_name: str
    tier: str = ""
    points: int = 0
    blocks: list[str] = []
    next_tier: NextTier | None = None


class MemberChoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member who may be meant: by their masked name and a few more signs to tell namesakes apart.

    `masked_phone` and `masked_card` are as people read them (`138****5678`); `birthday_month` is 1 to 12.
    """

    found: MemberFound
    masked_phone: str = ""
    masked_card: str = ""
    birthday_month: int | None = None


class MembersFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="members"):
    """The members behind a telephone number, one to five, to choose from; those who shop here first.

    `more`: there are others, and the whole number tells them apart.
    """

    members: list[MemberChoice]
    more: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="refused"):
    """A business refusal, remembered under the question's id: a code for machines; the till has the words."""

    code: str


class Held(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="held"):
    """Value is set aside. The till commits against it until a minute before `valid_until_ms` (HQ's wall time)."""

    hold: UUID
    unit: str
    amount: int
    valid_until_ms: int


class CouponReserved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="coupon"):
    """A coupon is this basket's until then: the promotion of the price book that it stands for."""

    code: str
    promotion: str
    valid_until_ms: int
    claimed_ms: int = 0


class Released(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="released"):
    """Nothing is set aside for it any more. `captured`: too late, its sale has spent it."""

    captured: bool = False


class PointsClaimed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="claimed"):
    """A receipt's points are the member's: how many it brought, and how many they have now."""

    member: UUID
    masked_name: str
    earned: int
    points: int


AnyAnswer = (
    MemberFound
    | MembersFound
    | Refused
    | Held
    | CouponReserved
    | Released
    | PointsClaimed
    | Wallet
    | BudgetsElsewhere
    | ReturnAllowed
    | AnyDeskAnswer
)
"""What HQ answers."""
