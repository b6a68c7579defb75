"""Members at tills that are not ours. Version 1; `docs/other-tills.md` walks through it.

Card and phone numbers travel in bodies. Whatever changes something carries the header `Idempotency-Key`, an id that
the till made and stored before it sent: the same request again gets the same answer, another under the same id is
refused (409) and the field is named, and a request that was refused stays refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from cloud.api.auth import holder_with
from cloud.api.services import Here, Services
from cloud.beside.moving import Place, Till
from cloud.beside.undoing import Part
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered
from cloud.members import enrolling, finding
from cloud.members.home_days import HomeDays
from cloud.members.models import ACTIVE, Member
from cloud.members.sight import look_at
from shared.codes.answers import MEMBER_CODE_PREFIX
from shared.codes.member_code import VerifiedMember, verify

router = APIRouter(prefix="/api/v1/beside", tags=["tills beside ours"])

MayRead = Annotated[TokenHolder, Depends(holder_with("beside:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("beside:write"))]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=64)]
_MOST = 1_000_000_000
_MOST_SCANNED = 512


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Who(_Body):
    """A card or a phone number, one of them; a card as it was scanned: its number, or the code on a telephone."""

    card: str | None = Field(default=None, min_length=4, max_length=_MOST_SCANNED)
    phone: str | None = Field(default=None, min_length=4, max_length=32)


class Known(BaseModel):
    """A member as a till may show them."""

    member: UUID
    masked_name: str
    tier: str
    points: int
    blocks: list[str]


class Receipt(_Body):
    """What every request that moves points says: whose, in which store, on which receipt."""

    member: UUID
    store: str = Field(max_length=32)
    till: str = Field(default="", max_length=64)
    cashier: str = Field(default="", max_length=64)
    receipt: str = Field(default="", max_length=64)


class Quoted(_Body):
    """A receipt that may come about: whose, where, of how much (minor units)."""

    member: UUID
    store: str = Field(max_length=32)
    minor: int = Field(ge=0, le=_MOST)


class Quote(BaseModel):
    """The points it would bring, and those that can be spent now."""

    earns: int
    spendable: int
    not_given: str | None = None
    """`points_blocked` where the receipt would count and bring no points, because its member may collect none now."""


class Earning(Receipt):
    """A receipt paid: what it came to, in minor units."""

    minor: int = Field(ge=0, le=_MOST)


class Spending(Receipt):
    """Points to take."""

    points: int = Field(ge=1, le=_MOST)


class CouponUse(_Body):
    """A coupon's code, used on a receipt. Its member is needed where the coupon is somebody's own."""

    code: str = Field(min_length=4, max_length=64)
    member: UUID | None = None
    store: str = Field(max_length=32)
    till: str = Field(default="", max_length=64)
    cashier: str = Field(default="", max_length=64)
    receipt: str = Field(default="", max_length=64)


class CouponUsed(BaseModel):
    """The promotion that the coupon stands for."""

    promotion: str


class Reversal(_Body):
    """Which request to take back, by the id it was made under; whole, or a part of it.

    A part is so many `points`, or of what was earned goods of so much money (`minor`): their share of points follows.
    """

    of: str = Field(min_length=1, max_length=64)
    points: int | None = Field(default=None, ge=1, le=_MOST)
    minor: int | None = Field(default=None, ge=1, le=_MOST)
    store: str = Field(max_length=32)
    till: str = Field(default="", max_length=64)
    cashier: str = Field(default="", max_length=64)
    receipt: str = Field(default="", max_length=64)


class Moved(BaseModel):
    """How many points moved, and how many the member had right after.

    `not_given` says why a receipt that counted brought none: `points_blocked` (its member may collect none now), or
    `no_rule` (head office has no earning rule for its day).
    """

    points: int
    balance: int
    not_given: str | None = None


class TakenBack(BaseModel):
    """What a reversal moved: points, and how many the member had right after; or the promotion of a coupon."""

    points: int | None = None
    balance: int | None = None
    promotion: str | None = None


@router.post("/identify")
def identify(services: Here, who: MayRead, body: Who) -> Known:
    """Say whose card or phone this is.

    404 for nobody's; 403 for a lost card, a phone that several share, or a code of the members' page that is too old;
    429 for a key that asked for too many who are nobody: it tries numbers.
    """
    today = HomeDays(services.clocks.business.now_ms())
    services.strangers.admit(who.name)
    try:
        with services.database.snapshot() as session:
            member = _member(session, services, body, today)
            sight = look_at(session, [member], today)[member]
    except NotFound:
        services.strangers.failed(who.name)
        raise
    return Known(
        member=member,
        masked_name=sight.masked_name,
        tier=sight.tier,
        points=sight.points,
        blocks=list(sight.blocks),
    )


@router.post("/quote", response_model_exclude_none=True)
def quote(services: Here, who: MayRead, body: Quoted) -> Quote:
    """Say what a receipt would bring and what may be spent. Nothing changes by it."""
    with services.database.snapshot() as session:
        found = _till(services, who, body.store).quote(session, body.member, body.minor, body.store)
    return Quote(earns=found.earns, spendable=found.spendable, not_given=found.not_given)


@router.post("/earn", response_model_exclude_none=True)
def earn(services: Here, who: MayWrite, body: Earning, key: Key) -> Moved:
    """Count a receipt and give its points, once under its id.

    Whoever is blocked from points gets none, and the answer says so; the receipt counts for visits and tiers.
    """
    till = _till(services, who, body.store)
    return _moved(services, lambda session: till.earn(session, key, body.member, body.minor, _place(body)))


@router.post("/spend", response_model_exclude_none=True)
def spend(services: Here, who: MayWrite, body: Spending, key: Key) -> Moved:
    """Take points, once under its id; 403 `insufficient` where there are not so many."""
    till = _till(services, who, body.store)
    return _moved(services, lambda session: till.spend(session, key, body.member, body.points, _place(body)))


@router.post("/coupon")
def coupon(services: Here, who: MayWrite, body: CouponUse, key: Key) -> CouponUsed:
    """Use a coupon, once; 403 by what is wrong with it (`coupon_used`, `coupon_expired` ...)."""
    till = _till(services, who, body.store)
    done = in_transaction(
        services.database, lambda session: till.coupon(session, key, body.code, body.member, _place(body))
    )
    return CouponUsed(promotion=done.require()["promotion"])


@router.post("/reverse", response_model_exclude_none=True)
def reverse(services: Here, who: MayWrite, body: Reversal, key: Key) -> TakenBack:
    """Take an earning, a spending or a coupon's use back, up to what is left of it."""
    till = _till(services, who, body.store)
    if body.points is not None and body.minor is not None:
        raise Invalid("send either points or minor, or neither to take all of it back")
    part = Part(body.points, body.minor)
    done = in_transaction(
        services.database, lambda session: till.undo(session, key, body.of, part, _place(body))
    ).require()
    return TakenBack(points=done.get("points"), balance=done.get("balance"), promotion=done.get("promotion"))


def _moved(services: Services, work: Callable[[Session], Answered]) -> Moved:
    answer = in_transaction(services.database, work).require()
    return Moved(points=answer["points"], balance=answer["balance"], not_given=answer.get("not_given"))


def _till(services: Services, who: TokenHolder, store: str) -> Till:
    who.act_for(store)
    clocks = services.clocks
    return Till(services.vault, who.name, clocks.business.now_ms(), clocks.machine.wall_ms())


def _place(body: Receipt | Reversal | CouponUse) -> Place:
    return Place(store=body.store, till=body.till, cashier=body.cashier, receipt=body.receipt)


def _number(services: Services, scanned: str) -> str:
    """Return a card's number from what was scanned: itself, or what a telephone's code stands for."""
    if not scanned.startswith(MEMBER_CODE_PREFIX):
        return scanned
    trusted = services.keys.signing_public().values()
    found = verify(scanned, trusted, services.clocks.machine.wall_ms())
    if isinstance(found, VerifiedMember):
        return found.card
    raise Refused(found, "the code on the telephone does not count: have the member open their page anew")


def _member(session: Session, services: Services, body: Who, today: HomeDays) -> UUID:
    if (body.card is None) == (body.phone is None):
        raise Invalid("send either card or phone")
    if body.card is not None:
        return finding.at_till(session, services.vault, _number(services, body.card.strip()), today)[0]
    found = [
        one
        for one in enrolling.find_by_phone(session, services.vault, body.phone or "")
        if session.get_one(Member, one).status == ACTIVE
    ]
    if not found:
        raise NotFound("nobody has this phone")
    if len(found) > 1:
        raise Refused("phone_shared", "several members have this phone: ask for the card")
    return found[0]
