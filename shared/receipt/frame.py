"""What every receipt of a shop has in common: its head, its marks, its foot."""

from __future__ import annotations

from collections.abc import Iterator

from shared.receipt.document import Align, Block, Gap, Link, Pair, Rule, Says
from shared.receipt.facts import ReceiptFacts
from shared.receipt.figures import moment, receipt_number
from shared.receipt.words import say, term
from shared.wire.events import SaleCompleted, SaleReturned, SaleVoided
from shared.wire.till_events import GoodsReturned
from shared.wire.value_events import ValuePaidBack, ValueSold

ReceiptEvent = SaleCompleted | SaleReturned | GoodsReturned | SaleVoided | ValueSold | ValuePaidBack
_TAIL_BYTES = 4


def marks(facts: ReceiptFacts) -> Iterator[Block]:
    """Say what this paper is not: the first one, or a receipt at all. Stands first and last."""
    languages = facts.shop.languages
    if facts.training:
        for language in languages:
            yield Says(text=f"*** {term('training', [language])} ***", align=Align.CENTRE, bold=True)
    if facts.copy:
        for language in languages:
            yield Says(text=f"*** {term('reprint', [language], count=facts.copy)} ***", align=Align.CENTRE, bold=True)


def head(event: ReceiptEvent, facts: ReceiptFacts) -> Iterator[Block]:
    """Say who sold, where, when, under which number."""
    shop, languages = facts.shop, facts.shop.languages
    yield Says(text=shop.name, align=Align.CENTRE, big=True)
    if shop.legal_name:
        yield Says(text=shop.legal_name, align=Align.CENTRE)
    yield from marks(facts)
    yield Rule()
    number = receipt_number(event.receipt.series, event.receipt.number)
    yield Pair(left=term("receipt", languages), right=number)
    when = moment(event.at_ms, shop.zone)
    yield Pair(left=term("time", languages), right=when)
    if event.business_date != when[:10]:
        yield Pair(left=term("business_date", languages), right=event.business_date)
    till = event.till if facts.till_number is None else str(facts.till_number)
    yield Pair(left=term("till", languages), right=till)
    if cashier := facts.cashier_name or event.cashier:
        yield Pair(left=term("cashier", languages), right=cashier)
    yield Rule()


def foot(event: ReceiptEvent, facts: ReceiptFacts, *, book: int | None = None, linked: bool = True) -> Iterator[Block]:
    """Say what proves the receipt, where it is found again (if `linked`), and goodbye."""
    shop, languages = facts.shop, facts.shop.languages
    yield Rule()
    if book is not None:
        yield Pair(left=term("book", languages), right=str(book))
    if facts.head:
        yield Pair(left=term("check", languages), right=facts.head[-_TAIL_BYTES:].hex().upper())
    if linked and shop.receipt_url and not facts.training:
        yield Link(content=f"{shop.receipt_url}{event.id.hex}", caption=term("scan", languages))
    for note in shop.notes:
        yield Says(text=note, align=Align.CENTRE)
    for language in languages:
        yield Says(text=term("thanks", [language]), align=Align.CENTRE)
    yield from marks(facts)
    yield Gap()


def item_names(item: str, facts: ReceiptFacts) -> list[str]:
    """Return an item's names in the shop's languages, the short one first; one unknown here is named by its number."""
    found = facts.names.get(item)
    if found is None:
        return [item]
    languages = facts.shop.languages
    names = [found.short, *(found.names.get(language, "") for language in languages[1:])]
    return list(dict.fromkeys(name for name in names if name)) or [say(found.names, languages) or item]
