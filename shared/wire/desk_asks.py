"""What a service desk asks of HQ about members' value and gifts, and what HQ answers: parts of `shared.wire.asks`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec


class AskTopUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="top_up"):
    """May this purse be topped up by so much, and what gift money comes with it? Asked before money is taken.

    Whose it is: the member, or the sealed number of the card that carries it. `gift_card`: a card that is nobody's is
    sold with this much on it. `identified`: somebody looked at the buyer's identity document. The question's id is the
    offer's.
    """

    till: str
    cashier: str
    minor: int
    member: UUID | None = None
    sealed_card: bytes | None = None
    gift_card: bool = False
    identified: bool = False


class AskTopUpUndone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="undo_top_up"):
    """Take a top-up back whole, gift money with it, so that its price can be handed back.

    `sold` is the `ValueSold` it undoes. The question's id is the `ValuePaidBack`'s that follows: HQ takes the value
    back at once, and a repeat finds it done.
    """

    sold: UUID
    till: str
    cashier: str
    approved_by: str = ""
    reason: str = ""


class AskGifts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="gifts"):
    """Which gifts wait for somebody at this store, and which could they have for their points?

    Who: the member, their sealed card, or the pick-up `code` that their own page shows.
    """

    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None
    code: str = ""


class AskGiftGiven(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="gift"):
    """A gift is handed over now: what waits behind a pick-up `code`, or `gift` against the member's points at once."""

    till: str
    cashier: str
    member: UUID | None = None
    code: str = ""
    gift: str = ""


class AskCardReturn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="card_return"):
    """Somebody wants their stored value paid back: an application that HQ decides. The question's id is its own."""

    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None
    reason: str = ""


class AskPayOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="pay_out"):
    """What has HQ approved to be paid back to them at this store, and has not been paid out?"""

    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None


class TopUpOffered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="top_up"):
    """So much may be put on a purse, with so much gift money, and then it holds `balance_minor`.

    HQ keeps room for it under the cap until `valid_until_ms` (its wall time). `member` is None for a card that is
    nobody's.
    """

    offer: UUID
    minor: int
    balance_minor: int
    valid_until_ms: int
    gift_minor: int = 0
    member: UUID | None = None
    masked_name: str = ""


class TopUpUndone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="undone"):
    """The value is taken back: hand `minor` back. The purse holds `balance_minor`."""

    minor: int
    balance_minor: int


class GiftWaiting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What waits for a member behind a pick-up code: a gift taken for points, a prize."""

    code: str
    names: dict[str, str]


class GiftForPoints(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gift that a member could have now: what it costs, and how many are left for this store."""

    gift: str
    names: dict[str, str]
    points: int
    left: int


class GiftsFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="gifts"):
    """What waits for a member here, and what they could have for their `points`."""

    member: UUID
    masked_name: str
    points: int
    waiting: list[GiftWaiting] = []
    gifts: list[GiftForPoints] = []


class GiftGiven(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="gift"):
    """The gift is theirs: hand it over. `points` is what they have left."""

    names: dict[str, str]
    points: int
    masked_name: str = ""


class CardReturnTaken(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="card_return"
):
    """How an application to pay a card back stands.

    `applied`: HQ has yet to decide, and the card cannot be used meanwhile; `minor` is what it will come to as things
    stand. `approved`: pay `minor` out now. `fee_minor` is kept, `forfeited_minor` is gift money that ends with it.
    """

    application: UUID
    state: Literal["applied", "approved"]
    minor: int
    fee_minor: int = 0
    forfeited_minor: int = 0
    masked_name: str = ""


AnyDeskAsk = AskTopUp | AskTopUpUndone | AskGifts | AskGiftGiven | AskCardReturn | AskPayOut
"""What a service desk asks about value."""

AnyDeskAnswer = TopUpOffered | TopUpUndone | GiftsFound | GiftGiven | CardReturnTaken
"""What HQ answers to that."""
