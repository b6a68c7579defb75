"""What is odd about points: one card on many strangers' baskets, a cashier's own card, too many claims. People decide.

A business day is looked at again whenever asked, because stores deliver late: a case is known by what it is about and
grows with what arrives, until somebody has decided it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, select, union_all
from sqlmodel import Session, col

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.members import rules
from cloud.members.care_models import ReceiptClaim, ReceiptElsewhere, ReviewCase, StaffCard
from cloud.members.models import Card, Member
from cloud.org.zones import zone_of
from cloud.sales.models import Sale

CARD_USES = "card_uses"
CARD_AT_CASHIER = "card_at_cashier"
OWN_CARD = "own_card"
CASHIER_CLAIMS = "cashier_claims"
MEMBER_CLAIMS = "member_claims"
KINDS = (CARD_USES, CARD_AT_CASHIER, OWN_CARD, CASHIER_CLAIMS, MEMBER_CLAIMS)

OPEN = "open"
FINE = "fine"
MISUSE = "misuse"
_EVIDENCE = 50
_CASES = UUID("47f1c3de-7c52-5a0c-8ad6-0e4c3f3f6c1d")
_NOBODY = UUID(int=0)
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class _Found:
    """Something above what the rule lets pass."""

    kind: str
    member: UUID
    store: str
    cashier: str
    count: int
    allowed: int


def look(session: Session, day: date, now_ms: int) -> int:
    """Look at a business day, and open or bring up to date its cases. Return how many are open of it."""
    rule = rules.newest(session, rules.Watch)
    standing = 0
    for one in (*_of_cards(session, day, rule), *_of_claims(session, day, rule)):
        case_id = uuid5(_CASES, f"{one.kind}\n{one.member}\n{one.store}\n{one.cashier}\n{day}")
        row = session.get(ReviewCase, case_id, with_for_update=True, populate_existing=True)
        if row is not None and row.status != OPEN:
            continue
        standing += 1
        if row is None:
            row = ReviewCase(
                id=case_id,
                kind=one.kind,
                member_id=one.member,
                store_id=one.store,
                cashier=one.cashier,
                day=day,
                found=0,
                allowed=one.allowed,
                rule_version=rule.version,
                evidence="",
                opened_ms=now_ms,
            )
        if row.found != one.count:
            row.found, row.evidence = one.count, " ".join(str(sale) for sale in _evidence(session, one, day))
        session.add(row)
    session.flush()
    return standing


def decide(session: Session, case_id: UUID, *, status: str, note: str, actor: str, now_ms: int) -> ReviewCase:
    """Close a case as `fine` or `misuse`, with a word why. Nothing follows of itself: blocks are put by people.

    Raise NotFound, Invalid, or Refused (`decided`) where it is closed.
    """
    if status not in (FINE, MISUSE):
        raise Invalid(f"a case is closed as {FINE} or {MISUSE}")
    if not 0 < len(note.strip()) <= 500:
        raise Invalid("say what you found, in up to 500 characters")
    row = session.get(ReviewCase, case_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no case {case_id}")
    if row.status != OPEN:
        raise Refused("decided", f"this case is closed: {row.status}")
    row.status, row.note, row.decided_ms, row.decided_by = status, note.strip(), now_ms, actor
    session.add(row)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.review", subject=str(row.member_id), reason=row.note,
        detail=f"{row.kind} {row.day} {status}",
    )  # fmt: skip
    session.flush()
    return row


def declare_staff(session: Session, staff_code: str, member: UUID, *, actor: str, now_ms: int) -> None:
    """Note which member somebody at the tills is. Raise NotFound or Invalid."""
    if not 0 < len(staff_code) <= 64:
        raise Invalid("a cashier's code has 1 to 64 characters")
    if session.get(Member, member) is None:
        raise NotFound(f"there is no member {member}")
    if session.get(StaffCard, (staff_code, member)) is None:
        session.add(StaffCard(staff_code=staff_code, member_id=member))
        audit.record(session, at_ms=now_ms, actor=actor, action="member.staff", subject=str(member), detail=staff_code)
        session.flush()


def _of_cards(session: Session, day: date, rule: rules.Watch) -> Iterator[_Found]:
    """Count baskets by member, store and cashier, those of tills that are not ours too.

    Who paid is not known, so many baskets of one card is what shows.
    """
    sale, card = table_of(Sale), table_of(Card)
    member = func.coalesce(sale.c.member_id, card.c.member_id)
    here = (
        select(member.label("member"), sale.c.store_id, sale.c.cashier)
        .select_from(sale.outerjoin(card, card.c.id == sale.c.card_id))
        .where(sale.c.business_date == day, member.is_not(None))
    )
    told = table_of(ReceiptElsewhere)
    elsewhere = select(told.c.member_id, told.c.store_id, told.c.cashier).where(told.c.business_date == day)
    basket = union_all(here, elsewhere).subquery()
    rows = session.execute(
        select(*basket.c, func.count().label("baskets")).group_by(*basket.c).order_by(*basket.c)
    ).all()
    own = {(row.staff_code, row.member_id) for row in session.execute(select(table_of(StaffCard)))}
    uses: dict[UUID, list[int | str]] = {}
    for row in rows:
        total = uses.setdefault(row.member, [0, row.store_id])
        total[0] = int(total[0]) + row.baskets
        if (row.cashier, row.member) in own:
            if row.baskets > rule.own_card_baskets:
                yield _Found(OWN_CARD, row.member, row.store_id, row.cashier, row.baskets, rule.own_card_baskets)
        elif row.baskets > rule.baskets_per_card_and_cashier:
            allowed = rule.baskets_per_card_and_cashier
            yield _Found(CARD_AT_CASHIER, row.member, row.store_id, row.cashier, row.baskets, allowed)
    for one, (count, store) in uses.items():
        if int(count) > rule.baskets_per_card:
            yield _Found(CARD_USES, one, str(store), "", int(count), rule.baskets_per_card)


def _of_claims(session: Session, day: date, rule: rules.Watch) -> Iterator[_Found]:
    claim, (begin, end) = table_of(ReceiptClaim), _moments(session, day)
    of_day = claim.c.claimed_ms.between(begin, end - 1)
    by_cashier = session.execute(
        select(claim.c.store_id, claim.c.cashier, func.count().label("claims"))
        .where(of_day, claim.c.cashier != "")
        .group_by(claim.c.store_id, claim.c.cashier)
        .having(func.count() > rule.claims_per_cashier)
    )
    for row in by_cashier:
        yield _Found(CASHIER_CLAIMS, _NOBODY, row.store_id, row.cashier, row.claims, rule.claims_per_cashier)
    by_member = session.execute(
        select(claim.c.member_id, func.min(claim.c.store_id).label("store"), func.count().label("claims"))
        .where(of_day)
        .group_by(claim.c.member_id)
        .having(func.count() > rule.claims_per_member)
    )
    for row in by_member:
        yield _Found(MEMBER_CLAIMS, row.member_id, row.store, "", row.claims, rule.claims_per_member)


def _evidence(session: Session, one: _Found, day: date) -> Iterable[UUID]:
    sale, card, claim = table_of(Sale), table_of(Card), table_of(ReceiptClaim)
    if one.kind in (CASHIER_CLAIMS, MEMBER_CLAIMS):
        begin, end = _moments(session, day)
        query = select(claim.c.sale_id).where(claim.c.claimed_ms.between(begin, end - 1))
        if one.kind == CASHIER_CLAIMS:
            query = query.where(claim.c.store_id == one.store, claim.c.cashier == one.cashier)
        else:
            query = query.where(claim.c.member_id == one.member)
        return session.execute(query.order_by(claim.c.sale_id).limit(_EVIDENCE)).scalars()
    theirs = select(card.c.id).where(card.c.member_id == one.member)
    query = select(sale.c.id).where(
        sale.c.business_date == day, (sale.c.member_id == one.member) | sale.c.card_id.in_(theirs)
    )
    if one.cashier:
        query = query.where(sale.c.store_id == one.store, sale.c.cashier == one.cashier)
    return session.execute(query.order_by(sale.c.id).limit(_EVIDENCE)).scalars()


def receipts_elsewhere(session: Session, cases: Iterable[ReviewCase]) -> dict[UUID, list[ReceiptElsewhere]]:
    """Return what tills that are not ours told of each case's baskets, by the case; claims are never of those."""
    found: dict[UUID, list[ReceiptElsewhere]] = {}
    for one in cases:
        if one.kind not in (CARD_USES, CARD_AT_CASHIER, OWN_CARD):
            continue
        query = select(ReceiptElsewhere).where(
            col(ReceiptElsewhere.business_date) == one.day, col(ReceiptElsewhere.member_id) == one.member_id
        )
        if one.cashier:
            query = query.where(
                col(ReceiptElsewhere.store_id) == one.store_id, col(ReceiptElsewhere.cashier) == one.cashier
            )
        order = (col(ReceiptElsewhere.store_id), col(ReceiptElsewhere.till), col(ReceiptElsewhere.receipt))
        found[one.id] = list(session.execute(query.order_by(*order).limit(_EVIDENCE)).scalars())
    return found


def _moments(session: Session, day: date) -> tuple[int, int]:
    """Return when a day of the chain begins and ends, in milliseconds: claims are made now, at any store."""
    zone = zone_of(session)
    begin, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return int(begin.timestamp()) * 1000, int(end.timestamp()) * 1000


def days_to_look_at(today: date, back: int = 3) -> list[date]:
    """Return the days whose sales may still be arriving, oldest first."""
    return [today - timedelta(days=n) for n in range(back, -1, -1)]


def open_cases(session: Session) -> int:
    """Return how many cases wait for somebody."""
    query = select(func.count()).select_from(ReviewCase).where(col(ReviewCase.status) == OPEN)
    return int(session.execute(query).scalar_one())
