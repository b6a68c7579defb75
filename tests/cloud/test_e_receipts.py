"""The page behind a receipt's QR code: what the till printed, without what leads to a person."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from msgspec import structs

from cloud.api.services import Services
from cloud.database import Database
from cloud.e_receipts.reading import e_receipt
from cloud.fleet.models import Agent
from cloud.ingest.desired import desired_document
from cloud.org import stores
from cloud.org.models import Store
from cloud.prices.settings import TillSettings, set_till_settings
from cloud.sales.models import Sale
from shared.pricing import PaperCoupon
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import ReceiptSettings
from shared.wire.events import MemberOnSale, SaleCompleted, Tender, TenderKind
from tests.cloud.apps import api_of
from tests.cloud.calling import call
from tests.cloud.ingesting import Outbox, add_agent, open_store, take_in
from tests.factories import START_MS, make_return, make_sale


def app(database: Database) -> FastAPI:
    services = cast("Services", SimpleNamespace(database=database))
    return api_of(services)


def sold(database: Database) -> SaleCompleted:
    open_store(database)
    sale = make_sale(
        [("1001", 3), ("1003", 1236)],
        coupons=[PaperCoupon(code="c7", line=1, supplier_minor=100)],
        member=MemberOnSale(tier="gold", sealed_card=b"x"),
        method=TenderKind.WECHAT,
    )
    take_in(database, Outbox().add(sale).batch())
    return sale


def test_a_receipt_is_made_again_from_the_books(database: Database) -> None:
    sale = sold(database)
    with database.session() as session:
        set_till_settings(
            session, TillSettings(receipt=ReceiptSettings(legal_name="新联商业管理有限公司", notes=["七天内可退换"]))
        )
        document = e_receipt(session, sale.id, "zh")
    assert document is not None
    text = to_text(lay_out(document, 48))
    for said in (
        "新联商业管理有限公司",
        "七天内可退换",
        "会员价",
        "优惠券",
        "1.236kg x 39.98/kg",
        "微信支付",
        "t1-1-000001",
    ):
        assert said in text
    assert f"{sale.total_minor // 100}.{sale.total_minor % 100:02d}" in text


@pytest.mark.parametrize("reference", ["", "from the system before"])
def test_what_was_exchanged_is_named_by_its_own_receipt(sqlite_database: Database, reference: str) -> None:
    open_store(sqlite_database)
    first, bought = make_sale(), make_sale([("1003", 1236)], number=3)
    back = structs.replace(make_return(first), exchange=bought.id)
    worth = Tender(method=TenderKind.EXCHANGE, minor=bought.total_minor, reference=reference or str(back.id))
    take_in(sqlite_database, Outbox().add(first, back, structs.replace(bought, tenders=[worth])).batch())
    with sqlite_database.snapshot() as session:
        document = e_receipt(session, bought.id, "zh")
    assert document is not None
    assert ("退货单号 t1-1-000002" in to_text(lay_out(document, 48))) == (not reference)


def test_p7_nothing_on_it_leads_to_a_person(database: Database) -> None:
    sale = sold(database)
    answer = call(app(database), "GET", f"/r/{sale.id.hex}")
    assert answer.status_code == 200
    assert "gold" not in answer.text
    assert "积分" not in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_it_speaks_the_customers_language(sqlite_database: Database) -> None:
    sale = sold(sqlite_database)
    made = app(sqlite_database)
    assert "WeChat Pay" in call(made, "GET", f"/r/{sale.id.hex}?lang=en").text
    assert "WeChat Pay" in call(made, "GET", f"/r/{sale.id}", headers={"Accept-Language": "de-CH,de"}).text
    assert "微信支付" in call(made, "GET", f"/r/{sale.id}", headers={"Accept-Language": "zh-CN"}).text


def test_a_company_nobody_has_named_is_called_in_the_receipts_language(sqlite_database: Database) -> None:
    sale = sold(sqlite_database)
    with sqlite_database.session() as session:
        second = Store(id="s009", name="9", time_zone="Asia/Shanghai", currency="CNY", locale="zh", price_zone="z1")
        stores.add_store(session, second, actor="cli:test", now_ms=1)
        session.get_one(Sale, sale.id).legal_entity_id = stores.DEFAULT_ENTITY
        add_agent(session, "a009", "s009")
        agent = session.get_one(Agent, "a009")
        document = desired_document(session, agent, START_MS)
        assert document is not None
        assert document.settings.receipt.legal_name == "连锁总公司", "the till prints in the store's language"
    with sqlite_database.snapshot() as session:
        for language, called in (("en", "The chain"), ("zh", "连锁总公司")):
            document = e_receipt(session, sale.id, language)
            assert document is not None
            assert called in to_text(lay_out(document, 48))


def test_it_obeys_our_own_rule_against_inline_styles(sqlite_database: Database) -> None:
    sale = sold(sqlite_database)
    made = app(sqlite_database)
    page = call(made, "GET", f"/r/{sale.id.hex}").text
    assert "<style" not in page
    assert 'href="receipt.css"' in page
    assert call(made, "GET", "/r/receipt.css").headers["content-type"].startswith("text/css")


def test_a_receipt_still_on_its_way_says_so(sqlite_database: Database) -> None:
    open_store(sqlite_database)
    answer = call(app(sqlite_database), "GET", f"/r/{UUID(int=5).hex}", headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert "尚未上传到总部" in answer.text
    assert '<meta name="viewport"' in answer.text
    assert answer.headers["Refresh"] == "20", "it looks again by itself"
    assert call(app(sqlite_database), "GET", "/r/nothing").status_code == 422
