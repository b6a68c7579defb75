"""What a promotion does: which of the newest receipts it touched, what it gave on them, and baskets with and without.

Bounded on purpose: a page may ask at any time, of a chain's whole history nobody should wait for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Subquery, func, select
from sqlmodel import Session, col

from cloud.sales.models import Sale, SaleDiscount, SalePricing

LOOKED_AT = 2_000
"""Receipts of its stores, the newest."""
NAMED = 8


@dataclass(frozen=True, slots=True)
class TouchedSale:
    """A receipt that a promotion touched."""

    sale: UUID
    store: str
    at_ms: int
    total_minor: int
    minor: int
    """What it took off."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What it did on the newest receipts. Amounts are in minor units of the house's currency."""

    looked: int = 0
    receipts: int = 0
    minor: int = 0
    total_minor: int = 0
    """What the receipts that it touched came to."""
    all_minor: int = 0
    """What all receipts looked at came to."""
    newest: list[TouchedSale] = field(default_factory=list)

    @property
    def basket_minor(self) -> int | None:
        """What a basket with it comes to on average."""
        return self.total_minor // self.receipts if self.receipts else None

    @property
    def other_basket_minor(self) -> int | None:
        """What a basket without it comes to on average."""
        others = self.looked - self.receipts
        return (self.all_minor - self.total_minor) // others if others else None


def touched(session: Session, promotion: str, stores: Collection[str]) -> Touched:
    """Look for a promotion on the newest receipts of stores: money it took off, or what else it did on them."""
    sales = (
        select(col(Sale.id).label("id"), col(Sale.store_id).label("store"), col(Sale.at_ms).label("at_ms"),
               col(Sale.total_minor).label("total"))
        .where(col(Sale.store_id).in_(stores))
        .order_by(col(Sale.at_ms).desc(), col(Sale.id).desc())
        .limit(LOOKED_AT)
        .subquery()
    )  # fmt: skip
    looked, all_minor = session.execute(select(func.count(), func.coalesce(func.sum(sales.c.total), 0))).one()
    taken = _taken(session, sales, promotion)
    rows = session.execute(
        select(sales.c.id, sales.c.store, sales.c.at_ms, sales.c.total).where(sales.c.id.in_(list(taken)))
    )
    found = sorted(
        (TouchedSale(sale, store, at_ms, int(total), taken[sale]) for sale, store, at_ms, total in rows),
        key=lambda one: (-one.at_ms, str(one.sale)),
    )
    return Touched(
        looked=int(looked),
        receipts=len(found),
        minor=sum(one.minor for one in found),
        total_minor=sum(one.total_minor for one in found),
        all_minor=int(all_minor),
        newest=found[:NAMED],
    )


def _taken(session: Session, sales: Subquery, promotion: str) -> dict[UUID, int]:
    """Return what it took off by receipt; 0 where it gave points, a gift or a coupon."""
    did = select(col(SalePricing.sale_id)).join(sales, sales.c.id == col(SalePricing.sale_id))
    quoted = col(SalePricing.uses).contains(f'"{promotion}"', autoescape=True)
    taken = dict.fromkeys(session.execute(did.where(quoted)).scalars(), 0)
    off = (
        select(col(SaleDiscount.sale_id), func.sum(col(SaleDiscount.minor)))
        .join(sales, sales.c.id == col(SaleDiscount.sale_id))
        .where(col(SaleDiscount.source) == promotion)
        .group_by(col(SaleDiscount.sale_id))
    )
    return taken | {sale: int(minor) for sale, minor in session.execute(off)}
