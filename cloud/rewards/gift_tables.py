"""The tables of gifts: every gift with what is left of it, and the orders of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.rewards import gifts, words
from cloud.rewards.models import Gift, GiftOrder, GiftStock
from cloud.rewards.pickups import called, decoded
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from shared.web.words import Language, marked


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftRow:
    """A gift, and how many are left, wait, and were handed over."""

    gift: Gift
    left: int = 0
    reserved: int = 0
    fetched: int = 0


def listing(language: Language) -> Listing[GiftRow]:
    """Return the table of gifts."""

    def columns() -> Sequence[Column[GiftRow]]:
        return (
            Column(
                key="name",
                title=marked("Gift"),
                kind=Kind.WRAP,
                order=col(Gift.id),
                cell=lambda row: Cell(
                    value=called(decoded(row.gift.names), language, row.gift.id),
                    href=f"/rewards/gifts/{row.gift.id}",
                    note=row.gift.id,
                ),
            ),
            Column(
                key="points",
                title=marked("Points"),
                kind=Kind.NUMBER,
                order=col(Gift.points),
                cell=lambda row: row.gift.points,
            ),
            Column(key="left", title=marked("Left"), kind=Kind.NUMBER, cell=lambda row: row.left),
            Column(key="reserved", title=marked("Reserved"), kind=Kind.NUMBER, cell=lambda row: row.reserved),
            Column(key="fetched", title=marked("Handed over"), kind=Kind.NUMBER, cell=lambda row: row.fetched),
            Column(
                key="state",
                title=marked("State"),
                order=col(Gift.open),
                cell=lambda row: toned(words.GIFT_OPEN if row.gift.open else words.GIFT_CLOSED),
            ),
        )

    return Listing(
        name="gifts",
        title=marked("Gifts"),
        columns=columns(),
        source=SqlSource(
            lambda _asked: select(Gift), lambda row: GiftRow(gift=row.Gift), columns, (col(Gift.id),), enrich=_counted
        ),
        order="points",
        empty=marked("No gift yet. Add the first one, then say how many each store has."),
    )


def _counted(session: Session, rows: list[GiftRow]) -> list[GiftRow]:
    ids = [row.gift.id for row in rows]
    stock, order = table_of(GiftStock), table_of(GiftOrder)
    left_of = select(stock.c.gift_id, func.sum(stock.c.left)).where(stock.c.gift_id.in_(ids)).group_by(stock.c.gift_id)
    left = dict(session.execute(left_of).all())
    states = select(order.c.gift_id, order.c.state, func.count()).where(order.c.gift_id.in_(ids))
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for gift, state, count in session.execute(states.group_by(order.c.gift_id, order.c.state)):
        counts[gift, state] = int(count)
    return [
        GiftRow(
            gift=row.gift,
            left=int(left.get(row.gift.id, 0)),
            reserved=counts[row.gift.id, gifts.ORDERED],
            fetched=counts[row.gift.id, gifts.FETCHED],
        )
        for row in rows
    ]


def orders(gift: str) -> Listing[Any]:
    """Return the table of a gift's orders."""

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(
                key="at",
                title=marked("Taken"),
                kind=Kind.MOMENT,
                order=col(GiftOrder.at_ms),
                cell=lambda row: row.GiftOrder.at_ms,
            ),
            Column(
                key="member",
                title=marked("Member"),
                cell=lambda row: Cell(
                    value=str(row.GiftOrder.member_id)[-8:], href=f"/members/{row.GiftOrder.member_id}"
                ),
            ),
            Column(
                key="store",
                title=marked("Store"),
                order=col(GiftOrder.store_id),
                cell=lambda row: Cell(value=row.GiftOrder.store_id, href=f"/stores/{row.GiftOrder.store_id}"),
            ),
            Column(key="points", title=marked("Points"), kind=Kind.NUMBER, cell=lambda row: row.GiftOrder.points),
            Column(
                key="state",
                title=marked("State"),
                order=col(GiftOrder.state),
                cell=lambda row: Cell(
                    value=words.ORDER_STATES[row.GiftOrder.state][0],
                    tone=words.ORDER_STATES[row.GiftOrder.state][1],
                    say=True,
                    href=f"/rewards/orders/{row.GiftOrder.id}",
                ),
            ),
        )

    def query(asked: Asked) -> Query:
        wanted: Query = select(GiftOrder).where(col(GiftOrder.gift_id) == gift)
        if asked.get("store"):
            wanted = wanted.where(col(GiftOrder.store_id) == asked.get("store"))
        return wanted.where(col(GiftOrder.state) == asked.get("state")) if asked.get("state") else wanted

    return Listing(
        name="orders",
        title=marked("Who took it"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(GiftOrder.id).desc(),)),
        order="-at",
        filters=(
            Filter(key="store", title=marked("Store")),
            Filter(
                key="state",
                title=marked("State"),
                say=True,
                options=lambda _session: [(state, name) for state, (name, _) in words.ORDER_STATES.items()],
            ),
        ),
        empty=marked("Nobody has taken it yet."),
    )
