"""What HQ does with each kind of event: one line per kind, in the order in which a group of events is applied."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.ingest.handlers.base import Handler
from cloud.ingest.handlers.returned import apply_returns
from cloud.ingest.handlers.sale import apply_sales
from cloud.ingest.handlers.stream import apply_epochs, apply_gaps, apply_series
from cloud.ingest.handlers.swipe import apply_swipes
from cloud.ingest.handlers.void import apply_voids

HANDLERS: Mapping[str, Handler] = {
    "epoch": apply_epochs,
    "gap": apply_gaps,
    "series": apply_series,
    "sale": apply_sales,
    "void": apply_voids,
    "return": apply_returns,  # after the sales: often a return comes in the same group as its sale
    "swipe": apply_swipes,
}
"""Every kind of `shared.wire.events.EVENTS` has its handler here."""

__all__ = ["HANDLERS", "Handler"]
