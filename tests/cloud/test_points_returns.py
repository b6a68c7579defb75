"""Returns whose points are spent: owed, or refused where the rule says so and the till asks; on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
import pytest

from cloud.database import Database
from cloud.loyalty import rules
from shared.loyalty import EarningRule
from shared.wire.events import SaleCompleted
from shared.wire.messages import Question, Refused
from shared.wire.return_asks import AskReturn, ReturnAllowed, ReturnedPiece
from tests.cloud.members_data import AGENTS
from tests.cloud.test_value_sales import Chain
from tests.factories import START_MS, new_id


def ask(chain: Chain, sale: SaleCompleted, pieces: Mapping[int, int]) -> object:
    lines = [ReturnedPiece(line=n, quantity=quantity) for n, quantity in pieces.items()]
    question = Question(
        id=new_id(), agent=AGENTS["s001"], connection=new_id(), at_ms=START_MS, sent_ms=START_MS, epoch=new_id(),
        question=new_id(), deadline_ms=800, body=AskReturn(sale=sale.id, lines=lines, till="t1", cashier="c1"),
    )  # fmt: skip
    return chain.answers(AGENTS["s001"], question)


def refusing(chain: Chain) -> None:
    """Publish a rule that refuses returns of spent points, from the day of these sales on."""
    with chain.database.session() as session:
        version = max(rule.version for rule in rules.load(session).earning) + 1
        rule = EarningRule(version=version, valid_from=date(2026, 1, 1), spent_points="refused")
        rules.publish_earning(session, rule, author="ann", at_ms=START_MS)


def spend(chain: Chain, points: int) -> SaleCompleted:
    basket = new_id()
    chain.hold("POINTS", points, basket)
    return chain.sell(10_000, id=basket, spent_points=points, by_points=points)


@pytest.mark.parametrize("policy", ["owed", "refused"])
def test_spent_points_are_owed_or_the_return_is_refused_as_the_rule_says(database: Database, policy: str) -> None:
    chain = Chain(database)
    if policy == "refused":
        refusing(chain)
    first = chain.sell(20_000)
    assert ask(chain, first, {1: 1}) == ReturnAllowed(points=200)
    other = spend(chain, 150)
    assert chain.points == 200 - 150 + 98
    spend(chain, 140)
    left = chain.points
    missing = 200 - left
    assert missing > 0
    no, yes = Refused(code=f"points_spent:{missing}"), ReturnAllowed(points=200, owed=missing)
    assert ask(chain, first, {1: 1}) == (no if policy == "refused" else yes)
    assert isinstance(ask(chain, other, {1: 1}), ReturnAllowed), "what it spent comes back with it"
    chain.give_back(first)
    assert (chain.points, chain.stands("member_debt", "POINTS")) == (0, -missing), "a return that came is a fact"
    chain.prove()


def test_what_a_return_gives_back_is_there_to_be_taken_before_anybody_owes(database: Database) -> None:
    chain = Chain(database)
    refusing(chain)
    chain.earn(150)
    sale = spend(chain, 150)
    earned = chain.points
    assert ask(chain, sale, {1: 1}) == ReturnAllowed(points=earned)
    spend(chain, earned)
    assert ask(chain, sale, {1: 1}) == ReturnAllowed(points=earned), "150 come back, more than it takes"
    before = chain.points
    chain.give_back(sale)
    assert (chain.points, chain.stands("member_debt", "POINTS")) == (before + 150 - earned, 0)
    chain.prove()


def test_who_asks_about_what_head_office_does_not_know_goes_on(database: Database) -> None:
    chain = Chain(database)
    refusing(chain)
    sale = chain.sell(1_000)
    assert ask(chain, sale, {9: 1}) == ReturnAllowed()
    unknown = msgspec.structs.replace(sale, id=new_id())
    assert ask(chain, unknown, {1: 1}) == ReturnAllowed()
