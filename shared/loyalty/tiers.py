"""Tiers as rules: what is measured, over which window, and when a tier goes. Typed data that can be put into words."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Literal

import msgspec

from shared.loyalty.benefits import Benefit

_MOST_MONTHS = 60


class Tier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tier: its code, its name per language, from how much on it is reached, and what it brings.

    `from_minor` is in what its rule measures: minor units of spend, visits, or growth value. Where a rule mixes, it is
    the spend and `from_visits` the visits.
    """

    code: str
    names: dict[str, str]
    from_minor: int
    from_visits: int = 0
    benefits: list[Benefit] = []

    def name(self, language: str) -> str:
        """Return its name in a language, or else in English, or else its code."""
        return self.names.get(language) or self.names.get("en") or self.code


class NextTier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next tier of a member, by its code, and what is missing to it: spend (minor units), visits, growth value.

    Several of them are all missing; with `either` any one of them is enough. `until` is the last business date
    (YYYY-MM-DD) of the window that counts now; empty where the window moves along with the days. A growth value rises
    by 1 for every full `growth_per_minor` and by `growth_per_visit` for each visit.
    """

    tier: str
    spend_minor: int = 0
    visits: int = 0
    growth: int = 0
    either: bool = False
    until: str = ""
    growth_per_minor: int = 0
    growth_per_visit: int = 0

    def after(self, spend_minor: int, visits: int = 1) -> NextTier | None:
        """Return what is still missing after a purchase; None where it reaches the tier."""
        grown = spend_minor // self.growth_per_minor + visits * self.growth_per_visit if self.growth_per_minor else 0
        left = msgspec.structs.replace(
            self,
            spend_minor=max(self.spend_minor - max(spend_minor, 0), 0),
            visits=max(self.visits - visits, 0),
            growth=max(self.growth - max(grown, 0), 0),
        )
        wanted = [
            still for asked, still in (
                (self.spend_minor, left.spend_minor), (self.visits, left.visits), (self.growth, left.growth)
            ) if asked
        ]  # fmt: skip
        reached = any(still == 0 for still in wanted) if self.either else not any(wanted)
        return None if reached else left


class TierRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tiers by what a member did within a window of business dates; never by the balance of points.

    In force from `valid_from` (None: always) until a later rule starts.
    `window`: the calendar year, the year from the day they joined, or the last `months` months, today included.
    `measure`: net spend (minor units), visits (sales), growth (a point for every full `growth_per_minor` spent and
    `growth_per_visit` for each visit), or a mix of spend and visits, of which `mix` asks for all or any.
    `downgrade`: a tier reached in a year holds until the end of the next one, one reached by the last months holds so
    many months more (`period_end`); or it goes with the day on which the last months reach it no more (`rolling`); or
    never. `step`: it goes to what is earned, or one tier at a time, the next a period later (a month with `rolling`).
    `initial` is the level everybody has at least; nothing is given for it. Without tiers all members are equal.
    """

    version: int
    tiers: list[Tier] = []
    window: Literal["calendar_year", "anniversary_year", "rolling"] = "calendar_year"
    months: int = 12
    measure: Literal["spend", "visits", "growth", "mix"] = "spend"
    mix: Literal["all", "any"] = "all"
    growth_per_minor: int = 100
    growth_per_visit: int = 0
    downgrade: Literal["period_end", "rolling", "never"] = "period_end"
    step: Literal["to_earned", "one"] = "to_earned"
    initial: str = ""
    valid_from: date | None = None

    def __post_init__(self) -> None:
        if self.growth_per_minor < 1 or self.growth_per_visit < 0:
            raise ValueError("growth counts at least 0 for a visit, and a point for at least 1 minor unit")
        if self.initial and self.initial not in {tier.code for tier in self.tiers}:
            raise ValueError(f"there is no tier {self.initial!r} to begin with")
        if not 1 <= self.months <= _MOST_MONTHS:
            raise ValueError(f"a window that moves has 1 to {_MOST_MONTHS} months")
        if self.downgrade == "rolling" and self.window != "rolling":
            raise ValueError("a tier can only go at any day where the window moves with the days: choose 'rolling'")
        self._check_tiers()

    def _check_tiers(self) -> None:
        if len({tier.code for tier in self.tiers}) != len(self.tiers):
            raise ValueError("each tier has a code of its own")
        for lower, higher in pairwise(self.ladder):
            if self.measure == "mix" and higher.from_visits and higher.from_visits < lower.from_visits:
                raise ValueError(f"{higher.code} asks for more spend than {lower.code}, and so for no fewer visits")

    @property
    def ladder(self) -> list[Tier]:
        """Return the tiers, the lowest first. A member's rank is a place in it from 1 on; 0 is no tier."""
        return sorted(self.tiers, key=lambda tier: (tier.from_minor, tier.from_visits))

    def tier(self, code: str) -> Tier | None:
        """Return a tier by its code."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def rank(self, code: str) -> int:
        """Return a tier's place from the bottom, 0 for one that this rule does not have."""
        return next((place for place, tier in enumerate(self.ladder, start=1) if tier.code == code), 0)

    def value(self, spend_minor: int, visits: int) -> int:
        """Return what counts of a window's spend and visits; of a mix the spend."""
        if self.measure == "visits":
            return visits
        if self.measure == "growth":
            return max(spend_minor, 0) // self.growth_per_minor + visits * self.growth_per_visit
        return spend_minor

    def reaches(self, tier: Tier, spend_minor: int, visits: int) -> bool:
        """Tell whether a window's spend and visits reach a tier."""
        enough = self.value(spend_minor, visits) >= tier.from_minor
        if self.measure != "mix":
            return enough
        if self.mix == "any":
            return enough or bool(tier.from_visits and visits >= tier.from_visits)
        return enough and visits >= tier.from_visits

    def rank_reached(self, spend_minor: int, visits: int = 0) -> int:
        """Return the rank of the highest tier that a window's spend and visits reach."""
        ladder = self.ladder
        return next((n for n in range(len(ladder), 0, -1) if self.reaches(ladder[n - 1], spend_minor, visits)), 0)

    def reached(self, spend_minor: int, visits: int = 0) -> str:
        """Return the code of the highest tier that a window's spend and visits reach, '' below the first."""
        rank = self.rank_reached(spend_minor, visits)
        return self.ladder[rank - 1].code if rank else ""

    def missing(
        self, spend_minor: int, visits: int = 0, *, above: int = 0, until: date | None = None
    ) -> NextTier | None:
        """Return what a window's spend and visits lack to the first tier above them and a rank; None at the top."""
        ladder = self.ladder
        rank = max(self.rank_reached(spend_minor, visits), above)
        if rank >= len(ladder):
            return None
        tier, ends = ladder[rank], "" if until is None else until.isoformat()
        lacks = max(tier.from_minor - self.value(spend_minor, visits), 0)
        if self.measure == "visits":
            return NextTier(tier=tier.code, visits=lacks, until=ends)
        if self.measure == "growth":
            per, visit = self.growth_per_minor, self.growth_per_visit
            return NextTier(tier=tier.code, growth=lacks, until=ends, growth_per_minor=per, growth_per_visit=visit)
        more = max(tier.from_visits - visits, 0) if self.measure == "mix" else 0
        either = bool(self.measure == "mix" and self.mix == "any" and tier.from_visits)
        return NextTier(tier=tier.code, spend_minor=lacks, visits=more, either=either, until=ends)

    def takes(self, tier: Tier) -> tuple[int, int]:
        """Return spend (minor units) and visits that just reach a tier, for whoever is taken over with it."""
        if self.measure == "visits":
            return 0, tier.from_minor
        if self.measure == "growth":
            return tier.from_minor * self.growth_per_minor, 0
        return tier.from_minor, tier.from_visits if self.measure == "mix" and self.mix == "all" else 0
