"""The ledger under anything that may be posted, and under many who post at once."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy.exc import OperationalError

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger import Journal, LedgerConflict, LedgerRefused, Leg, Overdrawn, post
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.ledger.seal import seal_pending
from tests.cloud.test_ledger import ISSUED, earn, points_account
from tests.factories import make_mint
from tests.provision.databases import new_sqlite

mint = make_mint(seed=11)
MEMBERS = [mint() for _ in range(3)]
AMOUNTS = st.integers(-30, 50).filter(bool)


class LedgerMachine(RuleBasedStateMachine):
    """Posts, repeats, contradicts and overdraws, and keeps its own books beside the ledger's."""

    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.database = new_sqlite(Path(self.directory.name) / "ledger.db")
        self.known: dict[tuple[UUID, str], Journal] = {}
        self.balances = Counter[UUID](dict.fromkeys(MEMBERS, 0))

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()

    def attempt(self, *journals: Journal) -> None:
        after = self.balances.copy()
        new = {journal.key: journal for journal in journals if journal.key not in self.known}
        for journal in new.values():
            for leg in journal.legs:
                if leg.account.kind == "member_points":
                    after[UUID(leg.account.owner)] += leg.amount
        try:
            with self.database.session() as session:
                found = post(session, open_commit(session, 1), journals)
        except Overdrawn:
            assert any(balance < 0 for balance in after.values())
        else:
            assert found == new.keys()
            assert all(balance >= 0 for balance in after.values())
            self.known |= new
            self.balances = after

    @rule(target=posted, member=st.sampled_from(MEMBERS), amount=AMOUNTS)
    def post_one(self, member: UUID, amount: int) -> Journal:
        journal = earn(member, amount, cause=mint())
        self.attempt(journal)
        return journal

    @rule(target=posted, sender=st.sampled_from(MEMBERS), receiver=st.sampled_from(MEMBERS), amount=AMOUNTS)
    def transfer(self, sender: UUID, receiver: UUID, amount: int) -> Journal:
        legs = (Leg(points_account(sender), -amount), Leg(points_account(receiver), amount))
        journal = earn(sender, amount, cause=mint(), purpose="transfer", legs=legs)
        if sender == receiver:
            with pytest.raises(LedgerRefused), self.database.session() as session:
                post(session, 1, [journal])
        else:
            self.attempt(journal)
        return journal

    @rule(target=posted, amounts=st.lists(st.tuples(st.sampled_from(MEMBERS), AMOUNTS), min_size=2, max_size=6))
    def post_many(self, amounts: list[tuple[UUID, int]]) -> Journal:
        journals = [earn(member, amount, cause=mint()) for member, amount in amounts]
        self.attempt(*journals, journals[0])
        return journals[-1]

    @rule(journal=posted)
    def repeat(self, journal: Journal) -> None:
        if journal.key in self.known:
            self.attempt(journal)

    @rule(journal=posted, member=st.sampled_from(MEMBERS), amount=AMOUNTS)
    def contradict(self, journal: Journal, member: UUID, amount: int) -> None:
        other = (Leg(points_account(member), amount), Leg(ISSUED, -amount))
        if journal.key in self.known and sorted(journal.legs, key=str) != sorted(other, key=str):
            with pytest.raises(LedgerConflict, match="legs"), self.database.session() as session:
                post(session, 1, [earn(member, amount, cause=journal.cause, purpose=journal.purpose, legs=other)])

    @rule()
    def seal(self) -> None:
        with self.database.session() as session:
            seal_pending(session, 1, at_once=3)

    @invariant()
    def balances_are_ours(self) -> None:
        with self.database.snapshot() as session:
            assert points_of(session, MEMBERS) == self.balances

    @invariant()
    def the_proof_holds(self) -> None:
        with self.database.snapshot() as session:
            found = prove(session)
        assert replace(found, wrong_lots=[], report_off={}).holds, found  # plain postings bring no lots
        assert found.journals == len(self.known)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


@pytest.mark.postgresql
def test_p5_many_who_post_to_the_same_accounts_at_once(postgresql_database: Database) -> None:
    """Eight threads post overlapping journals over the same members; every journal counts exactly once."""
    members = [mint() for _ in range(12)]
    causes = [mint() for _ in range(150)]
    journals = [earn(members[n % 12], 1 + n % 7, cause=cause) for n, cause in enumerate(causes)]
    start = Barrier(8)

    def work(seed: int) -> int:
        order = random.Random(seed)
        new = 0
        start.wait()
        for _ in range(12):
            batch = order.sample(journals, 20)
            new += len(post_patiently(postgresql_database, batch))
        return new

    with ThreadPoolExecutor(8) as pool:
        new = sum(pool.map(work, range(8)))
    new += len(post_patiently(postgresql_database, journals))
    assert new == len(journals)
    with postgresql_database.session() as session:
        assert sum(points_of(session, members).values()) == sum(1 + n % 7 for n in range(150))
        assert replace(prove(session), wrong_lots=[], report_off={}).holds


@pytest.mark.postgresql
def test_p5_no_overdraft_when_many_take_at_once(postgresql_database: Database) -> None:
    member = mint()
    with postgresql_database.session() as session:
        post(session, 1, [earn(member, 10, cause=mint())])
    start = Barrier(8)

    def take(_: int) -> int:
        start.wait()
        taken = 0
        for _ in range(5):
            with suppress(Overdrawn):
                post_patiently(postgresql_database, [earn(member, -3, cause=mint())])
                taken += 3
        return taken

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 9
    with postgresql_database.session() as session:
        assert points_of(session, [member]) == {member: 1}
        assert replace(prove(session), wrong_lots=[], report_off={}).holds


def post_patiently(database: Database, journals: list[Journal]) -> set[tuple[UUID, str]]:
    """Post as ingest does: a deadlock is the caller's to repeat."""
    while True:
        try:
            with database.session() as session:
                return post(session, 1, journals)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "40P01":
                raise
