"""What became of each promotion: written while money is taken off, read by till, receipt and HQ."""

from __future__ import annotations

from shared.pricing.candidate import Candidate, shares
from shared.pricing.concerned import Concerned
from shared.pricing.effect import Effect, Miss
from shared.pricing.index import Listed
from shared.pricing.model import Outcome, Status, UsedLine
from shared.pricing.prices import Given
from shared.pricing.promotion import Layer
from shared.pricing.state import State

_OFFERED = {"take_gift", "take_item", "choose_item", "points_not_chosen"}
"""Reasons that wait for the customer to take or to choose something, not to buy more."""


class Outcomes:
    """Collects outcomes; `apply` is the one place where a promotion after the prices takes money off."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._entries: list[tuple[int, str, str, Outcome]] = []
        self._told: dict[int, int] = {}
        """Pieces by row that outcomes of the group being decided have said are used."""

    def next_group(self) -> None:
        """Count pieces anew: what one group used, another may use too."""
        if self._told:
            self._told = {}

    def apply(self, candidate: Candidate, effect: Effect) -> None:
        """Take an effect off the rows it is borne by, and note it."""
        listed, state = candidate.listed, self._state
        minor: dict[int, list[int]] = {}
        if effect.saving:
            payers = listed.promotion.payers
            for (row, _, _), part in zip(effect.bears, shares(effect, floored=state.floored), strict=True):
                if part:
                    minor[row] = state.take(row, part, listed.kind, listed.id, payers)
        spent = effect.spent_points
        if spent:
            candidate.portion.facts.spend(spent, as_money=listed.layer is Layer.POINTS)
        self._note(
            listed,
            Outcome(
                promotion=listed.id,
                kind=listed.kind,
                status=Status.APPLIED,
                minor=effect.saving,
                uses=effect.uses,
                lines=self._used(effect, minor),
                coupon=candidate.coupon.code if candidate.coupon else "",
                missing_minor=effect.missing_minor,
                missing_quantity=effect.missing_quantity,
                withheld_minor=effect.withheld,
                points=effect.points,
                spent_points=spent,
                multiplier_bp=effect.multiplier_bp,
                base_minor=effect.base_minor,
                gifts=effect.gifts,
                issues=effect.issues,
            ),
        )

    def missed(self, candidate: Candidate, miss: Miss) -> None:
        """Note why a promotion does nothing."""
        self.short(candidate.listed, miss, candidate.coupon.code if candidate.coupon else "")

    def short(self, listed: Listed, miss: Miss, coupon: str = "") -> None:
        """Note why a promotion does nothing, for one coupon of it where it has any."""
        status = Status.OFFERED if miss.reason in _OFFERED else Status.NEAR if miss.near else Status.REFUSED
        self._note(
            listed,
            Outcome(
                promotion=listed.id,
                kind=listed.kind,
                status=status,
                reason=miss.reason,
                coupon=coupon,
                missing_minor=miss.missing_minor,
                missing_quantity=miss.missing_quantity,
                gifts=miss.gifts,
            ),
        )

    def priced(self, listed: Listed, given: list[Given]) -> None:
        """Note what a price saved, by row."""
        lines = [line for one in given for line in self._lines(one.row, one.pieces, one.parts)]
        lines.sort(key=_number)
        self._note(
            listed,
            Outcome(
                promotion=listed.id,
                kind=listed.kind,
                status=Status.APPLIED,
                minor=sum(sum(one.parts) for one in given),
                uses=sum(one.pieces for one in given),
                lines=lines,
                withheld_minor=sum(one.withheld for one in given),
            ),
        )

    def refused(self, listed: Listed, reason: str) -> None:
        """Note a promotion that is not on."""
        self._note(listed, Outcome(promotion=listed.id, kind=listed.kind, status=Status.REFUSED, reason=reason))

    def all(self, concerned: Concerned) -> list[Outcome]:
        """Return all outcomes, by layer, promotion and coupon."""
        for refused in concerned.refused:
            listed, code = refused.listed, refused.coupon.code if refused.coupon else ""
            outcome = Outcome(
                promotion=listed.id if listed else "",
                kind=listed.kind if listed else "coupon",
                status=Status.REFUSED,
                reason=refused.reason,
                coupon=code,
            )
            self._entries.append((listed.layer if listed else 9, outcome.promotion, code, outcome))
        self._entries.sort(key=lambda entry: entry[:3])
        return [outcome for _, _, _, outcome in self._entries]

    def _note(self, listed: Listed, outcome: Outcome) -> None:
        self._entries.append((listed.layer, listed.id, outcome.coupon, outcome))

    def _used(self, effect: Effect, minor: dict[int, list[int]]) -> list[UsedLine]:
        lines: list[UsedLine] = []
        for row, pieces in effect.used:
            lines += self._lines(row, pieces, minor.get(row))
        if len(lines) > 1:
            lines.sort(key=_number)
        return lines

    def _lines(self, row: int, pieces: int, parts: list[int] | None) -> list[UsedLine]:
        """Say how many units of each line were used: after those others of the group used, all of a weighed one."""
        work = self._state.rows[row].lines
        if len(work) == 1:
            line = work[0].line
            whole = pieces == self._state.pieces[row]
            return [UsedLine(line.n, line.quantity if whole else pieces, parts[0] if parts else 0)]
        before = self._told.get(row, 0)
        before = 0 if before + pieces > self._state.pieces[row] else before
        self._told[row] = before + pieces
        found = []
        for place, one in enumerate(work):
            skipped = min(before, one.line.quantity)
            count = min(pieces, one.line.quantity - skipped)
            before, pieces = before - skipped, pieces - count
            minor = parts[place] if parts else 0
            if count or minor:
                found.append(UsedLine(one.line.n, count, minor))
        return found


def _number(line: UsedLine) -> int:
    return line.n
