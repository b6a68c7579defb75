"""The service desk by keys and scanner: each flow at the till's screen, both languages, the real HQ behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from cloud.database.commits import open_commit
from cloud.members import rules
from cloud.members.models import Member
from cloud.rewards import gifts
from edge_agent.devices.ports import ScanRole
from edge_agent.web import display_page, till_page
from edge_agent.web.screen.screen import Screen
from edge_agent.web.shop import Shop
from edge_agent.web.standing import Standing
from shared.wire.events import TillKind, ValuePaidBack
from tests.cloud.test_value_desk import decide
from tests.edge.desk_hq import DeskStore, desk_store
from tests.edge.person import Person, sold
from tests.edge.screens import OpenCounter
from tests.edge.test_desk import a_gift
from tests.edge.tills import APPLES, CARD, OTHER_CARD
from tests.factories import START_MS

PHONE = "13800138000"
WECHAT_CODE = "134567890123456789"


class DeskPerson(Person):
    """Somebody at the service desk."""

    desk: DeskStore

    async def types(self, *lines: str) -> None:
        for line in lines:
            await self.screen.enter(line, self.seen)
            await self.answered()
            await self.shown()

    async def scans(self, *codes: str, role: ScanRole = ScanRole.GOODS) -> None:
        await super().scans(*codes, role=role)
        await self.answered()

    async def answered(self) -> None:
        """Wait for what a press leads to: HQ may take longer than a press waits for it."""
        async with asyncio.timeout(30):
            while self.screen._tasks:
                await asyncio.wait(set(self.screen._tasks))

    async def customer_sees(self) -> str:
        counter = OpenCounter(self.till, self.screen, [])
        return (await display_page.parts(counter, self.store.settings, "en"))["display"]

    async def keys(self) -> str:
        async def standing() -> Standing:
            return Standing("mqtt", 0)

        counter = OpenCounter(self.till, self.screen, [])
        shop = Shop(
            counters={"t1": counter}, settings=lambda: self.store.settings, clock=self.store.business, standing=standing
        )
        return (await till_page.parts(shop, counter, self.store.settings, "en"))["keys"]


@asynccontextmanager
async def at_desk(
    folder: Path, gateways: Any = None, *, kind: TillKind = TillKind.SERVICE_DESK, **options: Any
) -> AsyncIterator[DeskPerson]:
    async with desk_store(folder, gateways, **options) as desk:
        till = desk.open(kind=kind)
        screen = Screen(till, lambda: desk.store.settings, desk.store.business)
        await screen.attend()
        person = DeskPerson(desk.store, till, screen)
        person.desk = desk
        try:
            yield person
        finally:
            screen.end()


def good(at: Person) -> bool:
    return at.screen.notice is not None and not at.screen.notice.refused


async def test_somebody_joins_in_six_answers_and_reads_what_they_agree_to(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        assert at.asked == "desk"
        await at.types("1")
        assert at.asked == "phone"
        await at.types("138")
        assert at.asked == "phone"
        await at.types(PHONE)
        assert at.asked == "consent"
        assert "leave at any time" in await at.customer_sees()
        assert "随时查询" in (await at.shown())["pane"]
        await at.types("1", "2")  # to the membership, not to messages
        assert at.asked == "new_card"
        await at.scans("12345678")
        assert at.asked == "new_card", "what is no card of ours is said at once, and not as if goods were scanned"
        assert "不是本店会员卡" in (await at.shown())["banner"]
        await at.scans(CARD)
        assert at.asked == "name"
        await at.types("李小明")
        assert good(at), at.told
        assert at.asked == "customer"
        assert "李**" in (await at.shown())["pane"]


async def test_who_brought_them_is_asked_where_the_store_wants_to_know(tmp_path: Path) -> None:
    async with at_desk(tmp_path, ask_referrer=True) as at:
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", "", "")
        assert at.asked == "referrer"
        await at.types("13999999999")
        assert (at.asked, at.told) == ("referrer", "hq_referrer_unknown")
        await at.types("")
        assert at.asked == "customer", at.told
        (first,) = at.till.desk.whom.now
        await at.presses("F12")
        await at.types("1", "13700137000", "1", "1", "", "", PHONE)
        assert at.asked == "customer", at.told
        with at.desk.chain.database.session() as session:
            assert session.get_one(Member, at.till.desk.whom.now[-1].member).referred_by == first.member


async def test_whoever_is_known_is_served_instead(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", "", "")
        assert at.asked == "customer"
        await at.presses("F12")
        await at.types("1", PHONE)
        assert (at.asked, at.told) == ("customer", "hq_phone_known"), "before anybody reads a text"
        await at.presses("Escape", "F12")
        await at.types(PHONE)
        assert at.asked == "customer"


async def test_a_number_that_is_no_members_leads_to_joining(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types(PHONE)
        assert (at.asked, at.told) == ("join", "hq_phone_unknown")
        await at.types("1")
        assert at.asked == "consent"
        await at.types("1", "1", "", "")
        assert at.asked == "customer", at.told


async def test_a_card_is_given_and_lost_by_keys(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", "", "")
        await at.types("4", "1")
        assert at.asked == "new_card"
        await at.scans(OTHER_CARD)
        assert good(at), at.told
        assert f"•••• {OTHER_CARD[-4:]}" in (await at.shown())["pane"]
        await at.types("4", "3")
        assert "••••" not in (await at.shown())["pane"], "it is theirs no more"
        assert good(at), at.told
        await at.presses("Escape", "F12")
        await at.scans(OTHER_CARD)
        assert at.told == "hq_card_lost"
        assert at.asked == "desk"


async def served(at: DeskPerson) -> None:
    """Have somebody new at the desk."""
    await at.presses("F12")
    await at.types("1", PHONE, "1", "1", "", "")
    assert at.asked == "customer", at.told


async def test_a_receipt_is_credited_by_scanning_its_code(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        paid = await sold(at, APPLES)
        await at.desk.send()
        await served(at)
        await at.types("2")
        await at.scans(f"https://shop.example/r/{paid.sale.hex}")
        assert good(at), at.told


def reserved(at: DeskPerson, member: UUID) -> str:
    """Have a member reserve a cup on their own page; return the code to fetch it by."""
    with at.desk.chain.database.session() as session:
        wanted = gifts.Order(
            id=at.store.mint(), gift="cup", member=member, store="s001", today=date(2026, 1, 5), at_ms=START_MS
        )
        done = gifts.order(session, open_commit(session, START_MS), wanted, now_ms=START_MS)
        return str(done.require()["code"])


async def test_what_a_member_reserved_is_fetched_by_its_code_once(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        paid = await sold(at, *[APPLES] * 8)
        await at.desk.send()
        await served(at)
        await at.types("2")
        await at.scans(paid.sale.hex)
        a_gift(at.desk, points=5, pieces=2)
        (member,) = at.till.desk.whom.now
        code = reserved(at, member.member)
        await at.presses("Escape", "F12")
        await at.scans(code)
        assert at.asked == "gifts", at.told
        assert "马克杯" in (await at.shown())["pane"]
        await at.types("1")
        assert good(at), at.told
        await at.presses("F12")
        await at.scans(code)
        assert (at.asked, at.told) == ("desk", "hq_pickup_done")


async def test_stored_value_is_given_back_and_paid_out(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await served(at)
        await at.types("1", "100", "")
        await at.desk.send()
        await at.presses("F12")
        await at.types(PHONE, "5", "moving away")
        assert good(at), at.told
        await at.types("6")
        assert at.told == "hq_return_waits"
        assert at.asked == "customer"
        decide(at.desk.chain, await at.desk.applied())
        await at.types("6", "1")
        assert good(at), at.told
        assert len(await at.desk.events(ValuePaidBack)) == 1


async def test_the_desk_is_there_only_where_the_till_is_one(tmp_path: Path) -> None:
    async with at_desk(tmp_path, kind=TillKind.STAFFED) as at:
        await at.presses("F12", "desk")
        assert at.asked == ""
        assert 'data-key="desk"' not in await at.keys()
    (tmp_path / "desk").mkdir()
    async with at_desk(tmp_path / "desk") as at:
        assert 'data-key="desk"' in await at.keys()


async def test_without_a_network_it_says_so_and_asks_again(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        at.desk.hq.silent = True
        await at.presses("F12")
        await at.types("1", PHONE)
        assert (at.asked, at.told) == ("phone", "hq_silent"), "before anybody reads a text"
        at.desk.hq.silent = False
        await at.types(PHONE, "1", "1", "")
        at.desk.hq.silent = True
        await at.types("")
        assert (at.asked, at.told) == ("name", "hq_silent")
        at.desk.hq.silent = False
        await at.types("")
        assert at.asked == "customer"


def entry_rule(at: DeskPerson, by: Literal["spend", "receipt"]) -> None:
    with at.desk.chain.database.session() as session:
        rules.publish(session, rules.Entry(version=1, by=by, minor=100), actor="test", now_ms=1)


async def test_where_joining_takes_a_receipt_it_is_asked_for(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        entry_rule(at, "receipt")
        paid = await sold(at, APPLES)
        await at.desk.send()
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", "", "")
        assert at.asked == "receipt"
        await at.types("nonsense")
        assert (at.asked, good(at)) == ("receipt", False)
        await at.scans(paid.sale.hex)
        assert at.asked == "customer", at.told


async def test_where_joining_takes_purchases_it_says_what_to_do(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        entry_rule(at, "spend")
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1")
        await at.scans(CARD)
        await at.types("")
        assert at.told == "hq_entry_spend"
        await at.presses(*["Escape"] * 8)
        await at.scans(CARD)
        await sold(at, APPLES)
        await at.desk.send()
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1")
        await at.scans(CARD)
        await at.types("")
        assert at.asked == "customer", at.told
