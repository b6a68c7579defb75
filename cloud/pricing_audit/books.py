"""Where the audit gets price books from. `cloud.prices.books.StoreBooks` is such a source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlmodel import Session

from shared.pricing import PriceBook


class AuditBook(PriceBook, Protocol):
    """One version of one store's prices, provable by its manifest's hash."""

    hash: str
    """SHA-256 of the manifest, in hex."""

    def prefetch(self, items: Iterable[str]) -> None:
        """Read items and their prices in bulk."""
        ...


class BookSource(Protocol):
    """Knows every version HQ ever gave a store."""

    def book(self, session: Session, store: str, version: int) -> AuditBook | None:
        """Return a store's book at a version, None when HQ never gave it that one."""
        ...
