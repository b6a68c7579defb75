"""One box under one command: everything up, children that die come back, and all of it ends together."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.broker import lifeline
from cloud.main import KEEP_ALIVE_S
from edge_agent.hq.https import IDLE_SECONDS
from tests.provision import processes
from tests.provision.patience import until

pytestmark = pytest.mark.processes


def _config(folder: Path, *more: str) -> Path:
    path = folder / "cloud.toml"
    lines = [f'data_dir = "{folder / "data"}"', "api_port = 0", "console_port = 0", "broker_port = 0", *more]
    path.write_text("\n".join(lines))
    return path


def _cloud(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloud", "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def _served(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "cloud", "--config", str(config), "serve"])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)


def _run_file(config: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((config.parent / "data" / "run.json").read_text())
    except (OSError, ValueError):
        return {"pids": {}}
    return found


def _is_ready(config: Path) -> bool:
    facts = _run_file(config)
    if set(facts["pids"]) != {"serve", "broker", "api", "ingest", "jobs"}:
        return False
    trusted = str(config.parent / "data" / "keys" / "root-ca.crt")
    try:
        context = ssl.create_default_context(cafile=trusted)
        return httpx.get(f"{facts['api']}/readyz", verify=context, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _broker(config: Path, keeper: int) -> int:
    """The broker that a keeper has by now; the API does not wait for it."""
    found: list[int] = []

    def runs() -> bool:
        mark = lifeline.noted(config.parent / "data" / "broker" / "broker.pid")
        found[:] = [mark.pid] if mark is not None and mark.pid in processes.children(keeper) else []
        return bool(found)

    until(runs, "the keeper has its broker")
    return found[0]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    made = _config(tmp_path)
    assert _cloud(made, "init").returncode == 0
    return made


def test_everything_runs_and_ends_with_sigterm(config: Path) -> None:
    with _served(config) as process:
        until(lambda: _is_ready(config), "ready", 90)
        facts = _run_file(config)
        assert httpx.get(f"{facts['console']}/healthz").json() == {"ok": True}
        broker = _broker(config, facts["pids"]["broker"])
        examined = _cloud(config, "doctor")
        assert examined.returncode == 0, examined.stdout
        everyone = [*facts["pids"].values(), broker]
        assert len(everyone) == 6
        process.terminate()
        assert process.wait(30) == 0
        until(lambda: not any(_lives(pid) for pid in everyone), "everyone ended")
        assert not (config.parent / "data" / "run.json").exists()


def test_children_that_die_come_back_on_the_same_ports(config: Path) -> None:
    with _served(config):
        until(lambda: _is_ready(config), "ready", 90)
        before = _run_file(config)
        orphan = _broker(config, before["pids"]["broker"])
        for name in ("api", "ingest", "jobs", "broker"):
            os.kill(before["pids"][name], signal.SIGKILL)

        def all_new() -> bool:
            pids = _run_file(config)["pids"]
            names = ("broker", "api", "ingest", "jobs")
            return all(pids.get(name, before["pids"][name]) != before["pids"][name] for name in names)

        until(all_new, "all are new", 30)
        until(lambda: _is_ready(config) and _cloud(config, "doctor").returncode == 0, "ready again", 90)
        after = _run_file(config)
        assert (after["api"], after["broker"]) == (before["api"], before["broker"])
        assert not _lives(orphan), "a broker whose keeper died would keep its allow-list for ever"


def test_children_do_not_outlive_a_killed_supervisor(config: Path) -> None:
    with _served(config) as process:
        until(lambda: _is_ready(config), "ready", 90)
        pids = _run_file(config)["pids"]
        everyone = [*pids.values(), _broker(config, pids["broker"])]
        process.kill()
        until(lambda: not any(_lives(pid) for pid in everyone), "everyone ended", 20)


def test_hq_keeps_an_idle_connection_longer_than_an_agent_uses_it() -> None:
    assert IDLE_SECONDS + 3 <= KEEP_ALIVE_S, "else a message may meet a connection that is just being closed"
