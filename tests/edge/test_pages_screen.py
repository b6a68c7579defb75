"""The till's screen: what is asked, answered and said, by keys, text, scans and weights, without a browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.results import Paid
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.stand import StandState
from edge_agent.web.rendering import speech
from edge_agent.web.screen.actions import ACTIONS, FLOWS, keys_of
from edge_agent.web.screen.saying import said
from edge_agent.web.weighed import Weighing
from shared.wire.events import TenderKind
from shared.wire.policies import QuickKey
from tests.edge.person import person
from tests.edge.staffing import ANNA_CARD, reasons
from tests.edge.tills import APPLES, CARD, MILK, PORK, Store, till_book


async def test_whole_sale_by_keys_and_scanner(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES, MILK)
        await at.types("3*")
        await at.scans(MILK)
        assert await at.lines() == [("1001", 1), ("1002", 1), ("1002", 3)]
        await at.types("*2")
        assert (await at.lines())[-1] == ("1002", 2)
        await at.presses("ArrowUp", "Delete")
        assert await at.lines() == [("1001", 1), ("1002", 2)]
        await at.presses("+")
        assert at.asked == "pay"
        await at.types("50")
        assert at.screen.paid is not None
        assert at.screen.paid.change_minor == 5000 - at.screen.paid.total_minor
        assert (at.screen.sound, at.screen.talk) == ("paid", None)
        await at.scans(APPLES)
        assert at.screen.paid is None


async def test_a_scan_that_fails_unforeseen_is_said_at_its_till_and_the_next_one_sells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with person(tmp_path) as at:
        with monkeypatch.context() as broken:
            broken.setattr(at.till, "scan", lambda *_given, **_named: 1 / 0)
            await at.scans(APPLES)
        assert at.told == "failed"
        await at.scans(MILK)
        assert (at.told, await at.lines()) == ("", [("1002", 1)])


async def test_empty_line_takes_exactly_what_is_due(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES)
        await at.presses("+")
        await at.types("", "")
        assert at.screen.paid is None, "the second empty line puts the change away"
        assert await at.lines() == []


async def test_amount_before_the_key_of_a_way_to_pay(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(MILK)
        due = await at.total()
        await at.presses("+")
        await at.presses("F2", text="10")
        assert at.asked == "card_slip"
        await at.types("4711")
        view = await at.till.view()
        assert view is not None
        assert [(one.method, one.minor, one.reference) for one in view.tenders] == [
            (TenderKind.BANK_CARD, 1000, "4711")
        ]
        assert at.asked == "pay"
        await at.types("1")
        await at.presses("Delete")
        told = at.screen.notice
        assert told is not None
        assert (said(told.words, speech("en")), said(told.next, speech("en"))) == (
            "Hand back: Bank card ￥10.00, slip 4711 · Cash ￥1.00. The basket can be changed again.",
            "Undo the card payment on its terminal; give no cash for it.",
        )
        assert await at.total() == due
        assert (await at.till.view()).tenders == ()  # type: ignore[union-attr]


async def test_refusal_stays_out_of_the_way_of_the_next_scan(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans("6901234567893")
        assert (at.told, at.screen.sound) == ("check_digit", "refused")
        await at.scans(APPLES)
        assert (at.told, at.screen.sound) == ("", "accepted")


@pytest.mark.parametrize("text", ["App", "苹果", "牛"])
async def test_name_typed_is_looked_up_and_chosen_by_its_number(tmp_path: Path, text: str) -> None:
    async with person(tmp_path) as at:
        await index(at.store)
        await at.types(text)
        assert at.asked == "found"
        await at.types("1")
        assert len(await at.lines()) == 1
        await at.types(text)
        await at.presses("Escape")
        assert (at.asked, len(await at.lines())) == ("", 1)


async def index(store: Store) -> None:
    from edge_agent.prices import search  # noqa: PLC0415

    await store.database.run(lambda db: search.index(db, store.books.books[1].items.values()))


async def test_goods_that_lie_still_are_weighed_without_a_key(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.puts(500)
        await at.scans(PORK)
        assert await at.lines() == [("1003", 500)]
        await at.scans(PORK)
        assert at.asked == "weigh", "the same goods are not sold twice"
        await at.puts(700, stable=False)
        assert at.asked == "weigh"
        await at.puts(0)
        await at.puts(700)
        assert (at.asked, await at.lines()) == ("", [("1003", 500), ("1003", 700)])


async def test_tare_is_taken_off_and_a_step_back_puts_it_on_again(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(PORK)
        await at.types("-0.020")
        details = [at.detail]
        await at.presses("Escape")
        details.append(at.detail)
        assert [one.tare_g for one in details if isinstance(one, Weighing)] == [20, 0]
        await at.types("-0.020")
        await at.puts(520)
        assert await at.lines() == [("1003", 500)]


async def test_approval_is_asked_in_place_and_a_wrong_pin_asks_again(tmp_path: Path) -> None:
    async with person(tmp_path, staff=True, override_reasons=reasons("damaged")) as at:
        await at.types("anna", "2580")
        await at.scans(APPLES)
        await at.presses("F7")
        await at.types("3.00", "1")
        assert at.asked == "staff"
        await at.types("sue", "0000")
        assert (at.told, at.asked) == ("wrong_pin", "pin")
        await at.types("3690")
        assert (at.asked, await at.total()) == ("", 300)


async def test_price_that_is_not_lower_asks_for_the_price_again(tmp_path: Path) -> None:
    async with person(tmp_path, override_reasons=reasons("damaged")) as at:
        await at.scans(APPLES)
        await at.presses("F7")
        await at.types("9.00", "1")
        assert at.told == "price_not_lower"
        await at.presses("Escape")
        assert at.asked == "price"
        await at.types("abc")
        assert at.screen.sound == "refused"
        await at.types("4", "1")
        assert await at.total() == 400


async def test_nobody_sells_before_signing_in_and_the_card_is_enough(tmp_path: Path) -> None:
    async with person(tmp_path, staff=True, staff_card_prefixes=["77"], shifts="required") as at:
        await at.screen.attend()
        assert at.asked == "staff"
        await at.presses("+")
        assert at.asked == "staff"
        await at.scans(ANNA_CARD)
        assert at.asked == "float", "a shift is required, so it is asked for"
        await at.types("200")
        assert (await at.till.people.who()).shift is not None
        await at.presses("Pause")
        await at.screen.attend()
        assert at.asked == "staff"
        await at.types("", "2580")
        assert (await at.till.people.who()).state is StandState.IN


async def test_return_by_receipt_line_by_line(tmp_path: Path) -> None:
    async with person(tmp_path, return_reasons=reasons("bad")) as at:
        await at.types("3*")
        await at.scans(APPLES, MILK)
        await at.presses("+")
        await at.types("")
        paid = at.screen.paid
        assert isinstance(paid, Paid)
        await at.presses("F9")
        await at.types("1", f"t1/{paid.receipt}")
        assert at.asked == "lines", at.told
        await at.types("1", "2", "0", "1")
        assert at.asked == "agree_back"
        await at.types("1")
        assert at.screen.notice is not None
        assert not at.screen.notice.refused
        view = await at.till.returns.find(paid.receipt)
        assert [line.left for line in view.lines] == [1, 1]  # type: ignore[union-attr]


async def test_payment_code_goes_straight_to_its_way_to_pay(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        await at.scans(APPLES)
        await at.presses("+")
        await at.scans("131234567890123456")
        assert at.screen.paid is not None
        assert len(gateway.taken) == 1


async def test_payment_nobody_knows_of_has_a_screen_of_its_own_and_ends_by_itself(tmp_path: Path) -> None:
    gateway = SimulatedGateway(Mood.LOSE_REPLY)
    async with person(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        await at.scans(APPLES)
        gateway.answering.clear()
        await at.presses("+")
        slow = asyncio.create_task(at.screen.press("F3", "", at.seen))
        await asyncio.wait_for(gateway.asked.wait(), 3)
        await slow
        await at.screen.attend()
        assert at.asked == "waiting"
        await at.screen.press("+", "", at.seen)
        await at.screen.press("Escape", "", at.seen)
        await at.screen.attend()
        assert at.asked == "waiting", "nothing leads out of it but an answer"
        gateway.answering.set()
        await at.until(lambda: at.screen.paid)
        await at.screen.attend()
        assert at.asked == ""
        assert len(gateway.taken) == 1


async def test_second_tab_does_not_answer_what_was_answered(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES)
        await at.presses("+")
        first = at.seen
        await at.screen.enter("", first)
        assert at.screen.paid is not None
        await at.scans(MILK)
        await at.presses("+")
        await at.screen.enter("", first)
        assert (at.told, await at.total()) == ("answered_elsewhere", 1299)


async def test_member_is_attached_by_key_and_card(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("F2")
        await at.scans(CARD)
        view = await at.till.view()
        assert view is not None
        assert view.member is not None


async def test_quick_keys_and_keys_are_the_stores(tmp_path: Path) -> None:
    keys = [QuickKey(item="1001", words={"en": "Apple", "zh": "苹果"})]
    async with person(tmp_path, quick_keys=keys, keys={"quick_keys": "F12"}) as at:
        await at.presses("F3")
        assert at.asked == ""
        await at.presses("F12")
        await at.types("1")
        assert await at.lines() == [("1001", 1)]


def test_no_two_actions_have_one_key_and_every_action_leads_somewhere() -> None:
    keys = [key for key in keys_of({}).values() if key]
    assert len(keys) == len(set(keys))
    assert {action.name for action in ACTIONS} <= set(FLOWS)


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        ({"hold": "F2"}, {"hold": "F2", "member": ""}),
        ({"no_sale": "F9"}, {"no_sale": "F9", "returns": ""}),
        ({"no_sale": "Insert"}, {"no_sale": "Insert", "returns": "F9"}),
        ({"hold": "Insert", "recall": "Insert"}, {"hold": "Insert", "recall": ""}),
    ],
)
def test_key_that_a_store_has_chosen_comes_before_the_shipped_ones(
    chosen: dict[str, str], keys: dict[str, str]
) -> None:
    assert {name: keys_of(chosen)[name] for name in keys} == keys


async def test_action_that_lost_its_key_is_behind_more(tmp_path: Path) -> None:
    async with person(tmp_path, keys={"hold": "F2"}) as at:
        await at.presses("F1")
        question = at.screen.question
        assert question is not None
        (number,) = [n for n, one in enumerate(question.options, start=1) if one.value == "member"]
        await at.types(str(number))
        assert at.asked == "member"


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
async def test_every_key_can_be_pressed_with_nothing_rung_up(tmp_path: Path, action: str) -> None:
    async with person(tmp_path) as at:
        await at.presses(action)
        assert at.told != "failed"
        await at.presses("Escape", "Escape")
        await at.screen.attend()
        await at.scans(APPLES)
        assert await at.lines() == [("1001", 1)] or action in {"sign_out", "lock", "take_break"}


async def test_practice_is_unmistakable_and_ends(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("practise")
        assert (await at.till.people.who()).practice
        await at.presses("practise")
        assert not (await at.till.people.who()).practice


async def test_list_without_anything_in_it_is_not_asked_for_a_number(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.presses("F10")
        await at.types("2")
        assert (at.asked, at.told) == ("", "no_past")


async def test_settings_are_read_at_each_press(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        at.store.settings = msgspec.structs.replace(at.store.settings, name="Other")
        assert at.screen.keys["pay"] == "+"


async def test_a_recalled_basket_that_keeps_its_old_prices_says_so_and_why(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES, MILK)
        await at.presses("F4")
        await at.types("Anna")
        book = till_book(2)
        del book.prices["1001"]
        at.store.books.add(book)
        await at.presses("F5")
        await at.types("1")
        told = at.screen.notice
        assert told is not None
        assert (told.code, told.refused) == ("old_prices", False)
        assert said(told.words, speech("en")) == "The basket keeps its old prices. Without a price now: Apples"
        assert len(await at.lines()) == 2
