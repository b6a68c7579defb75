"""The ledger on both databases: double entry, once each, never overdrawn, never rewritten."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from cloud.database import Database
from cloud.ledger import AccountKey, Journal, LedgerConflict, LedgerRefused, Leg, Overdrawn, post
from cloud.ledger.models import Account, JournalRow, Posting
from cloud.ledger.reading import points_of
from tests.factories import new_id

ISSUED = AccountKey("points_issued", "s001", "POINTS")


def points_account(member: UUID) -> AccountKey:
    return AccountKey("member_points", str(member), "POINTS")


def earn(member: UUID, points: int, *, cause: UUID | None = None, **changes: object) -> Journal:
    legs = (Leg(points_account(member), points), Leg(ISSUED, -points))
    fields = {"cause": cause or new_id(), "purpose": "earn", "at_ms": 1, "store": "s001", "legs": legs} | changes
    return Journal(**fields)  # type: ignore[arg-type]


def test_a_posting_moves_the_balance_and_names_what_is_new(database: Database) -> None:
    ann, bob = new_id(), new_id()
    first, second = earn(ann, 10), earn(bob, 7)
    with database.session() as session:
        assert post(session, 1, [first, second]) == {first.key, second.key}
    with database.session() as session:
        third = earn(ann, 5)
        assert post(session, 2, [third, second]) == {third.key}
        nobody = new_id()
        assert points_of(session, [ann, bob, nobody]) == {ann: 15, bob: 7, nobody: 0}


def test_p5_a_repeat_is_a_no_op(database: Database) -> None:
    ann = new_id()
    journal = earn(ann, 10)
    for commit in (1, 2, 3):
        with database.session() as session:
            assert post(session, commit, [journal, journal]) == ({journal.key} if commit == 1 else set())
    with database.session() as session:
        assert points_of(session, [ann]) == {ann: 10}


@pytest.mark.parametrize(
    ("field", "value"),
    [("at_ms", 2), ("store", "s002"), ("till", "t2"), ("cashier", "c2"), ("rule_version", 2)],
)
def test_the_same_key_with_other_content_names_the_field(database: Database, field: str, value: object) -> None:
    ann, cause = new_id(), new_id()
    with database.session() as session:
        post(session, 1, [earn(ann, 10, cause=cause)])
    with pytest.raises(LedgerConflict, match=field), database.session() as session:
        post(session, 2, [earn(ann, 10, cause=cause, **{field: value})])


def test_another_amount_or_account_under_the_same_key_is_a_conflict(database: Database) -> None:
    ann, cause = new_id(), new_id()
    with pytest.raises(LedgerConflict, match="legs"), database.session() as session:
        post(session, 1, [earn(ann, 10, cause=cause), earn(ann, 11, cause=cause)])
    with database.session() as session:
        post(session, 1, [earn(ann, 10, cause=cause)])
    for other in (earn(ann, 11, cause=cause), earn(new_id(), 10, cause=cause)):
        with pytest.raises(LedgerConflict, match="legs"), database.session() as session:
            post(session, 2, [other])
    with database.session() as session:
        assert points_of(session, [ann]) == {ann: 10}


def test_what_does_not_sum_to_zero_is_refused(database: Database) -> None:
    ann = points_account(new_id())
    for legs in (
        (Leg(ann, 10), Leg(ISSUED, -9)),
        (Leg(ann, 10), Leg(AccountKey("points_issued", "s001", "CNY"), -10)),
        (Leg(ann, 10), Leg(ann, -10)),
        (),
        (Leg(ann, 10), Leg(AccountKey("petty_cash", "s001", "POINTS"), -10)),
    ):
        with pytest.raises(LedgerRefused), database.session() as session:
            post(session, 1, [earn(new_id(), 1, legs=legs)])


def test_a_balance_never_falls_below_zero(database: Database) -> None:
    ann, bob = new_id(), new_id()
    with database.session() as session:
        post(session, 1, [earn(ann, 10)])
    with pytest.raises(Overdrawn) as refused, database.session() as session:
        post(session, 2, [earn(bob, 5), earn(ann, -11, purpose="return")])
    assert refused.value.balance == -1
    with pytest.raises(Overdrawn), database.session() as session:
        post(session, 2, [earn(bob, -1)])
    with database.session() as session:
        assert points_of(session, [ann, bob]) == {ann: 10, bob: 0}
        post(session, 3, [earn(ann, -12, purpose="return"), earn(ann, 2)])
        assert points_of(session, [ann]) == {ann: 0}


def test_p5_nobody_rewrites_the_ledger(database: Database) -> None:
    with database.session() as session:
        post(session, 1, [earn(new_id(), 10)])
    for statement in (
        delete(JournalRow),
        delete(Posting),
        update(Posting).values(amount=1),
        update(JournalRow).values(store_id="s002"),
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
            session.execute(statement)


def test_an_empty_post_does_nothing(database: Database) -> None:
    with database.session() as session:
        assert post(session, 1, []) == set()
        assert session.execute(select(func.count()).select_from(Account)).scalar_one() == 0
