"""No till is given prices that its engine cannot work out, whichever way they would come."""

from __future__ import annotations

import pytest

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import PriceVersion
from cloud.prices.publish import publish
from cloud.prices.revert import rollback, withdraw
from shared.body import BodyKind
from tests.cloud.prices_data import ACT, draft_of, found_chain, price, publish_rows, report

pytestmark = pytest.mark.usefixtures("chain")
PROMOTION = DraftRow(
    BodyKind.PROMOTIONS, "chain", "p1",
    encode_row(BodyKind.PROMOTIONS, "p1", {"promotion": "p1", "kind": "percent_off", "off_bp": 1000}),
)  # fmt: skip
"""It needs engine level 2."""


@pytest.fixture
def chain(database: Database) -> None:
    with database.session() as session:
        found_chain(session)


def test_an_engine_that_is_too_old_is_named(database: Database) -> None:
    with database.session() as session:
        report(session, "s1-a", engine=2)
        report(session, "s2-a", engine=1, version=1)
        draft = draft_of(session, [PROMOTION])
        with pytest.raises(PriceRefusal) as refusal:
            publish(session, draft, ACT)
        assert refusal.value.code == "engine_too_old"
        assert "agent s2-a of store s2 has level 1 (tills t1)" in str(refusal.value)
        assert "agent s3-a of store s3 has not reported yet" in str(refusal.value)
        report(session, "s2-a", engine=2)
        report(session, "s3-a", engine=3)
        done = publish(session, draft, ACT)
        assert session.get_one(PriceVersion, done.version).engine == 2
        assert session.get_one(PriceVersion, publish_rows(session, [price("1", 1)]).version).engine == 2


def test_an_engine_that_went_back_is_given_nothing_it_cannot_price_by(database: Database) -> None:
    """Its tills would leave the version out and sell on by older prices; only what they can do may follow."""
    with database.session() as session:
        plain = publish_rows(session, [price("1", 100)]).version
        for store in ("s1", "s2", "s3"):
            report(session, f"{store}-a", engine=2)
        newer = publish_rows(session, [PROMOTION]).version
        report(session, "s2-a", engine=1)
        with pytest.raises(PriceRefusal, match="agent s2-a of store s2 has level 1"):
            publish_rows(session, [price("1", 99)])
        with pytest.raises(PriceRefusal, match="agent s2-a of store s2 has level 1"):
            rollback(session, newer, ACT)
        publish_rows(session, [price("1", 98)], ["store:s1", "store:s3"])
        assert session.get_one(PriceVersion, rollback(session, plain, ACT).version).engine == 1


def test_an_engine_that_went_back_is_given_nothing_staged_again_but_it_can_be_withdrawn(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 100)])
        for store in ("s1", "s2", "s3"):
            report(session, f"{store}-a", engine=2)
        staged = publish_rows(session, [price("1", 97)], at="2026-01-02T06:00").version
        publish_rows(session, [PROMOTION], at="2026-01-03T06:00")
        report(session, "s2-a", engine=1)
        with pytest.raises(PriceRefusal, match="s2 has level 1"):
            publish_rows(session, [price("1", 96)])
        (again,) = withdraw(session, staged, ACT)
        withdraw(session, again.new, ACT)
        publish_rows(session, [price("1", 96)])


def test_an_agent_never_heard_of_holds_up_only_what_asks_for_more(database: Database) -> None:
    with database.session() as session:
        for store in ("s1", "s2", "s3"):
            report(session, f"{store}-a", engine=2)
        publish_rows(session, [PROMOTION])
        session.get_one(Agent, "s3-a").reported = None
        session.flush()
        publish_rows(session, [price("1", 99)])
