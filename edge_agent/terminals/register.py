"""The paired terminals: on the disk by the hash of what each holds, in memory for every request to be checked by."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.terminals.acts import Acts, Done
from shared.wire.desired import StoreSettings
from shared.wire.messages import TerminalReport
from shared.wire.terminal_events import TerminalAct

TOKEN_CHARACTERS = 43
"""32 random bytes as URL-safe text."""
_SEEN_EVERY_MS = 3_600_000
_MOST_NAME = 40


@dataclass(frozen=True, slots=True)
class Terminal:
    """A paired terminal: its number, its only till, what people call it, who paired it, when and where it was seen.

    Times are milliseconds since 1970 UTC by the machine's clock. `generation` is head office's when it was paired.
    """

    number: int
    till: str
    name: str
    generation: int
    paired_by: str
    paired_ms: int
    seen_ms: int
    seen_from: str


@dataclass(frozen=True, slots=True)
class Why:
    """Who does something with a terminal, and the reason they give."""

    by: str
    reason: str


class Register:
    """All paired terminals. `wall_ms` is the machine's clock, `token` gives a secret of TOKEN_CHARACTERS.

    `acts` records who came and went.
    """

    def __init__(self, database: Database, wall_ms: Callable[[], int], token: Callable[[], str], acts: Acts) -> None:
        self._database = database
        self._wall_ms = wall_ms
        self._token = token
        self._acts = acts
        self._known: dict[bytes, Terminal] = {}

    async def recall(self) -> None:
        """Read who was paired before this start."""
        self._known = await self._database.read(_read)

    @property
    def terminals(self) -> list[Terminal]:
        """Everybody paired, by number."""
        return sorted(self._known.values(), key=lambda one: one.number)

    def holder(self, token: str) -> Terminal | None:
        """Return whose secret this is."""
        if len(token) != TOKEN_CHARACTERS or not token.isascii():
            return None
        return self._known.get(_hash(token))

    def knows(self, terminal: Terminal) -> bool:
        """Tell whether a terminal is still paired."""
        return any(one.number == terminal.number for one in self._known.values())

    async def add(self, till: str, name: str, *, generation: int, why: Why, address: str) -> tuple[Terminal, str]:
        """Pair a terminal. Return it and the secret it will show, which is not kept. Raise DiskFull."""
        token = self._token()
        now_ms = self._wall_ms()
        wanted = Terminal(0, till, name[:_MOST_NAME], generation, why.by, now_ms, now_ms, address)

        def insert(db: sqlite3.Connection) -> Terminal:
            made = replace(wanted, number=_insert(db, wanted, _hash(token)))
            self._acts.record(db, _done(TerminalAct.PAIRED, made, why))
            return made

        made = await self._database.run(insert)
        self._known[_hash(token)] = made
        self._acts.rung()
        return made, token

    async def remove(self, number: int, why: Why) -> Terminal | None:
        """Unpair a terminal; what it holds is worth nothing from now on. None: there is none of that number."""
        held = next((token for token, one in self._known.items() if one.number == number), None)
        if held is None:
            return None
        gone = self._known.pop(held)  # at once: also when the disk cannot be written just now

        def delete(db: sqlite3.Connection) -> None:
            _delete(db, number)
            self._acts.record(db, _done(TerminalAct.UNPAIRED, gone, why))

        await self._database.run(delete, makes_room=True)
        self._acts.rung()
        return gone

    async def note_seen(self, terminal: Terminal, address: str) -> None:
        """Keep that a terminal was here, once an hour, and at once when it comes from elsewhere."""
        now_ms = self._wall_ms()
        if terminal.seen_from == address and 0 <= now_ms - terminal.seen_ms < _SEEN_EVERY_MS:
            return
        held = next((token for token, one in self._known.items() if one.number == terminal.number), None)
        if held is None:
            return
        seen = self._known[held] = replace(terminal, seen_ms=now_ms, seen_from=address)
        try:
            await self._database.run(partial(_note, terminal=seen), synced=False)
        except DiskFull:
            return  # it is known in memory, and nothing hangs on it


def report(db: sqlite3.Connection, settings: StoreSettings | None) -> list[TerminalReport]:
    """Return the paired terminals as HQ is told of them: those that it has not unpaired, the door open or closed."""
    if settings is None:
        return []
    generation, tills = settings.terminals.generation, {one.till for one in settings.tills}
    return [
        TerminalReport(
            number=one.number,
            till=one.till,
            name=one.name,
            paired_by=one.paired_by,
            paired_ms=one.paired_ms,
            seen_ms=one.seen_ms,
            seen_from=one.seen_from,
        )
        for one in _read(db).values()
        if one.generation == generation and one.till in tills
    ]


def _done(act: TerminalAct, terminal: Terminal, why: Why) -> Done:
    return Done(
        act=act,
        till=terminal.till,
        number=terminal.number,
        name=terminal.name,
        by=why.by,
        reason=why.reason,
        seen_from=terminal.seen_from,
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _read(db: sqlite3.Connection) -> dict[bytes, Terminal]:
    rows = db.execute(
        "SELECT token_hash, number, till, name, generation, paired_by, paired_ms, seen_ms, seen_from FROM terminal"
        " ORDER BY number"
    )
    return {token_hash: Terminal(*rest) for token_hash, *rest in rows}


def _insert(db: sqlite3.Connection, terminal: Terminal, token_hash: bytes) -> int:
    row = db.execute(
        "INSERT INTO terminal (token_hash, till, name, generation, paired_by, paired_ms, seen_ms, seen_from)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (
            token_hash, terminal.till, terminal.name, terminal.generation,
            terminal.paired_by, terminal.paired_ms, terminal.seen_ms, terminal.seen_from,
        ),
    ).fetchone()  # fmt: skip
    return int(row[0])


def _delete(db: sqlite3.Connection, number: int) -> None:
    db.execute("DELETE FROM terminal WHERE number = ?", (number,))


def _note(db: sqlite3.Connection, terminal: Terminal) -> None:
    db.execute(
        "UPDATE terminal SET seen_ms = ?, seen_from = ? WHERE number = ?",
        (terminal.seen_ms, terminal.seen_from, terminal.number),
    )
