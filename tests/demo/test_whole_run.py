"""The demo itself, small but whole: real processes, a year of price books, harm on the way, and every sabotage seen."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.demo import dataset, report
from deploy.demo.sabotage import Sabotage, commit_sabotage

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder)


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "deploy.demo.run", "--folder", str(folder / "run"), *options]


def processes_of(folder: Path) -> list[str]:
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if str(folder) in line]


@pytest.fixture(scope="module")
def finished() -> Iterator[tuple[Path, dict]]:
    try:
        dataset.data_folder()
    except dataset.DatasetMissing as missing:
        pytest.skip(str(missing))
    with short_folder() as folder:
        options = ["--stores", "1", "--baskets", "40", "--seed", "3", "--chaos", "--exit"]
        ran = subprocess.run(command(folder, *options), cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert processes_of(folder) == []
        yield folder / "run", json.loads((folder / "run" / "report.json").read_text())


def test_p1_nothing_is_lost_or_doubled_while_processes_are_killed(finished):
    folder, found = finished
    assert found["failures"] == []
    assert (found["lost"], found["duplicated"], found["audit_differences"]) == (0, 0, 0)
    assert found["cloud_sales"] == found["baskets"] > 30
    assert found["tender_minor"] == found["cloud_tender_minor"]
    assert found["price_books_published"] == found["price_books_applied"] == 53
    assert sum(act["hit"] for act in json.loads((folder / "chaos.json").read_text())) >= 6


@pytest.mark.parametrize("kind", list(Sabotage))
def test_a_damaged_result_is_refused(finished, tmp_path, kind):
    folder, found = finished
    copy = tmp_path / "run"
    copy.mkdir()
    database = shutil.copy(folder / "cloud" / "cloud.db", tmp_path / "cloud.db")
    facts = json.loads((folder / "run.json").read_text()) | {"cloud_url": f"sqlite:///{database}"}
    (copy / "run.json").write_text(json.dumps(facts))
    arguments = ["--run", str(copy), "--report", str(tmp_path / "report.json")]
    assert report.main(arguments) == 0
    again = json.loads((tmp_path / "report.json").read_text())
    assert again["state_sha256"] == found["state_sha256"]
    commit_sabotage(kind, facts["cloud_url"])
    assert report.main(arguments) == 1


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGHUP], ids=["ctrl-c", "terminal closed"])
def test_whoever_leaves_leaves_nothing_running(ends):
    with short_folder() as folder:
        options = ["--stores", "1", "--baskets", "40"]
        run = subprocess.Popen(command(folder, *options), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert run.stderr is not None
        said = []
        for line in run.stderr:
            said.append(line)
            if line.startswith("Folder"):
                break
        run.send_signal(ends)
        rest = run.communicate()[1]
        assert run.returncode == 130, "".join(said) + rest
        assert "interrupted; everything is stopped" in rest
        assert processes_of(folder) == []
