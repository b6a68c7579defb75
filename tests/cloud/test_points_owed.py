"""Whichever way points come to somebody who owes some, what they owe is settled first; taken back, it is owed again."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlmodel import Session

from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.ledger import Journal, Leg, post
from cloud.ledger.journal import AccountKey
from cloud.ledger.kinds import POINTS, POINTS_ISSUED
from cloud.loyalty import rewarding, transferring
from cloud.loyalty.earning import debt_account
from cloud.member_lifecycle import merging
from cloud.members import rules
from cloud.rewards import drawing, gifts, refunding
from cloud.rewards.models import RunItem
from cloud.value import correcting
from cloud.value.allowances import ALLOWANCE
from shared.draws import DrawRules, Prize
from shared.wire.messages import AskRelease, Refused
from shared.wire.return_asks import ReturnAllowed
from tests.cloud.members_data import join, vault
from tests.cloud.test_one_person import Chain, Shop, chain, holds, merge
from tests.cloud.test_points_returns import ask, refusing
from tests.cloud.test_rewards import open_gift
from tests.cloud.value_books import TODAY, Books
from tests.factories import START_MS, new_id

__all__ = ["chain"]

OWED = 30
GIVEN = 70


def owing(chain: Chain) -> UUID:
    """Return somebody who owes points."""
    member = join(chain.database)
    owe(chain, member)
    return member


def owe(chain: Chain, member: UUID) -> None:
    def work(session: Session) -> None:
        legs = (Leg(debt_account(member), -OWED), Leg(AccountKey(POINTS_ISSUED, "s001", POINTS), OWED))
        owes = Journal(cause=new_id(), purpose="return", at_ms=START_MS, store="s001", legs=legs, member=member)
        post(session, open_commit(session, START_MS), [owes])

    in_transaction(chain.database, work)


def reward(chain: Chain, member: UUID, points: int = GIVEN) -> None:
    given = rewarding.Reward(
        cause=new_id(), purpose="gift", member=member, points=points, source="gift", at_ms=START_MS, day=TODAY
    )
    in_transaction(
        chain.database, lambda session: rewarding.give(session, open_commit(session, START_MS), given)
    )  # fmt: skip


def handed(chain: Chain, member: UUID) -> None:
    """Two lots: the first is smaller than what is owed."""
    for points in (20, GIVEN - 20):
        reward(chain, chain.ann, points)
    wanted = transferring.Transfer(
        id=new_id(), giver=chain.ann, taker=member, points=GIVEN, today=TODAY, actor="desk"
    )  # fmt: skip

    def work(session: Session) -> None:
        rules.publish(session, rules.Transfers(version=1, to="all"), actor="ann", now_ms=1)
        transferring.transfer(session, wanted, now_ms=START_MS, business_ms=START_MS).require()

    in_transaction(chain.database, work)


def corrected(chain: Chain, member: UUID) -> None:
    wanted = correcting.Correction(
        id=new_id(), kind="member_points", owner=str(member), unit=POINTS, amount=GIVEN, store="s001", reason="slip 17",
        by="person:tom",
    )  # fmt: skip
    with chain.database.session() as session:
        correcting.ask(session, wanted, now_ms=START_MS)
        correcting.decide(
            session, open_commit(session, START_MS), wanted.id, by="person:ana", approve=True, note="seen",
            at_ms=START_MS, now_ms=START_MS,
        )  # fmt: skip


def brought(chain: Chain, member: UUID) -> None:
    """Whoever owes is made one with somebody who has points."""
    reward(chain, chain.ann)
    merge(chain, member, chain.ann)


def cancelled(chain: Chain, member: UUID) -> None:
    """A gift paid for while nothing was owed, cancelled twice when something is: it settles once."""
    reward(chain, member, OWED)
    reward(chain, member)
    open_gift(chain.database, stock=1, points=GIVEN)
    wanted = gifts.Order(id=new_id(), gift="mug", member=member, store="s001", today=TODAY, at_ms=START_MS)
    in_transaction(
        chain.database,
        lambda session: gifts.order(session, open_commit(session, START_MS), wanted, now_ms=START_MS).require(),
    )
    owe(chain, member)
    for _ in range(2):
        with chain.database.session() as session:
            gifts.cancel(session, open_commit(session, START_MS), wanted.id, cause=new_id(), at_ms=START_MS)


def refunded(chain: Chain, member: UUID) -> None:
    """A draw's ticket, paid for while nothing was owed."""
    reward(chain, member, OWED)
    reward(chain, member)
    rules = DrawRules(prizes=[Prize(prize="mug", weight=1, worth_minor=1)], nothing_weight=0)
    entry = drawing.Entry(id=new_id(), draw="spring", member=member, today=TODAY, at_ms=START_MS)
    with chain.database.session() as session:
        made = drawing.NewDraw(id="spring", rules=rules, stock={"mug": 1}, points=GIVEN)
        drawing.open_draw(session, vault(), made, bytes(32), actor="ann", now_ms=1)
        drawing.draw(session, vault(), open_commit(session, START_MS), entry, now_ms=START_MS).require()
    owe(chain, member)
    with chain.database.session() as session:
        drawing.end(session, vault(), "spring", actor="ann", now_ms=2)
        parameters, run = {"draw": "spring"}, new_id()
        found = [RunItem(run_id=run, subject=one[0], amount=one[1]) for one in refunding.items(session, parameters)]
        refunding.post_items(session, open_commit(session, START_MS), run, parameters, found, at_ms=START_MS)


@pytest.mark.parametrize("give", [handed, corrected, brought, reward, cancelled, refunded])
def test_points_that_come_settle_what_is_owed(chain: Shop, give: Callable[[Chain, UUID], None]) -> None:
    member = owing(chain)
    give(chain, member)
    assert holds(chain, member) == {"member_points": GIVEN - OWED}


def test_members_taken_apart_again_owe_and_have_what_they_did(chain: Shop) -> None:
    member = owing(chain)
    reward(chain, chain.ann)
    made = merge(chain, member, chain.ann)
    with chain.database.session() as session:
        merging.undo(
            session, vault(), made, actor="desk", commit_no=open_commit(session, START_MS), now_ms=START_MS
        )  # fmt: skip
    assert (holds(chain, chain.ann), holds(chain, member)) == ({"member_points": GIVEN}, {"member_debt": -OWED})


def test_points_that_were_only_set_aside_settle_what_their_absence_made_owed(chain: Shop) -> None:
    """A return while points lie in a basket: a till that asks is told no; one that does not leaves nothing owed."""
    refusing(chain)
    sale = chain.sell(20_000)
    basket = new_id()
    chain.hold(POINTS, 150, basket)
    assert ask(chain, sale, {1: 1}) == Refused(code="points_spent:150")
    chain.give_back(sale)
    assert holds(chain, chain.ann) == {"member_debt": -150, "member_points_held": 150}
    chain.ask(AskRelease(basket=basket, till="t1"))
    assert holds(chain, chain.ann) == {}


def test_a_return_is_not_refused_for_points_that_a_store_was_only_given_ahead(chain: Shop) -> None:
    refusing(chain)
    sale = chain.sell(20_000)
    ahead = Books(chain.database).hold(chain.ann, 150, kind=ALLOWANCE)
    assert ask(chain, sale, {1: 1}) == ReturnAllowed(points=200)
    Books(chain.database).draw(ahead, new_id(), 40)
    assert ask(chain, sale, {1: 1}) == Refused(code="points_spent:40")
