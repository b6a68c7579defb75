"""Fifty at once on the same value, with real threads and connections, on both databases; and any history of holds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from cloud.database import Database
from cloud.errors import CloudError, Unavailable
from cloud.ledger.holding import TIMED_OUT, VOIDED
from tests.cloud.value_books import Books
from tests.factories import make_mint, new_id
from tests.provision.databases import new_sqlite

AT_ONCE = 50
_ids = make_mint(seed=23)


def all_at_once(work: Callable[[int], int]) -> list[int]:
    """Run fifty of it at the same moment; what was too busy tries again, as agents do."""
    start = Barrier(AT_ONCE)

    def one(n: int) -> int:
        start.wait()
        while True:
            try:
                return work(n)
            except Unavailable:
                continue

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_p5_fifty_holds_at_once_never_hold_more_than_there_is(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100)
    books.give(ann, 20)
    ids = [new_id() for _ in range(AT_ONCE)]
    codes = all_at_once(lambda n: books.ask(ann, 7, hold=ids[n]).code == "")
    assert sum(codes) == 120 // 7
    assert (books.points(ann), books.held(ann)) == (120 % 7, 120 - 120 % 7)
    books.prove()


def test_p5_fifty_repeats_of_one_hold_and_one_capture_count_once(database: Database) -> None:
    books = Books(database)
    ann, hold = new_id(), new_id()
    books.give(ann, 100)
    answers = all_at_once(lambda _: len(books.ask(ann, 60, hold=hold).require()["parts"]))
    assert answers == [1] * AT_ONCE
    assert all_at_once(lambda _: books.capture(hold, 50)) == [50] * AT_ONCE
    assert (books.points(ann), books.held(ann)) == (50, 0)
    books.prove()


def test_p5_a_hold_that_is_captured_and_voided_at_once_ends_one_way(database: Database) -> None:
    books = Books(database)
    ann = new_id()
    books.give(ann, 100)
    hold = books.hold(ann, 60)

    def end(n: int) -> int:
        try:
            if n % 2:
                return books.capture(hold, 60)
            return -int(books.let_go(hold, VOIDED))
        except CloudError as error:
            if isinstance(error, Unavailable):
                raise
            return 0

    ended = set(all_at_once(end)) - {0}
    assert ended in ({60}, {-1})
    assert books.points(ann) == (40 if ended == {60} else 100)
    books.prove()


class HoldMachine(RuleBasedStateMachine):
    """Gives, holds, captures, draws, lets go and undoes; keeps its own books beside the ledger's."""

    holds = Bundle("holds")
    captured = Bundle("captured")

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.database = new_sqlite(Path(self.directory.name) / "ledger.db")
        self.books = Books(self.database)
        self.member = _ids()
        self.free = self.set_aside = 0

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()

    @rule(amount=st.integers(1, 100))
    def give(self, amount: int) -> None:
        self.books.give(self.member, amount)
        self.free += amount

    @rule(target=holds, amount=st.integers(1, 120), kind=st.sampled_from(["points", "allowance"]))
    def hold(self, amount: int, kind: str) -> object:
        answer = self.books.ask(self.member, amount, hold=_ids(), kind=kind)
        assert (answer.code == "") == (amount <= self.free)
        if answer.code:
            return multiple()
        self.free -= amount
        self.set_aside += amount
        return UUID(str(answer.answer["hold"])), amount

    @rule(target=captured, hold=consumes(holds), share=st.integers(0, 100))
    def capture(self, hold: tuple[UUID, int], share: int) -> tuple[UUID, list[int]]:
        taken = hold[1] * share // 100
        self.books.capture(hold[0], taken)
        self.books.capture(hold[0], taken)
        self.set_aside -= hold[1]
        self.free += hold[1] - taken
        return hold[0], [taken]

    @rule(hold=consumes(holds), state=st.sampled_from([VOIDED, TIMED_OUT]), drawn=st.integers(0, 150))
    def draw_and_let_go(self, hold: tuple[UUID, int], state: str, drawn: int) -> None:
        taken = self.books.draw(hold[0], _ids(), drawn)
        assert taken == min(drawn, hold[1])
        self.books.let_go(hold[0], state)
        self.set_aside -= hold[1]
        self.free += hold[1] - taken

    @rule(one=captured, share=st.integers(1, 100))
    def give_back(self, one: tuple[UUID, list[int]], share: int) -> None:
        left = one[1][0]
        back = -(-left * share // 100)
        if back:
            self.books.undo((one[0], "capture"), back, cause=_ids())
            one[1][0] -= back
            self.free += back

    @invariant()
    def everything_adds_up(self) -> None:
        assert (self.books.points(self.member), self.books.held(self.member)) == (self.free, self.set_aside)
        self.books.prove()


TestHoldMachine = HoldMachine.TestCase
TestHoldMachine.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
