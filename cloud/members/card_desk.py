"""What the desk does with a card: give one, take it out of use for now or for good, give another, let it end."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from cloud import audit
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.members import card_terms, cards, dirt, rules
from cloud.members.attaching import Attached, attach_card
from cloud.members.care_models import MemberNotice
from cloud.members.changing import active
from cloud.members.home_days import Days, HomeDay, home_days
from cloud.members.models import ACTIVE, EXPIRED, FROZEN, LOST, Card, Member
from cloud.privacy import Vault, normal
from shared.ids import UuidMint

CARD_EXPIRES = "card_expires"
_NEXT = {
    "freeze": ({ACTIVE}, FROZEN),
    "thaw": ({FROZEN}, ACTIVE),
    "lost": ({ACTIVE, FROZEN}, LOST),
}
"""From which states into which each act leads. A lost card never comes back: another is given."""
ACTS = frozenset(_NEXT)
"""What may be done with a card."""
_NOTICE = ("id", "member_id", "kind", "subject", "due_on", "made_ms")


class Ending(NamedTuple):
    """How many notices of a coming end were made, and how many cards ended."""

    noticed: int
    expired: int


def issue(
    session: Session,
    vault: Vault,
    mint: UuidMint,
    member: UUID,
    number: str,
    *,
    today: Days,
    actor: str,
    commit_no: int,
    now_ms: int,
    reason: str = "",
) -> Attached:
    """Give a member a card; the one before it is replaced. Raise NotFound, Invalid or Refused (`card_taken` ...)."""
    active(session, member)
    found = cards.find(session, vault, normal.card(number))
    if found is not None and found.member == member and found.status != ACTIVE:
        raise Refused(f"card_{found.status}", f"this card is {found.status} and is not given again: take another")
    done = attach_card(session, vault, mint, member=member, number=number, commit_no=commit_no, now_ms=now_ms)
    card_terms.begin(session, member, today)
    _record(session, member, "issue", actor=actor, reason=reason, now_ms=now_ms)
    return done


def act(session: Session, card_id: UUID, what: str, *, reason: str, actor: str, commit_no: int, now_ms: int) -> UUID:
    """Freeze a card, thaw it, or report it lost (`freeze`, `thaw`, `lost`). Return its member's id.

    Raise NotFound for a card that nobody carries, Refused (`card_lost` ...) where its state forbids it. Repeating an
    act changes nothing.
    """
    row = session.get(Card, card_id, with_for_update=True, populate_existing=True)
    if row is None or row.member_id is None:
        raise NotFound("no member carries this card")
    before, after = _NEXT[what]
    if row.status == after:
        return row.member_id
    if row.status not in before:
        raise Refused(f"card_{row.status}", f"this card is {row.status}: {what} does not apply to it")
    if after == ACTIVE and in_use(session, row.member_id) is not None:
        raise Refused("card_replaced", "its member has another card by now")
    row.status, row.changed_ms = after, now_ms
    session.add(row)
    dirt.note(session, commit_no, [(row.member_id, dirt.HEAD_OFFICE, 0)])
    _record(session, row.member_id, what, actor=actor, reason=reason, now_ms=now_ms)
    return row.member_id


def in_use(session: Session, member: UUID) -> Card | None:
    """Return the one card that tills take for a member."""
    return session.exec(select(Card).where(col(Card.member_id) == member, col(Card.status) == ACTIVE)).first()


def current(session: Session, member: UUID) -> Card:
    """Return the card a member carries: the one in use, else a frozen one. Raise NotFound."""
    query = select(Card).where(col(Card.member_id) == member, col(Card.status).in_((ACTIVE, FROZEN)))
    found = session.exec(query.order_by(col(Card.status))).first()
    if found is None:
        raise NotFound(f"member {member} has no card in use")
    return found


def end_cards(session: Session, mint: UuidMint, *, today: Days, commit_no: int, now_ms: int) -> Ending:
    """Make the notices of cards that end soon, and end those whose last day is over where their member is at home."""
    done = [_end_on(session, mint, home, commit_no=commit_no, now_ms=now_ms) for home in home_days(session, today)]
    return Ending(sum(one[0] for one in done), sum(one[1] for one in done))


def _end_on(session: Session, mint: UuidMint, home: HomeDay, *, commit_no: int, now_ms: int) -> Ending:
    today = home.day
    ahead = today + timedelta(days=rules.newest(session, rules.Cards).notice_days)
    card, member = table_of(Card), table_of(Member)
    soon = session.execute(
        update(card)
        .where(card.c.status == ACTIVE, card.c.expires_on.between(today, ahead), card.c.noticed_ms.is_(None))
        .where(card.c.member_id.in_(select(member.c.id).where(member.c.status == ACTIVE)), home.whose(card.c.member_id))
        .values(noticed_ms=now_ms)
        .returning(card.c.id, card.c.member_id, card.c.expires_on)
    ).all()
    notices = [(mint(), row.member_id, CARD_EXPIRES, str(row.id), row.expires_on, now_ms) for row in soon]
    bulk.insert_tuples(session, MemberNotice, _NOTICE, notices)
    over = session.execute(
        update(card)
        .where(card.c.status.in_((ACTIVE, FROZEN)), card.c.expires_on < today, home.whose(card.c.member_id))
        .values(status=EXPIRED, changed_ms=now_ms)
        .returning(card.c.member_id)
    ).all()
    dirt.note(session, commit_no, [(row.member_id, dirt.HEAD_OFFICE, 0) for row in over if row.member_id])
    return Ending(len(soon), len(over))


def _record(session: Session, member: UUID, detail: str, *, actor: str, reason: str, now_ms: int) -> None:
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.card", subject=str(member), reason=reason, detail=detail
    )
    session.flush()
