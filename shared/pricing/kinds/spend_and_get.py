"""满减 / 满赠: spend so much, get an amount, a percentage, a gift, points or a coupon; in steps, or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from shared.money import BASIS_POINTS, share_bp
from shared.pricing.effect import (
    NOT_ENOUGH,
    Effect,
    Miss,
    Portion,
    capped,
    last_that,
    off_pieces,
    off_rows,
    spent,
    take_in_order,
)
from shared.pricing.model import Gift
from shared.pricing.promotion import Basis, Layer, Money, Promotion, percent, tenths
from shared.pricing.scope import Scope


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From `at_minor` spent: exactly one of the rewards. `coupon` names the coupon promotion to issue one of."""

    at_minor: int
    off_minor: int = 0
    off_bp: int = 0
    gift: str = ""
    gift_quantity: int = 1
    points: int = 0
    coupon: str = ""

    def __post_init__(self) -> None:
        if self.at_minor < 1 or sum(map(bool, (self.off_minor, self.off_bp, self.gift, self.points, self.coupon))) != 1:
            raise ValueError("a step starts at 1 or more and gives exactly one thing")
        if min(self.off_minor, self.off_bp, self.points) < 0 or self.off_bp > BASIS_POINTS or self.gift_quantity < 1:
            raise ValueError("a step's reward is positive, a percentage at most 10000")


class SpendAndGet(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="spend_and_get"):
    """The highest step reached by what is spent in scope; `repeating`: the one step as often as it is reached.

    A gift in the basket that the step reached gives costs nothing and does not count as spent; one that is missing is
    offered, or with `add_gifts` rung up by the till. `need.basis` says which amount the steps look at: the running
    total unless it says otherwise.

    | spent  | steps                   | gets           |
    |--------|-------------------------|----------------|
    | 97.00  | 100 - 10                | 3.00 missing   |
    | 100.00 | 100 - 10                | 10.00          |
    | 250.00 | 100 - 10, 200 - 25      | 25.00          |
    | 250.00 | every 100 - 10          | 20.00          |
    | 250.00 | 200 - 5%                | 12.50          |
    """

    LAYER: ClassVar[Layer] = Layer.ORDER
    FAMILY: ClassVar[str] = "order"

    steps: list[Step]
    repeating: bool = False
    cap_minor: int | None = None
    add_gifts: bool = False

    def check(self) -> None:
        """Refuse ladders that are none."""
        starts = [step.at_minor for step in self.steps]
        if not starts or starts != sorted(set(starts)):
            raise ValueError("steps rise, each from a different amount")
        if self.repeating and len(starts) > 1:
            raise ValueError("only a single step repeats")
        if self.cap_minor == 0:
            raise ValueError("cap_minor is at least 1")

    def scopes(self) -> list[Scope]:
        """Return what counts as spent, then the gifts."""
        gifts = sorted({step.gift for step in self.steps if step.gift})
        return [self.scope, Scope(items=gifts)] if gifts else [self.scope]

    def effect(self, portion: Portion) -> Effect | Miss:
        """Give what the step reached gives, and say what is missing to the next."""
        amount = self._amount(portion)
        reached, times = self._reached(portion, amount)
        if not reached:
            first, amount = self.steps[0].at_minor, self._spent(portion, amount, self.steps[0], 1)
            return Miss(NOT_ENOUGH, missing_minor=first - amount, near=2 * amount >= first)
        step = self.steps[reached - 1]
        portion.aside = self._apart(portion, step, times)
        effect = self._reward(portion, step, times)
        if isinstance(effect, Effect):
            effect.missing_minor = self._to_next(portion, amount, reached, times)
        return effect

    def _reached(self, portion: Portion, amount: int) -> tuple[int, int]:
        """Return how many steps are reached and how often the last of them; only its own gifts do not count."""
        for place in range(len(self.steps), 0, -1):
            step = self.steps[place - 1]
            most = min(amount // step.at_minor, portion.most)

            def holds(times: int, step: Step = step) -> bool:
                return self._spent(portion, amount, step, times) >= step.at_minor * times

            times = last_that(holds, most if self.repeating else min(most, 1))
            if times:
                return place, times
        return 0, 0

    def _amount(self, portion: Portion) -> int:
        """Return what is spent in scope, gifts and all."""
        portion.aside = []
        return spent(portion, self.need.basis or Basis.RUNNING)

    def _spent(self, portion: Portion, amount: int, step: Step, times: int) -> int:
        """Return what of an amount counts when a step is given so often."""
        if not step.gift:
            return amount
        portion.aside = self._apart(portion, step, times)
        return spent(portion, self.need.basis or Basis.RUNNING)

    def _apart(self, portion: Portion, step: Step, times: int) -> list[tuple[int, int]]:
        if not step.gift or not times:
            return []
        return take_in_order(portion.left, self._gift_rows(portion, step), step.gift_quantity * times)

    def _gift_rows(self, portion: Portion, step: Step) -> list[int]:
        rows = [row for row in portion.others[0] if portion.state.rows[row].item.item == step.gift]
        return portion.cheapest_first(rows)

    def _reward(self, portion: Portion, step: Step, times: int) -> Effect | Miss:
        used = [(row, portion.left[row]) for row in portion.rows]
        if step.points:
            return Effect(saving=0, uses=times, used=used, points=step.points * times)
        if step.coupon:
            return Effect(saving=0, uses=times, used=used, issues=[step.coupon] * times)
        if step.gift:
            return self._gift(portion, step, times)
        minor = step.off_minor * times if step.off_minor else share_bp(portion.net(), step.off_bp)
        effect = off_rows(portion, capped(minor, self.cap_minor))
        if isinstance(effect, Effect):
            effect.uses = times
        return effect

    def _gift(self, portion: Portion, step: Step, times: int) -> Effect | Miss:
        rows = self._gift_rows(portion, step)
        return give_gifts(portion, rows, [step.gift], step.gift_quantity * times, add=self.add_gifts, uses=times)

    def _to_next(self, portion: Portion, amount: int, reached: int, times: int) -> int:
        if self.repeating:
            step, times = self.steps[0], times + 1
            return step.at_minor * times - self._spent(portion, amount, step, times) if times <= portion.most else 0
        if reached == len(self.steps):
            return 0
        step = self.steps[reached]
        return step.at_minor - self._spent(portion, amount, step, 1)

    def aside(self, portion: Portion) -> list[tuple[int, int]]:
        """Set the gifts of the step reached apart: they are not spent for."""
        reached, times = self._reached(portion, self._amount(portion))
        return self._apart(portion, self.steps[max(reached, 1) - 1], max(times, 1))

    def face(self) -> int:
        """The highest reward."""
        last = self.steps[-1]
        return last.off_minor or last.off_bp or last.points

    def threshold(self) -> int:
        """The amount of the highest step."""
        return self.steps[-1].at_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say what the first step gives."""
        return reward_words(self.steps[0], money)


def reward_words(step: Step, money: Money) -> dict[str, str]:
    """Return what a step gives, in words by language."""
    if step.off_minor:
        return {"en": f"{money(step.off_minor)} off", "zh": f"减 {money(step.off_minor, short=True)}"}
    if step.off_bp:
        return {"en": f"{percent(step.off_bp)} off", "zh": tenths(step.off_bp)}
    if step.points:
        return {"en": f"{step.points} points", "zh": f"送 {step.points} 积分"}
    if step.coupon:
        return {"en": "a coupon for next time", "zh": "送下次可用的优惠券"}
    return {"en": f"a gift ({step.gift_quantity})", "zh": f"送赠品 {step.gift_quantity} 件"}


def give_gifts(
    portion: Portion, rows: Sequence[int], items: Sequence[str], pieces: int, *, add: bool, uses: int = 1
) -> Effect | Miss:
    """Make gifts in the basket free, the cheapest first; what is missing is offered, or named for the till to add."""
    given = take_in_order(portion.left, portion.cheapest_first(rows), pieces)
    missing = pieces - sum(count for _, count in given)
    gifts = [Gift(items[0], missing, add)] if missing and len(items) == 1 else []
    if missing and len(items) > 1:
        gifts = [Gift(item, missing) for item in items]
    if not given:
        return Effect(saving=0, uses=uses, gifts=gifts) if add and gifts else Miss("take_gift", gifts=gifts)
    state, left = portion.state, portion.left
    cost = sum(state.value(row, count, left[row]) for row, count in given)
    effect = off_pieces(portion, cost, given, uses)
    if isinstance(effect, Effect):
        effect.gifts = gifts
    return effect
