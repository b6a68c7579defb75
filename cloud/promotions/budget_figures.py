"""How budgets stand: what each promotion may give, what its sales used, what every store has left of its share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.promotions.budget_models import BudgetedPromotion, BudgetUse, StoreShare
from cloud.promotions.counting import NOBODY
from shared.pricing import Per
from shared.pricing.budgets import Used
from shared.pricing.promotion import Limit, Promotion
from shared.pricing.promotion_rows import PromotionUnreadable, read_promotion


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget of a promotion. `used` is what all sales used that have arrived here."""

    promotion: Promotion
    limit: Limit
    used: Used
    over: int
    """How many times more than it allows, whoever it is counted for: of a chain's budget uses, of others cases."""

    @property
    def spent(self) -> bool:
        """Whether nothing is left of a chain's budget."""
        limit = self.limit
        return limit.per is Per.CHAIN and (
            (limit.uses is not None and self.used.uses >= limit.uses)
            or (limit.minor is not None and self.used.minor >= limit.minor)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One share, with the promotion it is of."""

    promotion: Promotion
    share: StoreShare

    @property
    def left_uses(self) -> int | None:
        """How often the store may still give it; None: not limited."""
        return _left(self.share.most_uses, self.share.used_uses)

    @property
    def left_minor(self) -> int | None:
        """How much the store may still give."""
        return _left(self.share.most_minor, self.share.used_minor)

    @property
    def told(self) -> bool:
        """Whether the store has said that it holds what it is to hold."""
        return self.share.heard_serial == self.share.serial


def _left(most: int | None, used: int) -> int | None:
    return None if most is None else max(0, most - used)


def promotions(session: Session, *, live: bool = True) -> dict[str, Promotion]:
    """Return the promotions with a budget, by id: those that stores' books hold now, or all there ever were."""
    query = select(BudgetedPromotion).order_by(col(BudgetedPromotion.promotion))
    found: dict[str, Promotion] = {}
    for row in session.execute(query.where(col(BudgetedPromotion.live)) if live else query).scalars():
        try:
            found[row.promotion] = read_promotion(row.content)
        except PromotionUnreadable:
            continue  # of a program newer than this one; the price book says so
    return found


def standings(session: Session) -> list[Standing]:
    """Return every budget of the promotions that run, as their sales have used it."""
    known = promotions(session)
    totals = _totals(session, list(known))
    return [
        Standing(promotion, limit, totals.get(name, Used()), _over(session, name, limit, totals.get(name, Used())))
        for name, promotion in known.items()
        for limit in promotion.limits
        if limit.per is not Per.BASKET
    ]


def parts(session: Session, promotion: str = "") -> list[Part]:
    """Return the shares of chains' budgets, by promotion and store; those that are no more last."""
    known = promotions(session)
    query = select(StoreShare).order_by(
        col(StoreShare.promotion), col(StoreShare.closed), col(StoreShare.store_id), col(StoreShare.id)
    )
    if promotion:
        query = query.where(col(StoreShare.promotion) == promotion)
    return [Part(known[row.promotion], row) for row in session.execute(query).scalars() if row.promotion in known]


def _totals(session: Session, names: Sequence[str]) -> dict[str, Used]:
    row = table_of(BudgetUse)
    rows = session.execute(
        select(row.c.promotion, func.sum(row.c.uses), func.sum(row.c.minor))
        .where(row.c.promotion.in_(names))
        .group_by(row.c.promotion)
    )
    return {name: Used(int(uses), int(minor)) for name, uses, minor in rows}


def _over(session: Session, name: str, limit: Limit, total: Used) -> int:
    """Count what went over a budget although tills keep to it: sales that were made where nobody could count."""
    if limit.per is Per.CHAIN:
        return 0 if limit.uses is None else max(0, total.uses - limit.uses)
    row = table_of(BudgetUse)
    by = {
        Per.STORE: (row.c.store_id,),
        Per.DAY: (row.c.store_id, row.c.day),
        Per.MEMBER: (row.c.member_id,),
        Per.MEMBER_DAY: (row.c.member_id, row.c.day),
    }[limit.per]
    query = select(func.sum(row.c.uses), func.sum(row.c.minor)).where(row.c.promotion == name).group_by(*by)
    if limit.per in {Per.MEMBER, Per.MEMBER_DAY}:
        query = query.where(row.c.member_id != NOBODY)
    found: defaultdict[bool, int] = defaultdict(int)
    for uses, minor in session.execute(query):
        too_often = limit.uses is not None and int(uses) > limit.uses
        found[too_often or (limit.minor is not None and int(minor) > limit.minor)] += 1
    return found[True]
