"""The bench page: simulated devices played by HTTP, and a till without any that has no bench."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from device_profiles.catalogue import profile
from edge_agent.devices.displays.simulated import SimulatedLineDisplay
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.web.shop import DeviceSeen
from shared.codes import MAX_SCAN_CHARACTERS
from shared.codes.member_code import make_member_code
from tests.edge.screens import Screens, served_screens


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    with served_screens(tmp_path) as made:
        counter = made.counters["t1"]
        counter.simulated = {
            "printer": SimulatedTransport("printer", SimulatedPrinter(profile("simulated_printer"))),
            "scale": SimulatedTransport("scale", SimulatedScale(profile("simulated_scale"))),
            "scanner": SimulatedTransport("scanner"),
        }
        counter.seen = [DeviceSeen("scanner", "idle", "scanners")]
        yield made


@pytest.fixture
def play(screens: Screens) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{screens.address}/tills/t1/") as client:
        page = client.get("bench?language=en").text
        token = page.split('data-token="')[1].split('"', maxsplit=1)[0]
        client.headers.update({"X-Token": token, "Origin": screens.address})
        yield client


def do(play: httpx.Client, **fields: str) -> str:
    answer = play.post("bench/do", data=fields)
    return "" if answer.status_code == 200 else str(answer.json()["error"])


@pytest.mark.parametrize("text", ["6901234567892", make_member_code("V" + "9" * 31, 1, 60, bytes(range(32)))])
def test_scanner_says_what_is_pressed(screens: Screens, play: httpx.Client, text: str) -> None:
    """Whole, however long: a member's code on a telephone is the longest there is."""
    assert do(play, device="scanner", do="press", text=text) == ""
    cable = screens.counters["t1"].simulated["scanner"]
    assert screens.do(cable.read()) == f"{text}\r".encode()
    assert f'maxlength="{MAX_SCAN_CHARACTERS}"' in play.get(".").text, "nor does the page cut what a scanner types"


def test_goods_on_the_scale_and_off_again(screens: Screens, play: httpx.Client) -> None:
    scale = screens.counters["t1"].simulated["scale"].far_end
    assert isinstance(scale, SimulatedScale)
    assert do(play, device="scale", do="weight", grams="1236") == ""
    assert (scale.load.grams, scale.load.stable) == (1236, True)
    assert do(play, device="scale", do="weight", grams="1236", stable="no") == ""
    assert not scale.load.stable
    assert "not a figure" in do(play, device="scale", do="weight", grams="heavy")


def test_faults_of_the_printer_are_ordered_and_ended(screens: Screens, play: httpx.Client) -> None:
    printer = screens.counters["t1"].simulated["printer"].far_end
    assert isinstance(printer, SimulatedPrinter)
    for on, wanted in (("yes", True), ("no", False)):
        assert do(play, device="printer", do="fault", fault="cover_open", on=on) == ""
        assert printer.cover_open is wanted
    assert do(play, device="printer", do="paper", on="no") == ""
    assert printer.paper_out
    assert "<svg" in play.get("bench").text


def test_cable_is_pulled_and_a_code_breaks_off(screens: Screens, play: httpx.Client) -> None:
    cable = screens.counters["t1"].simulated["scanner"]
    assert do(play, device="scanner", do="plug", on="no") == ""
    assert not cable.plugged
    assert "unplugged" in do(play, device="scanner", do="press", text="1")
    assert do(play, device="scanner", do="plug", on="yes") == ""
    assert do(play, device="scanner", do="cut", text="69012") == ""
    assert not cable.plugged


@pytest.mark.parametrize(
    ("device", "what"), [("fridge", "press"), ("scanner", "weight"), ("scale", "press"), ("printer", "burn")]
)
def test_what_a_device_cannot_do_is_said(play: httpx.Client, device: str, what: str) -> None:
    assert do(play, device=device, do=what, grams="1", fault="none")


def test_till_with_real_devices_has_no_bench(screens: Screens, play: httpx.Client) -> None:
    screens.counters["t1"].simulated = {}
    assert play.get("bench").status_code == 404
    assert play.post("bench/do", data={"device": "scanner", "do": "press"}).status_code == 404


def test_line_display_is_read_on_the_bench(screens: Screens, play: httpx.Client) -> None:
    far = SimulatedLineDisplay(profile("simulated_display"))
    far.receive(b"\x1f$\x01\x01Apples          5.00")
    screens.counters["t1"].simulated["display"] = SimulatedTransport("display", far)
    assert "Apples          5.00" in play.get("bench").text
