"""What legal entities are called: by their names, and the one that nobody has named in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.org.models import LegalEntity
from shared.receipt.words import term
from shared.web.phrases import Phrase

UNNAMED = ""
"""The name of the entity that stores belong to which were added without one, as it is kept."""


def called(name: str) -> str:
    """Return what pages call an entity of this name: where nobody has named it a `Phrase`, for the page to say."""
    return name or Phrase("The chain")


def names(session: Session) -> dict[str, str]:
    """Return what pages call each entity."""
    rows = session.execute(select(col(LegalEntity.id), col(LegalEntity.name)))
    return {row.id: called(row.name) for row in rows}


def on_receipts(name: str, languages: Sequence[str]) -> str:
    """Return what receipts in these languages call an entity of this name."""
    return name or term("the_chain", languages)
