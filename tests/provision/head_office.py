"""Head office for system tests: its real processes on free ports, its HTTP API, its books by SQL."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx

from cloud.broker import lifeline
from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.identity import tokens
from cloud.process import setup
from cloud.settings import load
from tests.factories import START_MS
from tests.provision import databases, processes
from tests.provision.patience import until
from tests.provision.processes import Process

PARTS = ("broker", "api", "ingest", "jobs")
_UP_SECONDS = 60.0
_SCOPES = ("stores:write", "fleet:read", "prices:write", "members:write", "sales:read")


class HeadOffice:
    """The cloud of one chain: everything under `serve`, or each part as a process of its own."""

    def __init__(self, folder: Path, *, database_url: str = "", apart: bool = False) -> None:
        self.data = folder / "cloud"
        self.database_url = database_url or f"sqlite:///{self.data / 'cloud.db'}"
        self._config = folder / "cloud.toml"
        self._processes = {name: Process(name, folder / f"{name}.log") for name in (PARTS if apart else ("serve",))}
        self._client: httpx.Client | None = None
        lines = [
            f"data_dir = {json.dumps(str(self.data))}",
            f"database_url = {json.dumps(self.database_url)}",
            "api_port = 0",
            "console_port = 0",
            "broker_port = 0",
            'business_clock = "driven"',
            "look_every_s = 0.2",
        ]
        self._config.write_text("\n".join(lines) + "\n")

    def arguments(self, *words: str) -> list[str]:
        """Return the command line of one of the cloud's commands."""
        return [processes.command("storewire-cloud"), "--config", str(self._config), *words]

    def run(self, *words: str) -> str:
        """Run one of the cloud's commands and return what it printed."""
        return processes.run(self.arguments(*words))

    def begin(self) -> None:
        """Initialise the deployment, start it and open its API; return once it takes requests."""
        settings = load(self._config)
        if not settings.database_url.startswith("postgresql"):
            databases.migrated_in(self.data)
        setup.init(settings)  # here, as the commands elsewhere: a process takes seconds to begin
        self.set_clock(START_MS)
        for name in self._processes:
            self.start(name)
        headers = {"Authorization": f"Bearer {self._token()}"}
        console = f"http://127.0.0.1:{self.ports['console']}"
        self._client = httpx.Client(base_url=f"{console}/api/v1", headers=headers, timeout=30)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once head office takes requests; one that is just being started dies if its database goes now."""
        until(self._is_ready, "head office to answer", _UP_SECONDS)

    def _token(self) -> str:
        database, now_ms = Database(self.database_url), SystemMachineClock().wall_ms()
        with closing(database), database.session() as session:
            return tokens.create(session, name="tests", scopes=list(_SCOPES), days=1, actor="cli:tests", now_ms=now_ms)

    def start(self, name: str) -> None:
        """Start one of the processes."""
        self._processes[name].start(self.arguments(name))

    def start_dying_at(self, moment: str) -> Process:
        """Start an ingest worker that kills itself at a moment, `NAME` or `NAME:NTH`."""
        process = self._processes["ingest"]
        process.start([sys.executable, "-m", "tests.failpoint_cloud", moment, *self.arguments("ingest")[1:]])
        return process

    def stop(self, *names: str) -> None:
        """Ask these processes to end, all by default; start them again with `start`."""
        ending = [self._processes[name] for name in names or self._processes]
        for process in ending:
            if process.pid is not None:
                process.send(signal.SIGTERM)
        for process in ending:
            process.stop()

    def close(self) -> None:
        """End everything for good."""
        if self._client is not None:
            self._client.close()
        self.stop()
        left = lifeline.noted(self.data / "broker" / "broker.pid")
        assert left is None or not lifeline.kill(left), "a broker outlived its keeper"

    def pid(self, part: str) -> int:
        """Return the process of a part, waiting for it if it is just being started again."""
        found: list[int] = []

        def find() -> bool:
            own = self._processes.get(part)
            pid = own.pid if own is not None else self._run_file().get("pids", {}).get(part)
            found[:] = [pid] if pid is not None else []
            return bool(found)

        until(find, f"{part} to run")
        return found[0]

    def kill(self, part: str) -> None:
        """End a part without a word. Under `serve` it comes back by itself."""
        own = self._processes.get(part)
        if own is not None:
            own.kill()
        else:
            os.kill(self.pid(part), signal.SIGKILL)

    def broker_pid(self) -> int:
        """Return the process of the broker itself, waiting for its keeper to start it."""
        keeper, found = self.pid("broker"), list[int]()

        def runs() -> bool:
            mark = lifeline.noted(self.data / "broker" / "broker.pid")
            found[:] = [mark.pid] if mark is not None and mark.pid in processes.children(keeper) else []
            return bool(found)

        until(runs, "the keeper to have its broker")
        return found[0]

    def kill_broker(self, *, wipe: bool) -> None:
        """End the broker itself without a word, and take away what it had stored."""
        broker = self.broker_pid()
        os.kill(broker, signal.SIGSTOP)
        if wipe:
            shutil.rmtree(self.data / "broker" / "jetstream")
        os.kill(broker, signal.SIGKILL)

    def signal_everyone(self, number: signal.Signals) -> None:
        """Send a signal to every process of head office, the broker included: SIGSTOP takes it off the net."""
        everyone = [process.pid for process in self._processes.values() if process.pid is not None]
        for pid in everyone:
            everyone += processes.children(pid)
        for pid in everyone:
            os.kill(pid, number)

    @property
    def ports(self) -> dict[str, int]:
        """The ports of this deployment by name: api, console, broker."""
        found: dict[str, int] = json.loads((self.data / "ports.json").read_text())
        return found

    def set_clock(self, business_ms: int) -> None:
        """Set head office's business time."""
        path = self.data / "business-clock"
        draft = path.with_suffix(".new")
        draft.write_text(str(business_ms))
        draft.replace(path)

    def ask(self, method: str, path: str, body: object = None, **parts: Any) -> Any:
        """Make a request of the API and return what it answers; asked again while it is away."""
        client, answers = self._client, list[httpx.Response]()
        assert client is not None

        def answered() -> bool:
            with suppress(httpx.TransportError):
                answer = client.request(method, path, **({"json": body} if body is not None else {}), **parts)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    answers.append(answer)
            return bool(answers)

        until(answered, f"an answer to {method} {path}")
        assert answers[0].is_success, f"{method} {path}: {answers[0].status_code} {answers[0].text}"
        return answers[0].json() if answers[0].content else None

    def publish(
        self,
        title: str,
        *,
        items: Sequence[str] = (),
        prices: Sequence[str] = (),
        activates_local: str | None = None,
    ) -> int:
        """Publish rows of an items file and of a prices file, at once or at a local time; return the version."""
        draft = self.ask("POST", "/prices/drafts", {"title": title})["id"]
        files = {
            "items": ["item,name_en,receipt_name,barcodes,category,unit", *items],
            "prices": ["zone,item,regular,member,basis,remove", *prices],
        }
        for kind, rows in files.items():
            if len(rows) > 1:
                parameters = {"kind": kind, "dry_run": "false"}
                content = "\n".join([*rows, ""])
                self.ask("POST", f"/prices/drafts/{draft}/import", content=content, params=parameters)
        done = self.ask("POST", f"/prices/drafts/{draft}/publish", {"activates_local": activates_local})
        return int(done["version"])

    def _is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.ports['console']}/readyz", timeout=5).is_success
        return False

    def _run_file(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
            return found
        return {}
