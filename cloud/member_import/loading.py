"""Load a checked file piece by piece: pending members, opening journals, progress; who is interrupted goes on.

A piece is a transaction that also says how far the file is through, so that nothing is loaded twice or left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlmodel import Session

from cloud import audit, ledger
from cloud.database import Database, bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, NotFound, Refused
from cloud.ledger import lots
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL
from cloud.loyalty import years
from cloud.member_import.importing import MEMBER_COLUMNS, SOURCE, Importer
from cloud.member_import.models import (
    LOADED,
    LOADING,
    REFUSED,
    MemberOpening,
    OpeningCard,
    OpeningTotal,
)
from cloud.member_import.reading import OpeningFile, OpeningRow, nobody_looks, read_opening
from cloud.members import cards, enrolling, lookup_keys, value
from cloud.members.models import PENDING, Member
from cloud.members.profile import NAME
from cloud.org.models import Store
from cloud.privacy import normal
from cloud.value.purses import open_for_members

AT_ONCE = 2_000
"""Rows of one transaction."""
_OPENINGS = UUID("6a2f5f8b-1c0e-5c53-9f6d-54a1b6f3f0c1")
_CARD = ("card_id", "opening_id", "member_id", "first")
_MONEY = (PURSE_PRINCIPAL, PURSE_GIFT)

Progress = Callable[[int, int], None]
"""Is told how many rows are through, of how many."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file: the opening's id when it was loaded, else what is wrong with it."""

    opening: UUID | None
    file: OpeningFile


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads files. `now_ms` is HQ's wall time."""

    database: Database
    importer: Importer
    actor: str

    def check(self, content: bytes, progress: Progress = nobody_looks) -> OpeningFile:
        """Read a file and say everything that is wrong with it; nothing is stored. Raise Invalid for no such table."""
        with self.database.snapshot() as session:
            return read_opening(session, self.importer, content, _own(session, opening_of(session, content)), progress)

    def load(
        self, content: bytes, name: str, progress: Progress = nobody_looks, looked: Progress = nobody_looks
    ) -> Loaded:
        """Load a file; nothing where a single row is wrong. The same file goes on where it stopped.

        It is checked once more before; `looked` is told how far that is, `progress` how far the loading.

        Raise Conflict for a file that is through already, Invalid for what is no table of members.
        """
        file = self.check(content, looked)
        if file.problems:
            return Loaded(None, file)
        opening = self._begin(content, name, file)
        rows = [self._named(opening, row) for row in file.good]
        for start in range(0, len(rows), AT_ONCE):
            self._piece(opening, rows[start : start + AT_ONCE])
            progress(min(start + AT_ONCE, len(rows)), len(rows))
        with self.database.session() as session:
            row = locked(session, opening)
            if row.status != LOADING:
                raise Refused("not_loading", f"this opening is {row.status}")
            row.status, row.loaded_ms = LOADED, self.importer.now_ms
            session.add(row)
        return Loaded(opening, file)

    def _begin(self, content: bytes, name: str, file: OpeningFile) -> UUID:
        with self.database.session() as session:
            opening = opening_of(session, content)
            row = session.get(MemberOpening, opening, with_for_update=True)
            if row is not None:
                if row.status != LOADING:
                    raise Conflict(f"this very file is here already, it is {row.status}")
                return opening
            session.add(
                MemberOpening(
                    id=opening,
                    name=name[:200],
                    checksum=sha256(content).digest(),
                    rows=file.rows,
                    known=file.known,
                    started_ms=self.importer.now_ms,
                    started_by=self.actor,
                )
            )
            for total in file.totals:
                session.add(OpeningTotal(opening_id=opening, **total._asdict()))
            audit.record(
                session, at_ms=self.importer.now_ms, actor=self.actor, action="member.opening", subject=str(opening)
            )
        return opening

    def _named(self, opening: UUID, row: OpeningRow) -> OpeningRow:
        """Give a row's member the id that it has however often the file is read."""
        return replace(row, member=replace(row.member, id=member_id(opening, row.member.row)))

    def _piece(self, opening: UUID, rows: Sequence[OpeningRow]) -> None:
        with self.database.session() as session:
            head = locked(session, opening)
            if head.status != LOADING:
                raise Refused("not_loading", f"this opening is {head.status}")
            rows = [row for row in rows if row.member.row > head.done]
            if not rows:
                return
            self._people(session, opening, rows)
            self._cards(session, opening, rows)
            self._tiers(session, rows)
            self._balances(session, opening, rows)
            head.done = rows[-1].member.row
            session.add(head)

    def _people(self, session: Session, opening: UUID, rows: Sequence[OpeningRow]) -> None:
        now_ms, members = self.importer.now_ms, [row.member for row in rows]
        people = []
        for one in members:
            masked = normal.masked_name(one.fields.get(NAME, ""))
            home, language = one.home_store, one.language
            people.append((one.id, one.reference, PENDING, masked, home, SOURCE, "", language, now_ms, opening))
        bulk.insert_tuples(session, Member, (*MEMBER_COLUMNS, "import_id"), people)
        enrolling.insert_fields(session, list(self.importer.field_rows(members)))
        vault = self.importer.vault
        lookup_keys.insert(session, [key for one in members for key in lookup_keys.keys_of(vault, one.id, one.fields)])

    def _cards(self, session: Session, opening: UUID, rows: Sequence[OpeningRow]) -> None:
        """Remember the cards; they become their members' with the signature."""
        owners = {number: (row.member.id, n == 0) for row in rows for n, number in enumerate(row.member.cards)}
        importer = self.importer
        found = cards.remember(session, importer.vault, importer.mint, owners, importer.now_ms)
        wanted = sorted((card.card, opening, *owners[number]) for number, card in found.items())
        bulk.insert_tuples(session, OpeningCard, _CARD, wanted)

    def _tiers(self, session: Session, rows: Sequence[OpeningRow]) -> None:
        """Write a tier as reached last year, so that it holds on from there."""
        years.take_over(session, {row.member.id: row.tier for row in rows if row.tier}, self.importer.now_ms)

    def _balances(self, session: Session, opening: UUID, rows: Sequence[OpeningRow]) -> None:
        self._purses(session, rows)
        made = list(self._journals(opening, rows))
        if made:
            ledger.post(session, open_commit(session, self.importer.now_ms), [journal for journal, _ in made])
            lots.bring(session, [lot for _, lot in made])

    def _purses(self, session: Session, rows: Sequence[OpeningRow]) -> None:
        """Open a purse for whoever brings money. The chain's first store stands for members without a home."""
        wanted = []
        spare: dict[str, str] = {}
        for row in rows:
            for currency in sorted({brought.unit for brought in row.brought if brought.kind in _MONEY}):
                if row.member.home_store is None and currency not in spare:
                    spare[currency] = _a_store(session, currency)
                wanted.append((row.member.home_store or spare[currency], row.member.id))
        open_for_members(session, wanted, self.importer.now_ms)

    def _journals(self, opening: UUID, rows: Sequence[OpeningRow]) -> Iterator[tuple[ledger.Journal, lots.NewLot]]:
        for row in rows:
            for n, brought in enumerate(row.brought):
                yield value.open_with(opening, row.member.id, n, brought, self.importer.now_ms)


def _a_store(session: Session, currency: str) -> str:
    store = table_of(Store)
    query = select(store.c.id).where(store.c.currency == currency).order_by(store.c.id).limit(1)
    return str(session.execute(query).scalar_one())


def opening_of(session: Session, content: bytes) -> UUID:
    """Return the id of a file's opening, here and everywhere. One that was taken back makes room for another try."""
    checksum = sha256(content).hexdigest()
    for tried in count():
        opening = uuid5(_OPENINGS, f"{checksum}/{tried}" if tried else checksum)
        row = session.get(MemberOpening, opening)
        if row is None or row.status != REFUSED:
            break
    return opening


def _own(session: Session, opening: UUID) -> set[str]:
    member = table_of(Member)
    query = select(member.c.reference).where(member.c.import_id == opening, member.c.reference.is_not(None))
    return set(session.execute(query).scalars())


def member_id(opening: UUID, row: int) -> UUID:
    """Return the id of the member of a file's row."""
    return uuid5(opening, str(row))


def locked(session: Session, opening: UUID) -> MemberOpening:
    """Return an opening for whoever changes it: nobody else does until the transaction ends. Raise NotFound."""
    row = session.get(MemberOpening, opening, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no opening {opening}")
    return row
