"""Budgets of promotions, counted in the store: what its own sales used, in the transaction of each sale.

A till knows what was used here, and nothing of what other stores did: budgets per store and per day are whole here, a
member's is what they used in this store, a chain's is not known at all. `uncounted` names what a promotion is strict
about and this store cannot know: the engine then refuses the promotion instead of guessing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from shared.money import divide_half_up
from shared.pricing import Counter, Discount, Outcome, Per, PromotionIndex, Status
from shared.pricing.promotion import Promotion
from shared.wire.events import ReturnedLine, SaleCompleted

KEEP_DAYS = 40
"""A day's counts go so long after it."""
_ALWAYS, _ANYBODY = "", b""
_HERE = {Per.STORE, Per.DAY}


@dataclass(frozen=True, slots=True)
class Counted:
    """What was used before a basket, and what of the budgets asked about nobody here can know."""

    counters: list[Counter]
    uncounted: list[Per]


NOTHING = Counted([], [])


@dataclass(frozen=True, slots=True)
class Budgets:
    """The store's counts, as the running command's transaction sees them; without a database nothing was used."""

    db: sqlite3.Connection | None = None

    def before(self, promotions: Sequence[Promotion], day: str, member: UUID | None) -> Counted:
        """Return what was used of the promotions' budgets on a business day, by a member the store knows."""
        if self.db is None:
            return NOTHING
        counters, uncounted = [], set[Per]()
        for promotion in promotions:
            for limit in promotion.limits:
                unknown = limit.per is Per.CHAIN or (limit.per not in {*_HERE, Per.BASKET} and limit.strict)
                if unknown:
                    uncounted.add(limit.per)
                    continue
                used = _used(self.db, promotion.promotion, limit.per, day, member)
                if used is not None and any(used):
                    counters.append(Counter(promotion.promotion, limit.per, *used))
        return Counted(counters, sorted(uncounted))


def note_sale(db: sqlite3.Connection, sale: SaleCompleted, outcomes: Sequence[Outcome], index: PromotionIndex) -> None:
    """Count what a sale used, under its business date, in its own transaction."""
    for promotion, (uses, minor) in _applied(outcomes).items():
        listed = index.by_id.get(promotion)
        for per in {limit.per for limit in listed.promotion.limits} if listed else ():
            key = _key(per, sale.business_date, _member(sale))
            if key is not None:
                _add(db, promotion, per, key, (uses, minor))
    oldest = date.fromisoformat(sale.business_date) - timedelta(days=KEEP_DAYS)
    db.execute("DELETE FROM promotion_use WHERE day <> '' AND day < ?", (oldest.isoformat(),))


def give_back(
    db: sqlite3.Connection, sale: SaleCompleted, before: Mapping[int, int], lines: Sequence[ReturnedLine]
) -> None:
    """Give back to the budgets what comes back of a sale of this store.

    Money in proportion to what came back of each line, to the cent over all parts of it; uses once everything the
    promotion gave something off has come back. `before` is how much of each line came back earlier.
    """
    now = dict(before)
    for one in lines:
        now[one.of_line] = now.get(one.of_line, 0) + one.quantity
    for promotion, uses in _uses(sale).items():
        parts = [
            (line.n, line.quantity, sum(each.minor for each in line.discounts if each.source == promotion))
            for line in sale.lines
        ]
        borne = [part for part in parts if part[2]] or parts
        minor = sum(_share(part, now) - _share(part, before) for part in borne)
        last = _whole(borne, now) and not _whole(borne, before)
        for per in Per:
            key = _key(per, sale.business_date, _member(sale))
            if key is not None and (minor or last):
                _take_off(db, promotion, per, key, (uses if last else 0, minor))


def _used(db: sqlite3.Connection, promotion: str, per: Per, day: str, member: UUID | None) -> tuple[int, int] | None:
    key = _key(per, day, member)
    if key is None:
        return None
    query = "SELECT uses, minor FROM promotion_use WHERE promotion = ? AND per = ? AND day = ? AND member = ?"
    row: tuple[int, int] | None = db.execute(query, (promotion, per.value, *key)).fetchone()
    return row


def _key(per: Per, day: str, member: UUID | None) -> tuple[str, bytes] | None:
    """Return the day and member that a budget is counted under; None where this sale has none or nobody counts."""
    match per:
        case Per.STORE:
            return _ALWAYS, _ANYBODY
        case Per.DAY:
            return day, _ANYBODY
        case Per.MEMBER:
            return None if member is None else (_ALWAYS, member.bytes)
        case Per.MEMBER_DAY:
            return None if member is None else (day, member.bytes)
        case _:
            return None


def _add(db: sqlite3.Connection, promotion: str, per: Per, key: tuple[str, bytes], used: tuple[int, int]) -> None:
    db.execute(
        "INSERT INTO promotion_use (promotion, per, day, member, uses, minor) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (promotion, per, day, member) DO UPDATE SET uses = uses + excluded.uses,"
        " minor = minor + excluded.minor",
        (promotion, per.value, *key, *used),
    )


def _take_off(db: sqlite3.Connection, promotion: str, per: Per, key: tuple[str, bytes], used: tuple[int, int]) -> None:
    """Take off what is counted at all: a budget that the promotion has only since the sale knows nothing of it."""
    db.execute(
        "UPDATE promotion_use SET uses = max(0, uses - ?), minor = max(0, minor - ?)"
        " WHERE promotion = ? AND per = ? AND day = ? AND member = ?",
        (*used, promotion, per.value, *key),
    )


def _applied(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int]]:
    """Return uses and money of each promotion that applied; each coupon has an outcome of its own."""
    found: dict[str, tuple[int, int]] = {}
    for one in outcomes:
        if one.status is Status.APPLIED:
            uses, minor = found.get(one.promotion, (0, 0))
            found[one.promotion] = (uses + one.uses, minor + one.minor)
    return found


def _uses(sale: SaleCompleted) -> dict[str, int]:
    """Return how often a sale used each promotion: as it lists them, else once where a line has its discount."""
    found = {one.source: 1 for one in _discounts(sale) if one.source}
    listed: dict[str, int] = {}
    for use in sale.promotions:
        listed[use.promotion] = listed.get(use.promotion, 0) + use.uses
    return found | listed


def _discounts(sale: SaleCompleted) -> Iterator[Discount]:
    for line in sale.lines:
        yield from line.discounts


def _share(part: tuple[int, int, int], back: Mapping[int, int]) -> int:
    n, quantity, minor = part
    return divide_half_up(minor * min(back.get(n, 0), quantity), quantity) if quantity else 0


def _whole(parts: Sequence[tuple[int, int, int]], back: Mapping[int, int]) -> bool:
    return all(back.get(n, 0) >= quantity for n, quantity, _ in parts)


def _member(sale: SaleCompleted) -> UUID | None:
    return sale.member.member if sale.member else None
