"""A receipt says what is missing to the next tier after its own purchase, by the names the chain gives its tiers."""

from __future__ import annotations

import pytest

from shared.loyalty import NextTier
from shared.receipt.facts import Customer
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.receipt.sale import receipt_document
from tests.golden.receipts import facts, sale

CUSTOMER = Customer(
    masked_name="张**",
    tier="silver",
    points_before=120,
    tier_names={"zh": "银卡", "en": "Silver"},
    next_names={"zh": "金卡", "en": "Gold"},
    next_tier=NextTier(tier="gold", spend_minor=12_000, visits=2, either=True, until="2026-12-31"),
)


@pytest.mark.parametrize(
    ("languages", "says"),
    [
        (("zh",), ["银卡", "2026-12-31 前再消费 120.00或再到店 2 次，即可升级为金卡"]),
        (("en",), ["Silver", "120.00 more or 2 more visits by 2026-12-31 for Gold"]),
    ],
)
def test_what_is_missing_stands_on_the_receipt(languages: tuple[str, ...], says: list[str]) -> None:
    document = receipt_document(sale(), facts(*languages, customer=CUSTOMER))
    text = to_text(lay_out(document, 48)).replace("\n", "")
    squeezed = " ".join(text.split())
    for one in says:
        assert one in squeezed or one.replace(" ", "") in text.replace(" ", "")


def test_a_store_that_does_not_know_the_names_prints_codes() -> None:
    customer = Customer(tier="gold", next_tier=NextTier(tier="platinum", visits=1))
    text = to_text(lay_out(receipt_document(sale(), facts("en", customer=customer)), 48))
    assert "1 more visit for platinum" in " ".join(text.split())
