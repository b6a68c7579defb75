"""What a label would mean with a table of formats and a price: looked at by a person before the table is used.

A point in the wrong place makes every price wrong by ten, and no check digit notices. A person with the label in
hand does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.codes.answers import VariableMeasure
from shared.codes.label_format import LabelFormat, LabelProblem, label_problems, usable
from shared.codes.label_price import LabelFinding, LabelRefused, quantity_of_label
from shared.codes.labels import read_label
from shared.money import UnitPrice, money_text
from shared.pricing.price_list import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPreview:
    """What a label would mean, for people (`en`, `zh`) and programs.

    `quantity_g` (or pieces, for an item sold by piece) and `amount_minor` are what a till would sell.
    """

    en: str
    zh: str
    measure: VariableMeasure | None = None
    quantity_g: int | None = None
    amount_minor: int | None = None
    finding: LabelFinding | None = None
    problems: tuple[LabelProblem, ...] = ()


def preview(
    text: str,
    formats: Sequence[LabelFormat],
    *,
    exponent: int,
    currency: str,
    price: UnitPrice | None = None,
    unit: Unit = Unit.GRAM,
) -> LabelPreview:
    """Return what a label would mean; `price` is the item's, where it is to be compared."""
    problems = tuple(label_problems(formats))
    read = read_label(text.strip(), usable(formats), exponent)
    if read is None:
        return LabelPreview(en="This fits no format of the table.", zh="该标签不符合任何已设格式。", problems=problems)
    if isinstance(read, LabelFormat):
        return LabelPreview(
            en=f"This has the form of {read.name}, and its check digit is wrong.",
            zh=f"该标签符合格式 {read.name}，但校验位错误。",
            problems=problems,
        )
    money = _Money(exponent, currency)
    en, zh = _said(read, money)
    if price is None:
        return LabelPreview(en=_sentence(en), zh=_sentence_zh(zh), measure=read, problems=problems)
    return _with_price(read, money, _Priced(price, unit), (en, zh), problems)


@dataclass(frozen=True, slots=True)
class _Money:
    exponent: int
    currency: str

    def show(self, minor: int) -> str:
        return f"{money_text(minor, self.exponent)} {self.currency}"


@dataclass(frozen=True, slots=True)
class _Priced:
    price: UnitPrice
    unit: Unit


def _said(read: VariableMeasure, money: _Money) -> tuple[list[str], list[str]]:
    """Return what is printed, piece by piece, in both languages."""
    en, zh = [f"format {read.format}", f"item {read.item}"], [f"格式 {read.format}", f"商品号 {read.item}"]
    if read.weight_g is not None:
        en.append(f"weight {read.weight_g} g")
        zh.append(f"重量 {read.weight_g} 克（{read.weight_g // 500}.{read.weight_g % 500 * 2:03} 斤）")
    if read.amount_minor is not None:
        en.append(f"amount {money.show(read.amount_minor)}")
        zh.append(f"金额 {money.show(read.amount_minor)}")
    if read.unit_price is not None:
        en.append(f"unit price {money.show(read.unit_price.minor)} for {read.unit_price.basis} g")
        zh.append(f"单价 {money.show(read.unit_price.minor)} / {read.unit_price.basis} 克")
    if read.pieces is not None:
        en.append(f"{read.pieces} pieces")
        zh.append(f"{read.pieces} 件")
    if not read.check_fits:
        en.append("the check digit is wrong and ignored")
        zh.append("校验位错误，已忽略")
    return en, zh


def _with_price(
    read: VariableMeasure,
    money: _Money,
    item: _Priced,
    said: tuple[list[str], list[str]],
    problems: tuple[LabelProblem, ...],
) -> LabelPreview:
    en, zh = said
    answer = quantity_of_label(read, item.unit, [item.price])
    if isinstance(answer, LabelRefused):
        en.append(f"refused: {answer.finding.value}, the price book makes it {money.show(answer.book_minor)}")
        zh.append(f"拒收：{answer.finding.value}，按系统价应为 {money.show(answer.book_minor)}")
        return LabelPreview(
            en=_sentence(en), zh=_sentence_zh(zh), measure=read, finding=answer.finding, problems=problems
        )
    amount = item.price.amount(answer.quantity) if answer.amount_minor is None else answer.amount_minor
    measure = "g" if item.unit is Unit.GRAM else "pieces"
    en.append(f"sold as {answer.quantity} {measure} for {money.show(amount)}")
    zh.append(f"将按 {answer.quantity} {'克' if item.unit is Unit.GRAM else '件'}、{money.show(amount)} 销售")
    return LabelPreview(
        en=_sentence(en),
        zh=_sentence_zh(zh),
        measure=read,
        quantity_g=answer.quantity,
        amount_minor=amount,
        problems=problems,
    )


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _sentence_zh(parts: Sequence[str]) -> str:
    return "；".join(parts) + "。"
