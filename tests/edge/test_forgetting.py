"""What is settled is forgotten when its time is over; what is open, or waits for somebody, never is."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from edge_agent.forgetting import forget_settled
from edge_agent.till import attempts
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from shared.wire.events import TenderKind
from tests.edge.desk_hq import desk_store
from tests.edge.test_desk_value import offered, sold
from tests.edge.tills import APPLES, opened_store
from tests.factories import START_MS

WECHAT = TenderKind.WECHAT


async def test_what_a_top_up_was_sold_by_is_forgotten_with_the_rest_and_not_before(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        await sold(at)
        database, now = at.store.database, at.store.business.now_ms()

        def count() -> object:
            return database.read(lambda db: db.execute("SELECT count(*) FROM value_sold").fetchone()[0])

        assert await count() == 1  # type: ignore[misc]
        await database.run(lambda db: forget_settled(db, now))
        assert await count() == 1  # type: ignore[misc]
        offer = await offered(at)
        await at.till.counter.sell(offer.id, TenderKind.CASH)
        await at.till.counter.sell(offer.id, TenderKind.CASH)
        assert await database.run(lambda db: forget_settled(db, now + 1)) == 2
        assert await count() == 0  # type: ignore[misc]


async def test_payments_are_forgotten_when_they_are_known_and_nothing_stands_behind_them(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with opened_store(tmp_path) as store:
        till = store.till(gateways={WECHAT: gateway})
        await till.scan(APPLES)
        paid = await till.tender(WECHAT)
        gateway.mood = Mood.REFUSE
        await till.returns.take(paid.receipt)  # type: ignore[union-attr]
        (waiting,) = await till.returns.waiting()
        gateway.mood = Mood.PAY
        await till.scan(APPLES)
        await till.tender(WECHAT, 100)
        view = await till.view()
        assert view is not None
        unknown = PaymentAttempt(UUID(int=7), UUID(int=8), "t1", WECHAT, 5, START_MS)

        def unanswered(db: object) -> None:
            attempts.store(db, unknown)  # type: ignore[arg-type]
            attempts.note(db, unknown.id, PaymentOutcome(AttemptState.UNKNOWN))  # type: ignore[arg-type]

        await store.database.run(unanswered)
        later = store.business.now_ms() + 1
        assert await store.database.run(lambda db: forget_settled(db, later - 1)) == 0
        assert await store.database.run(lambda db: forget_settled(db, later)) == 1, "the first sale's own"
        rows = await store.database.read(lambda db: db.execute("SELECT basket FROM payment_attempt").fetchall())
        assert {UUID(bytes=key) for (key,) in rows} == {waiting.id, view.basket, unknown.basket}
