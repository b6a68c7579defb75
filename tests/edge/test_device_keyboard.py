"""Keyboard-like devices over a pipe with the kernel's own event records, read by evdev as from a real one."""

from __future__ import annotations

import asyncio
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from evdev import ecodes
from evdev.eventio import EventIO

from edge_agent.devices.ports import (
    DeviceMisconfigured,
    DeviceUnavailable,
    KeyEvent,
    KeyInput,
    KeysDropped,
    KeyStream,
    Locks,
    ScanCut,
    Scanned,
)
from edge_agent.devices.scanners.keys import KeyScanner
from edge_agent.devices.transports.keyboard import KeyboardTransport
from tests.edge.waiting import until

RECORD = struct.Struct("@llHHi")
"""struct input_event (linux/input.h)."""
NODE = Path("/dev/input/by-path/pci-0000:00:14.0-usb-0:1:1.0-event-kbd")


class PipedNode(EventIO):
    """An input device whose kernel is a pipe."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.grabbed = 0
        self.refusal: OSError | None = None

    def grab(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.grabbed += 1

    def leds(self) -> Sequence[int]:
        return [ecodes.LED_CAPSL]

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class PipedKeyboard:
    """The kernel's side of it."""

    def __init__(self) -> None:
        source, self.kernel = os.pipe()
        os.set_blocking(source, False)
        self.node = PipedNode(source)
        self.transport = KeyboardTransport("t1/scanner", lambda: NODE, self._open)

    def _open(self, place: Path) -> PipedNode:
        assert place == NODE
        return self.node

    def send(self, *events: tuple[int, int, int]) -> None:
        os.write(self.kernel, b"".join(RECORD.pack(1, 500, *event) for event in events))

    def unplug(self) -> None:
        if self.kernel >= 0:
            os.close(self.kernel)
            self.kernel = -1


@contextmanager
def keyboard() -> Iterator[PipedKeyboard]:
    made = PipedKeyboard()
    try:
        yield made
    finally:
        made.unplug()
        made.node.close()


def stroke(code: int) -> list[tuple[int, int, int]]:
    """Return what a scanner makes of one key: scan code, key, report, down and up: six events."""
    return [
        event
        for value in (1, 0)
        for event in (
            (ecodes.EV_MSC, ecodes.MSC_SCAN, 0x7001E),
            (ecodes.EV_KEY, code, value),
            (ecodes.EV_SYN, ecodes.SYN_REPORT, 0),
        )
    ]


def pressed(keys: Sequence[KeyInput]) -> list[int]:
    return [key.code for key in keys if isinstance(key, KeyEvent) and key.pressed]


async def gathered(stream: KeyStream, enough: int) -> list[KeyInput]:
    keys: list[KeyInput] = []
    async with asyncio.timeout(5):
        while len(keys) < enough:
            keys += await stream.read()
    return keys


async def test_keys_arrive_typed_from_a_device_that_is_ours_alone() -> None:
    with keyboard() as device:
        async with device.transport.opened() as stream:
            assert device.node.grabbed == 1
            assert stream.locks == Locks(caps=True, num=False)
            device.send(*stroke(ecodes.KEY_1), (ecodes.EV_KEY, ecodes.KEY_2, 2))
            keys = await gathered(stream, 3)
    assert keys == [
        KeyEvent(ecodes.KEY_1, pressed=True, at_us=1_000_500),
        KeyEvent(ecodes.KEY_1, pressed=False, at_us=1_000_500),
        KeyEvent(ecodes.KEY_2, pressed=True, repeated=True, at_us=1_000_500),
    ]
    assert device.node.fd == -1, "closing gives the device back"


async def test_p10_a_code_longer_than_the_kernels_ring_is_read_while_the_loop_stalls() -> None:
    code = [ecodes.KEY_6, ecodes.KEY_9] * 250
    with keyboard() as device:
        async with device.transport.opened() as stream:
            for key in code:
                device.send(*stroke(key))  # the loop does not turn meanwhile: only the thread reads
            keys = await gathered(stream, 2 * len(code))
    assert pressed(keys) == code


async def test_dropped_events_are_told_and_void_up_to_the_next_report() -> None:
    with keyboard() as device:
        async with device.transport.opened() as stream:
            device.send(
                *stroke(ecodes.KEY_1),
                (ecodes.EV_SYN, ecodes.SYN_DROPPED, 0),
                (ecodes.EV_KEY, ecodes.KEY_9, 1),
                (ecodes.EV_SYN, ecodes.SYN_REPORT, 0),
                *stroke(ecodes.KEY_2),
            )
            keys = await gathered(stream, 5)
    assert keys[2] == KeysDropped()
    assert pressed(keys) == [ecodes.KEY_1, ecodes.KEY_2]


async def test_our_own_overflow_is_told_like_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.devices.transports.keyboard._KEYS", 10)
    with keyboard() as device:
        async with device.transport.opened() as stream:
            for _ in range(20):
                device.send(*stroke(ecodes.KEY_1))
            handover = stream._handover  # type: ignore[attr-defined]
            while len(handover._pieces) + handover.dropped < 41:
                pass  # the thread fills the queue; the loop, which would empty it, does not turn
            first = list(await stream.read())
            device.send(*stroke(ecodes.KEY_2))
            after = await gathered(stream, 2)
    assert first == [*[KeyEvent(2, value, at_us=1_000_500) for value in (True, False)] * 5, KeysDropped()]
    assert pressed(after) == [ecodes.KEY_2]


async def test_p10_unplugged_device_says_what_it_had_and_is_gone() -> None:
    with keyboard() as device:
        async with device.transport.opened() as stream:
            device.send(*stroke(ecodes.KEY_1))
            device.unplug()
            assert pressed(await gathered(stream, 2)) == [ecodes.KEY_1]
            with pytest.raises(DeviceUnavailable, match="unplugged"):
                await asyncio.wait_for(stream.read(), 5)


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        (errno.EBUSY, DeviceUnavailable, "another program holds"),
        (errno.ENODEV, DeviceUnavailable, "nothing is plugged in"),
        (errno.EACCES, DeviceMisconfigured, "device rules"),
    ],
)
async def test_refused_grab_gets_words_and_closes(refusal: int, error: type[Exception], words: str) -> None:
    with keyboard() as device:
        device.node.refusal = OSError(refusal, os.strerror(refusal))
        with pytest.raises(error, match=words):
            async with device.transport.opened():
                pass
        await until(lambda: device.node.fd == -1, "the node to be closed")


async def test_missing_node_is_nothing_plugged_in(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="nothing is plugged in"):
        async with KeyboardTransport("t1/scanner", lambda: tmp_path / "event7").opened():
            pass


def timed(code: int, at_ms: int) -> KeyEvent:
    return KeyEvent(code, pressed=True, at_us=at_ms * 1_000)


def test_p10_rest_of_a_code_that_we_ended_too_soon_never_passes_for_a_whole_one() -> None:
    """The loop stalled in the middle of a code and took that for a pause; the kernel's times know better."""
    scanner = KeyScanner()
    assert scanner.feed([timed(2, 1_000), timed(28, 1_010)]) == [Scanned("1")]
    assert scanner.feed([timed(3, 2_000), timed(4, 2_010)]) == []
    assert scanner.ended() == [ScanCut("scan_cut")]
    assert scanner.feed([timed(5, 2_020), timed(28, 2_030)]) == [], "the cut was said once"
    assert scanner.feed([timed(6, 3_000), timed(28, 3_010)]) == [Scanned("5")]


def test_rest_of_a_code_of_a_scanner_without_enter_is_announced_as_cut() -> None:
    scanner = KeyScanner()
    scanner.feed([timed(3, 2_000)])
    assert scanner.ended() == [Scanned("2")]
    assert scanner.feed([timed(5, 2_020)]) == [ScanCut("scan_cut")]
    assert scanner.ended() == []
    assert scanner.feed([timed(6, 3_000)]) == []
    assert scanner.ended() == [Scanned("5")]


def test_real_pause_is_a_pause() -> None:
    scanner = KeyScanner()
    assert scanner.feed([timed(2, 1_000), timed(28, 1_010), timed(3, 2_000)]) == [Scanned("1")]
    assert scanner.ended() == [ScanCut("scan_cut")]
    assert scanner.feed([timed(4, 3_000), timed(28, 3_010)]) == [Scanned("3")]
