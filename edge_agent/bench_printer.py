"""The front panel of a simulated printer: its paper to look at and tear off, its faults to order."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from edge_agent.bench_words import PrinterPanel
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.receipt.plain import to_text
from shared.receipt.svg import to_svg

_ENDLESS = -1


async def work_printer(cable: SimulatedTransport | None, command: PrinterPanel) -> dict[str, Any] | None:
    """Change what is given, let the printer go on, and return what is on the paper; None when it is no printer."""
    machine = None if cable is None else cable.far_end
    if cable is None or not isinstance(machine, SimulatedPrinter):
        return None
    for fault in ("cover_open", "cutter_jammed", "overheated", "broken", "near_end", "silent", "drawer_open"):
        wanted = getattr(command, fault)
        if wanted is not None:
            setattr(machine, fault, wanted)
    if command.rows_left is not None:
        machine.rows_left = None if command.rows_left == _ENDLESS else command.rows_left
    if command.rows_at_once is not None:
        machine.rows_at_once = None if command.rows_at_once == _ENDLESS else command.rows_at_once
    if command.lose_power:
        machine.lose_power()
    said = machine.go_on()
    if said and cable.plugged:
        await cable.press(said)
    sheet = machine.tear_off() if command.tear_off else machine.sheet()
    if command.last:
        sheet = structs.replace(sheet, pieces=sheet.pieces[-command.last :])
    shown = {"svg": to_svg(sheet)} if command.svg else {}
    return {"ok": True, "paper": to_text(sheet), "kicks": machine.kicks, "drawer_open": machine.drawer_open, **shown}
