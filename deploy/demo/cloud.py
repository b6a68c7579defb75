"""Head office's processes: initialised in the run's folder, served, found by the ports they chose."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.folder import RunFolder
from deploy.demo.patience import until
from deploy.demo.ports import free_ports
from deploy.demo.processes import Process, Processes, ProcessFailed

_UP_SECONDS = 90.0
_PASSWORD_BYTES = 12
_SCOPES = (
    "stores:write",
    "fleet:read",
    "prices:write",
    "members:write",
    "sales:read",
    "coupons:write",
    "rewards:write",
)


def command(name: str) -> Path:
    """Return one of the product's commands: it stands beside the interpreter that runs the demo."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise ProcessFailed(f"{path} is missing: install the project (make setup)")
    return path


class Cloud:
    """The cloud of a run, as a black box."""

    def __init__(self, processes: Processes, folder: RunFolder, database: str) -> None:
        self._processes = processes
        self._folder = folder
        self._command = [str(command("storewire-cloud")), "--config", str(folder.path / "cloud.toml")]
        self.database_url = database or f"sqlite:///{folder.cloud / 'cloud.db'}"
        self.process: Process | None = None
        (self._member_port,) = free_ports(1)

    async def start(self, business_ms: int) -> None:
        """Initialise the deployment and serve it; return once it can take requests."""
        await self.found(business_ms)
        self.process = await self._processes.start("cloud", [*self._command, "serve"])
        await until(self._answers, "head office to answer", seconds=_UP_SECONDS)

    async def found(self, business_ms: int) -> None:
        """Initialise the deployment in the run's folder."""
        lines = [
            f"data_dir = {json.dumps(str(self._folder.cloud))}",
            f"database_url = {json.dumps(self.database_url)}",
            "api_port = 0",
            "console_port = 0",
            "broker_port = 0",
            'business_clock = "driven"',
            "look_every_s = 0.2",  # a year of weekly prices waits for it 53 times
            "[member_page]",
            f"url = {json.dumps(self.member_url)}",
            f"port = {self._member_port}",
            "joining = true",
        ]
        (self._folder.path / "cloud.toml").write_text("\n".join(lines) + "\n")
        self.set_clock(business_ms)
        await self.run("init")

    async def run(self, *arguments: str, typed: str = "") -> str:
        """Run one of the cloud's commands and return what it printed; `typed` is what it reads."""
        name = f"storewire-cloud {arguments[0]}"
        return await self._processes.command(name, [*self._command, *arguments], typed)

    async def let_in(self, name: str, role: str) -> str:
        """Give a person a sign-in of the console and return the password: made now, kept nowhere."""
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        await self.run("person", "add", name, "--role", role, "--password-stdin", typed=password)
        return password

    async def token(self) -> str:
        """Make an API token for the demo."""
        scopes = [part for scope in _SCOPES for part in ("--scope", scope)]
        printed = await self.run("token", "create", "demo", *scopes)
        found = [word for word in printed.split() if word.startswith("swt_")]
        if not found:
            raise ProcessFailed(f"no API token in: {printed.strip()}")
        return found[0]

    def set_clock(self, business_ms: int) -> None:
        """Set the chain's business time."""
        path = self._folder.cloud / "business-clock"
        draft = path.with_suffix(".new")
        draft.write_text(str(business_ms))
        draft.replace(path)

    @property
    def console_url(self) -> str:
        """The console for people, which also serves the API on loopback."""
        return f"http://127.0.0.1:{self._ports()['console']}"

    @property
    def member_url(self) -> str:
        """Where members see what they have."""
        return f"http://127.0.0.1:{self._member_port}"

    @property
    def messages(self) -> Path:
        """Where what is sent to members' telephones is written, one JSON object a line."""
        return self._folder.cloud / "messages" / "sms.jsonl"

    @property
    def api_url(self) -> str:
        """What agents are told."""
        return f"https://127.0.0.1:{self._ports()['api']}"

    def _ports(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder.cloud / "ports.json").read_text())
        return found

    async def _answers(self) -> bool:
        if self.process is None or self.process.pid is None:
            words = self.process.last_words() if self.process else ""
            raise ProcessFailed(f"head office ended by itself:\n{words}")
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"{self.console_url}/readyz")).is_success
        except (httpx.HTTPError, OSError, ValueError):
            return False
