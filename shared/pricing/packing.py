"""The search among promotions that take all they cover: those of which no two share goods, and that save most."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from shared.pricing.candidate import NOTHING, Candidate, Key, Score, added, negative, score
from shared.pricing.effect import Effect

MOST_TRIED = 400
"""With or without this one: so often is asked. Enough for any twelve promotions; for hundreds where few overlap."""

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
        self._tried = 0

    def best(self, wanting: Sequence[_Wants]) -> Chosen:
        chosen: Chosen = []
        for part in _parts(wanting):
            chosen += self._of_part(part) if len(part) > 1 else [part[0].one]
        return chosen

    def _of_part(self, part: Sequence[_Wants]) -> Chosen:
        self._tried += 1
        if self._tried > MOST_TRIED:
            return _first_come(part)
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


def _first_come(part: Sequence[_Wants]) -> Chosen:
    taken, chosen = 0, Chosen()
    for wants in sorted(part, key=lambda wants: (negative(score(wants.one[1])), wants.one[0].key)):
        if not taken & wants.rows:
            taken |= wants.rows
            chosen.append(wants.one)
    return chosen
