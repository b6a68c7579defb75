"""What a row may hold, by kind, and the exact bytes it is kept as."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.body import BodyKind
from shared.pricing import ENGINE_LEVEL, Item, Price
from shared.pricing.promotion_rows import PromotionUnreadable, engine_needed, read_promotion
from shared.web.phrases import Phrase

MAX_ROW_BYTES = 16 * 1024
MAX_KEY_CHARACTERS = 128


def _defaults(kind: type[Item] | type[Price]) -> list[tuple[str, object]]:
    return [
        (known.name, known.default if known.default_factory is msgspec.NODEFAULT else known.default_factory())
        for known in msgspec.structs.fields(kind)
        if not known.required
    ]


_DEFAULTS = {kind: _defaults(kind) for kind in (Item, Price)}


class RowError(ValueError):
    """A row that does not fit its kind; the text names the field."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__(phrase)
        self.phrase = phrase


def encode_row(kind: BodyKind, key: str, content: object) -> bytes:
    """Return the bytes a row is stored, hashed and sent as. `content` is a JSON value or one of our structs.

    Raise RowError when a field is missing, of the wrong type, out of range, or names another key than its own.
    """
    if not key or len(key) > MAX_KEY_CHARACTERS or not key.isprintable():
        raise RowError(
            Phrase("a key has 1 to {most} printable characters, got {key!r}", most=MAX_KEY_CHARACTERS, key=key)
        )
    raw = msgspec.json.encode(content)
    if len(raw) > MAX_ROW_BYTES:
        raise RowError(Phrase("a row has at most {most} bytes, got {count}", most=MAX_ROW_BYTES, count=len(raw)))
    try:
        encoded, named = _typed(kind, raw)
    except msgspec.ValidationError as error:
        raise RowError(Phrase("it does not fit: {why}", why=error)) from error
    if named != key:
        raise RowError(Phrase("the row names {named!r}, its key is {key!r}", named=named, key=key))
    return encoded


def engine_level(kind: BodyKind, row: bytes | None) -> int:
    """Return the engine level a row needs at the till."""
    if row is None or kind is not BodyKind.PROMOTIONS:
        return 1
    return engine_needed([row])


def _typed(kind: BodyKind, raw: bytes) -> tuple[bytes, str]:
    if kind is BodyKind.ITEMS:
        item = msgspec.json.decode(raw, type=Item)
        _check_item(item)
        return _canonical(msgspec.structs.replace(item, names=dict(sorted(item.names.items())))), item.item
    if kind is BodyKind.PROMOTIONS:
        try:
            promotion = read_promotion(raw)
        except PromotionUnreadable as error:
            raise RowError(Phrase("it does not fit: {why}", why=error)) from error
        if not 1 <= promotion.engine <= ENGINE_LEVEL:
            raise RowError(
                Phrase("engine is 1 to {most}, the level HQ itself has, got {level}", most=ENGINE_LEVEL,
                       level=promotion.engine)
            )  # fmt: skip
        # The bytes are kept as they were written, with fields in order: a default that is spelled out stays so.
        whole: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        return msgspec.json.encode(whole, order="sorted"), promotion.promotion
    price = msgspec.json.decode(raw, type=Price)
    _check_price(price)
    return _canonical(price), price.item


def _canonical(row: Item | Price) -> bytes:
    """Write a row the one way equal rows are written: fields in order, without those that say the default.

    (msgspec leaves a default out by identity, so text read from a file would stay in.)
    """
    content: dict[str, Any] = msgspec.to_builtins(row)
    for name, default in _DEFAULTS[type(row)]:
        if name in content and getattr(row, name) == default:
            del content[name]
    return msgspec.json.encode(content)


def _check_item(item: Item) -> None:
    if not item.names or not item.receipt_name:
        raise RowError(Phrase("an item has a name in at least one language and a receipt name"))
    if not 0 <= item.tax_rate_bp <= 10_000:
        raise RowError(Phrase("tax_rate_bp is 0 to 10000, got {rate}", rate=item.tax_rate_bp))
    for barcode in item.barcodes:
        if not barcode.code or barcode.pieces < 1:
            raise RowError(
                Phrase("a barcode has a code and at least 1 piece, got {code!r} x {pieces}", code=barcode.code,
                       pieces=barcode.pieces)
            )  # fmt: skip
    if len({barcode.code for barcode in item.barcodes}) != len(item.barcodes):
        raise RowError(Phrase("a barcode appears twice on the item"))


def _check_price(price: Price) -> None:
    if price.basis < 1:
        raise RowError(Phrase("basis is at least 1, got {basis}", basis=price.basis))
    if min(price.regular_minor, price.member_minor or 0, price.floor_minor or 0) < 0:
        raise RowError(Phrase("a price is not negative"))
