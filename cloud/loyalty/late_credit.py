"""Sales credited after they were made: by a card that was nobody's yet, or by a receipt that somebody claims.

They bring what they would have brought then: points, spend, a tier, coupons for the next visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlmodel import Session

from cloud.coupons import next_visit
from cloud.ledger.kinds import MEMBER_POINTS
from cloud.ledger.reading import journals_by_key
from cloud.loyalty import history, posting, rules
from cloud.loyalty.earning import EARN
from cloud.loyalty.facts import SaleFacts
from cloud.members import dirt


def credit_cards(session: Session, commit_no: int, owners: Mapping[UUID, UUID]) -> int:
    """Credit every sale that cards were shown at before they had an owner, less what was returned of it.

    The cards are held exclusively (`cards.take`). Return how many sales were credited.
    """
    return _credit(
        session,
        commit_no,
        {sale: owners[card] for sale, card in history.unclaimed_sales(session, owners.keys()).items()},
    )


def credit_sale(session: Session, commit_no: int, sale: UUID, member: UUID) -> int:
    """Credit one sale at which no card was shown, less what came back. Its row is locked, and names them now.

    Return the points that it brought to spend: what settles a debt is not among them.
    """
    _credit(session, commit_no, {sale: member})
    posted = journals_by_key(session, [(sale, EARN)]).get((sale, EARN))
    legs = posted.legs if posted else ()
    return sum(leg.amount for leg in legs if leg.account.kind == MEMBER_POINTS)


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
