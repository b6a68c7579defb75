"""A till's cash drawer: opened for a reason, by somebody; what no other event tells head office is told by its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from uuid import UUID

import structlog

from edge_agent.clock import Clocks
from edge_agent.disk.agent_row import business_day, device_time
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.receipt import drawers
from edge_agent.receipt.printing import Printing
from edge_agent.record import outbox
from edge_agent.record.outbox import Doorbell
from shared.wire.desired import StoreSettings
from shared.wire.drawer_events import DrawerOpened, DrawerReason

_WAITING = 16
_log = structlog.get_logger(__name__)


class CashDrawer:
    """Opens one till's drawer through its printer, and hears when a hand opened it."""

    def __init__(
        self,
        database: Database,
        till: str,
        printing: Printing,
        *,
        clocks: Clocks,
        mint: Callable[[], UUID],
        settings: Callable[[], StoreSettings],
        doorbell: Doorbell,
        who: Callable[[], str],
    ) -> None:
        self._database = database
        self._till = till
        self._printing = printing
        self._clocks = clocks
        self._mint = mint
        self._settings = settings
        self._doorbell = doorbell
        self._who = who
        self._by_hand: asyncio.Queue[int] = asyncio.Queue(_WAITING)
        printing.drawer_heard = self._opened_by_hand

    async def open(self, reason: DrawerReason, *, by: str, cause: UUID | None = None) -> bool:
        """Open the drawer; False when it could not be told to, and somebody has to use the key.

        To be called after the commit of whatever it is opened for: `cause` is that event. A drawer that does not open
        undoes no sale.
        """
        kicked = await self._printing.kick()
        if not kicked or reason in drawers.TOLD_BY_NOBODY:
            await self._keep(reason, by=by, at_ms=self._clocks.business.now_ms(), cause=cause, kicked=kicked)
        _log.info("drawer_opened", till=self._till, reason=reason.value, kicked=kicked)
        return kicked

    async def learn(self) -> bool | None:
        """Open the closed drawer and learn how its switch is wired: whether "high" is open, None when it did not move.

        Only from then on is an opening by hand noticed. Raise DeviceError when the printer takes nothing.
        """
        wired = await self._printing.learn_drawer()
        at_ms = self._clocks.business.now_ms()
        await self._keep(DrawerReason.TEST, by=self._who(), at_ms=at_ms, cause=None, kicked=True)
        return wired

    async def run(self) -> None:
        """Keep every opening by hand, until cancelled."""
        while True:
            at_ms = await self._by_hand.get()
            await self._keep(DrawerReason.BY_HAND, by=self._who(), at_ms=at_ms, cause=None, kicked=False)
            _log.warning("drawer_opened_by_hand", till=self._till)

    def _opened_by_hand(self) -> None:
        if not self._by_hand.full():  # a switch that flutters is one finding, not a thousand
            self._by_hand.put_nowait(self._clocks.business.now_ms())

    async def _keep(self, reason: DrawerReason, *, by: str, at_ms: int, cause: UUID | None, kicked: bool) -> None:
        settings, event_id = self._settings(), self._mint()

        def keep(db: sqlite3.Connection) -> None:
            drawers.note_opening(db, self._till, reason, by=by, at_ms=at_ms, cause=cause, kicked=kicked)
            event = DrawerOpened(
                id=event_id,
                store=settings.store,
                till=self._till,
                cashier=by,
                at_ms=at_ms,
                business_date=business_day(settings, at_ms),
                device=device_time(db, self._clocks.machine),
                reason=reason,
                cause=cause,
                kicked=kicked,
            )
            outbox.append(db, event, self._clocks.machine.wall_ms())

        try:
            await self._database.run(keep)
        except DiskFull:
            _log.error("drawer_not_kept", till=self._till, reason=reason.value, by=by)
            return
        self._doorbell.ring()
