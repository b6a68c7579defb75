"""Sales that goods come back from: what was sold, and how much of it came back already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.sales.models import Sale, SaleLine, SaleReturnLine


@dataclass(slots=True)
class OriginalLine:
    """A line as sold, and what came back of it so far."""

    item: str
    quantity: int
    net_minor: int
    category: str
    returned: int = 0
    refunded_minor: int = 0


@dataclass(slots=True)
class Original:
    """A sale as a return needs it; lines by number."""

    store_id: str
    business_date: date
    at_ms: int
    currency: str
    exponent: int
    member_id: UUID | None
    card_id: UUID | None
    lines: dict[int, OriginalLine] = field(default_factory=dict)

    def take_back(self, n: int, quantity: int, refund_minor: int) -> None:
        """Count goods of a line as returned."""
        self.lines[n].returned += quantity
        self.lines[n].refunded_minor += refund_minor


def lock_originals(session: Session, sale_ids: Collection[UUID]) -> dict[UUID, Original]:
    """Return those of these sales that are here, locked, so that two returns of one sale queue up."""
    sale = table_of(Sale)
    rows = session.execute(
        select(
            sale.c.id, sale.c.store_id, sale.c.business_date, sale.c.at_ms, sale.c.currency, sale.c.exponent,
            sale.c.member_id, sale.c.card_id,
        )
        .where(sale.c.id.in_(sorted(sale_ids)))
        .order_by(sale.c.id)
        .with_for_update()
    )  # fmt: skip
    originals = {row[0]: Original(*row[1:]) for row in rows}
    if originals:
        _add_lines(session, originals)
    return originals


def _add_lines(session: Session, originals: dict[UUID, Original]) -> None:
    line, returned = table_of(SaleLine), table_of(SaleReturnLine)
    sold = session.execute(
        select(line.c.sale_id, line.c.n, line.c.item, line.c.quantity, line.c.net_minor, line.c.category)
        .where(line.c.sale_id.in_(list(originals)))
        .order_by(line.c.sale_id, line.c.n)
    )
    for sale_id, n, item, quantity, net_minor, category in sold:
        originals[sale_id].lines[n] = OriginalLine(item, quantity, net_minor, category)
    back = session.execute(
        select(
            returned.c.original_sale_id,
            returned.c.of_line,
            func.sum(returned.c.quantity),
            func.sum(returned.c.refund_minor),
        )
        .where(returned.c.original_sale_id.in_(list(originals)))
        .group_by(returned.c.original_sale_id, returned.c.of_line)
    )
    for sale_id, n, quantity, refund_minor in back:
        originals[sale_id].take_back(n, int(quantity), int(refund_minor))
