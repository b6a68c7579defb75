"""A hash chain over a table's rows: each link rests on the one before it, laid in the transaction that wrote the row.

Links stand in a table of their own and are laid last, when a transaction commits. So the one lock that keeps them in
a row is held for an instant and nothing is asked for after it: transactions that have nothing to do with each other
hardly wait for one another, and never for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, event, func, insert, select
from sqlalchemy.orm import Mapper, Session, object_session

from cloud.database.columns import Table
from cloud.database.rowset import table_of
from shared.hashchain import GENESIS, link

_AT_ONCE = 2_000
_LOCK = 0x73776C6B << 32
"""Advisory locks of whoever lays links (PostgreSQL), one a chain."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of following a chain: how many links hold, the last good head, and the first fault in words."""

    links: int
    head: bytes
    fault: str = ""


@dataclass(frozen=True)
class Chain:
    """A model's rows and their links.

    `columns` are what is hashed of a row, in this order and beginning with its id: JSON, an array. They are never
    changed, or the chain would not meet its heads. `links` has `number` (1 and on), `entry_id` and `head`.
    """

    entries: type[Table]
    links: type[Table]
    columns: tuple[str, ...]
    _new: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_new", f"chained:{table_of(self.entries).name}")

    def keep(self) -> None:
        """Have every transaction that writes rows through the model lay their links. Once, beside the models."""
        event.listen(self.entries, "after_insert", self._note)
        event.listen(Session, "before_commit", self._before_commit)

    def follow(self, session: Session, noted: tuple[int, bytes] | None = None) -> Proof:
        """Follow the chain from its beginning to the first link that does not hold.

        Whoever may write to the database's files could drop the newest rows together with their links. `noted` finds
        that: number and head of a link as somebody wrote them down elsewhere.
        """
        number, head = 0, GENESIS
        for row in self._all(session):
            next_head = link(head, self._content(row))
            fault = self._fault(row, number + 1, next_head, noted)
            if fault:
                return Proof(number, head, fault)
            number, head = number + 1, next_head
        loose = session.execute(self._unlinked()).scalar_one_or_none()
        if loose is not None:
            return Proof(number, head, f"entry {loose} has no link: it was not written by this program")
        if noted is not None and noted[0] > number:
            return Proof(number, head, f"link {noted[0]} was noted, the chain ends at {number}: its end was cut off")
        return Proof(number, head)

    def _fault(self, row: Row[Any], number: int, head: bytes, noted: tuple[int, bytes] | None) -> str:
        if row.number != number:
            return f"link {number} is missing: the next there is has number {row.number}"
        if row.id is None:
            return f"link {number} stands for entry {row.entry_id}, which is gone"
        if bytes(row.head) != head:
            return f"link {number} does not hold: entry {row.id} or the link itself was changed"
        if noted is not None and noted[0] == number and noted[1] != head:
            return f"link {number} has another head than the one noted: the chain was laid anew"
        return ""

    def _all(self, session: Session) -> Iterator[Row[Any]]:
        """Yield every link with its row's columns, which are all None where the row is gone."""
        entries, links = table_of(self.entries), table_of(self.links)
        query = (
            select(links, *(entries.c[name] for name in self.columns))
            .join_from(links, entries, entries.c.id == links.c.entry_id, isouter=True)
            .order_by(links.c.number)
            .limit(_AT_ONCE)
        )
        after = -1
        while part := session.execute(query.where(links.c.number > after)).all():
            yield from part
            after = part[-1].number

    def _unlinked(self) -> Any:
        entries, links = table_of(self.entries), table_of(self.links)
        linked = select(links.c.number).where(links.c.entry_id == entries.c.id).exists()
        return select(func.min(entries.c.id)).where(~linked)

    def _content(self, row: Row[Any]) -> bytes:
        return msgspec.json.encode([getattr(row, name) for name in self.columns])

    def _note(self, _mapper: Mapper[Any], _connection: Connection, entry: Any) -> None:
        session = object_session(entry)
        if session is not None:
            session.info.setdefault(self._new, set()).add(entry.id)

    def _before_commit(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        if any(isinstance(one, self.entries) for one in session.new):
            session.flush()
        new = session.info.pop(self._new, None)
        if new:
            self._lay(session, sorted(new))

    def _lay(self, session: Session, ids: Sequence[int]) -> None:
        """Lay the links of this transaction's rows; what a savepoint took back is not among them any more."""
        entries, links = table_of(self.entries), table_of(self.links)
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_LOCK + sum(self._new.encode()))))
        last = session.execute(select(links.c.number, links.c.head).order_by(links.c.number.desc()).limit(1)).first()
        number, head = (0, GENESIS) if last is None else (last.number, bytes(last.head))
        rows = []
        for row in session.execute(select(entries).where(entries.c.id.in_(ids)).order_by(entries.c.id)):
            number, head = number + 1, link(head, self._content(row))
            rows.append({"number": number, "entry_id": row.id, "head": head})
        if rows:
            session.execute(insert(links), rows)
