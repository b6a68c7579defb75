"""Gifts and prizes counted: what is left is what came less what was taken, and coupons to be won are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as entities

from cloud.coupons.counting import coupons_off
from cloud.coupons.models import CouponBatch
from cloud.database.rowset import table_of
from cloud.ledger.proof import Count
from cloud.rewards import drawing
from cloud.rewards.gifts import CANCELLED
from cloud.rewards.models import Draw, DrawStock, GiftMove, GiftOrder, GiftStock, Ticket
from shared.draws import NOTHING


def gifts_off(session: Session) -> Mapping[str, int]:
    """Return the gifts of which a store has more or fewer left than came less those that members took."""
    stock, move, order = table_of(GiftStock), table_of(GiftMove), table_of(GiftOrder)
    taken = select(order.c.gift_id, order.c.store_id, func.count()).where(order.c.state != CANCELLED)
    off: Counter[str] = Counter()
    for sign, query in (
        (1, select(stock.c.gift_id, stock.c.store_id, stock.c.left)),
        (-1, select(move.c.gift_id, move.c.store_id, func.sum(move.c.delta)).group_by(move.c.gift_id, move.c.store_id)),
        (1, taken.group_by(order.c.gift_id, order.c.store_id)),
    ):
        for gift, store, many in session.execute(query):
            off[f"gift:{gift} {store}"] += sign * int(many)
    return {what: many for what, many in off.items() if many}


def prizes_off(session: Session) -> Mapping[str, int]:
    """Return the prizes of which more or fewer are left than tickets say, and batches that set other counts aside."""
    stock, ticket, batch = table_of(DrawStock), table_of(Ticket), table_of(CouponBatch)
    off: Counter[str] = Counter()
    left: dict[tuple[str, str], int] = {}
    for row in session.execute(select(stock)):
        left[row.draw_id, row.prize] = row.left
        off[f"prize:{row.draw_id} {row.prize}"] += row.left - row.whole
    won = select(ticket.c.draw_id, ticket.c.prize, func.count()).where(ticket.c.prize != NOTHING)
    for draw, prize, many in session.execute(won.group_by(ticket.c.draw_id, ticket.c.prize)):
        off[f"prize:{draw} {prize}"] += int(many)
    for row in session.execute(select(batch.c.id, batch.c.promised).where(batch.c.promised != 0)):
        off[f"coupons_set_aside:{row.id}"] += row.promised
    for going_on in session.exec(entities(Draw).where(~col(Draw.ended))):
        for one in drawing.rules_of(going_on).prizes:
            if one.batch:
                off[f"coupons_set_aside:{one.batch}"] -= left[going_on.id, one.prize]
    return {what: many for what, many in off.items() if many}


COUNTS: tuple[Count, ...] = (coupons_off, gifts_off, prizes_off)
"""What the proof of the ledger counts beside it."""
