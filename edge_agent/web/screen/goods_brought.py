"""Asking which goods come back without a receipt: each named as it is scanned, weighed where it has to be."""

from __future__ import annotations

from edge_agent.till.results import Refused
from edge_agent.till.returning.results import Brought
from edge_agent.till.ringing import MAX_MEASURE
from edge_agent.web.figures import to_grams
from edge_agent.web.screen.asking import WEIGHED_MARK, Asked, Question, Wrong
from edge_agent.web.screen.hand import Hand
from edge_agent.web.screen.saying import Joined, Sayable, named, says
from edge_agent.web.weighed import Weighing
from shared.pricing import Unit
from shared.web.words import marked

_ENOUGH = "enough"
_MOST_GOODS = 100


async def goods_brought(ask: Asked, hand: Hand) -> list[tuple[str, int]] | Refused:
    """Return what comes back, as (item, quantity in its unit); a code that names nothing is refused as it is read."""
    goods: list[tuple[str, int]] = []
    names: list[Sayable] = []
    pieces = 0
    for _ in range(_MOST_GOODS):
        text = await ask(_next(pieces, names))
        if text == _ENOUGH:
            break
        times, star, code = text.partition("*")
        if star and not (times.isascii() and times.isdigit() and code):
            raise Wrong(says(marked("This is not a code.")), text)
        found = await hand.till.returns.look_at(*((code, int(times[:7])) if star else (text, 1)))
        if isinstance(found, Refused):
            return found
        quantity = found.quantity if found.quantity is not None else await _measured(ask, hand, found)
        goods.append((found.item, quantity))
        pieces += quantity if found.unit is Unit.EACH else 1
        amount = hand.quantity(quantity, found.unit)
        words = marked("{count} × {item}") if found.unit is Unit.EACH else marked("{item}, {count}")
        names.append(says(words, count=amount, item=named(found.names, found.item)))
    return goods


def _next(count: int, names: list[Sayable]) -> Question:
    return Question(
        id="goods",
        title=says(marked("Goods without a receipt: {count}"), count=count),
        prompt=says(marked("Scan or type a code, 3* for three; Enter when all are there")),
        default=_ENOUGH,
        scans=True,
        note=Joined(tuple(names)),
    )


async def _measured(ask: Asked, hand: Hand, found: Brought) -> int:
    """Ask what goods that are sold by weight or volume come to: the scale says it, or who stands there."""
    by_weight = found.unit is Unit.GRAM
    name = named(found.names, found.item)
    text = await ask(
        Question(
            id="goods_weight",
            title=says(marked("Weigh {item}"), item=name) if by_weight else name,
            prompt=says(marked("Enter takes the weight · a weight in kg without a scale"))
            if by_weight
            else says(marked("Litres")),
            scans=True,
            pane="weigh" if by_weight else "",
            detail=Weighing(),
            weighs=by_weight,
        )
    )
    if text.startswith(WEIGHED_MARK):
        return int(text.removeprefix(WEIGHED_MARK))
    amount = to_grams(text)
    if amount is None or not 0 < amount <= MAX_MEASURE:
        raise Wrong(says(marked("This is not a weight.") if by_weight else marked("This is not a volume.")), text)
    if by_weight and not hand.till.scaled.by_hand:
        raise Wrong(says(marked("The scale says the weight; press Enter when it is steady.")), text)
    return amount
