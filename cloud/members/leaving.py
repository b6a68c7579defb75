"""A member leaves: who they are is erased, what they bought stays in the books under a number that leads to nobody.

Older backups still hold them: those end by their own age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database import sweeping
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound
from cloud.fleet import audit
from cloud.members import dirt
from cloud.members.models import CLOSED, Card, Consent, Member, MemberField

ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of a member was erased."""

    fields: int
    cards: int
    consents: int


def erase(
    session: Session, member: UUID, *, confirm: str, reason: str, actor: str, commit_no: int, now_ms: int
) -> Erased:
    """Erase who a member is, for good. `confirm` has to be the member's id, typed once more.

    Fields and consents go, card numbers go, the name a till shows goes; stores are told to forget them. Sales,
    points and the ledger keep the bare id. Repeating it changes nothing. Raise Invalid or NotFound. After the commit
    `cloud.database.sweeping.sweep` has the database's files forget it too.
    """
    if confirm.strip().lower() != str(member):
        raise Invalid("this cannot be undone: confirm it with the member's whole id")
    if not reason.strip():
        raise Invalid("say why: the reason is kept in the audit log")
    row = session.get(Member, member, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no member {member}")
    sweeping.overwrite_what_goes(session)
    erased = Erased(
        fields=_delete(session, member, MemberField),
        cards=_blank_cards(session, member),
        consents=_delete(session, member, Consent),
    )
    row.status, row.masked_name, row.reference = CLOSED, "", None
    row.home_store, row.signup_store, row.signup_cashier, row.language = None, None, "", ""
    session.add(row)
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
    audit.record(session, at_ms=now_ms, actor=actor, action="member.erase", subject=str(member), reason=reason)
    session.flush()
    return erased


def _delete(session: Session, member: UUID, model: type[MemberField] | type[Consent]) -> int:
    table = table_of(model)
    return int(session.execute(table.delete().where(table.c.member_id == member)).rowcount)  # type: ignore[attr-defined]


def _blank_cards(session: Session, member: UUID) -> int:
    """Keep the cards' ids, which sales name, and nothing by which a number could be found or shown."""
    card = table_of(Card)
    query = select(card.c.id).where(card.c.member_id == member, card.c.status != ERASED)
    ids: Sequence[UUID] = session.execute(query.order_by(card.c.blind_index).with_for_update()).scalars().all()
    for one in ids:
        nobody = sha256(b"erased card " + one.bytes).digest()
        values = {"blind_index": nobody, "number": b"", "masked": "", "status": ERASED}
        session.execute(card.update().where(card.c.id == one).values(values))
    return len(ids)
