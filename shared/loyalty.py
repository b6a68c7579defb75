"""Points and tiers: rules in, numbers out. Rules are typed, versioned data that can be put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

import msgspec

from shared.money import BASIS_POINTS, refund_share

_MOST_DAYS = 366
_MOST_MONTHS = 120


class Paid(NamedTuple):
    """What a receipt came to, and how much of that was paid by tenders that earn nothing (minor units)."""

    total_minor: int
    excluded_minor: int = 0


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later, the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


class EarningRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="spend", tag_field="kind"):
    """`points` per `per_minor` of net spend, in proportion, rounded down once per receipt.

    In force from `valid_from` (a business date of the store) until a later rule of the same chain starts.
    `excluded_tenders`: what is paid by them earns nothing. `expiry`: never, after `expiry_count` months, or at the end
    of the `expiry_count`-th year after the one they were earned in (0: of that year). `pending_days`: how long points
    wait before they can be spent.
    """

    version: int
    valid_from: date
    points: int = 1
    per_minor: int = 100
    excluded_categories: list[str] = []
    excluded_tenders: list[str] = []
    expiry: Literal["never", "months", "year_end"] = "never"
    expiry_count: int = 0
    pending_days: int = 0

    def __post_init__(self) -> None:
        if self.per_minor < 1 or self.points < 0:
            raise ValueError("an earning rule gives at least 0 points per at least 1 minor unit")
        if not 0 <= self.pending_days <= _MOST_DAYS or not 0 <= self.expiry_count <= _MOST_MONTHS:
            raise ValueError(f"points wait 0 to {_MOST_DAYS} days and last at most {_MOST_MONTHS} months or years")
        if self.expiry == "months" and self.expiry_count < 1:
            raise ValueError("points that expire after months last at least one")

    def available_on(self, day: date) -> date | None:
        """Return the first business date on which points of `day` can be spent, None for at once."""
        return day + timedelta(days=self.pending_days) if self.pending_days else None

    def expires_on(self, day: date) -> date | None:
        """Return the first business date on which points of `day` are worth nothing, None for never.

        Their last day counts whole: twelve months from 5 March end after 5 March of the next year.
        """
        if self.expiry == "never":
            return None
        if self.expiry == "year_end":
            return date(day.year + self.expiry_count + 1, 1, 1)
        return months_later(day, self.expiry_count) + timedelta(days=1)

    def points_for(self, eligible_minor: int, paid: Paid, *, bonus: Sequence[tuple[int, int]] = ()) -> int:
        """Return the points of a receipt, rounded down once.

        `eligible_minor` is what its eligible lines came to; of the whole, `paid` says what excluded tenders paid:
        that share earns nothing. `bonus` are (base in minor units, multiplier in basis points) of promotions.
        """
        if paid.total_minor <= 0:
            return 0
        earning = max(paid.total_minor - paid.excluded_minor, 0)
        weighed = max(eligible_minor, 0) * BASIS_POINTS
        weighed += sum(max(base, 0) * (times_bp - BASIS_POINTS) for base, times_bp in bonus)
        return weighed * earning * self.points // (self.per_minor * BASIS_POINTS * paid.total_minor)

    def earn(self, net_minor: int) -> int:
        """Return the points for an eligible net amount; a negative amount earns nothing."""
        return max(net_minor, 0) * self.points // self.per_minor

    def eligible(self, category: str) -> bool:
        """Tell whether lines of a category path earn."""
        return not any(category == path or category.startswith(path + "/") for path in self.excluded_categories)


def rule_on(rules: Sequence[EarningRule], day: date) -> EarningRule | None:
    """Return the rule in force on a business date: the latest start, then the highest version."""
    in_force = [rule for rule in rules if rule.valid_from <= day]
    return max(in_force, key=lambda rule: (rule.valid_from, rule.version)) if in_force else None


def share_returned(given: int, returned_quantity: int, sold_quantity: int, already: int) -> int:
    """Return what a return takes back of `given` when `returned_quantity` of `sold_quantity` are back in total.

    Rounded half up on the running total less what was already taken back, so that the last piece settles exactly.
    """
    return refund_share(given, returned_quantity, sold_quantity, already)


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
