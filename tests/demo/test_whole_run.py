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
from deploy.demo.folder import RunFolder
from deploy.demo.judge import Judge
from deploy.demo.options import parse
from deploy.demo.sabotage import Sabotage, commit_sabotage
from tests.provision import postgresql

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


CHAIN = ["--stores", "1", "--baskets", "40", "--seed", "3", "--exit"]


@contextmanager
def whole_run(*options: str) -> Iterator[tuple[Path, dict]]:
    """Run the demo to its end; yield its folder and its report."""
    try:
        dataset.data_folder()
    except dataset.DatasetMissing as missing:
        pytest.skip(str(missing))
    with short_folder() as folder:
        ran = subprocess.run(command(folder, *CHAIN, *options), cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert processes_of(folder) == []
        yield folder / "run", json.loads((folder / "run" / "report.json").read_text())


@pytest.fixture(scope="module")
def harmed() -> Iterator[tuple[Path, dict]]:
    """A run on PostgreSQL whose processes and database connections are killed, stopped and cut."""
    binaries = postgresql.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL 15 or newer on this machine: `make setup` installs one")
    with (
        postgresql.running(binaries) as server,
        whole_run("--chaos", "--database", server.create("demo")) as finished,
    ):
        yield finished


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Path, dict]]:
    """The same run on SQLite, left alone."""
    with whole_run() as finished:
        yield finished


@pytest.mark.postgresql
def test_p1_nothing_is_lost_or_doubled_while_processes_are_killed(harmed):
    folder, found = harmed
    assert found["failures"] == []
    assert (found["lost"], found["duplicated"], found["audit_differences"]) == (0, 0, 0)
    assert found["cloud_sales"] == found["baskets"] > 30
    assert found["tender_minor"] == found["cloud_tender_minor"]
    assert found["price_books_published"] == found["price_books_applied"] == 53
    acts = json.loads((folder / "chaos.json").read_text())
    assert sum(act["hit"] for act in acts) >= 6


@pytest.mark.postgresql
def test_p4_p5_harm_and_database_change_nothing_of_how_a_year_ends(harmed, plain):
    assert harmed[1]["state_sha256"] == plain[1]["state_sha256"]
    assert harmed[1]["points_posted"] == plain[1]["points_posted"] > 0
    assert plain[1]["sales_with_a_promise"] > 0
    assert harmed[1]["promise_differences"] == plain[1]["promise_differences"] == 0


@pytest.mark.parametrize("kind", list(Sabotage))
def test_a_damaged_result_is_refused(plain, tmp_path, kind):
    folder, found = plain
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


def test_points_are_counted_by_what_the_run_asked_for_and_not_by_what_head_office_holds(plain, tmp_path):
    folder, _ = plain
    facts = json.loads((folder / "run.json").read_text())
    facts["rules"]["earning"]["points"] = 2
    (tmp_path / "run.json").write_text(json.dumps(facts))
    assert report.main(["--run", str(tmp_path), "--report", str(tmp_path / "report.json")]) == 1


async def test_a_run_that_is_to_be_damaged_ends_with_a_status_that_says_so(plain, tmp_path):
    shutil.copytree(plain[0], tmp_path / "run")
    judge = Judge(parse([*CHAIN, "--sabotage", "lose"]), RunFolder(tmp_path / "run"))
    assert judge.examine() == judge.status == 1
    found = json.loads((tmp_path / "run" / "report.json").read_text())
    assert found["lost"] == 1


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
