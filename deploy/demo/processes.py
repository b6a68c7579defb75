"""The product's processes: started in a session of their own, logged to files, stopped in order, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_STOP_SECONDS = 20.0


class ProcessFailed(RuntimeError):
    """A process of the product ended or refused; the text holds the end of what it wrote."""


class Process:
    """One long-running process of the product, restarted on demand."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it, appending to its log."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops its children in order
            )

    async def ended(self) -> int:
        """Wait for its end and return the exit status."""
        if self._process is None:
            raise ProcessFailed(f"{self.name} was never started")
        return await self._process.wait()

    def send(self, signal_: signal.Signals) -> bool:
        """Send a signal; tell whether there was a process to take it."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal_)
        return pid is not None

    async def stop(self) -> None:
        """Ask it to end, and end its whole session if it does not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


class Processes:
    """All processes of a run; leaving the block stops them, last started first."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._started: list[Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_all()

    async def start(self, name: str, command: Sequence[str]) -> Process:
        """Start a process that lives until the end of the block."""
        process = Process(name, command, self._logs / f"{name}.log", self._environment)
        self._started.append(process)
        await process.start()
        return process

    async def stop_all(self) -> None:
        """Stop everything: agents together first, then what they talked to."""
        agents = [process for process in self._started if process.name.startswith("agent-")]
        await asyncio.gather(*(process.stop() for process in agents))
        for process in reversed(self._started):
            await process.stop()

    async def command(self, name: str, command: Sequence[str], typed: str = "") -> str:
        """Run a command of the product to its end and return what it printed. Raise ProcessFailed.

        `typed` is what it reads, such as a password: what stands on a command line is seen by everybody here.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if typed else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        out, errors = await process.communicate(f"{typed}\n".encode() if typed else None)
        if process.returncode != 0:
            raise ProcessFailed(f"{name} failed: {(errors or out).decode(errors='replace').strip()}")
        return out.decode()
