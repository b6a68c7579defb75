"""Devices of a whole agent: bound by HQ while it runs, sold through, reported, kept for the status command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent import control
from edge_agent.configuration import load
from edge_agent.devices import logbook
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.trying import TEST
from edge_agent.standing import read_standing
from shared.wire.desired import DeviceBinding, StoreSettings, Till
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from shared.wire.events import decode_event
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


async def test_the_drawer_s_switch_is_learnt_by_command_and_then_a_hand_on_it_is_told(
    tmp_path: Path, hq: MemoryHq
) -> None:
    hq.settings = bound(
        DeviceBinding(device="printer", profile="simulated_printer", transport="simulated"),
        DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated"),
    )

    async def tried(device: str) -> list[bool]:
        asked = control.ask(tmp_path / control.SOCKET_NAME, do=TEST, device=device, drawer=True)
        return [said["works"] async for said in asked]

    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: states(agent) == {"t1/printer": "idle", "t1/scanner": "idle"}, "both devices")
        station = agent.agent._tills.served["t1"].station
        cable, driver = station.simulated("printer"), station.printer()
        assert cable is not None
        assert driver is not None
        machine = cable.far_end
        assert isinstance(machine, SimulatedPrinter)
        machine.switch_high_when_open = False
        with pytest.raises(control.Refusal, match="t1/scanner is no printer"):
            await tried("t1/scanner")
        assert await tried("t1/printer") == [True]
        await until(lambda: driver.drawer.heard is not None, "the listener")
        machine.drawer_open = False
        await until(lambda: driver.drawer.level is True, "the closed drawer")
        machine.drawer_open = True

        async def told() -> list[DrawerReason]:
            rows = await agent.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
            return [one.reason for (text,) in rows if isinstance(one := decode_event(text), DrawerOpened)]

        async def both() -> bool:
            return await told() == [DrawerReason.TEST, DrawerReason.BY_HAND]

        await until(both, "the hand")


def test_agent_loads_no_device_library_before_a_device_needs_it() -> None:
    """The agent has 80 MiB: evdev, pyserial and pyusb cost several of them."""
    code = (
        "import sys, edge_agent.agent;"
        "print([name for name in ('serial', 'usb', 'evdev', 'edge_agent.devices.printer', 'edge_agent.devices.scale')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
