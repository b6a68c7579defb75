"""Shares of a budget: divided exactly, moved to where it is short, never more used than there is, offline or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cloud.fleet.models import Agent
from cloud.promotions import sharing
from cloud.promotions.budget_models import StoreShare
from cloud.promotions.dividing import Standing, balanced, fair_parts, first_parts
from shared.wire.budgets import BudgetReport
from shared.wire.messages import Reported

STORES = ("s1", "s2", "s3")


@pytest.mark.parametrize(
    ("budget", "weights", "parts"),
    [
        (100, {"s1": 1, "s2": 1}, {"s1": 50, "s2": 50}),
        (10, {"s1": 3, "s2": 1, "s3": 0}, {"s1": 8, "s2": 2, "s3": 0}),
        (2, {"s1": 0, "s2": 0, "s3": 0}, {"s1": 1, "s2": 1, "s3": 0}),
        (0, {"s1": 5}, {"s1": 0}),
        (7, {}, {}),
    ],
)
def test_a_budget_is_divided_by_weights(budget: int, weights: dict[str, int], parts: dict[str, int]) -> None:
    assert fair_parts(budget, weights) == parts


def test_head_office_keeps_a_tenth_back_for_whoever_runs_short_first() -> None:
    assert first_parts(1_000, {"s1": 2, "s2": 1}) == {"s1": 600, "s2": 300}
    assert first_parts(5, {"s1": 1, "s2": 1}) == {"s1": 3, "s2": 2}


def test_who_runs_short_gets_what_nobody_holds_then_what_others_do_not_need() -> None:
    held = {"s1": Standing(450, 450, 440, 500), "s2": Standing(450, 450, 0, 500)}
    assert balanced(1_000, held) == {"s1": 550, "s2": 450}
    held = {"s1": Standing(550, 550, 550, 500), "s2": Standing(450, 450, 0, 500)}
    assert balanced(1_000, held) == {"s1": 550, "s2": 287}
    lowered = held | {"s2": Standing(287, 450, 0, 500, settled=False)}
    assert balanced(1_000, lowered) == {"s1": 550, "s2": 287}  # nothing is free before s2 has said so
    said = held | {"s2": lowered["s2"].heard(20)}
    assert balanced(1_000, said) == {"s1": 713, "s2": 287}


def test_a_budget_made_smaller_is_taken_off_everybody_and_never_below_what_was_used() -> None:
    held = {"s1": Standing(500, 500, 400, 500), "s2": Standing(500, 500, 0, 500)}
    assert balanced(700, held) == {"s1": 450, "s2": 250}
    assert balanced(100, held) == {"s1": 400, "s2": 0}


@given(
    st.integers(0, 1_000),
    st.dictionaries(st.sampled_from(STORES), st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1),
)
def test_what_is_handed_out_is_never_more_than_the_budget(budget: int, drawn: dict[str, tuple[int, int]]) -> None:
    shares = {store: Standing(most, most, min(used, most), 100) for store, (most, used) in drawn.items()}
    now = balanced(budget, shares)
    ceilings = sum(max(now[store], one.ceiling) for store, one in shares.items())
    assert ceilings <= max(budget, sum(one.ceiling for one in shares.values()))
    assert all(most >= 0 for most in now.values())


@dataclass
class Edge:
    """A store's agent: what it holds of its share, what it has used under it, what it ever said."""

    share: UUID | None = None
    serial: int = 0
    most: int = 0
    used: int = 0
    said: list[bytes] = field(default_factory=list)


class Stores(RuleBasedStateMachine):
    """Stores that sell offline, hear late, report late and out of order, lose their disks; HQ that moves shares."""

    @initialize(budget=st.integers(6, 40), weights=st.lists(st.integers(0, 3), min_size=3, max_size=3))
    def begin(self, budget: int, weights: list[int]) -> None:
        self.budget = budget
        self.weights = dict(zip(STORES, weights, strict=True))
        self.ids = 0
        self.rows: list[StoreShare] = []
        self.open = {store: self._row(store) for store in STORES}
        self.edges = {store: Edge() for store in STORES}
        self.sold = 0
        sharing._balance("uses", budget, self.rows, self.open, self.weights, first=True)
        for store in STORES:
            self.is_online(store)

    def _row(self, store: str) -> StoreShare:
        self.ids += 1
        row = StoreShare(
            id=UUID(int=self.ids), promotion="p", store_id=store, agent_id=store, epoch=UUID(int=self.ids), serial=1,
            most_uses=0, ceiling_uses=0, heard_serial=1, changed_ms=0,
        )  # fmt: skip
        self.rows.append(row)
        return row

    @rule(store=st.sampled_from(STORES))
    def hears_of_its_share(self, store: str) -> None:
        row, edge = self.open[store], self.edges[store]
        if edge.share != row.id:
            edge.share, edge.used = row.id, 0
        edge.serial, edge.most = row.serial, row.most_uses or 0

    @rule(store=st.sampled_from(STORES))
    def is_online(self, store: str) -> None:
        self.hears_of_its_share(store)
        self.says_what_it_holds(store)
        self.head_office_hears(store, 1)

    @rule(store=st.sampled_from(STORES))
    def sells_out(self, store: str) -> None:
        self.sells(store, 1_000)

    @rule(store=st.sampled_from(STORES))
    def sells_out_and_says_so(self, store: str) -> None:
        self.sells(store, 1_000)
        self.is_online(store)
        self.head_office_moves_shares()

    @rule(store=st.sampled_from(STORES), wanted=st.integers(1, 5))
    def sells(self, store: str, wanted: int) -> None:
        edge = self.edges[store]
        count = min(wanted, max(0, edge.most - edge.used))
        edge.used += count
        self.sold += count

    @rule(store=st.sampled_from(STORES))
    def takes_back(self, store: str) -> None:
        if self.edges[store].used:
            self.edges[store].used -= 1
            self.sold -= 1

    @rule(store=st.sampled_from(STORES))
    def says_what_it_holds(self, store: str) -> None:
        edge = self.edges[store]
        if edge.share is not None:
            said = BudgetReport(
                share=edge.share, promotion="p", serial=edge.serial, most_uses=edge.most, uses=edge.used
            )
            edge.said.append(msgspec.json.encode(Reported(software="1", engine=3, budgets=[said])))

    @rule(store=st.sampled_from(STORES), back=st.integers(1, 3))
    def head_office_hears(self, store: str, back: int) -> None:
        said = self.edges[store].said[-back:]
        if said:
            sharing._hear(self.rows, {store: Agent(id=store, store_id=store, reported=said[0])})

    @rule()
    def head_office_moves_shares(self) -> None:
        sharing._balance("uses", self.budget, self.rows, self.open, self.weights, first=False)

    @rule(store=st.sampled_from(STORES))
    def runs_short(self, store: str) -> None:
        self.open[store].short = True

    @precondition(lambda self: self.ids < 8)
    @rule(store=st.sampled_from(STORES))
    def loses_its_disk(self, store: str) -> None:
        self.open[store].closed = True
        self.open[store] = self._row(store)
        self.edges[store] = Edge()

    @invariant()
    def never_is_more_used_than_there_is(self) -> None:
        if hasattr(self, "budget"):
            assert self.sold <= self.budget
            assert sum(row.ceiling_uses or 0 for row in self.rows) <= self.budget


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_all_of_a_budget_reaches_the_one_store_that_sells_while_the_others_are_there() -> None:
    """Stores that are online give up what they do not need: the budget is not stuck where nobody buys."""
    machine = Stores()
    machine.begin(40, [1, 1, 1])
    for _ in range(200):
        for store in STORES:
            machine.hears_of_its_share(store)
            if store == "s1":
                machine.sells(store, 1)
            machine.says_what_it_holds(store)
            machine.head_office_hears(store, 1)
        machine.head_office_moves_shares()
        machine.never_is_more_used_than_there_is()
    assert machine.sold >= 30


def test_a_report_from_before_a_share_was_lowered_frees_nothing() -> None:
    row = StoreShare(
        id=UUID(int=1), promotion="p", store_id="s1", agent_id="s1", epoch=UUID(int=2), serial=4, most_uses=5,
        ceiling_uses=10, used_uses=1, heard_serial=3, changed_ms=0,
    )  # fmt: skip

    def hears(serial: int, used: int) -> int | None:
        said = BudgetReport(share=row.id, promotion="p", serial=serial, most_uses=10, uses=used)
        reported = msgspec.json.encode(Reported(software="1", engine=3, budgets=[said]))
        sharing._hear([row], {"s1": Agent(id="s1", store_id="s1", reported=reported)})
        return row.ceiling_uses

    assert hears(2, 1) == 10
    assert hears(3, 6) == 10
    assert hears(4, 7) == 7


def test_what_a_store_holds_counts_although_head_office_was_put_back_to_before_it_gave_that() -> None:
    row = StoreShare(
        id=UUID(int=1), promotion="p", store_id="s1", agent_id="s1", epoch=UUID(int=2), serial=2, most_uses=5,
        ceiling_uses=5, heard_serial=2, changed_ms=0,
    )  # fmt: skip
    said = BudgetReport(share=row.id, promotion="p", serial=6, most_uses=30, uses=12)
    reported = msgspec.json.encode(Reported(software="1", engine=3, budgets=[said]))
    sharing._hear([row], {"s1": Agent(id="s1", store_id="s1", reported=reported)})
    assert (row.most_uses, row.ceiling_uses, row.used_uses, row.serial) == (30, 30, 12, 6)
