"""Looking items up at one till: search, price check, quick keys. Nothing of it changes a basket."""

from __future__ import annotations

import sqlite3

from edge_agent.prices import search
from edge_agent.till.commands import Commands
from edge_agent.till.desk import Desk, Refusal, book_for
from edge_agent.till.ports import TillBook
from edge_agent.till.results import Example, FoundByName, PriceChecked, QuickKeyView, Refused
from shared.pricing import Item

_SHOWN = 20
_LOOKED_AT = 60
"""Candidates looked at for one page of results: some are not in the book in force."""


class Catalogue:
    """The store's items as one till sees them: at the version that would price a new basket."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def search(self, text: str) -> list[FoundByName]:
        """Return items whose number, initials or name fit, the likeliest first; what is not for sale comes last."""
        # The walk over the names is beside the writer, so that no till waits for it; only its few hits are described
        # where a version whose moment has come may be latched.
        numbers = await self._commands.read(lambda db, _desk: search.candidates(db, text, _LOOKED_AT))

        def described(db: sqlite3.Connection, desk: Desk) -> list[FoundByName]:
            book = book_for(db, desk, None)
            items = (book.item(number) for number in numbers)
            found = [_found(book, item) for item in items if item is not None]
            return sorted(found, key=lambda one: not one.sellable)[:_SHOWN]

        answer = await self._commands.look(described, by_anybody=True)
        return [] if isinstance(answer, Refused) else answer

    async def price_check(self, code: str, *, by_number: bool = False) -> PriceChecked | Refused:
        """Return what the item under a code costs now, without selling it.

        `by_number`: it is the item's own number, as of one chosen from a list, whatever else that looks like.
        """
        return await self._commands.look(lambda db, desk: _checked(db, desk, code.strip(), by_number=by_number))

    async def examples(self, count: int) -> list[Example]:
        """Return some items for sale with a code of each, for whoever plays a scanner."""

        def looked(db: sqlite3.Connection, desk: Desk) -> list[Example]:
            book = book_for(db, desk, None)
            items = [book.item(number) for number in search.some(db, count)]
            return [
                Example(item.barcodes[0].code if item.barcodes else item.item, item.names)
                for item in items
                if item is not None and item.sellable and book.price(item.item) is not None
            ]

        answer = await self._commands.look(looked, by_anybody=True)
        return [] if isinstance(answer, Refused) else answer

    async def quick_keys(self) -> list[QuickKeyView]:
        """Return the store's quick keys whose items are for sale now, in HQ's order."""

        def looked(db: sqlite3.Connection, desk: Desk) -> list[QuickKeyView]:
            book = book_for(db, desk, None)
            pairs = [(key, book.item(key.item)) for key in desk.policies.quick_keys]
            return [
                QuickKeyView(key.item, key.words, key.page, _found(book, item))
                for key, item in pairs
                if item is not None and item.sellable
            ]

        answer = await self._commands.look(looked, by_anybody=True)
        return [] if isinstance(answer, Refused) else answer


def _found(book: TillBook, item: Item) -> FoundByName:
    price = book.price(item.item)
    return FoundByName(
        item=item.item,
        names=item.names,
        unit=item.unit,
        price_minor=price.regular_minor if price else None,
        member_minor=price.member_minor if price else None,
        basis=price.basis if price else 1,
        sellable=item.sellable and price is not None,
    )


def _checked(db: sqlite3.Connection, desk: Desk, code: str, *, by_number: bool) -> PriceChecked:
    book = book_for(db, desk, None)
    found = None if by_number else book.by_code(code)
    item = found.item if found is not None else book.item(code) if by_number else None
    if item is None:
        raise Refusal("unknown_item", code[:64])
    price = book.price(item.item)
    if price is None:
        raise Refusal("price_missing", item.item)
    return PriceChecked(
        item=item.item,
        names=item.names,
        unit=item.unit,
        regular_minor=price.regular_minor,
        member_minor=price.member_minor,
        basis=price.basis,
        pieces=found.pieces if found is not None else 1,
        sellable=item.sellable,
        version=book.version,
    )
