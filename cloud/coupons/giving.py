"""Personal coupons for a whole segment as a run: worked out first, given in parts, taken back where not yet used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from secrets import randbits
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud.coupons.batches import counts_of, end, give, lock_batch
from cloud.coupons.models import CODES, ISSUED, PERSONAL, VOIDED, Coupon, CouponBatch
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.members import blocks, one_person
from cloud.members.care_models import MemberNotice
from cloud.members.models import ACTIVE, Member, MemberSegment
from cloud.rewards.kinds import Item, Moved

COUPON_ARRIVED = "coupon_arrived"
_NOTICE = ("id", "member_id", "kind", "subject", "due_on", "made_ms")
EVERYBODY = "*"
"""The segment that every member is in."""


class Giving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One coupon of `batch` for each member of `segment` (EVERYBODY: all members), good from `today` on.

    With `tell` those who agreed to offers get a message.
    """

    batch: str
    segment: str
    today: date
    tell: bool = False


def items(session: Session, parameters: Mapping[str, Any]) -> list[Item]:
    """Return who would get one. Raise Invalid for a batch that gives none like this.

    Refused: `batch_closed`, `batch_over`, `batch_spent`.
    """
    wanted = _read(parameters)
    batch = session.get(CouponBatch, wanted.batch)
    if batch is None or batch.kind not in {PERSONAL, CODES}:
        raise Invalid(f"batch: {wanted.batch!r} is no batch of personal coupons")
    if batch.closed:
        raise Refused("batch_closed", f"batch {batch.id} is closed")
    if wanted.today > batch.ends:
        raise Refused("batch_over", f"the last day of batch {batch.id} was {batch.ends}")
    members = _members(session, wanted.segment)
    barred = {one for one, kinds in blocks.standing(session, members).items() if blocks.COUPONS in kinds}
    has = counts_of(session, batch.id, members) if batch.per_member else {}
    most = batch.per_member or batch.most
    found = [one for one in members if one not in barred and has.get(one, 0) < most]
    if len(found) > (left := batch.most - batch.taken - batch.promised):
        raise Refused("batch_spent", f"{len(found)} members, but batch {batch.id} has {left} left")
    return [(member, 1, None) for member in found]


def _members(session: Session, segment: str) -> list[UUID]:
    member, own = table_of(Member), table_of(MemberSegment)
    query = select(member.c.id).where(member.c.status == ACTIVE)
    if segment != EVERYBODY:
        query = query.join(own, own.c.member_id == member.c.id).where(own.c.segment == segment)
    return list(session.execute(query.order_by(member.c.id)).scalars())


def post_items(
    session: Session, commit_no: int, run: UUID, parameters: Mapping[str, Any], found: Sequence[Any], *, at_ms: int
) -> Moved:
    """Give each of these members theirs; whoever has left, was barred or had their last one meanwhile gets none."""
    wanted = _read(parameters)
    batch = lock_batch(session, wanted.batch)
    subjects = [one.subject for one in found]
    member = table_of(Member)
    here = set(
        session.execute(select(member.c.id).where(member.c.id.in_(subjects), member.c.status == ACTIVE)).scalars()
    )
    has = counts_of(session, batch.id, subjects) if batch.per_member else {}
    most = batch.per_member or batch.most
    barred = {one for one, kinds in blocks.standing(session, subjects).items() if blocks.COUPONS in kinds}
    able = [one for one in subjects if one in here and one not in barred and has.get(one, 0) < most]
    cause = uuid5(run, f"give {subjects[0]}")
    codes = give(session, commit_no, batch.id, able, randbits, cause=cause, today=wanted.today, at_ms=at_ms, run=run)
    if wanted.tell:
        rows = [
            (uuid5(run, f"tell {member}"), member, COUPON_ARRIVED, code, batch.ends, at_ms)
            for member, code in zip(able, codes, strict=True)
        ]
        bulk.insert_tuples(session, MemberNotice, _NOTICE, rows)
    given = set(able)
    return Moved({one: int(one in given) for one in subjects}, given)


def undo_items(session: Session, commit_no: int, run: UUID, found: Sequence[Any], *, at_ms: int, force: bool) -> Moved:
    """Take back what nobody has used or holds at a till; those stay as they are. `force` changes nothing here."""
    del force
    subjects = {one.subject for one in found}
    row = table_of(Coupon)
    mine = (row.c.run_id == run, row.c.state == ISSUED)
    gone = session.execute(update(row).where(*mine).values(state=VOIDED).returning(row.c.batch, row.c.member_id)).all()
    if gone:
        end(session, commit_no, gone[0].batch, len(gone), cause=uuid5(run, "take back"), at_ms=at_ms)
    session.expire_all()
    members = {one.member_id for one in gone if one.member_id in subjects}
    return Moved(dict.fromkeys(members, 1), members)


def receivers(session: Session, members: Sequence[UUID]) -> list[UUID]:
    """Return whom coupons for these members go to by now, in their order.

    Raise NotFound for somebody who is not here, Refused (`member_closed`, `coupons_blocked`).
    """
    people = one_person.look(session, members, lock=True)
    barred = blocks.standing(session, {person.id for person in people.values()})
    for member in members:
        if member not in people:
            raise NotFound(f"there is no member {member}")
        if people[member].has_left:
            raise Refused("member_closed", f"member {member} has left")
        if {blocks.COUPONS, blocks.BUY} & barred.get(people[member].id, frozenset()):
            raise Refused("coupons_blocked", f"member {member} may use no coupons for now")
    return [people[member].id for member in members]


def still_open(session: Session, run: UUID) -> int:
    """Return how many coupons of a run can still be taken back."""
    row = table_of(Coupon)
    query = select(func.count()).where(row.c.run_id == run, row.c.state == ISSUED)
    return int(session.execute(query).scalar_one())


def _read(parameters: Mapping[str, Any]) -> Giving:
    try:
        return msgspec.convert(parameters, Giving)
    except msgspec.ValidationError as error:
        raise Invalid(f"coupons for a segment: {error}") from None
