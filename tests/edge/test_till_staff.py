"""Who works at a till: PINs that are throttled and locked, cards, locks, breaks, approval in place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.asks import ApprovalAsked, Approve
from edge_agent.till.results import LineAdded, LineChanged, Paid, Refused, SignedIn, SignedOut
from edge_agent.till.stand import StandState
from edge_agent.till.till import Till
from shared.wire.events import SaleCompleted, TenderKind
from shared.wire.policies import Approval, StaffRole
from shared.wire.till_events import StaffActed, StaffAction
from tests.edge.staffing import ANNA_CARD, MAX, SUE, member, pin, reasons, staffed
from tests.edge.test_till import code_of, events, last_sale
from tests.edge.tills import APPLES, MILK, Store, opened_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        staffed(store, pin_tries=4, override_reasons=reasons("damaged"))
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def acts(store: Store) -> list[tuple[str, str]]:
    return [(one.cashier, one.action.value) for one in await events(store) if isinstance(one, StaffActed)]


async def test_nothing_happens_at_a_till_that_nobody_signed_in_to(store: Store, till: Till) -> None:
    for answer in (await till.scan(APPLES), await till.hold(), await till.tender(TenderKind.CASH), await till.begin()):
        assert code_of(answer) == "sign_in_first"
    signed = await till.people.sign_in("anna", "2580")
    assert signed == SignedIn("anna", "Anna", StaffRole.CASHIER, store.business.now_ms())
    await till.scan(APPLES)
    assert isinstance(await till.tender(TenderKind.CASH), Paid)
    assert (await last_sale(store)).cashier == "anna"
    assert code_of(await store.till("t2").scan(APPLES)) == "sign_in_first"


async def test_a_signed_in_cashier_is_still_there_after_a_power_cut(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        staffed(store)
        await store.till().people.sign_in("anna", "2580")
    async with opened_store(tmp_path, seed=2) as store:
        staffed(store)
        assert isinstance(await store.till().scan(APPLES), LineAdded)


async def test_wrong_pins_wait_longer_and_lock(store: Store, till: Till) -> None:
    assert code_of(await till.people.sign_in("anna", "0000")) == "wrong_pin"
    assert code_of(await till.people.sign_in("anna", "0001")) == "wrong_pin"
    waits = await till.people.sign_in("anna", "2580")
    assert isinstance(waits, Refused)
    assert (waits.code, waits.detail) == ("pin_wait", "5")
    store.machine.advance(5_000)
    assert code_of(await till.people.sign_in("anna", "0002")) == "wrong_pin"
    store.machine.advance(5_000)
    assert code_of(await till.people.sign_in("anna", "2580")) == "pin_wait", "each wait is longer than the one before"
    store.machine.advance(5_000)
    assert code_of(await till.people.sign_in("anna", "0003")) == "pin_locked"
    store.machine.advance(10**9)
    assert code_of(await till.people.sign_in("anna", "2580")) == "pin_locked", "no time opens it"
    assert isinstance(await till.people.free_pin("anna", approve=SUE), SignedOut)
    assert isinstance(await till.people.sign_in("anna", "2580"), SignedIn)
    assert await acts(store) == [("anna", "pin_locked"), ("anna", "pin_freed"), ("anna", "sign_in")]


async def test_tries_count_over_restarts_and_side_by_side_and_a_new_pin_starts_anew(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2) as store:
        staffed(store, pin_tries=2)
        tills = (store.till("t1"), store.till("t2"))
        tries = await asyncio.gather(*(till.people.sign_in("anna", "9999") for till in tills for _ in range(3)))
        assert {code_of(one) for one in tries} <= {"wrong_pin", "pin_locked"}
        assert [code_of(one) for one in tries].count("wrong_pin") <= 1
    async with opened_store(tmp_path, tills=2, seed=2) as store:
        settings = staffed(store, pin_tries=2)
        assert code_of(await store.till().people.sign_in("anna", "2580")) == "pin_locked"
        store.settings = msgspec.structs.replace(
            settings, staff=[msgspec.structs.replace(member("anna", "2580"), pin=pin("8642"))]
        )
        assert isinstance(await store.till().people.sign_in("anna", "8642"), SignedIn)


async def test_a_card_signs_in_and_a_strange_one_does_not(store: Store, till: Till) -> None:
    assert code_of(await till.people.sign_in_by_card("770002")) == "unknown_staff_card"
    assert isinstance(await till.people.sign_in_by_card(ANNA_CARD), SignedIn)
    assert (await till.people.who()).staff == "anna"


async def test_a_staff_card_at_the_scanner_signs_its_holder_in(store: Store, till: Till) -> None:
    staffed(store, staff_card_prefixes=["77"])
    assert isinstance(await till.scan(ANNA_CARD), SignedIn)
    assert isinstance(await till.scan(APPLES), LineAdded)
    assert code_of(await till.scan("770009")) == "unknown_staff_card"


async def test_a_code_that_nobody_has_tells_no_more_than_a_wrong_pin(till: Till) -> None:
    nobody, wrong = await till.people.sign_in("nobody", "1"), await till.people.sign_in("anna", "1")
    assert code_of(nobody) == code_of(wrong) == "wrong_pin"


async def test_locked_it_keeps_the_basket_and_opens_to_the_same_person(store: Store, till: Till) -> None:
    await till.people.sign_in("anna", "2580")
    await till.scan(APPLES)
    assert code_of(await till.people.sign_out()) == "basket_first"
    locked = await till.people.lock()
    assert locked == SignedOut("anna", StandState.LOCKED)
    assert code_of(await till.scan(MILK)) == "till_locked"
    assert code_of(await till.people.sign_in("young", "1472")) == "taken_by_other"
    assert isinstance(await till.people.sign_in("anna", "2580"), SignedIn)
    assert isinstance(await till.scan(MILK), LineAdded)
    assert ("anna", "unlock") in await acts(store)


async def test_a_supervisor_takes_a_locked_till_over(store: Store, till: Till) -> None:
    await till.people.sign_in("anna", "2580")
    await till.people.lock()
    assert isinstance(await till.people.sign_in("young", "1472", approve=SUE), SignedIn)
    await till.people.lock()
    assert isinstance(await till.people.sign_in("sue", "3690"), SignedIn)
    assert (await till.people.who()).staff == "sue"


async def test_it_locks_itself_when_nobody_touches_it_and_a_wrong_pin_is_no_touch(store: Store, till: Till) -> None:
    staffed(store, lock_after_seconds=60)
    await till.people.sign_in("anna", "2580")
    store.machine.advance(59_000)
    assert isinstance(await till.scan(APPLES), LineAdded)
    store.machine.advance(61_000)
    assert (await till.people.who()).state is StandState.LOCKED
    await till.people.sign_in("anna", "0000")
    assert code_of(await till.scan(APPLES)) == "till_locked"
    await till.people.sign_in("anna", "2580")
    assert isinstance(await till.scan(APPLES), LineAdded)


async def test_on_a_break_it_serves_nobody(till: Till) -> None:
    await till.people.sign_in("anna", "2580")
    assert await till.people.take_break() == SignedOut("anna", StandState.BREAK)
    assert code_of(await till.scan(APPLES)) == "till_locked"
    assert isinstance(await till.people.sign_in("anna", "2580"), SignedIn)


async def test_somebody_whom_hq_took_away_is_signed_in_nowhere(store: Store, till: Till) -> None:
    await till.people.sign_in("anna", "2580")
    store.settings = msgspec.structs.replace(store.settings, staff=[])
    assert code_of(await till.scan(APPLES)) == "sign_in_first"


async def test_approval_is_asked_in_place_and_recorded_with_who_gave_it(store: Store, till: Till) -> None:
    await till.people.sign_in("anna", "2580")
    await till.scan(APPLES)
    asked = await till.set_price(400, reason="damaged")
    assert isinstance(asked, Refused)
    assert asked.asks == ApprovalAsked(Approval.PRICE_OVERRIDE, StaffRole.SUPERVISOR, "anna")
    own = Approve(staff="anna", pin="2580")
    assert code_of(await till.set_price(400, reason="damaged", approve=own)) == "approval_too_low"
    wrong = Approve(staff="sue", pin="0000")
    assert code_of(await till.set_price(400, reason="damaged", approve=wrong)) == "wrong_pin"
    assert isinstance(await till.set_price(400, reason="damaged", approve=SUE), LineChanged)
    await till.tender(TenderKind.CASH)
    (adjustment,) = (await last_sale(store)).adjustments
    assert (adjustment.by, adjustment.approved_by, adjustment.reason) == ("anna", "sue", "damaged")


async def test_a_supervisor_at_the_till_needs_nobody_else(store: Store, till: Till) -> None:
    await till.people.sign_in("sue", "3690")
    await till.scan(APPLES)
    assert isinstance(await till.set_price(400, reason="damaged"), LineChanged)
    await till.tender(TenderKind.CASH)
    assert (await last_sale(store)).adjustments[0].approved_by == "sue"


async def test_without_signing_in_a_driver_names_who_stands_there_and_nothing_is_asked(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        till = store.till()
        await till.scan(APPLES)
        assert isinstance(await till.set_price(400, reason=""), LineChanged)
        assert isinstance(await till.tender(TenderKind.CASH), Paid)
        assert not any(isinstance(one, StaffActed) for one in await events(store))
        sale = await last_sale(store)
        assert isinstance(sale, SaleCompleted)
        assert sale.cashier == "c1"


def test_roles_cover_those_before_them() -> None:
    assert StaffRole.MANAGER.covers(StaffRole.CASHIER)
    assert not StaffRole.CASHIER.covers(StaffRole.SUPERVISOR)
    assert StaffAction.SIGN_IN != StaffAction.UNLOCK
    assert MAX.staff == "max"
