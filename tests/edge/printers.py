"""A simulated printer behind its driver, and what the driver said of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from device_profiles.catalogue import profile
from edge_agent.clock import SystemMachineClock
from edge_agent.devices.ports import DeviceState, DeviceUnavailable, PowerState, Reading, Statistic
from edge_agent.devices.printers.driver import Patience, PrinterDriver
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.receipt.escpos import to_escpos
from shared.device_profile import DeviceProfile
from shared.receipt.document import Document
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from tests.edge.waiting import until

HASTY = Patience(answer=0.15, between_questions=0.02, job=0.25, stopped=0.4)


class Notes:
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.states: list[DeviceState] = []
        self.told: list[tuple[str, ...]] = []
        self.powers: list[PowerState] = []
        self.counts: dict[Statistic, int] = {}

    async def heard(self, reading: Reading) -> None:
        pass

    def enter(self, state: DeviceState, reason: str = "") -> None:
        if not self.states or self.states[-1] is not state:
            self.states.append(state)

    def power(self, power: PowerState) -> None:
        self.powers.append(power)

    def conditions(self, names: Sequence[str]) -> None:
        self.told.append(tuple(names))

    def count(self, what: Statistic, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by


class PrinterBench:
    """One printer: the machine, its cable, its driver."""

    def __init__(self, model: str | DeviceProfile = "simulated_printer", patience: Patience = HASTY) -> None:
        self.profile = profile(model) if isinstance(model, str) else model
        self.machine = SimulatedPrinter(self.profile)
        self.cable = SimulatedTransport("printer", self.machine)
        self.notes = Notes()
        self.driver = PrinterDriver(self.profile.prints, self.notes, SystemMachineClock(), patience)

    async def run(self) -> None:
        while True:
            try:
                async with self.cable.opened() as stream:
                    await self.driver.serve(stream)
            except DeviceUnavailable:
                await asyncio.sleep(0.005)

    def bytes_of(self, document: Document) -> tuple[bytes, int]:
        sheet = lay_out(document, self.profile.prints.columns)
        return to_escpos(sheet, self.profile.prints), len(sheet.pieces)

    def paper(self) -> str:
        return to_text(self.machine.sheet())

    async def change(self, change: Callable[[], bytes | None]) -> None:
        """Do something to the machine; what it says to that arrives."""
        said = (change() or b"") + self.machine.go_on()
        if said:
            await self.cable.press(said)


@asynccontextmanager
async def printing(
    model: str | DeviceProfile = "simulated_printer", patience: Patience = HASTY
) -> AsyncIterator[PrinterBench]:
    """Keep a printer served until the block ends."""
    bench = PrinterBench(model, patience)
    task = asyncio.create_task(bench.run())
    try:
        await until(lambda: bench.notes.states[-1:] == [DeviceState.IDLE], "the printer")
        yield bench
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
