"""Which item somebody means: by its number, else by a barcode of it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlmodel import Session

from cloud.prices.naming import item_names
from cloud.prices.rows import effective_rows
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item

_item = msgspec.json.Decoder(Item)
_EAN_DIGITS = 13


def items_meant(session: Session, texts: Collection[str]) -> dict[str, str]:
    """Return the item that each text means; one that means none, or several, is absent.

    A barcode of 12 digits (UPC-A) is the same as the one of 13 with a nought before it. Without an item's number the
    whole catalogue is read once, however many texts there are.
    """
    numbers = item_names(session, list(texts))
    found = {text: text for text in texts if text in numbers}
    codes = {text: _code(text) for text in texts if text not in found and text}
    if codes:
        by_code = _items_by_code(session, set(codes.values()))
        found |= {text: next(iter(by_code[code])) for text, code in codes.items() if len(by_code.get(code, ())) == 1}
    return found


def _code(text: str) -> str:
    return text.zfill(_EAN_DIGITS) if text.isascii() and text.isdecimal() and len(text) == _EAN_DIGITS - 1 else text


def _items_by_code(session: Session, codes: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, key, row in effective_rows(session, newest_body(session, BodyKind.ITEMS, CHAIN)):
        for barcode in _item.decode(row).barcodes:
            code = _code(barcode.code)
            if code in codes:
                found.setdefault(code, set()).add(key)
    return found
