"""Goods that HQ called back: the one gate that every way to a line passes, and paying once more."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.till.basket import Basket
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.ports import TillBook
from shared.codes import recalled
from shared.codes.gtin import canonical
from shared.pricing import Item


def require_not_recalled(
    desk: Desk, item: Item, code: str = "", *, gtin: str = "", batch: str = "", line: int | None = None
) -> None:
    """Refuse goods that were called back, by their number or by a GTIN.

    A scan names its own pack: by `gtin`, or by `code` where that is one of the item's barcodes. Goods that were chosen
    by their number, a key or a name may be any of the item's packs, so a recall of any of them stops them. A recall of
    one batch stops what names that batch. `line` is where it stands in the basket, for who reads the refusal.
    """
    recalls = desk.settings().recalls
    if not recalls:
        return
    for pack in _packs(item, code, gtin):
        unfit = recalled(recalls, item=item.item, gtin=pack, batch=batch)
        if unfit is not None:
            where = "" if line is None else f"{line}: {item.receipt_name}"
            raise Refusal(unfit.why.value, " ".join(part for part in (where, unfit.batch, unfit.reason) if part))


def require_none_recalled(desk: Desk, basket: Basket, book: TillBook) -> None:
    """Look once more at what is in the basket before the first money for it: a recall may have come since the scan.

    With money given already it is sold as it stands, because some of that money cannot be handed back here.
    """
    if basket.paid_minor:
        return
    for line in basket.lines:
        item = book.item(line.item)
        if item is not None:
            first = item.barcodes[0].code if item.barcodes else ""
            require_not_recalled(desk, item, line.code or first, line=line.n)


def _packs(item: Item, code: str, gtin: str) -> Iterable[str]:
    own = [barcode.code for barcode in item.barcodes]
    known = {canonical(one) for one in own} - {None}
    scanned = next((one for one in (gtin, code) if canonical(one) in known), "")
    if scanned:
        return [scanned]
    return [*([gtin] if gtin else []), *own] or [""]
