"""The console's pages of coupons: a batch from its form to its end, codes, one code's life, a segment's coupons."""

from __future__ import annotations

import csv
import re
from io import StringIO
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.coupons.models import Coupon, CouponBatch
from cloud.database import Database
from cloud.ledger.proof import prove
from cloud.members.models import Member
from cloud.prices import approvals
from cloud.rewards.models import Run
from tests.cloud.members_data import OTHER_CARD, join
from tests.cloud.rewards_data import Mall
from tests.factories import START_MS

FORM = {
    "title": "Spring", "promotion_other": "off10", "kind": "codes", "starts": "2026-01-01", "ends": "2026-01-31",
    "most": "50", "codes": "3", "per_member": "", "days_valid": "7", "released_by_return": "yes",
}  # fmt: skip


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    return Mall(sqlite_database)


def open_in_books(mall: Mall) -> int:
    with mall.database.snapshot() as session:
        found = prove(session)
    assert found.holds
    return found.by_kind.get("coupons_open", {}).get("COUPONS", 0)


def test_a_batch_from_its_form_to_its_withdrawal(database: Database) -> None:
    mall = Mall(database)
    ana = mall.person()
    assert "No coupon has been given yet." in ana.get("/coupons").text
    says = ana.send("/coupons/says", FORM, page="/coupons/new").text
    assert "up to 50 codes, each good once for whoever has it" in says
    assert "each for 7 days from the day it is given" in says
    assert "<html" not in says
    place = ana.send("/coupons", FORM, page="/coupons/new").headers["location"]
    page = ana.get(place).text
    assert "0 of 3 used" in page
    assert open_in_books(mall) == 3
    table = list(csv.reader(StringIO(ana.get(f"{place}?export=csv&table=codes").content.decode("utf-8-sig"))))
    assert len(table) == 4
    assert len(table[1][0]) == 13
    assert ana.send(f"{place}/codes", {"codes": "2"}).headers["location"] == place
    assert "There are not so many left" in ana.send(f"{place}/codes", {"codes": "99"}).text
    assert "no later" not in ana.send(f"{place}/extend", {"ends": "2026-02-28", "reason": "rain"}).text
    assert "2026-02-28" in ana.get(place).text
    assert "a later day than" in ana.send(f"{place}/extend", {"ends": "2026-01-02", "reason": "x"}).text
    assert "say why" in ana.send(f"{place}/withdraw", {"reason": " "}).text
    ana.send(f"{place}/withdraw", {"reason": "misprint"})
    assert "It was withdrawn" in ana.get(place).text
    assert open_in_books(mall) == 0
    with mall.database.session() as session:
        acts = session.exec(select(AuditEntry).where(AuditEntry.action == "coupons.withdraw")).one()
    assert (acts.actor, acts.reason, acts.detail) == ("person:ana", "misprint", "5 ended")


WRONG = (
    ({"most": "0"}, "How many at most"),
    ({"most": "many"}, "How many at most"),
    ({"ends": "2025-12-31"}, "not before it starts"),
    ({"starts": "soon"}, "From: choose a day."),
    ({"promotion_other": ""}, "Choose what the coupon gives."),
    ({"codes": "51"}, "no more than there may be"),
    ({"kind": "personal"}, "only of codes to hand out"),
    ({"kind": ""}, "Choose a kind."),
    ({"days_valid": "-1"}, "Days valid"),
)


def test_what_is_typed_wrong_is_said_and_nothing_made(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    ana = mall.person()
    for changed, said in WRONG:
        for path in ("/coupons/says", "/coupons"):
            assert said in ana.send(path, {**FORM, **changed}, page="/coupons/new").text, changed
    with mall.database.session() as session:
        assert session.exec(select(CouponBatch)).all() == []


def test_one_codes_life_and_its_end_by_support(mall: Mall) -> None:
    mall.batch("codes")
    code, other = mall.give(None, None)
    sue, ana = mall.person("sue"), mall.person()
    typed = f"{code[:4].lower()}-{code[4:]}"
    found = sue.get(f"/coupons/find?code={typed}").headers["location"]
    assert found == f"/coupons/codes/{code}"
    page = sue.get(found).text
    assert code in page
    assert "What happened to it" in page
    assert "Given" in page
    assert "say why" in sue.send(f"{found}/withdraw", {"reason": ""}).text
    assert sue.send(f"{found}/withdraw", {"reason": "sent twice"}).headers["location"] == found
    assert "sent twice" in sue.get(found).text
    assert "cannot be taken back" in sue.send(f"{found}/withdraw", {"reason": "again"}).text
    assert ana.send(f"/coupons/codes/{other}/withdraw", {"reason": "x"}).status_code == 403
    assert open_in_books(mall) == 1
    assert ana.get("/coupons/find?code=nonsense").headers["location"] == "/coupons?q=nonsense"
    assert ana.get("/coupons/codes/nonsense").status_code == 404


def test_codes_are_money_and_readers_see_their_ends_alone(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    mall.batch("codes")
    (code,) = mall.give(None)
    eve = mall.person("eve")
    for path in ("/coupons/b1", f"/coupons/codes/{code}", "/coupons/b1?export=csv&table=codes"):
        page = eve.get(path)
        assert page.status_code == 200
        assert code not in page.text.replace(f"/coupons/codes/{code}", "").replace(f"codes%2F{code}", ""), path
        assert code[-4:] in page.text
    for act in ("/coupons", "/coupons/says", "/coupons/b1/codes", "/coupons/b1/extend", "/coupons/b1/withdraw",
                "/coupons/b1/give", f"/coupons/codes/{code}/withdraw"):  # fmt: skip
        assert eve.send(act).status_code == 403, act
    assert "New batch" not in eve.get("/coupons").text


def segment_of_two(mall: Mall) -> tuple[UUID, UUID]:
    first = mall.member(segment="moms")
    second = mall.member(card=OTHER_CARD, segment="moms")
    join(mall.database, ["8810000000000003"])
    return first, second


def test_a_segment_gets_its_coupons_with_progress_and_gives_unused_ones_back(database: Database) -> None:
    mall = Mall(database)
    first, second = segment_of_two(mall)
    mall.batch(per_member=1)
    ana = mall.person()
    run = ana.send("/coupons/b1/give", {"segment": "moms", "reason": "mother's day"}).headers["location"]
    assert "being worked out" in ana.get(run).text
    mall.work()
    page = ana.get(run).text
    assert "Coupons for moms: 2 items" in page
    assert "2 members get a coupon each" in page
    assert open_in_books(mall) == 0
    ana.send(f"{run}/start")
    assert "being posted" in ana.get(run).text
    mall.work()
    assert "2 of 2 posted" in ana.get(run).text
    assert open_in_books(mall) == 2
    with mall.database.session() as session:
        given = session.exec(select(Coupon)).all()
        assert {row.member_id for row in given} == {first, second}
        given[0].state = "used"
        session.add(given[0])
    again = ana.send("/coupons/b1/give", {"segment": "moms"}).headers["location"]
    mall.work()
    assert "Nothing fits" in ana.get(again).text
    assert "Reason" in ana.get(run).text
    assert "say why" in ana.send(f"{run}/reverse").text
    ana.send(f"{run}/reverse", {"reason": "wrong segment"})
    mall.work()
    page = ana.get(run).text
    assert "reversed by ana" in page
    with mall.database.session() as session:
        assert sorted(row.state for row in session.exec(select(Coupon))) == ["used", "voided"]
        row = session.exec(select(Run).where(Run.state == "reversed")).one()
        assert (row.reversed_items, row.posted_items) == (1, 2)


def test_a_run_can_be_stopped_in_the_middle_gone_on_with_and_given_up(mall: Mall) -> None:
    segment_of_two(mall)
    mall.batch()
    ana = mall.person()
    run = ana.send("/coupons/b1/give", {"segment": "*"}).headers["location"]
    mall.work()
    assert "3 items" in ana.get(run).text
    ana.send(f"{run}/start")
    ana.send(f"{run}/cancel")
    assert "It was stopped before everything was posted" in ana.get(run).text
    mall.work()
    assert open_in_books(mall) == 0
    ana.send(f"{run}/start")
    mall.work()
    assert open_in_books(mall) == 3
    other = ana.send("/coupons/b1/give", {"segment": "*"}).headers["location"]
    ana.send(f"{other}/cancel")
    mall.work()
    assert "given up" in ana.get(other).text
    assert "too late" in ana.send(f"{run}/cancel").text


def test_a_second_person_approves_where_the_chain_asks_for_it(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    segment_of_two(mall)
    mall.batch()
    with mall.database.session() as session:
        approvals.set_second_person(session, needed=True, actor="person:root", wall_ms=START_MS)
    ana, bo = mall.person(), mall.person("bo")
    run = ana.send("/coupons/b1/give", {"segment": "*"}).headers["location"]
    mall.work()
    assert "Somebody else has to approve it first." in ana.send(f"{run}/start").text
    assert "does not approve it" in ana.send(f"{run}/approve").text
    assert bo.send(f"{run}/approve").headers["location"] == run
    assert ana.send(f"{run}/start").headers["location"] == run
    mall.work()
    assert open_in_books(mall) == 3


def test_a_batch_with_too_little_room_fails_whole_and_says_so(sqlite_database: Database) -> None:
    mall = Mall(sqlite_database)
    segment_of_two(mall)
    mall.batch(most=2)
    ana = mall.person()
    run = ana.send("/coupons/b1/give", {"segment": "*"}).headers["location"]
    mall.work()
    page = ana.get(run).text
    assert "There are not so many coupons left in this batch" in page
    assert re.search(r'class="state bad">failed', page)
    assert open_in_books(mall) == 0
    with mall.database.session() as session:
        assert len(session.exec(select(Member)).all()) == 3
