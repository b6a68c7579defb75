"""How a chain's scales write their labels: a row of a table per form, set by HQ, read by tills and previews.

There is no standard that field labels follow: GB/T 18283 leaves the inside to the chain, 18-digit labels are in no
standard at all, and each scale can be set otherwise. So the forms are data, and `label_problems` says at set-up what
is wrong with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.codes.verifier import VERIFIED_DIGITS

FIELDS = "IAWUQVXC"
GRAMS_OF_UNIT = {"kg": 1000, "jin": 500, "g": 1}
"""What one of a weight's unit is in grams; 斤 (jin) is half a kilogram."""
CHECK_POLICIES = ("enforce", "ignore")
_SHORTEST, _LONGEST = 8, 32


class LabelFormat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One form of label.

    `pattern` has a sign for each digit: a digit stands for itself (the prefix), `I` item, `A` amount of money, `W`
    weight, `U` unit price, `Q` pieces, `V` verifier of the amount or else the weight (GS1 General Specifications 7.9.2,
    GB/T 18283 Annex A), `X` anything, `C` check digit, last. So `21IIIIIAAAAAC` is prefix 21, five digits of item, five
    of amount.

    Decimals say where the point is: `amount_decimals` of `A` and `U`, `weight_decimals` of `W`, in `weight_unit` (kg,
    jin or g). `check` says what a wrong check digit does: `enforce` refuses the label, `ignore` takes it and counts.
    With `item_with_prefix` the prefix is part of the item's number. `amount_step_minor` is what the scale rounds money
    to (10 where it drops the fen).
    """

    name: str
    pattern: str
    amount_decimals: int = 2
    weight_decimals: int = 3
    weight_unit: str = "kg"
    check: str = "enforce"
    item_with_prefix: bool = False
    amount_step_minor: int = 1

    @property
    def prefix(self) -> str:
        """The digits that every label of this form starts with."""
        return self.pattern[: len(self.pattern) - len(self.pattern.lstrip("0123456789"))]

    def positions(self, sign: str) -> tuple[int, ...]:
        """Return the places of a field's digits."""
        return tuple(at for at, one in enumerate(self.pattern) if one == sign)


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """What is wrong with a format, or risky about it, for the person who sets it up."""

    format: str
    code: str
    en: str
    zh: str
    fatal: bool = True


def label_problems(formats: Sequence[LabelFormat]) -> list[LabelProblem]:
    """Say what is wrong with a table of formats. A format with a fatal problem is not read by."""
    problems: list[LabelProblem] = []
    for at, one in enumerate(formats):
        problems += _problems(one)
        problems += [_shadowed(one, earlier) for earlier in formats[:at] if _covers(earlier, one)]
        if any(one.name == earlier.name for earlier in formats[:at]):
            problems.append(LabelProblem(one.name, "name_twice", "Two formats have this name.", "格式名称重复。"))
    return problems


def usable(formats: Sequence[LabelFormat]) -> list[LabelFormat]:
    """Return the formats to read by: an agent older than a format's signs leaves it out instead of misreading."""
    return [one for one in formats if not any(problem.fatal for problem in _problems(one))]


def _problems(one: LabelFormat) -> list[LabelProblem]:
    found = [LabelProblem(one.name, code, en, zh) for wrong, code, en, zh in _rules(one) if wrong]
    if not found and _looks_like_payment(one):
        found.append(
            LabelProblem(
                one.name,
                "payment_lookalike",
                "Labels of 16 to 24 digits that start with 10-15, 25-30 or 62 look like payment codes: use 20 to 24.",
                "16 至 24 位且以 10-15、25-30 或 62 开头的标签与付款码相似，请改用 20 至 24。",
                fatal=False,
            )
        )
    return found


_Rule = tuple[bool, str, str, str]
"""Whether it is broken, its code, and its words."""


def _rules(one: LabelFormat) -> list[_Rule]:
    signs = set(one.pattern.lstrip("0123456789"))
    return [*_rules_of_signs(one, signs), *_rules_of_checks(one, signs), *_rules_of_figures(one)]


def _rules_of_signs(one: LabelFormat, signs: set[str]) -> list[_Rule]:
    return [
        (
            not _SHORTEST <= len(one.pattern) <= _LONGEST,
            "length",
            "A label has 8 to 32 digits.",
            "标签应为 8 至 32 位数字。",
        ),
        (not one.prefix, "prefix", "A pattern starts with a prefix of digits.", "格式须以数字前缀开头。"),
        (
            bool(signs - set(FIELDS)),
            "signs",
            f"After its prefix a pattern has only the signs {FIELDS}.",
            f"前缀之后只能使用字母 {FIELDS}。",
        ),
        ("I" not in signs, "no_item", "A pattern needs an item (I).", "格式缺少商品号（I）。"),
        (
            not signs & set("AWQ"),
            "no_measure",
            "A pattern needs an amount (A), a weight (W) or pieces (Q); a unit price alone says nothing.",
            "格式须含金额（A）、重量（W）或数量（Q），仅有单价无法计价。",
        ),
    ]


def _rules_of_checks(one: LabelFormat, signs: set[str]) -> list[_Rule]:
    verified = len(one.positions("A") or one.positions("W"))
    return [
        (
            one.pattern.count("C") > 1 or ("C" in signs and not one.pattern.endswith("C")),
            "check_place",
            "The check digit (C) is one digit, the last.",
            "校验位（C）只能有一位，且在末尾。",
        ),
        (
            one.pattern.count("V") > 1 or ("V" in signs and verified not in VERIFIED_DIGITS),
            "verifier",
            "A verifier (V) is one digit over an amount or weight of 4 or 5 digits.",
            "价格校验位（V）只能有一位，且金额或重量须为 4 或 5 位。",
        ),
    ]


def _rules_of_figures(one: LabelFormat) -> list[_Rule]:
    return [
        (
            one.weight_unit not in GRAMS_OF_UNIT,
            "unit",
            "A weight is in kg, jin or g.",
            "重量单位须为 kg、jin（斤）或 g。",
        ),
        (
            one.check not in CHECK_POLICIES,
            "check",
            "The check digit is enforced or ignored.",
            "校验方式须为 enforce 或 ignore。",
        ),
        (
            not (0 <= one.amount_decimals <= 4 and 0 <= one.weight_decimals <= 4),
            "decimals",
            "There are 0 to 4 decimals.",
            "小数位数须为 0 至 4。",
        ),
        (one.amount_step_minor < 1, "step", "Money is rounded to 1 or more.", "金额进位单位须不小于 1。"),
    ]


def _looks_like_payment(one: LabelFormat) -> bool:
    wechat = len(one.pattern) == 18 and "10" <= one.prefix[:2] <= "15"
    alipay = 16 <= len(one.pattern) <= 24 and "25" <= one.prefix[:2] <= "30"
    return wechat or alipay or (len(one.pattern) == 19 and one.prefix[:2] == "62")


def _covers(earlier: LabelFormat, later: LabelFormat) -> bool:
    """Say whether every label of the later format would be read by the earlier one."""
    return len(earlier.pattern) == len(later.pattern) and later.prefix.startswith(earlier.prefix)


def _shadowed(one: LabelFormat, earlier: LabelFormat) -> LabelProblem:
    return LabelProblem(
        one.name,
        "shadowed",
        f"{earlier.name} comes first with the same length and prefix: this one is read only where that one fails.",
        f"前面的 {earlier.name} 长度和前缀相同，仅当其不符时才会使用本格式。",
        fatal=False,
    )
