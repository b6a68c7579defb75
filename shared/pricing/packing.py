"""The search among promotions that take all they cover: those of which no two share goods, and that save most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from shared.pricing.candidate import NOTHING, Candidate, Key, Score, added, negative, score
from shared.pricing.effect import Effect

MOST_COMPARED = 300_000
"""So often two promotions are compared. Enough for any twelve of them, and for hundreds where few overlap."""
_EACH_QUESTION = 1_000
"""What a question costs beside, as comparisons."""
_SCALE = 1_000_000

Chosen = list[tuple[Candidate, Effect]]


def worth(chosen: Chosen) -> tuple[Score, list[Key]]:
    """Sort choices: the best for the customer first, then the order of the promotions in them."""
    together = reduce(added, [score(effect) for _, effect in chosen], NOTHING)
    return negative(together), sorted([candidate.key for candidate, _ in chosen])


def best_apart(found: Chosen) -> Chosen:
    """Return the best of those that share no goods."""
    return _Packing().best([_Wants(one, reduce(or_, [1 << row for row, _ in one[1].used], 0)) for one in found])


class _Wants(NamedTuple):
    """A promotion's effect, and the rows it takes as the bits of a number."""

    one: tuple[Candidate, Effect]
    rows: int


class _Packing:
    """Asks of one promotion after another what is best with it and without it, apart for those that share no goods."""

    def __init__(self) -> None:
        self._compared = 0

    def best(self, wanting: Sequence[_Wants]) -> Chosen:
        chosen: Chosen = []
        for part in _parts(wanting):
            chosen += self._of_part(part) if len(part) > 1 else [part[0].one]
        return chosen

    def _of_part(self, part: Sequence[_Wants]) -> Chosen:
        self._compared += len(part) ** 2 + _EACH_QUESTION
        if self._compared > MOST_COMPARED:
            return min(_first_come(part, _by_saving), _first_come(part, _by_saving_on_each), key=worth)
        disputed = max(part, key=lambda wants: sum([1 for other in part if other.rows & wants.rows]))
        others = [wants for wants in part if wants is not disputed]
        with_it = [disputed.one, *self.best([wants for wants in others if not wants.rows & disputed.rows])]
        return min(with_it, self.best(others), key=worth)


def _parts(wanting: Sequence[_Wants]) -> list[list[_Wants]]:
    """Part promotions into those that share goods, directly or by others; each part in the order given."""
    masks: list[int] = []
    for wants in wanting:
        joined, apart = wants.rows, []
        for mask in masks:
            if mask & joined:
                joined |= mask
            else:
                apart.append(mask)
        masks = [*apart, joined]
    alone = [[wants] for wants in wanting if not wants.rows]
    parts = [[wants for wants in wanting if wants.rows & mask] for mask in masks if mask]
    return [*alone, *parts]


def _by_saving(wants: _Wants) -> tuple[Score, Key]:
    """Sort what saves most first."""
    candidate, effect = wants.one
    return negative(score(effect)), candidate.key


def _by_saving_on_each(wants: _Wants) -> tuple[int, Score, Key]:
    """Sort what saves most on each article it takes first."""
    candidate, effect = wants.one
    return -effect.saving * _SCALE // wants.rows.bit_count(), negative(score(effect)), candidate.key


def _first_come(part: Sequence[_Wants], order: Callable[[_Wants], Any]) -> Chosen:
    taken, chosen = 0, Chosen()
    for wants in sorted(part, key=order):
        if not taken & wants.rows:
            taken |= wants.rows
            chosen.append(wants.one)
    return chosen
