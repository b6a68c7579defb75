"""Devices for a long time in a short one: scans from two scanners at once, and a serial scanner unplugged for ever.

Nothing may be lost: every completed scan is heard, once and in order, every cut one is announced, and no descriptor,
task or thread stays behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import struct
import tempfile
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from evdev.eventio import EventIO

from benchmarks.rig.figures import latency, now, report
from edge_agent.clock import SystemMachineClock
from edge_agent.devices.ports import DeviceState, ScanCut, Scanned, Transport
from edge_agent.devices.scanners.lines import LineScanner
from edge_agent.devices.session import Session, held
from edge_agent.devices.transports.keyboard import KeyboardTransport
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.wire.desired import DeviceBinding

_RECORD = struct.Struct("@llHHi")
_ENTER = 28
_CHUNK = 50
_AHEAD = 100
_WAIT_SECONDS = 300.0


class _PipedNode(EventIO):
    """A keyboard whose kernel is a pipe; it is as fast as its reader."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def grab(self) -> None:
        """Nobody else could have it."""

    def leds(self) -> Sequence[int]:
        """No light is on."""
        return []

    def close(self) -> None:
        """Close the pipe once."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


async def _until(enough: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                if enough():
                    return
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise SystemExit(f"waited in vain for {what}") from None


async def simulated_scans(scans: int) -> dict[str, float]:
    """Let two simulated scanners read `scans` codes together."""
    bindings = [
        DeviceBinding(device=name, profile="simulated_scanner", transport="simulated") for name in ("one", "two")
    ]
    async with held(bindings, SystemMachineClock()) as session:
        await _until(lambda: _all_idle(session, 2), "both scanners")
        cables = [
            device.transport
            for device in session.supervisor.devices
            if isinstance(device.transport, SimulatedTransport)
        ]
        began = now()
        async with asyncio.TaskGroup() as tasks:
            for side, cable in enumerate(cables):
                tasks.create_task(_press(cable, side, scans // 2))
        await _until(lambda: len(session.heard) >= scans // 2 * 2, "all scans")
        took = now() - began
        return {"heard": len(session.heard), "lost": _lost(session, scans), "scans_per_s": round(scans / took)}


async def _press(cable: SimulatedTransport, side: int, count: int) -> None:
    cable.split(7)  # codes are cut anywhere
    for start in range(0, count, _CHUNK):
        await cable.press(b"".join(b"%d%06d\r" % (side + 1, number) for number in range(start, start + _CHUNK)))


def _lost(session: Session, scans: int) -> int:
    """Return how many codes did not come, or not in their order."""
    lost = 0
    for side in ("1", "2"):
        found = [one.text for one in session.heard if isinstance(one, Scanned) and one.text.startswith(side)]
        wanted = [f"{side}{number:06d}" for number in range(scans // 2)]
        lost += len(wanted) if found != wanted and len(found) >= len(wanted) else len(wanted) - len(found)
    return lost


async def keyboard_scans(scans: int) -> dict[str, float]:
    """Let two keyboard scanners type `scans` codes as fast as they are read: 48 kernel events each."""
    pipes = {name: os.pipe() for name in ("one", "two")}
    bindings = [
        DeviceBinding(device=name, profile="usb_keyboard", transport="evdev", address=f"/dev/input/{name}")
        for name in pipes
    ]

    def piped(transport: Transport[Any]) -> Transport[Any]:
        source = pipes[transport.name.rpartition("/")[2]][0]
        os.set_blocking(source, False)
        return KeyboardTransport(transport.name, lambda: Path("pipe"), lambda _: _PipedNode(source))

    async with held(bindings, SystemMachineClock(), piped) as session:
        await _until(lambda: _all_idle(session, 2), "both scanners")
        began = now()
        typing = [
            threading.Thread(target=_type, args=(sink, side, scans // 2, session), daemon=True)
            for side, (_, sink) in enumerate(pipes.values(), 1)
        ]
        for thread in typing:
            thread.start()
        await _until(lambda: len(session.heard) >= scans // 2 * 2, "all scans")
        took = now() - began
        for _, sink in pipes.values():
            os.close(sink)
        return {"heard": len(session.heard), "lost": _lost(session, scans), "scans_per_s": round(scans / took)}


def _type(sink: int, side: int, count: int, session: Session) -> None:
    """Type `count` codes, at most so many ahead of what was heard: a person would not be faster than the kernel."""
    reached = threading.Event()
    for number in range(count):
        while 2 * number - len(session.heard) > _AHEAD:
            reached.wait(0.001)
        text = f"{side}{number:06d}"
        keys = [11 if digit == "0" else 1 + int(digit) for digit in text]
        os.write(sink, b"".join(_stroke(key) for key in (*keys, _ENTER)))


def _stroke(key: int) -> bytes:
    return b"".join(
        _RECORD.pack(0, 0, *event) for value in (1, 0) for event in ((4, 4, 458_782), (1, key, value), (0, 0, 0))
    )


def _has_heard(session: Session, more_than: int) -> bool:
    return len(session.heard) > more_than


def _all_idle(session: Session, count: int) -> bool:
    devices = session.supervisor.devices
    return len(devices) == count and all(device.state is DeviceState.IDLE for device in devices)


@contextmanager
def _plug(link: Path) -> Iterator[int]:
    """Plug a serial scanner in at `link`; yield its end of the cable and pull it out."""
    device, line = pty.openpty()
    tty.setraw(line)
    fresh = link.with_name("fresh")
    fresh.symlink_to(os.ttyname(line))
    os.close(line)
    fresh.rename(link)
    try:
        yield device
    finally:
        os.close(device)
        link.unlink()


async def unpluggings(cycles: int, folder: Path) -> dict[str, Any]:
    """Scan, pull the cable in the middle of the next code, plug it in again; `cycles` times."""
    link = folder / "by-path"
    binding = DeviceBinding(device="scanner", profile="serial_line", transport="serial", address=str(link))
    back: list[float] = []
    held_before = (0, 0, 0)
    async with held([binding], SystemMachineClock()) as session:
        for number in range(-1, cycles):
            with _plug(link) as device:
                began = now()
                session.hotplug.announce()
                await _until(lambda: _all_idle(session, 1), "the scanner")
                back.append(now() - began)
                heard = len(session.heard)
                os.write(device, b"1%06d\r69012" % max(0, number))
                await _until(partial(_has_heard, session, heard), "the scan")
            await _until(lambda: session.device.state is DeviceState.CLOSED, "the unplugging")
            if number < 0:
                session.heard.clear()
                held_before = _held()
        leaked = [after - before for before, after in zip(held_before, _held(), strict=True)]
        texts = [one.text for one in session.heard if isinstance(one, Scanned)]
        return {
            "cycles": cycles,
            "lost": cycles - len(texts) if texts != [f"1{number:06d}" for number in range(cycles)] else 0,
            "cut_announced": session.heard.count(ScanCut("scan_cut")),
            "leaked_descriptors_tasks_threads": leaked,
            "back_after_announcement": latency(back),
        }


def _held() -> tuple[int, int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()), threading.active_count()


def parsing_alone(scans: int) -> float:
    """Return how many codes a second the protocol reads without a device, a supervisor or a till."""
    content = b"".join(b"1%06d\r" % number for number in range(scans))
    began = now()
    LineScanner().feed(content)
    return scans / (now() - began)


def main() -> None:
    """Soak and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=100_000)
    parser.add_argument("--cycles", type=int, default=1_000)
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as folder:
        cycles = asyncio.run(unpluggings(options.cycles, Path(folder)))
    simulated = asyncio.run(simulated_scans(options.scans))
    report(
        "device_soak",
        "0 of 100,000 scans lost from two scanners at once; 1,000 unpluggings, nothing lost or leaked, back in 2 s",
        simulated=simulated,
        keyboards=asyncio.run(keyboard_scans(options.scans)),
        unpluggings=cycles,
        compared_with={"the protocol alone, scans_per_s": round(parsing_alone(options.scans))},
    )


if __name__ == "__main__":
    main()
