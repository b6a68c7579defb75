"""The command line: what it makes, and how it refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from cloud import logging
from cloud.broker.listening import why_not_listening
from cloud.cli import app
from cloud.command_groups import GROUPS
from cloud.database import Database
from cloud.process.alone import alone
from tests.provision import databases

Cloud = Callable[..., Result]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Run a command on a configuration of this test's own. Logging stays the test runner's."""
    monkeypatch.setattr(logging, "configure", lambda *_: None)
    config = tmp_path / "cloud.toml"
    ports = ("api_port = 0", "console_port = 0", "broker_port = 0")
    config.write_text("\n".join([f'data_dir = "{tmp_path / "data"}"', *ports]))

    def run(*arguments: str, settings: str | None = None) -> Result:
        if settings is not None:
            config.write_text(settings)
        result = CliRunner().invoke(app, ["--config", str(config), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def made(cloud: Cloud, tmp_path: Path) -> Cloud:
    databases.migrated_in(tmp_path / "data")
    assert cloud("init").exit_code == 0
    return cloud


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_group_is_read_when_it_is_asked_for(cloud: Cloud, group: str) -> None:
    said = cloud(group, "--help")
    assert said.exit_code == 0
    assert f" {group} [OPTIONS] COMMAND" in said.stdout


def test_a_command_knows_every_table_whatever_it_reads() -> None:
    """What erases a person goes over all tables, in a process that has read little else."""
    told = (
        "import cloud.cli, sys\nfrom typer.testing import CliRunner\n"
        "CliRunner().invoke(cloud.cli.app, ['token', 'list', '--help'])\n"
        "sys.exit('cloud.models' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0


def test_init_makes_a_deployment_once(made: Cloud) -> None:
    again = made("init")
    assert again.exit_code == 1
    assert "never written over" in again.stderr


def test_a_store_from_nothing_to_a_claim_code(made: Cloud) -> None:
    assert (
        made("store", "add", "s1", "--name", "One", "--time-zone", "Asia/Shanghai", "--currency", "CNY").exit_code == 0
    )
    assert made("till", "add", "s1", "t1", "--number", "1").exit_code == 0
    assert "t1 (1)" in made("store", "list").stdout
    secret, _, fingerprint = made("claim", "create", "s1", "a1").stdout.strip().partition(".")
    assert (len(secret), len(fingerprint)) == (24, 32)
    assert made("agent", "list").stdout == ""


def test_devices_are_bound_from_a_file(made: Cloud, tmp_path: Path) -> None:
    made("store", "add", "s1", "--name", "One", "--time-zone", "Asia/Shanghai", "--currency", "CNY")
    made("till", "add", "s1", "t1", "--number", "1")
    file = tmp_path / "devices.toml"
    line = 'device = "scanner"\nprofile = "serial_line"\ntransport = "serial"\n'
    file.write_text(f'[[device]]\n{line}address = "/dev/serial/by-path/p1"\n')
    said = made("till", "devices", "s1", "t1", "--file", str(file)).stdout
    assert said == "scanner: serial_line by serial at /dev/serial/by-path/p1\n"
    assert made("till", "devices", "s1", "t1").stdout == said
    file.write_text(f"[[device]]\n{line}")
    refused = made("till", "devices", "s1", "t1", "--file", str(file))
    assert refused.exit_code == 1
    assert "say where it is plugged in" in refused.stderr
    file.write_text('[[device]]\nname = "scanner"\n')
    assert "missing required field `device`" in made("till", "devices", "s1", "t1", "--file", str(file)).stderr
    assert made("till", "devices", "s1", "t1").stdout == said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("store", "add", "S 1", "--name", "x", "--time-zone", "Asia/Shanghai", "--currency", "CNY"), "store must be"),
        (("store", "add", "s1", "--name", "x", "--time-zone", "Mars", "--currency", "CNY"), "no time zone"),
        (("till", "add", "nowhere", "t1", "--number", "1"), "no store 'nowhere'"),
        (("claim", "create", "nowhere", "a1"), "no store 'nowhere'"),
        (("claim", "create", "nowhere", "A 1"), "agent must be"),
        (("agent", "revoke", "nobody", "--reason", "x"), "no agent 'nobody'"),
        (("token", "create", "t", "--scope", "fly"), "fly"),
        (("token", "revoke", "t"), "no token named 't'"),
        (("keys", "rotate", "nothing"), "no keyring"),
    ],
)
def test_wrong_requests_are_refused_in_words(made: Cloud, arguments: tuple[str, ...], words: str) -> None:
    done = made(*arguments)
    assert done.exit_code == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("colour = 'red'", "there is no setting 'colour'"),
        ("database_url = 'postgres://hq/storewire'", "a database's address begins with postgresql+psycopg:// or"),
        ("api_port = 'x'", "api_port"),
        ("api_port = 1\napi_port = 2", "cannot be read"),
        ("broker = 'pigeon'", "broker"),
    ],
)
def test_wrong_settings_are_named(cloud: Cloud, settings: str, words: str) -> None:
    done = cloud("doctor", settings=settings)
    assert done.exit_code == 1
    assert words in done.stderr


@pytest.mark.parametrize("arguments", [("store", "list"), ("migrate",), ("person", "list"), ("ledger", "prove")])
def test_a_wrong_folder_is_said_to_hold_no_deployment_and_stays_as_it_is(
    cloud: Cloud, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = cloud(*arguments)
    assert done.exit_code == 1
    assert f"there is no cloud.db in {tmp_path / 'data'}: a new deployment begins with" in done.stderr
    assert not (tmp_path / "data").exists()


def test_doctor_says_what_is_missing_where_there_is_nothing_and_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = cloud("doctor")
    assert done.exit_code == 1
    assert "BAD  api.crt: is not there; `storewire-cloud certificates` makes it" in done.stdout
    assert "BAD  database: there is no cloud.db in" in done.stdout
    assert "BAD  broker: has no port yet" in done.stdout
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("data_dir", "words"),
    [("/dev/null/x", "/dev/null/x: Not a directory"), ("/proc/x", "/proc/x: No such file or directory")],
)
def test_a_folder_that_cannot_be_made_is_named(cloud: Cloud, data_dir: str, words: str) -> None:
    done = cloud("init", settings=f'data_dir = "{data_dir}"')
    assert done.exit_code == 1
    assert words in done.stderr


@pytest.mark.parametrize("what", ["serve", "broker"])
def test_a_second_one_in_the_same_folder_leaves_the_first_alone(made: Cloud, tmp_path: Path, what: str) -> None:
    with alone(tmp_path / "data", what):
        done = made(what)
    assert done.exit_code == 1
    assert f"`{what}` runs already in {tmp_path / 'data'} (process {os.getpid()}): stop it first" in done.stderr


def test_a_port_that_another_program_has_is_named_with_what_to_do(made: Cloud, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "another program has this port" in why_not_listening("127.0.0.1", port)
        assert "no such address" in why_not_listening("192.0.2.1", port)
        done = made("api", settings=f'data_dir = "{tmp_path / "data"}"\nconsole = false\napi_port = {port}')
    assert done.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {port}: another program has this port: stop it" in done.stderr
    assert why_not_listening("127.0.0.1", port) == ""


def test_agents_are_listed_only_of_stores_that_exist(made: Cloud) -> None:
    assert "No agent is enrolled" in made("agent", "list").stderr
    assert "there is no store 's9'" in made("agent", "list", "--store", "s9").stderr


@pytest.mark.parametrize("command", ["serve", "api", "ingest", "broker"])
def test_nothing_starts_before_init(cloud: Cloud, command: str) -> None:
    done = cloud(command)
    assert done.exit_code == 1
    assert "storewire-cloud init" in done.stderr


def test_a_restored_database_gets_a_new_incarnation(made: Cloud, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'data' / 'cloud.db'}")

    def incarnation() -> object:
        with database.snapshot() as session:
            return session.connection().execute(text("SELECT incarnation FROM deployment")).scalar_one()

    before = incarnation()
    assert made("restored", "--reason", "disk died, backup of Sunday").exit_code == 0
    assert incarnation() != before
    database.close()


def test_no_secret_is_in_what_commands_print(made: Cloud, tmp_path: Path) -> None:
    printed = made("keys", "list").stdout + made("keys", "rotate", "fields").stdout
    assert "current" in printed
    for path in (tmp_path / "data" / "keys").glob("*.json"):
        for secret in json.loads(path.read_text())["secrets"].values():
            assert secret not in printed


def test_certificates_are_made_again_where_they_are_missing(made: Cloud, tmp_path: Path) -> None:
    lost = tmp_path / "data" / "keys" / "broker.crt"
    lost.unlink()
    assert made("certificates").exit_code == 0
    assert b"BEGIN CERTIFICATE" in lost.read_bytes()


def test_the_database_revision_is_said_and_guarded(made: Cloud, tmp_path: Path) -> None:
    assert "ok   database: revision 0001, incarnation" in made("doctor").stdout
    assert "is at revision 0001 already" in made("migrate").stdout
    database = Database(f"sqlite:///{tmp_path / 'data' / 'cloud.db'}")
    with database.session() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    commands = (("serve",), ("api",), ("ingest",), ("jobs",), ("broker",), ("migrate",), ("store", "list"))
    for command in commands:
        done = made(*command)
        assert done.exit_code == 1
        assert "revision 9999, which is newer than this program" in done.stderr
    assert "BAD  database: the database is at revision 9999" in made("doctor").stdout


def test_init_makes_no_keys_for_a_database_it_must_not_touch(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'data' / 'cloud.db'}")
    with database.session() as session:
        session.connection().execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.connection().execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    database.close()
    done = cloud("init")
    assert done.exit_code == 1
    assert "revision 9999" in done.stderr
    assert not (tmp_path / "data" / "keys").exists()


def test_a_database_without_tables_is_no_database(made: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "data" / "cloud.db"
    file.unlink()
    for words in ("there is no cloud.db", "the database is empty"):
        done = made("serve")
        assert done.exit_code == 1
        assert words in done.stderr
        file.touch()
