"""A peer's storage beside our outbox: what each loses on kill -9 right after it accepted, and how fast it drains.

The peer is the storage layer of `thingsboard-gateway`, installed for this run into a folder that is thrown away. It
is asked for the safest it offers. Each writer is killed while it is writing, right after it said that a message is
accepted; what a fresh process then finds is compared with what was accepted. Kill -9 leaves what the kernel already
has, so this is not yet a power cut: for that, see how many syncs each asks of the disk.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from benchmarks.rig import peer_child
from benchmarks.rig.figures import now, report, spread

BUDGET = "nothing accepted is lost; the peer is the comparison"
_NEEDS = ("thingsboard-gateway", "simplejson", "pybase64")
_FILE_KIND, _SQLITE_KIND = "file", "sqlite"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Contender:
    """One storage: its name, the command that runs its child, how many messages a folder of its holds on disk."""

    name: str
    command: Callable[[str, Path, int], list[str]]
    stored: Callable[[Path], int]


def install(folder: Path) -> Path:
    """Install the peer's storage into a virtual environment of its own and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", *_NEEDS], check=True
    )
    return python


def version_of(python: Path) -> str:
    """Return the peer's version."""
    code = "from importlib.metadata import version; print(version('thingsboard-gateway'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def contenders(python: Path) -> list[Contender]:
    """Return ours and the peer's two that keep anything on disk."""
    child = str(Path(peer_child.__file__))

    def peer(kind: str) -> Callable[[str, Path, int], list[str]]:
        return lambda mode, folder, count: [str(python), child, kind, mode, str(folder), str(count)]

    return [
        Contender(
            "storewire outbox",
            lambda mode, folder, count: [
                sys.executable, "-m", "benchmarks.rig.own_child", mode, str(folder), str(count)
            ],
            lambda folder: _rows(folder / "agent.db", "event"),
        ),
        Contender("thingsboard file", peer(_FILE_KIND), _lines),
        Contender("thingsboard sqlite", peer(_SQLITE_KIND), lambda folder: _rows(folder / "data.db", "messages")),
    ]  # fmt: skip


def kill_while_writing(one: Contender, folder: Path, after: int) -> dict[str, int]:
    """Kill a writer as soon as it has accepted so many messages; return what was accepted and what is lost."""
    folder.mkdir()
    writer = subprocess.Popen(
        one.command("write", folder, 100 * after), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with _pipes(writer) as said:
        accepted = -1
        while accepted < after:
            accepted = int(said.readline())
        writer.send_signal(signal.SIGKILL)
        rest = [line for line in said.read().split("\n")[:-1] if line.isdigit()]
        accepted = int(rest[-1]) if rest else accepted
        writer.wait()
    found = read_out(one, folder)
    numbers = set(found["numbers"])
    lost = sum(number not in numbers for number in range(accepted + 1))
    return {"accepted": accepted + 1, "lost": lost, "doubled": len(found["numbers"]) - len(numbers)}


def read_out(one: Contender, folder: Path) -> dict[str, Any]:
    """Read everything with a fresh process."""
    answer = subprocess.run(one.command("read", folder, 0), check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = msgspec.json.decode(answer.strip().splitlines()[-1])
    return found


def drain(one: Contender, folder: Path, count: int) -> dict[str, float]:
    """Store messages, let them reach the disk, then take them out; return both rates, in messages a second."""
    folder.mkdir()
    began = now()
    writer = subprocess.Popen(
        one.command("write", folder, count), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with _pipes(writer) as said:
        while said.readline() != "written\n":
            pass
        pause, ends = threading.Event(), now() + _PATIENCE_SECONDS
        while one.stored(folder) < count and now() < ends:
            pause.wait(0.05)
        written = now() - began
        writer.kill()
        writer.wait()
    found = read_out(one, folder)
    taken = len(found["numbers"])
    return {"stored": count / written, "drained": taken / max(found["seconds"], 1e-9), "taken": taken}


@contextmanager
def _pipes(writer: subprocess.Popen[str]) -> Iterator[IO[str]]:
    """Yield what a writer says; close both pipes in the end."""
    if writer.stdout is None or writer.stdin is None:
        raise RuntimeError("a writer is started with pipes")
    with writer.stdout, writer.stdin:
        yield writer.stdout


def _rows(path: Path, table: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a name of ours
    except sqlite3.OperationalError:
        return 0


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("data_*.txt"))


def syncs_a_message(one: Contender, folder: Path, count: int) -> float | None:
    """Return how many syncs a stored message costs, as strace counts them; None where there is no strace."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    folder.mkdir()
    trace = folder.with_suffix(".trace")
    command = [strace, "-f", "-e", "trace=fsync,fdatasync,msync,sync_file_range", "-o", str(trace)]
    subprocess.run(
        [*command, *one.command("write", folder, count)], check=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    calls = sum("sync" in line for line in trace.read_text(errors="replace").splitlines())
    return round(calls / count, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="messages to drain")
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args(arguments)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="sw-peer-") as name:
        folder = Path(name)
        python = install(folder / "venv")
        version = version_of(python)
        for number, one in enumerate(contenders(python)):
            kills = [
                kill_while_writing(one, folder / f"{number}-kill-{turn}", 200 + 37 * turn)
                for turn in range(options.kills)
            ]
            rates = [drain(one, folder / f"{number}-drain-{turn}", options.messages) for turn in range(3)]
            found[one.name] = {
                "accepted": sum(kill["accepted"] for kill in kills),
                "lost": sum(kill["lost"] for kill in kills),
                "doubled": sum(kill["doubled"] for kill in kills),
                "syncs_per_message": syncs_a_message(one, folder / f"{number}-sync", 100),
                "stored_per_second": spread([rate["stored"] for rate in rates], 0),
                "drained_per_second": spread([rate["drained"] for rate in rates], 0),
                "left_behind": options.messages * len(rates) - sum(int(rate["taken"]) for rate in rates),
            }
    ours = found.pop("storewire outbox")
    report(
        "peer_thingsboard",
        BUDGET,
        storewire_outbox=ours,
        compared_with={"thingsboard-gateway": version, **found},
        ratio_of_drain={
            name: round(ours["drained_per_second"]["median"] / peer["drained_per_second"]["median"], 3)
            for name, peer in found.items()
            if peer["drained_per_second"]["median"]
        },
        kills=options.kills,
        messages=options.messages,
    )


if __name__ == "__main__":
    main()
