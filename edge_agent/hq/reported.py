"""The reported half of the device twin: what this agent really runs and holds, read from its own disk."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from edge_agent.devices import census
from edge_agent.disk.agent_row import store_settings
from edge_agent.hq import member_set
from edge_agent.pictures import listing
from edge_agent.prices import bodies, timeline
from edge_agent.record import outbox
from edge_agent.terminals import register
from edge_agent.till import baskets
from edge_agent.till.scanning import tally
from edge_agent.till.selling import shares
from shared.pricing import ENGINE_LEVEL
from shared.wire.messages import DeviceReport, FoundDevice, Reported, TillReport

SOFTWARE = version("storewire")
_MOST_FOUND = 64
"""More than any till PC has ports for; a report stays small."""


def read_reported(
    db: sqlite3.Connection, state_dir: Path, problems: Sequence[str], devices: Sequence[DeviceReport] = ()
) -> Reported:
    """Return what to report now. `problems` are sentences for HQ; each starts with a code and a colon."""
    serial, content, parked = db.execute("SELECT desired_serial, desired_hash, parked FROM agent").fetchone()
    settings = store_settings(db)
    in_force = timeline.latched_version(db)
    waiting = outbox.backlog(db)
    tills = [till.till for till in settings.tills] if settings and in_force is not None else []
    beyond = [f"engine: price book {number} needs a newer program" for number in timeline.beyond_engine(db)]
    return Reported(
        software=SOFTWARE,
        engine=ENGINE_LEVEL,
        desired_serial=serial,
        staged=timeline.staged(db),
        tills=[
            TillReport(till=till, version=in_force or 0, oldest_open_version=baskets.oldest_version(db, till))
            for till in tills
        ],
        body_hashes=bodies.newest_hashes(db) | listing.newest_hash(db),
        members_version=member_set.version(db),
        backlog=waiting.count,
        backlog_since_ms=waiting.oldest_ms,
        parked=parked,
        disk_free_bytes=shutil.disk_usage(state_dir).free,
        problems=[*problems, *beyond],
        devices=list(devices),
        found=[_found(one) for one in census.take()[:_MOST_FOUND]],
        budgets=shares.report(db),
        terminals=register.report(db, settings),
        labels=tally.report(db),
        desired_hash=content,
    )


def _found(one: census.Found) -> FoundDevice:
    ways = [kind.value for kind in one.transports]
    return FoundDevice(address=one.address, usb=one.usb, name=one.name, transports=ways, models=list(one.models))
