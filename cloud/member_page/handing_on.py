"""Handing points on as a member sees it: how many they can give now, to whom a number leads, what it comes to."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Invalid, Refused
from cloud.loyalty import transferring
from cloud.loyalty.club_models import PointsTransfer
from cloud.member_page import reading
from cloud.members import cards, rules
from cloud.members.models import ACTIVE, FamilyMember, Member, MemberField
from cloud.members.profile import PHONE
from cloud.privacy import Vault, normal

_MOST_DIGITS = 9
_MOST_SHARING = 10
"""So many members with one telephone number are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a member may hand on today (points), and what the rule says."""

    rule: rules.Transfers
    most_now: int
    """0 where they can hand on nothing now."""
    left_in_month: int
    owed: int
    has_family: bool

    @property
    def percent(self) -> str:
        """Return the fee in percent as people write it: 2.5."""
        return f"{self.rule.fee_bp // 100}.{self.rule.fee_bp % 100:02d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """To whom a number leads; both texts are masked, as stores see them."""

    member: UUID
    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Points that were handed on."""

    name: str
    points: int
    fee: int

    @property
    def received(self) -> int:
        """Return what arrived."""
        return self.points - self.fee


def terms(session: Session, member: UUID, today: date) -> Terms:
    """Return what a member may hand on today."""
    rule, held = rules.newest(session, rules.Transfers), reading.points_held(session, member, today)
    left = max(rule.most_in_a_month - transferring.given_in_month(session, member, today), 0)
    most = 0 if held.owed else min(held.spendable, rule.most_at_once, left)
    family = table_of(FamilyMember)
    mine = select(family.c.family_id).where(family.c.member_id == member).scalar_subquery()
    others = select(family.c.member_id).where(family.c.family_id == mine, family.c.member_id != member)
    return Terms(
        rule=rule,
        most_now=most if most >= rule.least else 0,
        left_in_month=left,
        owed=held.owed,
        has_family=session.execute(others.limit(1)).first() is not None,
    )


def find(session: Session, vault: Vault, text: str, giver: UUID, rule: rules.Transfers) -> Taker:
    """Return whom a card number or telephone number leads to.

    Raise Refused: `nobody`, `nobody_family` (whoever is no family is not told apart from nobody), `several` who share
    a telephone number, `self`.
    """
    by_card, by_phone = _by_card(session, vault, text), _by_phone(session, vault, text)
    found = by_card or by_phone
    if list(found) == [giver]:
        raise Refused("self", "this is the giver's own number")
    found = [one for one in found if one != giver]
    if rule.to == "family":
        found = [one for one in found if transferring.same_family(session, giver, one)]
    if not found:
        raise Refused("nobody_family" if rule.to == "family" else "nobody", "the number leads to nobody")
    if len(found) > 1:
        raise Refused("several", "the number leads to several members")
    number = normal.masked_card(normal.card(text)) if by_card else normal.masked_phone(normal.phone(text))
    return Taker(member=found[0], name=session.get_one(Member, found[0]).masked_name, number=number)


def _by_card(session: Session, vault: Vault, text: str) -> Sequence[UUID]:
    try:
        found = cards.find(session, vault, normal.card(text))
    except Invalid:
        return []
    row = session.get(Member, found.member) if found is not None and found.member is not None else None
    return [row.id] if row is not None and row.status == ACTIVE else []


def _by_phone(session: Session, vault: Vault, text: str) -> Sequence[UUID]:
    try:
        index = vault.blind_index(PHONE, normal.phone(text))
    except Invalid:
        return []
    field, member = table_of(MemberField), table_of(Member)
    query = select(field.c.member_id).join(member, member.c.id == field.c.member_id)
    query = query.where(field.c.blind_index == index, field.c.name == PHONE, member.c.status == ACTIVE)
    return list(session.execute(query.order_by(field.c.member_id).limit(_MOST_SHARING)).scalars())


def read_points(text: str) -> int:
    """Read how many points somebody typed, 1,000 and fullwidth figures too. Raise Refused (`number`)."""
    figures = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    if not figures.isascii() or not figures.isdigit() or len(figures) > _MOST_DIGITS or not int(figures):
        raise Refused("number", "points are a whole number above 0")
    return int(figures)


def check(session: Session, wanted: transferring.Transfer, today: Terms) -> None:
    """Raise Refused, with the codes of `transferring.transfer`, where it could not be done now."""
    transferring.check(session, wanted, today.rule)
    if today.owed:
        raise Refused("points_owed", "this member owes points")
    if wanted.points > reading.points_held(session, wanted.giver, wanted.today).spendable:
        raise Refused("points_short", "the member has fewer points that can be spent today")


def seal(vault: Vault, wanted: transferring.Transfer, fee: int) -> str:
    """Return the proof that a member was shown exactly this before they agree to it."""
    shown = (wanted.id, wanted.giver, wanted.taker, wanted.points, fee)
    return vault.blind_index("hand_on", "\n".join(map(str, shown))).hex()


def made(session: Session, transfer: UUID, giver: UUID, actor: str) -> transferring.Transfer | None:
    """Return what a member asked for before under an id, once it was done; None for what they did not."""
    row = session.get(PointsTransfer, transfer)
    if row is None or row.giver_id != giver:
        return None
    return transferring.Transfer(
        id=row.id, giver=giver, taker=row.taker_id, points=row.points, today=row.day, actor=actor
    )


def done(session: Session, transfer: UUID, giver: UUID) -> Done | None:
    """Return what a member handed on; None for what they did not."""
    row = session.get(PointsTransfer, transfer)
    if row is None or row.giver_id != giver:
        return None
    taker = session.get(Member, row.taker_id)
    return Done(name="" if taker is None else taker.masked_name, points=row.points, fee=row.fee)
