"""How rows of prices and items look in a spreadsheet: columns, their texts, and what is wrong with a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cloud.prices.initials import initials_of
from shared.body import BodyKind
from shared.money import money_text
from shared.pricing import Item, Price, Unit
from shared.pricing.price_list import Barcode, OpenPrice
from shared.web.phrases import Phrase

YES = frozenset({"yes", "y", "true", "1", "x", "是"})
NO = frozenset({"", "no", "n", "false", "0", "否"})
_AMOUNT = re.compile(r"^(\d{1,12})(?:\.(\d*))?$")
_SHORTENED = re.compile(r"^\d(\.\d+)?[eE]\+\d+$")
_BARCODE = re.compile(
    r"^(?:(?P<digits>\d{1,48})[xX](?P<times>\d{1,4})|(?P<code>[0-9A-Za-z-]{1,48})(?:\*(?P<pieces>\d{1,4}))?)$"
)
NO_INITIALS = "-"
_WINDOW = re.compile(r"^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$")
_LANGUAGE = re.compile(r"^name_([a-z]{2,3})$")

SCOPE_COLUMN = {BodyKind.ITEMS: "", BodyKind.PRICES: "zone", BodyKind.OVERRIDES: "store"}
_PRICE_COLUMNS = ("item", "regular", "member", "basis", "floor", "remove")
COLUMNS: Mapping[BodyKind, tuple[str, ...]] = {
    BodyKind.ITEMS: (
        "item", "name_en", "name_zh", "receipt_name", "barcodes", "category", "brand", "unit", "tax_code",
        "tax_rate_percent", "cost", "sellable", "min_age", "sale_hours", "deposit", "initials",
        "open_price_from", "open_price_to", "supplier", "tags", "remove",
    ),
    BodyKind.PRICES: ("zone", *_PRICE_COLUMNS),
    BodyKind.OVERRIDES: ("store", *_PRICE_COLUMNS),
}  # fmt: skip
REQUIRED: Mapping[BodyKind, tuple[str, ...]] = {
    BodyKind.ITEMS: ("item",),
    BodyKind.PRICES: ("zone", "item", "regular"),
    BodyKind.OVERRIDES: ("store", "item", "regular"),
}
ALIASES: Mapping[str, str] = {
    "价区": "zone", "门店": "store", "商品": "item", "货号": "item", "售价": "regular", "零售价": "regular",
    "会员价": "member", "基数": "basis", "最低价": "floor",
    "删除": "remove", "英文名": "name_en", "中文名": "name_zh", "品名": "name_zh",
    "小票名": "receipt_name", "条码": "barcodes", "类别": "category", "品牌": "brand", "单位": "unit",
    "税码": "tax_code", "税率": "tax_rate_percent", "成本": "cost", "可售": "sellable", "购买年龄": "min_age",
    "销售时段": "sale_hours", "押金": "deposit", "拼音首字母": "initials",
    "开放价下限": "open_price_from", "开放价上限": "open_price_to", "供应商": "supplier", "标签": "tags",
}  # fmt: skip

HEADS: Mapping[str, str] = {name: chinese for chinese, name in reversed(list(ALIASES.items()))}
"""How a Chinese sheet may head a column, by the column's name."""


class Bad(ValueError):
    """A cell that cannot be used: its column, what is wrong, what to do."""

    def __init__(self, column: str, problem: Phrase, remedy: Phrase) -> None:
        super().__init__(f"{column}: {problem}")
        self.column = column
        self.problem = problem
        self.remedy = remedy


AMOUNTS = frozenset({"regular", "member", "floor", "cost", "open_price_from", "open_price_to", "tax_rate_percent"})
"""Columns that a workbook holds as numbers."""


def is_column(kind: BodyKind, name: str) -> bool:
    """Tell whether a column means something; a name may be in any language, and beside a price is there for people."""
    return name in COLUMNS[kind] or _LANGUAGE.match(name) is not None


def parse_row(kind: BodyKind, cells: Mapping[str, str], exponent: int) -> Item | Price | None:
    """Read a row's cells; None where the row takes its key away. Raise Bad."""
    if _flag(cells, "remove"):
        return None
    return _item(cells, exponent) if kind is BodyKind.ITEMS else _price(cells, exponent)


def parse_key(cells: Mapping[str, str]) -> str:
    """Read the item's number. Raise Bad."""
    return _plain(cells, "item", Phrase("write the item's number"))


def format_row(kind: BodyKind, scope: str, row: Item | Price, exponent: int, columns: tuple[str, ...]) -> list[str]:
    """Write a row as the texts that `parse_row` reads."""
    texts = _item_texts(row, exponent) if isinstance(row, Item) else _price_texts(row, exponent)
    texts |= {SCOPE_COLUMN[kind]: scope, "remove": ""}
    return [texts.get(column, "") for column in columns]


def _price(cells: Mapping[str, str], exponent: int) -> Price:
    regular = _amount(cells, "regular", exponent)
    if regular is None:
        raise Bad("regular", Phrase("the price is missing"), Phrase("write the price, or 'yes' in the column remove"))
    return Price(
        item=parse_key(cells),
        regular_minor=regular,
        member_minor=_amount(cells, "member", exponent),
        basis=_whole(cells, "basis", default=1, least=1),
        floor_minor=_amount(cells, "floor", exponent),
    )


def _item(cells: Mapping[str, str], exponent: int) -> Item:
    names = {
        match.group(1): text for name, text in cells.items() if (match := _LANGUAGE.match(name)) is not None and text
    }
    if not names:
        remedy = Phrase("write a name in at least one of name_en, name_zh")
        raise Bad("name_en", Phrase("the item has no name"), remedy)
    first = next(iter(names.values()))
    unit = cells.get("unit", "") or "each"
    if unit not in {str(known) for known in Unit}:
        known = Phrase("write one of {known}", known=", ".join(Unit))
        raise Bad("unit", Phrase("{text!r} is no unit", text=unit), known)
    return Item(
        item=parse_key(cells),
        names=names,
        receipt_name=cells.get("receipt_name", "") or first[:24],
        barcodes=_barcodes(cells.get("barcodes", "")),
        category=cells.get("category", ""),
        brand=cells.get("brand", ""),
        unit=Unit(unit),
        tax_code=cells.get("tax_code", "") or "standard",
        tax_rate_bp=_scaled(cells, "tax_rate_percent", 2, Phrase("write a percentage such as 13 or 9.5")) or 0,
        cost_minor=_amount(cells, "cost", exponent),
        sellable=_flag(cells, "sellable", default=True),
        min_age=_whole(cells, "min_age", default=0, least=0),
        sale_hours=_hours(cells.get("sale_hours", "")),
        deposit=cells.get("deposit", ""),
        initials=_initials(cells.get("initials", ""), names),
        open_price=_open_price(cells, Unit(unit), exponent),
        supplier=cells.get("supplier", ""),
        tags=[tag for part in re.split(r"[;,；，|]+", cells.get("tags", "")) if (tag := part.strip())],
    )


def _open_price(cells: Mapping[str, str], unit: Unit, exponent: int) -> OpenPrice | None:
    """Read between which prices the till may ask for one; both cells empty: the price book says the price."""
    least, most = _amount(cells, "open_price_from", exponent), _amount(cells, "open_price_to", exponent)
    if least is None and most is None:
        return None
    if least is None or most is None or not 0 < least <= most:
        raise Bad(
            "open_price_to",
            Phrase("an open price lies between two amounts"),
            Phrase("write both, the lower one first"),
        )
    if unit is not Unit.EACH:
        remedy = Phrase("leave it empty, or write each as the unit")
        raise Bad("open_price_from", Phrase("an open price is for one piece"), remedy)
    return OpenPrice(least, most)


def _barcodes(text: str) -> list[Barcode]:
    found: list[Barcode] = []
    for part in re.split(r"[\s;,|]+", text):
        if not part:
            continue
        match = _BARCODE.match(part)
        if match is None:
            raise Bad(
                "barcodes",
                Phrase("{text!r} is no barcode", text=part),
                Phrase("write codes separated by spaces, '*6' behind one that means six; format the column as text"),
            )
        found.append(Barcode(match["digits"] or match["code"], int(match["times"] or match["pieces"] or 1)))
    return found


def _initials(text: str, names: Mapping[str, str]) -> str:
    """Read the initials: an empty cell means those of the Chinese name, a dash means none."""
    if text == NO_INITIALS:
        return ""
    return text.lower() or initials_of(names.get("zh", ""))


def _initials_text(item: Item) -> str:
    """Write initials only where they are not those of the name, so that a name changed in a sheet takes its own."""
    by_name = initials_of(item.names.get("zh", ""))
    return "" if item.initials == by_name else item.initials or NO_INITIALS


def _hours(text: str) -> list[str]:
    windows = re.split(r"[\s;,|]+", text) if text else []
    for window in windows:
        if not _WINDOW.match(window):
            remedy = Phrase("write 06:00-22:00, spaces between several")
            raise Bad("sale_hours", Phrase("{text!r} is no window of time", text=window), remedy)
    return windows


def _plain(cells: Mapping[str, str], column: str, remedy: Phrase) -> str:
    text = cells.get(column, "")
    if not text:
        raise Bad(column, Phrase("the cell is empty"), remedy)
    if _SHORTENED.match(text):
        shortened = Phrase("the spreadsheet program has shortened this number to {text}", text=text)
        raise Bad(column, shortened, Phrase("format the column as text"))
    return text


def _amount(cells: Mapping[str, str], column: str, exponent: int) -> int | None:
    example = money_text(1250, exponent)
    remedy = Phrase("write an amount such as {example}, without currency or thousands marks", example=example)
    return _scaled(cells, column, exponent, remedy)


def _scaled(cells: Mapping[str, str], column: str, places: int, remedy: Phrase) -> int | None:
    """Read a decimal as a whole number of its smallest unit, digit by digit: no float on the way."""
    text = cells.get(column, "").removesuffix("%").strip()
    if not text:
        return None
    match = _AMOUNT.match(text)
    if match is None:
        raise Bad(column, Phrase("{text!r} is not an amount", text=text), remedy)
    part = (match.group(2) or "").rstrip("0")
    if len(part) > places:
        raise Bad(column, Phrase("{text!r} has more than {places} decimal places", text=text, places=places), remedy)
    return int(match.group(1) + part.ljust(places, "0"))


def _whole(cells: Mapping[str, str], column: str, *, default: int, least: int) -> int:
    text = cells.get(column, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) or len(text) > 9:
        problem = Phrase("{text!r} is not a whole number from {least}", text=text, least=least)
        raise Bad(column, problem, Phrase("write {least} or more", least=least))
    return int(text)


def _flag(cells: Mapping[str, str], column: str, *, default: bool = False) -> bool:
    text = cells.get(column, "").lower()
    if not text:
        return default
    if text in YES:
        return True
    if text in NO:
        return False
    raise Bad(column, Phrase("{text!r} is neither yes nor no", text=text), Phrase("write yes or no"))


def _price_texts(price: Price, exponent: int) -> dict[str, str]:
    return {
        "item": price.item,
        "regular": money_text(price.regular_minor, exponent),
        "member": "" if price.member_minor is None else money_text(price.member_minor, exponent),
        "basis": str(price.basis),
        "floor": "" if price.floor_minor is None else money_text(price.floor_minor, exponent),
    }


def _item_texts(item: Item, exponent: int) -> dict[str, str]:
    codes = (_barcode_text(code) for code in item.barcodes)
    return {
        "item": item.item,
        **{f"name_{language}": name for language, name in item.names.items()},
        "receipt_name": item.receipt_name,
        "barcodes": " ".join(codes),
        "category": item.category,
        "brand": item.brand,
        "unit": str(item.unit),
        "tax_code": item.tax_code,
        "tax_rate_percent": money_text(item.tax_rate_bp, 2),
        "cost": "" if item.cost_minor is None else money_text(item.cost_minor, exponent),
        "sellable": "yes" if item.sellable else "no",
        "min_age": str(item.min_age) if item.min_age else "",
        "sale_hours": " ".join(item.sale_hours),
        "deposit": item.deposit,
        "initials": _initials_text(item),
        "open_price_from": money_text(item.open_price.least_minor, exponent) if item.open_price else "",
        "open_price_to": money_text(item.open_price.most_minor, exponent) if item.open_price else "",
        "supplier": item.supplier,
        "tags": "; ".join(item.tags),
    }


def _barcode_text(barcode: Barcode) -> str:
    plain = _BARCODE.match(barcode.code)
    ambiguous = plain is None or plain["digits"] is not None
    return f"{barcode.code}*{barcode.pieces}" if barcode.pieces != 1 or ambiguous else barcode.code
