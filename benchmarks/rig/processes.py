"""Child processes of a benchmark: started, watched, measured, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rig.figures import peak_rss_mib

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Process:
    """One child: a Python command, its log, its standard input and output as lines."""

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it."""
        log = (self.folder / f"{self.name}.log").open("ab")
        with log:
            self.child = subprocess.Popen(
                [sys.executable, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=log if self.name.partition("-")[0] in _SILENT else subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self.environment},
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        if self.child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.child.pid

    def say(self, line: str) -> None:
        """Write a line to its standard input."""
        if self.child is None or self.child.stdin is None:
            raise RuntimeError(f"{self.name} has no standard input")
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def hear(self) -> str:
        """Return its next line. Raise RuntimeError with its last words when it ended instead."""
        if self.child is None or self.child.stdout is None:
            raise RuntimeError(f"{self.name} has no standard output")
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended:\n{self.last_words()}")
        return line.rstrip("\n")

    def last_words(self) -> str:
        """Return the end of its log."""
        return (self.folder / f"{self.name}.log").read_text(errors="replace")[-2000:]

    def ended(self) -> bool:
        """Tell whether it has ended by itself."""
        return self.child is not None and self.child.poll() is not None

    def stop(self) -> None:
        """End it; wait for it."""
        if self.child is None:
            return
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                pipe.close()

    def children(self) -> list[int]:
        """Return the processes that it has started itself."""
        return children_of(self.pid)


_SILENT = {"broker", "ingest", "api", "agent", "jobs"}
"""They log on standard output; nobody would read it."""


@contextmanager
def started(name: str, arguments: Sequence[str], folder: Path) -> Iterator[Process]:
    """Run a Python command until the block ends."""
    process = Process(name, arguments, folder)
    process.start()
    try:
        yield process
    finally:
        process.stop()


def until(condition: Callable[[], bool], what: str, process: Process, seconds: float = 60.0) -> None:
    """Wait until a condition holds. Raise RuntimeError when the process ends or the time is over."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if process.ended() or time.monotonic() > ends:
            raise RuntimeError(f"waited in vain for {what}:\n{process.last_words()}")
        pause.wait(0.02)


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    content = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in content.split()]


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(slots=True)
class Usage:
    """What processes cost between two moments: processor seconds, and the peak of their memory."""

    pids: dict[str, list[int]]
    before: dict[int, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Start counting."""
        self.before = {pid: cpu_seconds(pid) for pids in self.pids.values() for pid in pids}

    def end(self) -> dict[str, dict[str, float]]:
        """Return processor seconds and peak memory by name."""
        found = {}
        for name, pids in self.pids.items():
            live = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
            found[name] = {
                "cpu_seconds": round(sum(cpu_seconds(pid) - self.before.get(pid, 0.0) for pid in live), 1),
                "peak_rss_mib": round(max((peak_rss_mib(pid) for pid in live), default=0.0), 1),
            }
        return found

    def end_of(self, seconds: float) -> dict[str, float]:
        """Return how busy each was, as a share of one processor over so many seconds."""
        return {name: round(used["cpu_seconds"] / seconds, 3) for name, used in self.end().items()}
