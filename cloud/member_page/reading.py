"""What a member sees of their own: standing, points with their dates, stored value, receipts. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.ledger.journal import AccountKey
from cloud.ledger.kinds import MEMBER_DEBT, MEMBER_POINTS, MEMBER_POINTS_HELD, POINTS
from cloud.ledger.models import Balance, Lot
from cloud.loyalty import rules, tiers
from cloud.loyalty.benefit_words import member_words, titles_of
from cloud.member_page.rendering import Money
from cloud.members import one_person
from cloud.members.models import Card, Member
from cloud.org.models import Store
from cloud.org.zones import zone_of
from cloud.sales.models import Sale, SaleReturn
from shared.loyalty import missing_words
from shared.web.words import Language

PAGE = 20


@dataclass(frozen=True, slots=True)
class House:
    """In which money and zone a member is spoken to: their home store's, else the chain's first."""

    currency: str = "CNY"
    exponent: int = 2
    zone: str = "Asia/Shanghai"

    def money(self, minor: int) -> Money:
        """Return an amount in this money."""
        return Money(minor, self.currency, self.exponent)


@dataclass(frozen=True, slots=True)
class PointsHeld:
    """A member's points: what can be spent, what ends first, what comes to count next, what is owed.

    `aside` is set aside for them: for a purchase under way, or in their stores, for a time without a network.
    """

    balance: int
    ends: tuple[int, date] | None = None
    comes: tuple[int, date] | None = None
    owed: int = 0
    aside: int = 0

    @property
    def spendable(self) -> int:
        """Return what counts now."""
        return max(self.balance - (self.comes[0] if self.comes else 0), 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's tier and the way to the next one."""

    name: str
    until: date | None = None
    next_name: str = ""
    missing: str = ""
    next_by: date | None = None
    brings: Sequence[str] = ()
    reached_per_mille: int = 0
    has_tiers: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A purchase in the list of receipts."""

    id: UUID
    at_ms: int
    zone: str
    store: str
    lines: int
    total: Money
    saved: Money
    back: Money
    """What came back of it, paid out or exchanged."""
    undone: bool = False
    """Whether the whole sale was undone right after it was paid."""


@dataclass(frozen=True, slots=True)
class CameBack:
    """Goods of a receipt that came back at once."""

    at_ms: int
    zone: str
    amount: Money
    void: bool


def house_of(session: Session, member: UUID) -> House:
    """Return how a member is spoken to."""
    row = session.get(Member, member)
    store = session.get(Store, row.home_store) if row is not None and row.home_store else None
    if store is not None:
        return House(store.currency, store.exponent, store.time_zone)
    store = session.execute(select(Store).order_by(col(Store.id)).limit(1)).scalars().first()
    # Whoever has no home store counts days as the chain does, like `cloud.members.home_days`.
    zone = getattr(zone_of(session), "key", "")
    return House() if store is None else House(store.currency, store.exponent, zone)


def points_held(session: Session, member: UUID, today: date) -> PointsHeld:
    """Return a member's points with their dates."""
    account = AccountKey(MEMBER_POINTS, str(member), POINTS).id
    lot = table_of(Lot)
    rows = session.execute(
        select(lot.c.left, lot.c.available_on, lot.c.expires_on).where(lot.c.account_id == account, lot.c.left > 0)
    ).all()
    ends: dict[date, int] = {}
    comes: dict[date, int] = {}
    for left, available_on, expires_on in rows:
        if available_on is not None and available_on > today:
            comes[available_on] = comes.get(available_on, 0) + left
        elif expires_on is not None:
            last_day = expires_on - timedelta(days=1)
            ends[last_day] = ends.get(last_day, 0) + left
    return PointsHeld(
        balance=_balance(session, account),
        ends=_first(ends),
        comes=(sum(comes.values()), min(comes)) if comes else None,
        owed=max(-_balance(session, AccountKey(MEMBER_DEBT, str(member), POINTS).id), 0),
        aside=_balance(session, AccountKey(MEMBER_POINTS_HELD, str(member), POINTS).id),
    )


def _first(sums: dict[date, int]) -> tuple[int, date] | None:
    return (sums[min(sums)], min(sums)) if sums else None


def _balance(session: Session, account: UUID) -> int:
    balance = table_of(Balance)
    found = session.execute(select(balance.c.amount).where(balance.c.account_id == account)).scalar_one_or_none()
    return int(found or 0)


def standing(session: Session, member: UUID, today: date, house: House, language: Language) -> Standing:
    """Return a member's tier on a day, how long it holds, and what is missing to the one above."""
    rule = rules.load(session).tier_on(today)
    found = tiers.outlooks(session, [member], today, rule)[member]
    here = rule.tier(found.standing.tier)
    shown = Standing(
        name="" if here is None else here.name(language),
        until=found.standing.until,
        has_tiers=bool(rule.tiers),
        brings=[] if here is None else [member_words(one, titles_of(session, here), language) for one in here.benefits],
    )
    lacks = found.next_tier
    ahead = None if lacks is None else rule.tier(lacks.tier)
    if lacks is None or ahead is None:
        return shown
    have = rule.value(found.spend_minor, found.visits)
    return replace(
        shown,
        next_name=ahead.name(language),
        missing=missing_words(lacks, language, str(house.money(lacks.spend_minor))),
        next_by=date.fromisoformat(lacks.until) if lacks.until else None,
        reached_per_mille=min(max(have, 0) * 1000 // max(ahead.from_minor, 1), 1000),
    )


def receipts(session: Session, member: UUID, before_ms: int | None = None, most: int = PAGE) -> Sequence[ReceiptLine]:
    """Return what a member bought at our tills before a moment, the newest first."""
    sale, store = table_of(Sale), table_of(Store)
    query = select(sale, store.c.name.label("store_name")).outerjoin(store, store.c.id == sale.c.store_id)
    query = query.where(_theirs(session, member))
    if before_ms is not None:
        query = query.where(sale.c.at_ms < before_ms)
    rows = session.execute(query.order_by(sale.c.at_ms.desc(), sale.c.id.desc()).limit(most)).all()
    back = came_back(session, [row.id for row in rows])
    return [
        ReceiptLine(
            id=row.id,
            at_ms=row.at_ms,
            zone=row.time_zone,
            store=row.store_name or row.store_id,
            lines=row.line_count,
            total=Money(row.total_minor, row.currency, row.exponent),
            saved=Money(row.saved_minor, row.currency, row.exponent),
            back=Money(sum(one.amount.minor for one in back.get(row.id, ())), row.currency, row.exponent),
            undone=any(one.void for one in back.get(row.id, ())),
        )
        for row in rows
    ]


def came_back(session: Session, sales: Collection[UUID]) -> Mapping[UUID, Sequence[CameBack]]:
    """Return what came back of each of these receipts, the first return first; others are absent."""
    back, store = table_of(SaleReturn), table_of(Store)
    query = select(back, store.c.time_zone).outerjoin(store, store.c.id == back.c.store_id)
    found: defaultdict[UUID, list[CameBack]] = defaultdict(list)
    for row in session.execute(query.where(back.c.original_sale_id.in_(sales)).order_by(back.c.at_ms, back.c.id)):
        amount = Money(row.total_minor, row.currency, row.exponent)
        found[row.original_sale_id].append(CameBack(row.at_ms, row.time_zone or "", amount, row.void))
    return found


def is_theirs(session: Session, member: UUID, sale_id: UUID) -> bool:
    """Tell whether a member bought this."""
    sale = table_of(Sale)
    return session.execute(select(sale.c.id).where(sale.c.id == sale_id, _theirs(session, member))).first() is not None


def _theirs(session: Session, member: UUID) -> ColumnElement[bool]:
    sale, card = table_of(Sale), table_of(Card)
    ids = sorted(one_person.ids_of(session, [member]))
    cards = session.execute(select(card.c.id).where(card.c.member_id.in_(ids))).scalars().all()
    # A sale that came before anybody knew whose card it was has the card alone.
    unclaimed = (sale.c.member_id.is_(None)) & sale.c.card_id.in_(cards)
    return or_(sale.c.member_id.in_(ids), unclaimed)
