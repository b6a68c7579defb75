"""Devices of a whole agent: bound by HQ while it runs, sold through, reported, kept for the status command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.configuration import load
from edge_agent.devices import logbook
from edge_agent.standing import read_standing
from shared.wire.desired import DeviceBinding, StoreSettings, Till
from shared.wire.messages import DeviceReport
from tests.edge.agents import RunningAgent, running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import MILK, book, ready
from tests.edge.test_device_serial import Plug, port
from tests.edge.tills import store_settings
from tests.edge.waiting import until
from tests.factories import START_MS, new_id


def bound(*devices: DeviceBinding) -> StoreSettings:
    return replace(store_settings(), tills=[Till(till="t1", number=1, devices=list(devices))])


def scanner(plug: Plug, **fields: str) -> DeviceBinding:
    return DeviceBinding(
        **{"device": "scanner", "profile": "serial_line", "transport": "serial", "address": str(plug.path), **fields}  # type: ignore[arg-type]
    )


def reports(hq: MemoryHq) -> dict[str, DeviceReport]:
    return {report.device: report for report in (hq.reported.devices if hq.reported else [])}


@pytest.fixture
def hq() -> MemoryHq:
    made = MemoryHq(bound())
    made.timeline = [entry(made.bodies, 1, book(), START_MS)]
    return made


def states(agent: RunningAgent) -> dict[str, str]:
    return {device.device: device.state.value for device in agent.agent._tills.served["t1"].station.devices}


async def test_p10_hq_binds_a_real_scanner_while_the_agent_runs_and_it_sells(tmp_path: Path, hq: MemoryHq) -> None:
    with port(tmp_path) as plug:
        async with running(tmp_path, hq) as agent:
            await ready(agent)
            await until(lambda: states(agent) == {"t1/scanner": "idle"}, "the simulated scanner")
            hq.publish(*hq.timeline, settings=bound(scanner(plug)))
            await until(lambda: "serial_line" in {one.profile for one in reports(hq).values()}, "HQ to hear of it")
            await until(lambda: states(agent) == {"t1/scanner": "idle"}, "the real scanner")
            plug.say(f"{MILK}\r".encode())
            till = agent.agent._tills.served["t1"].station.till

            async def has_basket() -> bool:
                return await till.view() is not None

            await until(has_basket, "the milk in the basket")
            plug.unplug()
            await until(lambda: reports(hq)["t1/scanner"].state == "closed", "HQ to hear that it is gone")
            assert reports(hq)["t1/scanner"].power == "off"
            assert reports(hq)["t1/scanner"].statistics == {"good_reads": 1, "unplugs": 1}
            kept = []

            async def is_kept() -> bool:
                kept[:] = await agent.database.read(logbook.entries_kept)
                return [one.report.state for one in kept] == ["closed"]

            await until(is_kept, "the logbook")
            shown = read_standing(load(tmp_path))["device t1/scanner"]
            assert shown.startswith("closed, power off, since ")
            assert shown.endswith("good_reads 1; unplugs 1")
            answer = await agent.say(do="basket", till="t1", id=str(new_id()), steps=[{"scan": MILK}])
            assert answer["code"] in {"scanner_real", "basket_open"}


async def test_broken_binding_leaves_the_other_devices_selling_and_is_told(tmp_path: Path, hq: MemoryHq) -> None:
    simulated = DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated")
    wrong = DeviceBinding(device="scale", profile="no_such_scale", transport="serial", address="usb:1-1")
    hq.settings = bound(simulated, wrong)
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: states(agent) == {"t1/scale": "error", "t1/scanner": "idle"}, "both devices")
        steps = [{"scan": MILK}, {"tender": {"method": "cash"}}]
        assert (await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps))["ok"]
        await until(lambda: "no_such_scale" in reports(hq).get("t1/scale", DeviceReport(
            device="", profile="", state="")).reason, "HQ to hear what is wrong")  # fmt: skip


def test_agent_loads_no_device_library_before_a_device_needs_it() -> None:
    """The agent has 80 MiB: evdev, pyserial and pyusb cost several of them."""
    code = (
        "import sys, edge_agent.agent;"
        "print([name for name in ('serial', 'usb', 'evdev', 'edge_agent.devices.printer', 'edge_agent.devices.scale')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
