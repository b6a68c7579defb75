"""Whole agents in this process: their own disk, a memory HQ, a driven business clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.agent import Agent, Badge, Outside
from edge_agent.bench import Bench
from edge_agent.clock import Clocks, DrivenBusinessClock, SystemMachineClock
from edge_agent.configuration import load, service_manager
from edge_agent.disk.database import Database
from edge_agent.hq import identity
from edge_agent.hq.identity import Enrolment, Identity
from edge_agent.hq.link import LinkLost
from edge_agent.terminals.certificate import Ask, PagesCertificate
from edge_agent.till.ports import PaymentGateway
from shared.wire.events import TenderKind
from tests.edge.hq import CARD_KEY, SEALING_PUBLIC, TRUSTED, MemoryHq
from tests.edge.waiting import until
from tests.factories import AGENT, START_MS, STORE


def self_signed(key: ec.EllipticCurvePrivateKey, days: int = 90) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, AGENT)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def enrolled(folder: Path) -> Identity:
    """Make the folder an enrolled agent's."""
    key = identity.make_key(folder)
    pem = self_signed(key)
    return identity.keep(
        folder,
        Enrolment(
            agent=AGENT,
            store=STORE,
            certificate=pem,
            ca=pem,
            brokers=["mqtt://127.0.0.1:1"],
            api="https://127.0.0.1:1",
            signing_keys=TRUSTED,
            sealing_key=SEALING_PUBLIC,
            card_key=CARD_KEY,
        ),
        key,
    )


@dataclass
class RunningAgent:
    """An agent that runs as a task of the test."""

    agent: Agent
    database: Database
    clock: DrivenBusinessClock
    bench: Bench

    async def say(self, **command: Any) -> dict[str, Any]:
        """Tell the bench something and return its answer."""
        return await self.bench.answer(msgspec.json.encode(command))

    async def backlog(self) -> int:
        return int((await self.agent.status())["backlog"])


async def _claimed(database: Database) -> bool:
    return await database.read(lambda db: db.execute("SELECT 1 FROM agent").fetchone()) is not None


async def _no_pages(_csr: str) -> PagesCertificate:
    raise LinkLost("this head office signs no pages")


async def _never(_who: Identity) -> Identity:
    raise AssertionError("no renewal is due in this test")


@asynccontextmanager
async def running(
    folder: Path,
    hq: MemoryHq,
    *,
    gateways: Mapping[TenderKind, PaymentGateway] | None = None,
    certify: Ask | None = None,
    **settings: Any,
) -> AsyncIterator[RunningAgent]:
    """Run an agent against a memory HQ until the block ends."""
    who = identity.load(folder) if (folder / "identity").exists() else enrolled(folder)
    chosen = load(folder, **{"heartbeat_seconds": 1.0, "step_seconds": 1.0, **settings})
    clock = DrivenBusinessClock(START_MS)
    async with Database.opened(folder / "agent.db", ballast_bytes=4096) as database:
        outside = Outside([hq], hq.bodies, _never, certify or _no_pages, gateways or {})
        agent = Agent(chosen, Badge(who), database, Clocks(clock, SystemMachineClock()), outside)
        task = asyncio.create_task(agent.run(service_manager()))
        try:
            await until(lambda: _claimed(database), "the agent to take its database")
            yield RunningAgent(agent, database, clock, agent.bench())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error
