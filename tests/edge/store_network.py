"""A store whose door to its network is open: a CA of its own, an agent that it knows, terminals that call."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from cloud.identity import ca
from cloud.identity.ca import Authority
from edge_agent.clock import SystemMachineClock
from edge_agent.hq import identity
from edge_agent.hq.link import LinkLost
from edge_agent.terminals.certificate import PagesCertificate
from edge_agent.terminals.register import Why
from edge_agent.web.server import bound
from shared.wire.desired import StoreSettings, TerminalSettings
from shared.wire.desired import Till as TillSettings
from tests.edge.agents import RunningAgent, enrolled, running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import book, ready
from tests.edge.tills import store_settings
from tests.factories import START_MS

HOST = "127.0.0.1"
WHY = Why("somebody", "new tablet")


def free_port() -> int:
    with bound(0) as free:
        port: int = free.getsockname()[1]
    return port


@dataclass
class StoreCa:
    """The chain's CA, as head office signs by it. `asked` are the requests; an empty `hosts` refuses."""

    authority: Authority
    hosts: list[str] = field(default_factory=lambda: [HOST])
    days: int = 397
    asked: list[str] = field(default_factory=list)

    async def certify(self, csr: str) -> PagesCertificate:
        self.asked.append(csr)
        if not self.hosts:
            raise LinkLost("head office is away")
        issued = self.authority.sign_pages(csr, self.hosts, days=self.days, now_ms=SystemMachineClock().wall_ms())
        return PagesCertificate(certificate=issued.pem, ca=self.authority.chain, hosts=self.hosts)

    def trusting(self) -> ssl.SSLContext:
        """What a terminal that trusts the CA's root checks by."""
        return ssl.create_default_context(cadata=ca.pem(self.authority.root))


def make_ca() -> StoreCa:
    with tempfile.TemporaryDirectory() as folder:
        return StoreCa(ca.create(Path(folder) / "ca", SystemMachineClock().wall_ms()))


def open_settings(port: int, *hosts: str, generation: int = 0, tills: int = 2) -> StoreSettings:
    return msgspec.structs.replace(
        store_settings(),
        tills=[TillSettings(till=f"t{number}", number=number) for number in range(1, tills + 1)],
        terminals=TerminalSettings(hosts=list(hosts), port=port, generation=generation),
    )


def known_to(folder: Path, store_ca: StoreCa) -> None:
    """Make the folder an agent's that this CA's head office has enrolled."""
    who = enrolled(folder)
    keep = msgspec.structs.replace(who.enrolment, ca=store_ca.authority.chain)
    identity.keep(folder, keep, identity.make_key(folder))


@dataclass
class Network:
    """The store's network: its agent, its port, and how to call there."""

    agent: RunningAgent
    hq: MemoryHq
    ca: StoreCa
    port: int

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    def terminal(self, host: str = HOST) -> httpx.AsyncClient:
        """A browser of the network that trusts the CA."""
        return httpx.AsyncClient(base_url=f"https://{host}:{self.port}", verify=self.ca.trusting(), timeout=10)

    async def code(self, till: str = "t1", name: str = "tablet") -> str:
        return self.agent.agent._doors._desk.give_code(till, name, WHY).shown


@asynccontextmanager
async def open_network(folder: Path, store_ca: StoreCa, hq: MemoryHq | None = None) -> AsyncIterator[Network]:
    """Run an agent whose door to the network is open. The same folder and head office again is a restart."""
    if not (folder / "identity").exists():
        known_to(folder, store_ca)
    if hq is None:
        hq = MemoryHq(open_settings(free_port(), HOST))
        hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    async with running(folder, hq, certify=store_ca.certify, web_port=0) as agent:
        await ready(agent)
        yield Network(agent, hq, store_ca, hq.settings.terminals.port)


@asynccontextmanager
async def paired(
    network: Network, till: str = "t1", name: str = "tablet", host: str = HOST
) -> AsyncIterator[httpx.AsyncClient]:
    """A terminal that has been paired with a till."""
    async with network.terminal(host) as client:
        headers = pressing(network, (await client.get("/pair", params={"language": "en"})).text)
        headers["Origin"] = str(client.base_url).rstrip("/")
        answer = await client.post("/pair", data={"code": await network.code(till, name)}, headers=headers)
        assert answer.json() == {"to": f"/tills/{till}"}, answer.text
        yield client


def pressing(network: Network, page: str) -> dict[str, str]:
    """The headers of a press on this page."""
    token = page.split('data-token="')[1].split('"', maxsplit=1)[0]
    return {"X-Token": token, "Origin": network.address}
