"""Budgets of promotions, counted in the store: what its own sales used, in the transaction of each sale.

A till knows what was used here, and nothing of what other stores did: budgets per store and per day are whole here. Of
a chain's budget the store has a share, which no other store may use. A member's is what they used in this store, and
elsewhere what HQ has answered for the basket. `uncounted` names what a promotion is strict about and this store cannot
know: the engine then refuses the promotion instead of guessing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from edge_agent.till.selling import shares
from shared.money import divide_half_up
from shared.pricing import Counter, Outcome, Per, PromotionIndex, Status
from shared.pricing.budgets import Used, counter_of_share, used_of
from shared.pricing.promotion import Limit, Promotion
from shared.wire.events import ReturnedLine, SaleCompleted

KEEP_DAYS = 40
"""A day's counts go so long after it."""
_ALWAYS, _ANYBODY = "", b""
_HERE = {Per.STORE, Per.DAY, Per.BASKET}


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom budgets are counted: a basket, its business day, the member the store knows, what HQ answered."""

    basket: UUID | None = None
    day: str = ""
    member: UUID | None = None
    elsewhere: Mapping[tuple[str, Per], Counter] = field(default_factory=dict)


@dataclass(slots=True)
class Counted:
    """What was used before a basket, and what of the budgets asked about nobody here can know.

    `short` are promotions whose share of a chain's budget is used up here, `of_member` those of which only HQ knows
    what the member used elsewhere: HQ can be asked about both.
    """

    counters: list[Counter] = field(default_factory=list)
    uncounted: list[Per] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    of_member: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Budgets:
    """The store's counts, as the running command's transaction sees them; without a database nothing was used."""

    db: sqlite3.Connection | None = None

    def before(self, promotions: Sequence[Promotion], asker: Asker) -> Counted:
        """Return what was used of the promotions' budgets before a basket."""
        found = Counted()
        if self.db is None:
            return found
        for promotion in promotions:
            for limit in promotion.limits:
                if limit.per is Per.CHAIN:
                    _of_chain(self.db, promotion.promotion, limit, asker, found)
                elif limit.strict and limit.per not in _HERE:
                    _of_member(self.db, promotion.promotion, limit.per, asker, found)
                else:
                    used = _used(self.db, promotion.promotion, limit.per, asker)
                    if any(used):
                        found.counters.append(Counter(promotion.promotion, limit.per, *used))
        found.uncounted = sorted(set(found.uncounted))
        return found


def _of_chain(db: sqlite3.Connection, promotion: str, limit: Limit, asker: Asker, found: Counted) -> None:
    share = shares.of(db, promotion)
    if share is None:
        found.uncounted.append(Per.CHAIN)
        found.short.append(promotion)
        return
    used = Used(*shares.used(db, share, but=asker.basket))
    most = (share.uses, share.minor)
    found.counters.append(counter_of_share(promotion, limit, most, used))
    if any(part is not None and part <= spent for part, spent in zip(most, used, strict=True)):
        found.short.append(promotion)


def _of_member(db: sqlite3.Connection, promotion: str, per: Per, asker: Asker, found: Counted) -> None:
    elsewhere = asker.elsewhere.get((promotion, per))
    if elsewhere is None or asker.member is None:
        found.uncounted.append(per)
        if asker.member is not None:
            found.of_member.append(promotion)
        return
    uses, minor = _used(db, promotion, per, asker)
    found.counters.append(Counter(promotion, per, uses + elsewhere.uses, minor + elsewhere.minor))


def set_aside(db: sqlite3.Connection, asker: Asker, outcomes: Sequence[Outcome], index: PromotionIndex) -> None:
    """Keep what a basket in payment is going to use for it alone: what others may use is less by it."""
    if asker.basket is None:
        return
    db.execute("DELETE FROM promotion_hold WHERE basket = ?", (asker.basket.bytes,))
    for promotion, used in _applied(outcomes).items():
        for per, key in _keys(db, index, promotion, asker):
            db.execute(
                "INSERT INTO promotion_hold (basket, promotion, per, day, member, uses, minor)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (asker.basket.bytes, promotion, per.value, *key, *used),
            )


def _keys(
    db: sqlite3.Connection, index: PromotionIndex, promotion: str, asker: Asker
) -> list[tuple[Per, tuple[str, bytes]]]:
    """Return what a promotion's budgets are counted over and under here."""
    listed = index.by_id.get(promotion)
    pers = sorted({limit.per for limit in listed.promotion.limits}) if listed else []
    found = [(per, _key(db, promotion, per, asker)) for per in pers]
    return [(per, key) for per, key in found if key is not None]


def note_sale(db: sqlite3.Connection, sale: SaleCompleted, outcomes: Sequence[Outcome], index: PromotionIndex) -> None:
    """Count what a sale used, under its business date, in its own transaction; nothing is set aside for it any more."""
    db.execute("DELETE FROM promotion_hold WHERE basket = ? OR basket NOT IN (SELECT id FROM basket)", (sale.id.bytes,))
    asker = _asker(sale)
    for promotion, used in _applied(outcomes).items():
        for per, key in _keys(db, index, promotion, asker):
            _add(db, promotion, per, key, used)
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
    for promotion, (uses, _) in used_of(sale).items():
        parts = [
            (line.n, line.quantity, sum(each.minor for each in line.discounts if each.source == promotion))
            for line in sale.lines
        ]
        borne = [part for part in parts if part[2]] or parts
        minor = sum(_share(part, now) - _share(part, before) for part in borne)
        last = _whole(borne, now) and not _whole(borne, before)
        for per in Per:
            key = _key(db, promotion, per, _asker(sale))
            if key is not None and (minor or last):
                _take_off(db, promotion, per, key, (uses if last else 0, minor))


def _used(db: sqlite3.Connection, promotion: str, per: Per, asker: Asker) -> tuple[int, int]:
    key = _key(db, promotion, per, asker)
    return (0, 0) if key is None else shares.used_under(db, promotion, per, key, but=asker.basket)


def _key(db: sqlite3.Connection, promotion: str, per: Per, asker: Asker) -> tuple[str, bytes] | None:
    """Return the day and member that a budget is counted under; None where this sale has none or nobody counts."""
    match per:
        case Per.STORE:
            return _ALWAYS, _ANYBODY
        case Per.DAY:
            return asker.day, _ANYBODY
        case Per.MEMBER:
            return None if asker.member is None else (_ALWAYS, asker.member.bytes)
        case Per.MEMBER_DAY:
            return None if asker.member is None else (asker.day, asker.member.bytes)
        case Per.CHAIN:
            share = shares.of(db, promotion)
            return None if share is None else (_ALWAYS, share.share.bytes)
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


def _share(part: tuple[int, int, int], back: Mapping[int, int]) -> int:
    n, quantity, minor = part
    return divide_half_up(minor * min(back.get(n, 0), quantity), quantity) if quantity else 0


def _whole(parts: Sequence[tuple[int, int, int]], back: Mapping[int, int]) -> bool:
    return all(back.get(n, 0) >= quantity for n, quantity, _ in parts)


def _asker(sale: SaleCompleted) -> Asker:
    return Asker(sale.id, sale.business_date, sale.member.member if sale.member else None)
