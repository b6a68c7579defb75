"""`storewire-cloud parked`: what a person at HQ can do about an event that was not applied."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cloud.cli import app
from cloud.identity import keys
from cloud.ingest.models import ParkedEvent
from cloud.sales.models import Sale
from shared.wire.events import SaleCompleted, encode_event
from tests.cloud.ingesting import Outbox, count, of_kind, open_store, take_in
from tests.factories import make_sale
from tests.provision.databases import new_sqlite


class Office:
    """A deployment on disk, and its command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = new_sqlite(directory / "chain.db")
        keys.create(directory / "keys")
        open_store(self.database)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command and return what it says."""
        config = self.directory / "cloud.toml"
        config.write_text(f'database_url = "{self.database.engine.url}"\n')
        given = ["--config", str(config), "--data-dir", str(self.directory), "parked", *arguments]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == code, result.output
        return result.output


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def bad(office: Office) -> SaleCompleted:
    sale = make_sale(number=3)
    wrong = msgspec.structs.replace(sale, total_minor=sale.total_minor + 1)
    take_in(office.database, Outbox().add(make_sale(number=1), wrong).batch())
    return sale


def test_what_is_parked_is_listed_and_shown(office: Office, bad: SaleCompleted) -> None:
    listed = office.run("list")
    assert str(bad.id) in listed
    assert "arithmetic" in listed
    (row,) = json.loads(office.run("list", "--json", "--code", "arithmetic"))
    assert (row["event"], row["agent"], row["kind"]) == (str(bad.id), "s001-a", "sale")
    assert office.run("list", "--agent", "s001-b") == "No event is parked.\n"
    assert '"kind":"sale"' in office.run("show", str(bad.id))


def test_a_repaired_event_is_applied(office: Office, bad: SaleCompleted, tmp_path: Path) -> None:
    assert "stays parked: arithmetic" in office.run("replay", str(bad.id), code=1)
    right = tmp_path / "right.json"
    right.write_bytes(encode_event(bad) + b"\n")
    assert "is applied" in office.run("repair", str(bad.id), str(right), "--reason", "till bug 12")
    assert count(office.database, Sale) == 2
    assert "already" in office.run("replay", str(bad.id), code=1)


def test_all_of_a_reason_are_replayed(office: Office, bad: SaleCompleted) -> None:
    assert str(bad.id) in office.run("replay", "--code", "arithmetic", code=1)
    assert office.run("replay", "--code", "undecodable") == ""
    office.run("replay", code=2)


def test_an_event_is_dismissed_with_a_reason(office: Office, bad: SaleCompleted) -> None:
    office.run("dismiss", str(bad.id), code=2)
    assert "dismissed" in office.run("dismiss", str(bad.id), "--reason", "training")
    with office.database.session() as session:
        assert session.exec(of_kind(ParkedEvent)).one().resolution == "dismissed"
    assert "no event" in office.run("show", str(make_sale().id), code=1)


def test_p9_missing_receipts_are_named(office: Office, bad: SaleCompleted) -> None:
    assert "s001\tt1\tt1-1\t2\tsince" in office.run("missing")
    assert office.run("missing", "--store", "s002") == "No receipt number is missing.\n"
