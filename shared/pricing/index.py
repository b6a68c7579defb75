"""The promotions of one price-book version, found by item: what a basket costs to price follows the basket."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.pricing.price_list import Item
from shared.pricing.promotion import Layer, Promotion, Stacking
from shared.pricing.scope import Scope
from shared.pricing.window import NO_WHEN, When, Window

_ITEMS_KEPT = 20_000
"""Items whose promotions are remembered: a tuple each, most often the empty one."""
_NEVER_ENDS = 9_999_999

Place = tuple[int, int]
"""Which promotion (by position), and which of its scopes."""


class Listed:
    """A promotion made ready to be asked often."""

    __slots__ = (
        "free_for_all",
        "group",
        "id",
        "kind",
        "layer",
        "need_at",
        "needs",
        "order",
        "position",
        "promotion",
        "scopes",
        "window",
    )

    def __init__(self, promotion: Promotion, position: int, window: Window) -> None:
        self.promotion = promotion
        self.position = position
        self.id = promotion.promotion
        self.kind = str(promotion.__struct_config__.tag)
        self.layer = promotion.layer
        self.group = (promotion.group or "", promotion.family if not promotion.group else "")
        self.window = window
        self.scopes = promotion.scopes()
        self.needs = bool(promotion.need.quantity or promotion.need.spend_minor)
        self.need_at = 0
        if promotion.need.scope is not None:
            self.need_at = len(self.scopes)
            self.scopes = [*self.scopes, promotion.need.scope]
        last = promotion.when.last
        self.order = (-promotion.face(), -promotion.threshold(), last.toordinal() if last else _NEVER_ENDS)
        self.free_for_all = (
            promotion.when == NO_WHEN
            and not promotion.members_only
            and promotion.who.audience == "all"
            and not (promotion.where.stores or promotion.where.till_kinds)
            and not promotion.limits
        )


class PromotionIndex:
    """Promotions by what an item is. Built once per version of a book; asked per article of a basket."""

    def __init__(self, promotions: Iterable[Promotion] = ()) -> None:
        ordered = sorted(promotions, key=lambda promotion: promotion.promotion)
        windows: dict[bytes, Window] = {}
        self.listed = tuple(
            Listed(promotion, position, _window(windows, promotion.when)) for position, promotion in enumerate(ordered)
        )
        if len({listed.id for listed in self.listed}) != len(self.listed):
            raise ValueError("two promotions have the same id")
        self.by_id = {listed.id: listed for listed in self.listed}
        self.everywhere: list[Place] = []
        """Scopes that hold every item without exception, those of coupons apart."""
        self.coupons_everywhere: dict[str, list[Place]] = {}
        """Such scopes of coupons, by promotion: of those only the ones that were entered are looked at."""
        self._limited = frozenset(listed.position for listed in self.listed if listed.promotion.limits)
        self._by_code: dict[str, Listed] = {}
        self._except: list[Place] = []
        self._by_word: dict[tuple[str, str], list[Place]] = {}
        self._found: dict[str, tuple[Place, ...]] = {}
        for listed in self.listed:
            code = getattr(listed.promotion, "code", "") if listed.layer is Layer.COUPON else ""
            if code:
                self._by_code.setdefault(code, listed)
            for number, scope in enumerate(listed.scopes):
                self._file(scope, (listed.position, number))

    def __len__(self) -> int:
        return len(self.listed)

    def matches(self, item: Item) -> tuple[Place, ...]:
        """Return the scopes an item is in, beside those that hold everything."""
        found = self._found.get(item.item)
        if found is None:
            found = tuple(sorted(self._search(item)))
            if len(self._found) >= _ITEMS_KEPT:
                self._found.clear()
            self._found[item.item] = found
        return found

    @property
    def has_limits(self) -> bool:
        """Whether any promotion has a budget."""
        return bool(self._limited)

    def with_limits(self) -> list[Promotion]:
        """Return the promotions that have a budget."""
        return [self.listed[position].promotion for position in sorted(self._limited)]

    def limited(self, items: Iterable[Item]) -> list[Promotion]:
        """Return the promotions with a budget that concern any of these items: of those a till has to count."""
        if not self._limited:
            return []
        found = {position for position, _ in self.everywhere}
        found.update(position for places in self.coupons_everywhere.values() for position, _ in places)
        for item in items:
            found.update(position for position, _ in self.matches(item))
        return [self.listed[position].promotion for position in sorted(found & self._limited)]

    def coupon_for(self, code: str) -> Listed | None:
        """Return the promotion whose public coupon code this is."""
        return self._by_code.get(code)

    def _file(self, scope: Scope, place: Place) -> None:
        """File a scope under its listed items and under the first of its properties; a search checks the rest."""
        if scope.everything:
            listed = self.listed[place[0]]
            if scope.leave_out:
                self._except.append(place)
            elif listed.layer is Layer.COUPON:
                self.coupons_everywhere.setdefault(listed.id, []).append(place)
            else:
                self.everywhere.append(place)
            return
        words = [("item", item) for item in scope.items]
        for name, values in (
            ("category", scope.categories),
            ("brand", scope.brands),
            ("supplier", scope.suppliers),
            ("tag", scope.tags),
        ):
            if values:
                words += [(name, value) for value in values]
                break
        for word in words:
            self._by_word.setdefault(word, []).append(place)

    def _search(self, item: Item) -> set[Place]:
        words = [("item", item.item), ("brand", item.brand), ("supplier", item.supplier)]
        words += [("tag", tag) for tag in item.tags]
        path = ""
        for part in item.category.split("/"):
            path = f"{path}/{part}" if path else part
            words.append(("category", path))
        maybe = set(self._except)
        for word in words:
            maybe.update(self._by_word.get(word, ()))
        return {(position, number) for position, number in maybe if self._covers(position, number, item)}

    def _covers(self, position: int, number: int, item: Item) -> bool:
        return self.listed[position].scopes[number].covers(item)


def _window(known: dict[bytes, Window], when: When) -> Window:
    """Return the window of a `When`, one for all that say the same: whether it is open is then asked once a basket."""
    written = msgspec.json.encode(when)
    if written not in known:
        known[written] = Window(when)
    return known[written]


def strictest(stackings: Iterable[Stacking]) -> Stacking:
    """Return what counts when promotions of one group say different things: exclusive, then best, then stack all."""
    said = set(stackings)
    return next(stacking for stacking in (Stacking.EXCLUSIVE, Stacking.BEST, Stacking.STACK_ALL) if stacking in said)


NO_PROMOTIONS = PromotionIndex()
"""The index of a book without promotions."""
