"""From HQ's draft to HQ's audit: promotions published, priced at a real till, sold, priced again to the same lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from cloud.database import Database
from cloud.database.commits import IngestCommit, open_commit
from cloud.database.rowset import table_of
from cloud.fleet import card_keys
from cloud.fleet.models import Agent
from cloud.ingest.applying import apply_events
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.intake import Intake
from cloud.ingest.received import read
from cloud.loyalty import rules
from cloud.loyalty.models import MemberYear
from cloud.members import segments
from cloud.members.sets import refresh
from cloud.members.stepper import member_step
from cloud.prices.books import StoreBooks
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.pricing_audit import audit_pending
from cloud.pricing_audit.models import PriceAudit
from cloud.sales.models import SalePricing
from cloud.sales.shops import shops
from edge_agent.hq import member_set
from edge_agent.hq.member_set import MemberSet
from edge_agent.prices.books import PriceBooks
from edge_agent.till.results import BasketView, Paid
from shared.body import BodyKind
from shared.loyalty import EarningRule, Tier, TierRule
from shared.pricing import Counter, Per
from shared.pricing.kinds import NthPiece, PercentOff, SpendAndGet, TierPrice
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Limit, Promotion, Who
from shared.pricing.scope import Scope
from shared.wire.events import SaleCompleted, TenderKind, decode_event, encode_event
from tests.cloud.members_data import join, mint, vault
from tests.cloud.prices_data import found_chain, item, price, publish_rows, report
from tests.cloud.test_prices_edge import Store as AgentPrices
from tests.edge.tills import Store, opened_store
from tests.factories import START_MS

AGENT, CARD, YEAR = "s1-a", "8800000001", 2026
CARD_KEY = b"k" * 32
RULES: Sequence[Promotion] = [
    SpendAndGet(
        promotion="ladder",
        names={"en": "Spend and save", "zh": "满减"},
        steps=[Step(at_minor=5_000, off_minor=500), Step(at_minor=10_000, off_minor=1_500)],
        limits=[Limit(per=Per.STORE, uses=2)],
    ),
    NthPiece(promotion="second-half", n=2, off_bp=5_000, scope=Scope(items=["2"])),
    TierPrice(promotion="silver-tea", tier_minor={"silver": 3_000}, scope=Scope(items=["3"])),
    PercentOff(promotion="families", off_bp=1_000, scope=Scope(items=["4"]), who=Who(segments=["families"])),
]


@pytest.fixture
def member(database: Database) -> Iterator[UUID]:
    """Publish the promotions to a chain of one store, with a silver member of a segment."""
    with database.session() as session:
        found_chain(session, {"s1": "z1"})
        report(session, AGENT, engine=2)
        session.get_one(Agent, AGENT).card_key = card_keys.close(vault(), AGENT, CARD_KEY)
        rules.publish_earning(session, EarningRule(version=1, valid_from=date(2025, 1, 1)), author="t", at_ms=START_MS)
        tiers = [Tier(code="silver", names={"en": "Silver"}, from_minor=5_000)]
        rules.publish_tier(session, TierRule(version=1, tiers=tiers), author="t", at_ms=START_MS)
        prices = {"1": 2_560, "2": 800, "3": 3_500, "4": 1_000}
        rows = [row for number, minor in prices.items() for row in (item(number), price(number, minor))]
        for rule in RULES:
            content = encode_row(BodyKind.PROMOTIONS, rule.promotion, rule)
            rows.append(DraftRow(BodyKind.PROMOTIONS, "chain", rule.promotion, content))
        publish_rows(session, rows)
    ann = join(database, [CARD], fields={"birthday": "1990-05-17"}, home_store="s1")
    with database.session() as session:
        session.add(MemberYear(member_id=ann, year=YEAR, spend_minor=6_000, tier="silver"))
        segments.put_in(session, "families", [ann], commit_no=open_commit(session, START_MS), now_ms=START_MS)
    return ann


async def heard(store: Store, database: Database, folder: Path) -> None:
    """Let the agent follow HQ: its prices and the members it may know."""
    await AgentPrices(database, store.database, folder).hear()
    with database.session() as session:
        refresh(session, today=date(YEAR, 6, 30))
    with database.session() as session:
        step = member_step(session, vault(), session.get_one(Agent, AGENT), 0, today=date(YEAR, 6, 30))
    assert step is not None
    await store.database.run(lambda db: member_set.apply_step(db, step))


async def sold(store: Store) -> list[SaleCompleted]:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    return [event for event in (decode_event(row[0]) for row in rows) if isinstance(event, SaleCompleted)]


def take(database: Database, sales: Sequence[SaleCompleted]) -> None:
    """Take sales in as ingest does."""
    with database.session() as session:
        commit = IngestCommit(at_ms=START_MS)
        session.add(commit)
        session.flush()
        assert commit.no is not None
        downstream = LoyaltyDownstream(vault(), mint, StoreBooks())
        intake = Intake(commit_no=commit.no, now_ms=START_MS, shops=shops(session, {"s1"}), downstream=downstream)
        received = [read(AGENT, "s1", UUID(int=1), seq, encode_event(one)) for seq, one in enumerate(sales, start=1)]
        assert not apply_events(session, received, intake)


async def test_p4_what_hq_publishes_a_till_prices_sells_and_hq_finds_no_difference(
    database: Database, member: UUID, tmp_path: Path
) -> None:
    async with opened_store(tmp_path / "agent") as store:
        store.settings = msgspec.structs.replace(store.settings, store="s1", price_zone="z1")
        store.books, store.members = PriceBooks(store.business), MemberSet(CARD_KEY)  # type: ignore[assignment]
        await heard(store, database, tmp_path)
        till = store.till()
        await till.scan("1")
        await till.scan("2")
        view = await till.view()
        assert isinstance(view, BasketView)
        assert [dict(hint) for hint in view.hints if "再买 16.40" in hint["zh"]], view.hints
        await till.scan("2")
        await till.scan("3")
        await till.scan("4")
        await till.attach_card(CARD)
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        # 25.60; two at 8.00, the second half: 12.00; tea for silver 30.00; 10.00 less 10 %: 9.00. 76.60, less 5.00.
        assert paid.total_minor == 2_560 + 1_200 + 3_000 + 900 - 500
        for _ in range(2):
            await till.scan("1")
            await till.scan("3")
            await till.tender(TenderKind.CASH)
        sales = await sold(store)
    # Without a card: 60.60 less 5.00 once more, and the store's two uses of the ladder are over.
    assert [sale.total_minor for sale in sales[1:]] == [6_060 - 500, 6_060]
    assert sales[2].pricing is not None
    assert sales[2].pricing.counters == [Counter("ladder", Per.STORE, 2, 1_000)]
    take(database, sales)
    assert audit_pending(database, StoreBooks(), START_MS)[1:] == (3, 0)
    with database.snapshot() as session:
        assert session.execute(select(table_of(PriceAudit))).all() == []
        assert len(session.execute(select(table_of(SalePricing))).all()) >= 2
