"""A scale that is not there: goods are put on and taken off, it answers in any of our protocols, with faults to order.

It ships with the product: demos, tests and support engineers use the same one. It is the far end of a simulated cable
(`receive`), and for scales that speak by themselves it gives the bytes to press (`frame`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor

from edge_agent.devices.scales import ads
from edge_agent.devices.scales.cas import ACK, DC1, ENQ, NAK
from edge_agent.devices.scales.weighing import in_kg
from edge_agent.devices.scales.xk3190 import check_of
from shared.device_profile import DeviceProfile

_CAPACITY_G = 15_000
_ZERO, _TARE = b"<ZK>\t", b"<TK>\t"
_ASKED_BY = {"cas_request": DC1, "toledo_8217": b"W", "nci": b"W", "magellan": b"4", "ads": ads.ASK}
"""The last byte of what asks for a weight, by protocol; the others speak by themselves."""


@dataclass(slots=True)
class SimulatedLoad:
    """What is on the platform, and what is wrong with the scale. `grams` is net where `net` is set."""

    grams: int = 0
    stable: bool = True
    net: bool = False
    not_zeroed: bool = False
    capacity_g: int = _CAPACITY_G

    @property
    def over(self) -> bool:
        """Whether there is too much on it."""
        return self.grams > self.capacity_g

    @property
    def usable(self) -> bool:
        """Whether a scale would call this a weight to sell by."""
        return self.stable and not self.over and not self.not_zeroed and self.grams >= 0


class SimulatedScale:
    """A scale of any model: `load` is what is on it.

    `silent`: it answers nothing. `stuck`: it says for ever what it said when that was ordered. `once`: a stable weight
    is said once, then "no news" until it changes (some 8217). `corrupt`: every frame is damaged.
    """

    def __init__(self, profile: DeviceProfile) -> None:
        self.load = SimulatedLoad(capacity_g=profile.weighs.capacity_g or _CAPACITY_G)
        self.silent = False
        self.once = False
        self.corrupt = False
        self.commands: list[bytes] = []
        self._protocol = profile.protocol
        self._stuck_at: bytes | None = None
        self._said_g: int | None = None

    def put(self, grams: int, *, stable: bool = True) -> None:
        """Let so much be on the scale now, settled or not."""
        self.load.grams, self.load.stable = grams, stable

    def settle(self) -> None:
        """Let it come to rest."""
        self.load.stable = True

    def stick(self, *, stuck: bool = True) -> None:
        """Let the scale say what it says now for ever, whatever is put on; or end that."""
        self._stuck_at = self.frame() if stuck else None

    def receive(self, content: bytes) -> bytes:
        """Take what the driver sends and return what the scale answers."""
        if self.silent:
            return b""
        if self._protocol == "cas_request" and content in (_ZERO, _TARE):
            self._set(content)
        answer = b"".join(self._answer(bytes([byte])) for byte in content if byte not in b"\r")
        if not answer:
            self.commands.append(content)
        return answer

    def _set(self, command: bytes) -> None:
        """Zero what is near to zero (OIML R 76: within 4 % of the capacity), or take what lies there as tare."""
        if command == _TARE:
            self.load.net, self.load.grams = True, 0
        elif 25 * abs(self.load.grams) <= self.load.capacity_g:
            self.load.net, self.load.grams, self.load.not_zeroed = False, 0, False

    def frame(self) -> bytes:
        """Return what the scale says of its weight now, as it would be asked or by itself."""
        if self._stuck_at is not None:
            return self._stuck_at
        frame = FRAMES[self._protocol](self.load)
        if self.once and self.load.usable and self._said_g == self.load.grams:
            frame = b"\x02?\x60\r"
        self._said_g = self.load.grams if self.load.usable else None
        middle = len(frame) // 2
        return frame[:middle] + b"\x7f" + frame[middle + 1 :] if self.corrupt else frame

    def _answer(self, byte: bytes) -> bytes:
        if byte == ENQ and self._protocol == "cas_request":
            return bytes([NAK if self.corrupt else ACK])
        asks = {"cas_request": DC1, "toledo_8217": b"W", "nci": b"W", "magellan": b"4", "ads": ads.ASK}.get(
            self._protocol
        )
        if byte == asks:
            return self.frame()
        if byte == b"Z" and self._protocol in ("toledo_8217", "nci"):
            self.load.grams, self.load.not_zeroed = 0, False
            return self.frame()
        return b""


def cas_frame(load: SimulatedLoad) -> bytes:
    """Return CAS's answer to DC1."""
    status = "S" if load.usable or (load.stable and load.grams < 0) else "U"
    status = "F" if load.over or load.not_zeroed else status
    body = f"{status}{'-' if load.grams < 0 else ' '}{in_kg(abs(load.grams)):>6.6}kg".encode()
    return b"\x01\x02" + body + bytes([reduce(xor, body)]) + b"\x03\x04"


def toledo_frame(load: SimulatedLoad) -> bytes:
    """Return an 8217's answer to `W`."""
    if load.usable:
        return f"\x02{in_kg(load.grams):0>6}{'N' if load.net else ''}\r".encode()
    status = 0x60 | (not load.stable) | load.over << 1 | (load.grams < 0) << 2 | load.not_zeroed << 3
    return b"\x02?" + bytes([status]) + b"\r"


def nci_frame(load: SimulatedLoad) -> bytes:
    """Return the answer of an NCI or ECR scale to `W` and CR."""
    first = 0x30 | (not load.stable) | (load.grams == 0) << 1
    second = 0x30 | (load.grams < 0) | load.over << 1 | (0x40 if load.net or load.not_zeroed else 0)
    third = bytes([0x30 | load.net << 2 | load.not_zeroed << 3]) if second & 0x40 else b""
    state = b"S" + bytes([first, second]) + third + b"\r\x03"
    weight = f"\n{in_kg(load.grams):0>6}KG\r".encode() if load.usable else b""
    return weight + b"\n" + state


def magellan_frame(load: SimulatedLoad) -> bytes:
    """Return a Magellan's answer to `S14` and CR."""
    if not load.stable:
        return b"S141\r"
    if load.over:
        return b"S142\r"
    if load.not_zeroed:
        return b"S140\r"
    if load.grams < 0:
        return b"S145\r"
    return b"S143\r" if load.grams == 0 else f"S144{load.grams:05}\r".encode()


def ads_frame(load: SimulatedLoad) -> bytes:
    """Return an ADS scale's answer: its tare, which nobody asks of it here, and its weight."""
    flags = ads.STABLE * load.stable | ads.OVER * load.over | ads.NEGATIVE * (load.grams < 0) | ads.TARED * load.net
    flags |= ads.ZEROED * (load.grams == 0) | ads.NOT_ZEROED * load.not_zeroed
    tare = b"  0.000K"
    body = bytes([flags]) + f"{'-' if load.grams < 0 else ' '}{in_kg(abs(load.grams)):>6.6}KG".encode()
    heads = b"\x01\x02" + tare + bytes([reduce(xor, tare)]) + b"\x03\x02"
    return heads + body + bytes([reduce(xor, body)]) + b"\x03\x04"


def line_frame(load: SimulatedLoad) -> bytes:
    """Return a line of an indicator that sends by itself."""
    status = "OL" if load.over else "ST" if load.stable else "US"
    sign = "-" if load.grams < 0 else "+"
    return f"{status},{'NT' if load.net else 'GS'},{sign}{in_kg(abs(load.grams)):>7}kg\r\n".encode()


def cas_line_frame(load: SimulatedLoad) -> bytes:
    """Return CAS's 22 bytes."""
    status = b"OL" if load.over else b"ST" if load.stable else b"US"
    lamp = 0x80 | load.stable << 6 | load.net << 1 | (load.grams == 0)
    weight = f"{'-' if load.grams < 0 else ' '}{in_kg(abs(load.grams)):>7} kg\r\n".encode()
    return status + (b",NT," if load.net else b",GS,") + b"1" + bytes([lamp]) + b"," + weight


def xk3190_frame(load: SimulatedLoad) -> bytes:
    """Return twelve bytes of a platform indicator; a weight that moves differs from frame to frame on a real one."""
    checked = f"{'-' if load.grams < 0 else '+'}{abs(load.grams):06}3".encode()
    return b"\x02" + checked + check_of(checked) + b"\x03"


FRAMES: Mapping[str, Callable[[SimulatedLoad], bytes]] = {
    "cas_request": cas_frame,
    "toledo_8217": toledo_frame,
    "nci": nci_frame,
    "magellan": magellan_frame,
    "ads": ads_frame,
    "status_lines": line_frame,
    "cas_continuous": cas_line_frame,
    "xk3190": xk3190_frame,
}
"""What each protocol says of a load."""
