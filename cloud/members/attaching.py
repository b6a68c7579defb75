"""Give a card to a member, and with it everything the card did while nobody knew whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from cloud.coupons import next_visit
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.loyalty import history, posting, rules
from cloud.loyalty.facts import SaleFacts
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
    `now_ms` is HQ's wall time; `commit_no` numbers this transaction (`cloud.ledger.commits.open_commit`).
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


def credit_cards(session: Session, commit_no: int, owners: Mapping[UUID, UUID]) -> int:
    """Credit every sale that cards were shown at before they had an owner, less what was returned of it.

    The cards are held exclusively (`cards.take`). Return how many sales were credited.
    """
    return _credit(
        session,
        commit_no,
        {sale: owners[card] for sale, card in history.unclaimed_sales(session, owners.keys()).items()},
    )


def credit_sale(session: Session, commit_no: int, sale: UUID, member: UUID) -> None:
    """Credit one sale at which no card was shown, less what came back. Its row is locked, and names them now."""
    _credit(session, commit_no, {sale: member})


def _credit(session: Session, commit_no: int, buyers: Mapping[UUID, UUID]) -> int:
    if not buyers:
        return 0
    facts = history.sale_facts(session, buyers)
    _give_promised(session, commit_no, facts.values())
    returns = history.return_facts(session, history.returns_of_sales(session, buyers.keys()), facts)
    posting.post(session, commit_no, list(facts.values()), returns, rules.load(session))
    dirt.note(session, commit_no, ((fact.member, fact.store, fact.at_ms) for fact in facts.values()))
    return len(buyers)


def _give_promised(session: Session, commit_no: int, sales: Iterable[SaleFacts]) -> None:
    """Give the coupons for the next visit that these receipts had promised to whoever would come to be their member."""
    for sale in sales:
        if any(use.issues for use in sale.uses):
            bought = next_visit.Bought(
                sale=sale.sale, member=sale.member, store=sale.store, business_date=sale.business_date,
                at_ms=sale.at_ms, uses=sale.uses,
            )  # fmt: skip
            next_visit.give_promised(session, commit_no, bought)
