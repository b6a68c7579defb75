"""Seeded draws without state: the same seed and subject give the same answer on every machine, in any order."""

from __future__ import annotations

from hashlib import sha256

_SCALE = 10_000


def bits(seed: int, *subject: object) -> int:
    """Return 256 bits drawn for a subject."""
    text = "/".join(str(part) for part in (seed, *subject))
    return int.from_bytes(sha256(text.encode()).digest(), "big")


def below(limit: int, seed: int, *subject: object) -> int:
    """Return a number from 0 to `limit - 1` drawn for a subject."""
    return bits(seed, *subject) % limit


def chance(rate_bp: int, seed: int, *subject: object) -> bool:
    """Tell whether a subject is among the `rate_bp` basis points that are drawn."""
    return below(_SCALE, seed, *subject) < rate_bp
