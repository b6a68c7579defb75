"""How a benchmark speaks: spread over runs, one JSON object, the command that repeats it."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Return minimum, median and maximum of repeated runs."""
    return {
        "min": round(min(values), digits),
        "median": round(median(values), digits),
        "max": round(max(values), digits),
        "runs": len(values),
    }


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and maximum in milliseconds."""
    return {
        "p50_ms": round(percentile(seconds, 0.50) * 1000, 3),
        "p95_ms": round(percentile(seconds, 0.95) * 1000, 3),
        "p99_ms": round(percentile(seconds, 0.99) * 1000, 3),
        "max_ms": round(max(seconds) * 1000, 3),
        "count": len(seconds),
    }


def now() -> float:
    """Seconds that only rise."""
    return time.perf_counter()


def peak_rss_mib(pid: int | None = None) -> float:
    """Return a process's peak resident memory in MiB (this one's by default)."""
    return _memory_mib(pid or os.getpid(), "VmHWM:")


def rss_mib(pid: int) -> float:
    """Return a process's resident memory now, in MiB."""
    return _memory_mib(pid, "VmRSS:")


def _memory_mib(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise LookupError(f"the kernel does not say {name}")


def report(name: str, budget: str, **figures: object) -> None:
    """Print a benchmark's answer: what it is held to, what it found, where, and how to repeat it."""
    print(
        json.dumps(
            {
                "benchmark": name,
                "budget": budget,
                **figures,
                "machine": {
                    "cpus": os.cpu_count(),
                    "python": platform.python_version(),
                    "system": platform.system(),
                    "load_1m": round(os.getloadavg()[0], 1),
                },
                "repeat": f"python -m benchmarks.{name} {' '.join(sys.argv[1:])}".strip(),
            },
            indent=2,
        )
    )
