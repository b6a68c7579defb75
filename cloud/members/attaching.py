"""Give a card to a member, and with it everything the card did while nobody knew whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.loyalty.late_credit import credit_cards
from cloud.members import cards, dirt
from cloud.members.models import ACTIVE, CLOSED, FROZEN, MERGED, PENDING, REPLACED, Card, Member
from cloud.privacy import Vault, normal
from shared.ids import UuidMint

_WHY_NOT = {
    CLOSED: "has left",
    MERGED: "was found to be somebody else here: use that member",
    PENDING: "waits for the signature of an import",
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A card that now leads to a member, and how many earlier sales were credited by it."""

    card: UUID
    sales_credited: int


def attach_card(
    session: Session, vault: Vault, mint: UuidMint, *, member: UUID, number: str, commit_no: int, now_ms: int
) -> Attached:
    """Attach a card by its number and credit what it bought before: points, spend, tier. Repeating it is a no-op.

    It becomes the member's card in use; the one before it is replaced by it and is not taken at tills any more.
    Raise NotFound for a member who is not here, Refused (`member_closed`, `card_taken`) where a rule says no.
    `now_ms` is HQ's wall time; `commit_no` numbers this transaction (`cloud.database.commits.open_commit`).
    """
    row = session.get(Member, member, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no member {member}")
    if row.status in (CLOSED, MERGED, PENDING):
        raise Refused(f"member_{row.status}", f"member {member} {_WHY_NOT[row.status]}")
    number = normal.card(number)
    found = cards.take(session, vault, mint, [number], now_ms)[number]
    if found.member == member:
        return Attached(found.card, 0)
    if found.member is not None:
        raise Refused("card_taken", f"card {normal.masked_card(number)} belongs to another member")
    card = table_of(Card)
    session.execute(
        update(card)
        .where(card.c.member_id == member, card.c.status.in_((ACTIVE, FROZEN)))
        .values(status=REPLACED, replaced_by=found.card, changed_ms=now_ms)
    )
    session.execute(
        update(card).where(card.c.id == found.card).values(member_id=member, attached_ms=now_ms, status=ACTIVE)
    )
    credited = credit_cards(session, commit_no, {found.card: member})
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
    return Attached(found.card, credited)
