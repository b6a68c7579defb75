"""A deployment of its own for tests: keys, CA, database, and agents that enrol with real keys and certificates."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI

from cloud.broker.adapter import BrokerAdapter
from cloud.broker.keeper import Keeper
from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.deployment import ports
from cloud.deployment.opening import open_database, open_vault
from cloud.fleet import claims, enrolment
from cloud.identity import ca
from cloud.mqtt import Bus, BusAddress
from cloud.org import stores
from cloud.org.models import Store
from cloud.privacy import Vault
from cloud.process import setup
from cloud.process.broker import adapter_of
from cloud.settings import CloudSettings
from shared.ids import UuidMint
from tests.provision import databases
from tests.provision.patience import until

CLOCK = SystemMachineClock()
mint = UuidMint(CLOCK.wall_ms, os.urandom)


def make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def make_csr(key: ec.EllipticCurvePrivateKey, common_name: str = "whoever") -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def device_token(
    key: ec.EllipticCurvePrivateKey,
    agent: str,
    *,
    jti: str = "",
    audience: str = "storewire-cloud",
    now_s: float | None = None,
    life_s: int = 60,
) -> str:
    """A token as an agent makes it."""
    now = time.time() if now_s is None else now_s
    claims_ = {"aud": audience, "sub": agent, "jti": jti or str(mint()), "exp": int(now) + life_s}
    return jwt.encode(claims_, key, algorithm="ES256")


@dataclass
class Box:
    """A deployment that tests own."""

    settings: CloudSettings
    database: Database
    authority: ca.Authority
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    @property
    def vault(self) -> Vault:
        return open_vault(self.settings)

    def add_store(self, store: str = "s1") -> None:
        with self.database.session() as session:
            row = Store(id=store, name=store, time_zone="Asia/Shanghai", currency="CNY", price_zone="main")
            stores.add_store(session, row, actor="test", now_ms=CLOCK.wall_ms())
            stores.add_till(session, store, "t1", number=1, actor="test", now_ms=CLOCK.wall_ms())

    def claim(self, agent: str, store: str = "s1", *, hours: int = 1, now_ms: int | None = None) -> str:
        with self.database.session() as session:
            return claims.create(
                session,
                store=store,
                agent=agent,
                fingerprint=self.authority.fingerprint,
                actor="test",
                now_ms=now_ms or CLOCK.wall_ms(),
                valid_hours=hours,
            )

    def enrol(self, agent: str, store: str = "s1") -> BusAddress:
        """Enrol an agent and return how it reaches the broker."""
        key = self.keys[agent] = make_key()
        code = self.claim(agent, store)
        with self.database.session() as session:
            enrolled = enrolment.enrol(
                session, self.authority, self.vault, code=code, csr=make_csr(key), now_ms=CLOCK.wall_ms(), days=90
            )
        return self.address(agent, key, enrolled.certificate.pem)

    def address(self, agent: str, key: ec.EllipticCurvePrivateKey, certificate: str) -> BusAddress:
        folder = self.settings.data_dir / "agents"
        folder.mkdir(exist_ok=True)
        (folder / f"{agent}.crt").write_text(certificate + ca.pem(self.authority.issuing))
        (folder / f"{agent}.key").write_bytes(ca.key_pem(key))
        return BusAddress(
            urls=ports.resolve(self.settings).ingest_urls,
            ca_file=self.settings.keys_dir / "root-ca.crt",
            cert_file=folder / f"{agent}.crt",
            key_file=folder / f"{agent}.key",
            client_id=f"{agent}-test",
        )


def make_box(data_dir: Path, **settings: object) -> Box:
    """Initialise a deployment in a folder."""
    given = {"data_dir": data_dir, "api_port": 0, "console_port": 0, "broker_port": 0, **settings}
    made = CloudSettings(**given)  # type: ignore[arg-type]
    if "database_url" not in settings:
        databases.migrated_in(data_dir)
    setup.init(made)
    return Box(made, open_database(made), ca.load(made.keys_dir))


@contextmanager
def kept_broker(box: Box, adapter: BrokerAdapter | None = None) -> Iterator[list[int]]:
    """Keep the box's broker running; yields the pids it has had, the last one being the current."""
    pids: list[int] = []
    keeper = Keeper(adapter or adapter_of(box.settings), box.database, CLOCK, pids.append)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(keeper.run()), name="keeper", daemon=True)
    thread.start()
    try:
        until(lambda: pids, "broker ready", 20)
        yield pids
    finally:
        loop.call_soon_threadsafe(keeper.stop)
        thread.join(timeout=15)
        assert not thread.is_alive()
        loop.close()


class Listener:
    """A connection to the broker that remembers what it heard."""

    def __init__(self, address: BusAddress) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.connections = 0
        self.bus = Bus(address, lambda topic, payload: self.heard.append((topic, payload)), self._connected)

    def _connected(self) -> None:
        self.connections += 1

    @contextmanager
    def running(self, seconds: float = 10.0) -> Iterator[Listener]:
        with self.bus:
            until(lambda: self.bus.is_connected, "connected", seconds)
            yield self


class _Server(uvicorn.Server):
    """A server in a thread: signals are the test runner's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def served_api(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an app on a free port of this machine; yields a client of it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")
    server = _Server(config)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    try:
        until(lambda: server.started, "api started")
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15) as client:
            yield client
    finally:
        if streams := getattr(app.state, "streams", None):
            streams.close()
        server.should_exit = True
        thread.join(timeout=15)
        assert not thread.is_alive()
