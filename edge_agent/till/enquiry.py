"""Asking HQ beside the till, where nobody waits: whose card was shown, and what budgets only HQ can count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.till import cards
from edge_agent.till.desk import Desk
from edge_agent.till.ports import CardOwners
from edge_agent.till.selling import budget_asking
from shared.wire.budgets import BudgetsElsewhere
from shared.wire.messages import MemberFound, Refused

_log = structlog.get_logger(__name__)


class Enquiry:
    """One till's questions, one at a time: about the card that its open basket shows now, and about its budgets.

    Without an answer, offline or out of time, the basket goes on as it began: sealed card, member prices, and HQ
    credits the points when it has the sale; promotions that are strict about what nobody knows here do not apply.
    `noticed` is called when an answer has changed what the till shows.
    """

    def __init__(self, database: Database, desk: Desk, owners: CardOwners) -> None:
        self._database = database
        self._desk = desk
        self._owners = owners
        self._wanted = asyncio.Event()
        self.noticed: Callable[[], None] = lambda: None

    def want(self) -> None:
        """Ask about the open basket's card soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Ask whenever it is wanted, until cancelled."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wanted.set)

        self._desk.wanted.wake = wake
        if self._desk.wanted.waits:  # it was wanted before anybody could be woken
            self._wanted.set()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._ask()
                await self._ask_budgets()
            except DiskFull:
                _log.info("hq_not_asked", till=self._desk.till, reason="the disk is full")

    async def _ask(self) -> None:
        desk = self._desk
        card = await self._database.read(lambda db: cards.nameless(db, desk.till))
        if card is None:
            return
        found = await self._owners.whose_card(desk.mint(), desk.till, card.sealed_card)
        if isinstance(found, MemberFound):
            named = await self._database.run(lambda db: cards.name(db, desk, card, found))
            _log.info("card_named", till=desk.till, in_time=named)
            if named:
                self.noticed()
        elif isinstance(found, Refused):
            code = found.code
            if await self._database.run(lambda db: cards.refuse(db, desk, card, code)):
                self.noticed()

    async def _ask_budgets(self) -> None:
        desk = self._desk
        unknown = desk.wanted.take()
        if unknown is None or desk.hq is None:
            return
        # Behind the transaction that noted it: a reader beside that one would not see its basket yet, and ask nothing.
        asked = await self._database.run(lambda db: budget_asking.question(db, desk, unknown), synced=False)
        if asked is None:
            return
        answer = await desk.hq.ask(desk.mint(), desk.till, asked)
        if isinstance(answer, BudgetsElsewhere):
            in_time = await self._database.run(lambda db: budget_asking.keep(db, desk, asked, answer))
            _log.info("budgets_answered", till=desk.till, in_time=in_time, busy=answer.busy, raised=answer.raised)
            if in_time:
                self.noticed()
