"""Fifty at once on draws that cost points, on pick-ups, on a batch's last coupons, on one run: on both databases."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

from sqlmodel import Session, select

from cloud.coupons import batches
from cloud.coupons.models import Coupon
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Refused
from cloud.rewards import checking, pickups, runs
from cloud.rewards.models import Draw, Pickup, Run, Ticket
from cloud.rewards.pickups import Handing
from cloud.rewards.runs import Act
from shared.draws import DrawRules, Prize
from tests.cloud.members_data import join, vault
from tests.cloud.rewards_data import TODAY, Mall
from tests.cloud.test_ledger_races import AT_ONCE, all_at_once
from tests.factories import START_MS, new_id

RULES = DrawRules(prizes=[Prize(prize="mug", weight=1, worth_minor=1_000)], nothing_weight=0)


def test_p5_fifty_draws_of_one_member_cost_what_there_is_and_no_ticket_is_missing(database: Database) -> None:
    mall, li = Mall(database), new_id()
    mall.books.give(li, 70)
    mall.draw(points=10, rules=RULES, stock={"mug": 3})
    codes = [""] * AT_ONCE

    def enter(n: int) -> int:
        codes[n] = mall.enter(li).code
        return 0

    all_at_once(enter)
    assert (codes.count(""), codes.count("insufficient")) == (7, AT_ONCE - 7)
    assert mall.books.points(li) == 0
    with database.session() as session:
        assert session.get_one(Draw, "spring").next_ticket == 8
        assert sorted(row.number for row in session.exec(select(Ticket))) == list(range(1, 8))
        assert len(session.exec(select(Pickup)).all()) == 3
        assert checking.check_draw(session, vault(), "spring").holds
    mall.books.prove()


def test_p5_fifty_times_the_same_draw_is_one_ticket_and_paid_once(database: Database) -> None:
    mall, li, request = Mall(database), new_id(), new_id()
    mall.books.give(li, 100)
    mall.draw(points=10)
    tickets = all_at_once(lambda _: int(mall.enter(li, request).require()["ticket"]))
    assert tickets == [1] * AT_ONCE
    assert mall.books.points(li) in {90, 140}
    mall.books.prove()


def test_p5_points_are_spent_on_gifts_or_draws_and_never_on_both(database: Database) -> None:
    mall, li = Mall(database), new_id()
    mall.books.give(li, 100)
    mall.draw(points=60, rules=RULES, stock={"mug": 50})
    mall.gift(left=50, points=60)
    won = all_at_once(lambda n: (mall.enter(li) if n % 2 else mall.order("mug", li)).code == "")
    assert sum(won) == 1
    assert mall.books.points(li) == 40
    mall.books.prove()


def test_p5_fifty_counters_hand_over_one_thing_once(database: Database) -> None:
    mall, li = Mall(database), new_id()
    mall.books.give(li, 100)
    mall.gift(left=1)
    code = str(mall.order("mug", li).require()["code"])
    causes = [new_id() for _ in range(AT_ONCE)]

    def hand(n: int) -> int:
        handing = Handing(cause=causes[n], store="s001", by=f"t{n}", at_ms=START_MS)
        try:
            in_transaction(database, lambda session: pickups.hand_over(session, code, handing).code)
        except Refused as refused:
            return 0 if refused.code == "pickup_done" else 99
        return 1

    assert sum(all_at_once(hand)) == 1


def test_p5_fifty_give_the_last_seven_coupons_and_no_member_gets_two(database: Database) -> None:
    mall = Mall(database)
    mall.batch(most=7, per_member=1)
    members = [new_id() for _ in range(10)]
    bits = random.Random(3).getrandbits

    def give(n: int) -> int:
        def work(session: Session) -> None:
            commit = open_commit(session, START_MS)
            member: list[UUID | None] = [members[n % len(members)]]
            batches.give(session, commit, "b1", member, bits, cause=new_id(), today=TODAY, at_ms=START_MS)

        try:
            in_transaction(database, work)
        except Refused as refused:
            return 0 if refused.code in {"batch_spent", "per_member"} else 99
        return 1

    assert sum(all_at_once(give)) == 7
    with database.session() as session:
        given = [row.member_id for row in session.exec(select(Coupon))]
    assert len(given) == len(set(given)) == 7
    mall.books.prove()


def test_p5_many_processes_post_one_run_once(database: Database) -> None:
    mall, run = Mall(database), new_id()
    members = [join(database) for _ in range(30)]
    for member in members:
        mall.books.give(member, 1_000)
    with database.session() as session:
        act = Act("ann", START_MS, START_MS)
        runs.work_out(session, run, "rebate", {"year": 2025, "on": "points", "rate_bp": 100}, act)
        runs.approve(session, run, Act("bob", START_MS, START_MS))

    def post(_n: int) -> int:
        return in_transaction(
            database, lambda session: runs.post_some(session, run, Act("bob", START_MS, START_MS), at_once=3)
        )

    assert sum(all_at_once(post)) == 30
    assert {mall.books.points(member) for member in members} == {1_010}
    with database.session() as session:
        row = session.get_one(Run, run)
        assert (row.state, row.posted_items, row.posted_total) == ("posted", 30, 300)
    mall.books.prove()


def test_p5_two_approve_and_two_start_and_two_reverse_and_it_happens_once(database: Database) -> None:
    mall, run, li = Mall(database), new_id(), new_id()
    mall.books.give(li, 70, expires_on=date(2025, 12, 31))
    with database.session() as session:
        runs.work_out(session, run, "expiry", {"today": "2026-01-01"}, Act("ann", START_MS, START_MS))

    def together(step: object) -> int:
        def one(n: int) -> int:
            act = Act(f"p{n}", START_MS, START_MS, "why")
            try:
                in_transaction(database, lambda session: step(session, run, act).state)  # type: ignore[operator]
            except (Conflict, Refused):
                return 0
            return 1

        return sum(all_at_once(one))

    assert together(runs.approve) == 1
    assert together(runs.start) == AT_ONCE, "asked again, it is under way"
    mall.work()
    assert mall.books.points(li) == 0
    assert together(runs.start_reversing) == AT_ONCE
    mall.work()
    assert mall.books.points(li) == 70
    mall.books.prove()
