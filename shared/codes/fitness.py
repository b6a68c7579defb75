"""Whether what was scanned may be sold today: its date, and what HQ has called back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from shared.codes.answers import Gs1Code
from shared.codes.gtin import canonical


class Recall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods called back: all of an item or GTIN, or one batch of it. `reason` is HQ's, for the cashier."""

    item: str = ""
    gtin: str = ""
    batch: str = ""
    reason: str = ""


class Unfit(StrEnum):
    """Why something is not sold; codes the till has words for."""

    EXPIRED = "expired"
    PAST_SELL_BY = "past_sell_by"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class NotFit:
    """Something that must not be sold, why, and since how many days (0 for a recall)."""

    why: Unfit
    days: int = 0
    batch: str = ""
    reason: str = ""


def past_its_date(code: Gs1Code, today: date) -> NotFit | None:
    """Say whether a pack's date has passed: it is sold up to and on its last day, by the store's own calendar.

    Use-by and sell-by dates block. Best-before does not: the goods are still sound, and the chain marks them down.
    """
    if code.expires is not None and code.expires < today:
        return NotFit(Unfit.EXPIRED, (today - code.expires).days, code.batch)
    if code.sell_by is not None and code.sell_by < today:
        return NotFit(Unfit.PAST_SELL_BY, (today - code.sell_by).days, code.batch)
    return None


def recalled(recalls: Sequence[Recall], *, item: str = "", gtin: str = "", batch: str = "") -> NotFit | None:
    """Say whether an item, by its number or a GTIN of any length, is called back, as a whole or in this batch.

    A recall of a batch says nothing about goods whose code names no batch: HQ calls the whole item back where packs
    carry plain EAN codes.
    """
    whole = canonical(gtin) or ""
    for recall in recalls:
        if not (recall.item or recall.gtin) or (recall.batch and recall.batch != batch):
            continue
        if recall.item and recall.item != item:
            continue
        if recall.gtin and (not whole or canonical(recall.gtin) != whole):
            continue
        return NotFit(Unfit.RECALLED, batch=batch if recall.batch else "", reason=recall.reason)
    return None
