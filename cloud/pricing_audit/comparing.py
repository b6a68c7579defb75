"""One sale against the engine: the verdict, and every figure in which the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.pricing_audit.books import AuditBook
from cloud.pricing_audit.models import Verdict
from cloud.pricing_audit.records import LineRecord, SaleRecord
from shared.money import tax_included
from shared.pricing import ENGINE_LEVEL, Discount, PricedLine, PriceMissing, PromotionUse, price_basket, uses_of
from shared.wire.events import MANIFEST_BYTES
from shared.wire.till_events import AdjustmentKind

_BY_HAND = frozenset(str(kind) for kind in AdjustmentKind)
_FIELDS = ("unit", "price", "gross_minor", "net_minor", "tax_code", "tax_rate_bp", "tax_minor")

_REASON_CHARACTERS = 300

Figure = int | str | list[object]

log = structlog.get_logger(__name__)


class Difference(msgspec.Struct, frozen=True):
    """One figure: what the till recorded and what HQ comes to. Line 0 is the receipt as a whole."""

    line: int
    field: str
    till: Figure
    hq: Figure


class Finding(NamedTuple):
    """What an audit of one sale found."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    expected_minor: int | None = None


def audit(sale: SaleRecord, book: AuditBook | None) -> Finding:
    """Price a sale again from its own record. What the till charged stays the fact, whatever this finds.

    A sale on which the engine fails is found `failed` with the reason: one sale never stops the audit of the next.
    Only what says nothing about the sale is raised: errors of the database itself, and memory that is full.
    """
    try:
        return _audit(sale, book)
    except Exception as error:
        return failed(sale, error)


def failed(sale: SaleRecord, error: Exception) -> Finding:
    """Return what there is to say of a sale that an error kept from being priced. Raise what the database raised."""
    return Finding(Verdict.FAILED, (Difference(0, "engine", "", reason_of(sale, error)),))


def reason_of(sale: SaleRecord, error: Exception) -> str:
    """Return in words why the engine failed on a sale, and log it. Raise what says nothing about the sale."""
    if isinstance(error, SQLAlchemyError | MemoryError):
        raise error
    log.warning("a sale cannot be priced again", sale=str(sale.sale), store=sale.store, exc_info=error)
    return f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]


def _audit(sale: SaleRecord, book: AuditBook | None) -> Finding:
    wrong = tuple(_arithmetic(sale))
    if wrong:
        return Finding(Verdict.ARITHMETIC, wrong)
    known = bytes.fromhex(book.hash)[:MANIFEST_BYTES] if book else b""
    if book is None or known != sale.manifest:
        return Finding(Verdict.BOOK_UNKNOWN, (Difference(0, "manifest", sale.manifest.hex(), known.hex()),))
    if sale.engine > ENGINE_LEVEL:
        return Finding(Verdict.ENGINE_NEWER, (Difference(0, "engine", sale.engine, ENGINE_LEVEL),))
    try:
        priced = price_basket(sale.basket(book), book, sale.context, sale.coupons)
    except PriceMissing as missing:
        return Finding(Verdict.PRICE_MISSING, (Difference(0, "item", missing.item, ""),))
    lines = [as_decided(line, again) for line, again in zip(sale.lines, priced.lines, strict=True)]
    found = (*_differences(sale, lines), *_undecided(sale), *_beside(sale, uses_of(priced)))
    return Finding(Verdict.DIFFERS if found else Verdict.SAME, found, sum(line.net_minor for line in lines))


def as_decided(line: LineRecord, again: PricedLine) -> PricedLine:
    """Take off the engine's line what people took off the till's: a price they set, cents they dropped, are facts."""
    decided = [
        Discount(reason=one.reason, minor=one.minor, source=one.source)
        for one in line.discounts
        if one.reason in _BY_HAND
    ]
    if not decided:
        return again
    net = again.net_minor - sum(one.minor for one in decided)
    tax = tax_included(net, again.tax_rate_bp)
    return msgspec.structs.replace(again, net_minor=net, tax_minor=tax, discounts=[*again.discounts, *decided])


def _undecided(sale: SaleRecord) -> Iterator[Difference]:
    """Yield what was taken off by hand without anybody being named for it, or the other way round."""
    taken: Counter[str] = Counter()
    for line in sale.lines:
        taken.update({one.reason: one.minor for one in line.discounts if one.reason in _BY_HAND})
    for kind in sorted(_BY_HAND):
        if taken[kind] != sale.decided.get(kind, 0):
            yield Difference(0, kind, taken[kind], sale.decided.get(kind, 0))


def _beside(sale: SaleRecord, again: Sequence[PromotionUse]) -> Iterator[Difference]:
    """Yield what promotions gave or took beside money otherwise than the engine does: points, coupons to come."""
    till, hq = (_given(uses, by_hand=bool(sale.decided)) for uses in (sale.uses, again))
    if till != hq:
        yield Difference(0, "promotions", till, hq)


def _given(uses: Sequence[PromotionUse], *, by_hand: bool) -> list[object]:
    """Return it as (promotion, points, spent points, how often multiplied, of how much, coupons), in one order.

    On how much points were multiplied is left out where people changed prices: the engine knows nothing of that.
    """
    rows = sorted(
        (use.promotion, use.points, use.spent_points, use.multiplier_bp, 0 if by_hand else use.base_minor, use.issues)
        for use in uses
        if use.points or use.spent_points or use.multiplier_bp or use.issues
    )
    return [list(row) for row in rows]


def _arithmetic(sale: SaleRecord) -> Iterator[Difference]:
    for line in sale.lines:
        net = line.gross_minor - sum(discount.minor for discount in line.discounts)
        if line.net_minor != net or net < 0:
            yield Difference(line.n, "net_minor", line.net_minor, net)
    for field, till, hq in (
        ("total_minor", sale.total_minor, sum(line.net_minor for line in sale.lines)),
        ("saved_minor", sale.saved_minor, sum(line.gross_minor - line.net_minor for line in sale.lines)),
        ("tendered_minor", sale.tendered_minor, sale.total_minor),
    ):
        if till != hq:
            yield Difference(0, field, till, hq)


def _differences(sale: SaleRecord, priced: list[PricedLine]) -> Iterator[Difference]:
    for line, again in zip(sale.lines, priced, strict=True):
        for field in _FIELDS:
            till, hq = getattr(line, field), getattr(again, field)
            if till != hq:
                yield Difference(line.n, field, *(_figure(value) for value in (till, hq)))
        taken, expected = _discounts(line), _discounts(again)
        if taken != expected:
            yield Difference(line.n, "discounts", taken, expected)


def _discounts(line: LineRecord | PricedLine) -> list[object]:
    return [[discount.source, discount.reason, discount.minor] for discount in line.discounts]


def _figure(value: object) -> Figure:
    if isinstance(value, int | str):
        return value
    plain: list[object] = msgspec.to_builtins(value)
    return plain
