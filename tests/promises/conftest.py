"""Chains founded by the hundred: a head office's database is a copy of one that was founded once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog

from cloud.database import Database
from cloud.migrations import revisions
from tests.promises.simulation.office import BooksPlace, PostgresqlPlace, SqlitePlace, found_chain
from tests.provision import postgresql

_MEMORY = Path("/dev/shm")  # noqa: S108 - a place in memory, used through a private directory
_FOUNDED = "founded"

MakePlace = Callable[[Path], BooksPlace]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever asks for thousands of histories waits for them."""
    if config.getoption("--histories") is not None:
        for item in items:
            if "history_folders" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Say nothing of what a history does on purpose a thousand times: forks, restores, parked events."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """A folder for thousands of small files: in memory where the machine has such a place."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="sw-histories-") as name:
        yield Path(name)


@pytest.fixture
def history_folders(quick_folder: Path) -> Iterator[Callable[[], Path]]:
    """Make a fresh folder for each history; only the newest is kept."""
    numbers = count(1)
    folder = quick_folder / "history"

    def make() -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        fresh = folder / str(next(numbers))
        fresh.mkdir(parents=True)
        return fresh

    yield make
    shutil.rmtree(folder, ignore_errors=True)


def _found(url: str) -> None:
    database = Database(url)
    revisions.upgrade(database)
    found_chain(database)
    database.close()


@pytest.fixture(scope="session")
def _founded_file(quick_folder: Path) -> bytes:
    place = SqlitePlace(quick_folder / "founded.db")
    _found(place.url)
    return place.copy()


@pytest.fixture
def sqlite_places(_founded_file: bytes) -> MakePlace:
    """Make the SQLite database of a chain that was just founded."""

    def make(folder: Path) -> BooksPlace:
        folder.mkdir()
        place = SqlitePlace(folder / "office.db")
        place.put_back(_founded_file)
        return place

    return make


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[postgresql.PostgresqlServer]:
    binaries = postgresql.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL 15 or newer on this machine: `make setup` installs one")
    with postgresql.running(binaries) as server:
        _found(server.create(_FOUNDED))
        yield server


@pytest.fixture
def postgresql_places(_postgresql: postgresql.PostgresqlServer) -> MakePlace:
    """Make the PostgreSQL database of a chain that was just founded. Mark the test `postgresql`."""

    def make(folder: Path) -> BooksPlace:
        place = PostgresqlPlace(_postgresql, folder.name)
        place.put_back(_FOUNDED)
        return place

    return make
