"""What members must have, reckoned from the sales and returns alone: plain arithmetic of its own, no product code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor
from uuid import UUID

from shared.wire.events import SaleCompleted, SaleReturned
from tests.promises.simulation.office import GOLD_MINOR, MEMBERS, SILVER_MINOR, Standing

_SECOND_RULE_FROM = "2026-03-01"


def reckon(sales: Iterable[tuple[SaleCompleted, UUID | None]], returns: Iterable[SaleReturned]) -> dict[UUID, Standing]:
    """Return each member's standing, given the sales with whose they are and the returns of these sales."""
    points: defaultdict[UUID, int] = defaultdict(int)
    spend: defaultdict[tuple[UUID, int], int] = defaultdict(int)
    back: defaultdict[UUID, list[SaleReturned]] = defaultdict(list)
    for returned in returns:
        back[returned.original].append(returned)
    for sale, member in sales:
        if member is not None:
            points[member] += _points_left(sale, back[sale.id])
            refunds = sum(line.refund_minor for returned in back[sale.id] for line in returned.lines)
            spend[member, int(sale.business_date[:4])] += sum(line.net_minor for line in sale.lines) - refunds
    years: dict[UUID, dict[int, tuple[int, str]]] = {member: {} for member in MEMBERS}
    for (member, year), minor in spend.items():
        if minor:
            years[member][year] = (minor, _tier(minor))
    return {member: Standing(points[member], years[member]) for member in MEMBERS}


def _points_left(sale: SaleCompleted, returns: Iterable[SaleReturned]) -> int:
    total = sum(line.net_minor for line in sale.lines)
    given = total // 100 if sale.business_date < _SECOND_RULE_FROM else total * 3 // 200
    shares = _shares(given, {line.n: line.net_minor for line in sale.lines})
    quantity: defaultdict[int, int] = defaultdict(int)
    for returned in returns:
        for line in returned.lines:
            quantity[line.of_line] += line.quantity
    taken = sum(
        floor(Fraction(shares[line.n] * quantity[line.n], line.quantity) + Fraction(1, 2)) for line in sale.lines
    )
    return given - taken


def _shares(given: int, weights: Mapping[int, int]) -> dict[int, int]:
    """Apportion by largest remainder, ties to the first line."""
    total = sum(weights.values())
    if total == 0:
        return {n: given if n == min(weights) else 0 for n in weights}
    exact = {n: Fraction(given * weight, total) for n, weight in weights.items()}
    shares = {n: floor(part) for n, part in exact.items()}
    by_remainder = sorted(weights, key=lambda n: (-(exact[n] - shares[n]), n))
    for n in by_remainder[: given - sum(shares.values())]:
        shares[n] += 1
    return shares


def _tier(spend_minor: int) -> str:
    if spend_minor >= GOLD_MINOR:
        return "gold"
    return "silver" if spend_minor >= SILVER_MINOR else ""


def whose(sale: SaleCompleted, cards: Mapping[UUID, str], registered: Mapping[str, UUID]) -> UUID | None:
    """Return the member of a sale: named by the till, or by the card that was shown, if anybody owns it."""
    if sale.member is None:
        return None
    return sale.member.member or registered.get(cards[sale.id])
