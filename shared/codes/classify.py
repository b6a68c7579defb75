"""What a scan means: text in, one answer out, by the store's tables and by what the screen asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.codes import aim, digital_link, gs1, payments
from shared.codes.aim import Carries, Symbology
from shared.codes.answers import (
    MEMBER_CODE_PREFIX,
    ItemCode,
    MemberCard,
    MemberQr,
    PaymentCode,
    Scan,
    ScanContext,
    Unknown,
    VariableMeasure,
)
from shared.codes.gtin import GTIN_LENGTHS, all_digits, check_digit_fits, expand_upc_e
from shared.codes.label_format import LabelFormat
from shared.codes.labels import read_label

MAX_ITEM_CHARACTERS = 128
"""The longest text that is looked up as an item or shown in a refusal."""
MAX_SCAN_CHARACTERS = 512
"""The longest text that is read at all: a Digital Link may be long."""
_LONGEST_ITEM_NUMBER = 6
_UPC_A_DIGITS = 12
_NOT_A_CODE = re.compile("[\x00-\x1c\x1e\x1f\x7f]")
"""Control signs that no code holds; GS, 0x1D, is GS1's separator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTables:
    """What a store's codes look like: its cards, its scales' labels, its currency's decimals."""

    card_prefixes: Sequence[str] = ()
    card_digits: int = 0
    labels: Sequence[LabelFormat] = ()
    exponent: int = 2


_NO_TABLES = CodeTables()


def classify(
    text: str,
    tables: CodeTables = _NO_TABLES,
    context: ScanContext = ScanContext.GOODS,
    symbology: str = "",
) -> Scan:
    """Say what scanned text is.

    `symbology` is the AIM identifier without its bracket, where the scanner's driver knows it (`C1` is GS1-128); one
    that stands before the text says the same. Cards of the chain go first: their prefixes are chosen not to collide.
    Then, while money is asked for, payment codes, except those that start like the chain's labels (20 to 24); at any
    other time labels first.
    """
    code = text.strip(" \t\r\n")
    if not code or len(code) > MAX_SCAN_CHARACTERS or _NOT_A_CODE.search(code):
        return Unknown(code[:MAX_ITEM_CHARACTERS], "unreadable")
    known, code = aim.split_identifier(code)
    kind = known or aim.named(symbology)
    if code.startswith(MEMBER_CODE_PREFIX):
        return MemberQr(code)
    answer = _digits(code, tables, context, kind) if all_digits(code) else None
    return answer or _gs1(code, tables, kind) or _unknown(code, context)


def _digits(code: str, tables: CodeTables, context: ScanContext, kind: Symbology | None) -> Scan | None:
    if is_card(code, tables):
        return MemberCard(code)
    brand = payments.payment_brand(code)
    if brand is not None and context is ScanContext.PAYMENT_CODE and not code.startswith(payments.SCALE_PREFIXES):
        return PaymentCode(code, brand)
    label = read_label(code, tables.labels, tables.exponent)
    if isinstance(label, VariableMeasure):
        return label
    if brand is not None and not _is_gs1(kind):
        return PaymentCode(code, brand)
    if label is not None:
        return Unknown(code, "label_check_digit")
    return None if _is_gs1(kind) else _item(code, kind)


def is_card(code: str, tables: CodeTables) -> bool:
    """Say whether a text is the number of a member card of the chain."""
    return (
        all_digits(code)
        and tables.card_digits > 0
        and len(code) == tables.card_digits
        and code.startswith(tuple(tables.card_prefixes))
    )


def _item(code: str, kind: Symbology | None) -> Scan | None:
    if kind is not None and kind.name == "ean-13-addon" and len(code) in (15, 18):
        return _gtin(code[:13])
    if kind is not None and kind.name == "ean-13" and len(code) < _UPC_A_DIGITS:
        upc_a = expand_upc_e(code)  # an EAN-8 would have said so
        return ItemCode(upc_a) if upc_a else Unknown(code, "check_digit")
    if len(code) <= _LONGEST_ITEM_NUMBER:
        return ItemCode(code)
    return _gtin(code) if len(code) in GTIN_LENGTHS else None


def _gtin(code: str) -> Scan:
    """Read digits of a GTIN's length. Eight that are no EAN-8 may be a UPC-E: scanners send it unexpanded."""
    if check_digit_fits(code):
        return ItemCode(code)
    upc_a = expand_upc_e(code) if len(code) == 8 else None
    return ItemCode(upc_a) if upc_a else Unknown(code, "check_digit")


def _gs1(code: str, tables: CodeTables, kind: Symbology | None) -> Scan | None:
    if digital_link.is_address(code):
        return gs1.read_link(code, tables.exponent)
    if len(code) > MAX_ITEM_CHARACTERS or not (_is_gs1(kind) or kind is None or code.startswith(("01", "\x1d01"))):
        return None
    found = gs1.read_gs1(code, tables.exponent)
    if found is not None and set(found.elements) == {"01"}:
        return ItemCode(found.code)
    return found


def _is_gs1(kind: Symbology | None) -> bool:
    return kind is not None and kind.carries is Carries.GS1


def _unknown(code: str, context: ScanContext) -> Unknown:
    reason = "not_a_payment_code" if context is ScanContext.PAYMENT_CODE else "no_known_format"
    return Unknown(code[:MAX_ITEM_CHARACTERS], reason if code.isprintable() else "unreadable")
