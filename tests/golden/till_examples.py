"""Examples of what happens at a till besides sales, for `tests.golden.examples`."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from shared.money import UnitPrice
from shared.wire.events import Event, Receipt, Tender, TenderKind
from shared.wire.terminal_events import TerminalAct, TerminalActed
from shared.wire.till_events import (
    BasketVoided,
    CashMove,
    CashMoved,
    CountedCash,
    GoodsLine,
    GoodsReturned,
    ReasonTotal,
    ReceiptReprinted,
    ShiftClosed,
    ShiftOpened,
    ShiftTotals,
    StaffActed,
    StaffAction,
    TaxTotal,
    TenderTotal,
)
from tests.factories import START_MS, make_event

HEAD = sha256(b"head").digest()


def _id(number: int) -> UUID:
    return UUID(int=START_MS << 80 | 0x7 << 76 | 0b10 << 62 | number)


TILL_EXAMPLES: dict[str, Event] = {
    "terminal.v1": make_event(
        TerminalActed,
        id=_id(19),
        act=TerminalAct.UNPAIRED,
        number=3,
        name="counter tablet",
        by="sue",
        reason="left on the bus",
        seen_from="192.168.1.23",
    ),
    "staff.v1": make_event(StaffActed, id=_id(20), action=StaffAction.SIGN_IN, role="cashier", approved_by="boss"),
    "shift_open.v1": make_event(ShiftOpened, id=_id(21), shift=_id(21), float_minor=30_000, currency="CNY"),
    "cash.v1": make_event(
        CashMoved, id=_id(22), shift=_id(21), move=CashMove.DROP, minor=50_000, reason="safe", approved_by="boss"
    ),
    "shift_close.v1": make_event(
        ShiftClosed,
        id=_id(23),
        shift=_id(21),
        version=2,
        opened_ms=START_MS,
        closed_ms=START_MS + 1,
        closed_by="c1",
        totals=ShiftTotals(
            sales=1,
            sales_minor=500,
            lines=1,
            tenders=[TenderTotal(method=TenderKind.CASH, count=1, taken_minor=500)],
            taxes=[TaxTotal(rate_bp=900, net_minor=500, tax_minor=41)],
            discounts=[ReasonTotal(reason="rounding", count=1, minor=4)],
            float_minor=30_000,
            cash_expected_minor=30_500,
            first_receipt="t1-1-000041",
            last_receipt="t1-1-000041",
        ),
        counted=[CountedCash(value_minor=100, count=305)],
        counted_minor=30_500,
        held_moved=[_id(24)],
        unresolved=[_id(25)],
        unsent=3,
        because=_id(10),
    ),
    "shift_close.v1.card_slips": make_event(
        ShiftClosed,
        id=_id(131),
        shift=_id(132),
        version=1,
        opened_ms=START_MS,
        closed_ms=START_MS + 1,
        closed_by="c1",
        totals=ShiftTotals(
            sales=3,
            sales_minor=1500,
            lines=3,
            tenders=[TenderTotal(method=TenderKind.BANK_CARD, count=3, taken_minor=1500, unreferenced=1)],
            first_receipt="t1-1-000041",
            last_receipt="t1-1-000043",
        ),
    ),
    "basket_void.v1": make_event(
        BasketVoided, id=_id(26), basket=_id(27), lines=2, total_minor=1299, reason="left", approved_by="boss"
    ),
    "reprint.v1": make_event(ReceiptReprinted, id=_id(28), original=_id(10), copy=1),
    "goods_return.v1": make_event(
        GoodsReturned,
        id=_id(29),
        receipt=Receipt(series="t1-1", number=44, previous=HEAD[:9]),
        lines=[
            GoodsLine(
                n=1, item="1001", quantity=1, price=UnitPrice(450), refund_minor=450, tax_rate_bp=900, tax_minor=37
            )
        ],
        tenders=[Tender(method=TenderKind.CASH, minor=450)],
        currency="CNY",
        total_minor=450,
        book_version=1,
        approved_by="boss",
    ),
}
