"""Recording a device of the running agent by its socket: in a limit, without numbers, a test by being there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.clock import SystemMachineClock
from edge_agent.control import SOCKET_NAME, Refusal, ask
from edge_agent.devices import live_recording, recording, session
from edge_agent.devices.live_recording import RECORD, Tap
from edge_agent.devices.ports import KeyEvent
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.recording import Recording, Step
from edge_agent.devices.redacting import redacted
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.disk.state_lock import StateLock
from shared.wire.desired import DeviceBinding
from shared.wire.desired import Till as TillSettings
from tests.edge.agents import RunningAgent, running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import book, ready
from tests.edge.tills import APPLES, CARD, MILK, store_settings
from tests.edge.waiting import until
from tests.factories import START_MS

DEVICES = [
    DeviceBinding(device="reader", profile="simulated_scanner", transport="simulated", role="member_card"),
    DeviceBinding(device="scale", profile="simulated_scale", transport="simulated"),
    DeviceBinding(device="scanner", profile="simulated_scanner", transport="simulated"),
]


def hq_with_devices() -> MemoryHq:
    settings = msgspec.structs.replace(store_settings(), tills=[TillSettings(till="t1", number=1, devices=DEVICES)])
    hq = MemoryHq(settings)
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    return hq


def cable(agent: RunningAgent, name: str) -> SimulatedTransport:
    station = agent.agent._tills.served["t1"].station
    found = next(one.transport for one in station.devices if one.binding.device == name)
    assert isinstance(found, SimulatedTransport)
    return found


async def tapped(agent: RunningAgent, name: str) -> None:
    devices = agent.agent._tills.devices
    await until(lambda: any(one.device == name and one.tap is not None for one in devices.devices), "the recording")


async def recorded(folder: Path, agent: RunningAgent, device: str, *scans: str) -> str:
    """What the command keeps of a device at which these codes are scanned while the till is sold at."""
    file = folder / "taken.txt"
    arguments = ["devices", "record", str(file), "--device", f"t1/{device}", "--state", str(folder), "--seconds", "60"]
    with StateLock(folder):  # as an agent's own process has it
        command = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, app, arguments))
        await tapped(agent, f"t1/{device}")
        for text in scans:
            await cable(agent, device).press(text.encode() + b"\r")
        await until(lambda: _read(agent, device) >= len(scans), "the scans")
        await cable(agent, device).unplug()  # which ends the recording: there is nothing more to come
        done = await command
    assert done.exit_code == 0, done.output
    assert "goes on selling" in done.output
    return file.read_text()


def _read(agent: RunningAgent, name: str) -> int:
    devices = agent.agent._tills.devices.devices
    return int(next(one.statistics().get("good_reads", 0) for one in devices if one.device == f"t1/{name}"))


async def test_recording_beside_the_till_is_a_test_by_being_there(tmp_path: Path) -> None:
    async with running(tmp_path, hq_with_devices()) as agent:
        await ready(agent)
        text = await recorded(tmp_path, agent, "scanner", APPLES, MILK)
        view = await agent.agent._tills.served["t1"].station.till.view()
        assert view is not None
        assert view.priced.lines, "the till went on selling"
        assert agent.agent._tills.devices.devices[0].tap is None
    taken = recording.read(text)
    assert taken.expected == [f'scanned "{APPLES}"', f'scanned "{MILK}"']
    assert taken.steps[-1].what == "gone"
    read = [in_words(one) for one in await session.replayed(taken, SystemMachineClock())]
    assert read == taken.expected


async def test_numbers_of_cards_and_payments_are_not_in_it(tmp_path: Path) -> None:
    payment = "134567890123456789"
    async with running(tmp_path, hq_with_devices()) as agent:
        await ready(agent)
        text = await recorded(tmp_path, agent, "scanner", APPLES, CARD, payment)
        reader = await recorded(tmp_path, agent, "reader", "8800000007")
    for one in (CARD, payment, "8800000007"):
        assert one not in text + reader
        assert one.encode().hex(" ") not in text + reader
    taken = recording.read(text)
    assert taken.expected == [f'scanned "{APPLES}"', f'scanned "{"1" * len(CARD)}"', f'scanned "{"1" * 18}"']
    assert recording.read(reader).expected == ['scanned "1111111111" (member_card)']


async def test_two_do_not_record_one_device_and_whoever_hangs_up_ends_it(tmp_path: Path) -> None:
    async with running(tmp_path, hq_with_devices()) as agent:
        await ready(agent)
        socket = tmp_path / SOCKET_NAME
        first = ask(socket, do=RECORD, device="t1/scale", seconds=60)
        assert (await anext(first))["profile"] == "simulated_scale"
        with pytest.raises(Refusal, match="recorded already"):
            await anext(ask(socket, do=RECORD, device="t1/scale", seconds=1))
        await first.aclose()
        devices = agent.agent._tills.devices
        await until(lambda: all(one.tap is None for one in devices.devices), "the end of it")
        for request, words in (
            ({"device": "t9/scale"}, "no device 't9/scale'; there are t1/reader"),
            ({"device": "t1/scale", "seconds": 1e9}, "up to 3600 seconds"),
            ({"seconds": 1}, "cannot be read"),
        ):
            with pytest.raises(Refusal, match=words):
                await anext(ask(socket, do=RECORD, **request))
        with pytest.raises(Refusal, match="does not know"):
            await anext(ask(socket, do="something"))


async def test_recording_ends_by_itself(tmp_path: Path) -> None:
    async with running(tmp_path, hq_with_devices()) as agent:
        await ready(agent)
        said = [one async for one in ask(tmp_path / SOCKET_NAME, do=RECORD, device="t1/scanner", seconds=0.05)]
    assert [sorted(one) for one in said] == [["profile", "role", "transport"], ["redacted", "steps"]]


async def test_more_than_a_recording_holds_ends_it_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_recording, "MAX_STEPS", 2)
    async with running(tmp_path, hq_with_devices()) as agent:
        await ready(agent)
        said = ask(tmp_path / SOCKET_NAME, do=RECORD, device="t1/scanner", seconds=60)
        await anext(said)
        for text in (APPLES, MILK, APPLES):
            await cable(agent, "scanner").press(text.encode() + b"\r")
        with pytest.raises(Refusal, match="more passed"):
            async for _ in said:
                pass


def test_tap_that_nobody_empties_keeps_to_its_limit() -> None:
    tap = Tap(SystemMachineClock())
    for _ in range(5_000):
        tap.took(lambda at_ms: [Step(at_ms, "said", b"x")])
    assert tap.full


def test_redaction_leaves_the_course_and_takes_the_numbers() -> None:
    track = b"%B4111111111111111^DOE/JOHN^2512?\r"
    keys = [Step(1, "key", key=KeyEvent(code, pressed=True)) for code in (5, 73, 46, 42, 28)]
    said, *typed = redacted([Step(0, "said", track), *keys])
    assert said.content == b"%A" + b"1" * 16 + b"^AAA/AAAA^1111?\r"
    assert [one.key.code for one in typed if isinstance(one.key, KeyEvent)] == [2, 79, 30, 42, 28]
    told = Step(2, "told", b"W123")
    assert redacted([told]) == [told]
    assert len(recording.write(Recording("serial_line", "serial", steps=[said])).splitlines()) > 3
