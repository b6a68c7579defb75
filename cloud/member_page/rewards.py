"""What members can have for points: gifts by store, draws with their odds, and what waits for them. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as entities

from cloud.database.rowset import table_of
from cloud.members import one_person
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.rewards import draw_forms, drawing, gifts, pickups, pictures, stock
from cloud.rewards.draw_forms import Odds
from cloud.rewards.models import Draw, DrawStock, GiftStock, Pickup, Ticket
from cloud.rewards.pickups import called, decoded
from shared import pickup_code
from shared.web.words import Language

_MOST_TICKETS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftShown:
    """A gift as a member sees it."""

    id: str
    name: str
    points: int
    left: int
    missing: int
    """How many points they lack."""
    pictured: bool
    at_most: bool = False
    """Whether they have had as many as one member may."""

    @property
    def ready(self) -> bool:
        """Tell whether they can have it now, in some store."""
        return self.left > 0 and not self.missing and not self.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreShown:
    """A store that has some of a gift."""

    id: str
    name: str
    left: int
    home: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupShown:
    """Something that waits for them."""

    code: str
    name: str
    store: str
    """Empty: any store."""
    until: date | None
    days_left: int | None
    cancels: bool
    """Whether they can give it back for their points."""

    @property
    def spaced(self) -> str:
        """Return the code as it is read aloud."""
        return pickup_code.spaced(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketShown:
    """One draw of theirs."""

    number: int
    prize: str
    """What it is called; empty: nothing."""
    at_ms: int
    holds: bool
    """Whether the seed says the same, shown when it is public."""
    code: str
    """Where a thing won waits, behind which code; empty where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawShown:
    """A draw as a member sees it: everything that is public, and their own part."""

    id: str
    name: str
    points: int
    ends: date | None
    starts: date | None
    odds: Sequence[Odds]
    left: dict[str, int]
    commitment: str
    seed: str
    """Empty until it has ended."""
    open: bool
    not_yet: bool
    """Whether it has not begun."""
    tickets: Sequence[TicketShown]
    draws_left: int | None
    """How often they may still draw; None: no limit."""


def gifts_for(session: Session, member: UUID, spendable: int, language: Language) -> Sequence[GiftShown]:
    """Return every gift that is offered, the cheapest first."""
    offered = stock.offered(session)
    pictured = pictures.has(session, [gift.id for gift, _ in offered])
    found = []
    for gift, left in offered:
        had = gifts.had(session, gift.id, member) if gift.per_member else 0
        one = GiftShown(
            id=gift.id,
            name=called(decoded(gift.names), language, gift.id),
            points=gift.points,
            left=left,
            missing=max(gift.points - spendable, 0),
            pictured=gift.id in pictured,
            at_most=bool(gift.per_member) and had >= gift.per_member,
        )
        found.append(one)
    return found


def gift_for(session: Session, member: UUID, gift_id: str, spendable: int, language: Language) -> GiftShown | None:
    """Return one gift that is offered, None for any other."""
    found = (one for one in gifts_for(session, member, spendable, language) if one.id == gift_id)
    return next(found, None)


def stores_with(session: Session, gift: str, member: UUID) -> Sequence[StoreShown]:
    """Return the stores that have some of a gift: the member's own first, then by name."""
    row = session.get(Member, member)
    home = row.home_store if row is not None else None
    own, store = table_of(GiftStock), table_of(Store)
    query = select(store.c.id, store.c.name, own.c.left).join(own, own.c.store_id == store.c.id)
    found = session.execute(query.where(own.c.gift_id == gift, own.c.left > 0).order_by(store.c.name, store.c.id))
    shown = [StoreShown(id=one.id, name=one.name, left=one.left, home=one.id == home) for one in found]
    return sorted(shown, key=lambda one: not one.home)


def waiting_for(session: Session, member: UUID, today: date, language: Language) -> Sequence[PickupShown]:
    """Return what waits for a member, the first to end first."""
    rows = pickups.of_member(session, member)
    names = dict(session.execute(select(col(Store.id), col(Store.name))).all()) if rows else {}
    return [_pickup(row, names.get(row.store_id, row.store_id), today, language) for row in rows]


def _pickup(row: Pickup, store: str, today: date, language: Language) -> PickupShown:
    return PickupShown(
        code=row.code,
        name=called(decoded(row.names), language, row.what),
        store=store,
        until=row.until,
        days_left=None if row.until is None else max((row.until - today).days, 0),
        cancels=row.kind == pickups.GIFT,
    )


def draws_open(session: Session, today: date, language: Language) -> Sequence[tuple[str, str, int]]:
    """Return (id, name, points) of every draw one can take part in today."""
    rows = session.exec(entities(Draw).where(~col(Draw.ended)).order_by(col(Draw.made_ms).desc())).all()
    return [(row.id, _name(row, language), row.points) for row in rows if _is_open(session, row, today)]


def draw_for(session: Session, member: UUID, draw_id: str, today: date, language: Language) -> DrawShown | None:
    """Return a draw with a member's own tickets, None where there is no such draw."""
    row = session.get(Draw, draw_id)
    if row is None:
        return None
    rules = drawing.rules_of(row)
    rows = session.exec(entities(DrawStock).where(col(DrawStock.draw_id) == draw_id)).all()
    part = drawing.taken_part(session, draw_id, member) if row.per_member else 0
    return DrawShown(
        id=row.id,
        name=_name(row, language),
        points=row.points,
        starts=row.starts,
        ends=drawing.last_day(session, row),
        odds=draw_forms.odds_of(rules, {one.prize: one.whole for one in rows}),
        left={one.prize: one.left for one in rows},
        commitment=row.commitment.hex(),
        seed=row.seed.hex() if row.seed else "",
        open=_is_open(session, row, today),
        not_yet=not row.ended and row.starts is not None and today < row.starts,
        tickets=_tickets(session, member, row, language),
        draws_left=max(row.per_member - part, 0) if row.per_member else None,
    )


def _tickets(session: Session, member: UUID, draw: Draw, language: Language) -> Sequence[TicketShown]:
    ids = sorted(one_person.ids_of(session, [member]))
    own = (col(Ticket.draw_id) == draw.id, col(Ticket.member_id).in_(ids))
    rows = session.exec(entities(Ticket).where(*own).order_by(col(Ticket.number).desc()).limit(_MOST_TICKETS)).all()
    rules = drawing.rules_of(draw)
    codes = {one.subject: one.code for one in pickups.of_member(session, member)}
    names = {one.prize: called(one.names, language, one.prize) for one in rules.prizes}
    return [
        TicketShown(
            number=one.number,
            prize=names.get(one.prize, ""),
            at_ms=one.at_ms,
            holds=draw.seed is None or rules.land(draw.seed, one.number) == one.landed,
            code=codes.get(one.request, ""),
        )
        for one in rows
    ]


def _is_open(session: Session, row: Draw, today: date) -> bool:
    last = drawing.last_day(session, row)
    return not row.ended and (row.starts is None or row.starts <= today) and (last is None or today <= last)


def _name(row: Draw, language: Language) -> str:
    return called(decoded(row.names), language, row.id)
