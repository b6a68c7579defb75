"""Points, spend and tiers on both databases: once each, exactly, in every order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.errors import Conflict
from cloud.ledger.reading import points_of
from cloud.loyalty import posting, rules, tiers
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, ReturnFacts, SaleFacts
from cloud.loyalty.models import MemberYear
from cloud.loyalty.rules import Rules
from shared.loyalty import EarningRule, Tier, TierRule
from tests.factories import new_id

RULES = Rules(
    earning=(
        EarningRule(version=1, valid_from=date(2026, 1, 1), excluded_categories=["tobacco"]),
        EarningRule(version=2, valid_from=date(2026, 7, 1), points=2),
    ),
    tiers=(
        TierRule(
            version=1,
            tiers=[
                Tier(code="silver", names={"en": "Silver"}, from_minor=10_000),
                Tier(code="gold", names={"en": "Gold"}, from_minor=50_000),
            ],
        ),
    ),
)


def sale(member: UUID, *lines: LineFacts, day: date = date(2026, 3, 1), sale_id: UUID | None = None) -> SaleFacts:
    return SaleFacts(
        sale=sale_id or new_id(), member=member, store="s001", business_date=day, at_ms=1, lines=lines, till="t1"
    )


def back(of: SaleFacts, *lines: ReturnedLineFacts) -> ReturnFacts:
    return ReturnFacts(returned=new_id(), sale=of, store="s002", at_ms=2, lines=lines)


def standing(session: Session, member: UUID) -> tuple[int, list[tuple[int, int, str]]]:
    years = table_of(MemberYear)
    rows = session.execute(years.select().where(years.c.member_id == member).order_by(years.c.year))
    return points_of(session, [member])[member], [(row.year, row.spend_minor, row.tier) for row in rows]


def publish_tiers(database: Database) -> None:
    with database.session() as session:
        rules.publish_tier(session, RULES.tiers[0], author="ann", at_ms=1)


def credit(
    database: Database, *, sales: Sequence[SaleFacts] = (), returns: Sequence[ReturnFacts] = (), under: Rules = RULES
) -> set[UUID]:
    with database.session() as session:
        return posting.post(session, 1, sales, returns, under)


def test_points_are_rounded_down_once_a_receipt(database: Database) -> None:
    ann = new_id()
    assert credit(database, sales=[sale(ann, LineFacts(1, 1, 199), LineFacts(2, 1, 199), LineFacts(3, 1, 199))]) == {
        ann
    }
    with database.session() as session:
        assert standing(session, ann) == (5, [(2026, 597, "")])


def test_excluded_categories_earn_nothing_and_count_as_spend(database: Database) -> None:
    ann = new_id()
    credit(database, sales=[sale(ann, LineFacts(1, 1, 5_000, "tobacco/cigars"), LineFacts(2, 1, 1_000, "food"))])
    with database.session() as session:
        assert standing(session, ann) == (10, [(2026, 6_000, "")])


def test_the_rule_of_the_business_date_counts(database: Database) -> None:
    ann = new_id()
    line = LineFacts(1, 1, 1_000)
    credit(
        database,
        sales=[
            sale(ann, line, day=date(2026, 7, 1)),
            sale(ann, line, day=date(2026, 6, 30)),
            sale(ann, line, day=date(2025, 12, 31)),
        ],
    )
    with database.session() as session:
        assert standing(session, ann) == (30, [(2025, 1_000, ""), (2026, 2_000, "")])


def test_a_return_takes_back_exactly_its_share_and_the_last_piece_settles(database: Database) -> None:
    ann = new_id()
    bought = sale(ann, LineFacts(1, 3, 1_000), LineFacts(2, 1, 95))
    credit(database, sales=[bought])
    left = []
    for before in range(3):
        credit(database, returns=[back(bought, ReturnedLineFacts(1, 1, 333 + (before == 2), before))])
        with database.session() as session:
            left.append(points_of(session, [ann])[ann])
    credit(database, returns=[back(bought, ReturnedLineFacts(2, 1, 95))])
    with database.session() as session:
        assert left == [7, 4, 1]
        assert standing(session, ann) == (0, [(2026, 0, "")])


def test_returns_posted_together_add_up(database: Database) -> None:
    ann = new_id()
    bought = sale(ann, LineFacts(1, 3, 1_000))
    credit(database, sales=[bought], returns=[back(bought, ReturnedLineFacts(1, 1, 333)) for _ in range(3)])
    with database.session() as session:
        assert points_of(session, [ann]) == {ann: 0}


def test_a_return_lowers_the_year_of_its_sale_and_its_tier(database: Database) -> None:
    ann = new_id()
    publish_tiers(database)
    bought = sale(ann, LineFacts(1, 2, 12_000), day=date(2025, 12, 30))
    credit(database, sales=[bought, sale(ann, LineFacts(1, 1, 50_000))])
    with database.session() as session:
        assert standing(session, ann)[1] == [(2025, 12_000, "silver"), (2026, 50_000, "gold")]
        assert tiers.tiers_of(session, [ann], date(2026, 6, 30)) == {ann: "gold"}
        assert tiers.tiers_of(session, [ann], date(2027, 6, 30)) == {ann: "gold"}
        assert tiers.tiers_of(session, [ann], date(2028, 6, 30)) == {ann: ""}
    credit(database, returns=[back(bought, ReturnedLineFacts(1, 1, 6_000))])
    with database.session() as session:
        assert standing(session, ann)[1] == [(2025, 6_000, ""), (2026, 50_000, "gold")]


def test_rules_are_versioned_data(database: Database) -> None:
    with database.session() as session:
        assert rules.load(session) == Rules()
        for rule in RULES.earning:
            rules.publish_earning(session, rule, author="ann", at_ms=1)
        rules.publish_tier(session, RULES.tiers[0], author="ann", at_ms=1)
        assert rules.load(session) == RULES
    with pytest.raises(Conflict, match="next version"), database.session() as session:
        rules.publish_tier(session, RULES.tiers[0], author="bob", at_ms=2)


def test_a_new_tier_rule_weighs_the_years_again(database: Database) -> None:
    ann, bob = new_id(), new_id()
    publish_tiers(database)
    line = LineFacts(1, 1, 10_000)
    credit(database, sales=[sale(ann, line), sale(bob, line)], under=Rules(earning=RULES.earning))
    with database.session() as session:
        assert posting.reassess(session, RULES, 2026) == {ann, bob}
        assert posting.reassess(session, RULES, 2026) == set()
        assert tiers.tiers_of(session, [ann], date(2026, 6, 30)) == {ann: "silver"}


def test_p5_a_return_takes_back_what_its_sale_posted_whatever_rule_came_since(database: Database) -> None:
    ann = new_id()
    bought, before_any = sale(ann, LineFacts(1, 2, 10_000)), sale(ann, LineFacts(1, 1, 5_000))
    credit(database, sales=[before_any], under=Rules())
    credit(database, sales=[bought])
    backdated = EarningRule(version=3, valid_from=date(2026, 2, 1), points=3)
    later = Rules(earning=(*RULES.earning, backdated), tiers=RULES.tiers)
    credit(database, returns=[back(bought, ReturnedLineFacts(1, 1, 5_000))], under=later)
    with database.session() as session:
        assert points_of(session, [ann]) == {ann: 50}
    rest = [back(bought, ReturnedLineFacts(1, 1, 5_000, 1)), back(before_any, ReturnedLineFacts(1, 1, 5_000))]
    credit(database, returns=rest, under=later)
    with database.session() as session:
        assert standing(session, ann) == (0, [(2026, 0, "")])
