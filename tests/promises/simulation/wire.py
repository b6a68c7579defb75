"""A wire that keeps no promise: what is on it may be lost, doubled, late, and arrive in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UP = -1
"""The end of the wire where head office is; every other end is the number of a box."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Real bytes on their way to one end."""

    to: int
    topic: str
    content: bytes


class Wire:
    """Everything on its way, oldest first. Nothing moves by itself."""

    def __init__(self) -> None:
        self.on_its_way: list[Packet] = []

    def put(self, packet: Packet) -> None:
        self.on_its_way.append(packet)

    def take(self, places: Sequence[int]) -> list[Packet]:
        """Take these packets off, in the order given; places count round."""
        wanted = list(dict.fromkeys(place % len(self.on_its_way) for place in places)) if self.on_its_way else []
        taken = [self.on_its_way[place] for place in wanted]
        for place in sorted(wanted, reverse=True):
            del self.on_its_way[place]
        return taken

    def double(self, place: int) -> None:
        if self.on_its_way:
            self.on_its_way.append(self.on_its_way[place % len(self.on_its_way)])

    def wipe(self) -> None:
        """Lose everything: the broker was wiped."""
        self.on_its_way.clear()
