"""What sales, returns and swipes mean for members and points, inside the transaction that takes them in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Protocol

from sqlmodel import Session

from cloud.ingest.intake import ItemFacts, TakenReturn, TakenSale
from cloud.loyalty import history, posting, rules
from cloud.loyalty.facts import LineFacts, SaleFacts
from cloud.members import dirt, resolving
from cloud.privacy import Vault
from shared.clock import MachineClock
from shared.ids import UuidMint
from shared.wire.events import MemberOnSale


class Describe(Protocol):
    """Looks items up in a store's price-book version."""

    def __call__(self, session: Session, store: str, version: int, items: Collection[str]) -> Mapping[str, ItemFacts]:
        """Return what the version says of these items; what it does not know is absent."""
        ...


class LoyaltyDownstream:
    """Implements `cloud.ingest.intake.Downstream`: cards to members, sales to points, returns back again."""

    def __init__(self, vault: Vault, mint: UuidMint, clock: MachineClock, describe: Describe) -> None:
        self._vault = vault
        self._mint = mint
        self._clock = clock
        self._describe = describe

    def describe(self, session: Session, store: str, version: int, items: Collection[str]) -> Mapping[str, ItemFacts]:
        """Return what a store's price-book version says of items."""
        return self._describe(session, store, version, items)

    def resolve(self, session: Session, references: Sequence[MemberOnSale]) -> Sequence[resolving.Resolution]:
        """Find or remember the cards shown."""
        return resolving.resolve(session, self._vault, self._mint, references, self._clock.wall_ms())

    def post_sales(self, session: Session, commit_no: int, sales: Sequence[TakenSale]) -> None:
        """Credit the sales of members; those of unknown cards wait for their member."""
        facts = [fact for taken in sales if (fact := _facts(taken)) is not None]
        if facts:
            posting.post_sales(session, commit_no, facts, rules.load(session))
            dirt.note(session, commit_no, ((fact.member, fact.store, fact.at_ms) for fact in facts))

    def post_returns(self, session: Session, commit_no: int, returns: Sequence[TakenReturn]) -> None:
        """Take back what the returned goods had earned. Their rows and their locked sales are in this transaction."""
        buyers = history.buyers(session, {taken.event.original for taken in returns})
        mine = [taken.event.id for taken in returns if taken.event.original in buyers]
        if not mine:
            return
        facts = history.return_facts(session, mine, history.sale_facts(session, buyers))
        posting.post_returns(session, commit_no, facts, rules.load(session))
        dirt.note(session, commit_no, ((fact.sale.member, fact.store, fact.at_ms) for fact in facts))


def _facts(taken: TakenSale) -> SaleFacts | None:
    if taken.member_id is None:
        return None
    event = taken.event
    return SaleFacts(
        sale=event.id,
        member=taken.member_id,
        store=event.store,
        till=event.till,
        cashier=event.cashier,
        at_ms=event.at_ms,
        business_date=date.fromisoformat(event.business_date),
        lines=[
            LineFacts(line.n, line.quantity, line.net_minor, category)
            for line, category in zip(event.lines, taken.categories, strict=True)
        ],
    )
