"""What HQ does with each kind of event: one line per kind, in the order in which a group of events is applied."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.ingest.handlers.base import Handler
from cloud.ingest.handlers.drawer import apply_drawers
from cloud.ingest.handlers.goods import apply_goods
from cloud.ingest.handlers.returned import apply_returns
from cloud.ingest.handlers.sale import apply_sales
from cloud.ingest.handlers.store_day import (
    apply_basket_voids,
    apply_cash,
    apply_reports,
    apply_reprints,
    apply_shifts,
    apply_staff,
)
from cloud.ingest.handlers.stream import apply_epochs, apply_gaps, apply_series
from cloud.ingest.handlers.swipe import apply_swipes
from cloud.ingest.handlers.terminal import apply_terminals
from cloud.ingest.handlers.value import apply_value_back, apply_value_sold
from cloud.ingest.handlers.void import apply_voids

HANDLERS: Mapping[str, Handler] = {
    "epoch": apply_epochs,
    "gap": apply_gaps,
    "series": apply_series,
    "sale": apply_sales,
    "void": apply_voids,
    "return": apply_returns,  # after the sales: often a return comes in the same group as its sale
    "swipe": apply_swipes,
    "goods_return": apply_goods,
    "value_sold": apply_value_sold,
    "value_back": apply_value_back,  # after what was sold: an undone top-up may come in the same group
    "staff": apply_staff,
    "shift_open": apply_shifts,
    "cash": apply_cash,
    "shift_close": apply_reports,
    "basket_void": apply_basket_voids,
    "reprint": apply_reprints,
    "drawer": apply_drawers,
    "terminal": apply_terminals,
}
"""Every kind of `shared.wire.events.EVENTS` has its handler here."""

__all__ = ["HANDLERS", "Handler"]
