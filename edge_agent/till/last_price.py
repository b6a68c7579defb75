"""What a till's basket came to when it was last priced, for whoever asks the same again.

Between a scan and the payment nothing changes, so the engine would answer as it just did. What it was asked is kept
whole, as bytes, and compared: an answer is used again for that very question and no other, whatever was rolled back
or written in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge_agent.till.ports import TillBook
from shared.pricing import BasketLine, PaperCoupon, PricedBasket, PricingContext, price_basket

_encode = msgspec.msgpack.Encoder().encode


class LastPrice:
    """The engine's last answer at a till, with its question."""

    def __init__(self) -> None:
        # One value, replaced as a whole: the database's writer and reader threads both ask.
        self._last: tuple[bytes, PricedBasket] | None = None

    def __call__(
        self, lines: Sequence[BasketLine], book: TillBook, context: PricingContext, coupons: Sequence[PaperCoupon]
    ) -> PricedBasket:
        """Price a basket, or say again what it came to. A book is known by its hash. Raise PriceMissing."""
        question = _encode((book.version, book.hash, lines, context, coupons))
        last = self._last
        if last is not None and last[0] == question:
            return last[1]
        answer = price_basket(lines, book, context, coupons)
        self._last = (question, answer)
        return answer
