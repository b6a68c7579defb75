"""What a till's last pricing would have liked to know of HQ about budgets: asked beside the till, nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Unknown:
    """Promotions of a basket: `short` of a share of a chain's budget, or with a member's budget only HQ can count."""

    basket: UUID
    short: frozenset[str]
    of_member: frozenset[str]


def _nobody() -> None:
    """Wake nobody."""


class Wanted:
    """One till's newest question about budgets. Written in the database's thread, read by who asks; each is asked once.

    A question is the same for as long as the basket is: what HQ did not answer may be asked again when it changes.
    """

    def __init__(self) -> None:
        self._now: Unknown | None = None
        self._asked: Unknown | None = None
        self.wake: Callable[[], None] = _nobody
        """Called, from any thread, when there is something to ask."""

    def note(self, basket: UUID, short: Sequence[str], of_member: Sequence[str]) -> None:
        """Note what a pricing could not know."""
        wanted = Unknown(basket, frozenset(short), frozenset(of_member))
        if (short or of_member) and wanted != self._asked:
            self._now = wanted
            self.wake()

    @property
    def waits(self) -> bool:
        """Whether there is something to ask."""
        return self._now is not None

    def take(self) -> Unknown | None:
        """Return what is to be asked now, once."""
        wanted, self._now = self._now, None
        if wanted is not None:
            self._asked = wanted
        return wanted
