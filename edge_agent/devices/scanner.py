"""The driver of scanners and card readers: every read becomes a reading, good or bad, in the order it was made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    ByteStream,
    DeviceMisconfigured,
    Driver,
    KeyInput,
    KeysDropped,
    KeyStream,
    Reading,
    Reporter,
    Statistic,
)
from edge_agent.devices.scanners.hid_pos import HidPosScanner
from edge_agent.devices.scanners.keys import KeyScanner
from edge_agent.devices.scanners.layouts import LAYOUTS
from edge_agent.devices.scanners.lines import LineScanner
from edge_agent.devices.scanners.refining import Refinement
from shared.device_profile import TransportKind

T = TypeVar("T")

_LATE_SECONDS = 0.03
NEEDS_SUFFIX = "scanner_sends_no_enter"
"""Codes end by a pause only: each is heard a moment late, and a half one looks whole. Set the scanner to send Enter."""


class ScannerProtocol(Protocol):
    """What any scanner protocol says beside its readings."""

    @property
    def waiting(self) -> bool:
        """Whether a code is under way."""
        ...

    @property
    def needs_suffix(self) -> bool:
        """Whether codes come without a terminator."""
        ...

    def ended(self) -> list[Reading]:
        """Return what a pause completes."""
        ...

    def lost(self) -> list[Reading]:
        """Return what becomes of a code under way when the device went."""
        ...


class BytesOfScanner(ScannerProtocol, Protocol):
    """A protocol of scanners that send bytes."""

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        ...


PROTOCOLS: Mapping[str, Callable[[int], BytesOfScanner]] = {"lines": LineScanner, "hid_pos": HidPosScanner}
"""By a profile's `protocol`; each is made with the longest code it takes. `keys` is the one of keyboards."""


def fit(fitting: Fitting) -> Driver[Any]:
    """Return the driver for a device: of keys where it is a keyboard, else of bytes. Raise DeviceMisconfigured."""
    profile = fitting.profile
    outlet = _Outlet(fitting.reporter, Refinement(profile.scans, fitting.role))
    if fitting.transport is TransportKind.EVDEV:
        if profile.keys.layout not in LAYOUTS:
            raise DeviceMisconfigured(f"no keyboard layout {profile.keys.layout!r}; there are {', '.join(LAYOUTS)}")
        keys = profile.keys
        protocol = KeyScanner(keys.layout, keys.terminators, keys.end_gap_ms, profile.scans.max_length)
        return KeyDriver(protocol, outlet, keys.end_gap_ms)
    name = "lines" if profile.protocol == "keys" else profile.protocol  # a keyboard model on a simulated cable
    if name not in PROTOCOLS:
        raise DeviceMisconfigured(f"{profile.model}: no scanner protocol {name!r}; there are {', '.join(PROTOCOLS)}")
    return ByteDriver(PROTOCOLS[name](profile.scans.max_length), outlet, profile.keys.end_gap_ms)


class _Outlet:
    """Hands readings on one by one, and says when the scanner's own set-up could be better."""

    def __init__(self, reporter: Reporter, refinement: Refinement) -> None:
        self._reporter = reporter
        self._refinement = refinement
        self._hinted = False

    async def hand_on(self, readings: list[Reading], protocol: ScannerProtocol) -> None:
        for reading in readings:
            refined = self._refinement.refine(reading)
            if refined is not None:
                await self._reporter.heard(refined)
        if protocol.needs_suffix is not self._hinted:
            self._hinted = protocol.needs_suffix
            self._reporter.conditions([NEEDS_SUFFIX] if self._hinted else [])

    def count_dropped(self) -> None:
        self._reporter.count(Statistic.DROPPED)


class ByteDriver:
    """Reads a scanner that sends bytes. Each reading is handed on before more is read: none overtakes another."""

    def __init__(self, protocol: BytesOfScanner, outlet: _Outlet, end_gap_ms: int) -> None:
        self._protocol = protocol
        self._outlet = outlet
        self._gap_seconds = end_gap_ms / 1000

    async def serve(self, stream: ByteStream) -> None:
        """Read until the device is gone; a code cut off by that is announced."""
        try:
            while True:
                content = await _before_a_pause(stream.read, self._gap_seconds if self._protocol.waiting else None)
                readings = self._protocol.ended() if content is None else self._protocol.feed(content)
                await self._outlet.hand_on(readings, self._protocol)
        finally:
            await self._outlet.hand_on(self._protocol.lost(), self._protocol)


class KeyDriver:
    """Reads a scanner or card reader in keyboard mode."""

    def __init__(self, protocol: KeyScanner, outlet: _Outlet, end_gap_ms: int) -> None:
        self._protocol = protocol
        self._outlet = outlet
        self._gap_seconds = end_gap_ms / 1000

    async def serve(self, stream: KeyStream) -> None:
        """Read until the device is gone; a code cut off by that is announced."""
        self._protocol.opened(stream.locks)
        try:
            while True:
                keys = await _before_a_pause(stream.read, self._gap_seconds if self._protocol.waiting else None)
                if keys is None:
                    readings = self._protocol.ended()
                else:
                    self._count_dropped(keys)
                    readings = self._protocol.feed(keys)
                await self._outlet.hand_on(readings, self._protocol)
        finally:
            await self._outlet.hand_on(self._protocol.lost(), self._protocol)

    def _count_dropped(self, keys: Sequence[KeyInput]) -> None:
        for key in keys:
            if isinstance(key, KeysDropped):
                self._outlet.count_dropped()


async def _before_a_pause(read: Callable[[], Awaitable[T]], gap_seconds: float | None) -> T | None:
    """Return what the device says next, or None when it pauses for so long.

    When time is up, this loop may have been busy and not the device silent: then what it said is waiting, and is taken.
    """
    for seconds in (gap_seconds, _LATE_SECONDS):
        try:
            async with asyncio.timeout(seconds):
                return await read()
        except TimeoutError:
            continue
    return None
