"""Holds, requests and reversals on both databases: once each, never more than there is, exact to the lot."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from cloud.database import Database
from cloud.errors import NotFound, Refused
from cloud.ledger import AccountKey, LedgerConflict
from cloud.ledger.holding import TIMED_OUT, VOIDED
from cloud.ledger.proof import prove
from cloud.ledger.requests import RequestChanged, once
from cloud.ledger.settling import HoldEnded
from tests.cloud.value_books import TODAY, Books
from tests.factories import new_id


def test_a_hold_leaves_the_balance_and_its_capture_frees_the_rest(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100)
    hold = books.hold(ann, 60)
    assert (books.points(ann), books.held(ann)) == (40, 60)
    books.capture(hold, 25)
    books.capture(hold, 25)
    assert (books.points(ann), books.held(ann)) == (75, 0)
    with pytest.raises(HoldEnded):
        books.let_go(hold, VOIDED)
    with pytest.raises(HoldEnded):
        books.capture(hold, 26)
    books.prove()


@pytest.mark.parametrize("state", [VOIDED, TIMED_OUT])
def test_a_hold_that_is_let_go_gives_everything_back_once(database: Database, state: str) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100)
    hold = books.hold(ann, 60)
    assert books.let_go(hold, state)
    assert not books.let_go(hold, state)
    assert (books.points(ann), books.held(ann)) == (100, 0)
    with pytest.raises(HoldEnded, match=state):
        books.capture(hold, 1)
    books.prove()


def test_the_same_id_gets_the_same_answer_and_other_content_names_the_field(database: Database) -> None:
    books = Books(database)
    ann, hold = new_id(), new_id()
    books.give(ann, 100)
    first = books.ask(ann, 60, hold=hold)
    assert books.ask(ann, 60, hold=hold).answer == first.answer
    assert books.held(ann) == 60
    with pytest.raises(RequestChanged, match="amount"):
        books.ask(ann, 61, hold=hold)
    with pytest.raises(RequestChanged, match="till"):
        books.ask(ann, 60, hold=hold, till="t2")
    books.prove()


def test_a_failed_id_stays_failed_also_when_the_value_has_come_since(database: Database) -> None:
    books = Books(database)
    ann, hold = new_id(), new_id()
    books.give(ann, 10)
    assert books.ask(ann, 11, hold=hold).code == "insufficient"
    books.give(ann, 100)
    assert books.ask(ann, 11, hold=hold).code == "insufficient"
    assert books.ask(ann, 11).code == ""
    books.prove()


def test_an_error_that_is_no_refusal_leaves_no_trace(database: Database) -> None:
    request = new_id()

    def broken() -> dict[str, str]:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError), database.session() as session:
        once(session, request, "x", {"a": 1}, broken, now_ms=1)
    with database.session() as session:
        assert once(session, request, "x", {"a": 2}, dict, now_ms=1).fresh


def test_lots_are_spent_earliest_expiry_first_and_given_back_to_their_own_date(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    late = books.give(ann, 30, expires_on=date(2027, 1, 1))
    never = books.give(ann, 30)
    soon = books.give(ann, 30, expires_on=date(2026, 6, 1))
    hold = books.hold(ann, 50)
    assert books.left(ann) == {soon: 0, late: 10, never: 30}
    books.capture(hold, 40)
    assert books.left(ann) == {soon: 0, late: 20, never: 30}
    books.undo((hold, "capture"), 35)
    assert books.left(ann) == {soon: 25, late: 30, never: 30}
    books.prove()


def test_what_is_pending_expired_or_bought_on_this_receipt_cannot_be_held(database: Database) -> None:
    books = Books(database)
    ann, basket = new_id(), new_id()
    books.give(ann, 10, available_on=date(2026, 2, 1))
    books.give(ann, 10, expires_on=TODAY)
    books.give(ann, 10, basket=basket)
    assert books.ask(ann, 1, basket=basket).code == "insufficient"
    assert books.ask(ann, 10, basket=new_id()).code == ""
    assert books.points(ann) == 20
    books.prove()


def test_an_allowance_is_drawn_on_sale_by_sale_and_gives_no_more_than_it_has(database: Database) -> None:
    books = Books(database)
    ann, first, second, third = (new_id() for _ in range(4))
    books.give(ann, 100)
    hold = books.hold(ann, 50, kind="allowance")
    assert [books.draw(hold, sale, 30) for sale in (first, second, third)] == [30, 20, 0]
    assert [books.draw(hold, sale, 30) for sale in (second, first)] == [20, 30], "the same sale draws once"
    assert (books.points(ann), books.held(ann)) == (50, 0)
    assert books.let_go(hold, TIMED_OUT)
    assert books.draw(hold, third, 1) == 0
    books.prove()


def test_a_reversal_goes_up_to_what_is_left_and_names_its_original(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    key = books.give_key(ann, 100)
    first = new_id()
    assert books.undo(key, 30, cause=first).legs == books.undo(key, 30, cause=first).legs
    with pytest.raises(LedgerConflict, match="amount"):
        books.undo(key, 31, cause=first)
    with pytest.raises(Refused, match="70"):
        books.undo(key, 71)
    books.undo(key, None)
    assert books.points(ann) == 0
    with pytest.raises(Refused):
        books.undo(key, None)
    with pytest.raises(NotFound):
        books.undo((new_id(), "earn"), 1)
    books.prove()


def test_what_is_gone_is_refused_unless_forced_and_then_a_visible_debt(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    key = books.give_key(ann, 100)
    books.capture(books.hold(ann, 80), 80)
    with pytest.raises(Refused, match="gone") as refused:
        books.undo(key, None)
    assert refused.value.code == "value_gone"
    assert books.points(ann) == 20
    books.undo(key, None, force=True)
    assert (books.points(ann), books.balance(AccountKey("member_debt", str(ann), "POINTS"))) == (0, -80)
    books.prove()


def test_the_proof_names_lots_and_holds_that_do_not_add_up(sqlite_database: Database) -> None:
    books = Books(sqlite_database)
    ann = new_id()
    books.give(ann, 100)
    hold = books.hold(ann, 10)
    books.capture(books.hold(ann, 20), 20)
    for wrong, right in (
        ("UPDATE lot SET amount = amount + 1", "UPDATE lot SET amount = amount - 1"),
        ("UPDATE lot_use SET amount = 19", "UPDATE lot_use SET amount = 20"),
        ("UPDATE lot_use SET amount = 21, given_back = 1", "UPDATE lot_use SET amount = 20, given_back = 0"),
        ('UPDATE lot SET "left" = "left" - 1', 'UPDATE lot SET "left" = "left" + 1'),
        ("UPDATE hold_part SET left = 9 WHERE left = 10", "UPDATE hold_part SET left = 10 WHERE left = 9"),
        ("UPDATE hold_lot SET left = 9 WHERE left = 10", "UPDATE hold_lot SET left = 10 WHERE left = 9"),
    ):
        with sqlite_database.engine.begin() as connection:
            connection.exec_driver_sql(wrong)
        with sqlite_database.snapshot() as session:
            found = prove(session)
            assert not found.holds
            assert found.wrong_lots or found.wrong_holds
        with sqlite_database.engine.begin() as connection:
            connection.exec_driver_sql(right)
    books.prove()
    assert isinstance(hold, UUID)
    key = books.give_key(ann, 5)
    books.undo(key, 3)
    books.prove()
    with sqlite_database.engine.begin() as connection:
        twice = "INSERT INTO reversal SELECT cause, purpose || '2', n, of_cause, of_purpose, amount FROM reversal"
        connection.exec_driver_sql(twice)
    with sqlite_database.snapshot() as session:
        found = prove(session)
    assert (found.wrong_reversals, found.holds) == ([key[0]], False)
