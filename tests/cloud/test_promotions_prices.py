"""Price changes and labels at the console: pasted, checked, approved, published, taken back."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from sqlmodel import select

from cloud import audit
from cloud.database import Database
from cloud.identity.people import Role
from cloud.org.models import Store
from cloud.prices import labels
from cloud.prices.books import StoreBooks
from cloud.prices.models import PriceDraft
from cloud.promotions import previewing
from cloud.promotions.previewing import Previewing
from cloud.promotions.trying import book_now
from tests.cloud.console_data import CLOCK, console
from tests.cloud.prices_data import report
from tests.cloud.promotions_data import a_chain, sell
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
    listed = marketer.get("/prices/changes").text
    assert f'href="{place}"' in listed
    assert f">{name}</td>" in listed
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
    page = marketer.get(place).text
    for fact in ("price book 2", "Before", "5.00", "-10.0%"):
        assert fact in page, f"{fact}: what it replaced, not what counts now"
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

    def told() -> dict[str, list[tuple[str, int, int | None]]]:
        with database.session() as session:
            draft = place.rpartition("/")[2]
            return {
                store: [(one.item.item, one.price.regular_minor, one.was_minor)
                        for one in labels.labels(session, draft, session.get_one(Store, store), START_MS)]
                for store in ("s1", "s2", "s3")
            }  # fmt: skip

    by_category = {"s1": [("1002", 1000, 1299), ("1001", 450, 500)], "s2": [("1002", 1000, 1299)], "s3": []}
    assert told() == by_category
    page = marketer.get(f"{place}/labels/s1").text
    for fact in (
        "2 labels to change in Store 1",
        "苹果",
        "￥4.50",
        "members ￥4.00",
        "was ￥5.00",
        'class="labels"',
    ):
        assert fact in page, fact
    assert 'class="labels roll"' in marketer.get(f"{place}/labels/s1?form=roll").text
    assert "no label to change" in marketer.get(f"{place}/labels/s3").text
    assert marketer.get(f"{place}/labels/nowhere").status_code == 404
    marketer.send(f"{place}/publish")
    assert told() == by_category, "once in force, they still say what was there before"
    dearer = started(marketer)
    marketer.send(f"{dearer}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1001,9.00"})
    assert "was" not in re.sub("<[^>]*>", "", marketer.get(f"{dearer}/labels/s1").text), (
        "no customer is told it was less"
    )


def test_a_second_person_and_roles_count_here_too(database: Database, marketer: Visitor) -> None:
    signed(database, "root").send("/promotions/second-person", {"needed": "yes"})
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    assert "A second person has to approve it first." in marketer.send(f"{place}/publish").text
    assert "Who wrote it cannot approve it." in marketer.send(f"{place}/approve").text
    eve = signed(database, "eve")
    acts = ("rows", "preview", "cancel-preview", "ask", "approve", "send-back", "publish", "stop", "discard", "clone")
    for act in acts:
        assert eve.send(f"{place}/{act}", {"rows": ROWS}).status_code == 403, act
    bo = signed(database, "bo")
    assert marketer.send(f"{place}/ask", {"reason": "for Friday"}).status_code == 303
    assert 'href="/prices/changes?status=asked"' in bo.get("/").text
    assert place in bo.get("/prices/changes?status=asked").text
    assert bo.send(f"{place}/send-back", {"reason": "too dear"}).status_code == 303
    assert "too dear" in marketer.get(place).text
    marketer.send(f"{place}/ask")
    (seen,) = set(re.findall(r'name="seen" value="([0-9a-f]+)"', bo.get(place).text))
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS.replace("4.50", "4.60")})
    assert place not in bo.get("/prices/changes?status=asked").text, "written anew, it waits for nobody"
    assert "Somebody changed it since" in bo.send(f"{place}/approve", {"seen": seen}).text
    assert bo.send(f"{place}/approve", {"reason": "fine"}).status_code == 303
    assert place in bo.get("/prices/changes?status=approved").text
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


def test_taking_one_change_back_leaves_what_others_changed_since(database: Database, marketer: Visitor) -> None:
    own = started(marketer, "store:s2")
    marketer.send(f"{own}/rows", {"kind": "overrides", "rows": "store,item,regular\ns2,1001,4.80"})
    marketer.send(f"{own}/publish")
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    marketer.send(f"{place}/publish", {"reason": "week 12"})
    since = started(marketer)
    marketer.send(f"{since}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1002,11.00"})
    marketer.send(f"{since}/publish")
    assert marketer.send(f"{place}/stop", {"reason": "typo"}).status_code == 303
    assert {item: price_of(database, "s1", item) for item in ("1001", "1002", "1003")} == {
        "1001": 500, "1002": 1100, "1003": 690,
    }  # fmt: skip
    assert price_of(database, "s2") == 480, "what the store set itself was never part of it"
    page = marketer.get(place).text
    back = re.search(r'href="(/prices/changes/[^"]+)">what came back', page)
    assert back is not None
    other = marketer.get(back[1]).text
    for fact in ("Week 12: 1 price<", "4.50", "5.00", "+11.1%", f'href="{place}"'):
        assert fact in other, fact
    assert "1 label to change in Store 1" in marketer.get(f"{back[1]}/labels/s1").text
    with database.snapshot() as session:
        act = next(one for one in audit.latest(session) if one.action == "prices.take_back")
    assert (act.actor, act.reason) == ("person:ana", "typo")
    assert act.detail == "Week 12; rows restored: 1"
    assert "is not published" in marketer.send(f"{place}/stop", {"reason": "again"}).text


def test_stores_that_sold_by_different_prices_get_their_own_back(database: Database, marketer: Visitor) -> None:
    pilot = started(marketer, "store:s1")
    marketer.send(f"{pilot}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1001,4.90"})
    marketer.send(f"{pilot}/publish")
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    marketer.send(f"{place}/publish")
    assert (price_of(database, "s1"), price_of(database, "s2")) == (450, 450)
    assert marketer.send(f"{place}/stop", {"reason": "typo"}).status_code == 303
    assert (price_of(database, "s1"), price_of(database, "s2")) == (490, 500)


def test_it_is_watched_till_by_till(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    marketer.send(f"{place}/publish")
    page = marketer.get(place).text
    assert "0 of 2 tills sell by it" in page, "store 3 sells by another zone"
    with database.session() as session:
        report(session, "s1-a", engine=2, version=2)
    assert "1 of 2 tills sell by it" in marketer.get(place).text
    marketer.send(f"{place}/stop", {"reason": "typo"})
    assert "1 till still sells by what is taken back." in marketer.get(place).text
    with database.session() as session:
        report(session, "s1-a", engine=2, version=3)
    assert "It is on no till any more." in marketer.get(place).text


def test_new_prices_are_tried_on_real_baskets(database: Database, marketer: Visitor) -> None:
    sell(database, "s1", [("1001", 4)], [("1002", 2), ("1001", 1)], [("1003", 1)])
    place = started(marketer)
    rows = "zone,item,regular\nz1,1001,4.50\nz1,1002,10.00\nz1,1003,6.90\nz2,1001,1.00"
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": rows})
    assert marketer.send(f"{place}/preview", {"weeks": "2"}).headers["location"] == f"{place}#preview"
    assert "Cancel the try" in marketer.get(place).text
    job = Previewing(database, CLOCK, UUID(int=1))
    while job():
        pass
    with database.snapshot() as session:
        found = previewing.tally_of(previewing.newest(session, place.rpartition("/")[2])[0])
    assert found is not None
    assert (found.baskets, found.touched, found.unpriced) == (3, 2, 0)
    # 20.00, 30.98 and 6.90 before; 18.00, 24.50 and 6.90 after
    assert (found.before_minor, found.after_minor) == (5788, 4940)
    assert found.margin_before_minor - found.margin_after_minor == 848
    assert (found.below_cost_items, found.below_floor_items) == ({"1002": 1}, {"1002": 1})
    assert [one.before_minor - one.after_minor for one in found.examples] == [648, 200]
    page = marketer.get(place).text
    for fact in ("-8.48", "Below cost: Milk 1 l (1002)", "Below the lowest price: Milk 1 l (1002)", "30.98 → 24.50"):
        assert fact in page, fact
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": "zone,item,regular\nz1,1003,7.00"})
    assert "the draft has changed since" in marketer.get(place).text


def test_a_try_of_prices_is_cancelled(database: Database, marketer: Visitor) -> None:
    sell(database, "s1", [("1001", 4)])
    place = started(marketer)
    assert "It changes nothing." in marketer.send(f"{place}/preview", {"weeks": "2"}).text
    marketer.send(f"{place}/rows", {"kind": "prices", "rows": ROWS})
    assert "Choose between 1 and 13 weeks." in marketer.send(f"{place}/preview", {"weeks": "99"}).text
    marketer.send(f"{place}/preview", {"weeks": "2"})
    marketer.send(f"{place}/cancel-preview")
    assert "cancelled" in marketer.get(place).text
    assert not Previewing(database, CLOCK, UUID(int=1))()
