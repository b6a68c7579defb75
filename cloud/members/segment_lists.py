"""Lists of members as people have them: card numbers, references of another system, or ids, one a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound
from cloud.members import cards
from cloud.members.models import Member
from cloud.privacy import Vault, normal
from shared.web.phrases import Phrase

MOST_AT_ONCE = 5_000
_NAMED = 5


def read(text: str) -> list[str]:
    """Return what stands in a list, each once, in its order. Raise Invalid for an empty one, or one too long."""
    found = list(dict.fromkeys(text.replace(",", " ").replace("，", " ").replace(";", " ").split()))
    if not found:
        raise Invalid(Phrase("Paste at least one card number or reference."))
    if len(found) > MOST_AT_ONCE:
        raise Invalid(Phrase("At most {count} at once: take the list in parts.", count=MOST_AT_ONCE))
    return found


def members_of(session: Session, vault: Vault, listed: Sequence[str]) -> list[UUID]:
    """Return whom a list means. Raise NotFound naming the first few that are nobody's: then nothing is done."""
    by_reference = _by_reference(session, listed)
    found: dict[str, UUID] = {}
    for text in listed:
        member = by_reference.get(text) or _by_id(session, text) or _by_card(session, vault, text)
        if member is not None:
            found[text] = member
    strangers = [text for text in listed if text not in found]
    if strangers:
        raise NotFound(
            Phrase(
                "Nobody is changed: {count} in the list are no member's, beginning with {names}.",
                count=len(strangers),
                names=", ".join(strangers[:_NAMED]),
            )
        )
    return list(dict.fromkeys(found.values()))


def _by_reference(session: Session, listed: Iterable[str]) -> dict[str, UUID]:
    member, wanted = table_of(Member), list(listed)
    rows = session.execute(select(member.c.reference, member.c.id).where(member.c.reference.in_(wanted)))
    return {row.reference: row.id for row in rows}


def _by_id(session: Session, text: str) -> UUID | None:
    try:
        id_ = UUID(text)
    except ValueError:
        return None
    return id_ if session.get(Member, id_) is not None else None


def _by_card(session: Session, vault: Vault, text: str) -> UUID | None:
    try:
        card = cards.find(session, vault, normal.card(text))
    except Invalid:
        return None
    return None if card is None else card.member
