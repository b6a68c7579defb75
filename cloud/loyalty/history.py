"""Facts of sales and returns that are in the books already, for cards that come to belong to somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import msgspec
from sqlalchemy import Uuid, func, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, ReturnFacts, SaleFacts, TenderFacts
from cloud.sales.models import Sale, SaleLine, SalePricing, SaleReturn, SaleReturnLine, SaleTender
from shared.pricing.record import PromotionUse

_uses = msgspec.json.Decoder(list[PromotionUse])


def unclaimed_sales(session: Session, cards: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the sales that cards were shown at while nobody knew whose they are: sale to card."""
    sale = table_of(Sale)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(card,) for card in sorted(cards)])
    rows = session.execute(
        select(sale.c.id, sale.c.card_id)
        .join(wanted, wanted.c.id == sale.c.card_id)
        .where(sale.c.card_id.is_not(None), sale.c.member_id.is_(None))
        .order_by(sale.c.id)
    )
    return {row.id: row.card_id for row in rows}


def sale_facts(session: Session, buyers: Mapping[UUID, UUID]) -> dict[UUID, SaleFacts]:
    """Return the facts of sales in the books, given who bought."""
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(buyers)])
    sale, line = table_of(Sale), table_of(SaleLine)
    lines: defaultdict[UUID, list[LineFacts]] = defaultdict(list)
    for row in session.execute(
        select(line.c.sale_id, line.c.n, line.c.quantity, line.c.net_minor, line.c.category)
        .join(wanted, wanted.c.id == line.c.sale_id)
        .order_by(line.c.sale_id, line.c.n)
    ):
        lines[row.sale_id].append(LineFacts(row.n, row.quantity, row.net_minor, row.category))
    rows = session.execute(
        select(
            sale.c.id,
            sale.c.store_id,
            sale.c.till_id,
            sale.c.cashier,
            sale.c.at_ms,
            sale.c.business_date,
            sale.c.member_tier,
        ).join(wanted, wanted.c.id == sale.c.id)
    )
    facts = {
        row.id: SaleFacts(
            sale=row.id,
            member=buyers[row.id],
            store=row.store_id,
            till=row.till_id,
            cashier=row.cashier,
            at_ms=row.at_ms,
            business_date=row.business_date,
            lines=lines[row.id],
            tier=row.member_tier or "",
        )
        for row in rows
    }
    return completed_sales(session, facts)


def returns_of_sales(session: Session, sales: Collection[UUID]) -> list[UUID]:
    """Return every return of these sales."""
    back = table_of(SaleReturn)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(sales)])
    return list(session.execute(select(back.c.id).join(wanted, wanted.c.id == back.c.original_sale_id)).scalars())


def return_facts(session: Session, returns: Sequence[UUID], sales: Mapping[UUID, SaleFacts]) -> list[ReturnFacts]:
    """Return the facts of returns in the books whose sales are given; what other returns took back came before."""
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(returns)])
    back, line = table_of(SaleReturn), table_of(SaleReturnLine)
    before = came_back(session, sales.keys(), but=returns)
    lines: defaultdict[UUID, list[ReturnedLineFacts]] = defaultdict(list)
    for row in session.execute(
        select(line).join(wanted, wanted.c.id == line.c.return_id).order_by(line.c.return_id, line.c.of_line)
    ):
        earlier = before.get(row.original_sale_id, {}).get(row.of_line, 0)
        lines[row.return_id].append(ReturnedLineFacts(row.of_line, row.quantity, row.refund_minor, earlier))
    rows = session.execute(select(back).join(wanted, wanted.c.id == back.c.id).order_by(back.c.id))
    return [
        ReturnFacts(
            returned=row.id,
            sale=sales[row.original_sale_id],
            store=row.store_id,
            till=row.till_id,
            cashier=row.cashier,
            at_ms=row.at_ms,
            lines=lines[row.id],
        )
        for row in rows
        if row.original_sale_id in sales
    ]


def completed(session: Session, returns: Sequence[ReturnFacts]) -> list[ReturnFacts]:
    """Return the same returns with what the books say of their sales beside the lines: tenders, promotions' uses."""
    known = completed_sales(session, {back.sale.sale: back.sale for back in returns})
    return [replace(back, sale=known[back.sale.sale]) for back in returns]


def completed_sales(session: Session, sales: Mapping[UUID, SaleFacts]) -> dict[UUID, SaleFacts]:
    """Return the same sales with their tenders and their promotions' uses as written down."""
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(sales)])
    tender, pricing = table_of(SaleTender), table_of(SalePricing)
    tenders: defaultdict[UUID, list[TenderFacts]] = defaultdict(list)
    for row in session.execute(
        select(tender.c.sale_id, tender.c.method, tender.c.minor).join(wanted, wanted.c.id == tender.c.sale_id)
    ):
        tenders[row.sale_id].append(TenderFacts(row.method, row.minor))
    uses = dict(
        session.execute(select(pricing.c.sale_id, pricing.c.uses).join(wanted, wanted.c.id == pricing.c.sale_id)).all()
    )
    return {
        key: msgspec.structs.replace(sale, tenders=tenders[key], uses=_uses.decode(uses[key]) if key in uses else ())
        for key, sale in sales.items()
    }


def came_back(session: Session, sales: Collection[UUID], *, but: Collection[UUID] = ()) -> dict[UUID, dict[int, int]]:
    """Return how much of each line of these sales came back, by line number; what these returns (`but`) did aside."""
    line = table_of(SaleReturnLine)
    originals = rowset(session, "originals", {"id": Uuid()}, [(one,) for one in sorted(sales)])
    query = (
        select(line.c.original_sale_id, line.c.of_line, func.sum(line.c.quantity))
        .join(originals, originals.c.id == line.c.original_sale_id)
        .group_by(line.c.original_sale_id, line.c.of_line)
    )
    if but:
        aside = rowset(session, "aside", {"id": Uuid()}, [(one,) for one in sorted(but)])
        query = query.where(~select(aside.c.id).where(aside.c.id == line.c.return_id).exists())
    found: defaultdict[UUID, dict[int, int]] = defaultdict(dict)
    for sale, n, quantity in session.execute(query):
        found[sale][n] = int(quantity)
    return found
