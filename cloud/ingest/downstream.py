"""What sales, returns and swipes mean for members and points, inside the transaction that takes them in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from uuid import UUID

from sqlmodel import Session

from cloud.coupons import settling as coupons
from cloud.database.commits import Commit
from cloud.loyalty import posting, rules
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.members import cards, dirt, one_person, resolving
from cloud.prices.books import StoreBooks
from cloud.privacy import Vault
from cloud.promotions import counting
from cloud.value import returning, spending
from shared.ids import UuidMint
from shared.pricing import Item
from shared.wire.events import MemberOnSale, SaleCompleted, SaleReturned


class LoyaltyDownstream:
    """Implements `cloud.ingest.intake.Downstream`: cards to members, sales to points, returns back again.

    Safe to use from several threads: the books it looks items up in are read by one at a time.
    """

    def __init__(self, vault: Vault, mint: UuidMint, books: StoreBooks) -> None:
        self._vault = vault
        self._mint = mint
        self._books = books
        self._reading = Lock()

    def describe(
        self, session: Session, wanted: Mapping[tuple[str, int], Collection[str]]
    ) -> Mapping[tuple[str, int], Mapping[str, Item]]:
        """Return what price books, by store and version, say of items."""
        with self._reading:
            return self._books.items(session, wanted)

    def resolve(
        self, session: Session, references: Sequence[MemberOnSale], now_ms: int
    ) -> Sequence[resolving.Resolution]:
        """Find or remember the cards shown."""
        return resolving.resolve(session, self._vault, self._mint, references, now_ms)

    def owners(self, session: Session, cards_: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        """Return whose each card is now; None for nobody, and for somebody who has left."""
        found = cards.owners(session, cards_)
        people = one_person.look(session, {owner for owner in found.values() if owner is not None})
        return {
            card: None if owner is not None and owner in people and people[owner].has_left else owner
            for card, owner in found.items()
        }

    def people(self, session: Session, members: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        """Return who members are by now that sales name; they cannot be merged while this transaction lasts."""
        found = one_person.look(session, members, lock=True)
        return {one: (None if found[one].has_left else found[one].id) if one in found else one for one in members}

    def post(
        self, session: Session, commit_no: int, sales: Sequence[SaleFacts], returns: Sequence[ReturnFacts]
    ) -> None:
        """Credit what members' sales earn, take back what returned goods had earned, and note who changed."""
        if not sales and not returns:
            return
        posting.post(session, commit_no, sales, returns, rules.load(session))
        visits = [(sale.member, sale.store, sale.at_ms) for sale in sales]
        visits += [(back.sale.member, back.store, back.at_ms) for back in returns]
        dirt.note(session, commit_no, visits)

    def saw(self, session: Session, commit_no: int, visits: Collection[tuple[UUID, str, int]]) -> None:
        """Note who came by, so that the store may know them next time."""
        dirt.note(session, commit_no, visits)

    def settle(
        self, session: Session, commit: Commit, sales: Sequence[SaleCompleted], returns: Sequence[SaleReturned]
    ) -> None:
        """Post what sales spent of members' value, give back what returns undo of it."""
        spending.settle_sales(session, commit, sales)
        coupons.settle_sales(session, commit, sales)
        counting.note_sales(session, sales)
        returning.settle_returns(session, commit, returns)
        coupons.settle_returns(session, commit, returns)
        counting.note_returns(session, returns)
