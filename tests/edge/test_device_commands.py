"""`storewire-edge devices` as an IT person uses it, on ptys and a machine drawn in a folder."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from device_profiles.catalogue import profile
from edge_agent.clock import SystemMachineClock
from edge_agent.control import Refusal
from edge_agent.devices import command_words, commands, panel, recording, trying
from edge_agent.devices.census import Found, fitting_models, take
from edge_agent.devices.commands import app
from edge_agent.devices.detecting import probes
from edge_agent.devices.displays.simulated import SimulatedLineDisplay
from edge_agent.devices.places import Roots
from edge_agent.devices.ports import DeviceState
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.session import replayed
from edge_agent.disk.agent_row import keep_settings
from shared.device_profile import DeviceClass, TransportKind
from shared.receipt.layout import Row
from shared.wire.desired import DeviceBinding
from tests.edge.device_bench import SIMULATED, supervised
from tests.edge.tills import opened_store
from tests.edge.waiting import until

runner = CliRunner()


@contextmanager
def device(answer: Callable[[bytes], bytes], *, first: bytes = b"", always: bytes = b"") -> Iterator[Path]:
    """Put a device on a pty that has said `first`, answers, and says `always` whenever it is not asked."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.write(master, first)
    ended = threading.Event()

    def talk() -> None:
        with suppress(OSError):
            while not ended.is_set():
                if select.select([master], [], [], 0.02)[0]:
                    os.write(master, answer(os.read(master, 1_000)))
                else:
                    os.write(master, always)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield Path(os.ttyname(slave))
    finally:
        ended.set()
        thread.join(5)
        os.close(slave)
        os.close(master)


def say(*words: str | Path) -> Result:
    return runner.invoke(app, [str(word) for word in words])


def scale(model: str, grams: int) -> SimulatedScale:
    made = SimulatedScale(profile(model))
    made.load.grams = grams
    return made


def test_detect_names_a_scale_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.detecting._LISTEN_SECONDS", 0.2)
    with device(scale("cas_ap1", 1_234).receive) as place:
        result = say("detect", place)
    assert result.exit_code == 0, result.output
    assert "cas_ap1" in result.output.splitlines()[-1]
    assert "sent 05 11; heard 06 01 02 53" in result.output, "the raw bytes are shown"


def test_detect_names_a_scale_that_speaks_by_itself_and_sends_it_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.detecting._LISTEN_SECONDS", 0.2)
    made = scale("yaohua_xk3190_a9", 1_230)
    asked: list[bytes] = []
    with device(lambda content: asked.append(content) or b"", always=made.frame()) as place:
        result = say("detect", place)
    assert result.exit_code == 0, result.output
    assert "yaohua_xk3190_a9" in result.output.splitlines()[-1]
    assert asked == []


def test_detect_names_nothing_that_merely_takes_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.detecting._LISTEN_SECONDS", 0.02)
    with device(lambda _: b"") as place:
        result = say("detect", place)
    assert result.exit_code == 1
    assert "Nothing identified itself" in result.output
    assert result.output.count(" heard ") + result.output.count(" not tried: ") == len(probes())


def test_detect_is_not_fooled_by_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port whose far end returns every byte, a modem say, is no scale and no printer."""
    monkeypatch.setattr("edge_agent.devices.detecting._LISTEN_SECONDS", 0.02)
    with device(lambda content: content) as place:
        result = say("detect", place)
    assert result.exit_code == 1


def test_detect_sends_nothing_that_changes_a_device() -> None:
    """Questions are weights and statuses: no ESC, no `<AL>`, no zero, no tare (hardware facts, CAS and OS2)."""
    asked = {probe.make().question() for probe in probes()}
    assert asked <= {b"", b"W", b"W\r", b"\x05", b"\x11", b"S14\r", b"\x10\x04\x01", b"P\r\n", b"\x13"}


def test_test_says_that_a_device_works(tmp_path: Path) -> None:
    with device(scale("toledo_8217", 500).receive) as place:
        result = say("test", "--profile", "toledo_8217", "--address", place, "--seconds", "5")
    assert result.exit_code == 0, result.output
    assert "weight 500 g, stable" in result.output
    assert result.output.endswith("It works.\n")


def test_test_of_a_printer_prints_what_shows_whether_its_profile_fits() -> None:
    printer = SimulatedPrinter(profile("epson_tm_t88v"))
    with device(printer.receive) as place:
        result = say("test", "--profile", "epson_tm_t88v", "--transport", "serial", "--address", place)
    assert (result.exit_code, "is on paper, says the printer" in result.output) == (0, True), result.output
    rows = [piece.text for piece in printer.sheet().pieces if isinstance(piece, Row)]
    assert "12345678901234567890123456789012345678901234567890"[:42] in rows, "one full row of its 42 columns"
    assert any("epson_tm_t88v" in row for row in rows)
    with device(lambda _: b"") as place:
        result = say("test", "--profile", "epson_tm_t88v", "--transport", "serial", "--address", place)
    assert (result.exit_code, "not printed. The printer does not answer" in result.output) == (1, True), result.output


@pytest.mark.parametrize(("model", "shown"), [("epson_dm_d110", "TEST"), ("ncr_5977", "TEST 测试")])
def test_test_of_a_display_shows_a_text_and_says_which(model: str, shown: str) -> None:
    display = SimulatedLineDisplay(profile(model))
    with device(display.receive) as place:
        result = say("test", "--profile", model, "--address", place)
    assert (result.exit_code, f"told to show: {shown} / 1234567890" in result.output) == (0, True), result.output
    assert display.rows[0] == shown


async def no_drawer(_till: str) -> bool | None:
    raise AssertionError("no drawer is tried")


async def test_test_works_beside_the_running_agent() -> None:
    async def tried(name: str) -> list[Mapping[str, object]]:
        return [said async for said in trying.works(bench.supervisor, no_drawer)[trying.TEST]({"device": name})]

    paper = DeviceBinding(device="paper", profile="simulated_printer", transport="simulated")
    rows = DeviceBinding(device="rows", profile="simulated_display", transport="simulated")
    async with supervised(SIMULATED, paper, rows) as bench:
        for name in ("paper", "rows", SIMULATED.device):
            await bench.is_in(DeviceState.IDLE, name)
        for name in ("paper", "rows"):
            (said,) = await tried(f"t1/{name}")
            assert said["works"] is True, said
        with pytest.raises(Refusal, match="use it, and look with `storewire-edge devices watch"):
            await tried(f"t1/{SIMULATED.device}")
        with pytest.raises(Refusal, match="no device 't9/none'; there are t1/"):
            await tried("t9/none")
        await bench.cable("rows").unplug()
        await bench.is_in(DeviceState.CLOSED, "rows")
        with pytest.raises(Refusal, match="t1/rows is closed"):
            await tried("t1/rows")


def test_test_says_why_a_device_does_not_work(tmp_path: Path) -> None:
    result = say("test", "--profile", "serial_line", "--address", tmp_path / "none", "--seconds", "0.1")
    assert result.exit_code == 1
    assert "nothing is plugged in" in result.output


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["test", "--profile", "nothing_such", "--address", "x"], "no profile of 'nothing_such'"),
        (["test"], "say which device"),
        (["watch", "--seconds", "1"], "say which device"),
        (["replay", "/dev/null"], "line 1"),
        (["detect", "ttyUSB0"], "is no place for serial"),
        (["test", "--state", "{state}", "t1/scanner"], "has never run there"),
    ],
)
def test_mistakes_get_words_and_no_trace(words: list[str], answer: str, tmp_path: Path) -> None:
    result = say(*[word.format(state=tmp_path) for word in words])
    assert result.exit_code == 1
    assert answer in result.output
    assert "Traceback" not in result.output


def test_devices_of_a_store_are_found_by_their_till(tmp_path: Path) -> None:
    """The agent's own database says what HQ has bound; two tills may have devices of one name."""
    asyncio.run(_describe_store(tmp_path))
    shown = say("watch", "--state", tmp_path, "--seconds", "0.3").output
    assert "here/t1/scanner  is idle" in shown
    assert "here/t2/scanner  is idle" in shown
    assert "t1/scanner (simulated_scanner, goods)" in say("list", "--state", tmp_path).output
    missing = say("test", "t9/scanner", "--state", tmp_path)
    assert "there are t1/scanner, t2/scanner" in missing.output


async def _describe_store(folder: Path) -> None:
    async with opened_store(folder, tills=2) as store:
        await store.database.run(lambda db: keep_settings(db, store.settings))


def test_recording_of_a_device_replays_as_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "scanner.txt"
    with device(lambda _: b"", first=b"6901234567892\r1234\r") as place:
        made = say(
            "record",
            file,
            "--profile",
            "serial_line",
            "--transport",
            "character",
            "--address",
            place,
            "--seconds",
            "0.3",
            "--note",
            "two",
        )
    assert made.exit_code == 0, made.output
    content = recording.read(file.read_text())
    assert content.notes == ["two"]
    assert content.expected == ['scanned "6901234567892"', 'scanned "1234"']
    again = say("replay", file)
    assert (again.exit_code, again.output.splitlines()) == (0, content.expected)
    file.write_text(file.read_text().replace('1234"', '9999"'))
    assert say("replay", file).exit_code == 1


def test_recording_of_a_scale_that_goes_on_weighing_replays_as_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "scale.txt"
    with device(scale("cas_ap1", 310).receive) as place:
        say("record", file, "--profile", "cas_ap1", "--address", place, "--seconds", "0.4")
    again = say("replay", file)
    assert (again.exit_code, again.output) == (0, "weight 310 g, stable\n"), "the scale did not fall silent"


def test_nothing_is_recorded_that_could_not_be_kept(tmp_path: Path) -> None:
    result = say("record", tmp_path / "no folder" / "a.txt", "--profile", "cas_ap1", "--address", tmp_path / "none")
    assert (result.exit_code, "No such file or directory; name another file" in result.output) == (1, True)
    assert "The recording will" not in result.output, "before anybody puts goods on the scale"


async def test_replay_of_an_unanswered_question_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.transports.replay._TOLD_SECONDS", 0.05)
    content = recording.read("storewire recording 1\nprofile: serial_line\ntransport: serial\n0.000 > 57\n0.1 gone\n"
                             .replace("0.1 gone", "0.100 gone"))  # fmt: skip
    assert await replayed(content, SystemMachineClock(), 5) == []


async def test_panel_shows_standings_then_what_happens_and_no_card_numbers(tmp_path: Path) -> None:
    card = DeviceBinding(device="cards", profile="simulated_scanner", transport="simulated", role="member_card")
    async with supervised(SIMULATED, card) as bench:
        await bench.is_in(DeviceState.IDLE)
        await bench.is_in(DeviceState.IDLE, "cards")
        socket = tmp_path / "d.sock"
        serving = asyncio.create_task(panel.Panel(bench.supervisor).serve(socket))
        await until(socket.exists, "the panel")
        assert socket.stat().st_mode & 0o077 == 0
        shown = panel.look(socket)
        assert {(await anext(shown)).report.device for _ in range(2)} == {"t1/scanner", "t1/cards"}
        await bench.cable("cards").press(b"8800000001\r")
        line = command_words.seen(await anext(shown))
        assert "0001" in line
        assert "880000" not in line
        await bench.cable().unplug()
        assert "is closed" in command_words.seen(await anext(shown))
        await shown.aclose()  # type: ignore[attr-defined]
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_watch_beside_a_running_agent_shows_one_device_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = DeviceBinding(device="cards", profile="simulated_scanner", transport="simulated", role="member_card")
    async with supervised(SIMULATED, card) as bench:
        await bench.is_in(DeviceState.IDLE)
        await bench.is_in(DeviceState.IDLE, "cards")
        socket = tmp_path / "d.sock"
        serving = asyncio.create_task(panel.Panel(bench.supervisor).serve(socket))
        await until(socket.exists, "the panel")
        watching = asyncio.create_task(commands._watch_agent(socket, "t1/scanner", 60))
        await until(lambda: len(bench.supervisor._watchers) == 1, "the viewer")
        await bench.cable("cards").press(b"8800000001\r")
        await bench.cable().press(b"6901234567892\r")
        shown = ""

        def is_shown() -> bool:
            nonlocal shown
            shown += capsys.readouterr().out
            return "6901234567892" in shown

        await until(is_shown, "the scan to be shown")
        with pytest.raises(Refusal, match="no device 't1/scaner'; there are t1/cards, t1/scanner"):
            await commands._watch_agent(socket, "t1/scaner", 60)
        watching.cancel()
        serving.cancel()
        await asyncio.gather(watching, serving, return_exceptions=True)
    assert shown.splitlines()[0] == "t1/scanner  is idle (power online)"
    assert "cards" not in shown


async def test_panel_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(panel.PanelAway, match="no running agent"):
        await anext(panel.look(tmp_path / "none.sock"))


def machine(folder: Path) -> Roots:
    """Draw a machine: a keyboard scanner, a printer, a hub, a serial adapter and two serial ports of its own."""
    devices = folder / "sys" / "bus" / "usb" / "devices"
    for name, files in {
        "usb1": {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09"},
        "1-1": {"idVendor": "05e3", "idProduct": "0608", "bDeviceClass": "09"},
        "1-1.1": {"idVendor": "ffff", "idProduct": "0001", "manufacturer": "WCM", "product": "USB Barcode Scanner"},
        "1-1.1:1.0": {"bInterfaceClass": "03"},
        "1-1.2": {"idVendor": "04b8", "idProduct": "0202", "manufacturer": "EPSON", "product": "TM-T88III"},
        "1-1.2:1.0": {"bInterfaceClass": "07"},
        "1-1.3": {"idVendor": "1a86", "idProduct": "7523", "product": "USB Serial"},
        "1-1.3:1.0": {"bInterfaceClass": "ff"},
    }.items():
        (devices / name).mkdir(parents=True)
        for file, content in files.items():
            (devices / name / file).write_text(f"{content}\n")
    for node in ("1-1.1:1.0/input/input3/event2", "1-1.2:1.0/usbmisc/lp0", "1-1.3:1.0/ttyUSB0/tty/ttyUSB0"):
        (devices / node).mkdir(parents=True)
    for name, kind in (("ttyS0", "4"), ("ttyS1", "0")):
        (folder / "sys/class/tty" / name).mkdir(parents=True)
        (folder / "sys/class/tty" / name / "type").write_text(kind)
    return Roots(sys=folder / "sys")


def test_census_knows_what_is_plugged_in_and_what_fits(tmp_path: Path) -> None:
    found = {one.address: one for one in take(machine(tmp_path))}
    assert set(found) == {"usb:1-1.1", "usb:1-1.2", "usb:1-1.3", "/dev/ttyS0"}
    scanner = found["usb:1-1.1"]
    assert (scanner.name, scanner.nodes) == (
        "WCM USB Barcode Scanner",
        {TransportKind.EVDEV: Path("/dev/input/event2")},
    )
    assert "usb_keyboard" in scanner.models
    assert found["usb:1-1.2"].models[0] == "epson_tm_t88iii"
    assert found["usb:1-1.2"].nodes[TransportKind.CHARACTER] == Path("/dev/usb/lp0")
    assert found["usb:1-1.3"].nodes == {TransportKind.SERIAL: Path("/dev/ttyUSB0")}


def test_list_says_how_to_bind_and_what_is_bound(tmp_path: Path) -> None:
    bound = {
        "t1/scanner": DeviceBinding(
            device="scanner", profile="usb_keyboard", transport="evdev", address="usb:1-1.1", role="member_card"
        ),
        "t1/printer": DeviceBinding(device="printer", profile="epson_tm_t88iii", transport="usb"),
        "t2/scale": DeviceBinding(device="scale", profile="toledo_8217", transport="serial", address="usb:9-9"),
        "t2/other": DeviceBinding(device="other", profile="from_a_newer_hq", transport="serial", address="usb:1-1.3"),
    }
    text = "\n".join(command_words.census(take(machine(tmp_path)), bound))
    assert "bound      t1/scanner (usb_keyboard, member_card)" in text
    assert "bound      t1/printer (epson_tm_t88iii" in text
    assert "bound      t2/other (from_a_newer_hq, goods)" in text
    assert "usb:9-9  nothing that is listed here  bound as t2/scale" in text
    assert "fits       usb_keyboard" in text


def test_exact_id_fits_before_vendor_before_name() -> None:
    exact = fitting_models("04b8:0202", "barcode scanner", list(TransportKind))
    assert profile(exact[0]).device_class is DeviceClass.PRINTER
    assert "usb_keyboard" in exact
    assert fitting_models("", "", list(TransportKind)) == ()


def test_list_of_an_empty_machine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.commands.take", list[Found])
    assert "Nothing that could be a till's device" in say("list").output
