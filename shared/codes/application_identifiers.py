"""GS1 application identifiers: what each one is followed by.

Source: GS1 General Specifications section 3.2. A family such as 310n is one row, with `n` for any digit that the
table of its rows allows. `fixed` rows need no separator after them (the table of predefined lengths, 7.8.5-2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One identifier: how long its value is, whether that is digits alone, and whether its length is predefined."""

    ai: str
    shortest: int
    longest: int
    numeric: bool
    fixed: bool


_TABLE = """
00 n18! | 01 n14! | 02 n14! | 03 n14! | 10 x1-20 | 11 n6! | 12 n6! | 13 n6! | 15 n6! | 16 n6! | 17 n6! | 20 n2!
21 x1-20 | 22 x1-20 | 235 x1-28 | 240 x1-30 | 241 x1-30 | 242 n1-6 | 243 x1-20 | 250 x1-30 | 251 x1-30
253 x13-30 | 254 x1-20 | 255 n13-25 | 30 n1-8 | 31[0-6][0-5] n6! | 32[0-9][0-5] n6! | 33[0-7][0-5] n6!
34[0-9][0-5] n6! | 35[0-7][0-5] n6! | 36[0-9][0-5] n6! | 37 n1-8 | 390[0-9] n1-15 | 391[0-9] n4-18
392[0-9] n1-15 | 393[0-9] n4-18 | 394[0-3] n4 | 395[0-5] n6 | 400 x1-30 | 401 x1-30 | 402 n17 | 403 x1-30
41[0-7] n13! | 420 x1-20 | 421 x4-12 | 422 n3 | 423 n4-15 | 424 n3 | 425 n4-15 | 426 n3 | 427 x1-3
430[01] x1-35 | 430[2-6] x1-70 | 4307 x2 | 4308 x1-30 | 4309 n20 | 431[01] x1-35 | 431[2-6] x1-70 | 4317 x2
4318 x1-20 | 4319 x1-30 | 4320 x1-35 | 432[1-3] n1 | 432[45] n10 | 4326 n6 | 433[0-3] x6-7
7001 n13 | 7002 x1-30 | 7003 n10 | 7004 n1-4 | 7005 x1-12 | 7006 n6 | 7007 n6-12 | 7008 x1-3 | 7009 x1-10
7010 x1-2 | 7011 n6-10 | 702[0-2] x1-20 | 7023 x1-30 | 703[0-9] x4-30 | 7040 x4 | 7041 x1-4 | 71[0-7] x1-20
723[0-9] x3-30 | 7240 x1-20 | 7241 n2 | 7242 x1-25 | 7250 n8 | 7251 n12 | 7252 n1 | 725[34] x1-40 | 7255 x1-10
7256 x1-90 | 7257 x1-70 | 7258 x3 | 7259 x1-40 | 8001 n14 | 8002 x1-20 | 8003 x14-30 | 8004 x1-30 | 8005 n6
8006 n18 | 8007 x1-34 | 8008 n8-12 | 8009 x1-50 | 8010 x1-30 | 8011 n1-12 | 8012 x1-20 | 8013 x1-25 | 8014 x1-25
801[78] n18 | 8019 n1-10 | 8020 x1-25 | 8026 n18 | 8030 x1-90 | 804[01] n15 | 8042 n32 | 8043 n18-20
8110 x1-70 | 8111 n4 | 8112 x1-70 | 8200 x1-70 | 90 x1-30 | 9[1-9] x1-90
"""
_ROW = re.compile(r"(?P<ai>[\d\[\]-]+) (?P<kind>[nx])(?P<shortest>\d+)(?:-(?P<longest>\d+))?(?P<fixed>!)?")
_CHOICE = re.compile(r"\[([^\]]+)\]")


def find(text: str, start: int = 0) -> ApplicationIdentifier | None:
    """Return the identifier that a text has at a place, or None. No identifier is the beginning of another."""
    for length in (2, 3, 4):
        found = TABLE.get(text[start : start + length])
        if found is not None:
            return found
    return None


def _digits(choice: str) -> str:
    if "-" not in choice:
        return choice
    first, last = choice.split("-")
    return "".join(str(digit) for digit in range(int(first), int(last) + 1))


def _expanded(ai: str) -> Iterator[str]:
    """Yield each identifier that a row with choices of digits stands for."""
    choice = _CHOICE.search(ai)
    if choice is None:
        yield ai
        return
    for digit in _digits(choice[1]):
        yield from _expanded(ai[: choice.start()] + digit + ai[choice.end() :])


def _rows() -> Iterator[ApplicationIdentifier]:
    for row in _ROW.finditer(_TABLE):
        shortest = int(row["shortest"])
        longest = int(row["longest"] or shortest)
        for ai in _expanded(row["ai"]):
            yield ApplicationIdentifier(ai, shortest, longest, row["kind"] == "n", row["fixed"] is not None)


TABLE: Mapping[str, ApplicationIdentifier] = {row.ai: row for row in _rows()}
