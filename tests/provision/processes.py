"""The product's processes as tests start them: each with a log file, killed or asked to end, never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 20.0
_COMMAND_SECONDS = 60.0


class ProcessFailed(AssertionError):
    """A process of the product ended or refused; the text holds the end of what it wrote."""


def command(name: str) -> str:
    """Return one of the product's commands: it stands beside the interpreter that runs the tests."""
    return str(Path(sys.executable).parent / name)


def run(arguments: Sequence[str]) -> str:
    """Run a command to its end and return what it printed. Raise ProcessFailed with its words."""
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
    if done.returncode:
        raise ProcessFailed(f"{' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that still live."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class Process:
    """One long-running process, started again on demand."""

    def __init__(self, name: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._log = log
        self._environment = dict(os.environ) | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self, arguments: Sequence[str]) -> None:
        """Start it, appending to its log."""
        if self.pid is not None:
            raise ProcessFailed(f"{self.name} runs already")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_dies_with_us(), *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment, start_new_session=True,
            )  # fmt: skip

    def send(self, number: signal.Signals) -> None:
        """Send a signal. Raise ProcessFailed when nobody is there to take it."""
        pid = self.pid
        if pid is None:
            raise ProcessFailed(f"{self.name} does not run:\n{self.last_words()}")
        os.kill(pid, number)

    def ended(self, seconds: float = _STOP_SECONDS) -> int:
        """Wait for its end and return the exit status."""
        if self._process is None:
            raise ProcessFailed(f"{self.name} was never started")
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProcessFailed(f"{self.name} does not end:\n{self.last_words()}") from None

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self.send(signal.SIGKILL)
        self.ended()

    def stop(self) -> None:
        """Ask it to end, and end its whole session if it does not."""
        if self.pid is None or self._process is None:
            return
        with suppress(ProcessFailed):
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            self.ended()
        if self.pid is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def written(self) -> str:
        """Return its log."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.written().splitlines()[-lines:])


def _dies_with_us() -> list[str]:
    """Have the kernel end the process when the test run is killed, where util-linux can ask for it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
