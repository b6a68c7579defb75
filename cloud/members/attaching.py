"""Give a card to a member, and with it everything the card did while nobody knew whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.loyalty import history, posting, rules
from cloud.members import cards, dirt
from cloud.members.models import CLOSED, Card, Member
from cloud.privacy import Vault, normal
from shared.ids import UuidMint


@dataclass(frozen=True, slots=True)
class Attached:
    """A card that now leads to a member, and how many earlier sales were credited by it."""

    card: UUID
    sales_credited: int


def attach_card(
    session: Session, vault: Vault, mint: UuidMint, *, member: UUID, number: str, commit_no: int, now_ms: int
) -> Attached:
    """Attach a card by its number and credit what it bought before: points, spend, tier. Repeating it is a no-op.

    Raise NotFound for a member who is not here, Refused (`member_closed`, `card_taken`) where a rule says no.
    `now_ms` is HQ's wall time; `commit_no` numbers this transaction (`cloud.ledger.commits.open_commit`).
    """
    row = session.get(Member, member)
    if row is None:
        raise NotFound(f"there is no member {member}")
    if row.status == CLOSED:
        raise Refused("member_closed", f"member {member} has left")
    card, owner = _lock(session, vault, mint, normal.card(number), now_ms)
    if owner == member:
        return Attached(card, 0)
    if owner is not None:
        raise Refused("card_taken", f"card {normal.masked_card(number)} belongs to another member")
    cards_ = table_of(Card)
    session.execute(update(cards_).where(cards_.c.id == card).values(member_id=member, attached_ms=now_ms))
    credited = _credit(session, commit_no, card, member)
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
    return Attached(card, credited)


def _lock(session: Session, vault: Vault, mint: UuidMint, number: str, now_ms: int) -> tuple[UUID, UUID | None]:
    """Return (card, owner) under an exclusive lock: no sale with this card is half-way in while we look."""
    card, index = table_of(Card), vault.blind_index(cards.CARD, number)
    bulk.insert_new_tuples(session, Card, cards.COLUMNS, [cards.new_row(vault, mint(), index, number, now_ms)])
    row = session.execute(
        select(card.c.id, card.c.member_id).where(card.c.blind_index == index).with_for_update()
    ).one()
    return row.id, row.member_id


def _credit(session: Session, commit_no: int, card: UUID, member: UUID) -> int:
    """Credit every sale the card was shown at, and take back what was returned of them."""
    sales = history.sales_of_card(session, card)
    if not sales:
        return 0
    facts = history.sale_facts(session, dict.fromkeys(sales, member))
    returns = history.return_facts(session, history.returns_of_sales(session, sales), facts)
    posting.post(session, commit_no, list(facts.values()), returns, rules.load(session))
    visits = ((member, fact.store, fact.at_ms) for fact in facts.values())
    dirt.note(session, commit_no, visits)
    return len(sales)
