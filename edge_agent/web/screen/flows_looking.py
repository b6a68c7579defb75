"""Flows that look items up: by a part of their name, by the store's quick keys, and for their price alone."""

from __future__ import annotations

from edge_agent.till.results import FoundByName, PriceChecked, QuickKeyView, Refused
from edge_agent.till.selling.basket_commands import NOT_FOUND
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.carried import carried, carry
from edge_agent.web.screen.hand import Done, Hand, Outcome
from edge_agent.web.screen.saying import NOTHING, Notice, Plain, named, says
from shared.money import UnitPrice
from shared.web.words import marked


def _priced(hand: Hand, found: FoundByName) -> str:
    if found.price_minor is None:
        return ""
    return hand.price(UnitPrice(found.price_minor, found.basis), found.unit)


def found_options(hand: Hand, found: list[FoundByName], *, to_sell: bool = True) -> tuple[Option, ...]:
    """Return items as answers. `to_sell`: what is not for sale cannot be chosen."""
    return tuple(
        Option(
            value=one.item,
            words=named(one.names, one.item),
            note=Plain(one.item),
            amount=_priced(hand, one),
            disabled=to_sell and not one.sellable,
        )
        for one in found
    )


async def search(_ask: Asked, hand: Hand, text: str) -> Outcome:
    """Look a text up, once, and have one of what fits chosen."""
    return Done(then="found", about=(text, carry(await hand.till.catalogue.search(text))))


async def found(ask: Asked, hand: Hand, text: str, result: str) -> Outcome:
    """Choose one of the items that were found for a text, and ring it up."""
    items = carried(result, list[FoundByName])
    some = Question(
        id="found",
        title=says(marked("Found for “{sought}”"), sought=text),
        prompt=says(marked("Number in the list, or another search")),
        options=found_options(hand, items),
        wide=True,
    )
    item = await ask(some if items else _nothing_found(text))
    if item not in {one.item for one in items}:
        return Done(then="search", about=(item,))
    return Done(then="ring", about=(item,))


def _nothing_found(text: str) -> Question:
    return Question(
        id="found",
        title=says(marked("Nothing found for “{sought}”"), sought=text),
        prompt=says(marked("Another search, or Esc")),
        note=says(marked("Type a shorter part of the name, or go back with Esc and scan the barcode.")),
        wide=True,
    )


async def quick_keys(ask: Asked, hand: Hand) -> Outcome:
    """Choose one of the store's quick keys."""
    keys = await hand.till.catalogue.quick_keys()
    if not keys:
        return Done(
            notice=Notice(
                words=says(marked("This store has no quick keys yet.")),
                next=says(marked("Type a part of the name instead.")),
                code="no_quick_keys",
            )
        )
    item = await ask(
        Question(
            id="quick",
            title=says(marked("Quick keys")),
            prompt=says(marked("Number of the key")),
            options=tuple(_quick(hand, one) for one in keys),
            free=False,
            wide=True,
            pane="keys",
        )
    )
    return Done(then="ring", about=(item,))


def _quick(hand: Hand, key: QuickKeyView) -> Option:
    return Option(
        value=key.item,
        words=named(key.words or key.found.names, key.item),
        amount=_priced(hand, key.found),
        group=key.page,
    )


async def price_check(ask: Asked, hand: Hand, shown: str = "", text: str = "", result: str = "") -> Outcome:
    """Say what an item costs without selling it; the next code asks again.

    `shown` is what was asked for just now; `result` the items whose name `text` is a part of, to choose from.
    """
    items = carried(result, list[FoundByName]) if result else []
    answer = await ask(
        Question(
            id="check",
            title=says(marked("Price check")),
            prompt=says(marked("Scan a code, or type a code or a part of the name; Esc ends")),
            note=says(marked("Found for “{sought}”"), sought=text) if items else NOTHING,
            options=found_options(hand, items, to_sell=False),
            scans=True,
            pane="check",
            detail=carried(shown, PriceChecked) if shown else None,
            wide=bool(items),
        )
    )
    chosen = answer in {one.item for one in items}
    checked = await hand.till.catalogue.price_check(answer, by_number=chosen)
    if not isinstance(checked, Refused):
        return Done(then="price_check", about=(carry(checked),))
    if checked.code in NOT_FOUND and (named_so := await hand.till.catalogue.search(answer)):
        return Done(then="price_check", about=("", answer, carry(named_so)))
    return checked
