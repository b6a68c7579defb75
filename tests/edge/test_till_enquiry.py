"""Whose card is it? HQ is asked beside the till: an answer in time is shown, and nothing else depends on it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.record.receipts import Printed
from edge_agent.till.looking.catalogue import Catalogue
from edge_agent.till.membership.members import Members
from edge_agent.till.membership.value import Value
from edge_agent.till.offline import ACTIONS, Offline
from edge_agent.till.results import BasketView, MemberAttached, Paid
from edge_agent.till.results import Refused as Refusal
from edge_agent.till.returning.returns import Returns
from edge_agent.till.service.counter import ValueCounter
from edge_agent.till.service.members import MemberDesk
from edge_agent.till.shifts.drawer import Drawer
from edge_agent.till.staff.people import People
from edge_agent.till.till import Till
from edge_agent.web.member_shown import member_shown
from edge_agent.web.rendering import speech
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from shared.wire.messages import MemberFound, Refused
from tests.edge.agents import running, until
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import MILK as SOLD
from tests.edge.test_agent import book, drained, ready, sales
from tests.edge.tills import APPLES, CARD, OTHER_CARD, PORK, Store, opened_store, store_settings
from tests.factories import START_MS, new_id

WANG = MemberFound(member=UUID(int=7), masked_name="王*", tier="gold", points=120)


class Owners:
    """HQ as a till asks it: answers when told to."""

    def __init__(self, *answers: MemberFound | Refused | None) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []
        self.answering = asyncio.Event()
        self.answering.set()

    async def whose_card(self, question: UUID, till: str, sealed_card: bytes) -> MemberFound | Refused | None:
        self.asked.append(sealed_card)
        await self.answering.wait()
        return self.answers.pop(0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as store:
        yield store


@asynccontextmanager
async def asking(store: Store, owners: Owners) -> AsyncIterator[Till]:
    till = store.till(owners=owners)
    enquiry = store.enquiries["t1"]
    assert enquiry is not None
    task = asyncio.create_task(enquiry.run())
    try:
        yield till
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def shown(till: Till) -> BasketView:
    found = await till.view()
    assert found is not None
    return found


async def is_named(till: Till, name: str = "王*") -> None:
    async def named() -> bool:
        member = (await shown(till)).member
        return member is not None and member.masked_name == name

    await until(named, "the member's name at the till")


async def sale_of(store: Store) -> SaleCompleted:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    return [event for (content,) in rows if isinstance(event := decode_event(content), SaleCompleted)][-1]


async def sell(store: Store, answer: MemberFound | Refused | None) -> SaleCompleted:
    """Show a card that only HQ knows, sell, and return the sale; the answer comes before the money if there is one."""
    owners = Owners(answer)
    async with asking(store, owners) as till:
        await till.scan(APPLES)
        await till.scan(CARD)
        await until(lambda: not owners.answers, "the question")
        if isinstance(answer, MemberFound):
            await is_named(till)
        assert isinstance(await till.tender(TenderKind.CASH), Paid)
    return await sale_of(store)


async def test_p2_cashier_goes_on_while_hq_is_asked_and_the_answer_is_shown(store: Store) -> None:
    owners = Owners(WANG)
    owners.answering.clear()
    async with asking(store, owners) as till:
        answer = await till.scan(CARD)
        assert isinstance(answer, MemberAttached)
        assert (answer.known, answer.masked_name) == (False, "")
        await till.scan(APPLES)
        before = await shown(till)
        assert before.priced.total_minor == 450, "any card of the chain buys at member prices"
        owners.answering.set()
        await is_named(till)
        after = await shown(till)
        assert after.member is not None
        assert (after.member.known, after.member.tier, after.member.points) == (True, "gold", 120)
        assert (after.priced, after.steps) == (before.priced, before.steps)


@pytest.mark.parametrize(("code", "says"), [("card_lost", "此卡已挂失"), ("card_frozen", "此卡已冻结")])
async def test_a_card_that_is_out_of_use_is_said_to_be_and_the_sale_goes_on(store: Store, code: str, says: str) -> None:
    owners = Owners(Refused(code=code))
    async with asking(store, owners) as till:
        await till.scan(APPLES)
        await till.scan(CARD)

        async def said() -> bool:
            member = (await shown(till)).member
            return member is not None and member.refused == code

        await until(said, "why the card is out of use")
        member = (await shown(till)).member
        assert member is not None
        (block,) = member_shown(member, store.settings).blocks
        assert block.by(speech("zh")).startswith(says)
        assert isinstance(await till.tender(TenderKind.CASH), Paid)
    assert (await sale_of(store)).member is not None, "what it buys is credited to whoever it belongs to"


def test_p2_every_action_says_whether_it_works_offline() -> None:
    rooms = {"": Till, "people.": People, "drawer.": Drawer, "returns.": Returns, "catalogue.": Catalogue}
    rooms |= {"members.": Members, "value.": Value, "desk.": MemberDesk, "counter.": ValueCounter}
    actions = {
        room + name
        for room, kind in rooms.items()
        for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction)
        if name[0] != "_"
    }
    assert actions == set(ACTIONS)
    for action in ACTIONS.values():
        assert (action.limits is None) == (action.offline is Offline.YES)
        if action.limits is not None:
            assert all((action.limits.en, action.limits.zh, action.limits.next_en, action.limits.next_zh))


async def test_p2_a_whole_sale_waits_for_no_answer_about_its_card(store: Store) -> None:
    owners = Owners()
    owners.answering.clear()
    async with asking(store, owners) as till, asyncio.timeout(20):

        async def act(name: str, *parts: Any, **options: Any) -> Any:
            answer = await getattr(till, name)(*parts, **options)
            assert not isinstance(answer, Refusal), (name, answer)
            return answer

        await act("swipe", OTHER_CARD)
        await act("begin")
        await act("attach_card", CARD)
        await until(lambda: bool(owners.asked), "a question that nobody answers")
        await act("scan", APPLES)
        await act("set_quantity", 2)
        await act("coupon", "C1", 100)
        await act("scan", PORK)
        await act("weigh", 500)
        await act("tare", 20)
        await act("hold", "bench")
        (held,) = await act("held")
        await act("recall", held.id)
        await act("offers")
        await act("void_line")
        await act("tender", TenderKind.CASH, 1)
        await act("take_back_tenders")
        await act("view")
        paid = await act("tender", TenderKind.CASH)
        await act("note_printed", paid.sale, Printed.PRINTED)
        await act("find", paid.sale)
        await act("resolve_payments")
        await act("unresolved_payments")
        await act("reprint")
        await act("type_in", APPLES)
        await act("ring_item", "1001")
        await act("void_basket")


async def test_p4_prices_are_the_same_whether_or_not_the_answer_came(tmp_path: Path) -> None:
    found = []
    for number, answer in enumerate((WANG, None, Refused(code="card_unknown"))):
        async with opened_store(tmp_path / str(number)) as store:
            found.append(await sell(store, answer))
    assert len({(sale.total_minor, sale.priced_ms, str(sale.lines), str(sale.pricing)) for sale in found}) == 1
    who = [(sale.member.member, sale.member.sealed_card, sale.member.tier) for sale in found if sale.member]
    assert who == [(None, who[0][1], "gold"), (None, who[0][1], None), (None, who[0][1], None)]
    assert [sale.points_before for sale in found] == [120, None, None]


async def test_an_answer_that_is_out_of_date_changes_nothing(store: Store) -> None:
    owners = Owners(WANG, None)
    owners.answering.clear()
    async with asking(store, owners) as till:
        await till.scan(CARD)
        await until(lambda: len(owners.asked) == 1, "the first question")
        await till.scan(OTHER_CARD)
        owners.answering.set()
        await until(lambda: len(owners.asked) == 2, "a question about the card shown since")
        member = (await shown(till)).member
        assert member is not None
        assert not member.known
    late = Owners(WANG)
    late.answering.clear()
    async with asking(store, late) as till:
        await till.scan(CARD)
        await until(lambda: bool(late.asked), "the question")
        await till.void_basket()
        await till.scan(APPLES)
        late.answering.set()
        await until(lambda: not late.answers, "the late answer")
        assert (await shown(till)).member is None


async def test_named_member_survives_a_restart_and_a_second_card_takes_its_place(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store, asking(store, Owners(WANG)) as till:
        await till.scan(CARD)
        await till.scan(APPLES)
        await is_named(till)
    async with opened_store(tmp_path) as store, asking(store, Owners(None)) as till:
        await is_named(till)
        assert (await shown(till)).steps == 2
        await till.scan(OTHER_CARD)
        await is_named(till, "")


async def test_full_disk_ends_no_enquiries(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [True]
    run = Database.run

    async def failing(self: Database, *parts: Any, **options: Any) -> Any:
        if full and asyncio.current_task() is not this_task:
            full.pop()
            raise DiskFull("full")
        return await run(self, *parts, **options)

    this_task = asyncio.current_task()
    monkeypatch.setattr(Database, "run", failing)
    async with asking(store, Owners(WANG, WANG)) as till:
        await till.scan(CARD)
        await until(lambda: not full, "the refused write")
        await till.scan(OTHER_CARD)
        await is_named(till)


async def test_whole_agent_asks_over_its_link_and_a_driver_counts_on_its_own_steps(tmp_path: Path) -> None:
    hq = MemoryHq(store_settings())
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    hq.card_owners[CARD] = WANG
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: agent.agent._uplink.connected_by is not None, "the link")
        steps: list[dict[str, Any]] = [{"card": CARD}, {"scan": SOLD}, {"tender": {"method": "cash"}}]
        basket = str(new_id())
        await agent.say(do="basket", till="t1", id=basket, steps=steps[:1])
        till = agent.agent._tills.served["t1"].station.till
        await is_named(till)
        paid = await agent.say(do="basket", till="t1", id=basket, steps=steps)
        assert (paid["ok"], paid["total_minor"], paid["lines"]) == (True, 400, 1)
        hq.online = False
        hq.cut()
        asked = len(hq.questions)
        offline = await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps)
        assert (offline["ok"], offline["total_minor"]) == (True, 400)
        assert len(hq.questions) == asked
        hq.online = True
        await drained(agent)
    assert [sorted(sale["member"]) for sale in sales(hq)] == [["sealed_card", "tier"], ["sealed_card"]]
