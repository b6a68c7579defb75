"""Goods come back whose points are spent: HQ says no where its rule does; silence stops nobody. The real HQ answers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cloud.ledger.reading import points_of
from cloud.loyalty import rules
from edge_agent.till.results import Paid, Refused
from edge_agent.till.returning.results import Returned
from shared.loyalty import EarningRule
from shared.wire.events import TenderKind, TillKind
from shared.wire.messages import AskHold
from shared.wire.return_asks import AskReturn
from tests.cloud.members_data import join
from tests.edge.desk_hq import DeskStore, desk_store
from tests.edge.tills import CARD, MILK
from tests.factories import START_MS, new_id


async def sold_to_a_member(at: DeskStore) -> Paid:
    till = at.open("t1", TillKind.STAFFED)
    await till.scan(MILK)
    await till.scan(CARD)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid), paid
    assert await at.send() == {}
    return paid


def refusing(at: DeskStore) -> None:
    """Publish a rule that refuses returns of spent points."""
    with at.chain.database.session() as session:
        version = max((rule.version for rule in rules.load(session).earning), default=0) + 1
        rule = EarningRule(version=version, valid_from=date(2026, 1, 1), spent_points="refused")
        rules.publish_earning(session, rule, author="ann", at_ms=START_MS)


async def test_a_return_of_spent_points_is_refused_while_hq_answers_and_owed_where_it_does_not(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        refusing(at)
        member = join(at.chain.database, [CARD])
        paid = await sold_to_a_member(at)
        till = at.open("t1", TillKind.STAFFED)
        with at.chain.database.session() as session:
            points = points_of(session, [member])[member]
        assert points > 0
        held = AskHold(basket=new_id(), unit="POINTS", amount=points, till="t1", member=member)
        assert type(await at.hq.ask(new_id(), "t1", held)).__name__ == "Held"
        no = await till.returns.take(paid.receipt)
        assert isinstance(no, Refused), no
        assert (no.code, no.detail) == ("points_spent", str(points))
        assert no.words.next_zh == "请告知会员尚缺的积分，补足后方可退货。"
        await till.scan(MILK)
        assert isinstance(await till.returns.exchange(paid.receipt), Refused)
        await till.void_basket()
        at.hq.silent = True
        back = await till.returns.take(paid.receipt)
        assert isinstance(back, Returned), "silence stops nobody"
        assert await at.send() == {}


async def test_nobody_is_asked_about_a_sale_without_a_member(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        till = at.open("t1", TillKind.STAFFED)
        await till.scan(MILK)
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert isinstance(await till.returns.take(paid.receipt), Returned)
        assert not [body for _, body in at.hq.asked if isinstance(body, AskReturn)]
