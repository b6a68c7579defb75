"""AIM symbology identifiers: the three characters a scanner may put before a code to say what was printed.

Source: ISO/IEC 15424, and GS1 General Specifications figure 5.1.2-2. A scanner set to send them is worth having: they
tell a GS1 code from one that merely looks like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_IDENTIFIER_CHARACTERS = 3


class Carries(StrEnum):
    """What the text of a symbol follows."""

    EAN = "ean"
    GS1 = "gs1"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Symbology:
    """A kind of symbol: its name here, and what its text follows."""

    name: str
    carries: Carries = Carries.ANYTHING


BY_IDENTIFIER: Mapping[str, Symbology] = {
    "]E0": Symbology("ean-13", Carries.EAN),  # EAN-13, UPC-A and UPC-E
    "]E1": Symbology("ean-addon-2"),
    "]E2": Symbology("ean-addon-5"),
    "]E3": Symbology("ean-13-addon", Carries.EAN),
    "]E4": Symbology("ean-8", Carries.EAN),
    "]C0": Symbology("code-128"),
    "]C1": Symbology("gs1-128", Carries.GS1),
    "]C2": Symbology("code-128"),
    "]C4": Symbology("code-128"),
    "]e0": Symbology("gs1-databar", Carries.GS1),
    "]e1": Symbology("gs1-composite", Carries.GS1),
    "]e2": Symbology("gs1-composite", Carries.GS1),
    "]d0": Symbology("data-matrix"),
    "]d1": Symbology("data-matrix"),
    "]d2": Symbology("gs1-data-matrix", Carries.GS1),
    "]d3": Symbology("data-matrix"),
    "]d4": Symbology("data-matrix"),
    "]d5": Symbology("gs1-data-matrix", Carries.GS1),
    "]d6": Symbology("data-matrix"),
    "]Q0": Symbology("qr"),
    "]Q1": Symbology("qr"),
    "]Q2": Symbology("qr"),
    "]Q3": Symbology("gs1-qr", Carries.GS1),
    "]Q4": Symbology("gs1-qr", Carries.GS1),
    "]Q5": Symbology("qr"),
    "]Q6": Symbology("qr"),
    "]J0": Symbology("dotcode"),
    "]J1": Symbology("gs1-dotcode", Carries.GS1),
    "]I0": Symbology("itf"),
    "]I1": Symbology("itf-14", Carries.EAN),
    "]I3": Symbology("itf"),
    "]A0": Symbology("code-39"),
    "]F0": Symbology("codabar"),
    "]G0": Symbology("code-93"),
    "]L0": Symbology("pdf417"),
    "]M0": Symbology("msi"),
    "]z0": Symbology("aztec"),
    "]X0": Symbology("other"),
}


def split_identifier(text: str) -> tuple[Symbology | None, str]:
    """Return the symbology a text names and the text without the identifier.

    A `]` with a letter and a digit is an identifier also when this table does not know it: nobody sells by a code that
    starts so, and a cashier cannot do anything about it.
    """
    head = text[:_IDENTIFIER_CHARACTERS]
    if len(head) < _IDENTIFIER_CHARACTERS or head[0] != "]" or not head.isascii():
        return None, text
    if head not in BY_IDENTIFIER and not (head[1].isalpha() and head[2].isalnum()):
        return None, text
    return named(head[1:]), text[_IDENTIFIER_CHARACTERS:]


def named(identifier: str) -> Symbology | None:
    """Return the symbology of an identifier without its bracket, as drivers hand it on; None for an empty one."""
    return BY_IDENTIFIER.get("]" + identifier, Symbology(f"aim-{identifier}")) if identifier else None
