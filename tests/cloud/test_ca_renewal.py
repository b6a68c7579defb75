"""The issuing CA's five years end while everything runs: renewed in time, both accepted, agents none the wiser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from typer.testing import CliRunner

from cloud import audit, logging
from cloud.cli import app
from cloud.identity import ca, ca_renewal, keys
from cloud.identity.ca import Authority, CaEnded
from cloud.identity.ca_renewal import LatestAuthority
from cloud.mqtt import Bus, BusAddress
from cloud.process.certificates import CertificateWatch
from cloud.process.ingest import ingest_address
from cloud.process.parts import build_services
from edge_agent.hq import identity
from edge_agent.hq.identity import Enrolment, Renewal
from shared.topics import Up, ingest_filter, shard_of, up_topic
from tests.cloud.apps import served_api_of
from tests.cloud.boxes import (
    CLOCK,
    Box,
    Listener,
    device_token,
    kept_broker,
    make_box,
    make_csr,
    make_key,
    served_api,
)
from tests.factories import START_MS, DrivenMachineClock
from tests.provision.patience import until

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
ISSUING_DAYS, ROOT_DAYS = 5 * 365, 20 * 365


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Keys made at START_MS."""
    ca.create(tmp_path / "keys", START_MS)
    return tmp_path / "keys"


def ends(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc


def in_days(days: int) -> datetime:
    return datetime.fromtimestamp((START_MS + days * DAY_MS) // 1000, UTC)


def signed(authority: Authority, now_ms: int) -> x509.Certificate:
    issued = authority.sign_agent(make_csr(make_key()), "a1", days=90, now_ms=now_ms)
    return x509.load_pem_x509_certificate(issued.pem.encode())


def test_a_renewed_issuing_ca_stands_beside_the_one_before_below_the_same_root(directory: Path) -> None:
    before, now = ca.load(directory), START_MS + 4 * YEAR_MS
    after = ca_renewal.renew(directory, now)
    assert (after.root, after.fingerprint) == (before.root, before.fingerprint)
    assert after.issuing.public_key() != before.issuing.public_key()
    for authority in (before, after):
        authority.issuing.verify_directly_issued_by(before.root)
        signed(authority, now).verify_directly_issued_by(authority.issuing)
    assert ends(after.issuing) == in_days(4 * 365 + ISSUING_DAYS)
    chain = x509.load_pem_x509_certificates((directory / "ca-chain.crt").read_bytes())
    assert chain == [after.issuing, before.issuing, before.root]
    later = ca_renewal.renew(directory, START_MS + ISSUING_DAYS * DAY_MS)
    chain = x509.load_pem_x509_certificates((directory / "ca-chain.crt").read_bytes())
    assert chain == [later.issuing, after.issuing, before.root], "what has ended is not accepted for ever"
    assert all(path.stat().st_mode & 0o077 == 0 for path in directory.iterdir())


@pytest.mark.parametrize(
    ("days_left", "root_key", "renews", "problem_days"),
    [
        (401, True, False, None),
        (400, True, True, None),
        (10, True, True, None),
        (366, False, False, None),
        (364, False, False, 364),
        (0, False, False, 0),
        (-30, False, False, 0),
        (-30, True, True, None),
    ],
)
def test_it_renews_itself_more_than_a_year_ahead_or_people_are_told_a_year_ahead(
    directory: Path, days_left: int, *, root_key: bool, renews: bool, problem_days: int | None
) -> None:
    now = START_MS + (ISSUING_DAYS - days_left) * DAY_MS
    if not root_key:
        (directory / "root-ca.key").unlink()
    assert ca_renewal.renew_if_due(directory, now) is renews
    assert ca_renewal.renew_if_due(directory, now) is False
    found = ca_renewal.problem(directory, now)
    told = None if found is None else (found.ends, found.days_left)
    assert told == (None if problem_days is None else ("issuing", problem_days))


def test_the_end_of_the_root_is_told_a_year_ahead_too(directory: Path) -> None:
    now = START_MS + (ROOT_DAYS - 100) * DAY_MS
    authority = ca_renewal.renew(directory, now)
    assert ends(authority.issuing) == ends(authority.root), "nothing outlives what vouches for it"
    found = ca_renewal.problem(directory, now)
    assert found is not None
    assert found.days_left == 100


def test_nothing_it_signs_outlives_it_and_after_its_end_it_signs_nothing(directory: Path) -> None:
    authority = ca.load(directory)
    end_ms = START_MS + ISSUING_DAYS * DAY_MS
    assert ends(signed(authority, end_ms - 30 * DAY_MS)) == ends(authority.issuing)
    with pytest.raises(CaEnded, match="storewire-cloud ca renew"):
        signed(authority, end_ms)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda keys_dir, _: (keys_dir / "root-ca.key").unlink(), "--root-key"),
        (lambda keys_dir, other: shutil.copy(other / "root-ca.key", keys_dir), "not the key of this deployment's root"),
        (lambda keys_dir, _: (keys_dir / "root-ca.key").write_text("nonsense"), "no private key"),
    ],
)
def test_without_the_roots_key_nothing_changes(
    directory: Path, tmp_path: Path, spoil: Callable[[Path, Path], object], words: str
) -> None:
    ca.create(tmp_path / "other", START_MS)
    spoil(directory, tmp_path / "other")
    before = {path: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(keys.KeysMissing, match=words):
        ca_renewal.renew(directory, START_MS)
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


def test_the_roots_key_may_be_kept_elsewhere(directory: Path, tmp_path: Path) -> None:
    (directory / "root-ca.key").rename(tmp_path / "stick")
    before = ca.load(directory)
    assert ca_renewal.renew(directory, START_MS, tmp_path / "stick").issuing != before.issuing
    assert not (directory / "root-ca.key").exists()


def test_a_process_signs_by_the_renewed_ca_without_a_restart_and_lives_on_without_it(directory: Path) -> None:
    latest = LatestAuthority(directory)
    before = latest.current()
    assert latest.current() is before
    after = ca_renewal.renew(directory, START_MS)
    assert latest.current().chain == after.chain
    (directory / "issuing-ca.key").write_text("half a file")
    assert latest.current().chain == after.chain
    (directory / "issuing-ca.key").unlink()
    assert latest.current().chain == after.chain


@pytest.fixture
def old_box(tmp_path: Path) -> Iterator[Box]:
    """A deployment whose issuing CA has 300 days left; its own certificates are of today."""
    made = make_box(tmp_path / "hq")
    keys_dir = made.settings.keys_dir
    for path in keys_dir.glob("*-ca.*"):
        path.unlink()
    made.authority = ca.create(keys_dir, CLOCK.wall_ms() - (ISSUING_DAYS - 300) * DAY_MS)
    for path in keys_dir.glob("*.crt"):
        if path.stem in {"api", "broker", "ingest", "keeper"}:
            path.unlink()
    (keys_dir / "root-ca.key").rename(tmp_path / "stick")  # so that nothing renews itself before the test says so
    CertificateWatch(made.settings, CLOCK, "api").turn()
    made.add_store()
    yield made
    made.database.close()


def test_an_agent_gets_the_new_chain_with_its_next_certificate(old_box: Box, tmp_path: Path) -> None:
    clock = DrivenMachineClock(CLOCK.wall_ms())
    services = build_services(old_box.settings)
    key = identity.make_key(tmp_path / "agent")
    with served_api(served_api_of(services, old_box.settings)) as client:
        body = {"code": old_box.claim("a1"), "csr": identity.request_for(key)}
        given = client.post("/api/v1/enrol", json=body)
        who = identity.keep(tmp_path / "agent", msgspec.json.decode(given.content, type=Enrolment), key)
        assert ca.pem(old_box.authority.issuing) in who.certificate_path.read_text()
        after = ca_renewal.renew(old_box.settings.keys_dir, clock.wall_ms(), tmp_path / "stick")
        answer = client.post(
            "/api/v1/agent/renew",
            json={"csr": who.request()},
            headers={"Authorization": f"Bearer {device_token(key, 'a1')}"},
        )
        assert answer.status_code == 200, answer.text
        renewed = who.renewed(msgspec.json.decode(answer.content, type=Renewal))
    services.database.close()
    leaf, *chain = x509.load_pem_x509_certificates(renewed.certificate_path.read_bytes())
    leaf.verify_directly_issued_by(after.issuing)
    assert chain == [after.issuing, after.root]
    assert renewed.enrolment.ca == after.chain


def met(ingest: Listener, agents: Mapping[str, BusAddress], word: bytes) -> None:
    """Connect these agents anew, and see that what each says arrives."""
    with ExitStack() as stack:
        for agent, address in agents.items():
            bus, topic = stack.enter_context(Listener(address).running(20)).bus, up_topic(agent, Up.STATE)
            until(partial(_heard, ingest, bus, topic, word), f"{agent} to be heard")


def _heard(ingest: Listener, bus: Bus, topic: str, word: bytes) -> bool:
    """Say it once more: what a newcomer says before the broker knows of it is dropped."""
    bus.publish(topic, word)
    return (topic, word) in ingest.heard


@contextmanager
def hearing(box: Box) -> Iterator[Listener]:
    """A broker, and a worker of ours that hears both agents."""
    ingest = Listener(ingest_address(box.settings, "ingest-test"))
    ingest.bus.subscribe([ingest_filter(shard_of(agent)) for agent in ("a1", "a2")])
    with kept_broker(box), ingest.running(20):
        yield ingest


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def test_agents_of_both_cas_meet_at_one_broker_that_was_started_before_or_after(
    old_box: Box, tmp_path: Path, kind: str
) -> None:
    if kind == "mosquitto" and not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("no mosquitto on this machine: install Debian's package")
    old_box.settings = old_box.settings.model_copy(update={"broker": kind})
    agents = {"a1": old_box.enrol("a1")}
    with hearing(old_box) as ingest:
        met(ingest, agents, b"before")
        old_box.authority = ca_renewal.renew(old_box.settings.keys_dir, CLOCK.wall_ms(), tmp_path / "stick")
        agents["a2"] = old_box.enrol("a2")
        met(ingest, agents, b"at the broker of before")
    for name in ("broker", "ingest", "keeper"):
        (old_box.settings.keys_dir / f"{name}.crt").unlink()
    CertificateWatch(old_box.settings, CLOCK, "api").turn()
    with hearing(old_box) as ingest:
        met(ingest, agents, b"at one whose own certificate is of the new CA")


def test_the_command_says_how_it_stands_and_renews(
    old_box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "configure", lambda *_: None)

    def said(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["--data-dir", str(old_box.settings.data_dir), "ca", *words])
        assert done.exit_code == code, done.output
        return done.output

    assert "299 days left of the issuing CA: renew it now." in said("status")
    assert "--root-key" in said("renew", code=1)
    assert "lasts until" in said("renew", "--root-key", str(tmp_path / "stick"))
    after = said("status")
    assert "days left" not in after
    assert "A former issuing CA is accepted until" in after
    with old_box.database.snapshot() as session:
        (entry,) = [entry for entry in audit.latest(session) if entry.action == "ca.renew"]
    assert entry.subject == f"{ca.load(old_box.settings.keys_dir).issuing.serial_number:x}"
