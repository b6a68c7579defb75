"""A sale's receipt, made again from HQ's books. Nothing of the member is on it: whoever holds the paper may look."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.org.entities import on_receipts
from cloud.org.models import LegalEntity, Store, Till
from cloud.prices.books import StoreBook, StoreBooks
from cloud.prices.settings import till_settings
from cloud.sales.models import ReceiptNumber, Sale, SaleDiscount, SaleLine, SaleReturn, SaleTender
from shared.money import UnitPrice
from shared.pricing.model import Discount, PricedLine
from shared.pricing.price_list import Unit
from shared.receipt.document import Document
from shared.receipt.facts import ItemName, ReceiptFacts, Shop, promotion_words
from shared.receipt.figures import receipt_number
from shared.receipt.sale import receipt_document
from shared.receipt.words import LANGUAGES
from shared.wire.event_base import DeviceTime, Receipt, Tender, TenderKind, TimeQuality
from shared.wire.events import BookReference, SaleCompleted


def e_receipt(session: Session, sale_id: UUID, language: str = "") -> Document | None:
    """Return a sale's receipt, None when HQ does not have the sale (yet: a till may still be without a network).

    `language` is what the customer reads; by default the shop's own.
    """
    sale = session.get(Sale, sale_id)
    if sale is None:
        return None
    lines = _lines(session, sale_id)
    return receipt_document(_event(session, sale, lines), _facts(session, sale, lines, language))


def _lines(session: Session, sale_id: UUID) -> list[PricedLine]:
    discounts: defaultdict[int, list[Discount]] = defaultdict(list)
    taken_off = select(SaleDiscount).where(col(SaleDiscount.sale_id) == sale_id)
    for one in session.exec(taken_off.order_by(col(SaleDiscount.line_n), col(SaleDiscount.n))):
        discounts[one.line_n].append(Discount(reason=one.reason, minor=one.minor, source=one.source))
    rows = session.exec(select(SaleLine).where(col(SaleLine.sale_id) == sale_id).order_by(col(SaleLine.n)))
    return [
        PricedLine(
            n=row.n,
            item=row.item,
            quantity=row.quantity,
            price=UnitPrice(row.price_minor, row.price_basis),
            net_minor=row.net_minor,
            discounts=discounts[row.n],
            unit=Unit(row.unit),
            tax_code=row.tax_code,
            tax_rate_bp=row.tax_rate_bp,
            tax_minor=row.tax_minor,
        )
        for row in rows
    ]


def _event(session: Session, sale: Sale, lines: list[PricedLine]) -> SaleCompleted:
    """Return the sale as its till told it, as far as a receipt says it."""
    tenders = session.exec(select(SaleTender).where(col(SaleTender.sale_id) == sale.id).order_by(col(SaleTender.n)))
    return SaleCompleted(
        id=sale.id,
        store=sale.store_id,
        till=sale.till_id,
        at_ms=sale.at_ms,
        business_date=sale.business_date.isoformat(),
        device=DeviceTime(wall_ms=sale.device_ms, quality=TimeQuality(sale.time_quality)),
        receipt=Receipt(series=sale.receipt_series, number=sale.receipt_number, previous=b""),
        opened_ms=sale.opened_ms,
        priced_ms=sale.priced_ms,
        book=BookReference(
            version=sale.book_version, manifest=sale.book_manifest, engine=sale.engine, zone=sale.time_zone
        ),
        currency=sale.currency,
        exponent=sale.exponent,
        lines=lines,
        tenders=[
            # No references: the paper has them, and a link may be passed on.
            Tender(method=TenderKind(one.method), minor=one.minor, change_minor=one.change_minor)
            for one in tenders
        ],
        total_minor=sale.total_minor,
        points_promised=sale.points_promised,
    )


def _facts(session: Session, sale: Sale, lines: list[PricedLine], language: str) -> ReceiptFacts:
    number = select(ReceiptNumber).where(
        col(ReceiptNumber.store_id) == sale.store_id,
        col(ReceiptNumber.till_id) == sale.till_id,
        col(ReceiptNumber.series) == sale.receipt_series,
        col(ReceiptNumber.number) == sale.receipt_number,
    )
    receipt = session.exec(number).first()
    sources = {discount.source for line in lines for discount in line.discounts if discount.source}
    book = StoreBooks().book(session, sale.store_id, sale.book_version)
    till = session.get(Till, (sale.store_id, sale.till_id))
    return ReceiptFacts(
        shop=_shop(session, sale, language),
        till_number=None if till is None else till.number,
        names=_names(book, sorted({line.item for line in lines})),
        reasons={} if book is None or not sources else promotion_words(book.promotions(), sources),
        head=b"" if receipt is None or receipt.head is None else receipt.head,
        exchange_receipt=_exchange_number(session, sale),
    )


def _exchange_number(session: Session, sale: Sale) -> str:
    """Return the number of the return whose goods were exchanged for these, '' where there is none or it is not here.

    The tender such goods are worth carries the return's id; the till makes both in one transaction.
    """
    worth = select(SaleTender.reference).where(
        col(SaleTender.sale_id) == sale.id, col(SaleTender.method) == TenderKind.EXCHANGE.value
    )
    reference = session.exec(worth).first()
    try:
        back = session.get(SaleReturn, UUID(reference)) if reference else None
    except ValueError:  # an import from another system may write anything there
        return ""
    return "" if back is None else receipt_number(back.receipt_series, back.receipt_number)


def _shop(session: Session, sale: Sale, language: str) -> Shop:
    store = session.get(Store, sale.store_id)
    entity = session.get(LegalEntity, sale.legal_entity_id) if sale.legal_entity_id else None
    said = till_settings(session).receipt
    spoken = [language, *said.languages, "" if store is None else store.locale, "en"]
    reads = next(one for one in spoken if one in LANGUAGES)
    return Shop(
        name=sale.store_id if store is None else store.name,
        legal_name=said.legal_name or ("" if entity is None else on_receipts(entity.name, [reads])),
        zone=sale.time_zone,
        currency=sale.currency,
        exponent=sale.exponent,
        languages=(reads,),
        notes=tuple(said.notes),
    )


def _names(book: StoreBook | None, items: list[str]) -> dict[str, ItemName]:
    return {} if book is None else {key: ItemName.of(item) for key, item in book.items(items).items()}
