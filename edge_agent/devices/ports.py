"""What a device is to the rest of the agent: its states, its errors, the streams it moves, what it reads.

Names follow UnifiedPOS where it has one. A *protocol* gives bytes or keys their meaning without any I/O; a *driver*
gives an open stream its meaning; a *transport* moves bytes or keys; the *supervisor* opens, serves and opens again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar


class DeviceState(StrEnum):
    """A device as its till and HQ see it (UnifiedPOS: closed, idle, busy, error)."""

    CLOSED = "closed"
    IDLE = "idle"
    BUSY = "busy"
    ERROR = "error"


class PowerState(StrEnum):
    """What is known of a device's power (UnifiedPOS: unknown, online, off, offline).

    `OFF`: not there or without power. `OFFLINE`: there, and it does not answer or says that it is not ready.
    """

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFF = "off"
    OFFLINE = "offline"


class Statistic(StrEnum):
    """What is counted of a device since the agent started (after UnifiedPOS device statistics)."""

    HOURS = "hours"
    GOOD_READS = "good_reads"
    CUT_READS = "cut_reads"
    UNPLUGS = "unplugs"
    ERRORS = "errors"
    DROPPED = "dropped"
    """Readings that nobody took in time: zero, or somebody has to know."""
    LINES_PRINTED = "lines_printed"
    JOBS_PRINTED = "jobs_printed"
    JOBS_FAILED = "jobs_failed"
    CUTS = "cuts"
    DRAWER_OPENINGS = "drawer_openings"


class ErrorName(StrEnum):
    """The error names of UnifiedPOS that a device of ours can meet."""

    CLOSED = "closed"
    CLAIMED = "claimed"
    NOT_CLAIMED = "not_claimed"
    NO_SERVICE = "no_service"
    DISABLED = "disabled"
    ILLEGAL = "illegal"
    NO_HARDWARE = "no_hardware"
    OFFLINE = "offline"
    NO_EXIST = "no_exist"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    BUSY = "busy"
    EXTENDED = "extended"


class DeviceError(Exception):
    """Something is wrong with a device; the subclass says who does something about it.

    `code` is for machines and for tables of words: an `ErrorName`, or a more exact name of the driver's own.
    """

    default = ErrorName.FAILURE

    def __init__(self, words: str, *, code: str = "") -> None:
        super().__init__(words)
        self.code = code or self.default.value


class DeviceUnavailable(DeviceError):
    """Not there, or no longer: the supervisor opens it again by itself."""

    default = ErrorName.NO_HARDWARE


class DeviceRefused(DeviceError):
    """It is there and will not: busy, out of paper, cover open. The cashier can help."""

    default = ErrorName.BUSY


class DeviceMisconfigured(DeviceError):
    """It is not what its profile says, or its profile is wrong. HQ has to act."""

    default = ErrorName.ILLEGAL


class ByteStream(Protocol):
    """An open device as a stream of bytes."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one. Raise DeviceUnavailable when the device is gone.

        Cancelling it loses nothing, so it may be put under `asyncio.timeout`. Devices that speak in packets (HID
        reports) give one packet a read.
        """
        ...

    async def write(self, content: bytes) -> None:
        """Send bytes to the device. Raise DeviceUnavailable when it is gone, DeviceRefused when it takes nothing.

        The wait is limited by the transport.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key of a keyboard-like device went down or up.

    `code` is Linux's key code (linux/input-event-codes.h: KEY_1 is 2, KEY_ENTER 28). `at_us` is the kernel's time of
    the event in microseconds; only differences mean something.
    """

    code: int
    pressed: bool
    repeated: bool = False
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class KeysDropped:
    """The kernel threw key events away (SYN_DROPPED): whatever code was under way is lost."""


KeyInput = KeyEvent | KeysDropped


@dataclass(frozen=True, slots=True)
class Locks:
    """Which lock lights of a keyboard were on when it was opened."""

    caps: bool = False
    num: bool = False


class KeyStream(Protocol):
    """An open keyboard-like device as a stream of keys, claimed for us alone."""

    locks: Locks

    async def read(self) -> Sequence[KeyInput]:
        """Return the next key events, at least one. Raise DeviceUnavailable when the device is gone.

        Cancelling it loses nothing, so it may be put under `asyncio.timeout`.
        """
        ...


S_co = TypeVar("S_co", covariant=True)
S_contra = TypeVar("S_contra", contravariant=True)


class Transport(Protocol[S_co]):
    """A way to reach one device."""

    name: str

    def opened(self) -> AbstractAsyncContextManager[S_co]:
        """Open and claim the device for as long as the block runs. Raise DeviceUnavailable or DeviceMisconfigured."""
        ...


class Driver(Protocol[S_contra]):
    """Gives an open device its meaning. One object serves the device again and again, whenever it is back."""

    async def serve(self, stream: S_contra) -> None:
        """Use the device until it is gone, which raises DeviceUnavailable."""
        ...


class Reporter(Protocol):
    """How a driver speaks of its device while it serves it; the supervisor of the device is one."""

    async def heard(self, reading: Reading) -> None:
        """Hand on a reading. Returns when the till has it, so that no reading overtakes another."""
        ...

    def enter(self, state: DeviceState, reason: str = "") -> None:
        """Say what the device does now: idle, busy, or error with a reason in English for IT people."""
        ...

    def power(self, power: PowerState) -> None:
        """Say what is known of its power. A device that was opened counts as online until said otherwise."""
        ...

    def conditions(self, names: Sequence[str]) -> None:
        """Say all that is remarkable now (`paper_near_end`, `cover_open`, `never_stable`); empty when all is well."""
        ...

    def count(self, what: Statistic, by: int = 1) -> None:
        """Count something that happened to the device; scans are counted by the supervisor itself."""
        ...


class ScanRole(StrEnum):
    """What a code was read for: some devices only ever read one kind."""

    GOODS = "goods"
    MEMBER_CARD = "member_card"
    PAYMENT_CODE = "payment_code"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was read completely.

    `symbology` is the AIM id without its bracket (`E0` EAN-13, `C1` GS1-128, `Q3` GS1 QR), empty when the device
    does not say.
    """

    text: str
    symbology: str = ""
    role: ScanRole = ScanRole.GOODS


@dataclass(frozen=True, slots=True)
class ScanCut:
    """A code that broke off: the cashier hears of it and scans again. `reason` is a code the till has words for."""

    reason: str


class WeightProblem(StrEnum):
    """Why a weight cannot be sold by."""

    MOVING = "moving"
    NEGATIVE = "negative"
    OVERLOAD = "overload"
    NOT_ZEROED = "not_zeroed"
    OUT_OF_RANGE = "out_of_range"
    """Too heavy or not at zero: the scale says no more than that it is one of them."""
    SAME_WEIGHT = "same_weight"
    EMPTY = "empty"
    """There is nothing on the scale."""
    WARMING_UP = "warming_up"
    UNREADABLE = "unreadable"
    """A frame whose check or form is wrong."""
    SILENT = "silent"
    """The scale was asked and does not answer."""
    FAULT = "fault"
    """The scale says that it is broken or not calibrated."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a scale said. Only one with `stable` and without problems may be sold by.

    `grams` is None when the scale gave no figure: that is not zero. `net` is set when a tare was taken off;
    `tare_g` is that tare where the scale tells it. `scale` is the name of the device at its till, '' until that is
    known: it is no part of what was said.
    """

    grams: int | None
    stable: bool
    net: bool = False
    tare_g: int | None = None
    zero: bool = False
    problems: tuple[WeightProblem, ...] = ()
    scale: str = field(default="", compare=False, repr=False)


class Paper(StrEnum):
    """What is known of a printer's paper. Unknown is neither "there" nor "gone"."""

    UNKNOWN = "unknown"
    OK = "ok"
    NEAR_END = "near_end"
    END = "end"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What a printer said of itself; None is "it does not say"."""

    online: bool | None = None
    paper: Paper = Paper.UNKNOWN
    cover_open: bool | None = None
    cutter_error: bool | None = None
    recoverable_error: bool | None = None
    fatal_error: bool | None = None
    drawer_open: bool | None = None


Reading = Scanned | ScanCut | Weight | PrinterStatus


class ByteProtocol(Protocol):
    """What the bytes of a device mean, without any I/O: the same result however the stream is cut."""

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        ...

    def request(self) -> bytes | None:
        """Return what to send to ask the device for its next reading; None when it speaks by itself."""
        ...

    def lost(self) -> list[Reading]:
        """Return what becomes of a reading that was under way when the device went; the next one starts clean."""
        ...


class KeyProtocol(Protocol):
    """What the keys of a device mean, without any I/O."""

    def feed(self, keys: Sequence[KeyInput]) -> list[Reading]:
        """Take the next keys and return what they complete."""
        ...

    def ended(self) -> list[Reading]:
        """Return what a pause completes, when no key came for the profile's `end_gap_ms`."""
        ...

    def lost(self) -> list[Reading]:
        """Return what becomes of a code that was under way when the device went; the next one starts clean."""
        ...


class Scale(Protocol):
    """A scale as a till uses it; its driver is one."""

    @property
    def live(self) -> Weight | None:
        """The newest weight, for display only; None before the first."""
        ...

    @property
    def step_g(self) -> int | None:
        """The grams by which its weights go up, None where its profile does not say."""
        ...

    @property
    def takes_zero(self) -> bool:
        """Whether it may be set to zero from the till."""
        ...

    @property
    def takes_tare(self) -> bool:
        """Whether it may be told from the till to take what lies there as tare."""
        ...

    async def settled(self, within_s: float) -> Weight:
        """Return a weight that may be sold by.

        Raise DeviceRefused with a `WeightProblem` as code when there is none in time, DeviceUnavailable without scale.
        """
        ...

    async def zero(self) -> None:
        """Set it to zero. Raise DeviceRefused where it takes no such command, DeviceUnavailable without it."""
        ...

    async def tare(self) -> None:
        """Take what lies on it as tare. Raise as `zero` does."""
        ...
