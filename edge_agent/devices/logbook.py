"""The logbook: how each device stood and what was counted of it, on the agent's disk, for restarts and for people."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from edge_agent.devices.device import Tally
from edge_agent.devices.ports import Statistic
from shared.wire.messages import DeviceReport

_decoder = msgspec.json.Decoder(DeviceReport)


@dataclass(frozen=True, slots=True)
class Entry:
    """A device as it is kept. `since_ms` is when it took its state, in machine time."""

    report: DeviceReport
    online_ms: int
    since_ms: int


def keep(db: sqlite3.Connection, seen: Sequence[tuple[DeviceReport, int]], wall_ms: int) -> None:
    """Keep exactly these devices, each with its milliseconds online; one whose state is the same keeps its moment."""
    since = {(one.report.device, one.report.state): one.since_ms for one in entries_kept(db)}
    db.execute("DELETE FROM device")
    for report, online_ms in seen:
        since_ms = since.get((report.device, report.state), wall_ms)
        db.execute(
            "INSERT INTO device VALUES (?, ?, ?, ?)", (report.device, msgspec.json.encode(report), online_ms, since_ms)
        )


def entries_kept(db: sqlite3.Connection) -> list[Entry]:
    """Return every device as it was kept last, by name."""
    rows = db.execute("SELECT report, online_ms, since_ms FROM device ORDER BY name")
    return [Entry(_decoder.decode(report), online_ms, since_ms) for report, online_ms, since_ms in rows]


def tallies(db: sqlite3.Connection) -> dict[str, Tally]:
    """Return what was counted of each device, to go on from."""
    return {one.report.device: Tally(_counts(one.report), one.online_ms) for one in entries_kept(db)}


def _counts(report: DeviceReport) -> Counter[Statistic]:
    known = {name.value: name for name in Statistic if name is not Statistic.HOURS}
    return Counter({known[name]: count for name, count in report.statistics.items() if name in known})
