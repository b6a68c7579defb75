"""A member leaves: who they are is erased, what they bought stays in the books under a number that leads to nobody.

Older backups still hold them: those end by their own age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Uuid, or_, select
from sqlmodel import Session

from cloud import audit
from cloud.coupons import ending as coupons
from cloud.database import sweeping
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.member_lifecycle.traces import TRACES, Trace
from cloud.members import dirt, one_person, sets, value
from cloud.members.models import CLOSED, ERASED, Card, Consent, Member, MemberField
from cloud.rewards import ending as rewards
from shared.ids import UuidMint


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of a member was erased."""

    fields: int
    cards: int
    consents: int
    points: int = 0
    """Points that were given up with it."""


def erase(
    session: Session,
    mint: UuidMint,
    member: UUID,
    *,
    confirm: str,
    reason: str,
    actor: str,
    commit_no: int,
    now_ms: int,
    give_up_points: bool = False,
) -> Erased:
    """Settle what a member holds and erase who they are, for good. `confirm` has to be their id, typed once more.

    Whoever was made one with them is erased too: it is the same person. A member who was made one with another cannot
    be erased apart from them (`member_merged`).

    Stored value has to be paid back before, points spent or given up (`give_up_points`, which posts it). Open coupons
    end; gifts that wait go back, and their points are among those to be given up. Fields and
    consents go, card numbers go, the name a till shows goes; stores are told to forget them. Sales, points and the
    ledger keep the bare id. Repeating it changes nothing. Raise Invalid, NotFound, or Refused (`holds_money`,
    `holds_points`, `holds_pending`, `not_open` while a till has a coupon set aside). After the
    commit `cloud.database.sweeping.sweep` has the database's files forget it too.
    """
    if confirm.strip().lower() != str(member):
        raise Invalid("this cannot be undone: confirm it with the member's whole id")
    if not reason.strip():
        raise Invalid("say why: the reason is kept in the audit log")
    row = session.get(Member, member, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no member {member}")
    if row.merged_into is not None:
        now = one_person.now_of(session, member)
        raise Refused("member_merged", f"member {member} is {now} by now: erase that one, which erases both")
    people = sorted(one_person.ids_of(session, [member]))
    rows = [session.get_one(Member, one, with_for_update=True) for one in people]
    for one in people:
        coupons.end_all(session, mint, commit_no, one, actor=actor, now_ms=now_ms)
        rewards.end_all(session, mint, commit_no, one, now_ms=now_ms)
    points = 0
    for one in people:
        points += value.settle(session, commit_no, one, forfeit_points=give_up_points, cause=mint(), at_ms=now_ms)
    sweeping.overwrite_what_goes(session)
    gone = {one.model: _delete(session, people, one) for one in TRACES if one.goes}
    erased = Erased(gone[MemberField], _blank_cards(session, people), gone[Consent], points)
    for found in rows:
        if found.signup_store is not None:
            sets.forget(session, found.signup_store, found.id)
        _blank(session, found)
    dirt.note(session, commit_no, [(one, dirt.HEAD_OFFICE, 0) for one in people])
    audit.record(session, at_ms=now_ms, actor=actor, action="member.erase", subject=str(member), reason=reason)
    session.flush()
    return erased


def _blank(session: Session, row: Member) -> None:
    """Keep the bare id, and whom it was made one with: what was bought under it stays one person's."""
    row.status, row.masked_name, row.reference = CLOSED, "", None
    row.home_store, row.signup_store, row.signup_cashier, row.language = None, None, "", ""
    row.campaign, row.referred_by, row.import_id = None, None, None
    session.add(row)


def _delete(session: Session, people: Sequence[UUID], trace: Trace) -> int:
    table = table_of(trace.model)
    columns = [table.c[name] for name in trace.columns]
    theirs = or_(
        *(column.in_(people if isinstance(column.type, Uuid) else [str(one) for one in people]) for column in columns)
    )
    return int(session.execute(table.delete().where(theirs)).rowcount)  # type: ignore[attr-defined]


def _blank_cards(session: Session, people: Sequence[UUID]) -> int:
    """Keep the cards' ids, which sales name, and nothing by which a number could be found or shown."""
    card = table_of(Card)
    query = select(card.c.id).where(card.c.member_id.in_(people), card.c.status != ERASED)
    ids: Sequence[UUID] = session.execute(query.order_by(card.c.blind_index).with_for_update()).scalars().all()
    for one in ids:
        nobody = sha256(b"erased card " + one.bytes).digest()
        values = {"blind_index": nobody, "number": b"", "masked": "", "status": ERASED}
        session.execute(card.update().where(card.c.id == one).values(values))
    return len(ids)
