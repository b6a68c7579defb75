"""A chain's budget as shares of its stores: divided, moved to where it is used up, never more than there is.

Pure arithmetic on one number (uses, or money). What holds throughout: the *ceilings*, what each store may have used at
most by anything it has ever been told, add up to no more than the budget. A share is raised at once; what was taken
off one is free only when its store has said that it holds the lower one: offline, a store sells by what it last heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.money import BASIS_POINTS, allocate

KEPT_BP = 1_000
"""Of the first division head office keeps a tenth for whoever runs short first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One share: what its store is to hold, may hold at most, and has said that it used.

    `fair` is its part of the whole budget. `settled`: the store holds what it is to hold. `short`: it asked for more.
    """

    granted: int
    ceiling: int
    used: int
    fair: int
    settled: bool = True
    short: bool = False

    @property
    def left(self) -> int:
        """What the store still has to use, of what it is to hold."""
        return max(0, self.granted - self.used)

    @property
    def low(self) -> bool:
        """Whether it asked, or has less than a quarter of its fair part left: a store without a part has to ask."""
        return self.short or (self.fair > 0 and (not self.left or self.left * 4 < self.fair))

    def heard(self, used: int) -> Standing:
        """Return the share after its store has said that it holds what it is to hold, having used so much."""
        return replace(self, used=used, ceiling=max(self.granted, used), settled=True, short=False)


def fair_parts(budget: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide a budget by weights; with none above 0, equally. The parts add up to the budget."""
    stores = sorted(weights)
    if not stores:
        return {}
    heavy = [weights[store] for store in stores]
    parts = allocate(budget, heavy if any(heavy) else [1] * len(stores))
    return dict(zip(stores, parts, strict=True))


def first_parts(budget: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Return the shares a budget begins with: what head office keeps back stays out of them."""
    return fair_parts(budget - budget * KEPT_BP // BASIS_POINTS, weights)


def balanced(budget: int, shares: Mapping[str, Standing], closed: int = 0) -> dict[str, int]:
    """Return what each store is to hold from now on. `closed` is what shares that are no more may have used.

    What nobody holds goes to stores that are low, by their fair parts. When there is nothing, stores that have plenty
    give up half of what they have left above a quarter of their fair part, for a later round to hand on. A budget that
    was made smaller is taken off all of them.
    """
    free = budget - closed - sum(one.ceiling for one in shares.values())
    granted = {store: one.granted for store, one in shares.items()}
    if free < 0:
        return granted | _less(budget - closed, shares)
    low = [store for store in sorted(shares) if shares[store].low and shares[store].settled]
    if not low:
        return granted
    if free:
        for store, part in _handed_out(free, shares, low).items():
            granted[store] += part
        return granted
    if any(one.ceiling > one.granted for one in shares.values()):
        return granted  # something is on its way back already
    for store in sorted(shares.keys() - set(low)):
        one = shares[store]
        spare = one.left - one.fair // 4
        if one.settled and spare > 0:
            granted[store] -= (spare + 1) // 2
    return granted


def _handed_out(free: int, shares: Mapping[str, Standing], low: Sequence[str]) -> dict[str, int]:
    """Give each low store up to half of its fair part, and whoever has nothing at least something."""
    wanted = {store: max(1, shares[store].fair // 2) for store in low}
    if sum(wanted.values()) <= free:
        return wanted
    by_need = sorted(low, key=lambda store: (shares[store].left, store))
    parts = fair_parts(free, wanted)
    if free < len(low):
        parts = {store: int(place < free) for place, store in enumerate(by_need)}
    return parts


def _less(budget: int, shares: Mapping[str, Standing]) -> dict[str, int]:
    """Bring shares down to a smaller budget: what was used stays, what is left shrinks in proportion."""
    used = {store: min(one.used, one.granted) for store, one in shares.items()}
    room = max(0, budget - sum(used.values()))
    left = {store: one.left for store, one in shares.items()}
    if not any(left.values()):
        return used
    parts = fair_parts(min(room, sum(left.values())), left)
    return {store: min(shares[store].granted, used[store] + parts[store]) for store in shares}
