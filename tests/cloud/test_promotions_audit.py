"""Promotions at HQ: rows checked as they come, priced again from a sale's record as the till priced it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.prices.books import StoreBooks
from cloud.prices.content import RowError, encode_row
from cloud.prices.drafts import DraftRow
from cloud.pricing_audit.comparing import audit
from cloud.pricing_audit.models import Verdict
from cloud.pricing_audit.records import sales_of
from cloud.sales.models import SalePricing
from shared.body import BodyKind
from shared.pricing import (
    BasketLine,
    Choice,
    Counter,
    Coupon,
    MemberFacts,
    Per,
    PointsOffer,
    PricingContext,
    facts_of,
    price_basket,
    uses_of,
)
from shared.pricing.kinds import (
    CouponOff,
    ExtraPoints,
    NForPrice,
    PercentOff,
    PointsRedemption,
    SpendAndGet,
)
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Limit, Promotion, Who
from shared.wire.events import MemberOnSale, SaleCompleted
from tests.cloud.members_data import CARD, join, open_chain, take
from tests.cloud.prices_data import found_chain, item, price, publish_rows, report
from tests.factories import MANIFEST, START_MS, ZONE, make_price_book, make_sale

RULES = [
    NForPrice(promotion="three", n=3, price_minor=1200),
    PercentOff(promotion="vip", off_bp=1000, who=Who(segments=["vip"])),
    SpendAndGet(
        promotion="spend", steps=[Step(at_minor=1000, off_minor=100)], limits=[Limit(per=Per.STORE, minor=500)]
    ),
    CouponOff(promotion="five", off_minor=500),
    PointsRedemption(promotion="redeem", points=100, worth_minor=100),
    ExtraPoints(promotion="extra", points=7),
]
CONTEXT = PricingContext(
    at_ms=START_MS,
    time_zone=ZONE,
    member=MemberFacts(tier="gold", segments=["vip"], birthday_month=5, purchases=3),
    store="s001",
    till_kind="staffed",
    counters=[Counter("spend", Per.STORE, 4, 430)],
    coupons=[Coupon("k1", "five", START_MS)],
    choices=[Choice("none", ["1001"])],
    points=PointsOffer(250, 200),
)


def sold(context: PricingContext = CONTEXT) -> SaleCompleted:
    """Return a sale as a till makes it of these promotions."""
    book = make_price_book(promotions=RULES)
    lines = [BasketLine(n=1, item="1001", quantity=4), BasketLine(n=2, item="1002", quantity=2)]
    priced = price_basket(lines, book, context)
    sale = make_sale([("1001", 4), ("1002", 2)], book=book)
    tender = msgspec.structs.replace(sale.tenders[0], minor=priced.total_minor)
    return msgspec.structs.replace(
        sale, lines=priced.lines, total_minor=priced.total_minor, tenders=[tender], pricing=facts_of(context),
        promotions=uses_of(priced), priced_ms=context.at_ms,
    )  # fmt: skip


def test_p4_a_sale_under_promotions_is_priced_again_to_the_same_lines(database: Database) -> None:
    open_chain(database)
    member = MemberOnSale(member=join(database, [CARD]), tier="gold")
    sale = msgspec.structs.replace(sold(), member=member)
    take(database, [sale])
    book = make_price_book(promotions=RULES)
    book.hash = (MANIFEST + bytes(16)).hex()  # type: ignore[attr-defined]
    with database.snapshot() as session:
        ((record,),) = sales_of(session, [1, 2])
        assert record.context == CONTEXT
        found = audit(record, book)  # type: ignore[arg-type]
        assert (found.verdict, found.differences) == (Verdict.SAME, ())
        (row,) = session.execute(select(table_of(SalePricing)))
    uses = {use.promotion: use for use in sale.promotions}
    assert [use[0] for use in msgspec.json.decode(row.uses)] == list(uses)
    assert (uses["five"].coupon, uses["redeem"].spent_points, uses["extra"].points) == ("k1", 200, 7)


def test_p4_without_its_facts_the_sale_would_not_price_the_same(database: Database) -> None:
    open_chain(database)
    sale = msgspec.structs.replace(
        sold(), pricing=None, member=MemberOnSale(member=join(database, [CARD]), tier="gold")
    )
    take(database, [sale])
    book = make_price_book(promotions=RULES)
    book.hash = (MANIFEST + bytes(16)).hex()  # type: ignore[attr-defined]
    with database.snapshot() as session:
        ((record,),) = sales_of(session, [1, 2])
        assert audit(record, book).verdict is Verdict.DIFFERS  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "lie",
    [{"points": 10**9}, {"multiplier_bp": 90_000, "base_minor": 1}, {"issues": ["next"] * 9}, {"spent_points": 0}],
)
def test_p6_what_a_till_gives_beside_money_is_priced_again_too(sqlite_database: Database, lie: dict[str, Any]) -> None:
    """An agent that lies about its promotions gives itself points and coupons: people hear of it the same minute."""
    open_chain(sqlite_database)
    sale = sold()
    place = 0 if "spent_points" not in lie else [use.promotion for use in sale.promotions].index("redeem")
    uses = [
        *sale.promotions[:place],
        msgspec.structs.replace(sale.promotions[place], **lie),
        *sale.promotions[place + 1 :],
    ]
    member = MemberOnSale(member=join(sqlite_database, [CARD]), tier="gold")
    assert not take(sqlite_database, [msgspec.structs.replace(sale, member=member, promotions=uses)])
    book = make_price_book(promotions=RULES)
    book.hash = (MANIFEST + bytes(16)).hex()  # type: ignore[attr-defined]
    with sqlite_database.snapshot() as session:
        ((record,),) = sales_of(session, [1, 2])
        found = audit(record, book)  # type: ignore[arg-type]
    assert (found.verdict, [one.field for one in found.differences]) == (Verdict.DIFFERS, ["promotions"])


def promotion_row(rule: Promotion) -> DraftRow:
    """Return a draft's row for a promotion."""
    row = encode_row(BodyKind.PROMOTIONS, rule.promotion, rule)
    return DraftRow(BodyKind.PROMOTIONS, "chain", rule.promotion, row)


def test_hq_prices_by_the_promotions_of_each_version(database: Database) -> None:
    def total(session: Session, books: StoreBooks, version: int) -> int:
        book = books.book(session, "s1", version)
        assert book is not None
        lines = [BasketLine(n=1, item="1", quantity=3)]
        return price_basket(lines, book, PricingContext(at_ms=START_MS, time_zone=ZONE)).total_minor

    with database.session() as session:
        found_chain(session)
        for store in ("s1", "s2", "s3"):
            report(session, f"{store}-a", engine=2)
        rule = NForPrice(promotion="three", n=3, price_minor=1200)
        versions = [
            publish_rows(session, [item("1"), price("1", 500)]).version,
            publish_rows(session, [promotion_row(rule)]).version,
            publish_rows(session, [promotion_row(msgspec.structs.replace(rule, price_minor=900))]).version,
            publish_rows(session, [DraftRow(BodyKind.PROMOTIONS, "chain", "three", None)]).version,
        ]
    books = StoreBooks()
    with database.snapshot() as session:
        assert [total(session, books, version) for version in versions] == [1500, 1200, 900, 1500]
        second = books.book(session, "s1", versions[1])
        other = books.book(session, "s2", versions[1])
        assert second is not None
        assert other is not None
        assert second.promotions() is other.promotions()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"kind": "lottery", "promotion": "x"}, "unknown to engine level"),
        ({"promotion": "x"}, "kind"),
        ({"kind": "percent_off", "promotion": "x"}, "off_bp"),
        ({"kind": "percent_off", "promotion": "x", "off_bp": 10_001}, "1 to 10000"),
        ({"kind": "percent_off", "promotion": "x", "off_bp": 500, "off_pb": 1}, "off_pb"),
        ({"kind": "percent_off", "promotion": "x", "off_bp": 500, "engine": 99}, "the level HQ itself has"),
        ({"kind": "percent_off", "promotion": "x", "off_bp": 500, "payers": {"chain": 1}}, "10000 basis points"),
        ({"kind": "percent_off", "promotion": "x", "off_bp": 500, "when": {"hours": [["8", "9"]]}}, "HH:MM"),
        ({"kind": "percent_off", "promotion": "y", "off_bp": 500}, "names 'y'"),
    ],
)
def test_a_row_no_till_could_price_by_is_refused_at_hq(content: dict[str, object], said: str) -> None:
    with pytest.raises(RowError, match=said):
        encode_row(BodyKind.PROMOTIONS, "x", content)
