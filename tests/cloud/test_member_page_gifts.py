"""The members' page: gifts reserved for points and fetched by code, and prize draws. On both databases."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Refused
from cloud.ledger.requests import Answered
from cloud.members import blocks
from cloud.pictures.fitting import fit
from cloud.rewards import drawing, gifts, pickups, pictures, stock
from cloud.rewards.models import GiftOrder, GiftStock, Pickup, Ticket
from cloud.rewards.pickups import Handing
from shared import pickup_code
from shared.draws import DrawRules, Prize
from tests.cloud.member_page_data import FAMILY, TODAY, Phone, Shop, a_member, open_shop
from tests.cloud.members_data import OTHER_CARD, vault
from tests.cloud.picture_files import drawn
from tests.cloud.test_ledger_races import AT_ONCE, all_at_once
from tests.cloud.value_books import Books
from tests.factories import START_MS, new_id

PNG = drawn()


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return open_shop(database, tmp_path)


@pytest.fixture
def member(shop: Shop) -> UUID:
    found = a_member(shop)
    Books(shop.database).give(found, 250)
    return found


@pytest.fixture
def phone(shop: Shop, member: UUID) -> Phone:
    assert member
    made = Phone(shop)
    made.sign_in()
    return made


def offer(shop: Shop, gift: str = "mug", *, left: int = 1, points: int = 100, per_member: int = 0) -> None:
    with shop.database.session() as session:
        wanted = gifts.NewGift(id=gift, names={"en": f"A {gift}", "zh": "礼品"}, points=points, per_member=per_member)
        gifts.create(session, wanted, actor="person:ana", now_ms=START_MS)
        if left:
            came = stock.Correction(id=new_id(), gift=gift, store="s001", delta=left, reason="delivery")
            stock.correct(session, came, actor="person:ana", now_ms=START_MS)


def open_draw(shop: Shop, *, points: int = 100, nothing: int = 0, **changes: object) -> None:
    rules = DrawRules(
        prizes=[Prize(prize="mug", weight=1, worth_minor=1_000, names={"en": "Mug"})], nothing_weight=nothing
    )
    given = {"id": "spring", "names": {"en": "Spring draw"}, "rules": rules, "stock": {"mug": 5}, "points": points}
    with shop.database.session() as session:
        wanted = drawing.NewDraw(**{**given, **changes})  # type: ignore[arg-type]
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="person:ana", now_ms=START_MS)


def request_on(page: str) -> str:
    found = re.search(r'name="request" value="([0-9a-f-]+)"', page)
    assert found, page
    return found[1]


def reserve(phone: Phone, gift: str = "mug", request: str = "") -> str:
    """Reserve a gift in the first store; return where that leads."""
    page = phone.get(f"/me/gifts/{gift}")
    asked = request or request_on(page.text)
    answer = phone.submit(page, f"/me/gifts/{gift}", request=asked, store="s001")
    return str(answer.headers.get("location", ""))


def points_of(shop: Shop, member: UUID) -> int:
    return Books(shop.database).points(member)


def test_a_gift_is_reserved_on_the_page_and_fetched_in_the_store(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop, left=2)
    listed = phone.get("/me/gifts").text
    assert "A mug" in listed
    assert "You can have it now" in listed
    place = reserve(phone)
    code = place.removeprefix("/me/pickups/")
    shown = phone.get(place).text
    assert pickup_code.spaced(code) in shown
    assert "s001" in shown
    assert phone.get(f"{place}/code.svg").headers["content-type"] == "image/svg+xml"
    assert points_of(shop, member) == 150
    assert "Waiting for you" in phone.get("/me/gifts").text
    handing = Handing(cause=new_id(), store="s001", by="t1", at_ms=START_MS)
    for _ in range(2):
        with shop.database.session() as session:
            assert pickups.hand_over(session, code.lower(), handing).state == "done"
    assert phone.get(place).status_code == 404
    assert "Gift" in phone.get("/me/points").text
    with shop.database.session() as session:
        assert session.exec(select(GiftOrder)).one().state == "fetched"
        assert session.get_one(GiftStock, ("mug", "s001")).left == 1
    Books(shop.database).prove()


def test_a_form_that_is_sent_twice_reserves_once(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop, left=5)
    asked = request_on(phone.get("/me/gifts/mug").text)
    assert reserve(phone, request=asked) == reserve(phone, request=asked) != ""
    assert points_of(shop, member) == 150


def test_it_is_given_back_until_it_was_fetched(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop)
    place = reserve(phone)
    assert "None left" in phone.get("/me/gifts").text
    page = phone.get(place)
    assert phone.submit(page, f"{place}/cancel").headers["location"] == "/me/gifts"
    assert points_of(shop, member) == 250
    assert phone.get(place).status_code == 404
    assert "You can have it now" in phone.get("/me/gifts").text
    Books(shop.database).prove()


def test_each_no_is_said(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop, "dear", points=300)
    offer(shop, "gone", left=0)
    offer(shop, "once", points=10, left=9, per_member=1)
    listed = phone.get("/me/gifts").text
    assert "50 points too few" in listed
    assert "None left" in listed
    assert "50 points too few" in phone.get("/me/gifts/dear").text
    page = phone.get("/me/gifts/once")
    forged = phone.submit(page, "/me/gifts/dear", request=str(new_id()), store="s001")
    assert (forged.status_code, "not have enough points" in forged.text) == (422, True)
    assert phone.submit(page, "/me/gifts/gone", request=str(new_id()), store="s001").status_code == 422
    assert phone.submit(page, "/me/gifts/once", request="nonsense", store="s001").status_code == 422
    assert phone.submit(page, "/me/gifts/once", request=str(new_id()), store="nowhere").status_code == 404
    assert reserve(phone, "once")
    assert "as many as one member may" in phone.get("/me/gifts/once").text
    with shop.database.session() as session:
        commit = open_commit(session, START_MS)
        blocks.put(session, member, "points", reason="x", actor="a", commit_no=commit, now_ms=START_MS)
    offer(shop, "late", points=10)
    page = phone.get("/me/gifts/late")
    blocked = phone.submit(page, "/me/gifts/late", request=str(new_id()), store="s001")
    assert "cannot be spent at the moment" in blocked.text
    assert phone.get("/me/gifts/nothing").status_code == 404
    assert points_of(shop, member) == 240


def test_what_waits_is_nobody_elses(shop: Shop, phone: Phone) -> None:
    offer(shop)
    place = reserve(phone)
    a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    other = Phone(shop)
    other.sign_in(FAMILY)
    for path in (place, f"{place}/code.svg"):
        assert other.get(path).status_code == 404
    assert other.submit(other.get("/me/more"), f"{place}/cancel").status_code == 404
    assert phone.get(place).status_code == 200


def test_a_picture_is_shown_to_members_alone(shop: Shop, phone: Phone) -> None:
    offer(shop)
    with shop.database.session() as session:
        pictures.put(session, "mug", fit(PNG), actor="person:ana", now_ms=START_MS)
    assert 'src="/me/gifts/mug/picture"' in phone.get("/me/gifts").text
    shown = phone.get("/me/gifts/mug/picture")
    assert (shown.content, shown.headers["content-type"]) == (fit(PNG), "image/webp")
    assert Phone(shop).get("/me/gifts/mug/picture").status_code == 303


def test_a_draw_says_its_odds_first_and_takes_its_points_once(shop: Shop, member: UUID, phone: Phone) -> None:
    open_draw(shop, nothing=9, per_member=2)
    assert "Spring draw" in phone.get("/me/gifts").text
    assert "逐个减去权重" in phone.get("/me/draws/spring?language=zh").text, "how to replay it, too"
    page = phone.get("/me/draws/spring?language=en")
    for fact in ("1 / 10", "9 / 10", "5 of 5 left", "100 points a draw", "You can draw 2 times more", "SHA-256"):
        assert fact in page.text, fact
    asked = request_on(page.text)
    first = phone.submit(page, "/me/draws/spring", request=asked).headers["location"]
    again = phone.submit(page, "/me/draws/spring", request=asked).headers["location"]
    assert first == again == "/me/draws/spring?ticket=1"
    assert points_of(shop, member) == 150
    assert "Ticket 1" in phone.get(first).text
    phone.submit(page, "/me/draws/spring", request=str(new_id()))
    assert "as often as one member may" in phone.get("/me/draws/spring").text
    third = phone.submit(phone.get("/me/more"), "/me/draws/spring", request=str(new_id()))
    assert third.status_code == 422
    assert points_of(shop, member) == 50
    Books(shop.database).prove()


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ({"starts": TODAY + timedelta(days=1), "ends": TODAY + timedelta(days=9)}, "not begun yet"),
        ({"ends": TODAY - timedelta(days=1)}, "is over"),
    ],
)
def test_a_draw_that_cannot_be_drawn_says_why(shop: Shop, phone: Phone, days: dict[str, object], says: str) -> None:
    open_draw(shop, **days)
    page = phone.get("/me/draws/spring").text
    assert says in page
    assert 'action="/me/draws/spring"' not in page
    assert "Spring draw" not in phone.get("/me/gifts").text


def test_a_prize_waits_behind_a_code_and_a_refused_draw_costs_nothing(shop: Shop, member: UUID, phone: Phone) -> None:
    open_draw(shop, points=200)
    page = phone.get("/me/draws/spring")
    won = phone.get(phone.submit(page, "/me/draws/spring", request=request_on(page.text)).headers["location"]).text
    assert "You won: Mug" in won
    place = re.search(r'href="(/me/pickups/[A-Z0-9]+)"', won)
    assert place
    shown = phone.get(place[1]).text
    assert "in any store" in shown
    assert "Give it back" not in shown
    poor = phone.submit(phone.get("/me/more"), "/me/draws/spring", request=str(new_id()))
    assert "not have enough points" in poor.text
    assert points_of(shop, member) == 50
    with shop.database.session() as session:
        assert len(session.exec(select(Ticket)).all()) == 1
        drawing.end(session, vault(), "spring", actor="person:ana", now_ms=START_MS)
    over = phone.get("/me/draws/spring").text
    for fact in ("This draw is over", "replayed: the same", bytes(32).hex()):
        assert fact in over, fact


def test_leaving_ends_what_waits_and_its_points_are_given_up_too(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop)
    reserve(phone)
    page = phone.get("/me/leave")
    kept = phone.submit(page, "/me/leave", typed="LEAVE")
    assert kept.status_code == 422
    assert points_of(shop, member) == 150
    phone.submit(page, "/me/leave", typed="LEAVE", give_up="1")
    with shop.database.session() as session:
        assert session.exec(select(GiftOrder)).one().state == "cancelled"
        assert session.exec(select(Pickup)).one().state == "ended"
        assert session.get_one(GiftStock, ("mug", "s001")).left == 1
    assert points_of(shop, member) == 0
    Books(shop.database).prove()


def test_p5_the_page_and_forty_nine_desks_want_the_last_gift(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop, left=1)
    others = [new_id() for _ in range(AT_ONCE - 1)]
    for one in others:
        Books(shop.database).give(one, 100)
    page = phone.get("/me/gifts/mug")
    asked = request_on(page.text)

    def want(n: int) -> int:
        return by_page(phone, page, asked) if n == 0 else direct(shop, others[n - 1])

    assert sum(all_at_once(want)) == 1
    with shop.database.session() as session:
        assert session.get_one(GiftStock, ("mug", "s001")).left == 0
    assert points_of(shop, member) in {150, 250}
    Books(shop.database).prove()


def test_p5_a_page_and_desks_at_once_never_spend_more_points_than_there_are(
    shop: Shop, member: UUID, phone: Phone
) -> None:
    offer(shop, left=AT_ONCE)
    page = phone.get("/me/gifts/mug")
    asked = request_on(page.text)

    def want(n: int) -> int:
        """Send the page's form ten times, each the same; and forty times what a desk asks."""
        return by_page(phone, page, asked) if n < 10 else direct(shop, member)

    all_at_once(want)
    with shop.database.session() as session:
        assert len(session.exec(select(GiftOrder)).all()) == 2
        assert session.get_one(GiftStock, ("mug", "s001")).left == AT_ONCE - 2
    assert points_of(shop, member) == 50
    Books(shop.database).prove()


def test_p5_given_back_and_handed_over_at_once_is_one_of_them(shop: Shop, member: UUID, phone: Phone) -> None:
    offer(shop)
    place = reserve(phone)
    page = phone.get(place)

    def end(n: int) -> int:
        if n % 2:
            return phone.submit(page, f"{place}/cancel").status_code == 303
        handing = Handing(cause=new_id(), store="s001", by="t1", at_ms=START_MS)
        try:
            with shop.database.session() as session:
                pickups.hand_over(session, place.removeprefix("/me/pickups/"), handing)
        except (Refused, DBAPIError):
            return 0
        return 1

    all_at_once(end)
    with shop.database.session() as session:
        state = session.exec(select(GiftOrder)).one().state
        left = session.get_one(GiftStock, ("mug", "s001")).left
    assert (state, left, points_of(shop, member)) in {("fetched", 0, 150), ("cancelled", 1, 250)}
    Books(shop.database).prove()


def by_page(phone: Phone, page: httpx.Response, asked: str) -> int:
    """Send a form of the page."""
    answer = phone.submit(page, "/me/gifts/mug", request=asked, store="s001")
    return "/me/pickups/" in answer.headers.get("location", "")


def direct(shop: Shop, member: UUID) -> int:
    """Take a gift at a service desk."""
    wanted = gifts.Order(
        id=new_id(), gift="mug", member=member, store="s001", today=date(2026, 1, 1), at_ms=START_MS, till="t9"
    )

    def work(session: Session) -> Answered:
        return gifts.order(session, open_commit(session, START_MS), wanted, now_ms=START_MS)

    return in_transaction(shop.database, work).code == ""
