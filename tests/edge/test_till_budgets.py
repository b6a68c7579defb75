"""Budgets that one store alone cannot count: its share of a chain's, offline too, and what HQ says of a member's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from edge_agent.hq import downlink
from edge_agent.till import baskets
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.results import BasketView, Paid, PartlyPaid
from edge_agent.till.selling import shares
from edge_agent.till.till import Till
from shared.pricing import Counter, Per
from shared.pricing.promotion import Divide, Limit
from shared.wire.budgets import AskBudgets, BudgetReport, BudgetsElsewhere, BudgetShare
from shared.wire.desired import DesiredState, KnownMember
from shared.wire.events import TenderKind
from shared.wire.messages import AnyAnswer
from tests.edge.agents import until
from tests.edge.test_till_offers import MEMBER, Hq, books, limited, prices_again, sales, sell
from tests.edge.tills import CARD, MILK, Store, opened_store
from tests.factories import new_id

CHAIN = limited(Limit(per=Per.CHAIN, uses=100, strict=True, divide=Divide.SALES))
ONCE = limited(Limit(per=Per.MEMBER, uses=2, strict=True))
FULL, LESS = 1299, 1199


async def hold(store: Store, uses: int | None, *, minor: int | None = None, serial: int = 1) -> BudgetShare:
    """Let HQ have given the store a share in the epoch it is in."""
    (epoch,) = await store.database.read(lambda db: db.execute("SELECT epoch FROM agent").fetchone())
    share = BudgetShare(
        share=UUID(int=5), promotion="spend", epoch=UUID(bytes=epoch), serial=serial, uses=uses, minor=minor
    )
    await store.database.run(lambda db: shares.keep(db, [share]))
    return share


async def reports(store: Store) -> list[BudgetReport]:
    return await store.database.read(shares.report)


@asynccontextmanager
async def asking(store: Store, answer: AnyAnswer | None) -> AsyncIterator[tuple[Till, Hq]]:
    """A till whose enquiries run, with an HQ that gives an answer."""
    hq = Hq(answer)
    till = store.till(hq=hq)
    enquiry = Enquiry(store.database, till._commands.desk, hq)
    enquiry.noticed = till.changes.note
    task = asyncio.create_task(enquiry.run())
    await asyncio.sleep(0)
    yield till, hq
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def due(till: Till) -> int:
    view = await till.view()
    assert isinstance(view, BasketView)
    return view.due_minor


async def test_p2_a_share_is_used_up_offline_over_all_tills_and_not_beyond(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2, books=books(CHAIN)) as store:
        await hold(store, 2)
        totals = [(await sell(store, till)).total_minor for till in ("t1", "t2", "t1")]
        assert totals == [LESS, LESS, FULL]
        assert all(prices_again(sale, store) for sale in await sales(store))
        assert [(one.uses, one.minor, one.most_uses) for one in await reports(store)] == [(2, 200, 2)]
        await hold(store, 3, serial=2)
        assert [(await sell(store)).total_minor for _ in range(2)] == [LESS, FULL]
        assert [(one.uses, one.serial) for one in await reports(store)] == [(3, 2)]


async def test_a_share_of_money_gives_what_is_left_of_it(tmp_path: Path) -> None:
    rule = limited(Limit(per=Per.CHAIN, minor=10_000))
    async with opened_store(tmp_path, books=books(rule)) as store:
        await hold(store, None, minor=150)
        assert [(await sell(store)).total_minor for _ in range(3)] == [LESS, 1249, FULL]
        assert all(prices_again(sale, store) for sale in await sales(store))


async def test_a_basket_in_payment_has_its_use_set_aside_until_it_is_sold_or_given_up(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2, books=books(CHAIN)) as store:
        await hold(store, 1)
        till = store.till("t1")
        await till.scan(MILK)
        assert isinstance(await till.tender(TenderKind.CASH, 500), PartlyPaid)
        assert [one.uses for one in await reports(store)] == [1]
        assert (await sell(store, "t2")).total_minor == FULL
        await till.take_back_tenders()
        await till.void_basket()
        assert [one.uses for one in await reports(store)] == [0]
        assert (await sell(store, "t2")).total_minor == LESS


async def test_what_comes_back_is_free_again_in_the_share(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(CHAIN)) as store:
        await hold(store, 1)
        paid = await sell(store)
        await store.till().returns.take(paid.receipt, {1: 1})
        assert [(await sell(store)).total_minor for _ in range(2)] == [LESS, FULL]


@pytest.mark.parametrize(("strict", "total"), [(True, FULL), (False, LESS)])
async def test_in_another_epoch_the_share_is_void_until_hq_gives_a_new_one(
    tmp_path: Path, *, strict: bool, total: int
) -> None:
    rule = limited(Limit(per=Per.CHAIN, uses=100, strict=strict))
    async with opened_store(tmp_path, books=books(rule)) as store:
        share = await hold(store, 50)
        other = BudgetShare(share=share.share, promotion="spend", epoch=UUID(int=1), serial=1, uses=50)
        await store.database.run(lambda db: shares.keep(db, [other]))
        assert (await sell(store)).total_minor == total
        assert await reports(store) == []


async def test_hq_says_what_a_member_used_elsewhere_and_nobody_waits(tmp_path: Path) -> None:
    answer = BudgetsElsewhere(elsewhere=[Counter("spend", Per.MEMBER, 1, 100)])
    async with opened_store(tmp_path, books=books(ONCE)) as store, asking(store, answer) as (till, hq):
        store.members.known[CARD] = KnownMember(member=MEMBER, cards=[])
        await till.attach_card(CARD)
        await till.scan(MILK)
        await _until_due(till, LESS)
        (asked,) = hq.asked
        assert isinstance(asked, AskBudgets)
        assert (asked.of_member, asked.member) == (["spend"], MEMBER)
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        # One here, one elsewhere: the second time nothing is left, and HQ is asked again for the new basket.
        await till.attach_card(CARD)
        await till.scan(MILK)
        await until(lambda: len(hq.asked) == 2, "the second question")
        await _until_answered(store, till)
        assert await due(till) == FULL
        assert all(prices_again(sale, store) for sale in await sales(store))


@pytest.mark.parametrize("answer", [None, BudgetsElsewhere(busy=["spend"])], ids=["offline", "another till has it"])
async def test_without_hqs_word_a_strict_budget_of_a_member_is_refused(
    tmp_path: Path, answer: AnyAnswer | None
) -> None:
    async with opened_store(tmp_path, books=books(ONCE)) as store, asking(store, answer) as (till, hq):
        store.members.known[CARD] = KnownMember(member=MEMBER, cards=[])
        await till.attach_card(CARD)
        await till.scan(MILK)
        await until(lambda: len(hq.asked) == 1, "the question")
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == FULL
        (sale,) = await sales(store)
        assert sale.pricing is not None
        assert sale.pricing.uncounted == [Per.MEMBER]


async def test_an_answer_that_comes_after_the_first_money_changes_no_price(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(ONCE)) as store:
        store.members.known[CARD] = KnownMember(member=MEMBER, cards=[])
        till = store.till(hq=Hq(None))
        await till.attach_card(CARD)
        await till.scan(MILK)
        assert isinstance(await till.tender(TenderKind.CASH, 500), PartlyPaid)
        late = BudgetsElsewhere(elsewhere=[Counter("spend", Per.MEMBER)])
        async with asking(store, late) as (other, _):
            await other.view()
        assert await due(till) == FULL - 500


async def test_another_card_forgets_what_was_said_of_the_first(tmp_path: Path) -> None:
    answer = BudgetsElsewhere(elsewhere=[Counter("spend", Per.MEMBER)])
    async with opened_store(tmp_path, books=books(ONCE)) as store, asking(store, answer) as (till, hq):
        store.members.known[CARD] = KnownMember(member=MEMBER, cards=[])
        await till.attach_card(CARD)
        await till.scan(MILK)
        await _until_due(till, LESS)
        store.members.known[CARD] = KnownMember(member=new_id(), cards=[])
        hq.answer = None
        await till.attach_card(CARD)
        assert await due(till) == FULL


async def test_a_share_that_is_used_up_asks_for_more_once_a_basket(tmp_path: Path) -> None:
    answer = BudgetsElsewhere(raised=["spend"])
    async with opened_store(tmp_path, books=books(CHAIN)) as store, asking(store, answer) as (till, hq):
        await hold(store, 0)
        await till.scan(MILK)
        await till.scan(MILK)
        await until(lambda: bool(hq.asked), "the question")
        await hold(store, 5, serial=2)  # as HQ signs it
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == 2 * FULL - 100
        assert [one.short for one in hq.asked if isinstance(one, AskBudgets)] == [["spend"]]


async def test_what_a_scan_notes_is_asked_behind_its_transaction(tmp_path: Path) -> None:
    """Whoever asks looks before the scan is committed, sees no basket yet, and does not give up for that."""
    async with opened_store(tmp_path, books=books(CHAIN)) as store, asking(store, BudgetsElsewhere()) as (till, hq):
        await hold(store, 0)
        wanted, loop, looked = till._commands.desk.wanted, asyncio.get_running_loop(), threading.Event()
        wake = wanted.wake

        async def look() -> None:
            for _ in range(4):
                await store.database.read(lambda _db: None)
            looked.set()

        def wake_and_stay() -> None:
            wake()
            asyncio.run_coroutine_threadsafe(look(), loop)
            looked.wait()

        wanted.wake = wake_and_stay
        await till.scan(MILK)
        await until(lambda: bool(hq.asked), "the question")


async def _until_due(till: Till, minor: int) -> None:
    async with asyncio.timeout(5):
        seen = till.changes.count
        while await due(till) != minor:
            seen = await till.changes.beyond(seen)


async def _until_answered(store: Store, till: Till) -> None:
    """Wait until the answer stands in the basket."""

    def stands(db: sqlite3.Connection) -> bool:
        basket = baskets.load_open(db, till.id)
        return basket is not None and bool(basket.elsewhere)

    async with asyncio.timeout(5):
        seen = till.changes.count
        while not await store.database.read(stands):
            seen = await till.changes.beyond(seen)


async def test_a_share_comes_with_the_signed_desired_state_and_goes_with_it(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(CHAIN)) as store:
        share = await hold(store, 7)
        state = DesiredState(
            agent="a", incarnation=UUID(int=1), serial=1, settings=store.settings, timeline=[], budgets=[share]
        )
        await store.database.run(lambda db: downlink._follow(db, state, "one"))
        assert [one.most_uses for one in await reports(store)] == [7]
        without = structs.replace(state, serial=2, budgets=[])
        await store.database.run(lambda db: downlink._follow(db, without, "other"))
        assert await reports(store) == []
        assert (await sell(store)).total_minor == FULL


async def test_what_was_used_of_a_share_is_counted_again_when_hq_names_it_again(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=books(CHAIN)) as store:
        share = await hold(store, 1)
        assert (await sell(store)).total_minor == LESS
        await store.database.run(lambda db: shares.keep(db, []))
        await store.database.run(lambda db: shares.keep(db, [share]))
        assert (await sell(store)).total_minor == FULL
