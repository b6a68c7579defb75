"""What a till asks of HQ before goods come back whose points may be spent: parts of `shared.wire.asks`."""

from __future__ import annotations

from uuid import UUID

import msgspec


class ReturnedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a line of the sale is to come back."""

    line: int
    quantity: int


class AskReturn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="return"):
    """May these lines of a member's sale come back, or are the points they brought spent?

    Refused (`points_spent:N`, N of them missing) where the sale's rule of points refuses that. Nothing is set aside by
    it: a return that comes all the same is a fact, and what is missing is owed.
    """

    sale: UUID
    lines: list[ReturnedPiece]
    till: str
    cashier: str


class ReturnAllowed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="return"):
    """They may: `points` will be taken back, of which the member will owe `owed` because they are spent."""

    points: int = 0
    owed: int = 0
