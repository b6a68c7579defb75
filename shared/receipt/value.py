"""Receipts of stored value: topped up, a gift card sold, money paid back. No goods, no tax: nothing was sold yet."""

from __future__ import annotations

from collections.abc import Iterator

from shared.money import money_text
from shared.receipt.document import Align, Block, Gap, Pair, Rule, Says
from shared.receipt.facts import ReceiptFacts
from shared.receipt.figures import money_with_sign
from shared.receipt.frame import foot, head
from shared.receipt.words import TENDERS, say, term
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold

_BACK_TITLES = {ValueBackReason.UNDO: "value_undone", ValueBackReason.CARD_RETURN: "value_returned"}


def value_sold(event: ValueSold, facts: ReceiptFacts) -> Iterator[Block]:
    """Say what was paid, what gift money came with it, and what the card then held."""
    languages = facts.shop.languages
    title = "gift_card_sold" if event.gift_card else "topped_up"
    yield Says(text=term(title, languages), align=Align.CENTRE, bold=True, big=True)
    yield from head(event, facts)
    if facts.customer is not None and facts.customer.masked_name:
        yield Pair(left=term("member", languages), right=facts.customer.masked_name)
    yield Pair(left=term("value_principal", languages), right=money_text(event.total_minor, event.exponent))
    if event.gift_minor:
        yield Pair(left=term("value_gift", languages), right=money_text(event.gift_minor, event.exponent))
    balance = money_with_sign(event.balance_minor, event.exponent, event.currency)
    yield Pair(left=term("value_balance", languages), right=balance, bold=True)
    yield Rule()
    paid = money_with_sign(event.total_minor, event.exponent, event.currency)
    yield Pair(left=term("total", languages), right=paid, big=True, bold=True)
    for tender in event.tenders:
        handed = money_text(tender.minor + tender.change_minor, event.exponent)
        yield Pair(left=say(TENDERS[tender.method], languages), right=handed)
        if tender.change_minor:
            yield Pair(left=term("change", languages), right=money_text(tender.change_minor, event.exponent))
        elif tender.reference:
            yield Says(text=tender.reference, indent=2)
    yield Gap()
    yield Says(text=term("value_no_invoice", languages))
    yield from foot(event, facts, linked=False)


def value_back(event: ValuePaidBack, facts: ReceiptFacts) -> Iterator[Block]:
    """Say what was paid back and why, with room for who took it to sign."""
    languages = facts.shop.languages
    yield Says(text=term(_BACK_TITLES[event.why], languages), align=Align.CENTRE, bold=True, big=True)
    yield from head(event, facts)
    if facts.original_receipt:
        yield Pair(left=term("of_receipt", languages), right=facts.original_receipt)
    if event.approved_by:
        yield Pair(left=term("approved_by", languages), right=facts.approver_name or event.approved_by)
    if event.reason:
        words = say(facts.reasons[event.reason], languages) if event.reason in facts.reasons else event.reason
        yield Pair(left=term("reason", languages), right=words)
    yield Rule()
    back = money_with_sign(-event.total_minor, event.exponent, event.currency)
    yield Pair(left=term("refund", languages), right=back, big=True, bold=True)
    for tender in event.tenders:
        yield Pair(left=say(TENDERS[tender.method], languages), right=money_text(-tender.minor, event.exponent))
    yield Gap()
    yield Says(text=f"{term('signature', languages)}: {'_' * 12}")
    yield from foot(event, facts, linked=False)
