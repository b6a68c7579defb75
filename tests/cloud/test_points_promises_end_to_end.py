"""Points from HQ's rules to a till's promise and back: whatever is sold and brought back, HQ posts what was told."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from sqlmodel import select

from cloud.database import Database
from cloud.e_receipts.reading import e_receipt
from cloud.fleet import card_keys
from cloud.fleet.models import Agent
from cloud.ingest.desired import desired_document
from cloud.ledger.reading import points_of
from cloud.loyalty import rules, tier_of_day
from cloud.loyalty.models import MemberYear, PointsReview
from cloud.members.sight import look_at, member_found
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.pricing_audit.records import sale_of
from cloud.sales.models import Sale
from edge_agent.hq.member_set import MemberSet
from edge_agent.prices.books import PriceBooks
from edge_agent.till.results import Paid
from edge_agent.till.returning.results import Returned
from edge_agent.till.till import Till
from shared.body import BodyKind
from shared.loyalty import Benefit, EarningRule, MemberDay, PointsTimes, Tier, TierRule
from shared.pricing.kinds.extra_points import ExtraPoints
from shared.pricing.kinds.percent_off import PercentOff
from shared.pricing.kinds.points_multiplier import PointsMultiplier
from shared.pricing.promotion import Promotion
from shared.pricing.scope import Scope
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.events import SaleCompleted, SaleReturned, TenderKind, decode_event
from tests.cloud.members_data import join, vault
from tests.cloud.members_data import shown as sealed
from tests.cloud.prices_data import found_chain, item, price, publish_rows, report
from tests.cloud.test_promotions_end_to_end import AGENT, CARD, CARD_KEY, heard, take
from tests.edge.test_till_enquiry import Owners, asking, is_named
from tests.edge.tills import OTHER_CARD, Store, opened_store
from tests.factories import START_MS

DAY_MS = 86_400_000
TODAY = date(2026, 1, 1)
OFFERS: list[Promotion] = [
    PercentOff(promotion="off", off_bp=3_333, scope=Scope(items=["2"])),
    PointsMultiplier(promotion="double", multiplier_bp=20_000, scope=Scope(items=["1"])),
    ExtraPoints(promotion="plus", points=5),
]
CATEGORIES = {"1": "food/fruit", "2": "food", "3": "tobacco/cigars", "4": ""}


def found(database: Database) -> UUID:
    """Set up a chain of one store, whose rules change overnight, with a gold member; return who."""
    with database.session() as session:
        found_chain(session, {"s1": "z1"})
        report(session, AGENT, engine=2)
        session.get_one(Agent, AGENT).card_key = card_keys.close(vault(), AGENT, CARD_KEY)
        first = EarningRule(
            version=1, valid_from=date(2025, 1, 1), excluded_categories=["tobacco"], excluded_tenders=["bank_card"]
        )
        rules.publish_earning(session, first, author="t", at_ms=START_MS)
        second = EarningRule(version=2, valid_from=TODAY + timedelta(days=1), points=3, per_minor=70)
        rules.publish_earning(session, second, author="t", at_ms=START_MS)
        benefits: list[Benefit] = [PointsTimes(times_bp=15_000), MemberDay(times_bp=12_500, month_days=[2])]
        gold = Tier(code="gold", names={"en": "Gold"}, from_minor=1_000, benefits=benefits)
        rules.publish_tier(session, TierRule(version=1, tiers=[gold]), author="t", at_ms=START_MS)
        prices = {"1": 2_560, "2": 799, "3": 3_501, "4": 333}
        rows = [
            row for n, minor in prices.items() for row in (item(n, category=CATEGORIES[n]), price(n, minor))
        ]  # fmt: skip
        for one in OFFERS:
            content = encode_row(BodyKind.PROMOTIONS, one.promotion, one)
            rows.append(DraftRow(BodyKind.PROMOTIONS, "chain", one.promotion, content))
        publish_rows(session, rows)
    ann = join(database, [CARD], home_store="s1")
    with database.session() as session:
        session.add(MemberYear(member_id=ann, year=2026, spend_minor=6_000, tier="gold"))
    return ann


async def a_day(till: Till, pick: random.Random) -> None:
    """Sell what comes, to the member or somebody unknown, paid in one way or two; some of it comes back."""
    for _ in range(6):
        for _ in range(pick.randint(1, 5)):
            await till.scan(pick.choice("1234"))
        card = pick.choice([CARD, CARD, OTHER_CARD])
        await till.attach_card(card)
        if pick.random() < 0.5:
            await till.tender(TenderKind.BANK_CARD, 200, reference="7")
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid), paid
        assert (paid.points is None) == (card == OTHER_CARD)
        for _ in range(pick.randint(0, 1)):
            back = await till.returns.take(paid.receipt, {1: 1} if paid.lines > 1 else {})
            assert isinstance(back, Returned), back


async def test_head_office_posts_what_the_till_had_told(database: Database, tmp_path: Path) -> None:
    ann = found(database)
    async with opened_store(tmp_path / "agent") as store:
        with database.snapshot() as session:
            document = desired_document(session, session.get_one(Agent, AGENT), START_MS)
        assert document is not None
        assert [one.version for one in document.settings.points_rules] == [1, 2, 1]
        store.settings = msgspec.structs.replace(
            store.settings, store="s1", price_zone="z1", points_rules=document.settings.points_rules
        )
        store.books, store.members = PriceBooks(store.business), MemberSet(CARD_KEY)  # type: ignore[assignment]
        await heard(store, database, tmp_path)
        pick = random.Random(1)
        till = store.till()
        await a_day(till, pick)
        store.business.set(store.business.now_ms() + DAY_MS)
        await a_day(till, pick)
        events = await recorded(store)
    take(database, events)  # type: ignore[arg-type]
    sales = [one for one in events if isinstance(one, SaleCompleted)]
    told = sum(one.points_promised or 0 for one in sales)
    back = sum(one.points_taken or 0 for one in events if isinstance(one, SaleReturned))
    assert {one.points_by.earning for one in sales if one.points_by} == {1, 2}, "one rule a day"
    assert told > back > 0
    with database.snapshot() as session:
        assert session.exec(select(PointsReview)).all() == []
        assert points_of(session, [ann])[ann] == told - back
        mine = next(one for one in sales if one.points_promised)
        paper = e_receipt(session, mine.id, "en")
        assert paper is not None
        assert f"Points earned {mine.points_promised}" in " ".join(to_text(lay_out(paper, 48)).split())


async def test_a_card_named_at_the_till_gets_what_was_told_and_its_prices_are_understood(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """The store does not know the card: points go by the tier that head office said, prices by none."""
    found(sqlite_database)
    ben = join(sqlite_database, [OTHER_CARD])
    with sqlite_database.session() as session:
        session.add(MemberYear(member_id=ben, year=2026, spend_minor=6_000, tier="gold"))
    with sqlite_database.snapshot() as session:
        said = member_found(ben, look_at(session, [ben], TODAY)[ben])
        settings = desired_document(session, session.get_one(Agent, AGENT), START_MS)
    assert (said.tier, settings is None) == ("gold", False)
    async with opened_store(tmp_path / "agent") as store:
        store.settings = msgspec.structs.replace(
            store.settings, store="s1", price_zone="z1", points_rules=settings.settings.points_rules if settings else []
        )
        store.books, store.members = PriceBooks(store.business), MemberSet(CARD_KEY)  # type: ignore[assignment]
        await heard(store, sqlite_database, tmp_path)
        async with asking(store, Owners(said)) as till:
            await till.attach_card(OTHER_CARD)
            for _ in range(3):
                await till.scan("1")
            await is_named(till, said.masked_name)
            paid = await till.tender(TenderKind.CASH)
        [sale] = await recorded(store)
    assert isinstance(paid, Paid)
    assert isinstance(sale, SaleCompleted)
    assert sale.member is not None
    assert sale.member.member is None
    # As if the store's key were this head office's.
    at_hq = msgspec.structs.replace(sale, member=msgspec.structs.replace(sealed(OTHER_CARD), tier=sale.member.tier))
    assert paid.points == 197, "76.80, as much again, half of it for gold, and 5"
    take(sqlite_database, [at_hq])
    with sqlite_database.session() as session:
        assert points_of(session, [ben])[ben] == 197
        assert tier_of_day.settle(session, [ben], now_ms=START_MS) == 0
        assert session.exec(select(PointsReview)).all() == []
        record = sale_of(session, session.get_one(Sale, sale.id))
        assert record.context.member is not None
        assert record.context.member.tier == "", "priced by no tier: it may not have been known in time"


async def recorded(store: Store) -> list[SaleCompleted | SaleReturned]:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    found = [decode_event(row[0]) for row in rows]
    return [one for one in found if isinstance(one, SaleCompleted | SaleReturned)]
