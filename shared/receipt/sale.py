"""Receipts of a sale, a return and a voided number, made from their events: what the till charged is the fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shared.loyalty import NextTier, missing_words
from shared.money import money_text
from shared.pricing.layers import REASONS
from shared.pricing.model import Discount, PricedLine
from shared.pricing.price_list import Unit
from shared.receipt.document import Align, Block, Document, Gap, Pair, Rule, Says, Table
from shared.receipt.facts import Customer, ReceiptFacts
from shared.receipt.figures import how_much, measured, money_with_sign, rate, receipt_number
from shared.receipt.frame import ReceiptEvent, foot, head, item_names
from shared.receipt.value import value_back, value_sold
from shared.receipt.words import SAID, TENDERS, say, term
from shared.wire.events import ReturnedLine, SaleCompleted, SaleReturned, SaleVoided, Tender, TenderKind
from shared.wire.till_events import AdjustmentKind, GoodsReturned
from shared.wire.value_events import ValuePaidBack, ValueSold

_INDENT = 2
_OF_HQ = frozenset({TenderKind.STORED_VALUE, TenderKind.GIFT_CARD})
"""Ways to pay whose reference is head office's own: it says nothing to a customer."""
_Money = SaleCompleted | SaleReturned | GoodsReturned


def receipt_document(event: ReceiptEvent, facts: ReceiptFacts) -> Document:
    """Return the receipt of an event, in the shop's languages."""
    match event:
        case SaleCompleted():
            blocks = _sale(event, facts)
        case SaleReturned():
            blocks = _return(event, facts)
        case GoodsReturned():
            blocks = _goods_return(event, facts)
        case SaleVoided():
            blocks = _void(event, facts)
        case ValueSold():
            blocks = value_sold(event, facts)
        case ValuePaidBack():
            blocks = value_back(event, facts)
    return Document(
        title=receipt_number(event.receipt.series, event.receipt.number),
        language=facts.shop.languages[0],
        blocks=tuple(blocks),
    )


def _sale(sale: SaleCompleted, facts: ReceiptFacts) -> Iterator[Block]:
    languages = facts.shop.languages
    yield from head(sale, facts)
    typed = {one.line for one in sale.adjustments if one.kind is AdjustmentKind.WEIGHT_BY_HAND}
    for line in sale.lines:
        yield from _line(line, facts, sale.exponent)
        if line.n in typed:  # NIST Handbook 44, S.1.12: a weight entered by hand is marked as such
            yield Says(text=say(REASONS[AdjustmentKind.WEIGHT_BY_HAND], languages), indent=_INDENT)
    yield Rule()
    yield Pair(left=term("items", languages), right=str(sum(_pieces(line) for line in sale.lines)))
    if sale.saved_minor:
        gross = sale.total_minor + sale.saved_minor
        yield Pair(left=term("subtotal", languages), right=money_text(gross, sale.exponent))
        yield Pair(left=term("saved", languages), right=money_text(sale.saved_minor, sale.exponent), bold=True)
    yield _total("total", sale.total_minor, sale, facts)
    yield from _tenders(sale.tenders, sale.exponent, facts)
    yield from _taxes([(line.tax_rate_bp, line.net_minor, line.tax_minor) for line in sale.lines], sale, facts)
    if facts.customer is not None:
        yield from _customer(facts.customer, sum(use.spent_points for use in sale.promotions), languages, sale.exponent)
    elif sale.points_promised is not None:  # on the paper that anybody may look at, points without whose they are
        yield Rule()
        yield _points("points_earned", sale.points_promised, languages)
    yield from foot(sale, facts, book=sale.book.version)


def _total(key: str, minor: int, event: _Money, facts: ReceiptFacts) -> Pair:
    return Pair(
        left=term(key, facts.shop.languages),
        right=money_with_sign(minor, event.exponent, event.currency),
        big=True,
        bold=True,
    )


def _pieces(line: PricedLine) -> int:
    """Count pieces; whatever is weighed or poured is one."""
    return line.quantity if line.unit is Unit.EACH else 1


def _line(line: PricedLine, facts: ReceiptFacts, exponent: int) -> Iterator[Block]:
    first, *others = item_names(line.item, facts)
    name = _numbered(line.n, first)
    amount = money_text(line.gross_minor, exponent)
    single = line.unit is Unit.EACH and line.quantity == 1 and line.price.basis == 1
    if single and not others:
        yield Pair(left=name, right=amount)
    else:
        yield Says(text=name)
        for other in others:
            yield Says(text=other, indent=_INDENT)
        counted = measured(line.quantity, line.price, line.unit, exponent, facts.shop.languages)
        yield Pair(left=counted, right=amount, indent=_INDENT)
    for discount in line.discounts:
        words = _reason(discount, facts)
        yield Pair(left=words, right=money_text(-discount.minor, exponent), indent=_INDENT)


def _numbered(n: int, name: str) -> str:
    """Put a line's number before its name: by this number goods are returned."""
    return f"{n}. {name}"


def _reason(discount: Discount, facts: ReceiptFacts) -> str:
    """Return a discount's reason in the receipt's languages; one that nobody has words for is a discount."""
    for code in (discount.source, discount.reason):
        if code in facts.reasons:
            return say(facts.reasons[code], facts.shop.languages)
    known = REASONS.get(discount.reason) or SAID.get(discount.reason) or SAID["discount"]
    return say(known, facts.shop.languages)


def _tenders(tenders: Iterable[Tender], exponent: int, facts: ReceiptFacts) -> Iterator[Block]:
    """Say what was handed over and what came back: a tender's amount has its change already taken off."""
    languages = facts.shop.languages
    for tender in tenders:
        handed = money_text(tender.minor + tender.change_minor, exponent)
        yield Pair(left=say(TENDERS[tender.method], languages), right=handed)
        if tender.method is TenderKind.EXCHANGE:
            yield from _other_paper("exchange_return", facts)
        elif tender.reference and tender.method not in _OF_HQ:
            yield Says(text=tender.reference, indent=_INDENT)
        if tender.change_minor:
            yield Pair(left=term("change", languages), right=money_text(tender.change_minor, exponent))


def _other_paper(key: str, facts: ReceiptFacts) -> Iterator[Block]:
    """Name the receipt on the other side of an exchange, where it is known."""
    if facts.exchange_receipt:
        yield Says(text=f"{term(key, facts.shop.languages)} {facts.exchange_receipt}", indent=_INDENT)


def _taxes(parts: Iterable[tuple[int, int, int]], event: _Money, facts: ReceiptFacts) -> Iterator[Block]:
    """List the tax contained, by rate. The columns add up to the total: each is a sum of the lines as charged."""
    sums: dict[int, tuple[int, int]] = {}
    for rate_bp, gross, tax in parts:
        gross_before, tax_before = sums.get(rate_bp, (0, 0))
        sums[rate_bp] = gross_before + gross, tax_before + tax
    if not sums:
        return
    yield Gap()
    # One language: four headings in two do not fit a narrow paper.
    first = facts.shop.languages[:1]
    titles = tuple(term(key, first) for key in ("tax_rate", "tax_net", "tax_amount", "tax_gross"))
    rows = [
        (rate(rate_bp), *(money_text(minor, event.exponent) for minor in (gross - tax, tax, gross)))
        for rate_bp, (gross, tax) in sorted(sums.items())
    ]
    yield Table(rows=(titles, *rows))


def _customer(customer: Customer, used: int, languages: Sequence[str], exponent: int) -> Iterator[Block]:
    """Say whose it is, and of points what there was, what was used and what comes: no sum, some may have to wait."""
    yield Rule()
    yield Pair(left=term("member", languages), right=customer.masked_name or term("card_shown", languages))
    if customer.tier:
        named = say(customer.tier_names, languages) if customer.tier_names else customer.tier
        yield Pair(left=term("tier", languages), right=named)
    if customer.points_before is not None:
        yield _points("points_before", customer.points_before, languages)
    if used:
        yield _points("points_used", -used, languages)
    if customer.points_earned is None:
        yield Says(text=term("points_later" if customer.collects else "points_not_now", languages))
    else:
        yield _points("points_earned", customer.points_earned, languages)
    if customer.next_tier is not None:
        yield Says(text=_to_next(customer, customer.next_tier, languages, exponent))


def _points(key: str, points: int, languages: Sequence[str]) -> Pair:
    return Pair(left=term(key, languages), right=str(points))


def _points_back(event: SaleReturned, facts: ReceiptFacts) -> Iterator[Block]:
    """Say which points go back with the goods, or that only head office can say."""
    if event.points_taken:
        yield _points("points_taken", event.points_taken, facts.shop.languages)
    elif event.points_taken is None and facts.customer is not None:
        yield Says(text=term("points_taken_later", facts.shop.languages))


def _to_next(customer: Customer, lacks: NextTier, languages: Sequence[str], exponent: int) -> str:
    """Say what is missing to the next tier, in each of the receipt's languages."""
    amount, key = money_text(lacks.spend_minor, exponent), "to_next_by" if lacks.until else "to_next"
    said = {
        language: SAID[key][language].format(
            missing=missing_words(lacks, language, amount),
            tier=customer.next_names.get(language) or customer.next_names.get("en") or lacks.tier,
            day=lacks.until,
        )
        for language in SAID[key]
    }
    return say(said, languages)


def _return(event: SaleReturned, facts: ReceiptFacts) -> Iterator[Block]:
    languages = facts.shop.languages
    title = term("void_sale" if event.void else "return", languages)
    yield Says(text=title, align=Align.CENTRE, bold=True, big=True)
    yield from head(event, facts)
    yield Pair(left=term("of_receipt", languages), right=facts.original_receipt or event.original.hex[-8:].upper())
    yield from _approved(event, facts)
    for line in event.lines:
        yield from _returned(line, facts, event.exponent)
    yield from _paid_back(event, facts)
    yield from _points_back(event, facts)
    known = [(facts.original_lines[line.of_line], line) for line in event.lines if line.of_line in facts.original_lines]
    if len(known) == len(event.lines):
        yield from _taxes(
            [(sold.tax_rate_bp, -back.refund_minor, -back.tax_minor) for sold, back in known], event, facts
        )
    yield from _signature(facts)
    yield from foot(event, facts)


def _goods_return(event: GoodsReturned, facts: ReceiptFacts) -> Iterator[Block]:
    languages = facts.shop.languages
    yield Says(text=term("return", languages), align=Align.CENTRE, bold=True, big=True)
    yield from head(event, facts)
    yield Says(text=term("without_receipt", languages))
    yield from _approved(event, facts)
    for line in event.lines:
        yield Says(text=" ".join(item_names(line.item, facts)))
        unit = Unit.EACH if line.price.basis == 1 else Unit.GRAM
        amount = money_text(-line.refund_minor, event.exponent)
        yield Pair(left=how_much(-line.quantity, unit), right=amount, indent=_INDENT)
        yield from _why(line.reason, facts)
    yield from _paid_back(event, facts)
    yield from _taxes([(line.tax_rate_bp, -line.refund_minor, -line.tax_minor) for line in event.lines], event, facts)
    yield from _signature(facts)
    yield from foot(event, facts, book=event.book_version)


def _approved(event: SaleReturned | GoodsReturned, facts: ReceiptFacts) -> Iterator[Block]:
    if event.approved_by:
        yield Pair(left=term("approved_by", facts.shop.languages), right=facts.approver_name or event.approved_by)
    yield Rule()


def _paid_back(event: SaleReturned | GoodsReturned, facts: ReceiptFacts) -> Iterator[Block]:
    yield Rule()
    yield _total("refund", -event.total_minor, event, facts)
    for tender in event.tenders:
        words = say(TENDERS[tender.method], facts.shop.languages)
        yield Pair(left=words, right=money_text(-tender.minor, event.exponent))
        if tender.method is TenderKind.EXCHANGE:
            yield from _other_paper("exchange_sale", facts)


def _signature(facts: ReceiptFacts) -> Iterator[Block]:
    yield Gap()
    yield Says(text=f"{term('signature', facts.shop.languages)}: {'_' * 12}")


def _returned(line: ReturnedLine, facts: ReceiptFacts, exponent: int) -> Iterator[Block]:
    sold = facts.original_lines.get(line.of_line)
    name = _numbered(line.of_line, "" if sold is None else " ".join(item_names(sold.item, facts)))
    unit = Unit.EACH if sold is None else sold.unit
    yield Says(text=name)
    amount = money_text(-line.refund_minor, exponent)
    yield Pair(left=how_much(-line.quantity, unit), right=amount, indent=_INDENT)
    yield from _why(line.reason, facts)


def _why(reason: str, facts: ReceiptFacts) -> Iterator[Block]:
    languages = facts.shop.languages
    if reason:
        words = say(facts.reasons[reason], languages) if reason in facts.reasons else reason
        yield Says(text=f"{term('reason', languages)}: {words}", indent=_INDENT)


def _void(event: SaleVoided, facts: ReceiptFacts) -> Iterator[Block]:
    languages = facts.shop.languages
    yield Says(text=term("void", languages), align=Align.CENTRE, bold=True, big=True)
    yield from head(event, facts)
    for language in languages:
        yield Says(text=term("void_means", [language]))
    if facts.original_receipt:
        yield Pair(left=term("of_receipt", languages), right=facts.original_receipt)
    reason = say(facts.reasons[event.reason], languages) if event.reason in facts.reasons else event.reason
    yield Pair(left=term("reason", languages), right=reason)
    yield from foot(event, facts)
