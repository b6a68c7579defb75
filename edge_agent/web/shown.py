"""The open basket written out for a page: rows, sums, member, and what a person or a promotion made of prices."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.till.results import BasketView
from edge_agent.web.figures import money, quantity, unit_price
from edge_agent.web.member_shown import MemberShown, shown_with, spent_shown
from edge_agent.web.screen.saying import Sayable
from shared.pricing import PricedLine, Unit
from shared.pricing.layers import REASONS
from shared.wire.desired import StoreSettings
from shared.wire.till_events import AdjustmentKind

_BY_HAND = {AdjustmentKind.PRICE_OVERRIDE.value: {"en": "price changed", "zh": "改价"}}
_ROUNDING = AdjustmentKind.ROUNDING.value
_NOTHING_YET = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line costs less, and by how much, in words."""

    words: str
    amount: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the basket, written out. `waits` for its weight or volume; a `deposit` belongs to the row above.

    `again`: how many lines of the same item there are up to this one, of the line rung up last.
    """

    n: int
    name: str
    quantity: str
    price: str
    net: str
    reasons: tuple[Reason, ...]
    is_last: bool
    chosen: bool
    deposit: bool
    waits: bool
    again: int = 1


@dataclass(frozen=True, slots=True)
class BasketShown:
    """The open basket, written out; `rows` is empty while nothing is rung up.

    `dropped` are the cents taken off the total: of the whole basket, so no row is less by its share of them.
    """

    rows: tuple[Row, ...] = ()
    due: str = ""
    saved: str = ""
    pieces: int = 0
    paid: str = ""
    dropped: str = ""
    member: MemberShown | None = None
    spent: tuple[Sayable, ...] = ()
    hints: tuple[str, ...] = ()
    to_choose: int = 0


def basket_shown(
    view: BasketView | None, settings: StoreSettings, language: str, chosen: int | None = None
) -> BasketShown:
    """Write the basket out in a language (`en` or `zh`); `chosen` is the line somebody marked."""
    exponent = settings.exponent
    if view is None:
        return BasketShown(due=money(0, exponent))
    lines = view.priced.lines
    goods = [line for line in lines if line.n not in view.deposit_of]
    last = goods[-1].n if goods else 0
    saved = view.priced.saved_minor
    dropped = sum(_dropped(line) for line in lines)
    return BasketShown(
        rows=tuple(_row(line, view, exponent, language, last=last, chosen=chosen) for line in lines),
        due=money(view.due_minor, exponent),
        saved=money(saved, exponent) if saved else "",
        pieces=sum(line.quantity if line.unit is Unit.EACH else 1 for line in goods),
        paid=money(view.paid_minor, exponent) if view.paid_minor else "",
        dropped=money(dropped, exponent) if dropped else "",
        member=shown_with(view, settings),
        spent=spent_shown(view, settings),
        hints=tuple(hint.get(language, "") for hint in view.hints),
        to_choose=view.to_choose,
    )


def name_in(names: dict[str, str], language: str, otherwise: str) -> str:
    """Return an item's name in a language, else in any, else its number."""
    return names.get(language) or next(iter(names.values()), otherwise)


def _row(line: PricedLine, view: BasketView, exponent: int, language: str, *, last: int, chosen: int | None) -> Row:
    waits = line.quantity == _NOTHING_YET
    return Row(
        n=line.n,
        name=name_in(view.names.get(line.n, {}), language, line.item),
        quantity="" if waits else quantity(line.quantity, line.unit),
        price=unit_price(line.price, line.unit, exponent),
        net="" if waits else money(line.net_minor + _dropped(line), exponent),
        reasons=tuple(
            Reason(_reason(one.reason, language), money(-one.minor, exponent))
            for one in line.discounts
            if one.minor and one.reason != _ROUNDING
        ),
        is_last=line.n == last,
        chosen=line.n == chosen,
        deposit=line.n in view.deposit_of,
        waits=waits,
        again=sum(one.item == line.item for one in view.priced.lines if one.n <= line.n) if line.n == last else 1,
    )


def _dropped(line: PricedLine) -> int:
    return sum(one.minor for one in line.discounts if one.reason == _ROUNDING)


def _reason(code: str, language: str) -> str:
    return (REASONS.get(code) or _BY_HAND.get(code) or {}).get(language, code)
