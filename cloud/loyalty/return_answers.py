"""What a till asks before goods come back: are the points that they brought still there?"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.ledger.reading import points_of
from cloud.loyalty import crediting, tier_of_day
from cloud.loyalty import rules as loyalty_rules
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, ReturnFacts, SaleFacts
from cloud.members import one_person
from cloud.members.models import Card
from cloud.sales.originals import Original, lock_originals
from cloud.value import allowances
from cloud.value.returning import points_due
from shared.money import refund_share
from shared.wire.messages import Refused
from shared.wire.return_asks import AskReturn, ReturnAllowed

POINTS_SPENT = "points_spent"


def answer(session: Session, ask: AskReturn) -> ReturnAllowed | Refused:
    """Say whether these lines may come back; nothing is set aside. A sale that is not here yet takes nothing back.

    The points are all that will go: the sale's own, and what the tier of its day made of it and of later ones. What the
    sale had spent of points comes back with its goods and counts as there.
    """
    original = lock_originals(session, {ask.sale}).get(ask.sale)
    member = None if original is None else _member_of(session, original)
    if original is None or member is None:
        return ReturnAllowed()
    pieces = {one.line: one.quantity for one in ask.lines if one.line in original.lines}
    back = _facts(ask.sale, original, member, pieces)
    own, rule = crediting.points_back(session, back, loyalty_rules.load(session))
    tier = tier_of_day.foresee(session, _coming(back, original, own))
    points = max(own + tier.now - tier.then, 0)
    # What a store was given ahead is not spent: once it comes back it settles what its absence made them owe. What a
    # till set aside for a basket is as good as spent: a return beside it would end in a debt.
    ahead = allowances.points_ahead(session, member)
    there = points_of(session, [member])[member] + ahead + points_due(session, ask.sale, pieces) + tier.now
    owed = max(points - max(there, 0), 0)
    if owed and rule is not None and rule.spent_points == "refused":
        return Refused(code=f"{POINTS_SPENT}:{owed}")
    return ReturnAllowed(points=points, owed=owed)


def _member_of(session: Session, original: Original) -> UUID | None:
    """Return whose sale it was, whoever they are by now: by the card's owner of today where nobody was known then."""
    member = original.member_id
    if member is None and original.card_id is not None:
        card = session.get(Card, original.card_id)
        member = None if card is None else card.member_id
    if member is None:
        return None
    person = one_person.look(session, [member]).get(member)
    if person is None:
        return member
    return None if person.has_left else person.id


def _coming(back: ReturnFacts, original: Original, points: int) -> tier_of_day.Coming:
    """Return what comes back, with what the till will pay for it: by the same share as its own."""
    pieces = {line.of_line: line.quantity for line in back.lines}
    lines = original.lines
    refund = sum(
        refund_share(lines[n].net_minor, lines[n].returned + quantity, lines[n].quantity, lines[n].refunded_minor)
        for n, quantity in pieces.items()
    )
    return tier_of_day.Coming(back.sale, pieces, refund, points)


def _facts(sale: UUID, original: Original, member: UUID, pieces: dict[int, int]) -> ReturnFacts:
    lines = [LineFacts(n, line.quantity, line.net_minor, line.category) for n, line in original.lines.items()]
    sold = SaleFacts(
        sale=sale, member=member, store=original.store_id, business_date=original.business_date, at_ms=original.at_ms,
        lines=lines,
    )  # fmt: skip
    back = [
        ReturnedLineFacts(n, min(quantity, left), 0, original.lines[n].returned)
        for n, quantity in sorted(pieces.items())
        if (left := original.lines[n].quantity - original.lines[n].returned) > 0
    ]
    return ReturnFacts(returned=sale, sale=sold, store=original.store_id, at_ms=original.at_ms, lines=back)
