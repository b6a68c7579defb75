"""The form of a case file: every word outside its rules, read strictly, so that a word that means nothing is refused.

What the words mean is said in `README.md` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from shared.pricing import AnyPromotion, Per
from tests.cases.vocabulary import minor, promotion

_Pieces = Annotated[int, msgspec.Meta(ge=1)]
_NOON = "2026-01-05 12:00:00"
"""When a case happens that does not say: a Monday."""


class BadCaseFile(ValueError):
    """A file is no case file: what is wrong, and where."""


def _spaced(field: str) -> str:
    return field.replace("_", " ")


class _Words(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename=_spaced):
    """Fields are written with spaces; a field nobody knows is refused."""


class Goods(_Words, frozen=True, kw_only=True):
    """An item and what it costs, a piece or a kilogram."""

    price: str
    member_price: str | None = None
    floor: str | None = None
    category: str = ""
    brand: str = ""
    supplier: str = ""
    tags: list[str] = []
    weighed: bool = False


class Rung(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a basket: so many pieces or grams of an item, for what is printed or was asked if that is given."""

    item: str
    quantity: _Pieces
    amount: str | None = None


class Member(_Words, frozen=True, kw_only=True):
    """What is known of whoever showed a card."""

    tier: str = ""
    segments: list[str] = []
    birthday_month: Annotated[int, msgspec.Meta(ge=1, le=12)] | None = None
    purchases: int | None = None


class MayUse(_Words, frozen=True, kw_only=True):
    """Points that may be spent at all, and how many of them the customer wants to use as money."""

    may_spend: int
    use: int = 0


class Before(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How often and for how much a rule was used before."""

    rule: str
    per: Per
    uses: int
    amount: str


class Expected(_Words, frozen=True, kw_only=True):
    """What an engine must say, word by word; None: the case does not ask."""

    total: str | None = None
    lines: list[str] | None = None
    discounts: dict[str, str] | None = None
    points: dict[str, int] | None = None
    spent_points: dict[str, int] | None = None
    multiplied: dict[str, str] | None = None
    gifts: dict[str, dict[str, int]] | None = None
    issued: dict[str, list[str]] | None = None
    reasons: dict[str, str] | None = None
    near: dict[str, str | int] | None = None
    withheld: dict[str, str] | None = None
    says: dict[str, list[str]] | None = None

    def asked(self) -> dict[str, Any]:
        """Return the words this case asks for."""
        found = {field: getattr(self, field) for field in self.__struct_fields__}
        return {_spaced(field): value for field, value in found.items() if value is not None}


class Case(_Words, frozen=True, kw_only=True):
    """One basket under some rules, and what comes of it."""

    name: str
    basket: Annotated[list[Rung], msgspec.Meta(min_length=1)]
    expect: Expected
    source: str = ""
    rules: list[str] | None = None
    at: str = _NOON
    member: Member | None = None
    store: str = ""
    till: str = ""
    coupons: list[tuple[str, str]] = []
    points: MayUse | None = None
    choices: dict[str, list[str]] = {}
    used_before: list[Before] = []
    uncounted: list[Per] = []
    round_down_to: str = "0"


class CaseFile(_Words, frozen=True, kw_only=True):
    """A file: goods, rules, and the cases made of them."""

    items: dict[str, Goods]
    cases: list[Case]
    rules: dict[str, dict[str, Any]] = {}
    about: str = ""
    zone: str = "Asia/Shanghai"


def read(path: Path) -> tuple[CaseFile, dict[str, AnyPromotion]]:
    """Read a file and its rules. Raise BadCaseFile saying what is wrong where, OSError when there is no such file."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=CaseFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadCaseFile(str(error)) from error
    rules = {}
    for name, rule in file.rules.items():
        try:
            rules[name] = promotion(name, rule)
        except (ValueError, TypeError) as error:
            raise BadCaseFile(f"rule {name!r}: {error}") from error
    for problem in _problems(file):
        raise BadCaseFile(problem)
    return file, rules


def _problems(file: CaseFile) -> Iterator[str]:
    """Yield what the form alone does not show: amounts, moments, and names of things that are not in the file."""
    try:
        ZoneInfo(file.zone)
    except (KeyError, ValueError, OSError):
        yield f"{file.zone!r} is no time zone; one is 'Asia/Shanghai'"
    for name, goods in file.items.items():
        yield from _amounts(f"item {name!r}", goods.price, goods.member_price, goods.floor)
    for case in file.cases:
        where = f"case {case.name!r}"
        strange = {rung.item for rung in case.basket} - set(file.items)
        if strange:
            yield f"{where}: {sorted(strange)} are not among the items"
        unknown = set(case.rules or ()) - set(file.rules)
        if unknown:
            yield f"{where}: {sorted(unknown)} are not among the rules"
        if not case.expect.asked():
            yield f"{where}: expects nothing; say at least its total"
        yield from _amounts(where, case.round_down_to, *(rung.amount for rung in case.basket))
        yield from _amounts(where, *(one.amount for one in case.used_before))
        try:
            datetime.fromisoformat(case.at)
        except ValueError:
            yield f"{where}: {case.at!r} is no moment; one is '{_NOON}'"


def _amounts(where: str, *texts: str | None) -> Iterator[str]:
    for text in texts:
        try:
            minor(text or "0")
        except ValueError as error:
            yield f"{where}: {error}"
