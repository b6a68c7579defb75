"""Payment codes on customers' telephones: told by their length and first two digits.

WeChat Pay: 18 digits starting with 10 to 15. Alipay: 16 to 24 digits starting with 25 to 30. UnionPay: 19 digits
starting with 62. Each moves money once, so its digits go to the gateway and nowhere else.
"""

from __future__ import annotations

from shared.codes.answers import PaymentBrand
from shared.codes.gtin import all_digits

SCALE_PREFIXES = ("20", "21", "22", "23", "24")
"""Kept for scale labels: no payment code starts so, whatever the screen asks for."""


def payment_brand(text: str) -> PaymentBrand | None:
    """Say whose payment code a text is, or None."""
    if not all_digits(text):
        return None
    head = int(text[:2])
    if len(text) == 18 and 10 <= head <= 15:
        return PaymentBrand.WECHAT
    if 16 <= len(text) <= 24 and 25 <= head <= 30:
        return PaymentBrand.ALIPAY
    return PaymentBrand.UNIONPAY if len(text) == 19 and head == 62 else None
