"""Cards: found by blind index, remembered before anybody knows whose they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.members.models import ACTIVE, Card
from cloud.privacy import Vault, normal
from shared.ids import UuidMint

CARD = "card"
_LOOK_UP_AT_ONCE = 5_000
_COLUMNS = ("id", "blind_index", "number", "masked", "member_id", "status", "first_seen_ms", "attached_ms")


class FoundCard(NamedTuple):
    """A card and whom it leads to: nobody while it is unknown. `status` is as `cloud.members.models.Card` says."""

    card: UUID
    member: UUID | None
    status: str = ACTIVE


def number_context(card: UUID) -> str:
    """Return the context a card's number is encrypted with."""
    return f"card/{card}"


def find(session: Session, vault: Vault, number: str) -> FoundCard | None:
    """Find a card by its number."""
    card = table_of(Card)
    row = session.execute(select(card).where(card.c.blind_index == vault.blind_index(CARD, number))).one_or_none()
    return None if row is None else FoundCard(row.id, row.member_id, row.status)


def remember(
    session: Session, vault: Vault, mint: UuidMint, numbers: Collection[str], seen_ms: int
) -> dict[str, FoundCard]:
    """Find cards by their numbers, making those never seen; each is share-locked until the transaction ends."""
    return _hold(session, vault, mint, numbers, seen_ms, exclusively=False)


def take(
    session: Session, vault: Vault, mint: UuidMint, numbers: Collection[str], seen_ms: int
) -> dict[str, FoundCard]:
    """Do the same under exclusive locks: no sale with one of these cards is half-way in while the caller looks."""
    return _hold(session, vault, mint, numbers, seen_ms, exclusively=True)


def _hold(
    session: Session, vault: Vault, mint: UuidMint, numbers: Collection[str], seen_ms: int, *, exclusively: bool
) -> dict[str, FoundCard]:
    by_index = {vault.blind_index(CARD, number): number for number in numbers}
    found = _locked(session, sorted(by_index), exclusively=exclusively)
    missing = sorted(by_index.keys() - found.keys())
    if missing:
        rows = (_new_row(vault, mint(), index, by_index[index], seen_ms) for index in missing)
        bulk.insert_new_tuples(session, Card, _COLUMNS, list(rows))
        found |= _locked(session, missing, exclusively=exclusively)
    return {by_index[index]: card for index, card in found.items()}


def owners(session: Session, cards: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Return whom each card leads to now; each is share-locked against being attached until the transaction ends."""
    if not cards:
        return {}
    rows, card = rowset(session, "wanted", {"id": Uuid()}, [(card,) for card in sorted(cards)]), table_of(Card)
    found = session.execute(
        select(card.c.id, card.c.member_id)
        .join(rows, rows.c.id == card.c.id)
        .order_by(card.c.blind_index)
        .with_for_update(read=True, of=card)
    )
    return {row.id: row.member_id for row in found}


def _locked(session: Session, indexes: Sequence[bytes], *, exclusively: bool) -> dict[bytes, FoundCard]:
    card = table_of(Card)
    found: dict[bytes, FoundCard] = {}
    for part in _parts(indexes):
        # In the order of the index, like everybody who locks several cards.
        rows = session.execute(
            select(card.c.id, card.c.blind_index, card.c.member_id, card.c.status)
            .where(card.c.blind_index.in_(part))
            .order_by(card.c.blind_index)
            .with_for_update(read=not exclusively)
        )
        found |= {row.blind_index: FoundCard(row.id, row.member_id, row.status) for row in rows}
    return found


def _parts(indexes: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(indexes), _LOOK_UP_AT_ONCE):
        yield indexes[start : start + _LOOK_UP_AT_ONCE]


def _new_row(vault: Vault, card: UUID, index: bytes, number: str, seen_ms: int) -> tuple[object, ...]:
    sealed = vault.encrypt(number, number_context(card))
    return card, index, sealed, normal.masked_card(number), None, ACTIVE, seen_ms, None
