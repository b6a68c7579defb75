"""Members from a spreadsheet: first a dry run that names every bad row, then all of it or nothing.

Columns: the fields of `cloud.members.profile` (all kept encrypted), `home_store`, `language`, `cards` (several
separated by spaces or semicolons: the first is the one in use, the others led to the same member before), and
`reference`, what another system calls them: a row whose reference is here already is left alone, so that an import can
be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import Columns, rowset, table_of
from cloud.errors import Conflict, Invalid
from cloud.loyalty.late_credit import credit_cards
from cloud.members import cards, dirt, enrolling, lookup_keys, profile
from cloud.members.models import ACTIVE, REPLACED, Card, Member
from cloud.org.models import Store
from cloud.prices.sheets import Sheet, SheetRow, SheetUnreadable, read_sheet
from cloud.privacy import Vault, normal
from shared.ids import UuidMint
from shared.web.phrases import Phrase

SOURCE = "import"
REFERENCE = "reference"
COLUMNS = (REFERENCE, *enrolling.FIELDS, "home_store", "language", "cards")

BALANCES = ("tier", "points", "points_lots", "stored_minor", "gift_minor")
"""Columns of what members hold: not of an import, but of an opening (`cloud.member_import`)."""

_LONGEST_REFERENCE = 64

_BETWEEN_CARDS = re.compile(r"[\s;,、，；]+")
MEMBER_COLUMNS = (
    "id",
    "reference",
    "status",
    "masked_name",
    "home_store",
    "source",
    "signup_cashier",
    "language",
    "created_ms",
)
LOOK_UP_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row. Cards and phones are never repeated: this text ends in logs and on screens."""

    row: int
    column: str
    problem: Phrase


def rows_of(problems: Iterable[Problem]) -> int:
    """Count the rows that problems are of."""
    return len({problem.row for problem in problems})


@dataclass(slots=True)
class MemberImport:
    """What a file would make, or has made."""

    rows: int
    known: int = 0
    """Rows whose reference is here already."""
    cards: int = 0
    problems: list[Problem] = field(default_factory=list)
    stored: bool = False
    sales_credited: int = 0
    """Earlier sales of cards that were shown before they were anybody's."""

    @property
    def ok(self) -> bool:
        """Tell whether the file can be imported as it is."""
        return not self.problems

    @property
    def bad_rows(self) -> int:
        """Count the rows with a problem: one may have several."""
        return rows_of(self.problems)


@dataclass(frozen=True, slots=True)
class NewMember:
    """One good row."""

    id: UUID
    row: int
    reference: str | None
    fields: Mapping[str, str]
    cards: Sequence[str]
    home_store: str | None
    language: str


class BadRow(Exception):
    """One thing wrong with a row. Readers go on with the row's other cells, so that a dry run names everything."""

    def __init__(self, column: str, problem: Phrase) -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem


@dataclass(slots=True)
class Faults:
    """Everything wrong with one row: each `with` of it keeps the `BadRow` of its block, and the row is read on."""

    row: int
    found: list[Problem] = field(default_factory=list)

    def __enter__(self) -> None:
        """Begin to look at a cell."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        """Keep what is wrong with the cell; any other exception goes on its way."""
        if not isinstance(error, BadRow):
            return False
        self.found.append(Problem(self.row, error.column, error.problem))
        return True


@dataclass(frozen=True, slots=True)
class Importer:
    """What an import needs besides the file. `open_commit` numbers the transaction when something is to be written."""

    vault: Vault
    mint: UuidMint
    now_ms: int
    open_commit: Callable[[Session, int], int]

    def run(self, session: Session, content: bytes, *, dry_run: bool = True) -> MemberImport:
        """Import a CSV or XLSX file. Nothing is stored on a dry run, or when a single row is bad.

        Raise Invalid for a file that is no table of members.
        """
        sheet = read_members(content)
        result = MemberImport(len(sheet.rows))
        stores = set(session.execute(select(table_of(Store).c.id)).scalars())
        members = list(self.parse(unknown_rows(session, sheet, result), stores, result))
        result.cards = sum(len(member.cards) for member in members)
        self.check_owners(session, self.indexes(members), result)
        result.problems.sort(key=lambda problem: problem.row)
        if result.ok and not dry_run and members:
            result.sales_credited = self._write(session, members)
            result.stored = True
        return result

    def parse(
        self,
        rows: Sequence[SheetRow],
        stores: Collection[str],
        result: MemberImport,
        seen: dict[tuple[str, str], int] | None = None,
    ) -> Iterator[NewMember]:
        """Yield the good rows as new members; what is wrong with the others is added to the result's problems.

        `seen` is what earlier rows of the same file said, for a file that is read part by part.
        """
        seen = {} if seen is None else seen
        for row in rows:
            wrong = Faults(row.number)
            member = self._member(row, stores, seen, wrong)
            if wrong.found:
                result.problems += wrong.found
            else:
                yield member

    def _member(
        self, row: SheetRow, stores: Collection[str], seen: dict[tuple[str, str], int], wrong: Faults
    ) -> NewMember:
        reference = row.cells.get(REFERENCE) or None
        with wrong:
            if reference is not None and len(reference) > _LONGEST_REFERENCE:
                raise BadRow(REFERENCE, Phrase("a reference has at most {most} characters", most=_LONGEST_REFERENCE))
            _first(seen, REFERENCE, reference, row.number)
        home_store = row.cells.get("home_store") or None
        with wrong:
            if home_store is not None and home_store not in stores:
                raise BadRow("home_store", Phrase("there is no store {store!r}", store=home_store))
        texts = [text for text in _BETWEEN_CARDS.split(row.cells.get("cards", "")) if text]
        numbers = []
        for text in texts:
            with wrong:
                numbers.append(number := _card(text))
                _first(seen, "cards", number, row.number)
        said = {name: row.cells[name] for name in enrolling.FIELDS if row.cells.get(name)}
        fields = {}
        for name, value in said.items():
            with wrong:
                fields[name] = _field(name, value)
        if not said and not texts:
            with wrong:
                raise BadRow("cards", Phrase("the row names nobody: neither a card nor anything personal"))
        language = row.cells.get("language", "")
        return NewMember(self.mint(), row.number, reference, fields, list(dict.fromkeys(numbers)), home_store, language)

    def indexes(self, members: Iterable[NewMember]) -> dict[bytes, NewMember]:
        """Return whose each card of a file is, by the card's blind index."""
        return {self.vault.blind_index(cards.CARD, number): one for one in members for number in one.cards}

    def check_owners(self, session: Session, indexes: Mapping[bytes, NewMember], result: MemberImport) -> None:
        """Add a problem for every card that is somebody's already."""
        card, wanted = table_of(Card), sorted(indexes)
        for start in range(0, len(wanted), LOOK_UP_AT_ONCE):
            part = wanted[start : start + LOOK_UP_AT_ONCE]
            owned = select(card.c.blind_index, card.c.masked).where(
                card.c.blind_index.in_(part), card.c.member_id.is_not(None)
            )
            for row in session.execute(owned):
                problem = Phrase("card {card} belongs to a member already", card=row.masked)
                result.problems.append(Problem(indexes[bytes(row.blind_index)].row, "cards", problem))

    def _write(self, session: Session, members: Sequence[NewMember]) -> int:
        commit_no = self.open_commit(session, self.now_ms)
        bulk.insert_tuples(session, Member, MEMBER_COLUMNS, [self._row(member) for member in members])
        enrolling.insert_fields(session, list(self.field_rows(members)))
        lookup_keys.insert(
            session, [key for one in members for key in lookup_keys.keys_of(self.vault, one.id, one.fields)]
        )
        owners = self._attach(session, members)
        credited = credit_cards(session, commit_no, owners)
        dirt.note(session, commit_no, ((member.id, dirt.HEAD_OFFICE, self.now_ms) for member in members))
        return credited

    def _row(self, member: NewMember) -> tuple[Any, ...]:
        masked = normal.masked_name(member.fields.get(profile.NAME, ""))
        return member.id, member.reference, ACTIVE, masked, member.home_store, SOURCE, "", member.language, self.now_ms

    def field_rows(self, members: Iterable[NewMember]) -> Iterator[enrolling.FieldRow]:
        """Yield the rows of the members' fields, encrypted."""
        for member in members:
            for name, value in member.fields.items():
                yield enrolling.field_row(self.vault, member.id, name, value, source=SOURCE, now_ms=self.now_ms)

    def _attach(self, session: Session, members: Sequence[NewMember]) -> dict[UUID, UUID]:
        """Give every card to its member, under the cards' locks. Return the owners of cards that were here before."""
        wanted = {number: member.id for member in members for number in member.cards}
        found = cards.take(session, self.vault, self.mint, wanted, self.now_ms)
        if any(card.member is not None for card in found.values()):
            # Only now do the locks hold: what was looked at before may have changed.
            raise Conflict("a card of this file was given to somebody meanwhile; import it again")
        in_use = {number for member in members for number in member.cards[:1]}
        rows = sorted(
            (card.card, wanted[number], ACTIVE if number in in_use else REPLACED) for number, card in found.items()
        )
        give(session, rows, self.now_ms)
        return {card: member for card, member, _status in rows}


def give(session: Session, rows: Sequence[tuple[UUID, UUID, str]], now_ms: int) -> None:
    """Give cards to members who have none: (card, member, the card's status). The caller holds the cards."""
    shape: Columns = {"id": Uuid(), "member_id": Uuid(), "status": String()}
    owner, card = rowset(session, "owner", shape, rows), table_of(Card)
    session.execute(
        update(card)
        .values(member_id=owner.c.member_id, status=owner.c.status, attached_ms=now_ms)
        .where(card.c.id == owner.c.id)
    )


def read_members(content: bytes, more: Collection[str] = ()) -> Sheet:
    """Read a file of members, with columns of `more` besides. Raise Invalid for what is none."""
    try:
        sheet = read_sheet(content)
    except SheetUnreadable as error:
        raise Invalid(error.phrase) from error
    known = (*COLUMNS, *more)
    unknown = [name for name in sheet.columns if name and name not in known]
    if unknown:
        names = {"name": unknown[0], "known": ", ".join(known)}
        if unknown[0] in BALANCES and not more:
            raise Invalid(
                Phrase(
                    "the column {name!r} is not known; known are {known}; balances are taken over by an opening",
                    **names,
                )
            )
        raise Invalid(Phrase("the column {name!r} is not known; known are {known}", **names))
    return sheet


def unknown_rows(session: Session, sheet: Sheet, result: MemberImport, own: Collection[str] = ()) -> list[SheetRow]:
    """Return the rows whose reference is not here yet; those of `own` do not count as being here."""
    references = sorted({row.cells[REFERENCE] for row in sheet.rows if row.cells.get(REFERENCE)})
    wanted, member = (
        rowset(session, "wanted", {"reference": String()}, [(one,) for one in references]),
        table_of(Member),
    )
    known = set(
        session.execute(select(member.c.reference).join(wanted, wanted.c.reference == member.c.reference)).scalars()
    )
    known -= set(own)
    rows = [row for row in sheet.rows if row.cells.get(REFERENCE, "") not in known]
    result.known = len(sheet.rows) - len(rows)
    return rows


def _first(seen: dict[tuple[str, str], int], column: str, value: str | None, row: int) -> None:
    if value is not None and seen.setdefault((column, value), row) != row:
        raise BadRow(column, Phrase("what this row says here is in row {row} too", row=seen[column, value]))


def _said(error: Invalid) -> Phrase:
    return error.phrase or Phrase("this cannot be used")


def _card(text: str) -> str:
    try:
        return normal.card(text)
    except Invalid as error:
        raise BadRow("cards", _said(error)) from error


def _field(name: str, value: str) -> str:
    try:
        return profile.checked(name, value)
    except Invalid as error:
        raise BadRow(name, _said(error)) from error
