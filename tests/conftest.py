"""What every test may use: driven clocks and ids, and the rule that a skipped test is never a quiet one."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from shared.ids import UuidMint
from tests.factories import DrivenMachineClock, make_mint

gc.disable()
"""Until every test is imported: what an import makes stays, and the collector would walk it again and again."""
settings.register_profile("storewire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("storewire")

_MEMORY = Path("/dev/shm")  # noqa: S108 - a place in memory, used through a private directory
_ROOM_BYTES = 4 * 1024**3
"""Several times what all tests leave until their end."""
_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        default=os.environ.get("CI", "").lower() in {"1", "true", "yes"},
        help="a skipped test fails the run (the default where CI is set)",
    )
    parser.addoption(
        "--histories",
        type=int,
        metavar="N",
        help="live through N random histories of a chain in each test of promise 1 that does so, instead of a few",
    )
    parser.addoption(
        "--history-seed",
        type=int,
        metavar="SEED",
        help="the seed of the first history by chance; the next ones follow it (a failure names its seed)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have the tests' files in memory where there is room: nobody cuts this machine's power, and syncs take no time."""
    if config.option.basetemp or hasattr(config, "workerinput") or not _has_room(_MEMORY):
        return
    place = Path(tempfile.mkdtemp(prefix="sw-", dir=_MEMORY))
    place.chmod(0o711)  # PostgreSQL runs as somebody else
    config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))
    config.option.basetemp = str(place / "t")
    os.environ["TMPDIR"] = str(place)
    tempfile.tempdir = None  # found anew, from there


def _has_room(folder: Path) -> bool:
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return False
    runs_programs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(folder).free >= _ROOM_BYTES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: of several workers, none is left with a long one at the end."""
    long = {item.path for item in items if _takes_long(item)}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """Keep the cycle collector from walking all that was imported again and again: a fifth of most tests' time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def _takes_long(item: pytest.Item) -> bool:
    lives_a_history = "history_folders" in getattr(item, "fixturenames", ())
    return lives_a_history or item.get_closest_marker("processes") is not None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(f"{report.nodeid}: {_reason(report)}")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(f"{report.nodeid}: {_reason(report)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped and session.config.getoption("--no-skips") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _skipped:
        return
    forbidden = config.getoption("--no-skips")
    terminalreporter.section(f"{len(_skipped)} skipped" + (", which fails this run" if forbidden else ""))
    for line in _skipped:
        terminalreporter.line(line, red=bool(forbidden))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture
def clock() -> DrivenMachineClock:
    """A machine clock that moves only when told."""
    return DrivenMachineClock()


@pytest.fixture
def mint(clock: DrivenMachineClock) -> UuidMint:
    """Rising ids by the driven clock, the same in every run."""
    return make_mint(clock.wall_ms)
