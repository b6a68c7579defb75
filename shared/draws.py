"""Prize draws that anybody can check: the seed is bound before the first ticket, and number and seed decide alone.

The hash of the seed is published with the odds; when the draw has ended the seed is, too. Ticket n lands where
HMAC-SHA256(seed, n) says, each weight exactly: numbers beyond the last whole multiple of the weights' sum are drawn
again, so that no prize is favoured by a remainder.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

import msgspec

NOTHING = ""
SEED_BYTES = 32
MOST = 10**9
"""Most weight, points or worth of one prize: all weights together stay far below the 64 bits that are drawn."""
_MOST_PRIZES = 100


class Prize(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A prize: how likely it is against the others, and what it is worth in minor units.

    `names` is what it is called, by language. `points` are given to the winner at once, and so is a coupon of the
    batch `batch`; a prize without either is a thing, to be fetched in a store.
    """

    prize: str
    weight: int
    worth_minor: int
    names: dict[str, str] = {}
    points: int = 0
    batch: str = ""


class DrawRules(msgspec.Struct, frozen=True, kw_only=True):
    """What can be won, and how likely nothing is."""

    prizes: list[Prize]
    nothing_weight: int

    def __post_init__(self) -> None:
        names = [one.prize for one in self.prizes]
        if not names or NOTHING in names or len(set(names)) != len(names):
            raise ValueError("a draw has prizes, each with a name of its own")
        if len(self.prizes) > _MOST_PRIZES:
            raise ValueError(f"a draw has at most {_MOST_PRIZES} prizes")
        if not all(1 <= one.weight <= MOST for one in self.prizes) or not 0 <= self.nothing_weight <= MOST:
            raise ValueError(f"a prize weighs 1 to {MOST}, nothing 0 to {MOST}")
        if not all(0 <= one.points <= MOST and 0 <= one.worth_minor <= MOST for one in self.prizes):
            raise ValueError(f"points and worth of a prize are 0 to {MOST}")
        if any(one.points and one.batch for one in self.prizes):
            raise ValueError("a prize is points or a coupon, not both")

    @property
    def whole(self) -> int:
        """The sum of all weights."""
        return self.nothing_weight + sum(one.weight for one in self.prizes)

    def odds(self) -> dict[str, str]:
        """Return the odds as they are published, exactly; nothing has no name."""
        weights = {one.prize: one.weight for one in self.prizes} | {NOTHING: self.nothing_weight}
        return {prize: f"{weight}/{self.whole}" for prize, weight in weights.items()}

    def named(self, prize: str) -> Prize | None:
        """Return a prize by its id, None for nothing."""
        return next((one for one in self.prizes if one.prize == prize), None)

    def land(self, seed: bytes, ticket: int) -> str:
        """Return what a ticket lands on."""
        place = _below(self.whole, seed, ticket)
        for one in self.prizes:
            if place < one.weight:
                return one.prize
            place -= one.weight
        return NOTHING


def commitment(seed: bytes) -> bytes:
    """Return what is published of a seed beforehand."""
    return sha256(seed).digest()


def _below(bound: int, seed: bytes, ticket: int) -> int:
    """Return a number from 0 to before `bound`, each as likely as any other."""
    limit = (1 << 64) - (1 << 64) % bound
    attempt = 0
    while True:
        drawn = int.from_bytes(hmac.digest(seed, f"{ticket}/{attempt}".encode(), "sha256")[:8], "big")
        if drawn < limit:
            return drawn % bound
        attempt += 1
