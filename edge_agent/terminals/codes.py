"""One-time codes that pair a terminal with a till: short, soon over, and not to be guessed.

They live in memory alone. A restart ends them, and whoever stands there asks for another.
"""

from __future__ import annotations

import hmac
import ipaddress
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.clock import MachineClock

DIGITS = 8
LIFE_SECONDS = 600
LOCK_SECONDS = 600
TRIES_AN_ADDRESS = 5
TRIES_A_CODE = 10
"""Wrong codes from anywhere after which every open code ends: ten guesses at a hundred million."""
_MOST_OPEN = 16
_MOST_ADDRESSES = 256
_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Pairing:
    """A code that is open: its till, what the terminal is called, who asked for it, until when (monotonic s), why."""

    code: str
    till: str
    name: str
    by: str
    until: float
    reason: str

    @property
    def shown(self) -> str:
        """The code as people read it aloud."""
        return f"{self.code[: DIGITS // 2]} {self.code[DIGITS // 2 :]}"


class No(StrEnum):
    """Why a code pairs nothing."""

    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(slots=True)
class _Caller:
    wrong: int = 0
    locked_until: float = 0.0


class PairingCodes:
    """The open codes, and who guessed wrong. `digits` gives that many digits which nobody can foresee."""

    def __init__(self, clock: MachineClock, digits: Callable[[int], str]) -> None:
        self._clock = clock
        self._digits = digits
        self._open: list[Pairing] = []
        self._wrong = 0
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    @property
    def open(self) -> list[Pairing]:
        """The codes that would pair a terminal now, the oldest first."""
        now = self._clock.monotonic()
        self._open = [one for one in self._open if one.until > now]
        return list(self._open)

    def seconds_left(self, pairing: Pairing) -> int:
        """Return for how long a code is good still."""
        return max(0, int(pairing.until - self._clock.monotonic()))

    def make(self, till: str, name: str, by: str, reason: str) -> Pairing:
        """Open a code for a till; it takes the place of one that was open for the same till."""
        kept = [one for one in self.open if one.till != till]
        if not kept:
            self._wrong = 0
        made = Pairing(self._digits(DIGITS), till, name, by, self._clock.monotonic() + LIFE_SECONDS, reason)
        self._open = [*kept[-(_MOST_OPEN - 1) :], made]
        return made

    def cancel(self, till: str) -> bool:
        """End the code of a till; tell whether one was open."""
        before = self.open
        self._open = [one for one in before if one.till != till]
        return len(self._open) < len(before)

    def redeem(self, text: str, address: str) -> Pairing | No:
        """Use a code up. Whoever guesses wrong too often from one address waits, also with the right one."""
        caller = self._caller(address)
        if caller.locked_until > self._clock.monotonic():
            return No.LOCKED
        given = _plain(text)
        found = [one for one in self.open if hmac.compare_digest(one.code.encode(), given.encode())]
        if found:
            self._open.remove(found[0])
            self._callers.pop(_place(address), None)
            return found[0]
        return self._count_wrong(caller)

    def _count_wrong(self, caller: _Caller) -> No:
        caller.wrong += 1
        self._wrong += 1
        if self._wrong >= TRIES_A_CODE:
            self._open, self._wrong = [], 0
        if caller.wrong < TRIES_AN_ADDRESS:
            return No.WRONG
        caller.wrong, caller.locked_until = 0, self._clock.monotonic() + LOCK_SECONDS
        return No.LOCKED

    def _caller(self, address: str) -> _Caller:
        place = _place(address)
        caller = self._callers.setdefault(place, _Caller())
        self._callers.move_to_end(place)
        while len(self._callers) > _MOST_ADDRESSES:
            self._callers.popitem(last=False)
        return caller


def _place(address: str) -> str:
    """Return what wrong codes are counted by: an IPv6 machine may take any address of its network of 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(ipaddress.IPv6Network((found.packed, _NETWORK_BITS), strict=False))


def _plain(text: str) -> str:
    """Return what was typed as digits: with full-width ones taken for what they are, and without what parts them."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isascii() and sign.isdigit())
