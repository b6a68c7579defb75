"""What returns give back of points and stored value: points by the lines that came back, money by the tender."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database.commits import Commit
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.kinds import POINTS, SHORTFALL, VALUE_TAKEN
from cloud.sales.models import SaleDiscount, SaleLine, SalePricing, SaleReturnLine
from cloud.value.spending import VALUE_TENDERS, give_back
from shared.loyalty import share_returned
from shared.money import allocate
from shared.pricing.record import PromotionUse
from shared.wire.events import SaleReturned

_uses = msgspec.json.Decoder(list[PromotionUse])


def settle_returns(session: Session, commit: Commit, returns: Sequence[SaleReturned]) -> None:
    """Give back what new returns undo. The returns are written down already; all returns of a sale queue up."""
    if not returns:
        return
    spent = _points_spent(session, {back.original for back in returns})
    given: dict[tuple[UUID, int], int] = {}
    for back in returns:
        if back.original in spent:
            points = _points_back(session, back, spent[back.original], returns, given)
            if points:
                give_back(session, commit, back, POINTS, points)
        minor = sum(tender.minor for tender in back.tenders if tender.method in VALUE_TENDERS)
        if minor:
            rest = give_back(session, commit, back, back.currency, minor, to=_to_holds(back))
            _beyond(session, commit, back, rest)


def _to_holds(back: SaleReturned) -> Mapping[UUID, int]:
    """Return how much of a return goes back to which hold its sale was paid from, as far as it says so."""
    found: defaultdict[UUID, int] = defaultdict(int)
    for tender in back.tenders:
        if tender.method in VALUE_TENDERS and tender.attempt is not None:
            found[tender.attempt] += tender.minor
    return found


def points_due(session: Session, sale: UUID, pieces: Mapping[int, int]) -> int:
    """Return the points spent as money that would be given back if so much of these lines came back now."""
    by_line = _points_spent(session, {sale}).get(sale, {})
    sold, before = _quantities(session, sale, [])
    return sum(
        _share(by_line[n], quantity, sold[n], before.get(n, 0)) for n, quantity in pieces.items() if n in by_line
    )


def _share(share: int, quantity: int, sold: int, earlier: int) -> int:
    """Return what a line's pieces give back, the last of them settling its share."""
    return share_returned(share, earlier + quantity, sold, share_returned(share, earlier, sold, 0))


def _points_spent(session: Session, sales: set[UUID]) -> dict[UUID, dict[int, int]]:
    """Return the points each sale spent, spread over its lines: each promotion's by what it took off each of them.

    So points as money are spread over what they paid, and the points of an exchange stay with what was exchanged.
    """
    pricing, discount = table_of(SalePricing), table_of(SaleDiscount)
    points: dict[tuple[UUID, str], int] = defaultdict(int)
    for row in session.execute(select(pricing.c.sale_id, pricing.c.uses).where(pricing.c.sale_id.in_(sales))):
        for use in _uses.decode(row.uses):
            if use.spent_points:
                points[row.sale_id, use.promotion] += use.spent_points
    if not points:
        return {}
    taken_off: defaultdict[tuple[UUID, str], dict[int, int]] = defaultdict(dict)
    for row in session.execute(
        select(discount.c.sale_id, discount.c.source, discount.c.line_n, func.sum(discount.c.minor).label("minor"))
        .where(discount.c.sale_id.in_({sale for sale, _ in points}))
        .group_by(discount.c.sale_id, discount.c.source, discount.c.line_n)
        .order_by(discount.c.sale_id, discount.c.line_n)
    ):
        taken_off[row.sale_id, row.source][row.line_n] = max(int(row.minor), 0)
    spent: defaultdict[UUID, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (sale, promotion), amount in points.items():
        lines = taken_off.get((sale, promotion)) or _nets(session, sale)
        for line, share in zip(lines, allocate(amount, list(lines.values())), strict=True):
            spent[sale][line] += share
    return {sale: dict(lines) for sale, lines in spent.items()}


def _nets(session: Session, sale: UUID) -> dict[int, int]:
    """Return what the lines of a sale came to: by it go points that took nothing off any of them."""
    line = table_of(SaleLine)
    query = select(line.c.n, line.c.net_minor).where(line.c.sale_id == sale).order_by(line.c.n)
    return {row.n: max(int(row.net_minor), 0) for row in session.execute(query)}


def _points_back(
    session: Session,
    back: SaleReturned,
    by_line: Mapping[int, int],
    returns: Sequence[SaleReturned],
    given: dict[tuple[UUID, int], int],
) -> int:
    """Return the points of the lines that came back, exactly: the last piece of a line settles its share."""
    sold, before = _quantities(session, back.original, [one.id for one in returns if one.original == back.original])
    total = 0
    for line in back.lines:
        if line.of_line not in by_line:
            continue
        key = (back.original, line.of_line)
        earlier = before.get(line.of_line, 0) + given.get(key, 0)
        total += _share(by_line[line.of_line], line.quantity, sold[line.of_line], earlier)
        given[key] = given.get(key, 0) + line.quantity
    return total


def _quantities(session: Session, sale: UUID, new: Sequence[UUID]) -> tuple[dict[int, int], dict[int, int]]:
    """Return how much of each line was sold, and how much other returns brought back before."""
    line, back = table_of(SaleLine), table_of(SaleReturnLine)
    sold = session.execute(select(line.c.n, line.c.quantity).where(line.c.sale_id == sale)).all()
    before = session.execute(
        select(back.c.of_line, func.sum(back.c.quantity))
        .where(back.c.original_sale_id == sale, back.c.return_id.not_in(new))
        .group_by(back.c.of_line)
    ).all()
    return {n: int(quantity) for n, quantity in sold}, {n: int(quantity) for n, quantity in before}


def _beyond(session: Session, commit: Commit, back: SaleReturned, rest: int) -> None:
    """Show at the store what a till says it put back onto a card that its sale was never paid with."""
    if rest < 1:
        return
    legs = (
        Leg(AccountKey(SHORTFALL, back.store, back.currency), rest),
        Leg(AccountKey(VALUE_TAKEN, back.store, back.currency), -rest),
    )
    journal = Journal(
        cause=back.id, purpose=f"beyond:{back.currency}", at_ms=back.at_ms, store=back.store, till=back.till,
        cashier=back.cashier, receipt=f"{back.receipt.series}-{back.receipt.number}", legs=legs,
    )  # fmt: skip
    post(session, commit.commit_no, [journal])
