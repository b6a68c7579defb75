"""Reports on receipt paper (X and Z, paid in and out, device tests): sections of labelled figures, filled by others."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shared.receipt.document import Align, Block, Document, Gap, Pair, Rule, Says
from shared.receipt.facts import Shop
from shared.receipt.figures import moment
from shared.receipt.words import Words, say, term


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report: what it is, in each language, and its figure as text."""

    label: Words
    value: str
    bold: bool = False


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that belong together, under a heading."""

    heading: Words = {}
    figures: tuple[Figure, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report as whoever adds up hands it over.

    `title` (`X report`, `Z report`), `number` where reports are counted, `at_ms` the business moment it was made.
    `signed` leaves room for as many signatures as it has labels. `reissue` counts later versions of the same report:
    0 is the first. `marks` say what else this paper is: a copy, one that takes another's place.
    """

    title: Words
    number: str = ""
    at_ms: int
    business_date: str = ""
    till: str = ""
    cashier: str = ""
    sections: tuple[Section, ...]
    signed: tuple[Words, ...] = ()
    reissue: int = 0
    marks: tuple[Words, ...] = ()


def report_document(report: Report, shop: Shop) -> Document:
    """Return the report in the shop's languages."""
    title = say(report.title, shop.languages)
    name = f"{title} {report.number}".strip()
    return Document(title=name, language=shop.languages[0], blocks=tuple(_blocks(report, shop)))


def _blocks(report: Report, shop: Shop) -> Iterator[Block]:
    languages = shop.languages
    yield from _top(report, shop)
    for section in report.sections:
        yield Rule()
        if section.heading:
            yield Says(text=say(section.heading, languages), bold=True)
        for figure in section.figures:
            yield Pair(left=say(figure.label, languages), right=figure.value, bold=figure.bold)
    yield Rule()
    for who in report.signed:
        yield Gap()
        yield Says(text=f"{say(who, languages)}: {'_' * 12}")
    yield Gap()


def _top(report: Report, shop: Shop) -> Iterator[Block]:
    """Say whose report it is, of what and when."""
    languages = shop.languages
    yield Says(text=shop.name, align=Align.CENTRE)
    yield Says(text=say(report.title, languages), align=Align.CENTRE, big=True)
    if report.reissue:
        yield Says(text=f"*** v{report.reissue + 1} ***", align=Align.CENTRE, bold=True)
    for mark in report.marks:
        for text in dict.fromkeys(say(mark, [language]) for language in languages):
            yield Says(text=f"*** {text} ***", align=Align.CENTRE, bold=True)
    yield Rule()
    if report.number:
        yield Pair(left="No.", right=report.number)
    yield Pair(left=term("time", languages), right=moment(report.at_ms, shop.zone))
    for key, value in (("business_date", report.business_date), ("till", report.till), ("cashier", report.cashier)):
        if value:
            yield Pair(left=term(key, languages), right=value)
