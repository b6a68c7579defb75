"""Whether a promotion is on at all here and now for this customer, and how much of its budget is left."""

from __future__ import annotations

from typing import NamedTuple

from shared.pricing.context import Counter, Per, PricingContext
from shared.pricing.effect import MANY
from shared.pricing.index import Listed
from shared.pricing.promotion import Audience, Promotion, Who
from shared.pricing.window import Moment, Window


class Pass(NamedTuple):
    """How often and for how much a promotion may still apply, or the reason why it may not at all."""

    most: int = MANY
    money: int = MANY
    reason: str = ""


_OPEN = Pass()


class Gate:
    """Asks promotions' conditions of one pricing context."""

    __slots__ = ("_context", "_counters", "_moment", "_open")

    def __init__(self, context: PricingContext) -> None:
        self._context = context
        self._moment: Moment | None = None
        self._open: dict[Window, bool] = {}
        self._counters: dict[tuple[str, Per], Counter] = {
            (counter.promotion, counter.per): counter for counter in context.counters
        }

    def check(self, listed: Listed) -> Pass:
        """Return what is left of a promotion's budget, or why it is refused."""
        if listed.free_for_all:
            return _OPEN
        promotion = listed.promotion
        reason = self._place(promotion) or self._customer(promotion) or self._time(listed)
        if reason:
            return Pass(0, 0, reason)
        return self._budget(promotion) if promotion.limits else _OPEN

    def _place(self, promotion: Promotion) -> str:
        where, context = promotion.where, self._context
        if where.stores and context.store not in where.stores:
            return "not_this_store"
        if where.till_kinds and context.till_kind not in where.till_kinds:
            return "not_this_till"
        return ""

    def _time(self, listed: Listed) -> str:
        member = self._context.member
        birthday = member.birthday_month if member else None
        if listed.promotion.when.birthday_month and birthday is None:
            return "birthday_unknown" if member else "members_only"
        window = listed.window
        on = self._open.get(window)
        if on is None:
            if self._moment is None:
                self._moment = Moment(self._context.at_ms, self._context.time_zone)
            on = self._open[window] = window.open_at(self._moment, birthday)
        return "" if on else "not_now"

    def _customer(self, promotion: Promotion) -> str:
        who, member = promotion.who, self._context.member
        if member is None:
            return "members_only" if promotion.members_only else ""
        if who.audience is Audience.NON_MEMBERS:
            return "non_members_only"
        if who.tiers and member.tier not in who.tiers:
            return "not_this_tier"
        if who.segments and not any(segment in who.segments for segment in member.segments):
            return "not_this_segment"
        return _purchase(who, member.purchases)

    def _budget(self, promotion: Promotion) -> Pass:
        most, money = MANY, MANY
        for limit in promotion.limits:
            counter = self._counters.get((promotion.promotion, limit.per))
            if counter is None and limit.strict and limit.per in self._context.uncounted:
                return Pass(0, 0, "budget_unknown")
            uses, minor = (counter.uses, counter.minor) if counter else (0, 0)
            if limit.uses is not None:
                most = min(most, limit.uses - uses)
            if limit.minor is not None:
                money = min(money, limit.minor - minor)
        return Pass(most, money) if most > 0 and money > 0 else Pass(0, 0, "budget_used")


def _purchase(who: Who, earlier: int | None) -> str:
    if not who.purchases:
        return ""
    if earlier is None:
        return "purchase_unknown"
    return "" if earlier + 1 in who.purchases else "not_this_purchase"
