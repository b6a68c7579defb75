"""The witness: a small file beside the database that remembers how far this machine's outbox had come.

A database put back from an old copy does not know it; the witness does, offline. It is written after the commits
it speaks of, at most once a second and at shutdown, so it may lag behind the database but never leads it, and a
sale pays nothing for it. A copy restored to a point inside that second is found by HQ instead (a fork).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from edge_agent.disk.durable_file import replace_file
from edge_agent.record import outbox

_MACHINE_ID = Path("/etc/machine-id")
_PRODUCT_ID = Path("/sys/class/dmi/id/product_uuid")


class Machine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What tells this machine from another: the system's id, and the board's where it may be read ('' if not)."""

    system: str = ""
    board: str = ""

    def differs(self, other: Machine) -> bool:
        """Say whether the two are certainly different machines: an id known on both sides is not the same."""
        pairs = ((self.system, other.system), (self.board, other.board))
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says."""

    machine: Machine
    epoch: UUID
    seq: int
    head: bytes


def this_machine() -> Machine:
    """Read the ids of the machine this runs on."""
    return Machine(system=_first_line(_MACHINE_ID), board=_first_line(_PRODUCT_ID))


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def read(path: Path) -> Witness | None:
    """Return the witness; None when there is none or it cannot be read, which is as good as none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Witness)
    except (FileNotFoundError, msgspec.DecodeError, ValueError):
        return None


def write(path: Path, witness: Witness) -> None:
    """Replace the witness durably: a power cut leaves the old one or the new one."""
    replace_file(path, msgspec.json.encode(witness))


def of(db: sqlite3.Connection, machine: Machine) -> Witness:
    """Return what the file should say now."""
    at = outbox.position(db)
    return Witness(machine=machine, epoch=at.epoch, seq=at.last_seq, head=at.head)


def judge(db: sqlite3.Connection, witness: Witness | None, machine: Machine) -> Literal["restored", "cloned"] | None:
    """Say what happened to this database since it was last used here, or None when it simply went on.

    No witness beside a database that has an epoch means that the file was brought from elsewhere.
    """
    if witness is None:
        return "restored"
    if witness.machine.differs(machine):
        return "cloned"
    at = outbox.position(db)
    if witness.epoch != at.epoch:
        return None if _knows(db, witness) else "restored"
    if witness.seq > at.last_seq:
        return "restored"
    return None if _same_head(db, witness) else "restored"


def _knows(db: sqlite3.Connection, witness: Witness) -> bool:
    """Say whether an epoch that was closed here covers the witness: it lags, by a crash just after the closing."""
    row = db.execute("SELECT last_seq FROM epoch WHERE epoch = ?", (witness.epoch.bytes,)).fetchone()
    return row is not None and row[0] is not None and row[0] >= witness.seq


def _same_head(db: sqlite3.Connection, witness: Witness) -> bool:
    head = outbox.head_at(db, witness.seq)
    return head is None or head == witness.head


def note_lost(db: sqlite3.Connection, witness: Witness, wall_ms: int) -> None:
    """Keep the numbers a lost copy of this database had used, so that the next epoch can say so."""
    db.execute(
        "INSERT INTO epoch (epoch, opened_ms, reason, last_seq) VALUES (?, ?, 'lost', ?)"
        " ON CONFLICT DO UPDATE SET last_seq = max(coalesce(last_seq, 0), excluded.last_seq)",
        (witness.epoch.bytes, wall_ms, witness.seq),
    )
