"""The papers of a shift: its X and Z reports, and the slips of cash paid in, paid out and dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.receipt.compose import shop_of
from edge_agent.till.shifts.results import ShiftReport
from shared.money import money_text
from shared.pricing.layers import REASONS
from shared.receipt.document import Document
from shared.receipt.facts import Shop
from shared.receipt.figures import moment, money_with_sign, rate
from shared.receipt.report import Figure, Report, Section, report_document
from shared.receipt.words import SAID, TENDERS, Words
from shared.wire.desired import StoreSettings
from shared.wire.till_events import CashMove, CashMoved, ReasonTotal, ShiftTotals

_X = {"en": "X report", "zh": "X 报表（未结班）"}
_Z = {"en": "Z report", "zh": "Z 报表（交班）"}
_MOVES: Mapping[str, Words] = {
    CashMove.IN: {"en": "Cash paid in", "zh": "现金存入"},
    CashMove.OUT: {"en": "Cash paid out", "zh": "现金支出"},
    CashMove.DROP: {"en": "Drop to the safe", "zh": "缴款入库"},
    CashMove.NO_SALE: {"en": "Drawer opened without a sale", "zh": "无销售开钱箱"},
}
_SIGNATURES: tuple[Words, ...] = (SAID["cashier"], {"en": "Checked by", "zh": "复核人"})
_WORDS: Mapping[str, Words] = {
    "sales": {"en": "Sales", "zh": "销售"},
    "count": {"en": "Receipts", "zh": "笔数"},
    "sold": {"en": "Sold", "zh": "销售额"},
    "returns": {"en": "Returns", "zh": "退货笔数"},
    "returned": {"en": "Returned", "zh": "退货额"},
    "net": {"en": "Net of returns", "zh": "净销售额"},
    "voids": {"en": "Sales voided", "zh": "整单作废"},
    "value": {"en": "Stored value (no revenue)", "zh": "储值（非销售收入）"},
    "value_sold": {"en": "Sold", "zh": "售出"},
    "value_back": {"en": "Paid back", "zh": "退出"},
    "tenders": {"en": "Tenders", "zh": "收款方式"},
    "back": {"en": "given back", "zh": "退款"},
    "unreferenced": {"en": "without slip number", "zh": "无凭条号笔数"},
    "kept": {"en": "Taken less given back", "zh": "实收净额"},
    "together": {"en": "Together", "zh": "合计"},
    "taxes": {"en": "Tax", "zh": "税"},
    "discounts": {"en": "Discounts", "zh": "优惠"},
    "drawer": {"en": "Cash drawer", "zh": "钱箱"},
    "float": {"en": "Float", "zh": "备用金"},
    "expected": {"en": "Cash expected", "zh": "应有现金"},
    "counted": {"en": "Counted", "zh": "实点现金"},
    "difference": {"en": "Difference", "zh": "长短款"},
    "no_sales": {"en": "Opened without a sale", "zh": "无销售开钱箱"},
    "shift": {"en": "Shift", "zh": "班次"},
    "opened": {"en": "Opened", "zh": "开班"},
    "closed": {"en": "Closed", "zh": "结班"},
    "first": {"en": "First receipt", "zh": "首张小票"},
    "last": {"en": "Last receipt", "zh": "末张小票"},
    "held": {"en": "Held baskets moved on", "zh": "移交挂单"},
    "cancelled": {"en": "Held baskets cancelled", "zh": "作废挂单"},
    "unresolved": {"en": "Payments not known yet", "zh": "结果未知的支付"},
    "unsent": {"en": "Not yet at head office", "zh": "未上传"},
    "missing": {"en": "Receipts not in these figures", "zh": "未计入的小票"},
    "note": {"en": "Note", "zh": "备注"},
    "amount": {"en": "Amount", "zh": "金额"},
}
REISSUED: Words = {"en": "RE-ISSUED: replaces every version before", "zh": "重新出具：以本版为准，此前各版作废"}


def shift_document(report: ShiftReport, settings: StoreSettings, *, at_ms: int, till: str, copy: int = 0) -> Document:
    """Return an X report (version 0) or a Z report as it was made. `copy` counts the papers of it before this one."""
    sections = [
        _course(report, settings),
        _sales(report.totals, settings),
        *_parts(report.totals, settings),
        _drawer(report, settings),
        _open_ends(report),
    ]
    is_z = report.version > 0
    made = Report(
        title=_Z if is_z else _X,
        at_ms=report.closed_ms or at_ms,
        business_date=report.business_date,
        till=_till(settings, report.till or till),
        cashier=_name(settings, report.closed_by),
        sections=tuple(section for section in sections if section.figures),
        signed=_SIGNATURES if is_z else (),
        reissue=max(report.version - 1, 0),
        marks=tuple(_marks(report, copy)),
    )
    return report_document(made, shop_of(settings))


def cash_slip(event: CashMoved, settings: StoreSettings) -> Document:
    """Return the slip of cash that went into a drawer or out of it, with room for two signatures."""
    shop = shop_of(settings)
    known = {reason.code: reason.words for reason in settings.policies.cash_reasons}
    said = known.get(event.reason, dict.fromkeys(("en", "zh"), event.reason))
    figures = [
        Figure(label=_WORDS["amount"], value=money_with_sign(event.minor, shop.exponent, shop.currency), bold=True),
        Figure(label=SAID["reason"], value=_first(said, shop)),
    ]
    if event.note:
        figures.append(Figure(label=_WORDS["note"], value=event.note))
    if event.approved_by:
        figures.append(Figure(label=SAID["approved_by"], value=_name(settings, event.approved_by)))
    made = Report(
        title=_MOVES[event.move],
        at_ms=event.at_ms,
        business_date=event.business_date,
        till=_till(settings, event.till),
        cashier=_name(settings, event.cashier),
        sections=(Section(figures=tuple(figures)),),
        signed=_SIGNATURES,
    )
    return report_document(made, shop)


def _marks(report: ShiftReport, copy: int) -> Iterator[Words]:
    if report.reissued:
        yield REISSUED
    if copy:
        yield {language: text.format(count=copy) for language, text in SAID["reprint"].items()}


def _course(report: ShiftReport, settings: StoreSettings) -> Section:
    figures = [Figure(label=_WORDS["opened"], value=moment(report.opened_ms, settings.time_zone))]
    if report.closed_ms is not None:
        figures.append(Figure(label=_WORDS["closed"], value=moment(report.closed_ms, settings.time_zone)))
    for key, number in (("first", report.totals.first_receipt), ("last", report.totals.last_receipt)):
        if number:
            figures.append(Figure(label=_WORDS[key], value=number))
    return Section(heading=_WORDS["shift"], figures=tuple(figures))


def _sales(totals: ShiftTotals, settings: StoreSettings) -> Section:
    exponent = settings.exponent
    figures = [
        Figure(label=_WORDS["count"], value=str(totals.sales)),
        Figure(label=_WORDS["sold"], value=money_text(totals.sales_minor, exponent)),
    ]
    if totals.returns:
        net_minor = totals.sales_minor - totals.returns_minor
        figures += [
            Figure(label=_WORDS["returns"], value=str(totals.returns)),
            Figure(label=_WORDS["returned"], value=money_text(totals.returns_minor, exponent)),
            Figure(label=_WORDS["net"], value=money_text(net_minor, exponent), bold=True),
        ]
    if totals.voids:
        figures.append(Figure(label=_WORDS["voids"], value=str(totals.voids)))
    return Section(heading=_WORDS["sales"], figures=tuple(figures))


def _parts(totals: ShiftTotals, settings: StoreSettings) -> Iterator[Section]:
    """Yield what the sales came to by tender, tax and discount, and stored value, which is no sale."""
    exponent = settings.exponent
    tenders = []
    for one in totals.tenders:
        words = TENDERS[one.method]
        tenders.append(Figure(label=words, value=money_text(one.taken_minor, exponent)))
        if one.unreferenced:
            label = {language: f"{words[language]} {_WORDS['unreferenced'][language]}" for language in words}
            tenders.append(Figure(label=label, value=str(one.unreferenced)))
        if one.returned_minor:
            label = {language: f"{words[language]} {_WORDS['back'][language]}" for language in words}
            tenders.append(Figure(label=label, value=money_text(-one.returned_minor, exponent)))
    kept = sum(one.taken_minor - one.returned_minor for one in totals.tenders)
    if len(tenders) > 1:
        tenders.append(Figure(label=_WORDS["kept"], value=money_text(kept, exponent), bold=True))
    yield Section(heading=_WORDS["tenders"], figures=tuple(tenders))
    if totals.value_sold or totals.value_back:
        sold = Figure(label=_WORDS["value_sold"], value=money_text(totals.value_sold_minor, exponent))
        back = Figure(label=_WORDS["value_back"], value=money_text(-totals.value_back_minor, exponent))
        yield Section(heading=_WORDS["value"], figures=(sold, back))
    taxes = [Figure(label=_plain(rate(one.rate_bp)), value=money_text(one.tax_minor, exponent)) for one in totals.taxes]
    tax_minor = sum(one.tax_minor for one in totals.taxes)
    yield Section(heading=_WORDS["taxes"], figures=_summed(taxes, tax_minor, exponent))
    discounts = [_reason(one, settings) for one in totals.discounts]
    off_minor = sum(one.minor for one in totals.discounts)
    yield Section(heading=_WORDS["discounts"], figures=_summed(discounts, off_minor, exponent))


def _summed(figures: list[Figure], minor: int, exponent: int) -> tuple[Figure, ...]:
    """Return figures with their sum below, where there are several."""
    together = Figure(label=_WORDS["together"], value=money_text(minor, exponent), bold=True)
    return (*figures, together) if len(figures) > 1 else tuple(figures)


def _drawer(report: ShiftReport, settings: StoreSettings) -> Section:
    totals, exponent = report.totals, settings.exponent
    figures = [Figure(label=_WORDS["float"], value=money_text(totals.float_minor, exponent))]
    figures += [_move(one, settings) for one in totals.cash_moves]
    if totals.no_sales:
        figures.append(Figure(label=_WORDS["no_sales"], value=str(totals.no_sales)))
    figures.append(Figure(label=_WORDS["expected"], value=money_text(totals.cash_expected_minor, exponent), bold=True))
    if report.version:
        for piece in report.counted:
            if piece.count:
                each, all_ = (
                    money_text(piece.value_minor, exponent),
                    money_text(piece.value_minor * piece.count, exponent),
                )
                figures.append(Figure(label=_plain(f"  {each} x {piece.count}"), value=all_))
        figures += [
            Figure(label=_WORDS["counted"], value=money_text(report.counted_minor, exponent), bold=True),
            Figure(label=_WORDS["difference"], value=money_text(report.difference_minor, exponent), bold=True),
        ]
    return Section(heading=_WORDS["drawer"], figures=tuple(figures))


def _open_ends(report: ShiftReport) -> Section:
    counts = {
        "held": report.held_moved,
        "cancelled": report.held_cancelled,
        "unresolved": report.unresolved,
        "unsent": report.unsent,
        "missing": report.totals.missing,
    }
    return Section(figures=tuple(Figure(label=_WORDS[key], value=str(count)) for key, count in counts.items() if count))


def _reason(one: ReasonTotal, settings: StoreSettings) -> Figure:
    """Return what one reason for a discount came to, in the store's words where it has any for the code."""
    said = {reason.code: reason.words for reason in settings.policies.override_reasons}
    words = said.get(one.reason) or REASONS.get(one.reason) or SAID.get(one.reason) or _plain(one.reason)
    return Figure(label=words, value=money_text(one.minor, settings.exponent))


def _move(one: ReasonTotal, settings: StoreSettings) -> Figure:
    """Return what cash moved for one reason came to: what is added up is named `out/flowers`."""
    move, _slash, code = one.reason.partition("/")
    said = {reason.code: reason.words for reason in settings.policies.cash_reasons}
    why = said.get(code) or _plain(code)
    what = _MOVES.get(move) or _plain(move)
    label = {language: f"{what[language]}: {why.get(language) or why.get('en', code)}" for language in what}
    return Figure(label=label, value=money_text(one.minor, settings.exponent))


def _plain(text: str) -> Words:
    return {"en": text, "zh": text}


def _first(words: Words, shop: Shop) -> str:
    return words.get(shop.languages[0]) or words.get("en", "")


def _name(settings: StoreSettings, code: str) -> str:
    return next((one.name for one in settings.staff if one.code == code), code)


def _till(settings: StoreSettings, till: str) -> str:
    return next((str(one.number) for one in settings.tills if one.till == till), till)
