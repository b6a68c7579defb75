"""The second person: compares what the file says with what the ledger says, and lets the members in, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.loyalty.late_credit import credit_cards
from cloud.member_import.importing import give
from cloud.member_import.loading import locked
from cloud.member_import.models import (
    LOADED,
    LOADING,
    SIGNED,
    TAKING_BACK,
    MemberOpening,
    OpeningCard,
    OpeningTotal,
)
from cloud.members import dirt, value
from cloud.members.models import ACTIVE, PENDING, REPLACED, Card, Member


@dataclass(frozen=True, slots=True)
class Line:
    """One kind and unit: what the file says, what the ledger says."""

    kind: str
    unit: str
    file_members: int
    file: int
    ledger_members: int
    ledger: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return (self.file_members, self.file) == (self.ledger_members, self.ledger)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """An opening with its lines, how many people it brought and how many cards."""

    opening: MemberOpening
    lines: Sequence[Line]
    members: int
    cards: int
    taken_cards: int
    """Cards that were given to somebody else since the file was loaded."""

    @property
    def agrees(self) -> bool:
        """Whether file and ledger say the same everywhere."""
        return all(line.agrees for line in self.lines)


def reconcile(session: Session, opening_id: UUID) -> Reconciliation:
    """Compare an opening's file with what was posted for it; nothing while it is taken back. Raise NotFound."""
    opening = session.get(MemberOpening, opening_id)
    if opening is None:
        raise NotFound(f"there is no opening {opening_id}")
    if opening.status == TAKING_BACK:
        return Reconciliation(opening, (), 0, 0, 0)
    said = {
        (row.kind, row.unit): (row.members, row.amount)
        for row in session.execute(
            select(table_of(OpeningTotal)).where(table_of(OpeningTotal).c.opening_id == opening_id)
        )
    }
    posted = value.opened(session, opening_id)
    lines = [Line(*key, *said.get(key, (0, 0)), *posted.get(key, (0, 0))) for key in sorted({*said, *posted})]
    member, mine, card = table_of(Member), table_of(OpeningCard), table_of(Card)
    members = select(func.count()).select_from(member).where(member.c.import_id == opening_id)
    cards = select(func.count()).select_from(mine).where(mine.c.opening_id == opening_id)
    taken = (
        select(func.count())
        .select_from(mine)
        .join(card, card.c.id == mine.c.card_id)
        .where(mine.c.opening_id == opening_id, card.c.member_id.is_not(None))
    )
    counted = [int(session.execute(query).scalar_one()) for query in (members, cards, taken)]
    return Reconciliation(opening, lines, counted[0], counted[1], counted[2] if opening.status == LOADED else 0)


def sign(session: Session, opening_id: UUID, *, actor: str, commit_no: int, now_ms: int) -> int:
    """Let the members of an opening in, all at once. Return how many earlier sales their cards brought.

    Raise NotFound, or Refused: `same_person` for whoever loaded it, `totals_differ`, `cards_taken`, and
    `opening_loading`, `opening_signed`, `opening_refused` by its state.
    """
    opening = _closable(session, opening_id, actor)
    found = reconcile(session, opening_id)
    if not found.agrees:
        raise Refused("totals_differ", "file and ledger differ: this opening can only be refused")
    if found.taken_cards:
        raise Refused(
            "cards_taken", f"{found.taken_cards} of its cards were given to others since: refuse it, load anew"
        )
    card, mine, member = table_of(Card), table_of(OpeningCard), table_of(Member)
    rows = session.execute(
        select(card.c.id, mine.c.member_id, mine.c.first)
        .join(mine, mine.c.card_id == card.c.id)
        .where(mine.c.opening_id == opening_id)
        .order_by(card.c.blind_index)
        .with_for_update(of=card)
    ).all()
    given = sorted((row.id, row.member_id, ACTIVE if row.first else REPLACED) for row in rows)
    ids = session.execute(
        update(member)
        .where(member.c.import_id == opening_id, member.c.status == PENDING)
        .values(status=ACTIVE)
        .returning(member.c.id)
    ).scalars()
    changed = list(ids)
    give(session, given, now_ms)
    credited = credit_cards(session, commit_no, {row.id: row.member_id for row in rows})
    dirt.note(session, commit_no, ((one, dirt.HEAD_OFFICE, now_ms) for one in changed))
    _close(session, opening, SIGNED, actor, now_ms)
    opening.sales_credited = credited
    session.flush()
    return credited


def refuse(session: Session, opening_id: UUID, *, reason: str, actor: str, now_ms: int) -> None:
    """Decide that an opening is taken back: from now on nobody signs it or loads it further.

    `taking_back` then undoes it. Anybody may, also who loaded it, and also half-way. Raise NotFound or Refused
    (`opening_signed` ...).
    """
    opening = locked(session, opening_id)
    if opening.status not in (LOADING, LOADED):
        raise Refused(f"opening_{opening.status}", f"this opening is {opening.status} already")
    opening.reason = reason.strip()[:500]
    _close(session, opening, TAKING_BACK, actor, now_ms)
    session.flush()


def openings(session: Session) -> list[MemberOpening]:
    """Return every opening, newest first."""
    query = select(MemberOpening).order_by(col(MemberOpening.started_ms).desc(), col(MemberOpening.id))
    return list(session.execute(query).scalars())


def _closable(session: Session, opening_id: UUID, actor: str) -> MemberOpening:
    opening = locked(session, opening_id)
    if opening.status != LOADED:
        raise Refused(f"opening_{opening.status}", f"this opening is {opening.status}, not loaded and waiting")
    if actor == opening.started_by:
        raise Refused("same_person", "whoever loaded a file does not sign it: ask somebody else")
    return opening


def _close(session: Session, opening: MemberOpening, status: str, actor: str, now_ms: int) -> None:
    opening.status, opening.closed_ms, opening.closed_by = status, now_ms, actor
    session.add(opening)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.opening", subject=str(opening.id), detail=status,
        reason=opening.reason,
    )  # fmt: skip
