"""Printing at one till: takes its jobs in order, and keeps on the disk what became of each."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import structlog

from edge_agent.devices.ports import DeviceError
from edge_agent.devices.printers.drawer import DrawerWatch
from edge_agent.devices.printers.driver import Outcome, PrintResult
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.receipt import drawers, jobs
from edge_agent.receipt.compose import NamingBooks, ReceiptGone, compose
from edge_agent.receipt.escpos import to_escpos
from edge_agent.receipt.glyphs import Glyphs
from edge_agent.receipt.jobs import JobState, PrintJob, Unproven
from shared.device_profile import Prints
from shared.receipt.document import Document
from shared.receipt.layout import Row, lay_out
from shared.wire.desired import StoreSettings

_STATES = {
    PrintResult.PRINTED: JobState.PRINTED,
    PrintResult.UNCONFIRMED: JobState.UNCONFIRMED,
    PrintResult.FAILED: JobState.FAILED,
}
_ROWS_OF_A_SYMBOL = 10
"""A QR code takes about as long as so many rows of text."""
_LOOK_AGAIN_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class ReceiptPrinter(Protocol):
    """A till's printer, as its jobs see it; its driver is one."""

    prints: Prints

    drawer: DrawerWatch

    @property
    def problems(self) -> tuple[PrinterProblem, ...]:
        """What is wrong with it now."""
        ...

    async def ready(self) -> None:
        """Return when nothing is known that would keep it from printing."""
        ...

    async def print(self, content: bytes, rows: int, sending: Callable[[], Awaitable[None]]) -> Outcome:
        """Print a job; `sending` is done before its first byte leaves."""
        ...

    async def kick(self, pin: int = 2) -> None:
        """Open the drawer. Raise DeviceUnavailable or DeviceRefused."""
        ...

    async def learn_drawer(self, pin: int = 2, within_s: float = 2.0) -> bool | None:
        """Kick a closed drawer and return whether "high" means open, None when its switch did not move."""
        ...


class _Cancelled(Exception):
    """The job was cancelled just before its first byte."""


class Printing:
    """One till's printing. `printer` says which printer the till has now, None when it has none.

    `changed` is called when the state of a job has changed, for the till's page.
    """

    def __init__(
        self,
        database: Database,
        till: str,
        printer: Callable[[], ReceiptPrinter | None],
        *,
        books: NamingBooks,
        settings: Callable[[], StoreSettings],
        changed: Callable[[], None],
        glyphs: Glyphs | None = None,
    ) -> None:
        self._database = database
        self._till = till
        self._printer = printer
        self._books = books
        self._settings = settings
        self._changed = changed
        self._glyphs = glyphs
        self.drawer_heard: Callable[[], None] | None = None
        """Called when a hand opened the drawer."""
        self.unproven: Unproven | None = None
        """The last paper, where nobody knows that it is whole: the cashier has to look at it."""
        self._bell = asyncio.Event()
        self._done = 0

    @property
    def problems(self) -> tuple[PrinterProblem, ...]:
        """What the cashier has to know of the printer now, before money is taken too."""
        printer = self._printer()
        return (PrinterProblem.NO_PRINTER,) if printer is None else printer.problems

    @property
    def has_printer(self) -> bool:
        """Whether the till has a printer at all, working or not."""
        return self._printer() is not None

    def ring(self) -> None:
        """Say that a job was added, or that the till has another printer."""
        self._bell.set()

    async def run(self) -> None:
        """Print what is queued, for ever. What was being sent when the agent stopped is not sent again."""
        cut = await self._database.run(lambda db: jobs.interrupted(db, self._till, PrinterProblem.RESTARTED))
        if cut:
            _log.warning("print_unconfirmed", till=self._till, jobs=len(cut), reason="restarted")
        self.unproven = await self._database.read(lambda db: jobs.unproven(db, self._till))
        if self.unproven is not None:
            self._changed()
        while True:
            self._bell.clear()
            await self._tell_wiring()
            job = await self._database.read(lambda db: jobs.next_queued(db, self._till, self._done))
            if job is None:
                await self._bell.wait()
            elif await self._try(job):
                self._done = job.n
            else:
                await self._printer_moved()

    async def kick(self) -> bool:
        """Open the drawer. False when it cannot be: somebody has to use the key, and the caller keeps that."""
        printer = self._printer()
        if printer is None:
            return False
        try:
            await printer.kick(printer.prints.drawer_pins[0] if printer.prints.drawer_pins else 2)
        except DeviceError as error:
            _log.warning("drawer_not_kicked", till=self._till, reason=str(error))
            return False
        return True

    async def learn_drawer(self) -> bool | None:
        """Learn how the drawer's switch is wired, once, with the drawer closed; keep it. None: nothing moved."""
        printer = self._printer()
        if printer is None:
            return None
        wired = await printer.learn_drawer()
        if wired is not None:
            known = wired
            await self._database.run(lambda db: drawers.note_wiring(db, self._till, open_when_high=known))
        return wired

    async def _try(self, job: PrintJob) -> bool:
        """Print one job; False when it still waits. One that was sent stays sent, also if that cannot be kept."""
        try:
            return await self._print(job)
        except DiskFull:
            _log.error("print_not_kept", till=self._till, job=job.n, reason="the disk is full")
            return False

    async def _tell_wiring(self) -> None:
        """Let a printer that is new here know how the drawer is wired, and who listens to it."""
        printer = self._printer()
        if printer is None:
            return
        printer.drawer.heard = self.drawer_heard
        if printer.drawer.open_when_high is None:
            printer.drawer.open_when_high = await self._database.read(lambda db: drawers.wiring(db, self._till))

    async def _print(self, job: PrintJob) -> bool:
        """Print one job. Return False when it still waits."""
        printer = self._printer()
        if printer is None:
            await self._wait_because(job, PrinterProblem.NO_PRINTER)
            return False
        try:
            document = await self._document(job)
        except (ReceiptGone, msgspec.DecodeError):
            await self._end(job, JobState.FAILED, PrinterProblem.UNREADABLE)
            return True
        sheet = lay_out(document, printer.prints.columns)
        rows = sum(1 if isinstance(piece, Row) else _ROWS_OF_A_SYMBOL for piece in sheet.pieces)
        content = await asyncio.to_thread(to_escpos, sheet, printer.prints, self._glyphs)
        try:
            outcome = await printer.print(content, rows, lambda: self._sending(job))
        except _Cancelled:
            return True
        if outcome.result is PrintResult.REFUSED:
            await self._wait_because(job, outcome.reason)
            return False
        await self._end(job, _STATES[outcome.result], outcome.reason)
        return True

    async def _document(self, job: PrintJob) -> Document:
        event = job.event
        if event is None or job.document:
            return msgspec.json.decode(job.document, type=Document)
        settings = self._settings()

        def made(db: sqlite3.Connection) -> Document:
            return compose(db, settings, self._books, event, job.copy)

        return await self._database.run(made, makes_room=True)

    async def _sending(self, job: PrintJob) -> None:
        if not await self._database.run(lambda db: jobs.note_sending(db, job), makes_room=True):
            raise _Cancelled
        self._changed()

    async def _end(self, job: PrintJob, state: JobState, reason: PrinterProblem | None) -> None:
        words = "" if reason is None else reason.value

        def ended(db: sqlite3.Connection) -> Unproven | None:
            jobs.note_end(db, job, state, words)
            return jobs.unproven(db, self._till)

        # Not synced: a power cut that takes this away leaves "sending", which is unconfirmed, and that is the truth.
        self.unproven = await self._database.run(ended, makes_room=True, synced=False)
        if state is not JobState.PRINTED and reason is not PrinterProblem.WRITE_ONLY:
            _log.warning("print_not_proven", till=self._till, job=job.n, state=state.value, reason=words)
        self._changed()

    async def _wait_because(self, job: PrintJob, reason: PrinterProblem | None) -> None:
        words = "" if reason is None else reason.value
        if words != job.reason:
            await self._database.run(lambda db: jobs.note_waiting(db, job, words), makes_room=True, synced=False)
            self._changed()

    async def _printer_moved(self) -> None:
        """Wait until it is worth trying again: the printer can print, or somebody rang."""
        printer = self._printer()
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._bell.wait())]
        if printer is not None:
            waiting.append(asyncio.ensure_future(printer.ready()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=_LOOK_AGAIN_SECONDS)
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
