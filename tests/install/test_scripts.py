"""The installation as far as a machine without systemd allows: real wheels, real agents, a trial root, a systemctl that
keeps the agent as systemd would and writes down what it was asked.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.disk.migrations import shipped
from edge_agent.disk.state_lock import is_running
from tests.edge.agents import running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import MILK, book, ready
from tests.edge.tills import store_settings
from tests.factories import START_MS, new_id
from tests.install import bundles
from tests.install.systemctl import Unit

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
_LATEST = shipped()[-1].version
_MORE_TABLES = {
    f"edge_agent/schema/{_LATEST + 1:04d}_more.sql": "CREATE TABLE trial_more (n INTEGER PRIMARY KEY) STRICT;\n"
}
_STILL_MORE = {
    **_MORE_TABLES,
    f"edge_agent/schema/{_LATEST + 2:04d}_again.sql": "CREATE TABLE trial_again (n INTEGER);\n",
}
_NEVER_READY = {"edge_agent/watchdog.py": (bundles.ROOT / "edge_agent/watchdog.py").read_text().replace(
    "    ready = False\n", '    raise ValueError("this version is broken on purpose")\n', 1
)}  # fmt: skip


@dataclass
class Machine:
    """A store's PC in a folder."""

    root: Path
    systemctl: Path

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ROOT": str(self.root), "SYSTEMCTL": str(self.systemctl), "PYTHON": sys.executable}
        return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)

    @property
    def state(self) -> Path:
        return self.root / "var/lib/storewire-edge"

    @property
    def version(self) -> str:
        return (self.root / "opt/storewire/current").readlink().name

    @property
    def pid(self) -> int | None:
        return Unit(self.root).pid()

    @property
    def asked(self) -> list[str]:
        return (self.root / "systemctl.log").read_text().splitlines()

    def schema(self) -> int:
        with closing(sqlite3.connect(self.state / "agent.db")) as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])

    def events(self) -> int:
        with closing(sqlite3.connect(self.state / "agent.db")) as db:
            return int(db.execute("SELECT count(*) FROM event").fetchone()[0])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.real(tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    root = tmp_path / "root"
    root.mkdir()
    systemctl = tmp_path / "systemctl"
    program = Path(__file__).with_name("systemctl.py")
    systemctl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "{root}" "$@"\n')
    systemctl.chmod(0o755)
    yield Machine(root, systemctl)
    Unit(root).stop()


async def a_store_that_has_sold(machine: Machine, *, heard: bool = True) -> None:
    """Enrol the machine, give it tills and prices, and sell something, which head office hears of or not."""
    hq = MemoryHq(store_settings())
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    async with running(machine.state, hq) as agent:
        await ready(agent)
        hq.lose = 0.0 if heard else 1.0
        steps = [{"scan": MILK}, {"tender": {"method": "cash"}}]
        assert (await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps))["ok"]


def no_web_port(machine: Machine) -> None:
    """Two test runs on one machine must not want the same port."""
    (machine.state / "edge.toml").write_text("# trial\n")


async def test_store_is_installed_upgraded_and_saved_from_a_bad_version(machine: Machine, bundle: Path) -> None:
    """One machine's life: first installation, a second one that changes nothing, upgrade, failed upgrade, downgrade."""
    first = machine.run(bundle / "install")
    assert first.returncode == 0, first.stderr
    assert "enrol this store next" in first.stdout
    assert (machine.version, machine.pid) == (bundles.VERSION, None)
    assert (machine.state / "edge.toml").read_text().endswith("web_port = 8090\n")
    assert machine.state.stat().st_mode & 0o777 == 0o700
    no_web_port(machine)
    await a_store_that_has_sold(machine)

    again = machine.run(bundle / "install")
    assert again.returncode == 0, again.stderr
    assert "written:" not in again.stdout
    assert machine.asked.count("daemon-reload") == 1
    assert machine.pid is not None
    assert is_running(machine.state)
    sold = machine.events()

    good = bundles.later(bundle, "0.2.0", _MORE_TABLES)
    done = machine.run(good / "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (machine.version, machine.schema(), machine.events()) == ("0.2.0", _LATEST + 1, sold)
    assert is_running(machine.state)
    assert (machine.root / "opt/storewire/versions" / bundles.VERSION).is_dir(), "the way back is gone"

    bad = bundles.later(bundle, "0.3.0", {**_STILL_MORE, **_NEVER_READY})
    failed = machine.run(bad / "upgrade")
    assert failed.returncode == 2, failed.stdout + failed.stderr
    assert "0.2.0 runs again" in failed.stdout
    assert "broken on purpose" in (machine.root / "agent.log").read_text()
    assert (machine.version, machine.schema(), machine.events()) == ("0.2.0", _LATEST + 1, sold)
    assert is_running(machine.state)
    pid = machine.pid

    remembered = machine.run(bad / "upgrade")
    assert remembered.returncode == 1
    assert "0.3.0 failed on this machine before" in remembered.stderr

    older = machine.run(bundle / "upgrade")
    assert older.returncode == 1
    assert "older than the one that wrote this store's database" in older.stderr
    assert (machine.version, machine.pid) == ("0.2.0", pid), "a refusal must not even stop the agent"


def test_damaged_bundle_is_refused_before_anything_changes(machine: Machine, bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bundle, broken)
    with next(iter((broken / "wheels").glob("httpx-*.whl"))).open("ab") as wheel:
        wheel.write(b"?")
    done = machine.run(broken / "upgrade")
    assert done.returncode == 1
    assert "the bundle is damaged" in done.stderr
    assert not (machine.root / "opt/storewire/versions").exists()


def test_bundle_for_another_python_is_refused(machine: Machine, bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    (other / "PYTHON").write_text("3.1\n")
    done = machine.run(other / "upgrade")
    assert done.returncode == 1
    assert "this bundle is for Python 3.1" in done.stderr


async def test_p1_uninstalling_keeps_what_head_office_lacks(machine: Machine, bundle: Path) -> None:
    assert machine.run(bundle / "install").returncode == 0
    no_web_port(machine)
    await a_store_that_has_sold(machine, heard=False)
    refused = machine.run(bundle / "uninstall", "--forget-sales")
    assert refused.returncode == 1, refused.stdout
    assert "head office lacks" in refused.stderr
    done = machine.run(bundle / "uninstall")
    assert done.returncode == 0, done.stderr
    assert (machine.state / "agent.db").exists()
    assert not (machine.root / "opt/storewire").exists()
    assert not (machine.root / "etc/systemd/system/storewire-edge.service").exists()


@pytest.mark.parametrize(
    ("ports", "lines"),
    [
        (["1-1.2", "usb:3-4"], ['KERNELS=="1-1.2"', 'KERNELS=="3-4"']),
        ([], []),
    ],
)
def test_scanners_are_kept_from_the_screen_by_their_ports(machine: Machine, ports: list[str], lines: list[str]) -> None:
    assert machine.run(bundles.EDGE / "mask-scanners", *ports).returncode == 0
    rules = (machine.root / "etc/udev/rules.d/71-storewire-scanners.rules").read_text()
    assert [line.split(", ")[2] for line in rules.splitlines() if not line.startswith("#")] == lines


@pytest.mark.parametrize("port", ["/dev/input/event3", "1-1.2; reboot", "keyboard"])
def test_what_is_no_port_masks_nothing(machine: Machine, port: str) -> None:
    done = machine.run(bundles.EDGE / "mask-scanners", port)
    assert done.returncode == 1
    assert "is no USB port" in done.stderr
    assert not (machine.root / "etc/udev/rules.d/71-storewire-scanners.rules").exists()


def _tool(name: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    return lambda *arguments: subprocess.run([name, *arguments], capture_output=True, text=True, check=False)


def test_shellcheck_finds_nothing() -> None:
    scripts = ["install", "upgrade", "uninstall", "terminal", "mask-scanners", "bundle", "layout.sh"]
    scripts += ["kiosk", "kiosk-browser", "kiosk-windows"]
    done = _tool("shellcheck")("-x", *(str(bundles.EDGE / name) for name in scripts))
    assert done.returncode == 0, done.stdout


def test_systemd_takes_every_line_of_the_units(tmp_path: Path) -> None:
    """A store's programs are not on this machine, so their paths lead to one that is; every other word is verified."""
    for unit in (bundles.EDGE / "system").glob("*.service"):
        text = unit.read_text().replace("/opt/storewire/current/bin/storewire-edge", "/bin/true")
        text = text.replace("/opt/storewire/bin/kiosk", "/bin/true").replace(
            "file:///opt/storewire/docs/", "file:///usr/share/doc/"
        )
        (tmp_path / unit.name).write_text(text)
    dropped = tmp_path / "storewire-kiosk.service.d"
    dropped.mkdir()
    shutil.copy(bundles.EDGE / "system/terminal.conf", dropped)
    done = _tool("systemd-analyze")("verify", "--man=no", *map(str, tmp_path.glob("*.service")))
    told = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "storewire" in line]
    assert told == []
