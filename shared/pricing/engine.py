"""Price a basket: same lines, same book, same context, same answer, whatever the order of scanning."""

from __future__ import annotations

from collections.abc import Sequence

from shared.money import tax_included
from shared.pricing.book import PriceBook
from shared.pricing.layers import coupons, lowest_price
from shared.pricing.model import (
    BasketLine,
    PaperCoupon,
    PricedBasket,
    PricedLine,
    PriceMissing,
    PricingContext,
)

ENGINE_LEVEL = 1
"""Rises with every rule this engine learns; HQ refuses a book that needs more than a targeted till has."""


def price_basket(
    lines: Sequence[BasketLine],
    book: PriceBook,
    context: PricingContext,
    paper_coupons: Sequence[PaperCoupon] = (),
) -> PricedBasket:
    """Return the basket with a price and reasons for every line.

    Raise PriceMissing for an item without a price: the caller blocks the line and says so.
    """
    priced = [
        _price_line(line, book, context, [coupon for coupon in paper_coupons if coupon.line == line.n])
        for line in lines
    ]
    return PricedBasket(
        lines=priced,
        total_minor=sum(line.net_minor for line in priced),
        saved_minor=sum(line.gross_minor - line.net_minor for line in priced),
    )


def _price_line(
    line: BasketLine, book: PriceBook, context: PricingContext, handed_over: Sequence[PaperCoupon]
) -> PricedLine:
    item, price = book.item(line.item), book.price(line.item)
    if item is None or price is None:
        raise PriceMissing(line.item, book.version)
    regular = price.regular()
    gross = regular.amount(line.quantity)
    discounts = lowest_price(line, price, gross, context)
    discounts += coupons(gross - sum(discount.minor for discount in discounts), handed_over)
    net = gross - sum(discount.minor for discount in discounts)
    return PricedLine(
        n=line.n,
        item=line.item,
        quantity=line.quantity,
        unit=item.unit,
        price=regular,
        net_minor=net,
        discounts=discounts,
        tax_code=item.tax_code,
        tax_rate_bp=item.tax_rate_bp,
        tax_minor=tax_included(net, item.tax_rate_bp),
        code=line.code,
    )
