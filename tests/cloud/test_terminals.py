"""Terminals of a store's network: named at head office, told to the agent, and a certificate for those names alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from httpx import Client
from sqlmodel import select
from typer.testing import CliRunner

from cloud.api.services import Services
from cloud.audit.models import AuditEntry
from cloud.cli import app
from cloud.database import Database
from cloud.errors import Invalid
from cloud.fleet import terminals
from cloud.fleet.models import Agent
from cloud.ingest.desired import desired_document
from cloud.org import stores
from cloud.org.models import Store
from cloud.process.parts import build_services
from shared.topics import SHARDS
from shared.wire.desired import TerminalSettings
from shared.wire.messages import Reported
from shared.wire.terminal_events import TerminalAct, TerminalActed
from tests.cloud.apps import served_api_of
from tests.cloud.boxes import Box, device_token, make_box, make_csr, make_key, served_api
from tests.cloud.ingesting import Outbox, open_store, take_in
from tests.cloud.prices_data import found_chain
from tests.cloud.test_api import _token
from tests.cloud.test_roster import _chain, _settled
from tests.factories import START_MS, DrivenMachineClock, make_event
from tests.golden.devices import TERMINALS

HOSTS = ["till-pc.lan", "192.168.1.10", "fd12:3456:789a::10"]
WHY = "new tablets"


def _open(database: Database, *hosts: str, port: int = 8443, store: str = "s1") -> TerminalSettings:
    with database.session() as session:
        return terminals.open_to(
            session, store, hosts, port, ours={"hq.example.com"}, actor="test", now_ms=0, reason=WHY
        )


def _store(database: Database) -> None:
    with database.session() as session:
        row = Store(id="s1", name="s1", time_zone="Asia/Shanghai", currency="CNY", price_zone="main")
        stores.add_store(session, row, actor="test", now_ms=0)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("hq.example.com", "head office's own name"),
        ("8.8.8.8", "no address of a store's own network"),
        ("127.0.0.1", "no address of a store's own network"),
        ("2001:4860:4860::8888", "no address of a store's own network"),
        ("fe80::1%eth0", "no address of a store's own network"),
        ("fd12::1%eth0", "no address of a store's own network"),
        ("::1", "no address of a store's own network"),
        ("::ffff:192.168.1.10", "no address of a store's own network"),
        ("192.168.1.300", "neither a name nor an address"),
        ("fd00::g", "neither a name nor an address"),
        ("https://till", "neither a name nor an address"),
        ("*.lan", "neither a name nor an address"),
        ("", "neither a name nor an address"),
    ],
)
def test_names_that_a_store_may_not_have_are_refused(database: Database, host: str, words: str) -> None:
    _store(database)
    with pytest.raises(Invalid, match=words):
        _open(database, "192.168.1.10", host)
    with pytest.raises(Invalid, match="port"):
        _open(database, "192.168.1.10", port=443)


def test_opening_keeps_who_was_unpaired_and_each_is_written_down(database: Database) -> None:
    _store(database)
    assert _open(database, "Till-PC.lan.", "till-pc.lan") == TerminalSettings(hosts=["till-pc.lan"])
    with database.session() as session:
        terminals.unpair_all(session, "s1", reason="tablet stolen", actor="test", now_ms=0)
    assert _open(database, *HOSTS) == TerminalSettings(hosts=HOSTS, generation=1)
    with database.session() as session, pytest.raises(Invalid, match="say why"):
        terminals.unpair_all(session, "s1", reason=" ", actor="test", now_ms=0)
    with database.snapshot() as session:
        acts = [row for row in session.exec(select(AuditEntry)) if row.action.startswith("store.terminals")]
    assert [(act.detail, act.reason) for act in acts] == [
        ("till-pc.lan:8443", WHY),
        ("", "tablet stolen"),
        ("till-pc.lan:8443, 192.168.1.10:8443, [fd12:3456:789a::10]:8443", WHY),
    ]
    with pytest.raises(Invalid, match="say why"), database.session() as session:
        terminals.open_to(session, "s1", HOSTS, 8443, ours=(), actor="test", now_ms=0, reason=" ")


def test_ipv6_address_is_kept_as_browsers_say_it(database: Database) -> None:
    _store(database)
    said = _open(database, "[FD12:3456:789A:0:0:0:0:10]", "till-pc.lan")
    assert said.addresses == ["https://[fd12:3456:789a::10]:8443/", "https://till-pc.lan:8443/"]


@pytest.mark.postgresql
def test_opening_the_door_beside_an_unpairing_does_not_undo_it(postgresql_database: Database) -> None:
    _store(postgresql_database)
    _open(postgresql_database, *HOSTS)
    with postgresql_database.session() as slow:
        assert terminals.terminals_of(slow, "s1").generation == 0
        with postgresql_database.session() as session:
            terminals.unpair_all(session, "s1", reason="tablet stolen", actor="test", now_ms=0)
        said = terminals.open_to(slow, "s1", HOSTS[:1], 8443, ours=(), actor="test", now_ms=0, reason=WHY)
    assert said == TerminalSettings(hosts=HOSTS[:1], generation=1)


def test_agent_is_told_and_looked_at_at_once(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    roster = _settled(database, clock)
    _open(database, *HOSTS)
    assert "s1-a" in roster.due(SHARDS)


def test_agents_of_the_store_alone_are_told(database: Database) -> None:
    with database.session() as session:
        found_chain(session)
    _open(database, *HOSTS)
    with database.snapshot() as session:
        for agent, hosts in (("s1-a", HOSTS), ("s2-a", [])):
            document = desired_document(session, session.get_one(Agent, agent), START_MS)
            assert document is not None
            assert document.settings.terminals.hosts == hosts


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = make_box(tmp_path)
    made.add_store()
    yield made
    made.database.close()


@pytest.fixture
def client(box: Box) -> Iterator[Client]:
    services: Services = build_services(box.settings)
    with served_api(served_api_of(services, box.settings)) as made:
        yield made
    services.database.close()


def _asked(client: Client, box: Box, csr: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {device_token(box.keys['a1'], 'a1')}"}
    answer = client.post("/api/v1/agent/pages-certificate", json={"csr": csr}, headers=headers)
    return {"status": answer.status_code, **answer.json()}


def test_certificate_is_for_the_names_that_head_office_gave(client: Client, box: Box) -> None:
    box.enrol("a1")
    key = make_key()
    assert _asked(client, box, make_csr(key))["status"] == 409
    write = _token(box, "stores:read", "stores:write")
    put = client.put("/api/v1/stores/s1/terminals", json={"hosts": HOSTS, "reason": WHY}, headers=write)
    assert put.json() == {"hosts": HOSTS, "port": 8443, "generation": 0, "paired": []}
    given = _asked(client, box, make_csr(key))
    assert given["hosts"] == HOSTS
    certificate = x509.load_pem_x509_certificate(str(given["certificate"]).encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificates(str(given["ca"]).encode())[0])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["till-pc.lan"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == HOSTS[1:]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH], "it could pass for an agent"
    assert certificate.public_key() == key.public_key()
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.days <= 398, "browsers refuse it"
    assert _asked(client, box, "nonsense")["status"] == 422


def test_terminals_need_rights_and_reasons(client: Client, box: Box) -> None:
    read = _token(box, "stores:read")
    assert (
        client.put("/api/v1/stores/s1/terminals", json={"hosts": HOSTS, "reason": WHY}, headers=read).status_code == 403
    )
    assert client.get("/api/v1/stores/s9/terminals", headers=read).status_code == 404
    write = _token(box, "stores:read", "stores:write")
    for body in ({"hosts": HOSTS}, {"hosts": HOSTS, "reason": ""}, {"hosts": HOSTS, "reason": "  "}):
        assert client.put("/api/v1/stores/s1/terminals", json=body, headers=write).status_code == 422
    assert client.post("/api/v1/stores/s1/terminals/unpair", json={"reason": ""}, headers=write).status_code == 422
    said = client.post("/api/v1/stores/s1/terminals/unpair", json={"reason": "stolen"}, headers=write).json()
    assert (said["generation"], said["hosts"]) == (1, [])


def test_command_says_where_terminals_go(box: Box) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["--data-dir", str(box.settings.data_dir), "store", "terminals", *arguments])
        return done.output

    assert "No terminal" in run("s1")
    assert "say why" in run("s1", "--host", "192.168.1.10")
    opened = run("s1", "--host", "192.168.1.10", "--port", "9443", "--reason", WHY)
    assert opened == "https://192.168.1.10:9443/\n"
    assert "not both" in run("s1", "--host", "192.168.1.10", "--close")
    assert "say why" in run("s1", "--unpair")
    assert "No terminal" in run("s1", "--close", "--reason", WHY)


def test_head_office_sees_who_is_paired_as_the_agent_last_said(client: Client, box: Box) -> None:
    box.enrol("a1")
    read = _token(box, "stores:read")
    assert client.get("/api/v1/stores/s1/terminals", headers=read).json()["paired"] == []
    reported = Reported(software="1", engine=1, terminals=TERMINALS)
    with box.database.session() as session:
        session.get_one(Agent, "a1").reported = msgspec.json.encode(reported)
    (found,) = client.get("/api/v1/stores/s1/terminals", headers=read).json()["paired"]
    assert (found["number"], found["till"], found["name"]) == (2, "t1", "counter tablet")
    listed = CliRunner().invoke(app, ["--data-dir", str(box.settings.data_dir), "store", "terminals", "s1"])
    assert "2: counter tablet, till t1, paired by sue, last at 192.168.1.23" in listed.output


def test_who_paired_and_unpaired_in_the_store_is_in_the_audit_log_once(database: Database) -> None:
    open_store(database)
    done = ((TerminalAct.PAIRED, WHY), (TerminalAct.UNPAIRED, "left on the bus"))
    said = {"number": 3, "name": "tablet", "by": "sue", "seen_from": "192.168.1.23"}
    outbox = Outbox().add(*(make_event(TerminalActed, act=act, reason=why, **said) for act, why in done))
    for _ in range(2):
        take_in(database, outbox.batch())
    with database.snapshot() as session:
        acts = [row for row in session.exec(select(AuditEntry)) if row.action.startswith("terminal.")]
    detail = "tablet (3) of till t1 at 192.168.1.23"
    assert [(act.action, act.actor, act.subject, act.reason, act.detail) for act in acts] == [
        ("terminal.pair", "store:s001:sue", "s001", WHY, detail),
        ("terminal.unpair", "store:s001:sue", "s001", "left on the bus", detail),
    ]
