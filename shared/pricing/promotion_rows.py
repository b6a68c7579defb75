"""Promotions as rows of a price book's `promotions` body: read strictly, and which engine level they need."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.pricing.index import PromotionIndex
from shared.pricing.kinds import ENGINE_LEVEL, KINDS, AnyPromotion
from shared.pricing.promotion import Promotion, Stacking

_decoder: msgspec.json.Decoder[AnyPromotion] = msgspec.json.Decoder(AnyPromotion)


class PromotionUnreadable(ValueError):
    """A promotion row that this program cannot price by: an unknown kind or field, or values that make no sense.

    A book with such a row never prices a basket here: leaving the row out would be a wrong price that nobody sees.
    """


class _Head(msgspec.Struct, frozen=True):
    kind: str
    promotion: str = "?"


def read_promotion(row: bytes) -> AnyPromotion:
    """Return a row's promotion. Raise PromotionUnreadable, saying which and why."""
    try:
        return _decoder.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PromotionUnreadable(f"promotion {_name(row)}: {error}") from error


def index_rows(rows: Iterable[bytes]) -> PromotionIndex:
    """Return the index of a book's rows. Raise PromotionUnreadable when it holds one this program cannot read."""
    return PromotionIndex(read_promotion(row) for row in rows)


def engine_needed(rows: Iterable[bytes]) -> int:
    """Return the engine level that rows need at every till: the highest of their kinds' and their own.

    Raise PromotionUnreadable for a row this program does not know itself: it cannot say what that needs.
    """
    needed = 1
    for row in rows:
        promotion = read_promotion(row)
        needed = max(needed, promotion.LEVEL, promotion.engine, *(limit.level for limit in promotion.limits))
    return needed


def disagreements(promotions: Iterable[Promotion]) -> list[tuple[str, list[str]]]:
    """Return groups whose promotions say different things about stacking, with the ids, for HQ to show.

    A till does not stop at it: the strictest counts.
    """
    groups: dict[tuple[int, str, str], dict[str, Stacking]] = {}
    for promotion in promotions:
        name = (promotion.layer, promotion.group, "" if promotion.group else promotion.family)
        groups.setdefault(name, {})[promotion.promotion] = promotion.stacking
    return [
        (group or family, sorted(members))
        for (_, group, family), members in sorted(groups.items())
        if len(set(members.values())) > 1
    ]


def _name(row: bytes) -> str:
    """Name a row that cannot be read, by what can be read of it."""
    try:
        head = msgspec.json.decode(row, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "row"
    known = "" if head.kind in KINDS else f" (kind {head.kind!r} is unknown to engine level {ENGINE_LEVEL})"
    return f"{head.promotion!r}{known}"
