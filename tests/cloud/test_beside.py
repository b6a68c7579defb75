"""Tills that are not ours, on both databases: the documented examples run, ids are kept, races leave one winner."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlmodel import col

from cloud.api import answers
from cloud.api.limits import FailureLimit
from cloud.api.services import services_of
from cloud.beside import api
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.identity import tokens
from cloud.ledger import AccountKey
from cloud.ledger.models import Balance, Posting
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty import rules
from cloud.loyalty.earning import debt_account
from cloud.loyalty.models import MemberYear
from cloud.members import blocks, watching
from cloud.members import rules as rules_of_watching
from cloud.members.care_models import ReviewCase
from shared.codes.member_code import make_member_code
from shared.loyalty import EarningRule, PointsTimes, Tier, TierRule
from tests.cloud.calling import call
from tests.cloud.members_data import CARD, everything_stored, join, make_keys, open_chain, vault
from tests.cloud.test_coupons import Shop
from tests.cloud.test_member_merge import merge
from tests.factories import START_MS, DrivenMachineClock, new_id

GUIDE = Path(__file__).parents[2] / "docs" / "other-tills.md"
PHONE = "13800138000"
Ask = Callable[..., httpx.Response]


def till(
    database: Database, name: str = "maker-x", scopes: tuple[str, ...] = ("beside:write",), stores: tuple[str, ...] = ()
) -> Ask:
    app = FastAPI()
    answers.install(app)
    app.include_router(api.router)
    clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=SimpleNamespace(now_ms=lambda: START_MS))
    strangers = FailureLimit(clocks.machine, limit=3, window_s=60)
    here = SimpleNamespace(database=database, clocks=clocks, vault=vault(), keys=make_keys(), strangers=strangers)
    app.dependency_overrides[services_of] = lambda: here
    with database.session() as session:
        token = tokens.create(
            session, name=name, scopes=list(scopes), stores=stores, days=1, actor="test", now_ms=START_MS
        )

    def ask(path: str, body: dict[str, Any], key: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return call(app, "POST", f"/api/v1/beside/{path}", token=token, headers=headers, json=body)

    return ask


@pytest.fixture
def ann(database: Database) -> UUID:
    open_chain(database)
    return join(database, [CARD], fields={"name": "李小明", "phone": PHONE}, home_store="s001")


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_the_guide_shows_is_what_happens(database: Database, ann: UUID) -> None:
    ask = till(database)
    examples = re.findall(
        r"<!-- example -->\n```\nPOST /api/v1/beside/(\w+)\n(?:Idempotency-Key: (\S+)\n)?(.+)\n\n(\d+)\n(.+)\n```",
        GUIDE.read_text(),
    )
    assert len(examples) == GUIDE.read_text().count("<!-- example -->") == 9
    for path, key, body, status, expected in examples:
        found = ask(path, json.loads(body.replace("$MEMBER", str(ann))), key)
        assert found.status_code == int(status), (path, found.text)
        assert found.json() | json.loads(expected) == found.json(), (path, found.text)
    with database.session() as session:
        assert prove(session).holds
        assert session.get_one(MemberYear, (ann, 2026)).spend_minor == 10_000
        assert points_of(session, [ann])[ann] == 40


def test_one_card_on_many_baskets_shows_there_too(database: Database, ann: UUID) -> None:
    ask = till(database)
    place = {"member": str(ann), "store": "s001", "cashier": "k7"}
    for n in range(6):
        ask("earn", {**place, "receipt": str(n), "minor": 500}, f"e{n}").raise_for_status()
    with database.session() as session:
        rules_of_watching.publish(
            session, rules_of_watching.Watch(version=1, baskets_per_card=4, baskets_per_card_and_cashier=5),
            actor="a", now_ms=1,
        )  # fmt: skip
        assert watching.look(session, date(2026, 1, 1), START_MS) == 2
        cases = session.execute(select(ReviewCase).order_by(col(ReviewCase.kind))).scalars().all()
        assert [(one.kind, one.member_id, one.found, one.cashier) for one in cases] == [
            (watching.CARD_AT_CASHIER, ann, 6, "k7"), (watching.CARD_USES, ann, 6, ""),
        ]  # fmt: skip


def test_the_same_id_is_done_once_and_other_content_names_the_field(database: Database, ann: UUID) -> None:
    ask, body = till(database), {"member": str(ann), "store": "s001", "minor": 1_000}
    assert ask("earn", body, "k").json() == ask("earn", body, "k").json() == {"points": 10, "balance": 10}
    for field, value in (("minor", 2_000), ("store", "s002"), ("receipt", "7"), ("member", str(new_id()))):
        refused = ask("earn", {**body, field: value}, "k")
        assert refused.status_code == 409
        assert field in refused.json()["message"]
    other = ask("spend", {"member": str(ann), "store": "s001", "points": 1}, "k").json()["message"]
    assert other.startswith("the id 'k' was used before, for something else"), "named as the till names it"
    assert till(database, "maker-y")("earn", body, "k").json() == {"points": 10, "balance": 20}


def test_a_refusal_stays_under_its_id(database: Database, ann: UUID) -> None:
    ask = till(database)
    spend = {"member": str(ann), "store": "s001", "points": 10}
    assert code(ask("spend", spend, "a")) == (403, "insufficient")
    ask("earn", {"member": str(ann), "store": "s001", "minor": 5_000}, "b")
    assert code(ask("spend", spend, "a")) == (403, "insufficient")
    assert ask("spend", spend, "c").json() == {"points": 10, "balance": 40}


def test_whoever_was_made_one_with_another_earns_spends_and_reverses_as_they(database: Database, ann: UUID) -> None:
    ask = till(database)
    whose = {"member": str(ann), "store": "s001"}
    ask("earn", {**whose, "minor": 10_000}, "before")
    keep = join(database)
    merge(database, keep, ann)
    assert ask("earn", {**whose, "minor": 1_000}, "after").json() == {"points": 10, "balance": 110}
    assert ask("spend", {**whose, "points": 60}, "spend").json() == {"points": 60, "balance": 50}
    assert ask("reverse", {"of": "spend", "store": "s001"}, "r1").json() == {"points": 60, "balance": 110}
    assert ask("reverse", {"of": "before", "store": "s001"}, "r2").json() == {"points": 100, "balance": 10}
    with database.session() as session:
        assert points_of(session, [ann, keep]) == {ann: 0, keep: 10}
        assert session.get_one(MemberYear, (keep, 2026)).spend_minor == 1_000
        assert prove(session).holds


@pytest.mark.parametrize("spent_points", ["owed", "refused"])
def test_an_earning_is_taken_back_with_its_spend(database: Database, ann: UUID, spent_points: str) -> None:
    ask = till(database)
    place = {"store": "s001"}
    with database.session() as session:
        version = max(rule.version for rule in rules.load(session).earning) + 1
        rule = EarningRule(version=version, valid_from=date(2026, 1, 1), spent_points=spent_points)  # type: ignore[arg-type]
        rules.publish_earning(session, rule, author="ann", at_ms=START_MS)
    ask("earn", {"member": str(ann), **place, "minor": 1_000}, "e")
    assert ask("reverse", {"of": "e", **place, "points": 4}, "r1").json() == {"points": 4, "balance": 6}
    ask("spend", {"member": str(ann), **place, "points": 6}, "s")
    assert code(ask("reverse", {"of": "nothing", **place}, "r3")) == (403, "original_unknown")
    assert code(till(database, "maker-y")("reverse", {"of": "e", **place}, "r4")) == (403, "original_unknown")
    assert ask("reverse", {"of": "e", "store": "s9"}, "r5").status_code == 404
    gone = ask("reverse", {"of": "e", **place}, "r2")
    if spent_points == "refused":
        assert code(gone) == (403, "value_gone")
        assert gone.json()["message"] == "6 points of what is to be taken back are gone"
        assert ask("reverse", {"of": "s", **place}, "r6").json() == {"points": 6, "balance": 6}
        assert ask("reverse", {"of": "e", **place}, "r7").json() == {"points": 6, "balance": 0}
    else:
        assert gone.json() == {"points": 6, "balance": 0}
        assert ask("earn", {"member": str(ann), **place, "minor": 1_000}, "e2").json() == {"points": 10, "balance": 4}
        assert ask("reverse", {"of": "e2", **place}, "r8").json() == {"points": 10, "balance": 0}
        assert ask("reverse", {"of": "s", **place}, "r9").json() == {"points": 6, "balance": 0}
    assert code(ask("reverse", {"of": "e", **place}, "r10")) == (403, "nothing_left")
    with database.session() as session:
        year = session.get_one(MemberYear, (ann, 2026))
        assert (year.spend_minor, year.visits) == (0, 0)
        owed = session.get(Balance, debt_account(ann).id)
        assert (owed.amount if owed else 0) == 0, "points that came back settle what is owed"
        assert prove(session).holds


@pytest.mark.parametrize("minor", [99, 1_099])
def test_parts_taken_back_come_to_the_whole_and_never_to_more(database: Database, ann: UUID, minor: int) -> None:
    ask, place = till(database), {"store": "s001"}
    ask("earn", {"member": str(ann), **place, "minor": 50_000}, "other")
    points = ask("earn", {"member": str(ann), **place, "minor": minor}, "e").json()["points"]

    for n in range(points):
        ask("reverse", {"of": "e", **place, "points": 1}, f"part{n}").raise_for_status()
        left = points - n - 1
        assert stands(database, ann) == (50_000 + minor - minor * (n + 1) // points, 2 if left else 1)
    if not points:
        assert code(ask("reverse", {"of": "e", **place, "points": 1}, "one")) == (403, "nothing_left")
        assert ask("reverse", {"of": "e", **place}, "all").json() == {"points": 0, "balance": 500}
    assert code(ask("reverse", {"of": "e", **place}, "again")) == (403, "nothing_left")
    assert stands(database, ann) == (50_000, 1)


def test_a_tier_multiplies_at_other_tills_too(database: Database, ann: UUID) -> None:
    ask, earn = till(database, scopes=("beside:read", "beside:write")), {"member": str(ann), "store": "s001"}
    tier = Tier(code="gold", names={"en": "Gold"}, from_minor=10_000, benefits=[PointsTimes(times_bp=20_000)])
    with database.session() as session:
        version = max((rule.version for rule in rules.load(session).tiers), default=0) + 1
        rule = TierRule(version=version, valid_from=date(2026, 1, 1), tiers=[tier])
        rules.publish_tier(session, rule, author="a", at_ms=1)
    assert ask("earn", {**earn, "minor": 10_000}, "a").json()["points"] == 100
    assert ask("quote", {**earn, "minor": 1_000}).json() == {"earns": 20, "spendable": 100}
    assert ask("earn", {**earn, "minor": 1_000}, "b").json() == {"points": 20, "balance": 120}


@pytest.mark.parametrize("released", [True, False])
def test_a_coupon_goes_back_to_the_store_that_took_it_where_its_batch_allows(
    database: Database, released: bool
) -> None:
    shop = Shop(database)
    shop.batch(released_by_return=released)
    (coupon,), ask = shop.give(), till(database)
    ask("coupon", {"code": coupon, "store": "s001"}, "c").raise_for_status()
    back = ask("reverse", {"of": "c", "store": "s002"}, "r")
    if not released:
        assert code(back) == (403, "not_released")
        return
    assert back.json() == {"promotion": "off10"}, "no points moved, and no balance is made up"
    assert code(ask("reverse", {"of": "c", "store": "s001"}, "again")) == (403, "nothing_left")
    assert ask("coupon", {"code": coupon, "store": "s002"}, "c2").json() == {"promotion": "off10"}
    posting = table_of(Posting)
    with database.session() as session:
        amounts = {
            used[1]: session.execute(
                select(func.sum(posting.c.amount)).where(posting.c.account_id == AccountKey(*used, "COUPONS").id)
            ).scalar_one()
            for used in (("coupons_used", "s001"), ("coupons_used", "s002"))
        }
        assert amounts == {"s001": 0, "s002": 1}
        assert prove(session).holds


def test_who_is_asked_for_and_by_whom(database: Database, ann: UUID) -> None:
    ask = till(database, scopes=("beside:read",))
    assert ask("identify", {"phone": PHONE}).json()["member"] == str(ann)
    assert ask("identify", {"card": CARD, "phone": PHONE}).status_code == 422
    assert ask("identify", {"card": "8819999999999999"}).status_code == 404
    join(database, fields={"phone": PHONE})
    assert code(ask("identify", {"phone": PHONE})) == (403, "phone_shared")
    earn = {"member": str(ann), "store": "s001", "minor": 1}
    assert code(ask("earn", earn, "k")) == (403, "scope_missing")
    assert code(till(database, "sales", ("sales:read",))("identify", {"card": CARD})) == (403, "scope_missing")
    assert till(database, "w")("earn", earn).status_code == 422, "without an id nothing is done"
    assert till(database, "w2")("earn", {**earn, "store": "s9"}, "k").status_code == 404
    assert till(database, "w3")("earn", {**earn, "member": str(new_id())}, "k").status_code == 404


def test_the_code_on_a_members_telephone_is_taken_like_a_card(sqlite_database: Database) -> None:
    open_chain(sqlite_database)
    ann = join(sqlite_database, [CARD])
    ask, keys, now_s = till(sqlite_database), make_keys(), START_MS // 1000
    good = make_member_code(CARD, now_s, 90, keys.signing.secret)
    assert ask("identify", {"card": good}).json()["member"] == str(ann)
    for scanned, why in (
        (make_member_code(CARD, now_s - 300, 90, keys.signing.secret), "member_code_too_old"),
        (make_member_code(CARD, now_s, 90, bytes(32)), "member_code_unknown_key"),
        (good[:-4] + "AAAA", "member_code_forged"),
        ("SWM1.x", "member_code_unreadable"),
    ):
        assert code(ask("identify", {"card": scanned})) == (403, why)


def test_before_the_first_rule_a_till_is_told_why_there_are_no_points(
    database: Database, ann: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "load", lambda _session: rules.Rules())
    ask, place = till(database, scopes=("beside:read", "beside:write")), {"member": str(ann), "store": "s001"}
    assert ask("quote", {**place, "minor": 9_999}).json() == {"earns": 0, "spendable": 0, "not_given": "no_rule"}
    assert ask("earn", {**place, "minor": 9_999}, "k").json() == {"points": 0, "balance": 0, "not_given": "no_rule"}


def test_a_block_stops_points_and_not_the_sale(database: Database, ann: UUID) -> None:
    """As at our own tills: a visit and spend for tiers, no points, and whoever asks is told why there are none."""
    ask, place = till(database, scopes=("beside:read", "beside:write")), {"member": str(ann), "store": "s001"}
    ask("earn", {**place, "minor": 1_000}, "before")
    with database.session() as session:
        blocks.put(session, ann, "points", reason="x", actor="a", commit_no=1, now_ms=1)
    none = {"points": 0, "balance": 10, "not_given": "points_blocked"}
    assert ask("identify", {"card": CARD}).json()["blocks"] == ["points"]
    assert ask("quote", {**place, "minor": 9_999}).json() == {
        "earns": 0, "spendable": 0, "not_given": "points_blocked",
    }  # fmt: skip
    assert ask("earn", {**place, "minor": 9_999}, "k").json() == none
    barred = ask("spend", {**place, "points": 1}, "s")
    assert code(barred) == (403, "points_blocked")
    assert barred.json()["message"] == "this member may not collect or spend points for now"
    assert stands(database, ann) == (10_999, 2)
    with database.session() as session:
        blocks.lift(session, ann, "points", reason="x", actor="a", commit_no=2, now_ms=START_MS + 1)
    assert ask("earn", {**place, "minor": 9_999}, "k").json() == none, "an answer stays"
    assert ask("reverse", {"of": "k", "store": "s001", "minor": 4_999}, "part").json() == {"points": 0, "balance": 10}
    assert stands(database, ann) == (6_000, 2)
    assert ask("reverse", {"of": "k", "store": "s001"}, "rest").json() == {"points": 0, "balance": 10}
    assert stands(database, ann) == (1_000, 1)
    with database.session() as session:
        blocks.put(session, ann, "buy", reason="x", actor="a", commit_no=3, now_ms=1)
    for path, body in (
        ("earn", {**place, "minor": 1}),
        ("quote", {**place, "minor": 1}),
        ("spend", {**place, "points": 1}),
    ):
        assert code(ask(path, body, f"buy-{path}")) == (403, "buy_blocked")
    assert ask("quote", {"member": str(new_id()), "store": "s001", "minor": 100}).status_code == 404


def stands(database: Database, member: UUID) -> tuple[int, int]:
    with database.session() as session:
        year = session.get_one(MemberYear, (member, 2026))
        return year.spend_minor, year.visits


def test_goods_that_come_back_take_their_share_and_come_to_the_whole(sqlite_database: Database) -> None:
    open_chain(sqlite_database)
    ask, ann, place = till(sqlite_database), join(sqlite_database, [CARD]), {"store": "s001"}

    def share(minor: int) -> int:
        return (2 * 123 * minor + 12_345) // (2 * 12_345)

    for n, parts in enumerate(([4_000, 3_345, 5_000], [1, 12_344], [12_345], [6_172, 6_172, 1])):
        assert ask("earn", {"member": str(ann), **place, "minor": 12_345}, f"e{n}").json()["points"] == 123
        back = 0
        for minor in parts:
            answer = ask("reverse", {"of": f"e{n}", **place, "minor": minor}, f"r{n}-{back}").json()
            points = share(back + minor) - share(back)
            back += minor
            assert answer == {"points": points, "balance": 123 - share(back)}
        assert code(ask("reverse", {"of": f"e{n}", **place, "minor": 1}, f"more{n}")) == (403, "nothing_left")
        assert stands(sqlite_database, ann) == (0, 0)


def test_parts_are_said_by_points_or_by_money(sqlite_database: Database) -> None:
    open_chain(sqlite_database)
    ask, ann = till(sqlite_database), join(sqlite_database, [CARD])
    ask("earn", {"member": str(ann), "store": "s001", "minor": 10_000}, "e")
    ask("spend", {"member": str(ann), "store": "s001", "points": 50}, "s")
    of = {"of": "e", "store": "s001"}
    assert ask("reverse", {**of, "points": 1, "minor": 1}, "a").status_code == 422
    assert ask("reverse", {**of, "of": "s", "minor": 1}, "b").status_code == 422
    beyond = (
        ({**of, "minor": 10_001}, "￥100.00 of its amount are left to take back"),
        ({**of, "points": 101}, "of its points 100 are left to take back"),
        ({**of, "of": "s", "points": 51}, "of it 50 points are left to take back, not 51 points"),
    )
    for n, (body, said) in enumerate(beyond):
        refused = ask("reverse", body, f"c{n}")
        assert code(refused) == (403, "nothing_left")
        assert refused.json()["message"] == said
    assert ask("reverse", {**of, "minor": 5_000}, "d").json() == {"points": 50, "balance": 0}
    assert ask("reverse", {**of, "points": 10}, "f").json() == {"points": 10, "balance": 0}, "owed from here on"
    assert stands(sqlite_database, ann) == (4_000, 1)
    assert ask("reverse", {**of, "minor": 4_000}, "g").json() == {"points": 40, "balance": 0}
    assert stands(sqlite_database, ann) == (0, 0)


def test_nothing_personal_is_kept_of_a_request(database: Database, ann: UUID) -> None:
    ask = till(database)
    ask("identify", {"card": CARD})
    ask("earn", {"member": str(ann), "store": "s001", "minor": 100, "receipt": "R-4711-XYZ"}, "k")
    stored = everything_stored(database)
    assert CARD.encode() not in stored
    assert PHONE.encode() not in stored


@pytest.mark.postgresql
def test_points_are_spent_once_and_taken_back_once_by_twenty_at_once(postgresql_database: Database) -> None:
    open_chain(postgresql_database)
    member = join(postgresql_database, [CARD])
    ask, barrier = till(postgresql_database), Barrier(20)
    assert ask("earn", {"member": str(member), "store": "s001", "minor": 1_000}, "e").json()["points"] == 10

    def spend(n: int) -> int:
        barrier.wait()
        return ask("spend", {"member": str(member), "store": "s001", "points": 10}, f"s{n}").status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(spend, range(20))) == [200] + [403] * 19
    ask("earn", {"member": str(member), "store": "s001", "minor": 1_099}, "e2")

    def undo(n: int) -> int:
        barrier.wait()
        return ask("reverse", {"of": "e2", "store": "s001", "points": 1}, f"r{n}").status_code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(undo, range(20))) == [200] * 10 + [403] * 10
    with postgresql_database.session() as session:
        assert points_of(session, [member])[member] == 0
        assert session.get_one(MemberYear, (member, 2026)).spend_minor == 1_000
        assert prove(session).holds
