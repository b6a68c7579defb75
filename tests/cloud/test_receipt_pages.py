"""What stands on a receipt's page and in "Why this price?" in words: what people decided, promotions, coupons."""

from __future__ import annotations

import msgspec

from cloud.database import Database
from cloud.identity.people import Role
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.models import StoreManifest
from cloud.store_days import policies
from shared.adjustments import PriceChange, RoundOff, adjust
from shared.body import BodyKind
from shared.money import UnitPrice
from shared.pricing import BasketLine, Coupon, PricingContext, facts_of, price_basket, uses_of
from shared.pricing.kinds import CouponOff
from shared.wire.events import MANIFEST_BYTES
from shared.wire.policies import Reason, TillPolicies
from tests.cloud.calling import call
from tests.cloud.console_data import console
from tests.cloud.ingesting import Outbox, take_in
from tests.cloud.prices_data import publish_rows
from tests.cloud.promotions_data import ITEMS, PRICES, a_chain
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, ZONE, MemoryPriceBook, make_sale


def test_a_price_changed_by_hand_is_explained_and_still_right(sqlite_database: Database) -> None:
    """4 apples at 5.00, a dented tin set from 12.99 to 9.00, and 5 cents dropped by the store's rule."""
    a_chain(sqlite_database)
    book = MemoryPriceBook(1, ITEMS, PRICES)
    with sqlite_database.session() as session:
        proof = bytes.fromhex(session.get_one(StoreManifest, (1, "s1")).hash)[:MANIFEST_BYTES]
        reason = Reason(code="dented", words={"en": "Dented tin", "zh": "罐身变形"})
        content = msgspec.json.encode(TillPolicies(override_reasons=[reason]))
        policies.set_policies(session, content, store="s1", actor="test", now_ms=0)
    lines = [BasketLine(n=1, item="1001", quantity=4), BasketLine(n=2, item="1002", quantity=1)]
    priced = price_basket(lines, book, PricingContext(at_ms=START_MS, time_zone=ZONE))
    change = PriceChange(line=2, price=UnitPrice(900), reason="dented", by="c1", approved_by="sue")
    changed = adjust(priced, [change], RoundOff(minor=5))
    total = sum(line.net_minor for line in changed.priced.lines)
    assert total == 2_895
    sale = make_sale([("1001", 4), ("1002", 1)], book=book, store="s1", series="s1-9", manifest=proof)
    sale = msgspec.structs.replace(
        sale, lines=changed.priced.lines, adjustments=changed.adjustments, total_minor=total,
        tenders=[msgspec.structs.replace(sale.tenders[0], minor=total)],
    )  # fmt: skip
    assert take_in(sqlite_database, Outbox("s1-a").add(sale).batch())
    app = console(sqlite_database)
    for place in (f"/sales/{sale.id}", f"/sales/{sale.id}/why"):
        page = call(app, "GET", place, headers={"Accept-Language": "en"}).text
        for fact in ("28.95", "Price changed · line 2 · −3.99 · Dented tin", "cashier c1 · approved by sue",
                     "Rounding · −0.05", "the store&#39;s rule"):  # fmt: skip
            assert fact in page, (place, fact)
        assert "dented" not in page, "a code is for programs"
        chinese = call(app, "GET", place, headers={"Accept-Language": "zh"}).text
        assert "改价 · 第 2 行 · −3.99 · 罐身变形" in chinese
    why = call(app, "GET", f"/sales/{sale.id}/why", headers={"Accept-Language": "en"}).text
    assert "The price is right" in why
    assert "12.99" in why, "what the book says"
    assert '<span class="amount">9.00</span>' not in why, "cents are dropped from every line"


def test_promotions_are_called_by_name_and_a_coupon_by_its_end(sqlite_database: Database) -> None:
    a_chain(sqlite_database)
    rule = CouponOff(promotion="five", off_minor=500, names={"en": "Five off", "zh": "减五元"})
    with sqlite_database.session() as session:
        rows = [DraftRow(BodyKind.PROMOTIONS, "chain", "five", encode_row(BodyKind.PROMOTIONS, "five", rule))]
        publish_rows(session, rows)
    book = MemoryPriceBook(2, ITEMS, PRICES, [rule])
    context = PricingContext(at_ms=START_MS, time_zone=ZONE, coupons=[Coupon("6RKANXC8459C7", "five", START_MS)])
    priced = price_basket([BasketLine(n=1, item="1001", quantity=4)], book, context)
    sale = make_sale([("1001", 4)], book=book, store="s1", series="s1-9")
    sale = msgspec.structs.replace(
        sale, lines=priced.lines, total_minor=1_500, promotions=uses_of(priced), pricing=facts_of(context),
        tenders=[msgspec.structs.replace(sale.tenders[0], minor=1_500)],
    )  # fmt: skip
    assert take_in(sqlite_database, Outbox("s1-a").add(sale).batch())
    app = console(sqlite_database)
    for name, role in (("ana", Role.MARKETER), ("eve", Role.AUDITOR)):
        make_person(sqlite_database, name, role)
    ana, eve = Visitor(app), Visitor(app)
    ana.enter("ana")
    eve.enter("eve")
    page = eve.get(f"/sales/{sale.id}").text
    assert "−5.00 Coupon · Five off" in page
    assert "…59C7 Five off" in page
    assert "6RKANXC8459C7" not in page, "whoever may not hand codes out sees their ends"
    assert 'href="/coupons/codes/6RKANXC8459C7"' in ana.get(f"/sales/{sale.id}").text
    assert "Five off" in eve.get("/").text
    eve.language = "zh"
    assert "优惠券 · 减五元" in eve.get(f"/sales/{sale.id}").text
