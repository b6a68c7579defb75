"""Detecting: what is at a plug, found without changing anything in the device.

A device is named only when it identifies itself: by its USB id, or by an answer no other device gives. What is sent
are questions a device answers without changing (a weight, a status); never a command that switches its mode. A port
that merely stays silent is nothing: an unknown scale is not "detected" because it takes bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from device_profiles.catalogue import catalogue
from edge_agent.devices.binding import Reach
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import ByteStream, DeviceMisconfigured, DeviceRefused, ErrorName
from shared.clock import MachineClock
from shared.device_profile import DeviceClass, DeviceProfile, SerialLine, TransportKind
from shared.wire.desired import DeviceBinding

_LISTEN_SECONDS = 0.7
"""An ECR or 8217 scale answers within 150 ms, a slow one within half a second."""
_MEANS_MORE = frozenset({b"\x13"})
"""Questions that tell another device something else: ADS asks by XOFF, which silences whatever heeds it."""
_ESCPOS_STATUS = b"\x10\x04\x01"
"""DLE EOT 1: the printer's status, answered also off-line (Epson TM-T88III technical reference, page 83)."""


@dataclass(slots=True)
class Trial:
    """One question with one line setting: what was sent, what came back, which models that identifies."""

    protocol: str
    line: SerialLine
    asked: bytes = b""
    answered: bytes = b""
    models: tuple[str, ...] = ()
    error: str = ""


class Conversation(Protocol):
    """What is asked of a device that may be there, and whether its answers prove that it is."""

    def question(self) -> bytes:
        """Return what to send first; empty for a device that speaks by itself."""
        ...

    def hear(self, content: bytes) -> bytes:
        """Take an answer and return what it calls for, possibly nothing."""
        ...

    @property
    def sure(self) -> bool:
        """Whether only such a device says what was heard."""
        ...


class _ScaleConversation:
    """Asks for a weight; a frame of the protocol with its check is the proof."""

    def __init__(self, profile: DeviceProfile) -> None:
        from edge_agent.devices.scales.protocols import PROTOCOLS  # noqa: PLC0415 - only who detects scales needs them

        kind = PROTOCOLS[profile.protocol]
        self._protocol = kind.make(msgspec.convert(profile.options, kind.options))

    def question(self) -> bytes:
        return self._protocol.request() or b""

    def hear(self, content: bytes) -> bytes:
        self._protocol.feed(content)
        return self._protocol.reply()

    @property
    def sure(self) -> bool:
        return self._protocol.readable > 0


class _PrinterConversation:
    """Asks for the real-time status; one byte of the form 0xx1xx10 and nothing else is the proof."""

    def __init__(self) -> None:
        self._heard = b""

    def question(self) -> bytes:
        return _ESCPOS_STATUS

    def hear(self, content: bytes) -> bytes:
        self._heard += content
        return b""

    @property
    def sure(self) -> bool:
        return len(self._heard) == 1 and self._heard[0] & 0b10010011 == 0b00010010


@dataclass(frozen=True, slots=True)
class Probe:
    """A conversation to try with one line setting, and the profiles that it would prove."""

    protocol: str
    make: Callable[[], Conversation]
    profiles: list[DeviceProfile] = field(default_factory=list)

    @property
    def line(self) -> SerialLine:
        """How the line is set for it."""
        return self.profiles[0].serial


def probes() -> list[Probe]:
    """Return what to try: devices that speak by themselves first, so that nothing is sent where listening will do."""
    found: dict[tuple[str, str, str], Probe] = {}
    for profile in catalogue().values():
        make = _conversation(profile)
        if make is not None and TransportKind.SERIAL in profile.transports and profile.evidence != "simulated":
            if make().question() in _MEANS_MORE:
                continue
            key = (profile.protocol, repr(profile.serial), repr(profile.options))
            found.setdefault(key, Probe(profile.protocol, make)).profiles.append(profile)
    return sorted(found.values(), key=lambda probe: (bool(probe.make().question()), probe.protocol, repr(probe.line)))


async def detect(address: str, clock: MachineClock) -> list[Trial]:
    """Try every way a serial device can identify itself, up to the first that is sure, and return what was tried.

    Raise DeviceUnavailable or DeviceMisconfigured when the port cannot be opened.
    """
    reach = Reach(HotPlug(), clock)
    binding = DeviceBinding(device="detecting", profile="", transport="serial", address=address)
    trials: list[Trial] = []
    for probe in probes():
        trial = Trial(probe.protocol, probe.line)
        trials.append(trial)
        conversation = probe.make()
        try:
            async with reach.transport("the port", binding, probe.profiles[0]).opened() as stream:
                await _converse(stream, conversation, trial)
        except DeviceMisconfigured as error:
            if error.code != ErrorName.ILLEGAL:
                raise
            trial.error = str(error)  # the port cannot be set like that: it may be set for another
        except DeviceRefused as error:
            trial.error = str(error)
        if trial.asked and trial.answered.startswith(trial.asked):
            trial.error = "only an echo of what was sent"
        elif conversation.sure:
            trial.models = _all_that_say(trial)
            break
    return trials


def _all_that_say(trial: Trial) -> tuple[str, ...]:
    """Return every model that would have been asked the same and is proven by the same answer."""
    models: list[str] = []
    for probe in probes():
        conversation = probe.make()
        if probe.line == trial.line and trial.asked.startswith(conversation.question()):
            conversation.hear(trial.answered)
            if conversation.sure:
                models += [profile.model for profile in probe.profiles]
    return tuple(models)


def _conversation(profile: DeviceProfile) -> Callable[[], Conversation] | None:
    if profile.device_class is DeviceClass.SCALE:
        return lambda: _ScaleConversation(profile)
    if profile.device_class is DeviceClass.PRINTER and profile.prints.status == "full":
        return _PrinterConversation
    return None


async def _converse(stream: ByteStream, conversation: Conversation, trial: Trial) -> None:
    send = conversation.question()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LISTEN_SECONDS):
            while True:
                if send:
                    trial.asked += send
                    await stream.write(send)
                piece = await stream.read()
                trial.answered += piece
                send = conversation.hear(piece)
