"""How many coupons there are of a batch and how they stand: issued, held by members, used, over; and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlmodel import Session

from cloud.coupons.models import EXPIRED, ISSUED, RESERVED, USED, VOIDED, Coupon
from cloud.database.rowset import table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of coupons: every one is in exactly one of them."""

    open: int = 0
    """Usable now or from their first day on."""
    held: int = 0
    """Of those open, the ones that are a member's own."""
    reserved: int = 0
    """Set aside for a basket at this moment."""
    used: int = 0
    expired: int = 0
    withdrawn: int = 0
    cost_minor: int = 0
    """What the used ones took off, returns aside."""

    @property
    def issued(self) -> int:
        """Return how many there ever were."""
        return self.open + self.reserved + self.used + self.expired + self.withdrawn

    @property
    def used_per_mille(self) -> int:
        """Return how many of a thousand that were issued have been used."""
        return self.used * 1000 // self.issued if self.issued else 0

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            open=self.open + other.open,
            held=self.held + other.held,
            reserved=self.reserved + other.reserved,
            used=self.used + other.used,
            expired=self.expired + other.expired,
            withdrawn=self.withdrawn + other.withdrawn,
            cost_minor=self.cost_minor + other.cost_minor,
        )


_FIELDS = {RESERVED: "reserved", USED: "used", EXPIRED: "expired", VOIDED: "withdrawn"}


def tallies(session: Session, today: date, batches: Collection[str] | None = None) -> Mapping[str, Tally]:
    """Return how the coupons of batches (None: of all) stand on a day; a batch without any is absent."""
    row = table_of(Coupon)
    over = case((row.c.ends < today, 1), else_=0).label("over")
    own = case((row.c.member_id.is_not(None), 1), else_=0).label("own")
    sums = (func.count().label("n"), func.coalesce(func.sum(row.c.off_minor), 0).label("cost"))
    query = select(row.c.batch, row.c.state, over, own, *sums).group_by(row.c.batch, row.c.state, over, own)
    if batches is not None:
        query = query.where(row.c.batch.in_(sorted(batches)))
    counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in session.execute(query):
        into, count = counts[one.batch], int(one.n)
        if one.state != ISSUED:
            into[_FIELDS[one.state]] += count
        elif one.over:
            into["expired"] += count
        else:
            into["open"] += count
            into["held"] += count * one.own
        into["cost_minor"] += int(one.cost)
    return {batch: Tally(**found) for batch, found in counts.items()}
