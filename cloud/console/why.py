"""Why this price? A receipt priced again from its own record, line by line, with what was refused and what was near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.console.decided import BY_HAND, Decided, decided
from cloud.console.receipts import ShownSale, shown_sales
from cloud.errors import NotFound
from cloud.prices.books import StoreBook, StoreBooks
from cloud.pricing_audit.comparing import Finding, as_decided, audit
from cloud.pricing_audit.models import Verdict
from cloud.pricing_audit.records import SaleRecord, sale_of
from cloud.promotions.naming import called, spoken_of
from cloud.promotions.sentence import sentence
from cloud.sales.models import Sale
from cloud.web.rendering import Context, page
from shared.pricing import Outcome, Price, PricedBasket, PricedLine, PriceMissing, Status, price_basket
from shared.pricing.explain import explain
from shared.pricing.promotion import Money, Promotion

router = APIRouter(include_in_schema=False)
_ORDER = {Status.APPLIED: 0, Status.NEAR: 1, Status.OFFERED: 2, Status.REFUSED: 3}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A promotion that had to do with the basket, and what became of it, in words by language."""

    outcome: Outcome
    promotion: Promotion | None
    says: dict[str, str]
    words: dict[str, str]

    def takes(self, n: int) -> int:
        """Return what it took off a line."""
        return sum(line.minor for line in self.outcome.lines if line.n == n)


@dataclass(frozen=True, kw_only=True)
class WhyLine:
    """A line with its price in the book and everything that had to do with it."""

    line: PricedLine
    names: dict[str, str]
    price: Price | None
    told: list[Told] = field(default_factory=list)

    def name(self, language: str) -> str:
        """Return what the item is called."""
        return self.names.get(language) or next(iter(self.names.values()), self.line.item)


@dataclass(frozen=True, kw_only=True)
class Why:
    """The receipt as it was, and the same basket priced again here."""

    shown: ShownSale
    finding: Finding
    priced: PricedBasket | None = None
    lines: list[WhyLine] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        """Return what the lines come to."""
        return sum(one.line.net_minor for one in self.lines)

    @property
    def saved_minor(self) -> int:
        """Return what was taken off them."""
        return sum(one.line.gross_minor for one in self.lines) - self.total_minor

    @property
    def verdict(self) -> str:
        """Return whether the till's figures are those of the engine."""
        return str(self.finding.verdict)


@router.get("/sales/{sale}/why")
def why(request: Request, services: Here, sale: UUID) -> Response:
    """Why does each line cost what it costs?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"it": why_of(session, sale), "by_hand": BY_HAND}

    return page(request, services, "why", read)


def why_of(session: Session, sale_id: UUID) -> Why:
    """Price a sale again from its record. Raise NotFound."""
    row = session.get(Sale, sale_id)
    if row is None:
        raise NotFound(f"there is no sale {sale_id}")
    record = sale_of(session, row)
    (shown,) = shown_sales(session, [row])
    book = StoreBooks().book(session, record.store, record.book_version)
    finding = audit(record, book)
    if book is None or finding.verdict in {Verdict.ENGINE_NEWER, Verdict.PRICE_MISSING, Verdict.FAILED}:
        return Why(shown=shown, finding=finding)
    book.prefetch({line.item for line in record.lines})
    try:
        return replace(_again(session, shown, finding, record, book), decided=decided(session, row))
    except PriceMissing:  # a book of that number, and not the one the till had
        return Why(shown=shown, finding=finding)


def _again(session: Session, shown: ShownSale, finding: Finding, record: SaleRecord, book: StoreBook) -> Why:
    priced = price_basket(record.basket(book), book, record.context, record.coupons)
    told = sorted(_told(session, priced, book, shown.sale.exponent), key=lambda one: _ORDER[one.outcome.status])
    lines = []
    for recorded, again in zip(record.lines, priced.lines, strict=True):
        line = as_decided(recorded, again)
        item = book.item(line.item)
        mine = [one for one in told if any(used.n == line.n for used in one.outcome.lines)]
        names = item.names if item else {}
        lines.append(WhyLine(line=line, names=names, price=book.price(line.item), told=mine))
    return Why(shown=shown, finding=finding, priced=priced, lines=lines, told=told)


def _told(session: Session, priced: PricedBasket, book: StoreBook, exponent: int) -> Iterator[Told]:
    known = book.promotions().by_id
    met = [known[outcome.promotion].promotion for outcome in priced.outcomes if outcome.promotion in known]
    items = book.items({item for promotion in met for item in spoken_of(promotion)})
    names = called(session, met, {number: item.names for number, item in items.items()})
    for outcome in priced.outcomes:
        listed = known.get(outcome.promotion)
        promotion = listed.promotion if listed else None
        yield Told(
            outcome=outcome,
            promotion=promotion,
            says=sentence(promotion, Money(exponent), names) if promotion else {"en": "", "zh": ""},
            words=explain(outcome, promotion, exponent=exponent),
        )
