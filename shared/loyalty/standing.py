"""Where a member stands under a tier rule: a pure function of what they did, so the same in every order of arrival.

For each rank it works out the last day on which the member holds it if nothing more happens; they stand in the highest
rank whose last day has not passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from shared.loyalty.earning import months_later
from shared.loyalty.tiers import NextTier, TierRule

_DAY = timedelta(days=1)
_NEVER = date.min
_FOR_EVER = date.max

Reason = Literal["", "earned", "kept", "never_down", "one_step", "floor", "initial"]


class Did(NamedTuple):
    """What a member did on a business date: net spend (minor units) and visits. Any day of a year stands for it where
    the calendar year is the window.
    """  # noqa: D205

    day: date
    spend_minor: int
    visits: int = 0


class Floor(NamedTuple):
    """A tier that somebody gave by hand, and the last day on which it counts."""

    tier: str
    until: date


class Standing(NamedTuple):
    """The tier a member stands in, and why.

    `earned` by the window that counts now, `kept` from an earlier one, `never_down`, `one_step` below an earlier one,
    `floor` set by hand, `initial` of all members; empty with no tier at all. `until` is the last day of it if nothing
    more happens; None where no day ends it.
    """

    tier: str
    reason: Reason
    until: date | None = None


class Outlook(NamedTuple):
    """Where a member stands, what the window that counts now comes to, and what is missing to the tier above."""

    standing: Standing
    spend_minor: int
    visits: int
    next_tier: NextTier | None


def look_back(rule: TierRule, today: date) -> date | None:
    """Return the first day that can still matter to where somebody stands; None: every day does."""
    if rule.downgrade == "never" or rule.step == "one":
        return None
    if rule.window == "rolling":
        windows = 2 if rule.downgrade == "period_end" else 1
        return months_later(today, -windows * rule.months) - _DAY
    if rule.window == "calendar_year":
        return date(today.year - 1, 1, 1)
    return months_later(today, -24) - _DAY


def outlook(
    rule: TierRule, did: Iterable[Did], today: date, *, joined: date | None = None, floor: Floor | None = None
) -> Outlook:
    """Return where a member stands on a day. What is dated later is left out; `joined` is for anniversaries."""
    past = sorted(one for one in did if one.day <= today)
    window = _Window(rule, joined)
    spend, visits = window.comes_to(past, today)
    rank, stands = _stands(rule, window.held(past, today), rule.rank_reached(spend, visits), today)
    stands = _at_least(rule, rank, stands, today, floor)
    ahead = rule.missing(spend, visits, above=rule.rank(stands.tier), until=window.ends(today))
    return Outlook(stands, spend, visits, ahead)


def standing(
    rule: TierRule, did: Iterable[Did], today: date, *, joined: date | None = None, floor: Floor | None = None
) -> Standing:
    """Return where a member stands on a day, and why."""
    return outlook(rule, did, today, joined=joined, floor=floor).standing


class _Held(NamedTuple):
    """The last day of a rank, and whether it is held of its own or as a step down from the one above."""

    until: date
    stepped: bool = False


def _stands(rule: TierRule, held: Sequence[_Held], earned: int, today: date) -> tuple[int, Standing]:
    rank = next((n for n in range(len(held), 0, -1) if held[n - 1].until >= today), 0)
    if not rank:
        return 0, Standing("", "")
    last = held[rank - 1]
    reason: Reason = "kept"
    if earned >= rank:
        reason = "earned"
    elif rule.downgrade == "never":
        reason = "never_down"
    elif last.stepped:
        reason = "one_step"
    return rank, Standing(rule.ladder[rank - 1].code, reason, None if last.until == _FOR_EVER else last.until)


def _at_least(rule: TierRule, rank: int, stands: Standing, today: date, floor: Floor | None) -> Standing:
    """Return the standing, or the floor's or the initial level where that is higher."""
    if floor is not None and floor.until >= today and rule.rank(floor.tier) > rank:
        rank, stands = rule.rank(floor.tier), Standing(floor.tier, "floor", floor.until)
    if rule.initial and rule.rank(rule.initial) > rank:
        return Standing(rule.initial, "initial")
    return stands


class _Window:
    """The windows of a rule: which one counts on a day, and how long each rank is held by what was done."""

    def __init__(self, rule: TierRule, joined: date | None) -> None:
        self._rule = rule
        self._joined = joined if rule.window == "anniversary_year" and joined is not None else date(1, 1, 1)

    def ends(self, today: date) -> date | None:
        """Return the last day of the window that counts on a day; None where it moves with the days."""
        return None if self._rule.window == "rolling" else self._starts(self._year(today) + 1) - _DAY

    def comes_to(self, past: Sequence[Did], today: date) -> tuple[int, int]:
        """Return spend and visits of the window that counts on a day."""
        if self._rule.window == "rolling":
            within = [one for one in past if months_later(one.day, self._rule.months) > today]
        else:
            within = [one for one in past if self._year(one.day) == self._year(today)]
        return sum(one.spend_minor for one in within), sum(one.visits for one in within)

    def held(self, past: Sequence[Did], today: date) -> list[_Held]:
        """Return, for each rank from 1 on, how long it is held."""
        held = self._held_by_months(past, today) if self._rule.window == "rolling" else self._held_by_years(past)
        nothing = self._rule.rank_reached(0)
        return [_Held(_FOR_EVER) if n < nothing else one for n, one in enumerate(held)]

    def _held_by_years(self, past: Sequence[Did]) -> list[_Held]:
        sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        for one in past:
            total = sums[self._year(one.day)]
            total[0] += one.spend_minor
            total[1] += one.visits
        last: list[int | None] = [None] * len(self._rule.tiers)
        for year in sorted(sums):
            for n in range(self._rule.rank_reached(*sums[year])):
                last[n] = year
        held: list[_Held] = []
        above: int | None = None
        for year_reached in reversed(last):
            own = None if year_reached is None else year_reached + 1
            step = None if above is None or self._rule.step != "one" else above + 1
            above = max((one for one in (own, step) if one is not None), default=None)
            held.append(self._until(above, stepped=above != own))
        return held[::-1]

    def _until(self, year: int | None, *, stepped: bool) -> _Held:
        if year is None:
            return _Held(_NEVER)
        return _Held(_FOR_EVER if self._rule.downgrade == "never" else self._starts(year + 1) - _DAY, stepped)

    def _held_by_months(self, past: Sequence[Did], today: date) -> list[_Held]:
        rule, last = self._rule, [_NEVER] * len(self._rule.tiers)
        for first, until, rank in self._stretches(past):
            for n in range(rank):
                # Days to come count where they go on from today without a break: nothing more has to happen for them.
                if first <= today or last[n] == first - _DAY:
                    last[n] = until
        held: list[_Held] = []
        above = _NEVER
        for day in reversed(last):
            own = day
            if day not in (_NEVER, _FOR_EVER) and rule.downgrade != "rolling":
                own = _FOR_EVER if rule.downgrade == "never" else months_later(day, rule.months)
            step = _NEVER
            if rule.step == "one" and above not in (_NEVER, _FOR_EVER):
                step = months_later(above, 1 if rule.downgrade == "rolling" else rule.months)
            above = max(own, step, _FOR_EVER if above == _FOR_EVER else _NEVER)
            held.append(_Held(above, stepped=above != own))
        return held[::-1]

    def _stretches(self, past: Sequence[Did]) -> Iterable[tuple[date, date, int]]:
        """Yield (first day, last day, rank) of each stretch of days over which the window comes to the same."""
        moves: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
        for one in past:
            for day, sign in ((one.day, 1), (months_later(one.day, self._rule.months), -1)):
                moves[day][0] += sign * one.spend_minor
                moves[day][1] += sign * one.visits
        days = sorted(moves)
        spend = visits = 0
        for n, day in enumerate(days):
            spend, visits = spend + moves[day][0], visits + moves[day][1]
            until = days[n + 1] - _DAY if n + 1 < len(days) else _FOR_EVER
            yield day, until, self._rule.rank_reached(spend, visits)

    def _year(self, day: date) -> int:
        """Return the number of the year, calendar or anniversary, that a day lies in."""
        if self._rule.window == "calendar_year":
            return day.year
        number = day.year - self._joined.year
        return number if self._starts(number) <= day else number - 1

    def _starts(self, number: int) -> date:
        if self._rule.window == "calendar_year":
            return date(number, 1, 1)
        return months_later(self._joined, 12 * number)
