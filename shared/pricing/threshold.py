"""How much was bought towards a promotion's own threshold, and what is missing to it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.money import divide_half_up
from shared.pricing.effect import NOT_ENOUGH, Miss, Portion
from shared.pricing.promotion import Basis, Layer, Promotion


def lacking(portion: Portion, promotion: Promotion, apart: Sequence[tuple[int, int]] = ()) -> Miss | None:
    """Return what the promotion's threshold lacks without the pieces set apart, None when it is met."""
    need = promotion.need
    counted = {row: count for row, count in apart if row in portion.need_rows} if apart else {}
    if need.quantity:
        pieces = portion.state.pieces
        bought = sum([pieces[row] for row in portion.need_rows]) - sum(counted.values())
        if bought < need.quantity:
            return Miss(NOT_ENOUGH, missing_quantity=need.quantity - bought, near=2 * bought >= need.quantity)
    if need.spend_minor:
        amount = _spent(portion, promotion, counted)
        if amount < need.spend_minor:
            return Miss(NOT_ENOUGH, missing_minor=need.spend_minor - amount, near=2 * amount >= need.spend_minor)
    return None


def towards(portion: Portion, promotion: Promotion, apart: Sequence[tuple[int, int]] = ()) -> int:
    """Return what was spent towards the threshold, in minor units, without the pieces set apart."""
    return _spent(portion, promotion, {row: count for row, count in apart if row in portion.need_rows})


def _spent(portion: Portion, promotion: Promotion, apart: dict[int, int]) -> int:
    basis, state = promotion.need.basis, portion.state
    original = basis is Basis.ORIGINAL or (basis is None and promotion.layer is Layer.COUPON)
    amounts = state.gross if original else state.net
    spent = sum([amounts[row] for row in portion.need_rows])
    return spent - sum([divide_half_up(amounts[row] * count, state.pieces[row]) for row, count in apart.items()])
