"""Identifiers: slugs that people see, UUIDv7 for everything that is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

SLUG_PATTERN = r"^[a-z0-9-]{1,32}$"
_SLUG = re.compile(SLUG_PATTERN)
_RANDOM_BITS = 74


def check_slug(text: str, what: str) -> str:
    """Return `text` if it is an id `[a-z0-9-]{1,32}`, else say what is wrong with it."""
    if not _SLUG.fullmatch(text):
        raise ValueError(f"{what} must be 1 to 32 of a-z, 0-9 and '-', got {text!r}")
    return text


def uuid7(wall_ms: int, random_bits: int) -> UUID:
    """Build a UUIDv7 (RFC 9562, 5.7) from a time and 74 random bits."""
    if not 0 <= wall_ms < 1 << 48:
        raise ValueError(f"time does not fit 48 bits: {wall_ms}")
    random_bits &= (1 << _RANDOM_BITS) - 1
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return UUID(int=wall_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def uuid7_ms(value: UUID) -> int:
    """Return the millisecond time a UUIDv7 carries."""
    return value.int >> 80


class UuidMint:
    """Mints UUIDv7s that rise within the process, also when the wall clock steps back.

    Time and randomness are given, because this package has neither: `wall_ms()` in milliseconds,
    `random_bytes(n)` as `os.urandom`.
    """

    def __init__(self, wall_ms: Callable[[], int], random_bytes: Callable[[int], bytes]) -> None:
        self._wall_ms = wall_ms
        self._random_bytes = random_bytes
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> UUID:
        """Return the next id."""
        now = self._wall_ms()
        entropy = int.from_bytes(self._random_bytes(10), "big")
        if now > self._last_ms:
            self._last_ms, self._counter = now, entropy >> 8 & 0x3FF
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._last_ms, self._counter = self._last_ms + 1, 0
        return uuid7(self._last_ms, self._counter << 62 | entropy & ((1 << 62) - 1))
