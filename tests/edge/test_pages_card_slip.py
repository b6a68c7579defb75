"""A bank card is taken with the number on its terminal's slip, as the store's policy wants it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.receipt.compose import compose
from edge_agent.till.results import Refused
from edge_agent.till.simulated_gateway import SimulatedGateway
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.events import TenderKind
from tests.edge.person import person
from tests.edge.tills import APPLES, MILK


@pytest.mark.parametrize(
    ("rule", "typed", "told", "references"),
    [
        ("optional", ["4711"], "", ["4711"]),
        ("optional", [""], "", [""]),
        ("required", ["", "4711"], "", ["4711"]),
        ("required", [" "], "wrong", None),
        ("optional", ["9" * 129], "wrong", None),
        ("none", [], "", [""]),
    ],
)
async def test_the_slip_s_number_is_asked_and_stands_on_the_receipt(
    tmp_path: Path, rule: str, typed: list[str], told: str, references: list[str] | None
) -> None:
    async with person(tmp_path, card_reference=rule) as at:
        await at.scans(APPLES)
        await at.presses("+", "F2")
        await at.types(*typed)
        if references is None:
            assert at.screen.notice is not None
            assert at.asked == "card_slip"
            await at.presses("Escape")
            assert at.asked == "pay"
            return
        paid = at.screen.paid
        assert paid is not None
        document = await at.store.database.run(lambda db: compose(db, at.store.settings, at.store.books, paid.sale, 0))
        assert ("4711" in to_text(lay_out(document, 48))) is (references == ["4711"])


async def test_a_key_pressed_once_too_often_leads_nowhere_while_the_terminal_is_asked(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES)
        await at.presses("+", "F2", "F2", "F4", "+")
        assert at.asked == "card_slip"
        await at.types("4711")
        assert at.screen.paid is not None


async def test_a_card_that_a_payment_service_takes_is_asked_no_number(tmp_path: Path) -> None:
    async with person(tmp_path, {TenderKind.BANK_CARD: SimulatedGateway()}, card_reference="required") as at:
        await at.scans(MILK)
        await at.presses("+", "F2")
        assert at.screen.paid is not None


async def test_a_program_cannot_leave_out_a_number_that_the_store_wants(tmp_path: Path) -> None:
    async with person(tmp_path, card_reference="required") as at:
        await at.scans(MILK)
        answer = await at.till.tender(TenderKind.BANK_CARD)
        assert isinstance(answer, Refused)
        assert answer.code == "tender_reference_missing"
