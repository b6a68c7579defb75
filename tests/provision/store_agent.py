"""A store's real agent: enrolled and run by its own commands, worked through its bench."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.factories import START_MS, new_id
from tests.provision import processes
from tests.provision.patience import until
from tests.provision.processes import Process, ProcessFailed

_ANSWER_SECONDS = 30.0
_UP_SECONDS = 30.0


class BenchAway(ConnectionError):
    """Nobody answers at the bench: the agent is down, starting, or was just killed."""


@dataclass(frozen=True, slots=True)
class Basket:
    """What a cashier does, under the id that becomes the sale's."""

    till: str
    steps: tuple[dict[str, Any], ...]
    id: UUID

    def question(self) -> dict[str, Any]:
        """Return it as the bench takes it."""
        return {"do": "basket", "till": self.till, "id": str(self.id), "cashier": "c1", "steps": list(self.steps)}


@dataclass(frozen=True, slots=True)
class Sold:
    """What the till said when the basket was paid."""

    id: UUID
    till: str
    receipt: str
    total_minor: int


def basket(till: str, codes: Sequence[str], *, card: str = "") -> Basket:
    """Return a basket of scans, paid in cash."""
    steps: list[dict[str, Any]] = [{"card": card}] if card else []
    steps += [{"scan": code} for code in codes]
    return Basket(till, (*steps, {"tender": {"method": "cash"}}), new_id())


class StoreAgent:
    """One store's agent on this machine."""

    def __init__(self, store: str, name: str, folder: Path, *, link: str = "auto") -> None:
        self.store = store
        self.name = name
        self.state = folder / name
        self._folder = folder
        self._link = link
        self._bench = folder / f"{name}.sock"
        self.process = Process(name, folder / f"{name}.log")

    def enrol(self, api_url: str, code: str) -> None:
        """Make this state directory the agent that the claim code is for."""
        self.state.mkdir()
        processes.run([*self._command("enroll"), "--cloud", api_url, "--code", code])
        self.write_settings(business_start_ms=START_MS)

    def write_settings(self, *, business_start_ms: int, step_seconds: float = 2.0) -> None:
        """Write its settings: fast heartbeats, so that trouble is noticed while a test waits."""
        settings = [
            'business_clock = "driven"',
            f"business_start_ms = {business_start_ms}",
            f'bench_socket = "{self._bench}"',
            f'link = "{self._link}"',
            "heartbeat_seconds = 1.0",
            f"step_seconds = {step_seconds}",
        ]
        (self.state / "edge.toml").write_text("\n".join(settings) + "\n")

    def reach_by(self, *, broker_port: int, api_port: int | None = None) -> None:
        """Have it reach HQ through other ports: a spoiled wire stands in between. Before `start`."""
        path = self.state / "identity" / "enrolment.json"
        enrolment = json.loads(path.read_text())
        enrolment["brokers"] = [f"mqtts://127.0.0.1:{broker_port}"]
        if api_port is not None:
            enrolment["api"] = f"https://127.0.0.1:{api_port}"
        path.write_text(json.dumps(enrolment))

    def copy(self, name: str) -> StoreAgent:
        """Return an agent with a bench and a log of its own, whose state is yet to be put in place."""
        return StoreAgent(self.store, name, self._folder, link=self._link)

    def start(self, *, dies_at: str = "", pages: int | None = None) -> None:
        """Start it by its normal command; as one that kills itself at a moment, or whose disk is soon full."""
        entry = self._command("run")
        if dies_at:
            entry = [sys.executable, "-m", "tests.failpoint_agent", dies_at, *entry[1:]]
        elif pages is not None:
            entry = [sys.executable, "-m", "tests.full_disk_agent", str(pages), *entry[1:]]
        self.process.start(entry)

    def restart(self) -> None:
        """Kill it and start it again, as a power cut would."""
        self.process.kill()
        self.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until its bench answers."""

        def answers() -> bool:
            if self.process.pid is None:
                raise ProcessFailed(f"{self.name} ended by itself:\n{self.process.last_words()}")
            try:
                return bool(self.ask({"do": "status"})["ok"])
            except BenchAway:
                return False

        until(answers, f"{self.name} to answer", _UP_SECONDS)

    def wait_for(self, what: str, seconds: float = 20.0, **facts: object) -> None:
        """Wait until its status says these facts."""

        def says() -> bool:
            try:
                status = self.status()
            except BenchAway:
                return False
            return all(status.get(name) == value for name, value in facts.items())

        try:
            until(says, f"{self.name}: {what}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.status()}\n{self.process.last_words()}") from None

    @property
    def connections(self) -> int:
        """How often HQ has answered it on a new connection, since its log began."""
        return self.process.written().count('"link_up"')

    def status(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return self.ask({"do": "status"})

    def ring(self, wanted: Basket, seconds: float = 60.0) -> Sold:
        """Ring a basket; whenever the agent is away, ask again under the same id, as a cashier would.

        The sale has the basket's id, unless the agent opened a new epoch meanwhile: then open baskets get new ones.
        """
        answers: list[dict[str, Any]] = []

        def answered() -> bool:
            try:
                answer = self.ask(wanted.question())
            except BenchAway:
                return False
            answers.append(answer)
            return bool(answer["ok"]) or answer["code"] != "till_unknown"  # tills open a moment after the bench

        until(answered, f"{self.name} to ring a basket", seconds)
        answer = answers[-1]
        assert answer["ok"], answer
        return Sold(UUID(answer["sale"]), wanted.till, answer["receipt"], answer["total_minor"])

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask the bench one question over a connection of its own. Raise BenchAway when no answer comes."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.connect(str(self._bench))
                connection.sendall(json.dumps(question).encode() + b"\n")
                with connection.makefile("rb") as answers:
                    line = answers.readline()
        except OSError as error:
            raise BenchAway(str(error)) from error
        if not line.endswith(b"\n"):
            raise BenchAway(f"the bench of {self.name} hung up")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _command(self, word: str) -> list[str]:
        return [processes.command("storewire-edge"), word, "--state", str(self.state)]
