"""Runs, gifts and prize draws on both databases: approved by two, posted once, never oversold, to be replayed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session

from cloud.coupons import batches, changing
from cloud.coupons.models import CouponBatch
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, Refused
from cloud.identity import keys
from cloud.ledger.requests import Answered
from cloud.member_lifecycle import rotation
from cloud.privacy import Vault
from cloud.rewards import checking, drawing, gifts, runs
from cloud.rewards.models import Gift, GiftMove, GiftStock, Run, Ticket
from cloud.rewards.runs import Act
from shared.draws import DrawRules, Prize
from tests.cloud.members_data import everything_stored, join, vault
from tests.cloud.test_ledger_races import AT_ONCE, all_at_once
from tests.cloud.value_books import TODAY, Books
from tests.factories import START_MS, new_id

ANN = Act("ann", START_MS, START_MS)
BITS = random.Random(7).getrandbits
BOB = Act("bob", START_MS, START_MS)
LATER = Act("ann", START_MS, START_MS + 10 * 86_400_000)
"""After the days on which anything ends in these tests."""


def work_out(books: Books, kind: str, *, run: UUID | None = None, **parameters: object) -> Run:
    with books.database.session() as session:
        return runs.work_out(session, run or new_id(), kind, parameters, LATER)


def post_all(books: Books, run: UUID) -> int:
    with books.database.session() as session:
        runs.approve(session, run, BOB)
    posted = 0
    while True:
        with books.database.session() as session:
            some = runs.post_some(session, run, BOB, at_once=2)
        if not some:
            return posted
        posted += some


def test_expiry_takes_only_the_rest_of_a_lot_and_can_be_reversed(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    over = books.give(ann, 100, expires_on=date(2026, 1, 5))
    today = books.give(ann, 50, expires_on=date(2026, 1, 6))
    never = books.give(ann, 25)
    books.capture(books.hold(ann, 30, today=date(2026, 1, 1)), 30)
    assert books.left(ann) == {over: 70, today: 50, never: 25}
    run = work_out(books, "expiry", today="2026-01-05")
    assert (run.items, run.total, books.points(ann)) == (1, 70, 145)
    assert post_all(books, run.id) == 1
    assert books.left(ann) == {over: 0, today: 50, never: 25}
    books.prove()
    with database.session() as session:
        assert runs.reverse_all(session, run.id, ANN) == 1
        assert runs.reverse_all(session, run.id, ANN) == 0
    assert books.left(ann) == {over: 70, today: 50, never: 25}
    books.prove()


def test_what_came_back_into_an_expired_lot_expires_with_the_next_run(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100, expires_on=date(2026, 1, 6))
    hold = books.hold(ann, 100)
    books.capture(hold, 100)
    assert work_out(books, "expiry", today="2026-01-06").items == 0
    books.undo((hold, "capture"), 40)
    for left in (40, 0):
        run = work_out(books, "expiry", today="2026-01-07")
        assert run.total == left
        post_all(books, run.id)
    assert books.points(ann) == 0
    books.prove()


def test_what_was_spent_between_dry_run_and_posting_stays_spent(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100, expires_on=date(2026, 1, 6))
    run = work_out(books, "expiry", today="2026-01-06")
    books.capture(books.hold(ann, 60), 60)
    post_all(books, run.id)
    assert books.points(ann) == 0
    with database.session() as session:
        assert session.get_one(Run, run.id).posted_total == 40
    books.prove()


def test_a_run_needs_two_people_and_is_posted_once(database: Database) -> None:
    books = Books(database)
    members = [join(database) for _ in range(5)]
    for n, member in enumerate(members, start=1):
        books.give(member, 1_000 * n)
    run = work_out(books, "rebate", year=2025, on="points", rate_bp=100, at_least=2_000)
    assert (run.items, run.total) == (4, 20 + 30 + 40 + 50)
    with database.session() as session, pytest.raises(Refused, match="cannot approve"):
        runs.approve(session, run.id, ANN)
    with database.session() as session, pytest.raises(Refused, match="dry"):
        runs.post_some(session, run.id, BOB)
    assert post_all(books, run.id) == 4
    assert [books.points(member) for member in members] == [1_000, 2_020, 3_030, 4_040, 5_050]
    with database.session() as session:
        assert runs.post_some(session, run.id, BOB) == 0
    books.capture(books.hold(members[4], 5_050), 5_050)
    with pytest.raises(Refused, match="gone"), database.session() as session:
        runs.reverse_all(session, run.id, ANN)
    with database.session() as session:
        runs.reverse_all(session, run.id, ANN, force=True)
    assert [books.points(member) for member in members] == [1_000, 2_000, 3_000, 4_000, 0]
    books.prove()


def test_the_same_run_again_is_the_same_and_another_under_its_id_is_refused(sqlite_database: Database) -> None:
    books, run = Books(sqlite_database), new_id()
    assert work_out(books, "expiry", run=run, today="2026-01-05").id == run
    assert work_out(books, "expiry", run=run, today="2026-01-05").id == run
    with pytest.raises(Conflict):
        work_out(books, "expiry", run=run, today="2026-01-06")
    with pytest.raises(Invalid, match="today"):
        work_out(books, "expiry", today="tomorrow")
    with pytest.raises(Invalid, match="today"):
        work_out(books, "expiry")
    for rate_bp in (0, 2**70):
        with pytest.raises(Invalid, match="rate_bp"):
            work_out(books, "rebate", year=2025, rate_bp=rate_bp)


def test_what_no_column_could_hold_is_refused_in_words(sqlite_database: Database) -> None:
    """PostgreSQL would refuse it as an error of the database, SQLite would keep it."""
    rules, today = DrawRules(prizes=[Prize(prize="mug", weight=1, worth_minor=1)], nothing_weight=0), date(2026, 1, 1)
    made = {"id": "b", "kind": "personal", "promotion": "off10", "starts": today, "ends": today, "most": 1}
    beyond = 2**31
    with sqlite_database.session() as session:
        for draw in ({"stock": {"mug": beyond}}, {"per_member": beyond}, {"points": beyond}):
            wanted = drawing.NewDraw(**{"id": "d", "rules": rules, "stock": {"mug": 1}, **draw})  # type: ignore[arg-type]
            with pytest.raises(Invalid, match="0 to"):
                drawing.check(session, wanted)
        gift = gifts.NewGift(id="mug", names={"en": "Mug"}, points=1, per_member=beyond)
        with pytest.raises(Invalid, match="per_member"):
            gifts.create(session, gift, actor="ann", now_ms=START_MS)
        for batch in ({"most": beyond}, {"per_member": beyond}, {"days_valid": beyond}):
            with pytest.raises(Invalid, match="at most"):
                batches.create(session, batches.NewBatch(**{**made, **batch}), BITS, actor="ann", now_ms=START_MS)  # type: ignore[arg-type]


def open_gift(database: Database, *, stock: int, points: int = 100, per_member: int = 0) -> None:
    with database.session() as session:
        session.add(Gift(id="mug", names='{"en":"Mug","zh":"马克杯"}', points=points, per_member=per_member))
        session.add(GiftStock(gift_id="mug", store_id="s001", left=stock))
        came = {"id": new_id(), "gift_id": "mug", "store_id": "s001", "delta": stock, "left_after": stock}
        session.add(GiftMove(**came, reason="delivery", actor="person:ana", at_ms=START_MS))


def want(books: Books, member: UUID, order: UUID | None = None) -> str:
    wanted = gifts.Order(id=order or new_id(), gift="mug", member=member, store="s001", today=TODAY, at_ms=START_MS)
    return in_transaction(
        books.database, lambda session: gifts.order(session, open_commit(session, 1), wanted, now_ms=START_MS)
    ).code


def test_p5_fifty_want_the_last_seven_gifts_and_seven_get_one(database: Database) -> None:
    books = Books(database)
    open_gift(database, stock=7)
    members = [new_id() for _ in range(AT_ONCE)]
    for member in members:
        books.give(member, 150)
    codes = [""] * AT_ONCE

    def take(n: int) -> int:
        codes[n] = want(books, members[n])
        return 0

    all_at_once(take)
    assert (codes.count(""), codes.count("sold_out")) == (7, AT_ONCE - 7)
    assert sorted(books.points(member) for member in members) == [50] * 7 + [150] * (AT_ONCE - 7)
    books.prove()


def test_a_gift_is_taken_once_cancelled_once_and_its_points_go_back_to_their_dates(database: Database) -> None:
    books = Books(database)
    ann, order = new_id(), new_id()
    open_gift(database, stock=5, per_member=1)
    soon, late = books.give(ann, 60, expires_on=date(2026, 6, 1)), books.give(ann, 90)
    assert [want(books, ann, order) for _ in range(2)] == ["", ""]
    assert books.left(ann) == {soon: 0, late: 50}
    assert want(books, ann) == "per_member"
    for _ in range(2):
        with database.session() as session:
            gifts.cancel(session, open_commit(session, 1), order, cause=order, at_ms=START_MS)
    assert books.left(ann) == {soon: 60, late: 90}
    assert want(books, new_id()) == "insufficient"
    with database.session() as session:
        assert session.get_one(GiftStock, ("mug", "s001")).left == 5
    books.prove()


def open_draw(database: Database, **stock: int) -> None:
    prizes = [Prize(prize="car", weight=1, worth_minor=4_000_000), Prize(prize="mug", weight=99, worth_minor=1_000)]
    rules = DrawRules(prizes=prizes, nothing_weight=900)
    with database.session() as session:
        wanted = drawing.NewDraw(id="spring", rules=rules, stock=stock)
        drawing.open_draw(session, vault(), wanted, bytes(range(32)), actor="ann", now_ms=START_MS)


def draw(books: Books, request: UUID, member: UUID) -> dict[str, object]:
    def work(session: Session) -> Answered:
        entry = drawing.Entry(id=request, draw="spring", member=member, today=TODAY, at_ms=START_MS)
        return drawing.draw(session, vault(), open_commit(session, START_MS), entry, now_ms=START_MS)

    return dict(in_transaction(books.database, work).require())


def test_p5_fifty_draw_at_once_and_no_prize_is_given_twice(database: Database) -> None:
    books = Books(database)
    with database.session() as session:
        rules = DrawRules(prizes=[Prize(prize="mug", weight=1, worth_minor=1_000)], nothing_weight=0)
        wanted = drawing.NewDraw(id="spring", rules=rules, stock={"mug": 3})
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="ann", now_ms=START_MS)
    requests = [new_id() for _ in range(AT_ONCE)]
    won = all_at_once(lambda n: draw(books, requests[n], new_id())["prize"] == "mug")
    assert sum(won) == 3
    with database.session() as session:
        assert checking.check_draw(session, vault(), "spring").holds


def test_a_ticket_is_drawn_once_and_every_draw_can_be_replayed(database: Database) -> None:
    books, ann = Books(database), new_id()
    open_draw(database, car=1, mug=100)
    request = new_id()
    assert draw(books, request, ann) == draw(books, request, ann)
    for _ in range(60):
        draw(books, new_id(), ann)
    with database.session() as session:
        assert checking.check_draw(session, vault(), "spring").holds
        published = drawing.published(session, "spring")
        assert published.seed is None
        assert published.odds == {"car": "1/1000", "mug": "99/1000", "": "900/1000"}
        drawing.end(session, vault(), "spring", actor="ann", now_ms=START_MS)
        seed = drawing.published(session, "spring").seed
        assert seed == bytes(range(32))
        assert sha256(seed).digest() == published.commitment
    with database.session() as session:
        session.execute(update(table_of(Ticket)).where(table_of(Ticket).c.number == 5).values(landed="car"))
    with database.session() as session:
        found = checking.check_draw(session, vault(), "spring")
        assert (found.wrong, found.seed_fits, found.holds) == ([5], True, False)
    with pytest.raises(Refused, match="ended"):
        draw(books, new_id(), ann)


def test_a_coupon_is_won_once_and_its_batch_kept_it_for_the_draw(database: Database) -> None:
    books, ann = Books(database), new_id()
    rules = DrawRules(prizes=[Prize(prize="off", weight=1, worth_minor=500, batch="b")], nothing_weight=0)
    batch = batches.NewBatch(id="b", kind="personal", promotion="p", starts=TODAY, ends=TODAY, most=3)
    with database.session() as session:
        batches.create(session, batch, BITS, actor="ann", now_ms=1)
        wanted = drawing.NewDraw(id="spring", rules=rules, stock={"off": 2})
        with pytest.raises(Refused, match="has 3 coupons"), session.begin_nested():
            drawing.open_draw(session, vault(), replace(wanted, stock={"off": 4}), bytes(32), actor="ann", now_ms=1)
        with pytest.raises(Refused, match="last day of batch b was"), session.begin_nested():
            drawing.open_draw(
                session, vault(), wanted, bytes(32), actor="ann", now_ms=1, business_ms=START_MS + 366 * 86_400_000
            )
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="ann", now_ms=1)
        give = partial(batches.give, session, 1, "b", today=TODAY, at_ms=START_MS, random_bits=BITS)
        give(members=[new_id()], cause=new_id())
        with pytest.raises(Refused, match="has 0 coupons"):
            give(members=[new_id()], cause=new_id())
        act = changing.Act(actor="ann", reason="x", at_ms=START_MS, now_ms=1)
        with pytest.raises(Refused, match="draw"):
            changing.withdraw(session, 1, "b", act, cause=new_id())
    request = new_id()
    first = draw(books, request, ann)
    assert draw(books, request, ann) == first
    with database.session() as session:
        assert [one.code for one in batches.of_member(session, ann)] == [first["coupon"]]
        assert checking.check_draw(session, vault(), "spring").holds
        drawing.end(session, vault(), "spring", actor="ann", now_ms=2)
        assert session.get_one(CouponBatch, "b").promised == 0
        batches.give(session, 1, "b", [new_id()], BITS, cause=new_id(), today=TODAY, at_ms=START_MS)
    books.prove()


def test_the_seed_is_encrypted_until_the_end_and_survives_a_rotation(database: Database, tmp_path: Path) -> None:
    seed, folder = bytes(range(100, 132)), tmp_path / "keys"
    old = Vault(keys.create(folder))
    rules = DrawRules(prizes=[Prize(prize="mug", weight=1, worth_minor=1)], nothing_weight=1)
    with database.session() as session:
        wanted = drawing.NewDraw(id="spring", rules=rules, stock={"mug": 9})
        drawing.open_draw(session, old, wanted, seed, actor="ann", now_ms=1)
    stored = everything_stored(database)
    assert seed not in stored
    assert seed.hex().encode() not in stored
    keys.rotate(folder, "fields")
    new = Vault(keys.load(folder))
    with database.session() as session:
        assert rotation.left(session, new) == 1
        assert rotation.encrypt_anew(session, new) == 1
        assert rotation.left(session, new) == 0
        drawing.end(session, new, "spring", actor="ann", now_ms=3)
        assert drawing.published(session, "spring").seed == seed


def test_a_draw_is_refunded_whole_by_two_people_and_once(database: Database) -> None:
    books, ann, bob = Books(database), new_id(), new_id()
    lot = books.give(ann, 100, expires_on=date(2026, 1, 9))
    books.give(bob, 40)
    rules = DrawRules(prizes=[Prize(prize="points", weight=1, worth_minor=1, points=5)], nothing_weight=0)
    with database.session() as session:
        wanted = drawing.NewDraw(id="spring", rules=rules, stock={"points": 1}, points=30)
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="ann", now_ms=1)
    for member in (ann, ann, bob):
        draw(books, new_id(), member)
    assert (books.points(ann), books.points(bob)) == (45, 10)
    why = replace(ANN, reason="the prize was named wrongly")
    with database.session() as session:
        with pytest.raises(Refused, match="end it first"):
            runs.work_out(session, new_id(), "draw_refund", {"draw": "spring"}, why)
        drawing.end(session, vault(), "spring", actor="ann", now_ms=2)
    with database.session() as session:
        with pytest.raises(Invalid, match="why"):
            runs.work_out(session, new_id(), "draw_refund", {"draw": "spring"}, ANN)
        first = runs.work_out(session, new_id(), "draw_refund", {"draw": "spring"}, why)
        again = runs.work_out(session, new_id(), "draw_refund", {"draw": "spring"}, why)
        assert (first.items, first.total) == (3, 90)
        with pytest.raises(Refused, match="cannot approve"):
            runs.approve(session, first.id, ANN)
    assert post_all(books, first.id) == 3
    assert (books.points(ann), books.points(bob)) == (105, 40), "what was won stays"
    assert books.left(ann)[lot] == 100, "back in the very lot, with its date"
    post_all(books, again.id)
    assert (books.points(ann), books.points(bob)) == (105, 40)
    with database.session() as session:
        assert session.get_one(Run, again.id).posted_total == 0
        with pytest.raises(Refused, match="not taken back"):
            runs.start_reversing(session, first.id, why)
    books.prove()


def test_the_law_caps_the_top_prize(sqlite_database: Database) -> None:
    rules = DrawRules(prizes=[Prize(prize="flat", weight=1, worth_minor=5_000_001)], nothing_weight=9)
    wanted = drawing.NewDraw(id="x", rules=rules, stock={"flat": 1})
    with pytest.raises(Refused, match="5000000"), sqlite_database.session() as session:
        drawing.open_draw(session, vault(), wanted, bytes(32), actor="ann", now_ms=1)
