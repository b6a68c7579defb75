"""Points that a till promises, offline: by the rules on its disk, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import msgspec
import pytest

from edge_agent.hq import member_set
from edge_agent.receipt.compose import compose
from edge_agent.till.results import Paid, PartlyPaid
from edge_agent.till.returning.results import Foreseen, Returned
from edge_agent.till.till import Till
from shared.loyalty import EarningRule, MemberDay, PointsRule, PointsTimes, TierTimes, stated
from shared.loyalty.points_rules import EARNING, TIERS
from shared.pricing import AnyPromotion
from shared.pricing.kinds.extra_points import ExtraPoints
from shared.pricing.kinds.points_multiplier import PointsMultiplier
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import SaleReturned, TenderKind, decode_event
from shared.wire.messages import MemberFound
from tests.edge.test_till_enquiry import Owners, asking, is_named
from tests.edge.test_till_offers import books, sales
from tests.edge.tills import CARD, MILK, OTHER_CARD, Store, opened_store
from tests.factories import AGENT, new_id

DAY_MS = 86_400_000
MILK_MINOR = 1_299
BASE = EarningRule(version=1, valid_from=date(2025, 1, 1))
GOLD = TierTimes(times={"gold": [PointsTimes(times_bp=15_000)]})
EVERY_DAY = MemberDay(times_bp=20_000, weekdays=[*range(1, 8)])
MEMBER_DAY = TierTimes(times={"gold": [PointsTimes(times_bp=15_000), EVERY_DAY]})


def earning(rule: EarningRule, level: int = 1) -> PointsRule:
    return stated(EARNING, rule.version, msgspec.json.encode(rule), rule.valid_from, level=level)


def tiers(times: TierTimes, version: int = 1) -> PointsRule:
    return stated(TIERS, version, msgspec.json.encode(times), None)


@asynccontextmanager
async def store_with(
    folder: Path,
    *rules: PointsRule,
    tier: str = "",
    blocks: Sequence[str] = (),
    promotions: Sequence[AnyPromotion] = (),
) -> AsyncIterator[tuple[Store, Till]]:
    """Open a store that nobody outside answers, with a member it knows; HQ had sent it these rules."""
    async with opened_store(folder, books=books(*promotions)) as store:
        store.settings = msgspec.structs.replace(store.settings, points_rules=list(rules))
        member = KnownMember(
            member=new_id(), cards=[], masked_name="王**", tier=tier, points=100, blocks=list(blocks)
        )  # fmt: skip
        store.members.known[CARD] = member
        step = MemberStep(agent=AGENT, incarnation=new_id(), base=0, version=1, put=[member])
        await store.database.run(lambda db: member_set.apply_step(db, step))
        yield store, store.till()


async def sell(till: Till, *, card: str = CARD, milk: int = 2, method: TenderKind = TenderKind.CASH) -> Paid:
    for _ in range(milk):
        await till.scan(MILK)
    if card:
        await till.scan(card)
    paid = await till.tender(method)
    assert isinstance(paid, Paid), paid
    return paid


@pytest.mark.parametrize(
    ("rules", "tier", "promotions", "points"),
    [
        ([earning(BASE)], "", [], 25),
        ([earning(BASE), tiers(GOLD)], "", [], 25),
        ([earning(BASE), tiers(GOLD)], "gold", [], 38),
        ([earning(BASE), tiers(MEMBER_DAY)], "gold", [], 77),
        ([earning(BASE), tiers(GOLD)], "gold", [ExtraPoints(promotion="plus", points=7)], 45),
        ([earning(BASE), tiers(GOLD)], "gold", [PointsMultiplier(promotion="double", multiplier_bp=20_000)], 64),
        ([earning(msgspec.structs.replace(BASE, excluded_tenders=["cash"]))], "", [], 0),
    ],
    ids=["base", "no tier", "tier", "member day", "extra", "multiplied", "excluded tender"],
)
async def test_a_known_member_is_promised_what_the_receipt_brings(
    tmp_path: Path, rules: list[PointsRule], tier: str, promotions: list[AnyPromotion], points: int
) -> None:
    async with store_with(tmp_path, *rules, tier=tier, promotions=promotions) as (store, till):
        paid = await sell(till)
        assert (paid.total_minor, paid.points, paid.points_follow) == (2 * MILK_MINOR, points, False)
        [sale] = await sales(store)
        assert sale.points_promised == points
        assert sale.points_by is not None
        assert sale.points_by.earning == 1
        assert await till.tender(TenderKind.CASH, basket=paid.sale) == paid, "a second tap hears the same"


async def test_the_basket_says_what_it_brings_while_it_is_rung(tmp_path: Path) -> None:
    async with store_with(tmp_path, earning(BASE), tiers(GOLD), tier="gold") as (_store, till):
        await till.scan(MILK)
        assert (await shown(till)) is None, "nobody's basket"
        await till.scan(CARD)
        assert (await shown(till)) == 19
        await till.scan(MILK)
        assert (await shown(till)) == 38


async def shown(till: Till) -> int | None:
    view = await till.view()
    assert view is not None
    return view.brings_points


async def test_only_the_share_that_an_excluded_tender_paid_brings_nothing(tmp_path: Path) -> None:
    rule = msgspec.structs.replace(BASE, excluded_tenders=["bank_card"])
    async with store_with(tmp_path, earning(rule)) as (_store, till):
        await till.scan(MILK)
        await till.scan(MILK)
        await till.scan(CARD)
        assert isinstance(await till.tender(TenderKind.BANK_CARD, 598, reference="1"), PartlyPaid)
        assert (await shown(till)) == 20, "what was paid by it counts already"
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.points == 20


NEWER = stated(EARNING, 2, b'{"kind":"visits","version":2}', date(2025, 1, 2), level=99)


@pytest.mark.parametrize(
    ("rules", "card", "blocks", "follow"),
    [
        ([], CARD, [], True),
        ([earning(msgspec.structs.replace(BASE, valid_from=date(2099, 1, 1)))], CARD, [], True),
        ([earning(BASE), NEWER], CARD, [], True),
        ([msgspec.structs.replace(earning(BASE), hash="0" * 64)], CARD, [], True),
        ([earning(BASE)], OTHER_CARD, [], True),
        ([earning(BASE)], CARD, ["points"], False),
        ([earning(BASE)], "", [], False),
    ],
    ids=["no rule", "not yet", "newer rule", "other bytes", "unknown card", "blocked", "nobody"],
)
async def test_what_a_till_cannot_know_it_does_not_promise(
    tmp_path: Path, rules: list[PointsRule], card: str, blocks: list[str], follow: bool
) -> None:
    async with store_with(tmp_path, *rules, blocks=blocks) as (store, till):
        paid = await sell(till, card=card)
        assert (paid.points, paid.points_follow) == (None, follow)
        [sale] = await sales(store)
        assert (sale.points_promised, sale.points_by) == (None, None)
        paper = await printed(store, paid.sale)
        assert ("credited at head office" in paper) is follow
        assert ("No points for now" in paper) is bool(blocks)
        assert "Points earned" not in paper


@pytest.mark.parametrize(
    ("blocks", "points", "says"), [([], 38, "Points earned 38"), (["points"], 0, "Points earned 0")]
)
async def test_a_card_that_head_office_names_is_promised_by_what_it_said(
    tmp_path: Path, blocks: list[str], points: int, says: str
) -> None:
    found = MemberFound(member=new_id(), masked_name="李*", tier="gold", points=4_321, blocks=blocks)
    async with store_with(tmp_path, earning(BASE), tiers(GOLD)) as (store, _), asking(store, Owners(found)) as till:
        await till.scan(OTHER_CARD)
        await till.scan(MILK)
        await is_named(till, "李*")
        assert (await shown(till)) == (0 if blocks else 19)
        paid = await sell(till, card="", milk=1)
        assert (paid.points, paid.points_follow) == (points, False)
        [sale] = await sales(store)
        assert sale.member is not None
        assert (sale.member.member, sale.member.tier, sale.points_promised) == (None, "gold", points)
        paper = await printed(store, paid.sale)
        assert f"Points before this purchase 4321 {says}" in paper
        assert "credited at head office" not in paper


async def test_the_paper_has_the_balance_from_before_also_when_it_is_printed_late(tmp_path: Path) -> None:
    async with store_with(tmp_path, earning(BASE)) as (store, till):
        paid = await sell(till)
        before = await printed(store, paid.sale)
        assert "Points before this purchase 100 Points earned 25" in before
        await store.database.run(lambda db: db.execute("UPDATE member SET points = 125"))
        assert await printed(store, paid.sale) == before


async def test_a_staged_rule_counts_from_its_day_on_without_a_network(tmp_path: Path) -> None:
    async with store_with(tmp_path, earning(BASE)) as (store, till):
        today = date.fromisoformat(await first_day(store, till))
        then = EarningRule(version=2, valid_from=date.fromordinal(today.toordinal() + 1), points=3)
        store.settings = msgspec.structs.replace(store.settings, points_rules=[earning(BASE), earning(then)])
        assert (await sell(till)).points == 25
        store.business.set(store.business.now_ms() + DAY_MS)
        assert (await sell(till)).points == 77
        by = [sale.points_by.earning for sale in await sales(store) if sale.points_by]
        assert by == [1, 1, 2]


async def first_day(store: Store, till: Till) -> str:
    await sell(till, milk=1)
    return (await sales(store))[0].business_date


async def printed(store: Store, event: object) -> str:
    settings = msgspec.structs.replace(store.settings, locale="en")
    document = await store.database.read(lambda db: compose(db, settings, store.books, event, 0))  # type: ignore[arg-type]
    return " ".join(to_text(lay_out(document, 48)).split())


async def test_the_receipt_has_the_promise_and_a_return_says_what_goes_back(tmp_path: Path) -> None:
    async with store_with(tmp_path, earning(BASE), tiers(GOLD), tier="gold") as (store, till):
        paid = await sell(till, milk=3)
        assert paid.points == 58
        assert "Points earned 58" in await printed(store, paid.sale)
        [sale] = await sales(store)
        pieces = [line.n for line in sale.lines for _ in range(line.quantity)]
        taken = []
        for n in pieces:
            foreseen = await till.returns.foresee(paid.receipt, {n: 1})
            assert isinstance(foreseen, Foreseen), foreseen
            back = await till.returns.take(paid.receipt, {n: 1})
            assert isinstance(back, Returned), back
            event = await returned(store, back)
            taken.append(event.points_taken)
            assert (foreseen.points, foreseen.points_follow) == (event.points_taken, False)
            assert f"Points taken back {event.points_taken}" in await printed(store, back.id)
        assert len(taken) == 3
        assert sum(one or 0 for one in taken) == 58, "together exactly what it had brought"


async def returned(store: Store, back: Returned) -> SaleReturned:
    query = "SELECT content FROM event WHERE id = ?"
    row = await store.database.read(lambda db: db.execute(query, (back.id.bytes,)).fetchone())
    event = decode_event(row[0])
    assert isinstance(event, SaleReturned)
    return event


async def test_a_return_whose_rule_is_gone_leaves_the_points_to_head_office(tmp_path: Path) -> None:
    async with store_with(tmp_path, earning(BASE)) as (store, till):
        paid = await sell(till)
        later = EarningRule(version=2, valid_from=date(2025, 1, 2))
        store.settings = msgspec.structs.replace(store.settings, points_rules=[earning(later)])
        back = await till.returns.take(paid.receipt)
        assert isinstance(back, Returned), back
        assert (await returned(store, back)).points_taken is None
        assert "taken back at head office" in await printed(store, back.id)
