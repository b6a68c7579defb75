"""What happens at tills is called: marked texts by code."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

MOVE: Mapping[str, str] = {
    "in": marked("cash put in"),
    "out": marked("cash taken out"),
    "drop": marked("cash to the safe"),
    "no_sale": marked("drawer opened without a sale"),
}
"""Why cash moved without a sale."""

OPENED: Mapping[str, tuple[str, str]] = {
    "sale": (marked("by key, for a sale"), "warn"),
    "return": (marked("by key, for a return"), "warn"),
    "cash_move": (marked("by key, for cash moved"), "warn"),
    "no_sale": (marked("opened without a sale"), "warn"),
    "shift": (marked("by key, for a shift"), "warn"),
    "test": (marked("test"), "quiet"),
    "by_hand": (marked("by hand: nobody ordered it"), "bad"),
}
"""Why a drawer was opened, and how remarkable that is."""

ADJUSTED: Mapping[str, str] = {
    "price_override": marked("price changed by hand"),
    "rounding": marked("rounded"),
    "weight_by_hand": marked("weight typed in"),
    "weight_repeated": marked("same weight again"),
}

TENDER_FIGURES = (
    ("sales_minor", marked("Sales")),
    ("returns_minor", marked("Returns")),
    ("float_minor", marked("Float")),
    ("cash_expected_minor", marked("Cash that should be there")),
)
"""Figures of a Z report that a version may change."""
