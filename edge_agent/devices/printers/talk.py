"""The conversation with an open printer: what was asked, what it answered, what is therefore known of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from edge_agent.devices.ports import ByteStream, DeviceRefused, DeviceUnavailable, PrinterStatus
from edge_agent.devices.printers.drawer import DrawerWatch
from edge_agent.devices.printers.problems import PrinterProblem, problems, stopping
from edge_agent.devices.printers.status import (
    GS_R_PAPER,
    Question,
    Queued,
    StatusParser,
    Told,
    after,
    ask,
    drawer_level,
)
from shared.device_profile import Prints

MISSES = 3
"""A printer that missed so many questions in a row is silent; one miss is a printer that is busy."""
_PIECE_BYTES = 1024


class PrinterTalk:
    """One printer's conversation. `session` counts how often it was opened: nothing said in one counts in the next."""

    def __init__(self, prints: Prints, drawer: DrawerWatch, answer_seconds: float) -> None:
        self.prints = prints
        self.drawer = drawer
        self.status = PrinterStatus()
        self.session = 0
        self.owed = 0
        """How many queued questions (GS r) are still to be answered."""
        self.moved = asyncio.Condition()
        self._answer_seconds = answer_seconds
        self._stream: ByteStream | None = None
        self._parser = StatusParser()
        self._answered = asyncio.Event()
        self._misses = 0
        self._asking = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the printer is there."""
        return self._stream is not None

    @property
    def problems(self) -> tuple[PrinterProblem, ...]:
        """What is wrong now, the first to see to first."""
        if not self.is_open:
            return (PrinterProblem.AWAY,)
        return (PrinterProblem.SILENT,) if self._misses >= MISSES else problems(self.status)

    @property
    def stopped_by(self) -> PrinterProblem | None:
        """What keeps the printer from printing, if anything is known to."""
        if not self.is_open or self._misses >= MISSES:
            return self.problems[0]
        return stopping(self.status)

    def begin(self, stream: ByteStream) -> None:
        """Start anew: the printer was opened."""
        self.session += 1
        self.status, self.owed, self._misses = PrinterStatus(), 0, 0
        self._parser.forget()
        self._stream = stream

    def end(self) -> None:
        """The printer is gone."""
        self.session += 1
        self._stream = None

    async def notify(self) -> None:
        """Wake whoever waits for something to change."""
        async with self.moved:
            self.moved.notify_all()

    async def hear(self, content: bytes) -> None:
        """Take what the printer said."""
        for told in self._parser.feed(content):
            self._take(told)
        await self.notify()

    async def write(self, content: bytes) -> None:
        """Send bytes, in pieces. Raise DeviceUnavailable when it is gone, DeviceRefused when it takes nothing."""
        session = self.session
        for start in range(0, len(content), _PIECE_BYTES):
            if self._stream is None or self.session != session:
                raise DeviceUnavailable("the printer is not connected")
            await self._stream.write(content[start : start + _PIECE_BYTES])

    async def survey(self) -> bool:
        """Ask everything once. Return whether the printer answered at all."""
        async with self._asking:
            try:
                answered = await (self._ask_queued() if self.prints.status == "queued" else self._ask_real_time())
            except DeviceRefused:
                answered = False
        self._misses = 0 if answered else self._misses + 1
        await self.notify()
        return answered

    async def settle(self) -> None:
        """Wait for answers still owed; a printer that is ready and gives none has lost them in a restart of its own."""
        if self.owed and not await self._owes_nothing():
            self.owed = 0

    async def ask_for_proof(self) -> None:
        """Put a question behind everything sent so far; `owed` is 0 again when the printer has come to it."""
        self.owed += 1
        await self.write(GS_R_PAPER)

    async def _ask_real_time(self) -> bool:
        for question in Question:
            self._answered.clear()
            self._parser.asked(question)
            await self.write(ask(question))
            try:
                async with asyncio.timeout(self._answer_seconds):
                    await self._answered.wait()
            except TimeoutError:
                self._parser.forget()
                return question is not Question.PRINTER
        return True

    async def _ask_queued(self) -> bool:
        """Ask a printer that knows no real-time questions; it does not answer while it is off-line."""
        if self._misses >= MISSES:
            self.owed = 0
        await self.ask_for_proof()
        return await self._owes_nothing()

    async def _owes_nothing(self) -> bool:
        async with self.moved:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._answer_seconds):
                    await self.moved.wait_for(lambda: not self.owed)
        return not self.owed

    def _take(self, told: Told) -> None:
        if isinstance(told, Queued):
            self.owed = max(self.owed - 1, 0)
        else:
            self._answered.set()
        level = drawer_level(told)
        if level is not None:
            self.drawer.take(level)
        self.status = after(
            self.status,
            told,
            open_when_high=self.drawer.open_when_high,
            near_end_sensor=self.prints.near_end_sensor,
        )
