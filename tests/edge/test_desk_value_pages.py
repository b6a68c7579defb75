"""Stored value at the service desk by keys and scanner: topped up, put on gift cards, undone, told."""

from __future__ import annotations

from pathlib import Path

from edge_agent.receipt.compose import compose
from edge_agent.till.results import Paid
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.events import TenderKind, ValuePaidBack, ValueSold
from tests.edge.test_desk_pages import PHONE, WECHAT_CODE, at_desk, good, served
from tests.edge.tills import CARD, OTHER_CARD


async def test_a_top_up_shows_what_it_brings_and_gives_change(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await served(at)
        await at.types("1", "6000")
        assert at.told == "hq_cap_exceeded"
        assert at.asked == "top_up"
        await at.types("abc", "200")
        assert at.asked == "value_pay"
        assert "200.00" in await at.customer_sees()
        await at.types("500")
        assert isinstance(at.screen.paid, Paid)
        assert at.screen.paid.change_minor == 30_000
        assert "300.00" in (await at.shown())["sum"]
        assert len(await at.desk.events(ValueSold)) == 1


async def test_a_top_up_by_card_has_the_number_on_its_slip(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await served(at)
        await at.types("1", "200")
        await at.presses("F2")
        assert at.asked == "card_slip"
        await at.types("4711")
        (sold,) = await at.desk.events(ValueSold)
        assert [(one.method, one.reference) for one in sold.tenders] == [(TenderKind.BANK_CARD, "4711")]
        document = await at.store.database.run(lambda db: compose(db, at.store.settings, at.store.books, sold.id, 0))
        assert "4711" in to_text(lay_out(document, 48))


async def test_a_payment_code_pays_and_what_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    gateway = SimulatedGateway(Mood.LOSE_REPLY)
    async with at_desk(tmp_path, {TenderKind.WECHAT: gateway}) as at:
        await served(at)
        await at.types("1", "100")
        await at.scans(WECHAT_CODE)
        await at.until(lambda: len(gateway.taken) == 1)
        await at.shown()
        assert at.asked == "waiting" or at.screen.paid is not None
        await at.until(lambda: at.screen.paid is not None)
        (event,) = await at.desk.events(ValueSold)
        assert isinstance(event, ValueSold)
        assert event.tenders[0].method is TenderKind.WECHAT


async def test_a_gift_card_is_sold_and_its_sale_undone(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types("2")
        await at.scans(OTHER_CARD)
        await at.types("100", "")
        assert isinstance(at.screen.paid, Paid), at.told
        receipt = at.screen.paid.receipt
        await at.desk.send()
        at.desk.hq.loses = True
        await at.presses("F12")
        await at.types("3", receipt)
        assert at.asked == "undo_top_up"
        assert "100.00" in (await at.shown())["pane"], "what goes back, before anything is begun"
        before = await at.store.database.read(lambda db: list(db.iterdump()))
        await at.presses("Escape")
        assert at.asked == "top_up_receipt"
        await at.presses("Escape")
        assert at.asked == "desk", "one step back is where it was chosen"
        await at.presses("Escape")
        assert at.asked == ""
        assert await at.store.database.read(lambda db: list(db.iterdump())) == before
        await at.presses("F12")
        await at.types("3", receipt, "")
        assert at.told == "not_said"
        await at.types("1")
        assert at.told == "value_undo_waits"
        await at.presses("Escape", "F12")
        assert receipt in (await at.shown())["pane"]
        await at.types("1")
        assert "总部尚未答复" in (await at.shown())["pane"], "why it waits"
        await at.types("3")
        assert good(at), at.told
        await at.presses("F12")
        assert receipt not in (await at.shown())["pane"], "it stands in nobody's way"
        await at.types("3", receipt, "1")
        assert good(at), at.told
        assert len(await at.desk.events(ValuePaidBack)) == 1


async def test_a_gift_card_is_asked_for_before_the_amount_and_refused_as_a_card(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", CARD, "")
        assert at.asked == "customer", at.told
        await at.types("1")
        for number in (OTHER_CARD, CARD):
            await at.scans(number)
            assert (at.told, at.asked) == ("", "top_up"), "a card is no amount"
            assert "不是金额" in (await at.shown())["banner"]
        await at.presses("F12")
        await at.types("2", "12")
        assert (at.told, at.asked) == ("not_a_card", "gift_card"), "asked again for the card, not for an amount"
        await at.types(CARD)
        assert "尾号 0001" in (await at.shown())["pane"]
        await at.types("100")
        assert (at.told, at.asked) == ("gift_card_is_members", "gift_card")
        await at.types(OTHER_CARD, "100")
        assert at.asked == "value_pay"


async def test_a_card_that_is_no_members_leads_to_what_can_be_done_with_it(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.scans(OTHER_CARD)
        assert (at.told, at.asked) == ("hq_card_unknown", "nobodys")
        await at.types("1", "100", "")
        assert isinstance(at.screen.paid, Paid), at.told
        await at.desk.send()
        await at.presses("F12")
        await at.scans(OTHER_CARD)
        assert at.asked == "nobodys"
        await at.types("1")
        assert "100.00" not in (await at.shown())["pane"]
        await at.types("50", "")
        sold_now = [one for one in await at.desk.events(ValueSold) if isinstance(one, ValueSold)]
        assert [one.total_minor for one in sold_now] == [10_000, 5_000]


async def test_what_is_on_a_card_is_said(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await served(at)
        await at.types("1", "123.40", "")
        await at.presses("F12")
        await at.types("2")
        await at.scans(OTHER_CARD)
        await at.types("100", "")
        await at.desk.send()
        await at.presses("F12")
        await at.types(PHONE)
        assert "123.40" in (await at.shown())["pane"]
        await at.presses("Escape", "F12")
        await at.scans(OTHER_CARD)
        assert good(at), at.told
        assert "100.00" in (await at.shown())["banner"]
