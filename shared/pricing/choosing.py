"""Which promotions of a group apply: the best for the customer, one alone, or all, by a total order.

**Best** is the combination that saves most; ties are decided by points, then by the promotions' order: larger face
value, higher threshold, ends sooner, claimed earlier, lower id. Promotions that share no goods are decided apart. Where
some share goods, what is searched depends on the layer:

- item promotions: every way to give each article to one of them, up to `MOST_ASSIGNMENTS` ways. Beyond: each
  article to the one that saves most on it, or one of them first on all it covers, whichever of these saves most.
- sets, and gifts and exchanges among themselves: every order of up to five promotions, each applied at its most and
  some times less (`searching.WINDOWS`), each taking its pieces by its own rule from what those before it left. Beyond:
  again and again the one that saves most.
- coupons: the best one alone, or all that stack, in every order of up to `MOST_ORDERED`. Beyond: the one that saves
  most alone first, or percentages before amounts.
- everything else: every choice of promotions that share no goods, up to `packing.MOST_COMPARED` comparisons. Beyond:
  what saves most first, or what saves most on each article first, each that shares none with those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations, product
from operator import attrgetter

from shared.pricing.candidate import Candidate, negative, score, shares
from shared.pricing.effect import Effect, Miss
from shared.pricing.index import strictest
from shared.pricing.packing import Chosen, best_apart, worth
from shared.pricing.promotion import Layer, Stacking
from shared.pricing.searching import best_sets
from shared.pricing.state import State

MOST_ASSIGNMENTS = 64
MOST_ORDERED = 4
"""Stackable coupons of which every order is tried."""


def choose_one(candidates: Sequence[Candidate]) -> Chosen:
    """Return the one that saves most, alone."""
    effects = [(candidate, candidate.effect()) for candidate in candidates]
    found = [(candidate, effect) for candidate, effect in effects if isinstance(effect, Effect)]
    return [min(found, key=lambda pair: (negative(score(pair[1])), pair[0].key))] if found else []


def in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates in the order they stack: the one that saves most alone first, then the total order."""
    alone = [(negative(score(candidate.effect())), candidate.key, candidate) for candidate in candidates]
    return [candidate for _, _, candidate in sorted(alone, key=lambda entry: entry[:2])]


def choose_best(layer: Layer, candidates: Sequence[Candidate], state: State) -> Chosen:
    """Return the combination of a group that saves most."""
    if layer is Layer.COUPON:
        return _coupons(candidates, state)
    chosen: Chosen = []
    for rivals in _components(candidates):
        if len(rivals) == 1:
            effect = rivals[0].effect()
            chosen += [(rivals[0], effect)] if isinstance(effect, Effect) else []
        elif layer is Layer.ITEM:
            chosen += _assign(rivals)
        elif layer is Layer.SET or all(rival.listed.promotion.BY_PIECE for rival in rivals):
            chosen += best_sets(rivals, state)
        else:
            chosen += _apart(rivals)
    return chosen


def stacking_of(candidates: Sequence[Candidate]) -> Stacking:
    """Return how a group stacks."""
    return strictest(candidate.listed.promotion.stacking for candidate in candidates)


def left_after(state: State, chosen: Chosen) -> list[int]:
    """Return the pieces that what was chosen leaves free."""
    left = state.left[:]
    for _, effect in chosen:
        for row, count in effect.used:
            left[row] -= count
    return left


def _components(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Part candidates into sets that share no goods, each in the total order."""
    leader = list(range(len(candidates)))
    owner: dict[int, int] = {}

    def first(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    ordered = sorted(candidates, key=attrgetter("key"))
    for place, candidate in enumerate(ordered):
        for row in candidate.touches():
            if (other := owner.setdefault(row, place)) != place:
                low, high = sorted((first(other), first(place)))
                leader[high] = low
    parts: dict[int, list[Candidate]] = {}
    for place, candidate in enumerate(ordered):
        parts.setdefault(first(place), []).append(candidate)
    return list(parts.values())


def _assign(rivals: Sequence[Candidate]) -> Chosen:
    """Give each article to one of the item promotions that cover it."""
    by_row: dict[int, list[int]] = {}
    for place, candidate in enumerate(rivals):
        for row in candidate.portion.rows:
            by_row.setdefault(row, []).append(place)
    rows = sorted(by_row)
    ways = 1
    for places in by_row.values():
        ways *= len(places)
    if ways <= MOST_ASSIGNMENTS:
        tried = [dict(zip(rows, places, strict=True)) for places in product(*(by_row[row] for row in rows))]
    else:
        tried = _greedy_assignments(rivals, by_row)
    return min((_assigned(rivals, places) for places in tried), key=worth)


def _greedy_assignments(rivals: Sequence[Candidate], by_row: dict[int, list[int]]) -> list[dict[int, int]]:
    each: dict[int, int] = {}
    for row, places in by_row.items():
        alone = [(negative(score(rivals[place].effect([row]))), rivals[place].key, place) for place in places]
        each[row] = min(alone)[2]
    tried = [each]
    for place, candidate in enumerate(rivals):
        tried.append({**each, **dict.fromkeys(candidate.portion.rows, place)})
    return tried


def _assigned(rivals: Sequence[Candidate], places: dict[int, int]) -> Chosen:
    rows: dict[int, list[int]] = {}
    for row in sorted(places):
        rows.setdefault(places[row], []).append(row)
    effects = [(rivals[place], rivals[place].effect(given)) for place, given in sorted(rows.items())]
    return [(candidate, effect) for candidate, effect in effects if isinstance(effect, Effect)]


def _apart(rivals: Sequence[Candidate]) -> Chosen:
    """Choose among promotions that take all they cover: the best of those that share nothing."""
    effects = [(candidate, candidate.effect()) for candidate in rivals]
    return best_apart([(candidate, effect) for candidate, effect in effects if isinstance(effect, Effect)])


def _coupons(candidates: Sequence[Candidate], state: State) -> Chosen:
    """Choose one coupon that goes alone, or all that stack, each on what those before it left."""
    ways = [choose_one(candidates)]
    stackable = [one for one in candidates if getattr(one.listed.promotion, "stackable", False)]
    if len(stackable) > 1:
        ways += [_one_after_another(order, state) for order in _orders(in_order(stackable))]
    return min(ways, key=worth)


def _orders(stackable: Sequence[Candidate]) -> Iterable[Sequence[Candidate]]:
    """Return the orders to try: a percentage is worth more before an amount, unless scopes, caps or floors differ."""
    if len(stackable) <= MOST_ORDERED:
        return permutations(stackable)
    return [stackable, sorted(stackable, key=lambda one: not getattr(one.listed.promotion, "off_bp", 0))]


def _one_after_another(coupons: Sequence[Candidate], state: State) -> Chosen:
    """Return what coupons do in an order, each on what those before it left; the state stays as it is."""
    together: Chosen = []
    net = state.net[:]
    for candidate in coupons:
        effect = candidate.short() or candidate.effect()
        if isinstance(effect, Effect):
            together.append((candidate, effect))
            parts = shares(effect, floored=state.floored)
            for (row, _, _), part in zip(effect.bears, parts, strict=True):
                state.net[row] -= part
    state.net[:] = net
    return together


def reason_of(effect: Effect | Miss) -> Miss:
    """Return why a promotion that is not chosen does nothing: its own reason, else that others save more."""
    return effect if isinstance(effect, Miss) else Miss("beaten")
