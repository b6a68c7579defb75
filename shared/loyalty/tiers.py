"""Tiers: rules in, standings out. Rules are typed, versioned data that can be put into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec


class NextTier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next tier of a member, by its code, and what is missing to it: spend (minor units), visits, growth value.

    Several of them are all missing; with `either` any one of them is enough. `until` is the last business date
    (YYYY-MM-DD) on which it counts towards it; empty where no day ends it.
    """

    tier: str
    spend_minor: int = 0
    visits: int = 0
    growth: int = 0
    either: bool = False
    until: str = ""


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier: its code, its name per language, and from how much on it is reached, in what its rule measures."""

    code: str
    names: dict[str, str]
    from_minor: int


class Standing(NamedTuple):
    """The tier a member stands in, and why.

    `earned` this year, `kept` from the last one, `never_down`, `one_step` below the year before, `floor` set by hand,
    `initial` of all members; empty with no tier at all.
    """

    tier: str
    reason: str


class TierRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tiers by what a member did within a calendar year of business dates; never by the balance of points.

    `measure`: net spend (minor units), visits (sales), or growth: a point for every full `growth_per_minor` spent and
    `growth_per_visit` for each visit. A tier reached in a year holds until the end of the next one; then `downgrade`
    says whether it goes (`period_end`) or stays (`never`), and `step` whether it goes to what is earned or one tier a
    year. `initial` is the level everybody has at least; nothing is given for it. Without tiers all members are equal.
    """

    version: int
    tiers: list[Tier] = []
    window: Literal["calendar_year"] = "calendar_year"
    measure: Literal["spend", "visits", "growth"] = "spend"
    growth_per_minor: int = 100
    growth_per_visit: int = 0
    downgrade: Literal["period_end", "never"] = "period_end"
    step: Literal["to_earned", "one"] = "to_earned"
    initial: str = ""

    def __post_init__(self) -> None:
        if self.growth_per_minor < 1 or self.growth_per_visit < 0:
            raise ValueError("growth counts at least 0 for a visit, and a point for at least 1 minor unit")
        if self.initial and self.initial not in {tier.code for tier in self.tiers}:
            raise ValueError(f"there is no tier {self.initial!r} to begin with")

    def value(self, spend_minor: int, visits: int) -> int:
        """Return what counts of a year's spend and visits."""
        if self.measure == "visits":
            return visits
        if self.measure == "growth":
            return max(spend_minor, 0) // self.growth_per_minor + visits * self.growth_per_visit
        return spend_minor

    def reached(self, spend_minor: int, visits: int = 0) -> str:
        """Return the code of the highest tier that a year's spend and visits reach, '' below the first."""
        value = self.value(spend_minor, visits)
        reached = [tier for tier in self.tiers if tier.from_minor <= value]
        return max(reached, key=lambda tier: tier.from_minor).code if reached else ""

    def missing(self, spend_minor: int, visits: int = 0) -> tuple[str, int] | None:
        """Return the next tier's code and what is missing to it, in what the rule measures; None at the top."""
        value = self.value(spend_minor, visits)
        ahead = [tier for tier in self.tiers if tier.from_minor > value]
        if not ahead:
            return None
        tier = min(ahead, key=lambda tier: tier.from_minor)
        return tier.code, tier.from_minor - value

    @property
    def looks_back(self) -> bool:
        """Whether years before the last one still count."""
        return self.downgrade == "never" or self.step == "one"

    def standing(self, reached: Mapping[int, str], year: int, floor: str = "") -> Standing:
        """Return where a member stands in `year`, given what they reached in each year and a floor set by hand."""
        ladder = ["", *(tier.code for tier in sorted(self.tiers, key=lambda tier: tier.from_minor))]
        rank = {code: place for place, code in enumerate(ladder)}
        named = {one: rank.get(code, 0) for one, code in reached.items() if one <= year}
        found = self._by_years(named, year)
        for code, reason in ((floor, "floor"), (self.initial, "initial")):
            if rank.get(code, 0) > found[0]:
                found = rank[code], reason
        return Standing(ladder[found[0]], found[1] if found[0] else "")

    def _by_years(self, reached: Mapping[int, int], year: int) -> tuple[int, str]:
        """Return rank and reason by what was reached, walking up from the first year."""
        if self.downgrade == "never":
            earned = reached.get(year, 0)
            best = max(reached.values(), default=0)
            return (best, "earned") if best == earned else (best, "never_down")
        before, stands = 0, (0, "")
        for one in range(min(reached, default=year), year + 1):
            options = [(reached.get(one, 0), "earned"), (reached.get(one - 1, 0), "kept")]
            if self.step == "one":
                options.append((before - 1, "one_step"))
            stands = max(options, key=lambda option: option[0])
            before = stands[0]
        return stands
