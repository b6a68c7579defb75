"""What a till makes of a scan: labels, batches, dates, recalls, payment codes, members' telephones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.disk import agent_row
from edge_agent.hq.reported import read_reported
from edge_agent.till.results import LineAdded, LineChanged, MemberAttached, Paid, Refused
from edge_agent.till.scanning import tally
from shared.codes import LabelFormat, Recall, ScanContext, check_digit
from shared.codes.member_code import make_member_code
from shared.money import UnitPrice
from shared.pricing import Item, Price, Unit
from shared.pricing.price_list import Barcode
from shared.wire.events import TenderKind
from tests.edge.tills import MemoryBooks, Store, opened_store, till_book
from tests.factories import START_MS

PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
GTIN = "09506000134352"
HAM, EGGS, CHEESE = "2001", "2002", "2003"
LABELS = [
    LabelFormat(name="amount", pattern="21IIIIIAAAAAC"),
    LabelFormat(name="weight", pattern="22IIIIIWWWWWC", weight_unit="jin"),
    LabelFormat(name="both", pattern="24IIIIIAAAAAWWWWWC"),
]
# 39.80 a kilogram, members 35.80; eggs 5.00 a piece; cheese 12.00 a pack.
BOOK = till_book(
    items={
        HAM: Item(item=HAM, names={"en": "Ham", "zh": "火腿"}, receipt_name="Ham", unit=Unit.GRAM),
        EGGS: Item(item=EGGS, names={"en": "Eggs", "zh": "鸡蛋"}, receipt_name="Eggs"),
        CHEESE: Item(
            item=CHEESE,
            names={"en": "Cheese", "zh": "奶酪"},
            receipt_name="Cheese",
            barcodes=[Barcode("9506000134352")],
        ),
    },
    i2001=Price(item=HAM, regular_minor=3980, member_minor=3580, basis=1000),
    i2002=Price(item=EGGS, regular_minor=500),
    i2003=Price(item=CHEESE, regular_minor=1200),
)


def label(prefix: str, item: str, *fields: int) -> str:
    body = prefix + item.zfill(5) + "".join(f"{field:05}" for field in fields)
    return body + str(check_digit(body))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, books=MemoryBooks(BOOK)) as opened:
        set_(opened, labels=LABELS, member_code_keys=[PUBLIC])
        yield opened


def set_(store: Store, **fields: Any) -> None:
    store.settings = msgspec.structs.replace(store.settings, **fields)


async def added(store: Store, text: str) -> LineAdded:
    answer = await store.till().scan(text)
    assert isinstance(answer, LineAdded), answer
    return answer


async def refusal(store: Store, text: str, context: ScanContext = ScanContext.GOODS) -> Refused:
    answer = await store.till().scan(text, context)
    assert isinstance(answer, Refused), answer
    return answer


async def test_a_label_with_an_amount_costs_what_it_says(store: Store) -> None:
    """314 g come to 12.50 by the book and the label says 12.51: the customer has the label in hand."""
    answer = await added(store, label("21", HAM, 1251))
    assert answer.measure is None
    assert (answer.line.quantity, answer.line.net_minor, answer.total_minor) == (314, 1251, 1251)
    assert answer.line.price == UnitPrice(1251, 314)
    assert answer.line.gross_minor == 1251


async def test_a_label_with_a_weight_is_priced_by_the_book(store: Store) -> None:
    answer = await added(store, label("22", HAM, 2000))  # 2.000 斤
    assert (answer.line.quantity, answer.line.net_minor, answer.line.price) == (1000, 3980, UnitPrice(3980, 1000))


async def test_a_label_with_both_is_checked(store: Store) -> None:
    answer = await added(store, label("24", HAM, 1250, 314))
    assert (answer.line.quantity, answer.line.net_minor) == (314, 1250)
    old = await refusal(store, label("24", HAM, 1100, 314))
    assert (old.code, old.detail) == ("label_price_old", "1100 1250")
    assert "秤" in old.words.zh


async def test_a_member_pays_the_members_price_also_for_a_label(store: Store) -> None:
    till = store.till()
    await till.attach_card("8800000001")
    answer = await till.scan(label("21", HAM, 1251))
    assert isinstance(answer, LineAdded)
    assert answer.line.net_minor == UnitPrice(3580, 1000).amount(314)


async def test_a_label_is_weighed_again_and_then_costs_what_the_book_says(store: Store) -> None:
    till = store.till()
    await till.scan(label("21", HAM, 1251))
    answer = await till.weigh(500)
    assert isinstance(answer, LineChanged)
    assert answer.line.net_minor == 1990


async def test_a_label_survives_a_restart_and_is_sold(store: Store) -> None:
    await added(store, label("21", HAM, 1251))
    paid = await store.till().tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert paid.total_minor == 1251


async def test_pieces_of_a_label(store: Store) -> None:
    answer = await added(store, label("21", EGGS, 1500))
    assert (answer.line.quantity, answer.line.net_minor) == (3, 1500)
    assert (await refusal(store, label("21", EGGS, 1600))).code == "label_price_old"
    assert (await refusal(store, label("22", EGGS, 500))).code == "label_wrong_unit"


async def test_labels_that_cannot_be_sold(store: Store) -> None:
    assert (await refusal(store, label("21", "2999", 1251))).code == "unknown_item"
    assert (await refusal(store, label("22", HAM, 0))).code == "label_no_measure"
    wrong = label("21", HAM, 1251)
    assert (await refusal(store, wrong[:-1] + str((int(wrong[-1]) + 1) % 10))).code == "label_check_digit"
    assert await store.till().view() is None, "a refusal opens no basket"


async def test_goods_past_their_date_are_refused_in_words(store: Store) -> None:
    # the store's business day is 2026-01-01 in Shanghai
    assert isinstance(await store.till().scan(f"01{GTIN}1726010110B1"), LineAdded)
    expired = await refusal(store, f"01{GTIN}1725123010B1")
    assert expired.code == "expired"
    assert expired.words.zh == "过期 2 天。"
    assert expired.words.next_zh.startswith("请更换商品")
    assert expired.words.en == "This expired 2 day(s) ago."
    assert (await refusal(store, f"https://id.gs1.org/01/{GTIN}?17=251231")).words.zh == "过期 1 天。"
    assert (await refusal(store, f"01{GTIN}16251231")).code == "past_sell_by"


async def test_a_recalled_batch_is_refused_and_another_sold(store: Store) -> None:
    set_(store, recalls=[Recall(gtin="9506000134352", batch="B1", reason="glass")])
    answer = await refusal(store, f"01{GTIN}10B1")
    assert (answer.code, answer.detail) == ("recalled", "B1 glass")
    assert isinstance(await store.till().scan(f"01{GTIN}10B2"), LineAdded)
    assert isinstance(await store.till().scan("9506000134352"), LineAdded)
    set_(store, recalls=[Recall(item=CHEESE)])
    assert (await refusal(store, "9506000134352")).code == "recalled"
    set_(store, recalls=[Recall(item=HAM)])
    assert (await refusal(store, label("21", HAM, 1251))).code == "recalled"


async def test_weight_in_a_gs1_code_of_a_variable_item(store: Store) -> None:
    ham = BOOK.items[HAM]
    items = {HAM: msgspec.structs.replace(ham, barcodes=[Barcode("9506000134352")]), CHEESE: BOOK.items[EGGS]}
    store.books.add(till_book(2, items=items, i2001=BOOK.prices[HAM]))
    answer = await added(store, f"01{GTIN}3103000500")
    assert (answer.line.item, answer.line.quantity, answer.line.net_minor) == (HAM, 500, 1990)


async def test_a_payment_code_among_goods_says_what_to_do(store: Store) -> None:
    answer = await refusal(store, "134567890123456789")
    assert answer.code == "payment_code_early"
    assert "134567890123456789" not in repr(answer), "its digits move money"


async def test_what_is_scanned_for_something_else_is_refused(store: Store) -> None:
    assert (await refusal(store, "9506000134352", ScanContext.PAYMENT_CODE)).code == "not_a_payment_code"
    assert (await refusal(store, "9506000134352", ScanContext.MEMBER_CARD)).code == "not_a_card"


async def test_a_members_telephone_attaches_the_member(store: Store) -> None:
    now_s = START_MS // 1000
    code = make_member_code("8800000001", now_s, 60, PRIVATE)
    assert isinstance(await store.till().scan(code), MemberAttached)
    late = make_member_code("8800000001", now_s - 1000, 60, PRIVATE)
    assert (await refusal(store, late)).code == "member_code_too_old"
    set_(store, member_code_keys=[])
    assert (await refusal(store, code)).code == "member_code_unknown_key"


async def test_a_member_s_code_is_judged_by_hq_s_time_and_not_by_the_till_s_own(store: Store) -> None:
    hq_s = (START_MS + 3_600_000) // 1000
    code = make_member_code("8800000001", hq_s, 60, PRIVATE)
    assert isinstance(await store.till().scan(code), Refused)
    await store.database.run(lambda db: agent_row.note_hq_time(db, 3_600_000, START_MS))
    assert isinstance(await store.till().scan(code), MemberAttached)


async def test_what_is_remarkable_about_labels_is_counted_and_told_to_head_office(store: Store, tmp_path: Path) -> None:
    """Three of seven labels on vendors' pages have a wrong check digit: whoever ignores it should know how often."""
    set_(store, labels=[LabelFormat(name="loose", pattern="24IIIIIAAAAAWWWWWC", check="ignore")])
    right = label("24", HAM, 1250, 314)
    await added(store, right)
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    await added(store, wrong)
    await added(store, wrong)
    assert (await refusal(store, label("24", HAM, 1100, 314))).code == "label_price_old"
    found = await store.database.read(tally.counts)
    assert [(one.format, one.finding, one.times) for one in found] == [
        ("loose", "check_ignored", 2),
        ("loose", "label_price_old", 1),
    ]
    for _ in range(8):
        store.business.set(store.business.now_ms() + 86_400_000)
        assert (await refusal(store, label("24", HAM, 1100, 314))).code == "label_price_old"
    told = (await store.database.read(lambda db: read_reported(db, tmp_path, []))).labels
    assert [(one.format, one.finding, one.times) for one in told] == [("loose", "label_price_old", 1)] * 7
    assert [one.business_date for one in told] == sorted({one.business_date for one in told}, reverse=True)
