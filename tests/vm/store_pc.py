"""The store PC's program: `storewire-edge run` with the virtual machine's devices bound to its tills.

Only the bindings are written here instead of at head office; everything else is the shipped agent.
"""

from __future__ import annotations

import sys

from msgspec.structs import replace

from edge_agent import service
from edge_agent.agent import Agent
from edge_agent.cli import app
from shared.wire.desired import DeviceBinding, StoreSettings

SCANNER, PRINTER, SCALE = "usb_keyboard", "pos_80xx", "cas_ap1"
_KEYS: dict[str, bool | int | str | list[str]] = {"keys.end_gap_ms": 5_000}
"""An emulated machine may stand still for longer than a scanner pauses within a code."""
DEVICES = {
    "t1": (
        DeviceBinding(device="scanner", profile=SCANNER, transport="evdev", address="usb:1-1", settings=_KEYS),
        DeviceBinding(device="printer", profile=PRINTER, transport="usb", address="usb:1-3"),
        DeviceBinding(device="scale", profile=SCALE, transport="serial", address="usb:1-4"),
    ),
    "t2": (DeviceBinding(device="scanner", profile=SCANNER, transport="evdev", address="usb:1-2", settings=_KEYS),),
}
"""By till: the devices by the ports they are plugged into; both scanners are of one make without a serial number."""

_take = Agent._take_settings


async def _with_devices(self: Agent, settings: StoreSettings) -> None:
    tills = [replace(till, devices=list(DEVICES[till.till])) for till in settings.tills]
    await _take(self, replace(settings, tills=tills))


if __name__ == "__main__":
    Agent._take_settings = _with_devices  # type: ignore[method-assign]
    vars(service)["become"] = service.run  # here, where it was changed
    sys.exit(app())
