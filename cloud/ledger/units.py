"""How amounts of the ledger's units are written; texts of refusals say them so, in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import COUPONS, POINTS
from cloud.org.models import Store
from shared.receipt.figures import money_with_sign

_USUAL = 2
_WHOLE = {POINTS: "point", COUPONS: "coupon"}


@dataclass(frozen=True, slots=True)
class Units:
    """The digits after the point of every unit."""

    exponents: Mapping[str, int]

    def exponent(self, unit: str) -> int:
        """Return how many digits a unit has after its point."""
        return self.exponents.get(unit, _USUAL)

    def written(self, amount: int, unit: str) -> str:
        """Write an amount for people: `6 points`, `￥12.50`."""
        if unit in _WHOLE:
            return f"{amount:,} {_WHOLE[unit]}{'' if amount == 1 else 's'}"
        return money_with_sign(amount, self.exponent(unit), unit)


def units(session: Session) -> Units:
    """Read the currencies of the stores; points and coupons are whole."""
    store = table_of(Store)
    rows = session.execute(select(store.c.currency, store.c.exponent).distinct())
    return Units({**{row.currency: row.exponent for row in rows}, POINTS: 0, COUPONS: 0})
