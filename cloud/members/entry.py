"""Who may become a member: whoever wants, who has spent enough with a card, who brings a receipt."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.members import cards, rules
from cloud.privacy import Vault, normal
from cloud.sales.models import Sale, SaleReturn

_DAY_MS = 24 * 3600 * 1000


def check(
    session: Session, vault: Vault, *, card_numbers: Collection[str], receipt: UUID | None, business_ms: int
) -> UUID | None:
    """Return the receipt by which they join, None where it takes none: it is theirs from then on (`claiming.join_by`).

    Raise Refused (`entry_spend`, `entry_receipt`) where the entry rule is not met. Sums are in minor units.
    What came back counts no more, and neither does what is older than the rule says; `business_ms` is now as sales
    have it.
    """
    rule = rules.newest(session, rules.Entry)
    if rule.by == "free":
        return None
    since_ms = business_ms - rule.within_days * _DAY_MS
    if rule.by == "receipt":
        net = _of_receipt(session, receipt, since_ms) if receipt is not None else 0
    else:
        net = _of_cards(session, vault, card_numbers, since_ms)
    if net < rule.minor:
        what = "a receipt" if rule.by == "receipt" else "purchases with the card"
        raise Refused(
            f"entry_{rule.by}",
            f"joining takes {what} of {rule.minor} in minor units in {rule.within_days} days; there are {net}",
        )
    return receipt if rule.by == "receipt" else None


def _of_receipt(session: Session, receipt: UUID, since_ms: int) -> int:
    sale = table_of(Sale)
    free = sale.c.member_id.is_(None) & sale.c.card_id.is_(None)
    query = select(sale.c.total_minor).where(sale.c.id == receipt, sale.c.at_ms >= since_ms, free)
    total = session.execute(query).scalar_one_or_none()
    return 0 if total is None else int(total) - _returned(session, [receipt])


def _of_cards(session: Session, vault: Vault, numbers: Collection[str], since_ms: int) -> int:
    found = [cards.find(session, vault, normal.card(number)) for number in numbers]
    ids = [one.card for one in found if one is not None and one.member is None]
    sale = table_of(Sale)
    rows = session.execute(
        select(sale.c.id, sale.c.total_minor).where(sale.c.card_id.in_(ids), sale.c.at_ms >= since_ms)
    ).all()
    total: int = sum(row.total_minor for row in rows)
    return total - _returned(session, [row.id for row in rows])


def _returned(session: Session, sales: Collection[UUID]) -> int:
    back = table_of(SaleReturn)
    query = select(func.coalesce(func.sum(back.c.total_minor), 0)).where(back.c.original_sale_id.in_(sales))
    total: int = session.execute(query).scalar_one()
    return int(total)
