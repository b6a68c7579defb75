"""What a member sees of what they bought: receipts, what came back of them, and the points they brought."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session

from cloud.beside.moving import Place, Till
from cloud.beside.undoing import Part
from cloud.database import Database
from cloud.database.transactions import in_transaction
from tests.cloud.member_page_data import FAMILY, Phone, Shop, a_member, bought, open_shop
from tests.cloud.members_data import CARD, OTHER_CARD, shown, take, vault
from tests.factories import START_MS, make_return, make_sale


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


@pytest.fixture
def member(shop: Shop) -> UUID:
    return a_member(shop)


def test_a_receipt_is_shown_to_its_buyer_alone(shop: Shop, member: UUID) -> None:
    (sale,) = bought(shop, 1)
    a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    other = Phone(shop)
    other.sign_in(FAMILY)
    assert other.get(f"/me/receipts/{sale}").status_code == 404
    assert str(sale) not in other.get("/me/receipts").text
    assert other.get("/me/receipts/nothing").status_code == 422


def test_a_receipt_says_what_came_back_of_it(shop: Shop, member: UUID) -> None:
    sale = make_sale([("1001", 2)], number=1, store="s001", member=shown(CARD), at_ms=START_MS - 60_000)
    take(shop.database, [sale, make_return(sale, [(1, 1)], number=2)])
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    for path in ("/me/receipts", f"/me/receipts/{sale.id}"):
        assert re.search(r"已退 ￥\d", phone.get(path).text), path


def test_receipts_of_other_tills_stand_between_ours(shop: Shop, member: UUID) -> None:
    """Twenty-two in all: what was told of stands by its time, on either page, with what came back of it."""
    bought(shop, 20)
    clock = START_MS - 30_000
    till = Till(vault(), "maker-x", clock, clock)
    at = Place(store="s001", till="k2", receipt="old-000123")

    def told(session: Session) -> None:
        till.earn(session, "e", member, 12_345, at).require()
        till.spend(session, "s", member, 50, at).require()
        till.undo(session, "r", "e", Part(minor=2_345), at).require()
        till.undo(session, "b", "s", Part(points=10), at).require()
        early = Till(vault(), "maker-x", START_MS - 3_600_000, clock)
        early.earn(session, "first", member, 100, Place(store="s001")).require()

    in_transaction(shop.database, told)
    phone = Phone(shop)
    phone.sign_in()
    for language, words in (
        ("zh", ("小票号 old-000123", "￥123.45", "已退 ￥23.45", "获得 100 积分", "使用 40 积分")),
        ("en", ("No. old-000123", "￥123.45", "￥23.45 came back", "100 points earned", "40 points spent")),
    ):
        page = phone.get(f"/me/receipts?language={language}").text
        assert [word for word in words if word not in page] == [], language
        in_order = re.findall(r"old-000123|/me/receipts/[0-9a-f-]{36}", page)
        assert in_order.index("old-000123") == 1, "by its time: after the newest of ours"
        older = re.search(r'href="(/me/receipts\?before=\d+)"', page)
        assert older is not None
        assert "￥1.00" in phone.get(older.group(1)).text


def test_whoever_holds_the_paper_reads_it_without_signing_in(shop: Shop, member: UUID) -> None:
    (sale,) = bought(shop, 1)
    stranger = Phone(shop, "zh-CN")
    answer = stranger.get(f"/r/{sale.hex}")
    assert (answer.status_code, "t1-1-000001" in answer.text, "李" in answer.text) == (200, True, False)
    assert stranger.get("/r/receipt.css").headers["content-type"].startswith("text/css")
    assert stranger.get(f"/r/{UUID(int=5).hex}").status_code == 404


def test_receipts_go_on_page_by_page(shop: Shop, member: UUID) -> None:
    sales = bought(shop, 45)
    phone, seen, path = Phone(shop), "", "/me/receipts"
    phone.sign_in()
    for _ in range(3):
        page = phone.get(path).text
        seen += page
        path = page.partition('href="/me/receipts?before=')[2].partition('"')[0]
        path = f"/me/receipts?before={path}"
    assert all(seen.count(f"/me/receipts/{sale}") == 1 for sale in sales)
    assert path.endswith("before=")


def test_points_go_on_page_by_page_and_lead_to_their_receipts(shop: Shop, member: UUID) -> None:
    sales = bought(shop, 45)
    phone, seen, path = Phone(shop), "", "/me/points"
    phone.sign_in()
    for left in (True, False):
        page = phone.get(path).text
        seen += page
        older = re.search(r'href="(/me/points\?before=\d+)#history"', page)
        assert (older is not None) == left
        path = older.group(1) if older else ""
    assert all(seen.count(f"/me/receipts/{sale}") == 1 for sale in sales)
    assert phone.get(f"/me/points?before={2**63}").status_code == 422
