"""Papers of a shift and of stored value, beside the receipts of sales: what their golden files are made from."""

from __future__ import annotations

from uuid import UUID

from edge_agent.receipt.shift_papers import cash_slip, shift_document
from edge_agent.till.shifts.results import ShiftReport
from shared.receipt.document import Document
from shared.wire.desired import ReceiptSettings, StoreSettings, Till
from shared.wire.event_base import TenderKind
from shared.wire.policies import Reason, StaffMember, TillPolicies
from shared.wire.till_events import CashMove, CashMoved, CountedCash, ReasonTotal, ShiftTotals, TaxTotal, TenderTotal
from tests.factories import make_device_time

AT_MS = 1_767_243_661_000  # 2026-01-01 13:01:01 in Shanghai
SHIFT = UUID(int=50)
TOTALS = ShiftTotals(
    sales=41,
    sales_minor=389_250,
    lines=212,
    returns=2,
    returns_minor=7_990,
    voids=1,
    discounts=[
        ReasonTotal(reason="member_price", count=9, minor=2_816),
        ReasonTotal(reason="damaged", count=1, minor=500),
    ],
    taxes=[
        TaxTotal(rate_bp=900, net_minor=181_260, tax_minor=14_967),
        TaxTotal(rate_bp=1300, net_minor=200_000, tax_minor=23_009),
    ],
    tenders=[
        TenderTotal(method=TenderKind.BANK_CARD, count=12, taken_minor=120_000, unreferenced=2),
        TenderTotal(method=TenderKind.CASH, count=20, taken_minor=169_250, returned_minor=7_990),
        TenderTotal(method=TenderKind.WECHAT, count=9, taken_minor=150_000),
    ],
    float_minor=30_000,
    cash_moves=[
        ReasonTotal(reason="drop/safe", count=1, minor=-100_000),
        ReasonTotal(reason="out/flowers", count=1, minor=-200),
    ],
    no_sales=3,
    cash_expected_minor=91_060,
    first_receipt="8k3fq2-000078",
    last_receipt="8k3fq2-000121",
    value_sold=1,
    value_sold_minor=50_000,
)


def settings(language: str) -> StoreSettings:
    """Return the store of the golden receipts, with papers in a language."""
    return StoreSettings(
        store="s001",
        name="新联超市人民路店",
        legal_entity="chain",
        time_zone="Asia/Shanghai",
        currency="CNY",
        price_zone="z1",
        tills=[Till(till="t2", number=2)],
        staff=[StaffMember(code="c07", name="王小红"), StaffMember(code="m01", name="李经理")],
        receipt=ReceiptSettings(languages=[language], legal_name="新联商业管理有限公司"),
        policies=TillPolicies(
            override_reasons=[Reason(code="damaged", words={"en": "Damaged", "zh": "包装破损"})],
            cash_reasons=[
                Reason(code="flowers", words={"en": "Flowers", "zh": "买花"}),
                Reason(code="safe", words={"en": "Safe", "zh": "保险柜"}),
            ],
        ),
    )


def _moved(move: CashMove, minor: int, reason: str, **more: str) -> CashMoved:
    return CashMoved(
        id=UUID(int=51), store="s001", till="t2", cashier="c07", at_ms=AT_MS, business_date="2026-01-01",
        device=make_device_time(AT_MS), shift=SHIFT, move=move, minor=minor, reason=reason, **more,
    )  # fmt: skip


def documents() -> dict[str, Document]:
    """Return the papers by the names of their golden files."""
    so_far = ShiftReport(
        shift=SHIFT, version=0, business_date="2026-01-01", opened_ms=AT_MS - 28_800_000, closed_ms=None,
        totals=TOTALS, till="t2", closed_by="c07",
    )  # fmt: skip
    closed = ShiftReport(
        shift=SHIFT, version=2, business_date="2026-01-01", opened_ms=AT_MS - 28_800_000, closed_ms=AT_MS,
        totals=TOTALS, counted_minor=91_000, difference_minor=-60, till="t2", closed_by="c07", reissued=True,
        counted=(CountedCash(value_minor=10_000, count=9), CountedCash(value_minor=500, count=2)),
        held_moved=1, unresolved=1, unsent=7,
    )  # fmt: skip
    made: dict[str, Document] = {}
    for language in ("zh", "en"):
        store = settings(language)
        made[f"x.{language}"] = shift_document(so_far, store, at_ms=AT_MS, till="t2")
        made[f"z.{language}"] = shift_document(closed, store, at_ms=AT_MS, till="t2", copy=1)
        out = _moved(CashMove.OUT, 200, "flowers", note="two roses", approved_by="m01")
        made[f"cash_out.{language}"] = cash_slip(out, store)
        made[f"cash_drop.{language}"] = cash_slip(_moved(CashMove.DROP, 100_000, "safe"), store)
    return made
