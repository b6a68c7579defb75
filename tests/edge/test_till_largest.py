"""The largest sale a till lets happen fits the wire, and one that would not never comes to be: nothing is stuck."""

from __future__ import annotations

import random
import sqlite3
import string
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.record import outbox
from edge_agent.record.outbox import EventTooLarge
from edge_agent.till import baskets, desk
from edge_agent.till.changes import AnyChange, CouponGiven, LineRung, TenderGiven
from edge_agent.till.results import Begun, Paid, PartlyPaid, Refused
from edge_agent.till.till import Till
from shared.codes import MAX_ITEM_CHARACTERS
from shared.pricing import Price
from shared.pricing.price_list import Barcode
from shared.wire.events import MemberOnSale, SaleCompleted, Tender, TenderKind, decode_event
from shared.wire.messages import Batch, decode_uplink, encode_message
from tests.edge.tills import CARD, MemoryBooks, MemoryTillBook, Store, opened_store
from tests.factories import AGENT, make_item, make_sale, make_swipe, new_id

DICE = random.Random(5)
LETTERS = string.ascii_letters + string.digits + string.punctuation
CODES = [f"{DICE.randrange(10**14):014}" for _ in range(desk.MAX_LINES)]
ITEMS = ["".join(DICE.choices(string.ascii_lowercase + string.digits, k=32)) for _ in CODES]


def text(characters: int) -> str:
    return "".join(DICE.choices(LETTERS, k=characters))


def largest_book() -> MemoryTillBook:
    """Items with the longest ids and codes, each taxed and priced in a way of its own."""
    items = [
        make_item(item, barcodes=["123456", Barcode(code)], tax_rate_bp=DICE.randrange(1, 9999))
        for item, code in zip(ITEMS, CODES, strict=True)
    ]
    prices = [
        Price(item=item, regular_minor=DICE.randrange(10**7, 10**8), member_minor=DICE.randrange(10**6, 10**7))
        for item in ITEMS
    ]
    return MemoryTillBook(1, items, prices)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, books=MemoryBooks(largest_book())) as store:
        yield store


async def filled(store: Store, till: Till, *, lines: int, coupons: int = 0, tenders: int = 0) -> None:
    """Open a basket that holds so much, written as the till would have stored it."""
    begun = await till.begin()
    assert isinstance(begun, Begun)
    await till.attach_card(CARD)
    at_ms = store.business.now_ms()
    changes: list[AnyChange] = [
        LineRung(at_ms=at_ms, item=item, quantity=DICE.randrange(5000, 9999), code=code)
        for item, code in zip(ITEMS[:lines], CODES, strict=False)
    ]
    changes += [
        CouponGiven(
            at_ms=at_ms,
            line=n % lines + 1,
            code=text(desk.MAX_COUPON_CHARACTERS),
            supplier_minor=DICE.randrange(10**6),
            chain_minor=DICE.randrange(10**6),
        )
        for n in range(coupons)
    ]
    changes += [
        TenderGiven(
            at_ms=at_ms,
            tender=Tender(
                method=TenderKind.OTHER, minor=1, reference=text(desk.MAX_REFERENCE_CHARACTERS), attempt=new_id()
            ),
        )
        for _ in range(tenders)
    ]

    def fill(db: sqlite3.Connection) -> None:
        basket = baskets.load_open(db, till.id)
        assert basket is not None
        baskets.pin(db, basket, 1)
        for change in changes:
            baskets.add(db, basket, change)

    await store.database.run(fill)


def code_of(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


async def test_largest_sale_fits_the_wire_and_travels(store: Store) -> None:
    till = store.till()
    till.cashier = text(64)
    await filled(store, till, lines=desk.MAX_LINES, coupons=desk.MAX_COUPONS, tenders=desk.MAX_TENDERS - 1)
    paid = await till.tender(TenderKind.CASH, reference=text(desk.MAX_REFERENCE_CHARACTERS))
    assert isinstance(paid, Paid)
    found = await store.database.read(lambda db: outbox.take(db, 2, 100, 256 * 1024))
    assert found is not None
    (content,) = found.events
    batch = Batch(
        id=new_id(), agent=AGENT, connection=new_id(), at_ms=1, sent_ms=1, epoch=new_id(),
        first=found.first, previous=found.previous, events=[msgspec.Raw(content)],
    )  # fmt: skip
    arrived = decode_uplink(encode_message(batch))
    assert isinstance(arrived, Batch)
    sale = decode_event(bytes(arrived.events[0]))
    assert isinstance(sale, SaleCompleted)
    assert (len(sale.lines), len(sale.coupons), len(sale.tenders)) == (1000, 500, 100)
    assert sum(len(line.discounts) for line in sale.lines) >= 2000


async def test_a_basket_has_its_limits_in_words(store: Store) -> None:
    till = store.till()
    await filled(store, till, lines=desk.MAX_LINES, coupons=desk.MAX_COUPONS - 1)
    assert code_of(await till.scan("123456")) == "basket_full"
    assert code_of(await till.coupon("", 1)) == "coupon_code"
    assert code_of(await till.coupon("x" * (desk.MAX_COUPON_CHARACTERS + 1), 1)) == "coupon_code"
    assert not isinstance(await till.coupon("x" * desk.MAX_COUPON_CHARACTERS, 1), Refused)
    assert code_of(await till.coupon("x", 1)) == "coupons_full"
    assert code_of(await till.tender(TenderKind.OTHER, reference="x" * 129)) == "tender_reference"
    assert MAX_ITEM_CHARACTERS <= desk.MAX_COUPON_CHARACTERS, "a coupon that can be scanned can be taken"


async def test_last_part_of_the_money_has_to_pay_all(store: Store) -> None:
    till = store.till()
    await filled(store, till, lines=2, tenders=desk.MAX_TENDERS - 2)
    assert isinstance(await till.tender(TenderKind.OTHER, 1), PartlyPaid)
    assert code_of(await till.tender(TenderKind.OTHER, 1)) == "tenders_full"
    assert isinstance(await till.tender(TenderKind.OTHER), Paid)


async def test_an_event_that_could_never_be_sent_never_comes_to_be(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = DICE.randbytes(300_000)
    too_large = make_swipe(MemberOnSale(sealed_card=noise))
    with pytest.raises(EventTooLarge):
        await store.database.run(lambda db: outbox.append(db, too_large, 1))
    endless = make_sale(store="s" * 5_000_000)
    with pytest.raises(EventTooLarge):
        await store.database.run(lambda db: outbox.append(db, endless, 1))
    till = store.till()
    await filled(store, till, lines=1)
    with monkeypatch.context() as narrow:
        # No basket within the till's own limits is too large, so the wire is made narrower than they allow for.
        for limit in ("MAX_OPENED_BYTES", "MAX_COMPRESSED_BYTES"):
            narrow.setattr(outbox.codec, limit, outbox._ENVELOPE_BYTES + 100)
        assert code_of(await till.tender(TenderKind.CASH)) == "basket_too_large"
    assert isinstance(await till.tender(TenderKind.CASH), Paid), (
        "the basket is still there, and nothing waits before it"
    )
