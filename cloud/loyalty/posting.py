"""Credit sales and returns: points to the ledger, spend to the year, tiers where they differ. In bulk, in any order.

Both functions expect each sale and each return once: their caller has just recorded it as new, or has just learnt
whose it is. All returns of a sale are serialised by their callers (they lock its row), because each needs to know
how much came back before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Integer, String, Uuid, select, update
from sqlmodel import Session

from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.loyalty import crediting, tiers
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.loyalty.models import MemberYear
from cloud.loyalty.rules import Rules

MemberYearKey = tuple[UUID, int]


def post_sales(session: Session, commit_no: int, sales: Sequence[SaleFacts], rules: Rules) -> set[UUID]:
    """Credit new sales of members. Return the members touched."""
    return post(session, commit_no, sales, (), rules)


def post_returns(session: Session, commit_no: int, returns: Sequence[ReturnFacts], rules: Rules) -> set[UUID]:
    """Take back what new returns undo. Return the members touched."""
    return post(session, commit_no, (), returns, rules)


def post(
    session: Session, commit_no: int, sales: Sequence[SaleFacts], returns: Sequence[ReturnFacts], rules: Rules
) -> set[UUID]:
    """Credit sales and take back returns at once: one pass over the years for a whole commit."""
    crediting.credit(session, commit_no, sales, rules)
    crediting.take_back(session, commit_no, returns, rules)
    spend: defaultdict[MemberYearKey, int] = defaultdict(int)
    visits = Counter((sale.member, sale.business_date.year) for sale in sales)
    for sale in sales:
        spend[sale.member, sale.business_date.year] += sale.net_minor
    for back in returns:
        spend[back.sale.member, back.sale.business_date.year] -= sum(line.refund_minor for line in back.lines)
    _add_spend(session, spend, visits, rules)
    return {member for member, _year in spend}


def tiers_of(session: Session, members: Collection[UUID], year: int) -> dict[UUID, str]:
    """Return each member's tier in a year: a tier reached in a year holds until the end of the next one at least."""
    return {member: stands.tier for member, stands in tiers.standings(session, members, year).items()}


def reassess(session: Session, rules: Rules, year: int) -> set[UUID]:
    """Weigh every member's year against the tier rule again. Return the members whose tier changed."""
    years = table_of(MemberYear)
    rows = session.execute(
        select(years).where(years.c.year == year).order_by(years.c.member_id).with_for_update()
    ).all()
    return _set_tiers(
        session, ((row.member_id, row.year, row.spend_minor, row.visits, row.tier) for row in rows), rules
    )


def _add_spend(
    session: Session, spend: Mapping[MemberYearKey, int], visits: Mapping[MemberYearKey, int], rules: Rules
) -> None:
    rows = [(*key, minor, visits.get(key, 0), "") for key, minor in spend.items()]
    if not rows:
        return
    shape: Columns = {
        "member_id": Uuid(), "year": Integer(), "spend_minor": BigInteger(), "visits": Integer(), "tier": String(),
    }  # fmt: skip
    source = rowset(session, "spent", shape, rows)
    years = table_of(MemberYear)
    insert = upsert_into(session, MemberYear).from_select(
        # In key order, so that two transactions wait for each other instead of deadlocking. SQLite's grammar needs a
        # WHERE before ON CONFLICT.
        list(shape),
        select(*source.c).where(source.c.year > 0).order_by(source.c.member_id, source.c.year),
    )
    moved = session.execute(
        insert.on_conflict_do_update(
            index_elements=["member_id", "year"],
            set_={
                "spend_minor": years.c.spend_minor + insert.excluded.spend_minor,
                "visits": years.c.visits + insert.excluded.visits,
            },
        ).returning(years.c.member_id, years.c.year, years.c.spend_minor, years.c.visits, years.c.tier)
    ).all()
    _set_tiers(session, (tuple(row) for row in moved), rules)


def _set_tiers(session: Session, moved: Iterable[tuple[UUID, int, int, int, str]], rules: Rules) -> set[UUID]:
    """Write the tiers that differ; most sales change none."""
    changed = [
        (member, year, reached)
        for member, year, spend_minor, visits, tier in moved
        if (reached := rules.tier.reached(spend_minor, visits)) != tier
    ]
    if changed:
        source = rowset(session, "changed", {"member_id": Uuid(), "year": Integer(), "tier": String()}, sorted(changed))
        years = table_of(MemberYear)
        session.execute(
            update(years)
            .values(tier=source.c.tier)
            .where(years.c.member_id == source.c.member_id, years.c.year == source.c.year)
        )
    return {member for member, _year, _tier in changed}
