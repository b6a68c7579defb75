"""The basket: what the replay of its changes adds up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from edge_agent.till.changes import (
    AnyChange,
    CardShown,
    CouponGiven,
    LineRung,
    LineVoided,
    MemberNamed,
    QuantitySet,
    Recalled,
    TenderGiven,
    TendersReturned,
)
from shared.pricing import BasketLine, PaperCoupon
from shared.wire.events import Tender


@dataclass(slots=True)
class Line:
    """One line. `n` counts from 1 and is never reused; a quantity of 0 waits to be weighed."""

    n: int
    item: str
    quantity: int
    pieces: int
    code: str

    def as_rung(self) -> BasketLine:
        """Return the line as the pricing engine takes it."""
        return BasketLine(n=self.n, item=self.item, quantity=self.quantity, code=self.code)


@dataclass(slots=True)
class Basket:
    """A basket not yet paid. `version` is the price book its first line pinned; `stored` counts the changes.

    `steps` are those of them that somebody at the till made, so a driver of the till can count on their number.
    `priced_ms` is the business moment its prices are of: that of the last change to what is bought or by whom.
    """

    id: UUID
    till: str
    opened_ms: int
    version: int | None
    state: str = "open"
    name: str = ""
    stored: int = 0
    steps: int = 0
    priced_ms: int = 0
    last_line: int = 0
    lines: list[Line] = field(default_factory=list)
    coupons: list[PaperCoupon] = field(default_factory=list)
    card: CardShown | None = None
    named: MemberNamed | None = None
    tenders: list[Tender] = field(default_factory=list)

    @property
    def paid_minor(self) -> int:
        """What was given so far."""
        return sum(tender.minor for tender in self.tenders)

    def line(self, n: int | None) -> Line | None:
        """Return line `n`, or the last one there is; None when there is no such line."""
        if n is None:
            return self.lines[-1] if self.lines else None
        return next((line for line in self.lines if line.n == n), None)

    def apply(self, change: AnyChange) -> None:
        """Take in the next change of the list."""
        self.stored += 1
        if isinstance(change, MemberNamed):
            self.named = change
            return
        self.steps += 1
        match change:
            case LineRung() | QuantitySet() | LineVoided() | CouponGiven():
                self._apply_to_lines(change)
            case CardShown():
                self.card, self.named = change, None
            case TenderGiven():
                self.tenders.append(change.tender)
            case TendersReturned():
                self.tenders.clear()
            case Recalled():
                self.version = change.version
        if not isinstance(change, TenderGiven | TendersReturned):
            self.priced_ms = change.at_ms

    def _apply_to_lines(self, change: LineRung | QuantitySet | LineVoided | CouponGiven) -> None:
        match change:
            case LineRung():
                self.last_line += 1
                self.lines.append(Line(self.last_line, change.item, change.quantity, change.pieces, change.code))
            case QuantitySet():
                for line in self.lines:
                    if line.n == change.line:
                        line.quantity = change.quantity
            case LineVoided():
                self.lines = [line for line in self.lines if line.n != change.line]
                self.coupons = [coupon for coupon in self.coupons if coupon.line != change.line]
            case CouponGiven():
                self.coupons.append(_coupon(change))


def _coupon(change: CouponGiven) -> PaperCoupon:
    return PaperCoupon(
        code=change.code, line=change.line, supplier_minor=change.supplier_minor, chain_minor=change.chain_minor
    )
