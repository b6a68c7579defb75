"""Ingest with members: the same balances for every order of arrival, and from workers that race."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import count as counting
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from cloud.database import Database
from cloud.database.commits import IngestCommit
from cloud.ingest import parked
from cloud.ingest.apply import apply_batches
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.models import InboxEvent, ParkedEvent
from cloud.ingest.outcomes import Acked, Delivery, Outcome
from cloud.ledger.models import JournalRow
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty.models import MemberYear
from cloud.prices.books import StoreBooks
from cloud.sales.models import Sale, SaleLine, SaleReturn, SaleTender
from shared.wire.events import Event, MemberOnSale
from tests.cloud.ingesting import Outbox, count
from tests.cloud.members_data import AGENTS, CARD, join, mint, open_chain, shown, vault
from tests.factories import DrivenMachineClock, make_return, make_sale, new_id


def take_in(database: Database, *deliveries: Delivery) -> list[Outcome]:
    downstream = LoyaltyDownstream(vault(), mint, StoreBooks())
    return apply_batches(database, deliveries, DrivenMachineClock(), downstream)


_cards = counting(8_810_000_000_010_000)


def standing(database: Database, members: Sequence[UUID]) -> tuple[list[int], list[tuple[int, int, str]]]:
    """Return points, and spend and tier by year, of members."""
    with database.session() as session:
        years = session.exec(select(MemberYear)).all()
        points = points_of(session, members)
    spent = {(row.member_id, row.year): (row.year, row.spend_minor, row.tier) for row in years}
    return [points[member] for member in members], [spent[key] for key in sorted(spent) if key[0] in members]


def a_week(members: Sequence[UUID], card: str) -> list[Event]:
    """Sales at two stores, by members as the till knew them and by a card it did not, and returns of some."""
    series = str(new_id())
    known = [MemberOnSale(member=member, tier="") for member in members]
    sales = [
        make_sale([("1001", 3), ("1002", 2)], member=known[0], series=series, number=1),
        make_sale([("1002", 5)], member=shown(card), series=series, number=2),
        make_sale([("1001", 7)], member=known[1], series=series, number=1, store="s002"),
        make_sale([("1003", 2345)], member=shown(card), series=series, number=2, store="s002"),
        make_sale([("1001", 1)], series=series, number=3),
    ]
    back = [
        make_return(sales[0], [(1, 2)], series=series, number=4),
        make_return(sales[0], [(1, 1), (2, 2)], series=series, number=5),
        make_return(sales[3], [(1, 1000)], series=series, number=3),
        make_return(sales[4], series=series, number=6),
    ]
    return [*sales, *back]


def newcomers(database: Database) -> tuple[list[UUID], str]:
    """Enrol two members, one of them with a card; return them and the card."""
    card = str(next(_cards))
    return [join(database), join(database, [card])], card


@pytest.fixture
def chain(database: Database) -> Database:
    open_chain(database)
    return database


@given(order=st.permutations(range(9)), cuts=st.sets(st.integers(1, 8)))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_p5_every_order_of_arrival_gives_the_same_balances(chain: Database, order: list[int], cuts: set[int]) -> None:
    """Each event travels in an outbox of its own store's agent, in any order, in groups cut anywhere."""
    members, card = newcomers(chain)
    for event in a_week(members, card):
        take_in(chain, Outbox(AGENTS[event.store]).add(event).batch())
    expected = standing(chain, members)
    members, card = newcomers(chain)
    events = a_week(members, card)
    shuffled = [events[index] for index in order]
    for start, end in pairwise([0, *sorted(cuts), len(shuffled)]):
        boxes = [
            Outbox(agent).add(*(event for event in shuffled[start:end] if event.store == store))
            for store, agent in AGENTS.items()
        ]
        take_in(chain, *(box.batch() for box in boxes))
    assert standing(chain, members) == expected
    with chain.session() as session:
        assert parked.open_events(session) == []
        assert prove(session).holds


@pytest.mark.postgresql
def test_p1_workers_that_race_with_the_same_batches_double_nothing(postgresql_database: Database) -> None:
    database = postgresql_database
    open_chain(database)
    members = [join(database) for _ in range(5)]
    boxes = []
    sold = []
    for store, agent in AGENTS.items():
        sales = [
            make_sale(store=store, number=n, member=MemberOnSale(member=members[n % 5]) if n % 2 else shown(CARD))
            for n in range(1, 61)
        ]
        sold += sales
        boxes.append(Outbox(agent).add(*sales))
    workers = 4
    barrier = threading.Barrier(workers)
    failures: list[BaseException] = []
    answers: list[Outcome] = []

    def work(number: int) -> None:
        try:
            barrier.wait(10)
            for first in range(1, 61, 20):
                pair = [box.batch(first, first + 19) for box in boxes]
                answers.extend(take_in(database, *(pair if number % 2 else reversed(pair))))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert all(isinstance(answer, Acked) for answer in answers)
    assert max(answer.seq for answer in answers) == 60  # type: ignore[union-attr]
    assert (count(database, Sale), count(database, SaleLine), count(database, SaleTender)) == (120, 240, 120)
    assert (count(database, InboxEvent), count(database, ParkedEvent)) == (120, 0)
    with database.session() as session:
        assert prove(session).holds
        earned = sum(points_of(session, members).values())
    # Half of the sales name a member; the other half's card is nobody's yet.
    assert count(database, JournalRow) == 60
    assert earned == sum(sale.total_minor // 100 for sale in sold if sale.member and sale.member.member)


@pytest.mark.parametrize("kind", [Sale, SaleReturn])
def test_p1_the_answer_comes_only_after_the_commit(database: Database, kind: type) -> None:
    """Killed between commit and answer: the agent sends again and finds everything done."""
    open_chain(database)
    sale = make_sale(number=1, member=shown(CARD))
    box = Outbox(AGENTS["s001"]).add(sale, make_return(sale, [(1, 1)], number=2))
    take_in(database, box.batch())
    before = (count(database, kind), count(database, IngestCommit), count(database, JournalRow))
    (outcome,) = take_in(database, box.batch())
    assert isinstance(outcome, Acked)
    assert outcome.seq == 2
    assert (count(database, kind), count(database, IngestCommit), count(database, JournalRow)) == before


def test_a_cashier_and_till_of_any_length_are_credited_on_either_database(chain: Database) -> None:
    member = join(chain, cards=[str(next(_cards))])
    sale = make_sale([("1001", 3)], member=MemberOnSale(member=member, tier=""), till="t" * 200)
    sale = msgspec.structs.replace(sale, cashier="c" * 5000)
    take_in(chain, Outbox(AGENTS["s001"]).add(sale).batch())
    with chain.session() as session:
        assert session.exec(select(ParkedEvent.reason)).all() == []
        journal = session.exec(select(JournalRow).where(JournalRow.cause == sale.id)).one()
    assert (len(journal.till), len(journal.cashier)) == (200, 5000)


def test_a_till_too_long_for_an_index_is_parked_on_either_database(chain: Database) -> None:
    take_in(chain, Outbox(AGENTS["s001"]).add(make_sale([("1001", 3)], till="t" * 5000)).batch())
    with chain.session() as session:
        assert session.exec(select(ParkedEvent.code)).all() == ["malformed"]
