"""Whether a run fits this machine: every store's agent is a process of its own with a disk file of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

AGENT_MIB = 55
"""What one agent takes for itself, a little rounded up (52 MiB measured with its pages and a year's catalogue)."""
HEAD_OFFICE_MIB = 1_000
"""Head office's five processes, the demo's own and the data set."""
AGENT_DISK_MIB = 35
"""What one agent writes, its sales apart (31 MiB measured with a year of price books)."""
HEAD_OFFICE_DISK_MIB = 100
BASKETS_A_DISK_MIB = 50
"""Baskets whose sales fill a mebibyte of both sides' disks, rounded down (3,000 took 53 MiB at head office)."""
_MEMORY = Path("/proc/meminfo")


class NotEnoughRoom(RuntimeError):
    """So many stores or baskets do not fit this machine; the text says what does."""


def require_memory(stores: int, source: Path = _MEMORY) -> None:
    """Raise NotEnoughRoom where this machine would start to kill processes on the way. Unknown is enough."""
    free = _free_mib(source)
    if free is None or free >= HEAD_OFFICE_MIB + stores * AGENT_MIB:
        return
    fit = (free - HEAD_OFFICE_MIB) // AGENT_MIB
    advice = f"take --stores {fit} at most" if fit > 0 else "close something else first"
    raise NotEnoughRoom(
        f"{stores} stores need about {(HEAD_OFFICE_MIB + stores * AGENT_MIB) / 1024:.0f} GiB of memory,"
        f" each agent {AGENT_MIB} MiB; {free / 1024:.1f} GiB are free here: {advice}"
    )


def require_disk(folder: Path, stores: int, baskets: int) -> None:
    """Raise NotEnoughRoom where the disk would be full on the way: tills that refuse to sell look like a fault."""
    needed = HEAD_OFFICE_DISK_MIB + stores * AGENT_DISK_MIB + baskets // BASKETS_A_DISK_MIB
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    if free < needed:
        raise NotEnoughRoom(
            f"a run of {stores} stores and {baskets:,} baskets writes about {needed:,} MiB, and {folder} has"
            f" {free:,} MiB left: name a --folder on another disk, remove earlier runs, or take fewer stores"
        )


def _free_mib(source: Path) -> int | None:
    try:
        lines = source.read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) // 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
