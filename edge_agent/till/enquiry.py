"""Asking HQ whose card was shown, beside the till: nobody waits, and the answer changes only what is shown."""

from __future__ import annotations

import asyncio

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.till import cards
from edge_agent.till.desk import Desk
from edge_agent.till.ports import CardOwners
from shared.wire.messages import MemberFound

_log = structlog.get_logger(__name__)


class Enquiry:
    """One till's questions about cards, one at a time: about the card that its open basket shows now.

    Without an answer, offline or out of time, the basket goes on as it began: sealed card, member prices, and HQ
    credits the points when it has the sale.
    """

    def __init__(self, database: Database, desk: Desk, owners: CardOwners) -> None:
        self._database = database
        self._desk = desk
        self._owners = owners
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Ask about the open basket's card soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Ask whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._ask()
            except DiskFull:
                _log.info("card_not_asked", till=self._desk.till, reason="the disk is full")

    async def _ask(self) -> None:
        desk = self._desk
        card = await self._database.read(lambda db: cards.nameless(db, desk.till))
        if card is None:
            return
        found = await self._owners.whose_card(desk.mint(), desk.till, card.sealed_card)
        if isinstance(found, MemberFound):
            named = await self._database.run(lambda db: cards.name(db, desk, card, found))
            _log.info("card_named", till=desk.till, in_time=named)
