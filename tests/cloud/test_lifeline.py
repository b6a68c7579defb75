"""A broker ends with its keeper, also when the keeper is killed; and nobody ends who merely has its old number."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.broker import lifeline
from cloud.broker.lifeline import Mark
from tests.cloud.boxes import Box, make_box
from tests.provision import processes
from tests.provision.patience import until
from tests.provision.processes import Process

pytestmark = pytest.mark.processes


@pytest.fixture(params=["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    if request.param == "mosquitto" and not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("no mosquitto on this machine: install Debian's package")
    made = make_box(tmp_path / "hq", broker=request.param)
    made.add_store()
    config = f'data_dir = "{made.settings.data_dir}"\nbroker = "{request.param}"\n'
    (tmp_path / "cloud.toml").write_text(config + "api_port = 0\nconsole_port = 0\nbroker_port = 0\n")
    yield made
    made.database.close()


@pytest.fixture
def keeper(box: Box, tmp_path: Path) -> Iterator[Process]:
    found = Process("broker", tmp_path / "broker.log")
    start(found, box)
    yield found
    found.stop()


def start(keeper: Process, box: Box) -> Mark:
    """Start a keeper and return its broker once that is ready."""
    before = keeper.written().count("broker ready")
    config = box.settings.data_dir.parent / "cloud.toml"
    keeper.start([processes.command("storewire-cloud"), "--config", str(config), "broker"])
    until(lambda: keeper.written().count("broker ready") > before, "the broker to be ready", 30)
    mark = lifeline.noted(box.settings.broker_dir / "broker.pid")
    assert mark is not None
    assert lifeline.mark_of(mark.pid) == mark
    return mark


def guards(keeper: Process, broker: Mark) -> list[int]:
    assert keeper.pid is not None
    return [pid for pid in processes.children(keeper.pid) if pid != broker.pid]


def test_broker_ends_with_a_killed_keeper_without_another_one(box: Box, keeper: Process) -> None:
    broker = lifeline.noted(box.settings.broker_dir / "broker.pid")
    assert broker is not None
    keeper.kill()
    until(lambda: lifeline.mark_of(broker.pid) != broker, "the broker to end", 5)


def test_next_keeper_ends_a_broker_whose_keeper_and_guard_were_killed(box: Box, keeper: Process) -> None:
    broker = lifeline.noted(box.settings.broker_dir / "broker.pid")
    assert broker is not None
    (guard,) = guards(keeper, broker)
    os.kill(guard, signal.SIGKILL)
    keeper.kill()
    assert lifeline.mark_of(broker.pid) == broker
    after = start(keeper, box)
    assert after != broker
    assert lifeline.mark_of(broker.pid) != broker


def test_a_stopped_keeper_leaves_neither_broker_nor_guard(box: Box, keeper: Process) -> None:
    broker = lifeline.noted(box.settings.broker_dir / "broker.pid")
    assert broker is not None
    everyone = [mark for pid in [broker.pid, *guards(keeper, broker)] if (mark := lifeline.mark_of(pid))]
    assert len(everyone) == 2
    keeper.stop()
    assert [mark for mark in everyone if lifeline.mark_of(mark.pid) == mark] == []


def test_a_process_that_has_the_number_by_now_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as innocent:
        mark = lifeline.mark_of(innocent.pid)
        assert mark is not None
        old = Mark(mark.pid, mark.started - 1)
        lifeline.note(tmp_path / "broker.pid", old)
        assert lifeline.noted(tmp_path / "broker.pid") == old
        assert not lifeline.kill(old)
        assert innocent.poll() is None
        assert lifeline.kill(mark)
        assert innocent.wait(5) == -signal.SIGKILL
        assert not lifeline.kill(mark)


@pytest.mark.parametrize("content", ["", "12", "12 x", "1 2 3", "\0"])
def test_a_damaged_note_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "broker.pid").write_text(content)
    assert lifeline.noted(tmp_path / "broker.pid") is None
    assert lifeline.noted(tmp_path / "absent") is None
