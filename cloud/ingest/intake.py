"""What the handlers of one ingest transaction share: its number, its time, the stores, and what sales set in motion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlmodel import Session

from cloud.database.commits import Commit
from cloud.ingest.restores import Restores
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.members.resolving import Resolution
from cloud.sales.shops import Shop
from shared.pricing import Item
from shared.wire.events import MemberOnSale, SaleCompleted, SaleReturned


class Downstream(Protocol):
    """What sales and swipes set in motion outside their own tables, inside the same transaction."""

    def describe(
        self, session: Session, wanted: Mapping[tuple[str, int], Collection[str]]
    ) -> Mapping[tuple[str, int], Mapping[str, Item]]:
        """Return what price books, by store and version, say of items; what they do not know is absent.

        HQ needs what a till does not send: category path, and cost if known.
        """
        ...

    def resolve(self, session: Session, references: Sequence[MemberOnSale], now_ms: int) -> Sequence[Resolution]:
        """Find or remember the cards shown, one answer per reference in the same order."""
        ...

    def owners(self, session: Session, cards: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        """Return whose each card is now; None for nobody, and for somebody who has left."""
        ...

    def people(self, session: Session, members: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        """Return who members are by now that sales name: a merged one is somebody else, None is one who has left."""
        ...

    def post(
        self, session: Session, commit_no: int, sales: Sequence[SaleFacts], returns: Sequence[ReturnFacts]
    ) -> None:
        """Credit what members' sales earn, take back what returned goods had earned."""
        ...

    def saw(self, session: Session, commit_no: int, visits: Collection[tuple[UUID, str, int]]) -> None:
        """Note who came by where, (member, store, business time), so that the store may know them next time."""
        ...

    def settle(
        self, session: Session, commit: Commit, sales: Sequence[SaleCompleted], returns: Sequence[SaleReturned]
    ) -> None:
        """Post what sales spent of members' value, give back what returns undo of it."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """One ingest transaction as its handlers see it. Without `restores` nobody's word proves a restore of HQ."""

    commit_no: int
    now_ms: int
    shops: Mapping[str, Shop]
    downstream: Downstream
    restores: Restores | None = None
