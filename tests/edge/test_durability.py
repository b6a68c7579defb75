"""P1 at the system call: what the till has said is synced to the disk before the first byte of the receipt.

The selling process runs under strace. From its log a disk is rebuilt that kept only what was synced, as a power
cut leaves it at worst, and SQLite is asked what it finds there. The same tests run with less than
`synchronous=FULL` and must fail then: ending a process proves nothing about fsync.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.edge.selling_process import SALES
from tests.edge.tills import opened_store

ROOT = Path(__file__).parents[2]
CALLS = "pwrite64,write,fdatasync,fsync,ftruncate"
ENTRY = re.compile(r'^(\d+) +(\w+)\((\d+)<([^>]*)>(?:, (?:"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?, )?(\d+)?(?:, (\d+))?)?')
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+)")
RESULT = re.compile(r"\) += (-?\d+)")

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt install strace)"),
]


@dataclass(frozen=True)
class Call:
    """One finished system call on a file."""

    name: str
    path: str
    data: bytes
    number: int
    """Offset of a write, length of a truncation."""


def finished_calls(log: Path) -> Iterator[Call]:
    """Read strace's log: a write counts when it begins, a sync when it has returned 0."""
    waiting: dict[str, Call] = {}
    for line in log.read_text().splitlines():
        if entry := ENTRY.match(line):
            call = _call(entry)
            if call.name not in {"fdatasync", "fsync"}:
                yield call
            elif "<unfinished" in line:
                waiting[entry[1]] = call
            elif (result := RESULT.search(line)) and result[1] == "0":
                yield call
        elif (resumed := RESUMED.match(line)) and resumed[1] in waiting and resumed[2] in {"fdatasync", "fsync"}:
            call = waiting.pop(resumed[1])
            if resumed[3] == "0":
                yield call


def _call(entry: re.Match[str]) -> Call:
    data = bytes.fromhex((entry[5] or "").replace("\\x", ""))
    number = entry[7] if entry[2] == "pwrite64" else entry[6]
    path = bytes.fromhex(entry[4].replace("\\x", "")).decode() if entry[4].startswith("\\x") else entry[4]
    return Call(entry[2], path, data, int(number or 0))


@dataclass
class SyncedFile:
    """A file on a disk that keeps nothing that was not synced."""

    content: bytearray = field(default_factory=bytearray)
    unsynced: list[Call] = field(default_factory=list)

    def take(self, call: Call) -> None:
        if call.name in {"fdatasync", "fsync"}:
            for one in self.unsynced:
                self._apply(one)
            self.unsynced.clear()
        else:
            self.unsynced.append(call)

    def _apply(self, call: Call) -> None:
        if call.name == "ftruncate":
            del self.content[call.number :]
            return
        end = call.number + len(call.data)
        self.content.extend(bytes(max(0, end - len(self.content))))
        self.content[call.number : end] = call.data


@dataclass(frozen=True)
class Announcement:
    """What the disk held for certain when a receipt was printed."""

    sale: str
    database: bytes
    wal: bytes
    wal_synced: bool


def announcements(log: Path, database: Path, before: bytes) -> list[Announcement]:
    """Follow the log, and look at the disk at each line the process printed."""
    main, wal = SyncedFile(bytearray(before)), SyncedFile()
    files = {str(database): main, f"{database}-wal": wal}
    found = []
    for call in finished_calls(log):
        if call.path in files:
            files[call.path].take(call)
        elif call.path.endswith("/printer"):
            sale = call.data.decode().split()[0]
            found.append(Announcement(sale, bytes(main.content), bytes(wal.content), not wal.unsynced))
    return found


def kept_sales(folder: Path, disk: Announcement) -> set[str]:
    """Start SQLite on what the disk kept."""
    folder.mkdir()
    (folder / "agent.db").write_bytes(disk.database)
    (folder / "agent.db-wal").write_bytes(disk.wal)
    db = sqlite3.connect(folder / "agent.db")
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = db.execute("SELECT lower(hex(event.id)) FROM event JOIN receipt ON receipt.event = event.id")
        return {key for (key,) in rows.fetchall()}
    finally:
        db.close()


async def sell_under_strace(folder: Path, synchronous: str) -> list[Announcement]:
    async with opened_store(folder):
        pass
    before = (folder / "agent.db").read_bytes()
    log, printer = folder / "strace.log", folder / "printer"
    with printer.open("wb") as paper:
        process = await asyncio.create_subprocess_exec(
            *("strace", "-f", "-y", "-xx", "-s", "70000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)),
            *(sys.executable, "-m", "tests.edge.selling_process", str(folder), synchronous),
            cwd=ROOT,
            stdout=paper,
        )
        assert await process.wait() == 0
    return announcements(log, folder / "agent.db", before)


@pytest.mark.parametrize(("synchronous", "safe"), [("FULL", True), ("NORMAL", False), ("OFF", False)])
async def test_p1_every_sale_said_is_on_a_disk_that_keeps_only_what_was_synced(
    tmp_path: Path, synchronous: str, *, safe: bool
) -> None:
    said = await sell_under_strace(tmp_path / "state", synchronous)
    assert [one.sale for one in said] == [str(sale) for sale in SALES]
    lost = []
    for n, disk in enumerate(said):
        kept = kept_sales(tmp_path / f"disk{n}", disk)
        lost += [one.sale for one in said[: n + 1] if one.sale.replace("-", "") not in kept]
    assert all(disk.wal_synced for disk in said) is safe
    assert (not lost) is safe, lost
