"""Credit sales and returns: points to the ledger, spend to the year, tiers where they differ. In bulk, in any order.

Both functions expect each sale and each return once: their caller has just recorded it as new, or has just learnt
whose it is. All returns of a sale are serialised by their callers (they lock its row), because each needs to know
how much came back before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Date, Integer, String, Uuid, select, update
from sqlmodel import Session

from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.loyalty import crediting
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.loyalty.models import MemberDay, MemberYear
from cloud.loyalty.rules import Rules


class Done(NamedTuple):
    """What a member did: net spend (minor units) and visits."""

    spend_minor: int
    visits: int

    def plus(self, spend_minor: int, visits: int) -> Done:
        """Return this and more."""
        return Done(self.spend_minor + spend_minor, self.visits + visits)


_NOTHING = Done(0, 0)


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
    done: dict[tuple[UUID, date], Done] = {}
    for sale in sales:
        day = (sale.member, sale.business_date)
        done[day] = done.get(day, _NOTHING).plus(sale.net_minor, 1)
    for back in returns:
        day = (back.sale.member, back.sale.business_date)
        done[day] = done.get(day, _NOTHING).plus(-sum(line.refund_minor for line in back.lines), 0)
    add(session, done, rules)
    return {member for member, _day in done}


def add(session: Session, done: Mapping[tuple[UUID, date], Done], rules: Rules) -> None:
    """Add what members did to their days and years, by business date, and weigh those years again."""
    _add_days(session, done)
    years: dict[tuple[UUID, int], Done] = {}
    for (member, day), more in done.items():
        years[member, day.year] = years.get((member, day.year), _NOTHING).plus(*more)
    _add_years(session, years, rules)


def reassess(session: Session, rules: Rules, year: int) -> set[UUID]:
    """Weigh every member's year against the tier rule again. Return the members whose tier changed."""
    years = table_of(MemberYear)
    rows = session.execute(
        select(years).where(years.c.year == year).order_by(years.c.member_id).with_for_update()
    ).all()
    return _set_tiers(
        session, ((row.member_id, row.year, row.spend_minor, row.visits, row.tier) for row in rows), rules
    )


def _add_days(session: Session, done: Mapping[tuple[UUID, date], Done]) -> None:
    if not done:
        return
    shape: Columns = {"member_id": Uuid(), "day": Date(), "spend_minor": BigInteger(), "visits": Integer()}
    source = rowset(session, "days_done", shape, [(*key, *more) for key, more in done.items()])
    days = table_of(MemberDay)
    insert = upsert_into(session, MemberDay).from_select(
        # In key order, for the reason given below.
        list(shape),
        select(*source.c).where(source.c.day > date.min).order_by(source.c.member_id, source.c.day),
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["member_id", "day"],
            set_={
                "spend_minor": days.c.spend_minor + insert.excluded.spend_minor,
                "visits": days.c.visits + insert.excluded.visits,
            },
        )
    )


def _add_years(session: Session, done: Mapping[tuple[UUID, int], Done], rules: Rules) -> None:
    rows = [(*key, *more, "") for key, more in done.items()]
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
    moved = list(moved)
    by_year = {year: rules.tier_on(date(year, 12, 31)) for year in {row[1] for row in moved}}
    changed = [
        (member, year, reached)
        for member, year, spend_minor, visits, tier in moved
        if (reached := by_year[year].reached(spend_minor, visits)) != tier
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
