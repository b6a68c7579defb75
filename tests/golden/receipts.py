"""Receipts that printers in shops print, to the byte, beside their golden files.

`python -m tests.golden.receipts` writes what a change has changed: look at the difference before it is kept.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec

from device_profiles.catalogue import profile
from edge_agent.receipt.escpos import to_escpos
from shared.money import UnitPrice
from shared.pricing import Discount, PaperCoupon, PricedLine, Unit
from shared.receipt.document import Document
from shared.receipt.facts import Customer, ItemName, ReceiptFacts, Shop
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.receipt.sale import receipt_document
from shared.wire.events import (
    BookReference,
    MemberOnSale,
    Receipt,
    ReturnedLine,
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    Tender,
    TenderKind,
)
from tests.factories import make_device_time
from tests.golden import papers

HERE = Path(__file__).parent / "receipts"
AT_MS = 1_767_243_661_000  # 2026-01-01 13:01:01 in Shanghai
HEAD = bytes(range(32))

NAMES = {
    "1001": ItemName(short="金龙鱼葵花籽油5L", names={"zh": "金龙鱼 葵花籽油 5升", "en": "Arawana sunflower oil 5 l"}),
    "1002": ItemName(short="散装香蕉", names={"zh": "散装香蕉", "en": "Bananas, loose"}),
    "1003": ItemName(short="五花肉(前腿)精品冷鲜散装称重", names={"zh": "五花肉", "en": "Pork belly"}),
    "1004": ItemName(short="伊利酸奶250g", names={"zh": "伊利酸奶250g", "en": "Yili yogurt 250 g"}),
    "1005": ItemName(short="Café crème Lavazza", names={"zh": "拉瓦萨咖啡", "en": "Café crème Lavazza"}),
    "1006": ItemName(short="𠮷野家牛肉饭￥套餐¥", names={"zh": "𠮷野家牛肉饭", "en": "Yoshinoya beef bowl"}),
}


def shop(*languages: str) -> Shop:
    return Shop(
        name="新联超市人民路店",
        legal_name="新联商业管理有限公司",
        zone="Asia/Shanghai",
        languages=languages or ("zh",),
        receipt_url="https://hq.example/r/",
        notes=("凭小票七天内可退换货",) if languages[:1] != ("en",) else ("Returns within 7 days with this receipt",),
    )


def sold_line(n: int, item: str, quantity: int, price: UnitPrice, **more: object) -> PricedLine:
    discounts = more.pop("discounts", [])
    assert isinstance(discounts, list)
    net = price.amount(quantity) - sum(one.minor for one in discounts)
    rate = more.pop("tax_rate_bp", 1300)
    assert isinstance(rate, int)
    tax = (2 * net * rate + 10_000 + rate) // (2 * (10_000 + rate))
    return PricedLine(
        n=n, item=item, quantity=quantity, price=price, net_minor=net, discounts=discounts, tax_rate_bp=rate,
        tax_minor=tax, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def sale(lines: list[PricedLine] | None = None, **changes: object) -> SaleCompleted:
    lines = lines or [
        sold_line(1, "1001", 1, UnitPrice(6990)),
        sold_line(2, "1002", 1236, UnitPrice(299, 500), unit=Unit.GRAM, tax_rate_bp=900),
        sold_line(3, "1003", 2040, UnitPrice(3998, 1000), unit=Unit.GRAM, tax_rate_bp=900,
                  discounts=[Discount(reason="member_price", minor=816)]),
        sold_line(4, "1004", 12, UnitPrice(250),
                  discounts=[Discount(reason="paper_coupon", minor=100, source="5000123")]),
        sold_line(5, "1005", 3, UnitPrice(500, 3)),
        sold_line(6, "1006", 1, UnitPrice(2800), tax_rate_bp=600),
    ]  # fmt: skip
    total = sum(line.net_minor for line in lines)
    fields: dict[str, object] = {
        "id": UUID(int=AT_MS << 80 | 0x7 << 76 | 0b10 << 62 | 42),
        "store": "s001",
        "till": "t2",
        "cashier": "c07",
        "at_ms": AT_MS,
        "business_date": "2026-01-01",
        "device": make_device_time(AT_MS),
        "receipt": Receipt(series="8k3fq2", number=118, previous=HEAD[:16]),
        "opened_ms": AT_MS - 60_000,
        "priced_ms": AT_MS - 1_000,
        "book": BookReference(version=118, manifest=HEAD[:9], engine=1, zone="Asia/Shanghai"),
        "currency": "CNY",
        "member": MemberOnSale(member=UUID(int=7), tier="gold"),
        "lines": lines,
        "coupons": [PaperCoupon(code="5000123", line=4, supplier_minor=100)],
        "tenders": [
            Tender(method=TenderKind.WECHAT, minor=total - 10_000, reference="4200001234"),
            Tender(method=TenderKind.CASH, minor=10_000, change_minor=5_000),
        ],
        "total_minor": total,
    }
    return SaleCompleted(**{**fields, **changes})  # type: ignore[arg-type]


def facts(*languages: str, **changes: object) -> ReceiptFacts:
    fields: dict[str, object] = {
        "shop": shop(*languages),
        "till_number": 2,
        "cashier_name": "王小红",
        "names": NAMES,
        "customer": Customer(masked_name="张**", tier="金卡", points_before=1204, points_earned=128),
        "head": HEAD,
    }
    return ReceiptFacts(**{**fields, **changes})  # type: ignore[arg-type]


def returned() -> SaleReturned:
    original = sale()
    return SaleReturned(
        id=UUID(int=43), store="s001", till="t2", cashier="c07", at_ms=AT_MS + 60_000, business_date="2025-12-31",
        device=make_device_time(AT_MS), receipt=Receipt(series="8k3fq2", number=119, previous=HEAD[:16]),
        original=original.id, currency="CNY", total_minor=7990, approved_by="m01",
        lines=[
            ReturnedLine(of_line=1, quantity=1, refund_minor=6990, tax_minor=804, reason="quality"),
            ReturnedLine(of_line=4, quantity=4, refund_minor=1000, tax_minor=115),
        ],
        tenders=[Tender(method=TenderKind.CASH, minor=7990)],
        points_taken=79,
    )  # fmt: skip


def voided() -> SaleVoided:
    return SaleVoided(
        id=UUID(int=44), store="s001", till="t2", cashier="c07", at_ms=AT_MS, business_date="2026-01-01",
        device=make_device_time(AT_MS), receipt=Receipt(series="8k3fq2", number=120, previous=HEAD[:16]),
        reason="wrong_goods",
    )  # fmt: skip


def documents() -> dict[str, Document]:
    """Return every document there is a golden of, by name."""
    return {**_of_sales(), **papers.documents()}


def _of_sales() -> dict[str, Document]:
    lines = {line.n: line for line in sale().lines}
    back = {
        language: facts(
            language, original_receipt="8k3fq2-000118", original_lines=lines,
            reasons={"quality": {"en": "Quality", "zh": "质量问题"}},
        )
        for language in ("zh", "en")
    }  # fmt: skip
    later = Customer(masked_name="张**", tier="金卡")
    barred = msgspec.structs.replace(later, collects=False)
    untold = msgspec.structs.replace(returned(), points_taken=None)
    follow = {
        language: {
            f"points_later.{language}": receipt_document(sale(), facts(language, customer=later)),
            f"points_not_now.{language}": receipt_document(sale(), facts(language, customer=barred)),
            f"points_taken_later.{language}": receipt_document(untold, back[language]),
        }
        for language in ("zh", "en")
    }
    nobody = msgspec.structs.replace(sale(), points_promised=128)
    return {
        **follow["zh"],
        **follow["en"],
        "points_of_nobody.zh": receipt_document(nobody, facts("zh", customer=None)),
        "points_of_nobody.en": receipt_document(nobody, facts("en", customer=None)),
        "sale.zh": receipt_document(sale(), facts("zh")),
        "sale.en": receipt_document(sale(), facts("en")),
        "sale.zh-en": receipt_document(sale(), facts("zh", "en")),
        "copy.zh": receipt_document(sale(), facts("zh", copy=2)),
        "copy.en": receipt_document(sale(), facts("en", copy=2)),
        "training.zh": receipt_document(sale(), facts("zh", training=True, head=b"")),
        "training.en": receipt_document(sale(), facts("en", training=True, head=b"")),
        "return.zh": receipt_document(returned(), back["zh"]),
        "return.en": receipt_document(returned(), back["en"]),
        "void.zh": receipt_document(voided(), facts("zh")),
        "void.en": receipt_document(voided(), facts("en")),
    }  # fmt: skip


WIDTHS = (32, 48)
PRINTERS = ("simulated_printer", "zjiang_pos_5890", "epson_tm_t20iii", "epson_tm_u220")


def goldens() -> dict[str, bytes]:
    """Return the content of every golden file by its name."""
    found: dict[str, bytes] = {}
    for name, document in documents().items():
        for width in WIDTHS:
            found[f"{name}.{width}.txt"] = to_text(lay_out(document, width)).encode()
    for model in PRINTERS:
        prints = profile(model).prints
        for name in ("sale.zh", "sale.en"):
            found[f"{name}.{model}.bin"] = to_escpos(lay_out(documents()[name], prints.columns), prints)
    return found


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for file_name, content in goldens().items():
        (HERE / file_name).write_bytes(content)
