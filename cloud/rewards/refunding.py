"""A whole draw refunded: every member gets back the points of each ticket, by a reversal of its journal, once.

Only a draw that has ended is refunded, so that no ticket is bought meanwhile. What was won stays won: the odds were
published, and nobody is to lose a prize by the chain's mistake. Whoever has left gets nothing: they are settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.ledger.reversing import NOTHING_LEFT, Undo
from cloud.members import one_person
from cloud.members.reversals import reverse
from cloud.rewards import drawing
from cloud.rewards.drawing import DRAW, HEAD_OFFICE
from cloud.rewards.kinds import Item, Moved
from cloud.rewards.models import Ticket
from shared.web.phrases import Phrase

UNDO = "undo_prize_draw"


def items(session: Session, parameters: Mapping[str, Any]) -> list[Item]:
    """Return every ticket that was paid for, by its request, with its points. Raise Invalid, Refused (`draw_open`)."""
    try:
        row = drawing.find(session, str(parameters["draw"]))
    except (KeyError, NotFound):
        raise Invalid("draw: the id of a draw") from None
    if not row.ended:
        raise Refused("draw_open", f"draw {row.id} is going on: end it first")
    ticket = table_of(Ticket)
    rows = session.execute(
        select(ticket.c.request, ticket.c.points, ticket.c.number, ticket.c.member_id)
        .where(ticket.c.draw_id == row.id, ticket.c.points > 0)
        .order_by(ticket.c.number)
    ).all()
    whose = one_person.look(session, {one.member_id for one in rows})
    return [
        (one.request, int(one.points), Phrase("ticket {number}", number=one.number))
        for one in rows
        if one.member_id not in whose or not whose[one.member_id].has_left
    ]


def post_items(
    session: Session, commit_no: int, run: UUID, parameters: Mapping[str, Any], found: Sequence[Any], *, at_ms: int
) -> Moved:
    """Give points of tickets back into the lots they came from; nothing where another run did before."""
    del parameters
    ticket = table_of(Ticket)
    wanted = [item.subject for item in found]
    rows = session.execute(select(ticket.c.request, ticket.c.member_id).where(ticket.c.request.in_(wanted)))
    owners = {row.request: row.member_id for row in rows}
    one_person.look(session, set(owners.values()), lock=True)
    amounts = {item.subject: _give_back(session, commit_no, run, item, at_ms) for item in found}
    return Moved(amounts, set(owners.values()))


def _give_back(session: Session, commit_no: int, run: UUID, item: Any, at_ms: int) -> int:
    cause = uuid5(run, str(item.subject))
    undo = Undo(cause=cause, purpose=UNDO, of=(item.subject, DRAW), at_ms=at_ms, store=HEAD_OFFICE)
    try:
        reverse(session, commit_no, undo)
    except Refused as refusal:
        if refusal.code != NOTHING_LEFT:
            raise
        return 0
    return int(item.amount)


def undo_items(session: Session, commit_no: int, run: UUID, found: Sequence[Any], *, at_ms: int, force: bool) -> Moved:
    """Refuse: points that were given back for a draw stay with the members."""
    del session, commit_no, run, found, at_ms, force
    raise Refused("refund_stays", "a refunded draw is not taken back from the members")
