"""Our own certificates are renewed while everything runs: new connections get the new one, open ones stay open."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography import x509

from cloud import main
from cloud.broker.adapter import BrokerAdapter
from cloud.broker.keeper import Keeper
from cloud.deployment import ports
from cloud.identity import ca
from cloud.process.broker import adapter_of
from cloud.process.certificates import CertificateWatch, keep_fresh
from cloud.process.ingest import ingest_address
from cloud.process.parts import build_services
from tests.cloud.boxes import CLOCK, Box, Listener, _Server, make_box
from tests.factories import DrivenMachineClock
from tests.provision.patience import until

DAY_MS = 86_400_000
PAST_MS = CLOCK.wall_ms() - 370 * DAY_MS
"""What was issued then for 397 days ends in 27: too soon."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A deployment whose certificates were made a year ago; nothing is due by its clock's first time."""
    made = make_box(tmp_path)
    for name in ("api", "broker"):
        made.authority.issue_server(made.settings.keys_dir, name, ["127.0.0.1"], PAST_MS, is_peer=True)
    yield made
    made.database.close()


def serial(path: Path) -> int:
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number


def served(port: int, box: Box, name: str = "") -> int:
    """The serial of the certificate that a listener shows a new connection."""
    keys = box.settings.keys_dir
    context = ssl.create_default_context(cafile=str(keys / "root-ca.crt"))
    if name:
        context.load_cert_chain(keys / f"{name}.crt", keys / f"{name}.key")
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        content = wrapped.getpeercert(binary_form=True)
        assert content is not None
        return x509.load_der_x509_certificate(content).serial_number


def test_a_certificate_is_renewed_once_in_its_last_month(box: Box) -> None:
    clock = DrivenMachineClock(PAST_MS + 360 * DAY_MS)
    watches = [CertificateWatch(box.settings, clock, "api") for _ in range(2)]
    first = serial(box.settings.keys_dir / "api.crt")
    assert [watch.turn() for watch in watches] == [False, False]
    clock.advance(10 * DAY_MS)
    assert [watch.turn() for watch in watches] == [True, True]
    assert serial(box.settings.keys_dir / "api.crt") != first
    assert [watch.turn() for watch in watches] == [False, False]


def test_many_processes_renew_without_harming_each_other(box: Box) -> None:
    watches = [CertificateWatch(box.settings, CLOCK, "api") for _ in range(8)]
    told: list[bool] = []
    threads = [threading.Thread(target=lambda watch=watch: told.append(watch.turn())) for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [True] * 8
    context = ssl.create_default_context()
    for name in ("api", "broker", "ingest", "keeper"):
        context.load_cert_chain(box.settings.keys_dir / f"{name}.crt", box.settings.keys_dir / f"{name}.key")


def test_a_lost_authority_is_no_reason_to_end(box: Box) -> None:
    watch = CertificateWatch(box.settings, CLOCK, "api")
    (box.settings.keys_dir / "issuing-ca.key").rename(box.settings.data_dir / "elsewhere")
    assert watch.turn() is False


@contextmanager
def running_api(box: Box, clock: DrivenMachineClock) -> Iterator[int]:
    """The API's own listener, and what keeps its certificate fresh, looking often."""
    services = build_services(box.settings)
    (port,) = ports.free_ports(1)
    config = main._config(
        main.create_app(box.settings, services), "127.0.0.1", port, most_connections=100, tls=box.settings
    )
    server = _Server(config)
    ended = threading.Event()

    async def run(server: uvicorn.Server) -> None:
        assert config.ssl is not None
        watch = CertificateWatch(box.settings, clock, "api")
        fresh = asyncio.create_task(keep_fresh(config.ssl, watch, box.settings.keys_dir / "api", 0.02))
        await server.serve()
        fresh.cancel()
        ended.set()

    thread = threading.Thread(target=lambda: asyncio.run(run(server)), name="api", daemon=True)
    thread.start()
    until(lambda: server.started, "api started")
    yield port
    server.should_exit = True
    until(ended.is_set, "api ended", 20)
    thread.join(timeout=5)
    services.database.close()


def test_the_api_takes_up_a_new_certificate_and_drops_nobody(box: Box) -> None:
    clock = DrivenMachineClock(PAST_MS)
    context = ssl.create_default_context(cafile=str(box.settings.keys_dir / "root-ca.crt"))
    with running_api(box, clock) as port, httpx.Client(verify=context) as client:
        address = f"https://127.0.0.1:{port}/healthz"
        assert client.get(address).is_success
        old = served(port, box)
        clock.set_wall(CLOCK.wall_ms())
        until(lambda: served(port, box) != old, "the new certificate served")
        assert served(port, box) == serial(box.settings.keys_dir / "api.crt")
        (connection,) = client._transport._pool.connections  # type: ignore[attr-defined]
        assert client.get(address).is_success
        assert client._transport._pool.connections == [connection]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
@pytest.mark.processes
def test_a_broker_takes_up_a_new_certificate_and_drops_nobody(
    box: Box, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "mosquitto" and not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        pytest.skip("no mosquitto on this machine")
    monkeypatch.setattr("cloud.broker.keeper._HEALTH_EVERY_S", 0.1)
    clock = DrivenMachineClock(PAST_MS)
    settings = box.settings.model_copy(update={"broker": kind})
    watch = CertificateWatch(settings, clock, "broker")
    port = ports.resolve(settings).broker_port
    with kept(box, adapter_of(settings), watch) as pids, Listener(ingest_address(settings, "w1")).running() as listener:
        old = served(port, box, "ingest")
        clock.set_wall(CLOCK.wall_ms())
        until(lambda: served(port, box, "ingest") != old, "the new certificate served", 20)
        assert served(port, box, "ingest") == serial(settings.keys_dir / "broker.crt")
        listener.bus.subscribe(["sw/1/+/+/up/+"])
        with Listener(ingest_address(settings, "w2")).running():
            assert listener.connections == 1
            assert listener.bus.is_connected
        assert len(pids) == 1


@contextmanager
def kept(box: Box, adapter: BrokerAdapter, watch: CertificateWatch) -> Iterator[list[int]]:
    pids: list[int] = []
    keeper = Keeper(adapter, box.database, CLOCK, pids.append, renewed=watch.turn)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(keeper.run()), name="keeper", daemon=True)
    thread.start()
    until(lambda: pids, "broker ready", 20)
    yield pids
    loop.call_soon_threadsafe(keeper.stop)
    thread.join(timeout=15)
    assert not thread.is_alive()
    loop.close()


@pytest.mark.processes
def test_a_worker_shows_its_new_certificate_when_it_connects_again(box: Box, tmp_path: Path) -> None:
    """Its first one is of another deployment: only by reading the files again can it ever get in."""
    keys = box.settings.keys_dir
    for end in ("crt", "key"):
        (keys / f"ingest.{end}").rename(keys / f"right.{end}")
    ca.create(tmp_path / "other", CLOCK.wall_ms()).issue_service(keys, "ingest", "service:ingest", CLOCK.wall_ms())
    clock = DrivenMachineClock(PAST_MS)
    with kept(box, adapter_of(box.settings), CertificateWatch(box.settings, clock, "broker")):
        listener = Listener(ingest_address(box.settings, "w1"))
        with listener.bus:
            until(lambda: listener.bus._client.host, "the first attempt")
            assert not listener.bus.is_connected
            for end in ("crt", "key"):
                (keys / f"right.{end}").replace(keys / f"ingest.{end}")
            until(lambda: listener.connections, "let in", 30)
