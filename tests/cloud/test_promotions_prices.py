"""Price changes and labels at the console: pasted, checked, approved, published, taken back."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.identity.people import Role
from cloud.org.models import Store
from cloud.prices import changes
from cloud.prices.books import StoreBooks
from cloud.prices.models import PriceDraft
from cloud.promotions.trying import book_now
from tests.cloud.console_data import console
from tests.cloud.promotions_data import a_chain
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS

ROWS = "zone\titem\tregular\tmember\nz1\t1001\t4.50\t4.00\nz1\t1002\t10.00\t\nz1\t1003\t6.90\t"


@pytest.fixture
def marketer(database: Database) -> Visitor:
    a_chain(database)
    for name, role in (("ana", Role.MARKETER), ("bo", Role.MARKETER), ("eve", Role.AUDITOR), ("root", Role.ADMIN)):
        make_person(database, name, role)
    return signed(database, "ana")


def signed(database: Database, name: str) -> Visitor:
    visitor = Visitor(console(database))
    visitor.enter(name)
    return visitor


def started(visitor: Visitor, targets: str = "all") -> str:
    chosen = {"all_stores": "yes"} if targets == "all" else {"store_chosen": targets.removeprefix("store:")}
    return str(visitor.send("/prices/changes", {"title": "Week 12", **chosen}).headers["location"])


def test_stores_are_chosen_by_name_and_none_is_refused_in_words(database: Database, marketer: Visitor) -> None:
    listed = marketer.get("/prices/changes").text
    assert 'name="store_chosen" value="s1"' in listed
    refused = marketer.send("/prices/changes", {"title": "Week 12"})
    assert (refused.status_code, "Choose all stores, groups" in refused.text) == (200, True)
    place = started(marketer, "store:s1")
    with database.snapshot() as session:
        name = session.get_one(Store, "s1").name
    assert f"· {name}" in marketer.get(place).text
    assert "store:s1</p>" not in marketer.get(place).text
    assert f'href="{place}"' in marketer.get("/prices/changes").text
    marketer.language = "zh"
    assert "· 全部门店" in marketer.get(started(marketer)).text
    with database.session() as session:
        for draft in session.exec(select(PriceDraft)):
            draft.created_by = "token:erp"
            session.add(draft)
    assert "令牌 erp" in marketer.get("/prices/changes").text, "a program is no person"


def test_a_price_book_opens_what_it_came_of(marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    marketer.send(f"{place}/publish", {"reason": "week 12"})
    assert f'<a href="{place}">Week 12</a>' in marketer.get("/prices").text


def price_of(database: Database, store: str, item: str = "1001") -> int:
    with database.snapshot() as session:
        book = book_now(session, StoreBooks(), store, START_MS)
        price = book.price(item) if book else None
        assert price is not None
        return price.regular_minor


def test_rows_are_pasted_checked_published_and_taken_back(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    bad = marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone\titem\tregular\nz1\t1001\tcheap"}).text
    assert "Nothing was taken" in bad
    assert "row 2" in bad
    marketer.language = "zh"
    again = marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone\titem\tregular\nz1\t1001\tcheap"}).text
    assert "“cheap”不是金额；请填写金额" in again
    assert (
        "缺少此列；请补上此列" in marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone\titem\nz1\t1"}).text
    )
    marketer.language = "en"
    assert "no table" not in marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS}).text
    page = marketer.get(place).text
    for fact in ("Week 12: 3 prices", "4.50", "-10.0%", "below cost", "members 4.00"):
        assert fact in page, fact
    assert marketer.send(f"{place}/publish", {"reason": "week 12"}).status_code == 303
    assert (price_of(database, "s1"), price_of(database, "s3")) == (450, 500)
    assert "price book 2" in marketer.get(place).text
    assert marketer.send(f"{place}/stop", {"reason": "typo"}).status_code == 303
    assert price_of(database, "s1") == 500
    assert "no longer a draft" in marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS}).text


def test_what_waits_is_withdrawn(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    assert "already past" in marketer.send(f"{place}/publish", {"activates": "2020-01-01T06:00"}).text
    assert marketer.send(f"{place}/publish", {"activates": "2026-03-01T06:00"}).status_code == 303
    assert marketer.send(f"{place}/stop", {"reason": "typo"}).status_code == 303
    assert "is not published" in marketer.send(f"{place}/stop", {"reason": "again"}).text


def test_a_store_prints_the_labels_it_has_to_change(database: Database, marketer: Visitor) -> None:
    own = started(marketer, "store:s2")
    marketer.send(f"{own}/rows", {"kind": "overrides", "rows": "store,item,regular\ns2,1001,4.80"})
    marketer.send(f"{own}/publish")
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    with database.session() as session:
        draft = place.rpartition("/")[2]
        found = {
            store: [(one.item.item, one.price.regular_minor, one.was_minor)
                    for one in changes.labels(session, draft, session.get_one(Store, store), START_MS)]
            for store in ("s1", "s2", "s3")
        }  # fmt: skip
    assert found == {"s1": [("1001", 450, 500), ("1002", 1000, 1299)], "s2": [("1002", 1000, 1299)], "s3": []}
    page = marketer.get(f"{place}/labels/s1").text
    for fact in ("2 labels to change in Store 1", "苹果", "4.50", "members 4.00", "was 5.00"):
        assert fact in page, fact
    assert "no label to change" in marketer.get(f"{place}/labels/s3").text
    assert marketer.get(f"{place}/labels/nowhere").status_code == 404


def test_a_second_person_and_roles_count_here_too(database: Database, marketer: Visitor) -> None:
    signed(database, "root").send("/promotions/second-person", {"needed": "yes"})
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    assert "A second person has to approve it first." in marketer.send(f"{place}/publish").text
    assert "Who wrote it cannot approve it." in marketer.send(f"{place}/approve").text
    eve = signed(database, "eve")
    for act in ("rows", "approve", "publish", "stop", "discard", "clone"):
        assert eve.send(f"{place}/{act}", {"rows": ROWS}).status_code == 403, act
    assert signed(database, "bo").send(f"{place}/approve", {"reason": "fine"}).status_code == 303
    assert marketer.send(f"{place}/publish").status_code == 303


def test_a_clone_has_the_same_rows(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    other = str(marketer.send(f"{place}/clone").headers["location"])
    assert other != place
    assert "Week 12: 3 prices" in marketer.get(other).text
    marketer.send(f"{place}/discard")
    assert re.search(r"discarded", marketer.get("/prices/changes").text)
    with database.session() as session:
        assert session.get_one(PriceDraft, other.rpartition("/")[2]).created_by == "person:ana"
