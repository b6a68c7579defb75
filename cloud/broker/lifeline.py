"""A broker does not outlive its keeper: a guard ends it when the keeper is gone, and the next keeper makes sure.

A keeper that is killed can end nothing any more, and a broker that nobody keeps would let in for ever whoever was
allowed at that moment. A signal at the parent's death is no help: the kernel forgets it when a broker changes its user.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# $1 is the broker, $2 when it started. Standard input ends when the keeper does, however it ends.
_GUARD = """
read -r done && exit 0
broker=$1; started=$2
read -r stat < "/proc/$broker/stat" || exit 0
set -- ${stat##*) }
[ "${20}" = "$started" ] && kill -KILL "$broker"
"""
_AFTER_NAME = 19
"""Where the start time stands in /proc/PID/stat, counted behind the name (field 22 of proc(5))."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One very process: its id, and when it started (clock ticks since the machine did), for ids are used again."""

    pid: int
    started: int


def mark_of(pid: int) -> Mark | None:
    """Return the mark of a process that runs; None when there is none of that id, or only its remains."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (OSError, ValueError):
        return None
    return None if state == "Z" else Mark(pid, int(numbers[_AFTER_NAME - 1]))


def note(path: Path, mark: Mark) -> None:
    """Keep a mark in a file."""
    path.write_text(f"{mark.pid} {mark.started}\n")


def noted(path: Path) -> Mark | None:
    """Return the mark kept in a file, None when there is none that can be read."""
    try:
        pid, started = path.read_text().split()
        return Mark(int(pid), int(started))
    except (OSError, ValueError):
        return None


def kill(mark: Mark) -> bool:
    """Kill that very process and no other that has its id now; tell whether it still ran."""
    if mark_of(mark.pid) != mark:
        return False
    with suppress(ProcessLookupError):
        os.kill(mark.pid, signal.SIGKILL)
    return True


@asynccontextmanager
async def held(mark: Mark) -> AsyncIterator[Process]:
    """Have a guard kill that process if this one ends before the block does."""
    guard = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", _GUARD, "broker-guard", str(mark.pid), str(mark.started),
        stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield guard
    finally:
        with suppress(ConnectionError, ProcessLookupError):
            await guard.communicate(b"done\n")
