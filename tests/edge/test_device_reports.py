"""What HQ hears of devices: how each is reached, since when it stands so, when it last read, and what is plugged in."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.devices import census
from edge_agent.devices.census import Found
from edge_agent.devices.ports import DeviceState
from edge_agent.hq import reported
from shared.device_profile import TransportKind
from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport, FoundDevice
from tests.edge.device_bench import supervised
from tests.edge.waiting import until

SCANNER = DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated", address="bench-1")
NEW = Found("usb:1-2", "05e0:1200", "Symbol Scanner", {}, ("usb_keyboard",))


async def test_a_report_says_where_since_when_and_when_it_last_read() -> None:
    async with supervised(SCANNER) as bench:
        await bench.is_in(DeviceState.IDLE)
        first = bench.device().report()
        assert (first.transport, first.address, first.heard_ms) == ("simulated", "bench-1", None)
        assert first.since_ms is not None
        await bench.cable().press(b"6901234567892\r")
        await until(lambda: bench.device().report().heard_ms is not None, "a reading")
        assert bench.device().report().since_ms == first.since_ms, "reading is no change of standing"


async def test_head_office_hears_of_what_is_plugged_in_and_bound_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged: list[Found] = []
    monkeypatch.setattr(census, "take", lambda: list(plugged))
    async with supervised(SCANNER) as bench:
        await bench.is_in(DeviceState.IDLE)
        before = bench.changes
        plugged.append(NEW)
        bench.kernel.announce()
        await until(lambda: bench.changes == before + 1, "HQ to be told")


def test_what_is_plugged_in_is_said_as_a_binding_names_it() -> None:
    found = Found("usb:1-2", "05e0:1200", "Symbol", {TransportKind.EVDEV: Path("/dev/x")}, ("m1", "m2"))
    assert reported._found(found) == FoundDevice(
        address="usb:1-2", usb="05e0:1200", name="Symbol", transports=["evdev"], models=["m1", "m2"]
    )
    assert DeviceReport(device="t1/scanner", profile="m1", state="idle").since_ms is None
