"""The stores' agents: enrolled by claim code, run with their own state, spoken to over their bench."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.demo.bench import Bench, BenchAway
from deploy.demo.folder import RunFolder
from deploy.demo.patience import until
from deploy.demo.processes import Process, Processes, ProcessFailed

_UP_SECONDS = 60.0
_STORES_A_BEAT = 10
_SHORTEST_BEAT_SECONDS = 5.0
_LONGEST_BEAT_SECONDS = 60.0


def heartbeat_seconds(stores: int) -> float:
    """Return how often each agent of so many on one machine says that it lives.

    Silence is noticed after two beats and a little. Where hundreds of stores stage their first price book on two cores
    at the same time, nobody is heard for half a minute, and lines given up for dead would only add to the crowd.
    """
    return max(_SHORTEST_BEAT_SECONDS, min(_LONGEST_BEAT_SECONDS, stores / _STORES_A_BEAT))


@dataclass(slots=True)
class StoreAgent:
    """One store's agent. `disturbed` says that its process is being hurt on purpose just now.

    `pages_url` is where its tills' pages are, empty when it serves none.
    """

    store: str
    process: Process
    bench: Bench
    pages_url: str = ""
    disturbed: bool = field(default=False)

    async def ready(self) -> None:
        """Wait until the bench answers. Raise ProcessFailed when the agent ended by itself."""
        await until(self._answers, f"the agent of {self.store} to answer", seconds=_UP_SECONDS)

    async def tell(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask the bench something that may be asked again, whatever happens to the agent meanwhile."""
        while True:
            try:
                return await self.bench.ask(question)
            except BenchAway:
                await self.ready()

    async def _answers(self) -> bool:
        if self.process.pid is None and not self.disturbed:
            raise ProcessFailed(f"the agent of {self.store} ended by itself:\n{self.process.last_words()}")
        try:
            await self.bench.ask({"do": "status"})
        except BenchAway:
            return False
        return True

    async def kill(self) -> None:
        """End it without a word, then start it again, as a power cut would."""
        self.disturbed = True
        self.process.send(signal.SIGKILL)
        await self._restart()

    async def stop_and_start(self) -> None:
        """Ask it to end, then start it again, as an update would."""
        self.disturbed = True
        self.process.send(signal.SIGTERM)
        await self._restart()

    async def _restart(self) -> None:
        await self.process.ended()
        await self.process.start()
        self.disturbed = False


async def enrol(
    processes: Processes,
    folder: RunFolder,
    store: str,
    *,
    command: Path,
    api_url: str,
    code: str,
    start_ms: int,
    web_port: int | None,
    heartbeat: float,
) -> StoreAgent:
    """Enrol a store's agent, write its settings and start it; with a port it serves its tills' pages there."""
    state = folder.edge(store)
    state.mkdir()
    await processes.command(
        f"enrolling {store}",
        [str(command), "enroll", "--state", str(state), "--cloud", api_url, "--code", code],
    )
    settings = [
        'business_clock = "driven"',
        f"business_start_ms = {start_ms}",
        f'bench_socket = "{folder.bench(store)}"',
        f"heartbeat_seconds = {heartbeat}",
        *([f"web_port = {web_port}", 'payments = "simulated"'] if web_port else []),
    ]
    (state / "edge.toml").write_text("\n".join(settings) + "\n")
    process = await processes.start(f"agent-{store}", [str(command), "run", "--state", str(state)])
    pages_url = f"http://127.0.0.1:{web_port}/" if web_port else ""
    return StoreAgent(store, process, Bench(folder.bench(store)), pages_url)
