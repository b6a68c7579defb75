"""Codes: what text from a scanner means, without any I/O.

`classify` gives one of the answers below. The rest are questions about an answer: may it be sold, how much does a
label sell, whose telephone is this.
"""

from shared.codes.answers import (
    Gs1Code,
    ItemCode,
    MemberCard,
    MemberQr,
    PaymentBrand,
    PaymentCode,
    Scan,
    ScanContext,
    Unknown,
    VariableMeasure,
)
from shared.codes.classify import MAX_ITEM_CHARACTERS, MAX_SCAN_CHARACTERS, CodeTables, classify, is_card
from shared.codes.fitness import NotFit, Recall, Unfit, past_its_date, recalled
from shared.codes.gtin import canonical, check_digit, check_digit_fits, expand_upc_e, spellings
from shared.codes.label_format import LabelFormat, LabelProblem, label_problems, usable
from shared.codes.label_price import LabelFinding, LabelQuantity, LabelRefused, quantity_of_label

__all__ = [
    "MAX_ITEM_CHARACTERS",
    "MAX_SCAN_CHARACTERS",
    "CodeTables",
    "Gs1Code",
    "ItemCode",
    "LabelFinding",
    "LabelFormat",
    "LabelProblem",
    "LabelQuantity",
    "LabelRefused",
    "MemberCard",
    "MemberQr",
    "NotFit",
    "PaymentBrand",
    "PaymentCode",
    "Recall",
    "Scan",
    "ScanContext",
    "Unfit",
    "Unknown",
    "VariableMeasure",
    "canonical",
    "check_digit",
    "check_digit_fits",
    "classify",
    "expand_upc_e",
    "is_card",
    "label_problems",
    "past_its_date",
    "quantity_of_label",
    "recalled",
    "spellings",
    "usable",
]
