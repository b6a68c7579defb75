"""The commands as a store technician meets them: in every bad state what is wrong and what to do, never a trace."""

from __future__ import annotations

import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.disk.state_lock import StateLock
from edge_agent.hq import identity
from edge_agent.hq.identity import Identity
from shared.wire.events import TenderKind
from tests.edge.agents import enrolled
from tests.edge.tills import APPLES, MILK, opened_store
from tests.factories import START_MS

CODE = "abcdefghijklmnop234567.0123456789abcdef0123456789abcdef"
DAY = timedelta(days=1)


def said(*words: str, state: Path, code: int = 1) -> str:
    """Run a command and return what it said, which is never a trace."""
    result = CliRunner().invoke(app, [words[0], "--state", str(state), *words[1:]])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def certificate(key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, ends)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def certified(state: Path, begins: datetime, ends: datetime) -> Identity:
    """Enrol an agent whose certificate is valid for a span."""
    who = enrolled(state)
    fresh = msgspec.structs.replace(who.enrolment, certificate=certificate(who._key, begins, ends))
    return identity.keep(state, fresh, who._key)


class _QuietServer(HTTPServer):
    """Says nothing of a client that hangs up."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def head_office(
    state: Path, *, begins: datetime, ends: datetime, answer: int = 200, off: timedelta = DAY * 0
) -> Iterator[str]:
    """Serve an API with a certificate of its own, whose clock is `off`, and have the agent in `state` trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = certificate(key, begins, ends)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (state / "server.pem").write_bytes(pem.encode() + private)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(answer if self.path.endswith("/ca") else 404)
            self.send_header("Date", (datetime.now(UTC) + off).strftime("%a, %d %b %Y %H:%M:%S GMT"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(state / "server.pem")
    server = _QuietServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}"
    try:
        who = enrolled(state)
        identity.keep(state, msgspec.structs.replace(who.enrolment, api=url, ca=pem), who._key)
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("command", ["run", "status", "receipts", "doctor"])
def test_not_enrolled(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for state in (tmp_path / "nowhere", tmp_path / "empty"):
        assert "run `storewire-edge enroll` first" in said(command, state=state)
    assert "with the agent's --state" in said(command, state=tmp_path / "file")
    assert list((tmp_path / "empty").iterdir()) == [], "looking leaves nothing behind"


@pytest.mark.parametrize("command", ["run", "status", "receipts", "doctor"])
@pytest.mark.parametrize(
    ("content", "words"),
    [("linkk = 'auto'", "there is no setting 'linkk'"), ("link = 'pigeon'", "got 'pigeon'"), ("[", "edge.toml")],
)
def test_wrong_settings(tmp_path: Path, command: str, content: str, words: str) -> None:
    (tmp_path / "edge.toml").write_text(content)
    assert words in said(command, state=tmp_path)


@pytest.mark.parametrize("command", ["run", "status", "doctor"])
def test_damaged_identity_says_how_to_enrol_anew_and_keep_the_sales(tmp_path: Path, command: str) -> None:
    who = enrolled(tmp_path)
    other = enrolled(tmp_path / "other")
    shutil.copy(other.key_path, who.key_path)
    assert "the sales in the database stay" in said(command, state=tmp_path)
    who.key_path.write_text("nonsense")
    assert "the sales in the database stay" in said(command, state=tmp_path)


@pytest.mark.parametrize(
    ("cloud", "code", "words"),
    [
        ("https://127.0.0.1:1", "SHORT", "copy it as a whole from HQ"),
        ("http://127.0.0.1:1", CODE, "starts with https://"),
        ("https://127.0.0.1:44x", CODE, "starts with https://"),
        ("https://[bad", CODE, "starts with https://"),
        ("https://", CODE, "starts with https://"),
        ("https://127.0.0.1:1", CODE, "check the address, the network cable"),
    ],
)
def test_enrolment_with_a_wrong_address_or_code(tmp_path: Path, cloud: str, code: str, words: str) -> None:
    assert words in said("enroll", "--cloud", cloud, "--code", code, state=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_second_agent_on_one_state_is_told_to_wait_for_the_first(tmp_path: Path) -> None:
    enrolled(tmp_path)
    with StateLock(tmp_path):
        assert "stop it first" in said("run", state=tmp_path)
        assert "running           yes" in said("status", state=tmp_path, code=0)
        assert "it runs" in said("doctor", state=tmp_path)


def test_agent_without_its_head_office_and_with_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 5 * 1024**2))
    found = said("doctor", state=tmp_path)
    assert "BAD  disk: 5 MiB free" in found
    assert "make room: selling stops when it is full" in found
    assert "BAD  api and clock: cannot be reached" in found
    assert "call HQ; selling goes on without it" in found


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (-DAY * 100, -DAY * 10, "it renews its certificate as soon as it reaches HQ's API"),
        (DAY * 1000, DAY * 1090, "set the clock (set up NTP)"),
    ],
)
def test_certificate_that_ended_or_a_clock_that_is_years_off(
    tmp_path: Path, begins: timedelta, ends: timedelta, words: str
) -> None:
    certified(tmp_path, now() + begins, now() + ends)
    found = said("doctor", state=tmp_path)
    line = next(line for line in found.splitlines() if "certificate" in line)
    assert line.startswith("BAD ")
    assert words in line
    assert f"this machine's clock says {now():%Y-%m-%d}" in line
    said("status", state=tmp_path, code=0)


def test_clock_that_is_off_is_told_by_how_much(tmp_path: Path) -> None:
    with head_office(tmp_path, begins=now() - DAY, ends=now() + DAY, off=DAY * 365):
        assert "365 days behind HQ's; set the clock (set up NTP)" in said("doctor", state=tmp_path)
    with head_office(tmp_path, begins=now() - DAY, ends=now() + DAY, off=-timedelta(minutes=5)):
        assert "ahead of HQ's; set the clock (set up NTP)" in said("doctor", state=tmp_path)


@pytest.mark.parametrize(("begins", "ends"), [(-2, -1), (1000, 1001)])
def test_clock_so_far_off_that_hqs_certificate_does_not_count(tmp_path: Path, begins: int, ends: int) -> None:
    with head_office(tmp_path, begins=now() + DAY * begins, ends=now() + DAY * ends):
        assert "check the clock first (set up NTP)" in said("doctor", state=tmp_path)


def test_somebody_else_answers_for_head_office(tmp_path: Path) -> None:
    with head_office(tmp_path, begins=now() - DAY, ends=now() + DAY) as url:
        who = enrolled(tmp_path)
        identity.keep(tmp_path, msgspec.structs.replace(who.enrolment, api=url), who._key)
        assert "something between here and HQ may be answering for it" in said("doctor", state=tmp_path)


def test_head_office_in_trouble(tmp_path: Path) -> None:
    with head_office(tmp_path, begins=now() - DAY, ends=now() + DAY, answer=503):
        assert "answers 503; HQ has trouble" in said("doctor", state=tmp_path)


@pytest.mark.parametrize("command", ["run", "status", "receipts", "doctor"])
def test_damaged_database_is_kept_for_support(tmp_path: Path, command: str) -> None:
    enrolled(tmp_path)
    (tmp_path / "agent.db").write_bytes(b"\xff" * 8192)
    found = said(command, state=tmp_path)
    assert "agent.db" in found
    assert "damaged" in found or "keep the file and call support" in found


async def test_receipts_of_a_day_with_totals_and_what_became_of_the_paper(tmp_path: Path) -> None:
    enrolled(tmp_path)
    assert "never run" in said("receipts", state=tmp_path, code=0)
    async with opened_store(tmp_path, tills=2) as store:
        assert "no receipts yet" in said("receipts", state=tmp_path, code=0)
        for till, code in (("t2", MILK), ("t1", APPLES), ("t1", MILK)):
            await store.till(till).scan(code)
            await store.till(till).tender(TenderKind.CASH)
        store.business.set(START_MS + 86_400_000)
        await store.till().scan(APPLES)
        await store.till().tender(TenderKind.CASH)
        today = said("receipts", state=tmp_path, code=0).splitlines()
        before = said("receipts", "--business-date", "2026-01-01", state=tmp_path, code=0).splitlines()
    assert today[0] == "business date 2026-01-02, store s001"
    assert today[-1] == "t1: 1 receipts, 5.00 CNY"
    cells = [line.split() for line in before[2:5]]
    assert [(row[0], row[1][-7:], row[2], row[5], row[6]) for row in cells] == [
        ("t1", "-000001", "sale", "5.00", "pending"),
        ("t1", "-000002", "sale", "12.99", "pending"),
        ("t2", "-000001", "sale", "12.99", "pending"),
    ]
    assert {" ".join(row[3:5]) for row in cells} == {"2026-01-01 08:00:00"}, "the store's local time"
    assert before[5:] == ["t1: 2 receipts, 17.99 CNY", "t2: 1 receipts, 12.99 CNY"]
    nothing = said("receipts", "--business-date", "2026-02-01", state=tmp_path, code=0)
    assert "no receipts on 2026-02-01; there are some from 2026-01-01 to 2026-01-02" in nothing
    for wrong in ("yesterday", "2026-02-30", "2026-1-1"):
        assert "looks like 2026-01-31" in said("receipts", "--business-date", wrong, state=tmp_path)
