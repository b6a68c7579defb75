"""What people, or a rule of the store, decided about a receipt beside price book and scale: what, by whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from cloud.sales.models import Sale
from cloud.store_days import policies
from cloud.store_days.models import SaleAdjustment
from shared.pricing.layers import REASONS
from shared.wire.till_events import AdjustmentKind

BY_HAND = frozenset(map(str, AdjustmentKind))
"""Reasons of discounts that people gave: their source is a reason's code, not a promotion's."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One decision: the row, what it is called, and its reason as the store words it, by language."""

    row: SaleAdjustment
    called: Mapping[str, str]
    reason: Mapping[str, str]


def decided(session: Session, sale: Sale) -> list[Decided]:
    """Return what was decided about a sale, in the order of deciding."""
    query = select(SaleAdjustment).where(col(SaleAdjustment.sale_id) == sale.id).order_by(col(SaleAdjustment.n))
    rows = session.exec(query).all()
    if not rows:
        return []
    words = policies.reason_words(session, sale.store_id)
    return [
        Decided(row=row, called=_by_language(REASONS, row.kind), reason=_by_language(words, row.reason)) for row in rows
    ]


def _by_language(words: Mapping[str, Mapping[str, str]], code: str) -> dict[str, str]:
    known = words.get(code, {})
    return {language: known.get(language) or known.get("en") or code for language in ("en", "zh")}
