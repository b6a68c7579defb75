"""Money that moves outside: gateways asked after the disk knows, their answers kept once, unknown ones looked up."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Mapping
from typing import TypeVar
from uuid import UUID

import structlog

from edge_agent.failpoints import reached
from edge_agent.till import attempts, paying
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk
from edge_agent.till.membership.words import VALUE_CODES
from edge_agent.till.ports import VALUE_TENDERS, AttemptState, PaymentAttempt, PaymentGateway, PaymentOutcome
from edge_agent.till.results import NothingUnresolved, Paid, PartlyPaid, Refused
from edge_agent.till.returning import taking
from edge_agent.till.returning.plan import ReturnPlan
from edge_agent.till.returning.results import Returned
from edge_agent.till.service import paying_back, selling
from edge_agent.till.service.results import ValueBackNow, ValueMoved, ValueSoldNow
from shared.wire.events import TenderKind

Settled = Paid | PartlyPaid | Returned | ValueMoved | Refused

M = TypeVar("M", bound="Paid | PartlyPaid | ValueSoldNow | Refused")

_log = structlog.get_logger(__name__)


class Money:
    """One till's gateways. `lock` is held while money is asked for, so that a second tap waits for the first."""

    def __init__(self, commands: Commands, gateways: Mapping[TenderKind, PaymentGateway], seconds: float) -> None:
        self.lock = asyncio.Lock()
        self._commands = commands
        self._gateways = dict(gateways)
        self._seconds = seconds

    @property
    def by_gateway(self) -> frozenset[TenderKind]:
        """The ways to pay that somebody outside answers for."""
        return frozenset(self._gateways)

    async def pay(self, attempt: PaymentAttempt) -> Paid | PartlyPaid | Refused:
        """Ask for a basket's money whose asking is on the disk, and keep the answer."""
        answer = await self._ask(attempt)
        if isinstance(answer, ValueSoldNow):
            raise TypeError(f"attempt {attempt.id} was for stored value")
        return answer

    async def pay_for_value(self, attempt: PaymentAttempt) -> ValueSoldNow | Refused:
        """Ask for the money of stored value whose asking is on the disk, and keep the answer."""
        answer = await self._ask(attempt)
        if isinstance(answer, Paid | PartlyPaid):
            raise TypeError(f"attempt {attempt.id} was for a basket")
        return answer

    async def _ask(self, attempt: PaymentAttempt) -> Paid | PartlyPaid | ValueSoldNow | Refused:
        reached("payment.asked")
        return await self.settle(attempt, await self._timed(self._gateways[attempt.method].pay(attempt)))

    async def give_back(self, plan: ReturnPlan) -> Returned | Refused:
        """Ask for every refund of a return that has no answer yet; with the last one it is made."""
        waiting = await self._commands.read(lambda db, desk: taking.refund_attempts(db, desk, plan))
        answer: Returned | Refused = refused("refund_waiting", str(plan.id))
        for attempt in waiting:
            reached("refund.asked")
            gateway = self._gateways.get(attempt.method)
            outcome = (
                PaymentOutcome(AttemptState.UNKNOWN) if gateway is None else await self._timed(gateway.refund(attempt))
            )
            found = await self.settle_refund(attempt, outcome)
            if not isinstance(found, ValueBackNow):
                answer = found
        return answer

    async def resolve(self) -> Settled | NothingUnresolved:
        """Ask the gateways what became of everything unresolved, before anything else happens at this till."""
        async with self.lock:
            answer: Settled | NothingUnresolved = NothingUnresolved()
            for attempt in await self.unresolved():
                gateway = self._gateways.get(attempt.method)
                if gateway is None:
                    return refused("payment_unresolved", str(attempt.id))
                outcome = await self._timed(gateway.look_up(attempt))
                answer = await self.settle_any(attempt, outcome)
            return answer

    async def unresolved(self) -> list[PaymentAttempt]:
        """Return the attempts of this till whose result is not known."""
        return await self._commands.read(lambda db, desk: attempts.unresolved(db, desk.till))

    async def settle_any(self, attempt: PaymentAttempt, outcome: PaymentOutcome) -> Settled:
        """Keep an answer, of a payment or of a refund."""
        if attempt.pays_back:
            return await self.settle_refund(attempt, outcome)
        return await self.settle(attempt, outcome)

    async def give_value_back(self, plan: UUID, waiting: Refused) -> ValueBackNow | Refused:
        """Ask for every refund of an undone top-up that has no answer yet; `waiting` says that some has none still."""
        answer: Settled = waiting
        for attempt in await self.unresolved():
            gateway = self._gateways.get(attempt.method)
            if attempt.basket == plan and gateway is not None:
                reached("refund.asked")
                answer = await self.settle_refund(attempt, await self._timed(gateway.refund(attempt)))
        return answer if isinstance(answer, ValueBackNow) else waiting

    async def settle(
        self, attempt: PaymentAttempt, outcome: PaymentOutcome
    ) -> Paid | PartlyPaid | ValueSoldNow | Refused:
        """Keep a payment's answer. Money that moved is never refused, also with nobody signed in."""
        reached("sale.before_transaction")
        answer = await self._commands.change(
            lambda db, desk: _settled(db, desk, attempt, outcome), rings=True, by_anybody=True
        )
        if answer is not None:
            return made(answer)
        if outcome.state is AttemptState.UNKNOWN:
            return refused("payment_unresolved", outcome.reference)
        if attempt.method in VALUE_TENDERS:
            code = VALUE_CODES.get(outcome.reference, "value_refused")
            return refused(code, "" if outcome.reference in VALUE_CODES else outcome.reference)
        return refused("payment_refused", outcome.reference)

    async def settle_refund(
        self, attempt: PaymentAttempt, outcome: PaymentOutcome
    ) -> Returned | ValueBackNow | Refused:
        """Keep a refund's answer; the return is made when all of its money has moved."""

        def kept(db: sqlite3.Connection, desk: Desk) -> Returned | ValueBackNow | ReturnPlan | None:
            done = paying_back.settle(db, desk, attempt, outcome)
            return done or taking.settle(db, desk, attempt, outcome)

        answer = await self._commands.change(kept, rings=True, by_anybody=True)
        if isinstance(answer, Returned | ValueBackNow | Refused):
            return answer
        return refused("refund_refused" if answer is None else "refund_waiting", str(attempt.basket))

    async def found(self, attempt: UUID) -> PaymentAttempt | None:
        """Return an attempt of this till whose result is not known."""
        one = await self._commands.database.read(lambda db: attempts.find_unresolved(db, attempt))
        return one if one is not None and one.till == self._commands.desk.till else None

    async def _timed(self, answer: Awaitable[PaymentOutcome]) -> PaymentOutcome:
        """Wait for a gateway; silence and a broken line mean that nobody knows."""
        try:
            async with asyncio.timeout(self._seconds):
                return await answer
        except (TimeoutError, OSError) as error:
            _log.warning("payment gateway did not answer", till=self._commands.desk.till, error=repr(error))
            return PaymentOutcome(AttemptState.UNKNOWN)


def _settled(
    db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome
) -> Paid | PartlyPaid | ValueSoldNow | None:
    """Keep a payment's answer: of a basket, or of stored value that is sold."""
    if selling.concerns(db, attempt.basket):
        return selling.settle(db, desk, attempt, outcome)
    return paying.settle(db, desk, attempt, outcome)


def made(answer: M) -> M:
    """Pass the answer on; a sale is on the disk from here on."""
    if isinstance(answer, Paid):
        reached("sale.after_commit")
    return answer
