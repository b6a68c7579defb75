"""P5: sales by cards that a store did not know bring what the tier of their day brings, whatever arrives when."""

from __future__ import annotations

from datetime import date
from itertools import count, permutations
from uuid import UUID

import msgspec
import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger.models import JournalRow
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty import return_answers, rules, tiers
from cloud.members import blocks
from cloud.members.sets import refresh
from shared.loyalty import PointsTimes, Tier, TierRule
from shared.wire.events import MemberOnSale, SaleCompleted, SaleReturned, Tender, TenderKind
from shared.wire.messages import Refused
from shared.wire.return_asks import AskReturn, ReturnAllowed, ReturnedPiece
from tests.cloud.members_data import join, open_chain, shown, take
from tests.factories import START_MS, make_return, make_sale

DAY_MS = 86_400_000
TODAY = date(2026, 6, 30)
MILK = "1002"
"""12.99 each."""
NUMBERS = count(1)
BASE, TWICE = 25, 51
"""Two of them, 25.98: what they bring anybody, and who stands in silver."""


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)
    with database.session() as session:
        silver = Tier(code="silver", names={}, from_minor=5_000, benefits=[PointsTimes(times_bp=20_000)])
        rules.publish_tier(session, TierRule(version=2, tiers=[silver]), author="test", at_ms=START_MS)


def on(day: int, pieces: int, member: MemberOnSale, store: str = "s002") -> SaleCompleted:
    return make_sale(
        [(MILK, pieces)], member=member, store=store, at_ms=START_MS + day * DAY_MS, number=next(NUMBERS), series="t1"
    )


def priced(sale: SaleCompleted, minor: int) -> SaleCompleted:
    """Return the sale of one piece at another price, for cash."""
    (line,) = sale.lines
    price = msgspec.structs.replace(line.price, minor=minor, basis=1)
    line = msgspec.structs.replace(line, price=price, net_minor=minor, tax_minor=0)
    tenders = [Tender(method=TenderKind.CASH, minor=minor)]
    return msgspec.structs.replace(sale, lines=[line], tenders=tenders, total_minor=minor)


def back(sale: SaleCompleted, pieces: int) -> SaleReturned:
    return make_return(sale, [(1, pieces)], number=next(NUMBERS), series="t1")


def looked_at(database: Database) -> None:
    while True:
        with database.session() as session:
            if not refresh(session, today=TODAY).notes:
                return


def points(database: Database, member: UUID) -> int:
    with database.session() as session:
        proof = prove(session)
        assert [proof.units_off, proof.unbalanced_journals, proof.wrong_balances, proof.wrong_lots] == [{}, [], [], []]
        return points_of(session, [member]).get(member, 0)


def journals(database: Database, member: UUID) -> list[str]:
    with database.session() as session:
        rows = session.exec(select(JournalRow).where(JournalRow.member_id == member)).all()
    return sorted(row.purpose for row in rows)


def card(number: int) -> str:
    return f"88100000{number:08}"


def test_p5_the_tier_of_the_day_counts_in_every_order_of_arrival(database: Database) -> None:
    """A sale before the tier, one that reaches it, one in it, and a piece of that one brought back."""
    seen = set()
    for number, order in enumerate(permutations(range(4)), start=10):
        if order.index(2) > order.index(3):
            continue  # a return follows its sale
        ann = join(database, [card(number)], home_store="s001")
        early, inside = on(0, 2, shown(card(number))), on(2, 2, shown(card(number)))
        reaching = on(1, 4, MemberOnSale(member=ann), store="s001")
        events: list[SaleCompleted | SaleReturned] = [early, reaching, inside, back(inside, 1)]
        for place in order:
            assert not take(database, [events[place]])
            if number % 2:
                looked_at(database)
        looked_at(database)
        seen.add(points(database, ann))
    # 25 before, 51 for 51.96 that reaches it (its receipt says: no tier yet), and one of two pieces of 51.
    assert seen == {BASE + 51 + TWICE - 26}


def test_p5_what_a_late_return_undoes_is_taken_off_again(database: Database) -> None:
    ann = join(database, [card(1)], home_store="s001")
    reaching, inside = on(1, 4, MemberOnSale(member=ann), store="s001"), on(2, 2, shown(card(1)))
    take(database, [reaching, inside])
    looked_at(database)
    assert points(database, ann) == 51 + TWICE
    assert journals(database, ann) == ["earn", "earn", "tier:1"]
    take(database, [back(reaching, 4)])
    looked_at(database)
    assert points(database, ann) == BASE
    assert journals(database, ann) == ["earn", "earn", "return", "tier:1", "tier:2"]
    looked_at(database)
    assert points(database, ann) == BASE


def test_p5_a_sale_too_small_for_a_point_is_one_by_the_tier_of_its_day_and_not_after_its_return(
    database: Database,
) -> None:
    """0.60 comes to no point, and to one in silver: before and in the tier, during a block, and brought back."""
    ann = join(database, [card(1)], home_store="s001")
    before, inside, kept = (priced(on(day, 1, shown(card(1))), 60) for day in (0, 2, 3))
    take(database, [before, on(1, 4, MemberOnSale(member=ann), store="s001"), inside, kept])
    looked_at(database)
    assert points(database, ann) == 51 + 1 + 1
    take(database, [back(inside, 1)])
    for _ in range(2):
        looked_at(database)
        assert points(database, ann) == 51 + 1
    assert journals(database, ann) == ["earn", "tier:1", "tier:1", "tier:2"]
    with database.session() as session:
        commit_no = open_commit(session, START_MS)
        blocks.put(
            session, ann, blocks.POINTS, reason="asked", actor="test", commit_no=commit_no, now_ms=START_MS,
            since_ms=START_MS + 4 * DAY_MS,
        )  # fmt: skip
    take(database, [priced(on(5, 1, shown(card(1))), 60)])
    looked_at(database)
    assert points(database, ann) == 51 + 1


def told(database: Database, sale: SaleCompleted, pieces: int) -> ReturnAllowed | Refused:
    """Return what a till is told that brings so many pieces of a sale back."""
    asked = AskReturn(sale=sale.id, lines=[ReturnedPiece(line=1, quantity=pieces)], till="t1", cashier="c1")
    with database.session() as session:
        return return_answers.answer(session, asked)


def test_what_a_till_is_told_before_a_return_is_what_is_posted_after_it(database: Database) -> None:
    """With the adjustment posted or still to come, in two parts, and where the return ends the tier of later sales."""
    ann = join(database, [card(1)], home_store="s001")
    reaching, inside = on(1, 4, MemberOnSale(member=ann), store="s001"), on(2, 2, shown(card(1)))
    late = on(3, 2, shown(card(1)))
    take(database, [reaching, inside, late])
    assert told(database, inside, 1) == ReturnAllowed(points=26), "before the tier of its day was looked at"
    looked_at(database)
    for sale, pieces, gone in ((inside, 1, 26), (inside, 1, 25), (reaching, 4, 51 + TWICE - BASE)):
        had = points(database, ann)
        assert told(database, sale, pieces) == ReturnAllowed(points=gone)
        take(database, [back(sale, pieces)])
        looked_at(database)
        assert had - points(database, ann) == gone
    assert points(database, ann) == BASE


def test_a_receipt_that_names_a_tier_or_none_is_left_alone(database: Database) -> None:
    ann = join(database, [card(1)], home_store="s001")
    told = [MemberOnSale(member=ann), MemberOnSale(member=ann, tier="silver")]
    named = MemberOnSale(sealed_card=shown(card(1)).sealed_card, tier="gone")
    take(database, [on(1, 4, told[0]), on(2, 2, told[0]), on(3, 2, told[1]), on(4, 2, named)])
    looked_at(database)
    assert points(database, ann) == 51 + BASE + TWICE + BASE
    assert set(journals(database, ann)) == {"earn"}


def test_a_card_that_comes_to_belong_to_somebody_counts_too_and_a_block_does_not_end_by_it(database: Database) -> None:
    take(database, [on(1, 4, shown(card(1))), on(2, 2, shown(card(1)))])
    ann = join(database, [card(1)], home_store="s001")
    looked_at(database)
    assert points(database, ann) == 51 + TWICE
    bob = join(database, [card(2)], home_store="s001")
    with database.session() as session:
        tiers.set_floor(session, bob, "silver", TODAY, reason="a guest", actor="test", now_ms=START_MS)
    looked_at(database)
    with database.session() as session:
        commit_no = open_commit(session, START_MS)
        blocks.put(session, bob, blocks.POINTS, reason="asked", actor="test", commit_no=commit_no, now_ms=START_MS)
    take(database, [on(1, 2, shown(card(2)))])
    looked_at(database)
    assert points(database, bob) == 0


def test_nothing_is_worked_out_where_no_tier_multiplies(database: Database) -> None:
    with database.session() as session:
        plain = TierRule(version=3, tiers=[Tier(code="silver", names={}, from_minor=5_000)])
        rules.publish_tier(session, plain, author="test", at_ms=START_MS)
    ann = join(database, [card(1)], home_store="s001")
    take(database, [on(1, 4, shown(card(1))), on(2, 2, shown(card(1)))])
    looked_at(database)
    assert points(database, ann) == 51 + BASE
