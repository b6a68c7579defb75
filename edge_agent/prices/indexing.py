"""A price book's promotions, indexed once for as long as it is sold by, and out of the cycle collector's way.

The index of a chain's promotions is some hundred thousand objects that live for weeks, none of them in a cycle. Left to
the collector they are walked through again and again while baskets are priced, and a till waits meanwhile: 40 to 50 ms
with 5,000 promotions.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

from shared.pricing import PromotionIndex
from shared.pricing.promotion_rows import index_rows

LARGE = 500
"""From so many promotions on an index is set apart; a smaller one takes the collector a few milliseconds."""


def lasting_index(rows: Sequence[bytes]) -> PromotionIndex:
    """Return the index of a book's rows, to be kept. Raise PromotionUnreadable when one cannot be priced by.

    What was set apart for an earlier book is looked through first, so nothing that has died since stays in memory
    longer than until the next book with other promotions.
    """
    was_on = gc.isenabled()
    if len(rows) >= LARGE:
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        index = index_rows(rows)
        if len(index) >= LARGE:
            gc.freeze()
            gc.collect()  # of next to nothing now; the collector measures its next rounds by it
        return index
    finally:
        if was_on:
            gc.enable()
