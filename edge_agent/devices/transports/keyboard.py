"""Keyboard-like devices: scanners and card readers that type. evdev moves the keys.

The kernel's ring for a keyboard holds 64 events and one EAN-13 makes 84, so a thread of its own drains it.
"""

from __future__ import annotations

import fcntl
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from edge_agent.devices.ports import KeyEvent, KeyInput, KeysDropped, KeyStream, Locks
from edge_agent.devices.transports.calls import BlockingCalls
from edge_agent.devices.transports.draining import drained
from edge_agent.devices.transports.handover import Handover
from edge_agent.devices.transports.refusals import not_opened

_OPEN_SECONDS = 3.0
_KEYS = 8_192
"""About 300 codes wait for a loop that stalls; after that the cashier is told to scan again."""

# linux/input-event-codes.h
_EV_SYN, _EV_KEY = 0, 1
_SYN_REPORT, _SYN_DROPPED = 0, 3
_LED_NUML, _LED_CAPSL = 0, 1
_REPEATED = 2
# linux/input.h and time.h: events carry the wall clock unless asked otherwise.
_EVIOCSCLOCKID = 0x400445A0
_CLOCK_MONOTONIC = 1


class InputEvent(Protocol):
    """An event as evdev reads it from the kernel."""

    sec: int
    usec: int
    type: int
    code: int
    value: int


class InputNode(Protocol):
    """What is used of evdev's InputDevice."""

    def fileno(self) -> int:
        """Return the descriptor of the open node."""
        ...

    def read(self) -> Iterable[InputEvent]:
        """Return the events that wait. Raise BlockingIOError when there are none."""
        ...

    def grab(self) -> None:
        """Take the device for us alone (EVIOCGRAB), so that its keys reach no window and no console."""
        ...

    def leds(self) -> Sequence[int]:
        """Return the lights that are on."""
        ...

    def close(self) -> None:
        """Close the node."""
        ...


class KeyTranslator:
    """Kernel events in, key events out. After SYN_DROPPED everything up to the next SYN_REPORT is void."""

    def __init__(self) -> None:
        self._dropping = False

    def feed(self, events: Iterable[InputEvent]) -> list[KeyInput]:
        """Take the next events and return the keys in them."""
        keys: list[KeyInput] = []
        for event in events:
            if event.type == _EV_SYN and event.code == _SYN_DROPPED:
                self._dropping = True
                keys.append(KeysDropped())
            elif event.type == _EV_SYN and event.code == _SYN_REPORT:
                self._dropping = False
            elif event.type == _EV_KEY and not self._dropping:
                at_us = event.sec * 1_000_000 + event.usec
                keys.append(KeyEvent(event.code, event.value != 0, event.value == _REPEATED, at_us))
        return keys


class KeyboardTransport:
    """One input device, grabbed. `where` finds its node anew each time it is opened."""

    def __init__(
        self, name: str, where: Callable[[], Path], open_node: Callable[[Path], InputNode] | None = None
    ) -> None:
        self.name = name
        self._where = where
        self._open_node = open_node or _open_evdev

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[KeyStream]:
        """Open and grab the device. Raise DeviceUnavailable or DeviceMisconfigured."""
        calls, let_go = BlockingCalls(self.name), None
        try:
            node, locks = await calls.call(
                "opening", self._open, within_s=_OPEN_SECONDS, late=lambda opened: opened[0].close()
            )
            let_go = partial(_close, node)
            translator = KeyTranslator()
            handover = Handover[KeyInput](_KEYS, overflow=KeysDropped)
            with drained(self.name, node.fileno(), lambda: translator.feed(node.read()), handover):
                yield _Keys(locks, handover)
        finally:
            await calls.close(let_go)

    def _open(self) -> tuple[InputNode, Locks]:
        place = self._where()
        try:
            node = self._open_node(place)
        except OSError as error:
            raise not_opened(self.name, str(place), error) from error
        try:
            node.grab()
            lit = node.leds()
        except OSError as error:
            _close(node)
            raise not_opened(self.name, str(place), error) from error
        return node, Locks(caps=_LED_CAPSL in lit, num=_LED_NUML in lit)


class _Keys:
    def __init__(self, locks: Locks, handover: Handover[KeyInput]) -> None:
        self.locks = locks
        self._handover = handover

    async def read(self) -> Sequence[KeyInput]:
        return await self._handover.take()


def _open_evdev(place: Path) -> InputNode:
    from evdev import InputDevice  # noqa: PLC0415 - only stores with such a device pay for it

    node: InputNode = InputDevice(str(place))
    with suppress(OSError):  # an old kernel: then a clock that is set during a scan may cut it
        fcntl.ioctl(node.fileno(), _EVIOCSCLOCKID, struct.pack("i", _CLOCK_MONOTONIC))
    return node


def _close(node: InputNode) -> None:
    try:
        node.close()
    except OSError:
        return  # the device is gone already
