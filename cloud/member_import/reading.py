"""A file of members with what they hold: read whole and checked whole before a single row is stored.

Besides the columns of an import: `tier`; `points` (that do not end) or `points_lots`, such as `300@2026-12-31;200`,
each with its last day; `stored_minor` and `gift_minor`, stored value and gift money in minor units.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, PURSE_GIFT, PURSE_PRINCIPAL
from cloud.loyalty import years
from cloud.member_import.importing import (
    BALANCES,
    BadRow,
    Faults,
    Importer,
    MemberImport,
    NewMember,
    Problem,
    read_members,
    rows_of,
    unknown_rows,
)
from cloud.members.value import Brought
from cloud.org.models import Store
from cloud.prices.settings import till_settings
from cloud.prices.sheets import SheetRow
from shared.codes.classify import CodeTables, is_card
from shared.loyalty import TierRule
from shared.web.phrases import Phrase

MOST = 1_000_000_000
_AT_ONCE = 2_000
Looked = Callable[[int, int], None]
_LOT = re.compile(r"^(\d{1,10})(?:@(\d{4}-\d{2}-\d{2}))?$")
_BETWEEN = re.compile(r"[\s;,；，]+")


def nobody_looks(_done: int, _rows: int) -> None:
    """Take no notice of how far a file is."""


class UnitTotal(NamedTuple):
    """What everybody together holds of one kind and unit."""

    kind: str
    unit: str
    members: int
    amount: int


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """One good row: who, at which tier, holding what."""

    member: NewMember
    tier: str
    brought: tuple[Brought, ...]


@dataclass(slots=True)
class OpeningFile:
    """A file read: its good rows in order, what is wrong with the others, and what it adds up to."""

    rows: int
    known: int
    problems: list[Problem] = field(default_factory=list)
    good: list[OpeningRow] = field(default_factory=list)
    cards: int = 0
    unread_cards: int = 0
    """Cards in use that are not of the form which tills are told to read: they would find nobody by them."""

    @property
    def bad_rows(self) -> int:
        """Count the rows with a problem: one may have several."""
        return rows_of(self.problems)

    @property
    def totals(self) -> list[UnitTotal]:
        """Return what the file says members hold, by kind of account and unit."""
        amounts: defaultdict[tuple[str, str], int] = defaultdict(int)
        holders: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for row in self.good:
            for one in row.brought:
                amounts[one.kind, one.unit] += one.amount
                holders[one.kind, one.unit].add(row.member.row)
        return [UnitTotal(kind, unit, len(holders[kind, unit]), amounts[kind, unit]) for kind, unit in sorted(amounts)]


def read_opening(
    session: Session, importer: Importer, content: bytes, own: Collection[str] = (), looked: Looked = nobody_looks
) -> OpeningFile:
    """Read and check a file. `own` are references that are here only because this very file brought them.

    `looked` is told every few thousand rows how many were looked at, of how many. Raise Invalid for a file that is no
    table of members. Whatever is wrong with a row is a problem of the result.
    """
    sheet = read_members(content, BALANCES)
    result = MemberImport(len(sheet.rows))
    rows = unknown_rows(session, sheet, result, own)
    found = session.execute(select(table_of(Store).c.id, table_of(Store).c.currency))
    stores: dict[str, str] = {row.id: row.currency for row in found}
    members: dict[int, NewMember] = {}
    people = ([_person(row) for row in rows[start : start + _AT_ONCE]] for start in range(0, len(rows), _AT_ONCE))
    seen: dict[tuple[str, str], int] = {}
    for start, some in enumerate(people):
        looked(start * _AT_ONCE, len(rows))
        members |= {member.row: member for member in importer.parse(some, stores, result, seen)}
    importer.check_owners(session, importer.indexes(members.values()), result)
    opening = OpeningFile(result.rows, result.known, result.problems)
    opening.cards = sum(len(member.cards) for member in members.values())
    opening.unread_cards = _unread(session, members.values())
    balances = _Balances(years.tier_rule(session, importer.now_ms), stores)
    for row in rows:
        _take(opening, balances, row, members.get(row.number))
    opening.problems.sort(key=lambda problem: problem.row)
    return opening


def _unread(session: Session, members: Iterable[NewMember]) -> int:
    said = till_settings(session)
    form = CodeTables(card_prefixes=said.card_prefixes, card_digits=said.card_digits)
    if not form.card_digits:
        return 0
    return sum(not is_card(member.cards[0], form) for member in members if member.cards)


def _take(opening: OpeningFile, balances: _Balances, row: SheetRow, member: NewMember | None) -> None:
    """Take a row, or name what is wrong with its balances, also where its person is wrong already."""
    wrong = Faults(row.number)
    tier, brought = balances.tier(row, wrong), balances.brought(row, wrong)
    opening.problems += wrong.found
    if member is not None and not wrong.found:
        opening.good.append(OpeningRow(member, tier, brought))


def _person(row: SheetRow) -> SheetRow:
    return SheetRow(row.number, {name: cell for name, cell in row.cells.items() if name not in BALANCES})


@dataclass(frozen=True, slots=True)
class _Balances:
    """Reads the columns of what a member holds."""

    tiers: TierRule
    currencies: Mapping[str, str]

    def tier(self, row: SheetRow, wrong: Faults) -> str:
        """Return the tier's code, empty for none."""
        found = row.cells.get("tier", "").strip()
        codes = [tier.code for tier in self.tiers.tiers]
        if found and found not in codes:
            with wrong:
                raise BadRow(
                    "tier",
                    Phrase("there is no tier {tier!r}; there are {known}", tier=found, known=", ".join(codes) or "-"),
                )
        return found

    def brought(self, row: SheetRow, wrong: Faults) -> tuple[Brought, ...]:
        """Return what the row says the member holds."""
        found: list[Brought] = []
        plain, parts = row.cells.get("points", "").strip(), row.cells.get("points_lots", "").strip()
        with wrong:
            if plain and parts:
                raise BadRow("points", Phrase("give either points or points_lots: the same points would count twice"))
        for column, said in (("points", plain), ("points_lots", parts)):
            with wrong:
                found += _lots(said, column)
        for column, kind in (("stored_minor", PURSE_PRINCIPAL), ("gift_minor", PURSE_GIFT)):
            text = row.cells.get(column, "").strip()
            with wrong:
                if text and (amount := _amount(text, column)):
                    found.append(Brought(kind, self._currency(row, column), amount))
        return tuple(found)

    def _currency(self, row: SheetRow, column: str) -> str:
        home_store = row.cells.get("home_store", "")
        found = self.currencies.get(home_store)
        if found:
            return found
        kinds = set(self.currencies.values())
        if not kinds:
            raise BadRow(column, Phrase("there is no store yet whose money this could be: add the stores first"))
        if len(kinds) != 1 and not home_store:  # a store that is none is named already, in its own column
            raise BadRow(column, Phrase("the chain has several currencies: name the member's home_store"))
        return min(kinds)


def _lots(text: str, column: str) -> Sequence[Brought]:
    by_date: defaultdict[date | None, int] = defaultdict(int)
    for part in _BETWEEN.split(text):
        if not part:
            continue
        found = _LOT.match(part)
        if found is None:
            raise BadRow(
                column,
                Phrase("{text!r} is neither a whole number nor, with its last day, like 300@2026-12-31", text=part),
            )
        by_date[_day_after(found[2], column) if found[2] else None] += _amount(found[1], column)
    return [
        Brought(MEMBER_POINTS, POINTS, amount, expires_on)
        for expires_on, amount in sorted(by_date.items(), key=lambda one: one[0] or date.max)
        if amount
    ]


def _day_after(text: str, column: str) -> date:
    """Return the first day on which they are worth nothing: the last day counts whole."""
    try:
        return date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise BadRow(column, Phrase("{text} is no day of the calendar", text=text)) from error


def _amount(text: str, column: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:11]) > MOST:
        raise BadRow(
            column, Phrase("this is a whole number from 0 to {most}, without signs, points or spaces", most=MOST)
        )
    return int(text)
