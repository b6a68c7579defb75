"""The console's pages of gifts, prize draws, expiry and rebates: acted on by those who may, refused with words."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.coupons.models import Coupon
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.pictures.fitting import fit
from cloud.rewards import checking, draw_pages
from cloud.rewards.models import Gift, GiftOrder, GiftPicture, GiftStock, Pickup, Run, Ticket
from tests.cloud.members_data import vault
from tests.cloud.picture_files import drawn, png_that_says
from tests.cloud.rewards_data import Mall
from tests.cloud.visiting import mark_on
from tests.factories import START_MS, new_id

PNG = drawn()
DAY_MS = 24 * 3600 * 1000
DRAW = {
    "name_en": "Spring", "points": "20", "prize_1_en": "Mug", "stock_1": "3", "weight_1": "1", "worth_1": "59.90",
    "prize_2_en": "Points", "stock_2": "9", "weight_2": "9", "worth_2": "1", "points_2": "50", "nothing": "90",
}  # fmt: skip


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    return Mall(sqlite_database)


def left(mall: Mall, gift: str, store: str = "s001") -> int:
    with mall.database.session() as session:
        return session.get_one(GiftStock, (gift, store)).left


def test_a_gift_from_its_form_to_the_counter(database: Database) -> None:
    mall = Mall(database)
    ana, sue = mall.person(), mall.person("sue")
    made = ana.send("/rewards/gifts", {"name_zh": "马克杯", "name_en": "Mug", "points": "100", "hold_days": "14"})
    place = made.headers["location"]
    gift = place.removeprefix("/rewards/gifts/")
    assert "No store has any yet" in ana.get(place).text
    delivery = {"store": "s001", "delta": "20", "reason": "delivery 7"}
    assert ana.send(f"{place}/stock", delivery).headers["location"] == place
    ana.send(f"{place}/stock", {**delivery, "delta": "-3", "reason": "broken"})
    assert "has fewer than that" in ana.send(f"{place}/stock", {**delivery, "delta": "-18"}).text
    assert "say why" in ana.send(f"{place}/stock", {**delivery, "reason": ""}).text
    assert "such as 20" in ana.send(f"{place}/stock", {**delivery, "delta": "many"}).text
    assert left(mall, gift) == 17
    li = mall.member(250)
    code = str(mall.order(gift, li).require()["code"])
    page = ana.get(place).text
    for fact in ("16 left in the stores", "waits to be fetched", "delivery 7", str(li)[-8:]):
        assert fact in page, fact
    assert "1 waits to be fetched" in ana.get("/rewards/gifts").text
    assert "This lies in another store." in sue.send("/rewards/hand-over", {"code": code, "store": "s002"}).text
    assert "misread or mistyped" in sue.send("/rewards/hand-over", {"code": "PXXXXXXX0", "store": "s001"}).text
    assert "Handed over: Mug" in sue.send("/rewards/hand-over", {"code": code.lower(), "store": "s001"}).text
    assert "This was handed over already." in sue.send("/rewards/hand-over", {"code": code, "store": "s001"}).text
    changed = {"name_en": "Big mug", "points": "120", "hold_days": "7", "reason": "dearer"}
    ana.send(f"{place}/change", changed)
    assert "not offered" in ana.get(place).text
    assert mall.order(gift, li).code == "gift_closed"
    with mall.database.session() as session:
        acts = {row.action for row in session.exec(select(AuditEntry)) if row.actor.startswith("person:")}
    assert {"gift.create", "gift.stock", "gift.change", "pickup.hand_over"} <= acts
    mall.books.prove()


def test_an_order_is_cancelled_for_a_reason_and_its_points_go_back(mall: Mall) -> None:
    li, order = mall.member(250), new_id()
    mall.gift(left=1)
    mall.order("mug", li, order)
    sue = mall.person("sue")
    path = f"/rewards/orders/{order}"
    assert "say why" in sue.send(f"{path}/cancel").text
    assert sue.send(f"{path}/cancel", {"reason": "moved away"}).headers["location"] == path
    assert "cancelled, points back" in sue.get(path).text
    assert (left(mall, "mug"), mall.books.points(li)) == (1, 250)
    assert mall.person().send(f"{path}/cancel", {"reason": "x"}).status_code == 403
    mall.books.prove()


def test_what_nobody_fetches_in_time_goes_back_by_itself(database: Database) -> None:
    mall = Mall(database)
    li, order = mall.member(250), new_id()
    mall.gift(left=1)
    mall.order("mug", li, order)
    mall.work()
    assert left(mall, "mug") == 0
    mall.business_ms = START_MS + 17 * DAY_MS
    mall.clock.advance(120_000)
    mall.work()
    assert (left(mall, "mug"), mall.books.points(li)) == (1, 250)
    with mall.database.session() as session:
        assert session.exec(select(GiftOrder)).one().state == "cancelled"
        assert session.exec(select(Pickup)).one().state == "ended"
    mall.books.prove()


def test_a_picture_is_looked_at_before_it_is_kept(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    mall.gift()
    ana = mall.person()
    mark = mark_on(ana.get("/rewards/gifts/mug"))

    def upload(content: bytes, mark: str = mark) -> httpx.Response:
        request = httpx.Request(
            "POST", "http://x", data={"mark": mark}, files={"picture": ("a.png", content, "image/png")}
        )
        kind = request.headers["Content-Type"]
        text = request.read().decode("latin-1")
        return ana.ask("POST", "/rewards/gifts/mug/picture", text.encode("latin-1"), **{"Content-Type": kind})  # type: ignore[arg-type]

    assert upload(PNG).headers["location"] == "/rewards/gifts/mug"
    shown = ana.get("/rewards/gifts/mug/picture")
    assert (shown.content, shown.headers["content-type"]) == (fit(PNG), "image/webp")
    assert "no picture we can show" in upload(b"<svg onload='x'>").text
    assert "more than 25 million pixels" in upload(png_that_says(60_000, 60_000)).text, "a bomb is never unpacked"
    taken = drawn("JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00 somewhere in Hangzhou")
    upload(taken)
    assert b"Hangzhou" not in ana.get("/rewards/gifts/mug/picture").content, "pixels are kept, and nothing else"
    assert upload(bytes(9 * 1024**2)).status_code == 413
    assert upload(PNG, mark="0").status_code == 403
    with mall.database.session() as session:
        assert len(session.exec(select(GiftPicture)).all()) == 1


def test_many_tickets_are_replayed_when_somebody_asks(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_pages, "_MOST_AT_ONCE", 3)
    mall.draw(points=0)
    for _ in range(4):
        mall.enter(new_id())
    ana = mall.person()
    page = ana.get("/rewards/draws/spring").text
    assert "replayed and the same" not in page
    assert 'href="?replay=all"' in page
    assert "4 tickets, every one of them replayed" in ana.get("/rewards/draws/spring?replay=all").text


def test_a_draw_says_its_odds_while_it_is_typed_and_is_checked_after(mall: Mall) -> None:
    ana, li = mall.person(), mall.member(1_000)
    says = ana.send("/rewards/draws/says", DRAW, page="/rewards/draws/new").text
    for fact in ("1 / 100", "9 / 100", "90 / 100", "59.90", "50 points"):
        assert fact in says, fact
    place = ana.send("/rewards/draws", DRAW, page="/rewards/draws/new").headers["location"]
    draw = place.removeprefix("/rewards/draws/")
    for _ in range(9):
        assert mall.enter(li, draw=draw).code == ""
    page = ana.get(place).text
    assert "9 tickets, every one of them replayed and the same." in page
    assert "The seed is shown when the draw has ended" in page
    assert "say why" in ana.send(f"{place}/end").text
    assert ana.send(f"{place}/end", {"reason": "June"}).headers["location"] == place
    assert mall.enter(li, draw=draw).code == "draw_ended"
    with mall.database.session() as session:
        assert checking.check_draw(session, vault(), draw).holds
        session.execute(update(table_of(Ticket)).where(table_of(Ticket).c.number == 4).values(prize="prize-1"))
    page = ana.get(place).text
    assert "something does not hold." in page
    assert "Not so: 4" in page
    rows = ana.get(f"{place}?export=csv&table=tickets").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 10
    assert str(li)[-8:] not in "".join(rows)


@pytest.mark.parametrize("path", ["/rewards/draws/says", "/rewards/draws"])
def test_a_draw_that_cannot_be_is_refused_in_words(sqlite_database: Database, path: str) -> None:
    mall = Mall(sqlite_database)
    ana, root = mall.person(), mall.person("root")
    wrong = (
        ({"worth_1": "50000.01"}, "more than the law allows"),
        ({"worth_1": "-1"}, "an amount such as 59.90"),
        ({"weight_1": "0"}, "Weight: a whole number from 1 on."),
        ({"prize_1_en": "", "prize_2_en": ""}, "Name one prize at least."),
        ({"name_en": ""}, "Say what the draw is called"),
        ({"starts": "2026-02-01", "ends": "2026-01-01"}, "does not end before it starts"),
    )
    for changed, said in wrong:
        assert said in ana.send(path, {**DRAW, **changed}, page="/rewards/draws/new").text, changed
    assert ana.send("/rewards/draws/cap", {"most": "60000", "reason": "lawyer"}).status_code == 403
    root.send("/rewards/draws/cap", {"most": "60000", "reason": "new law, lawyer confirmed"})
    assert "60,000.00" in ana.get("/rewards/draws").text
    refused = ana.send(path, {**DRAW, "worth_1": "60000.01"}, page="/rewards/draws/new")
    assert "more than the law allows" in refused.text


def run_page(mall: Mall, name: str, path: str, fields: dict[str, str]) -> str:
    place = str(mall.person(name).send(path, fields, page="/rewards/runs").headers["location"])
    mall.work()
    return place


def test_an_expiry_is_worked_out_approved_by_another_posted_and_reversed(database: Database) -> None:
    mall = Mall(database)
    li = mall.member()
    mall.books.give(li, 70, expires_on=date(2025, 12, 31))
    mall.books.give(li, 30, expires_on=date(2026, 3, 1))
    ana, bo = mall.person(), mall.person("bo")
    assert "1 lot with 70 points is past its last day." in ana.get("/rewards/runs").text
    run = run_page(mall, "ana", "/rewards/runs/expiry", {"today": "2026-01-01", "reason": "yearly"})
    page = ana.get(run).text
    for fact in ("Expiry on 2026-01-01: 1 item", "valid before 2025-12-31", "yearly", "You worked it out"):
        assert fact in page, fact
    assert "does not approve it" in ana.send(f"{run}/approve").text
    assert "Somebody else has to approve it first." in bo.send(f"{run}/start").text
    bo.send(f"{run}/approve", {"reason": "checked"})
    assert "70 points go from 1 lot," in bo.get(run).text
    ana.send(f"{run}/start")
    mall.work()
    assert mall.books.points(li) == 30
    assert "approved by bo" in ana.get(run).text
    assert "nothing is past its last day" in ana.get("/rewards/runs").text
    bo.send(f"{run}/reverse", {"reason": "wrong day"})
    mall.work()
    assert mall.books.points(li) == 100
    assert "reversed by bo" in ana.get(run).text
    mall.books.prove()


def test_a_rebate_whose_points_are_spent_says_so_and_leaves_debts_only_by_force(mall: Mall) -> None:
    li = mall.member(1_000)
    ana, bo = mall.person(), mall.person("bo")
    for wrong in ({"rate": "1.555"}, {"rate": "x"}, {"rate": "0"}, {"rate": "5", "year": "MMXXV"}):
        fields = {"year": "2025", "on": "points", **wrong}
        assert ana.send("/rewards/runs/rebate", fields, page="/rewards/runs").status_code == 200, wrong
    fields = {"year": "2025", "on": "points", "rate": "2.5", "at_least": "1000", "expires_on": "2027-01-01"}
    run = run_page(mall, "ana", "/rewards/runs/rebate", fields)
    assert "1 member gets 25 points." not in ana.get(run).text
    bo.send(f"{run}/approve")
    assert "1 member gets 25 points." in bo.get(run).text
    bo.send(f"{run}/start")
    mall.work()
    assert mall.books.points(li) == 1_025
    mall.books.capture(mall.books.hold(li, 1_025), 1_025)
    bo.send(f"{run}/reverse", {"reason": "twice"})
    mall.work()
    assert "Some of what it gave is spent, or set aside" in ana.get(run).text
    bo.send(f"{run}/reverse", {"reason": "twice", "force": "yes"})
    mall.work()
    with mall.database.session() as session:
        assert session.get_one(Run, UUID(run.rpartition("/")[2])).state == "reversed"
    mall.books.prove()


def test_who_only_reads_changes_nothing(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    mall.gift()
    mall.draw()
    li, order = mall.member(500), new_id()
    mall.order("mug", li, order)
    run = run_page(mall, "ana", "/rewards/runs/expiry", {"today": "2026-01-01"})
    eve = mall.person("eve")
    posts = (
        "/rewards/gifts", "/rewards/hand-over", "/rewards/gifts/mug/change", "/rewards/gifts/mug/stock",
        "/rewards/gifts/mug/picture", f"/rewards/orders/{order}/cancel", "/rewards/draws", "/rewards/draws/says",
        "/rewards/draws/cap", "/rewards/draws/spring/end", "/rewards/runs/expiry", "/rewards/runs/rebate",
        *(f"{run}/{act}" for act in ("approve", "start", "cancel", "reverse")),
    )  # fmt: skip
    for path in posts:
        assert eve.send(path).status_code == 403, path
    for path in ("/rewards/gifts", "/rewards/gifts/mug", f"/rewards/orders/{order}", "/rewards/draws",
                 "/rewards/draws/spring", "/rewards/runs", run):  # fmt: skip
        page = eve.get(path)
        assert page.status_code == 200, path
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page.text)
        assert set(forms) <= {"/sign-out"}, path


def test_a_form_that_is_sent_twice_is_done_once(mall: Mall) -> None:
    mall.gift(left=1)
    mall.batch("codes")
    ana = mall.person()
    batch = {"title": "Spring", "promotion_other": "off10", "kind": "codes", "starts": "2026-01-01",
             "ends": "2026-01-31", "most": "50", "codes": "3"}  # fmt: skip
    for path, fields in (
        ("/rewards/gifts/mug/stock", {"store": "s001", "delta": "20", "reason": "delivery"}),
        ("/rewards/gifts", {"name_en": "Bag", "points": "10"}),
        ("/rewards/draws", DRAW),
        ("/rewards/runs/expiry", {"today": "2026-01-01"}),
        ("/coupons", batch),
        ("/coupons/b1/codes", {"codes": "4"}),
    ):
        twice = {"request": str(new_id())}
        places = {ana.send(path, {**fields, **twice}).headers.get("location") for _ in range(2)}
        assert len(places) == 1, path
        assert None not in places, path
    assert left(mall, "mug") == 21
    with mall.database.session() as session:
        assert len(session.exec(select(Gift)).all()) == 2
        assert len(session.exec(select(Run)).all()) == 1
        assert len(session.exec(select(Coupon)).all()) == 7
    mall.books.prove()


def test_a_members_page_leads_support_to_what_waits_and_what_they_can_use(mall: Mall) -> None:
    li, order = mall.member(500), new_id()
    mall.gift()
    mall.order("mug", li, order)
    mall.batch()
    (code,) = mall.give(li)
    page = mall.person("sue").get(f"/members/{li}").text
    assert f'href="/rewards/orders/{order}"' in page
    assert f'href="/coupons/codes/{code}"' in page
    assert code not in mall.person("eve").get(f"/members/{li}").text


def test_a_draw_that_ended_is_refunded_by_its_page_and_another_person(mall: Mall) -> None:
    ann = mall.member(100)
    mall.draw(points=30)
    mall.enter(ann)
    ana, here = mall.person("ana"), "/rewards/draws/spring"
    assert "/refund" not in ana.get(here).text
    ana.send(f"{here}/end", {"reason": "done"})
    page = ana.get(here).text
    assert "Give every ticket&#39;s points back" in page
    assert "/rewards/runs/" not in ana.send(f"{here}/refund", {"reason": ""}).headers.get("location", "")
    run = ana.send(f"{here}/refund", {"reason": "wrong prize"}).headers["location"]
    mall.work()
    assert mall.person("bo").send(f"{run}/approve", {"reason": "seen"}).headers["location"] == run
    ana.send(f"{run}/start")
    mall.work()
    assert mall.books.points(ann) >= 100
    for language, said in (("en", "Refund of a draw"), ("zh", "抽奖退还积分")):
        assert said in mall.person("ana", language).get(run).text
        assert run in mall.person("ana", language).get(here).text
