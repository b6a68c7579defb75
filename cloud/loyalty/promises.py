"""What tills promised and head office computes otherwise, noted for people with the cause as far as it can be told.

The ledger has what head office computed. `cloud.loyalty.review` is where somebody decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud.database import bulk
from cloud.loyalty import points_rules
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.loyalty.models import PointsReview
from shared.loyalty import PointsBasis, basis_on

BLOCKED = "blocked"
NO_RULE = "no_rule"
OTHER_EARNING = "other_earning"
OTHER_TIERS = "other_tiers"
OTHER_CONTENT = "other_content"
NOT_SAID = "not_said"
SAME_RULES = "same_rules"
SALE_DIFFERED = "sale_differed"
RETURN = "return"

_COLUMNS = (
    "event_id", "sale_id", "member_id", "store_id", "promised", "computed", "noted_ms", "reason", "cause", "by_till",
    "by_hq",
)  # fmt: skip


class Cause(NamedTuple):
    """Why two figures differ; for another version of a rule, which one the till had and which one head office."""

    code: str
    by_till: int = 0
    by_hq: int = 0


def note_sales(
    session: Session, sales: Sequence[SaleFacts], computed: Mapping[UUID, int], barred: Collection[UUID]
) -> None:
    """Note sales whose points are not those their tills promised; `barred` could not collect any."""
    differ = [
        sale for sale in sales if sale.promised is not None and sale.promised != computed.get(sale.sale, 0)
    ]  # fmt: skip
    if not differ:
        return
    rules = points_rules.published(session)
    rows = []
    for sale in differ:
        why = Cause(BLOCKED) if sale.sale in barred else cause(sale.promised_by, basis_on(rules, sale.business_date))
        rows.append(
            (sale.sale, sale.sale, sale.member, sale.store, sale.promised, computed.get(sale.sale, 0), sale.at_ms, "",
             *why)
        )  # fmt: skip
    bulk.insert_new_tuples(session, PointsReview, _COLUMNS, rows)


def note_returns(session: Session, returns: Sequence[ReturnFacts], taken: Mapping[UUID, int]) -> None:
    """Note returns that took other points back than their tills said: below zero, for they go from the member."""
    rows = []
    for back in returns:
        computed = taken.get(back.returned, 0)
        if back.promised is not None and back.promised != computed:
            differed = session.get(PointsReview, back.sale.sale) is not None
            why = Cause(SALE_DIFFERED if differed else RETURN)
            rows.append(
                (back.returned, back.sale.sale, back.sale.member, back.store, -back.promised, -computed, back.at_ms, "",
                 *why)
            )  # fmt: skip
    bulk.insert_new_tuples(session, PointsReview, _COLUMNS, rows)


def cause(till: PointsBasis | None, hq: PointsBasis | None) -> Cause:
    """Return why figures worked out by these rules differ."""
    if hq is None:
        return Cause(NO_RULE, till.earning if till else 0)
    if till is None:
        return Cause(NOT_SAID, 0, hq.earning)
    if till.earning != hq.earning:
        return Cause(OTHER_EARNING, till.earning, hq.earning)
    if till.tiers != hq.tiers:
        return Cause(OTHER_TIERS, till.tiers, hq.tiers)
    return Cause(SAME_RULES if till.hash == hq.hash else OTHER_CONTENT, till.earning, hq.earning)
