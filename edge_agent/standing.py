"""How the agent stands, read from its disk beside the running process or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_agent.devices import logbook
from edge_agent.disk.agent_row import NotEnrolled, store_settings
from edge_agent.disk.errors import DatabaseDamaged
from edge_agent.disk.state_lock import is_running
from edge_agent.hq import identity, member_set
from edge_agent.moments import second_text
from edge_agent.pictures import listing
from edge_agent.pictures.shelf import Shelf
from edge_agent.prices import timeline
from edge_agent.record import outbox
from edge_agent.settings import EdgeSettings

T = TypeVar("T")


def read_standing(settings: EdgeSettings) -> dict[str, str]:
    """Return what to show, by name. Raise IdentityMissing or DatabaseDamaged."""
    who = identity.load(settings.state_dir)
    standing = {
        "agent": who.agent,
        "store": who.store,
        "running": "yes" if is_running(settings.state_dir) else "no",
        "certificate until": second_text(who.not_after_ms),
    }
    if not settings.database_path.exists():
        return {**standing, "database": "none yet: the agent has never run"}
    pictures = Shelf(settings.pictures_dir)
    return {**standing, **read_database(settings.database_path, lambda db: _from_database(db, pictures))}


def read_database(path: Path, fn: Callable[[sqlite3.Connection], T]) -> T:
    """Run `fn` on the agent's database without writing to it. Raise DatabaseDamaged when it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return fn(db)
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        raise DatabaseDamaged(f"{path} cannot be read ({error}); keep the file and call support") from error


def _from_database(db: sqlite3.Connection, pictures: Shelf) -> dict[str, str]:
    try:
        at = outbox.position(db)
    except NotEnrolled:
        return {"database": "empty: the agent has never run"}
    waiting = outbox.backlog(db)
    settings = store_settings(db)
    in_force = timeline.latched_version(db)
    return {
        "tills": ", ".join(till.till for till in settings.tills) if settings else "unknown: HQ has not spoken yet",
        "price book": str(in_force) if in_force is not None else "none: this store cannot sell yet",
        "staged": ", ".join(str(version) for version in timeline.staged(db)) or "none",
        "events": f"{at.last_seq} in epoch {at.epoch}, {at.acked_seq} acked",
        "backlog": f"{waiting.count}" + (f" since {second_text(waiting.oldest_ms)}" if waiting.oldest_ms else ""),
        "member set": str(member_set.version(db)),
        "pictures": _pictures(db, pictures),
        **{f"device {one.report.device}": _device(one) for one in logbook.entries_kept(db)},
    }


def _pictures(db: sqlite3.Connection, shelf: Shelf) -> str:
    """Return how many of the items' pictures are here, and what they take of the disk."""
    rows = listing.stretch(db, "", most=-1)  # -1: all of them
    wanted, held = listing.sizes(rows), shelf.listing()
    here = [held[name] for name in wanted if name in held]
    return f"{len(here)} of {len(wanted)}, {sum(here) / 1024**2:.1f} MiB"


def _device(kept: logbook.Entry) -> str:
    """Return how a device stood when it last changed: its state, since when, and what is wrong or remarkable."""
    report = kept.report
    words = [f"{report.state}, power {report.power}, since {second_text(kept.since_ms)}"]
    words += [part for part in (report.reason, ", ".join(report.conditions)) if part]
    words += [f"{name} {count}" for name, count in sorted(report.statistics.items())]
    return "; ".join(words)
