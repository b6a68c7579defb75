"""Single prices of a price change at the console: an item found, its prices typed, changed again, taken out; files."""

from __future__ import annotations

import re

import httpx
import pytest

from cloud.database import Database
from cloud.identity.people import Role
from cloud.prices.drafts import draft_changes
from cloud.prices.finding import find_items
from shared.body import BodyKind
from shared.pricing import Price
from tests.cloud.prices_data import publish_rows
from tests.cloud.promotions_data import a_chain, row
from tests.cloud.test_promotions_prices import signed, started
from tests.cloud.visiting import Visitor, make_person, mark_on
from tests.factories import make_item


@pytest.fixture
def marketer(sqlite_database: Database) -> Visitor:
    a_chain(sqlite_database)
    make_person(sqlite_database, "ana", Role.MARKETER)
    make_person(sqlite_database, "eve", Role.AUDITOR)
    return signed(sqlite_database, "ana")


def drafted(database: Database, place: str) -> dict[tuple[str, str, str], bytes | None]:
    with database.snapshot() as session:
        found = draft_changes(session, place.rpartition("/")[2])
    return {(str(kind), scope, key): row for (kind, scope), rows in found.items() for key, row in rows.items()}


def upload(visitor: Visitor, path: str, content: bytes, fields: dict[str, str]) -> httpx.Response:
    given = {"mark": mark_on(visitor.get("/search")), **fields}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in given.items()
    ]
    parts.append(
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{content.decode()}\r\n--x--'
    )
    return visitor.ask("POST", path, "".join(parts), **{"Content-Type": "multipart/form-data; boundary=x"})


@pytest.mark.parametrize(
    ("typed", "found"),
    [("1002", ["1002"]), ("milk", ["1002"]), ("ＭＩＬＫ  1", ["1002"]), ("奶", ["1002", "1003"]),
     ("100", ["1001", "1002", "1003"]), ("nothing like it", []), ("", []), (" ", []), ('"', [])],
)  # fmt: skip
def test_items_are_found_as_people_type_them(
    marketer: Visitor, sqlite_database: Database, typed: str, found: list[str]
) -> None:
    with sqlite_database.snapshot() as session:
        assert sorted(one.item for one in find_items(session, typed)) == found


def test_the_best_fit_stands_first(sqlite_database: Database, marketer: Visitor) -> None:
    del marketer
    more = [make_item("77", name="Oat Milk"), make_item("1002x", name="Cocoa")]
    with sqlite_database.session() as session:
        publish_rows(session, [row(BodyKind.ITEMS, "chain", one) for one in more])
        assert [one.item for one in find_items(session, "milk")] == ["1002", "77"], "a name that begins so"
        assert [one.item for one in find_items(session, "1002")] == ["1002", "1002x"], "this very number"


def test_an_items_prices_are_typed_changed_and_taken_out(sqlite_database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    assert (
        f'href="{place}?item=1002#item"' in marketer.get(f"/prices/items?q=milk&draft={place.rpartition('/')[2]}").text
    )
    assert "No item fits" in marketer.get("/prices/items?q=zzz&draft=x").text
    opened = marketer.get(f"{place}?item=1002").text
    for fact in ("Milk 1 l", "Costs 12.00", "zone z1: Store 1, Store 2", "12.99, not below 11.00", 'value="12.99"'):
        assert fact in opened, fact
    typed = {"item": "1002", "regular:prices:z1": "11.50", "member:prices:z1": "", "regular:prices:z2": "12.99"}
    assert marketer.send(f"{place}/item", typed).headers["location"].endswith("#changes")
    kept = Price(item="1002", regular_minor=1150, floor_minor=1100)
    assert drafted(sqlite_database, place) == {("prices", "z1", "1002"): row(BodyKind.PRICES, "z1", kept).row}, (
        "z2 stays"
    )
    page = marketer.get(place).text
    for fact in ("1 price", "11.50", "below cost", f"{place}?item=1002", "Take out"):
        assert fact in page, fact
    store = {"item": "1002", "store": "s1", "regular:overrides:s1": "10.00", "member:overrides:s1": "9.50"}
    marketer.send(f"{place}/item", {**store, "regular:prices:z1": "11.50"})
    assert ("overrides", "s1", "1002") in drafted(sqlite_database, place)
    assert '<td data-title="Zone or store">Store 1</td>' in marketer.get(place).text
    out = {"kind": "overrides", "scope": "s1", "item": "1002"}
    assert marketer.send(f"{place}/remove", out).status_code == 303
    assert list(drafted(sqlite_database, place)) == [("prices", "z1", "1002")]
    marketer.send(f"{place}/item", {"item": "1002", "regular:prices:z1": "12.99"})
    assert drafted(sqlite_database, place) == {}, "the price that counts already is no change"


def test_what_is_odd_is_pointed_out_and_the_change_is_had_as_a_file(marketer: Visitor) -> None:
    place = started(marketer)
    rows = "zone,item,regular,member\nz1,1001,50.00,\nz1,1003,6.90,7.00"
    taken = marketer.send(f"{place}/rows", {"kind": "prices", "rows": rows}).text
    for fact in ("2 rows were taken. Look at these again:", "members would pay more", "members pay more", "large step",
                 "Look at 2 prices again"):  # fmt: skip
        assert fact in taken, fact
    assert "Look at" not in marketer.get(started(marketer)).text
    marketer.send(f"{place}/rows", {"kind": "overrides", "rows": "store,item,regular\ns1,1002,12.00"})
    page = marketer.get(place).text
    assert re.search(r"12\.99[^%]*as its zone[^%]*12\.00[^%]*-7\.6%", page), "beside what the store sells it for now"
    marketer.language = "zh"
    file = marketer.get(f"{place}/as-file?kind=overrides&form=csv")
    assert file.content.decode("utf-8-sig").splitlines()[0].startswith("门店,商品,中文名,售价,会员价")
    assert f"{place}/as-file?kind=overrides&amp;form=csv" in page


def test_what_waits_is_not_what_counts_now_and_is_said(sqlite_database: Database, marketer: Visitor) -> None:
    with sqlite_database.session() as session:
        spring = Price(item="1001", regular_minor=800, member_minor=700)
        publish_rows(session, [row(BodyKind.PRICES, "z1", spring)], at="2026-03-01T06:00:00", title="Spring")
    place = started(marketer)
    assert "5.00" in re.split("New price", marketer.get(f"{place}?item=1001").text.partition("zone z1")[2])[0]
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1001,5.50"})
    assert drafted(sqlite_database, place) == {
        ("prices", "z1", "1001"): row(BodyKind.PRICES, "z1", Price(item="1001", regular_minor=550)).row
    }, "no member price of what waits"
    for act in ("", "publish"):
        if act:
            assert marketer.send(f"{place}/{act}").status_code == 303
        page = marketer.get(place).text
        assert re.search(r"5\.00[^%]*5\.50[^%]*\+10\.0%", page)
        assert "1 price here is also changed from 2026-03-01 06:00:00 on (store time), by what waits:" in page
        assert ">Spring</a>" in page
    marketer.language = "zh"
    assert "另有 1 个价格将由待生效的调价单修改" in marketer.get(place).text


def test_a_stores_own_price_can_go(sqlite_database: Database, marketer: Visitor) -> None:
    with sqlite_database.session() as session:
        publish_rows(session, [row(BodyKind.OVERRIDES, "s1", Price(item="1001", regular_minor=450))])
    place = started(marketer)
    assert "only Store 1" in marketer.get(f"{place}?item=1001").text
    marketer.send(f"{place}/item", {"item": "1001", "regular:overrides:s1": "4.50", "gone:overrides:s1": "yes"})
    assert drafted(sqlite_database, place) == {("overrides", "s1", "1001"): None}
    page = marketer.get(place).text
    assert re.search(r"4\.50[^%]*5\.00[^%]*as its zone[^%]*\+11\.1%", page)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1001,5.40"})
    page = marketer.get(place).text
    assert re.search(r"4\.50[^%]*5\.40[^%]*as its zone[^%]*\+20\.0%", page), "the zone's new price, where it has one"


def test_what_cannot_be_is_said_at_its_field_and_nothing_is_taken(sqlite_database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    wrong = marketer.send(
        f"{place}/item", {"item": "1001", "regular:prices:z1": "4", "regular:prices:z2": "cheap"}
    ).text
    assert 'value="cheap" aria-invalid="true"' in wrong
    assert "is not an amount" in wrong
    assert 'value="4"' in wrong, "what was typed stays"
    assert drafted(sqlite_database, place) == {}
    assert "There is no item 9." in marketer.get(f"{place}?item=9").text
    assert "There is no item 9." in marketer.send(f"{place}/item", {"item": "9"}).text
    eve = signed(sqlite_database, "eve")
    assert "Take these prices" not in eve.get(f"{place}?item=1001").text
    assert eve.send(f"{place}/item", {"item": "1001"}).status_code == 403


def test_a_file_is_taken_as_pasted_rows_are(sqlite_database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    content = b"zone,item,regular\nz1,1001,4.50\n"
    assert upload(marketer, f"{place}/file", content, {"kind": "prices"}).headers["location"].endswith("#changes")
    assert list(drafted(sqlite_database, place)) == [("prices", "z1", "1001")]
    assert "Choose a file first." in upload(marketer, f"{place}/file", b"", {"kind": "prices"}).text
    assert (
        "Nothing was taken"
        in upload(marketer, f"{place}/file", b"zone,item,regular\nz9,1001,1\n", {"kind": "prices"}).text
    )


def test_who_typed_a_price_into_anothers_draft_is_not_its_second_person(
    sqlite_database: Database, marketer: Visitor
) -> None:
    for name, role in (("bo", Role.MARKETER), ("cy", Role.MARKETER), ("root", Role.ADMIN)):
        make_person(sqlite_database, name, role)
    signed(sqlite_database, "root").send("/promotions/second-person", {"needed": "yes"})
    place, bo = started(marketer), signed(sqlite_database, "bo")
    bo.send(f"{place}/item", {"item": "1001", "regular:prices:z1": "4.50"})
    for writer in (bo, marketer):
        assert f'action="{place}/approve"' not in writer.get(place).text
        assert "Who wrote it cannot approve it." in writer.send(f"{place}/approve").text
    assert signed(sqlite_database, "cy").send(f"{place}/approve").status_code == 303
