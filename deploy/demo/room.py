"""Whether a chain fits this machine's memory: every store's agent is a process of its own."""

from __future__ import annotations

from pathlib import Path

AGENT_MIB = 55
"""What one agent takes for itself, a little rounded up (52 MiB measured with its pages and a year's catalogue)."""
HEAD_OFFICE_MIB = 1_000
"""Head office's five processes, the demo's own and the data set."""
_MEMORY = Path("/proc/meminfo")


class NotEnoughMemory(RuntimeError):
    """So many stores do not fit this machine; the text says how many do."""


def require_memory(stores: int, source: Path = _MEMORY) -> None:
    """Raise NotEnoughMemory where this machine would start to kill processes on the way. Unknown is enough."""
    free = _free_mib(source)
    if free is None or free >= HEAD_OFFICE_MIB + stores * AGENT_MIB:
        return
    fit = (free - HEAD_OFFICE_MIB) // AGENT_MIB
    advice = f"take --stores {fit} at most" if fit > 0 else "close something else first"
    raise NotEnoughMemory(
        f"{stores} stores need about {(HEAD_OFFICE_MIB + stores * AGENT_MIB) / 1024:.0f} GiB of memory,"
        f" each agent {AGENT_MIB} MiB; {free / 1024:.1f} GiB are free here: {advice}"
    )


def _free_mib(source: Path) -> int | None:
    try:
        lines = source.read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) // 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
