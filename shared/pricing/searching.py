"""The search among promotions that want the same pieces: in which order, and how often each."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from shared.pricing.candidate import NOTHING, Candidate, Key, Score, added, negative, score
from shared.pricing.effect import Effect
from shared.pricing.state import State

WINDOWS = {2: 12, 3: 4, 4: 1, 5: 0}
"""By how many promotions compete: how many times less than its most each may be applied. More than these: greedily."""

Chosen = list[tuple[Candidate, Effect]]
_Found = tuple[Score, tuple[int, ...], Chosen]
"""Score, the places of the promotions used, and what they do."""


def best_sets(rivals: Sequence[Candidate], state: State) -> Chosen:
    """Return the order and number of sets that save most."""
    if len(rivals) not in WINDOWS:
        return _greedy(rivals, state)
    return _Search(rivals, state, WINDOWS[len(rivals)]).best()


class _Search:
    """Depth first over orders and counts; what is left of the pieces names a position already decided."""

    def __init__(self, rivals: Sequence[Candidate], state: State, window: int) -> None:
        self._rivals = rivals
        self._window = window
        self._left = state.left
        self._rows = sorted(set[int]().union(*(rival.touches() for rival in rivals)))
        self._known: dict[tuple[int, tuple[int, ...]], _Found] = {}

    def best(self) -> Chosen:
        """Search all."""
        return self._from((1 << len(self._rivals)) - 1, self._left)[2]

    def _from(self, waiting: int, left: list[int]) -> _Found:
        name = (waiting, tuple([left[row] for row in self._rows]))
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._decide(waiting, left)
        return found

    def _decide(self, waiting: int, left: list[int]) -> _Found:
        best: _Found = (NOTHING, (), [])
        for place, candidate in enumerate(self._rivals):
            if not waiting >> place & 1:
                continue
            others = waiting & ~(1 << place)
            for effect in self._amounts(candidate, left, last=not others):
                after = left[:]
                for row, count in effect.used:
                    after[row] -= count
                rest = self._from(others, after) if others else (NOTHING, (), [])
                total = added(score(effect), rest[0])
                places = tuple(sorted((place, *rest[1])))
                if total > best[0] or (total == best[0] and best[1] and places < best[1]):
                    best = (total, places, [(candidate, effect), *rest[2]])
        return best

    def _amounts(self, candidate: Candidate, left: list[int], *, last: bool) -> list[Effect]:
        """Return what a promotion can do with what is left, applied at its most and then fewer times."""
        most = candidate.effect(left=left)
        if not isinstance(most, Effect):
            return []
        effects = [most]
        if not last:
            for uses in range(most.uses - 1, max(0, most.uses - 1 - self._window), -1):
                effect = candidate.effect(left=left, most=uses)
                effects += [effect] if isinstance(effect, Effect) else []
        return effects


def _greedy(rivals: Sequence[Candidate], state: State) -> Chosen:
    """Apply the one that saves most of what is left, again and again; ask anew only who wanted the same pieces."""
    left, chosen = state.left[:], Chosen()
    waiting = [(candidate, set(candidate.touches()), candidate.effect(left=left)) for candidate in rivals]
    while True:
        able = [
            (_first(candidate, effect), place, effect)
            for place, (candidate, _, effect) in enumerate(waiting)
            if isinstance(effect, Effect)
        ]
        if not able:
            return chosen
        _, place, effect = min(able, key=itemgetter(0))
        chosen.append((waiting.pop(place)[0], effect))
        taken = {row for row, _ in effect.used}
        for row, count in effect.used:
            left[row] -= count
        waiting = [
            (other, rows, known if rows.isdisjoint(taken) else other.effect(left=left))
            for other, rows, known in waiting
        ]


def _first(candidate: Candidate, effect: Effect) -> tuple[Score, Key]:
    """Sort what saves most first, then by the total order."""
    return negative(score(effect)), candidate.key
