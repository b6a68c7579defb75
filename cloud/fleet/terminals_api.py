"""Terminals of a store's network: who may show its tills beside the agent's own machine, and the pages' certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from cloud import audit
from cloud.api.auth import CurrentAgent, holder_with
from cloud.api.services import Here
from cloud.errors import Conflict, Invalid, Unavailable
from cloud.fleet import terminals
from cloud.identity.ca import CaEnded, CsrRefused
from cloud.identity.tokens import TokenHolder
from shared.wire.desired import TerminalSettings
from shared.wire.messages import TerminalReport

router = APIRouter(prefix="/api/v1", tags=["terminals"])
PAGES_DAYS = 397
"""Browsers refuse certificates of servers that last longer."""

MayRead = Annotated[TokenHolder, Depends(holder_with("stores:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("stores:write"))]


Why = Annotated[str, Field(min_length=1, max_length=500, description="Why; it is kept in the audit log.")]


class Terminals(BaseModel):
    """Where paired terminals reach the agent; no hosts: nobody but the agent's own machine shows its tills."""

    model_config = ConfigDict(extra="forbid")

    hosts: list[Annotated[str, Field(max_length=253)]] = Field(max_length=terminals.MAX_HOSTS)
    port: int = 8443


class TerminalsWanted(Terminals):
    """The same as asked for, and why."""

    reason: Why


class PairedTerminal(BaseModel):
    """A terminal as the store's agent last reported it: which till it shows, who paired it, when it was seen."""

    number: int
    till: str
    name: str
    paired_by: str
    paired_ms: int
    seen_ms: int
    seen_from: str


class TerminalsSaid(Terminals):
    """The same as kept. A raised `generation` unpaired whoever was paired before."""

    generation: int
    paired: list[PairedTerminal] = []

    @classmethod
    def of(cls, said: TerminalSettings, paired: Sequence[TerminalReport] = ()) -> TerminalsSaid:
        """Return settings as the API says them, with the terminals that the store's agent last reported."""
        there = [PairedTerminal(**msgspec.structs.asdict(one)) for one in paired]
        return cls(hosts=said.hosts, port=said.port, generation=said.generation, paired=there)


class Unpairing(BaseModel):
    """Why every terminal is unpaired."""

    model_config = ConfigDict(extra="forbid")

    reason: Why


class PagesRequest(BaseModel):
    """A certificate request (PEM) by the key that the device made for its pages."""

    model_config = ConfigDict(extra="forbid")

    csr: str = Field(max_length=8192)


class PagesAnswer(BaseModel):
    """The certificate of the till pages for the hosts that head office named, and the chain up to the root."""

    certificate: str
    ca: str
    hosts: list[str]


@router.get("/stores/{store}/terminals")
def read_terminals(services: Here, _: MayRead, store: str) -> TerminalsSaid:
    """Return where terminals reach a store's agent, and which are paired there."""
    with services.database.snapshot() as session:
        return TerminalsSaid.of(terminals.terminals_of(session, store), terminals.paired(session, store))


@router.put("/stores/{store}/terminals")
def put_terminals(services: Here, who: MayWrite, store: str, body: TerminalsWanted) -> TerminalsSaid:
    """Open a store's tills to paired terminals of its network, or close them."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        said = terminals.open_to(
            session,
            store,
            body.hosts,
            body.port,
            ours=terminals.own_names(services.settings),
            actor=who.actor,
            now_ms=now_ms,
            reason=body.reason,
        )
    return TerminalsSaid.of(said)


@router.post("/stores/{store}/terminals/unpair")
def unpair_terminals(services: Here, who: MayWrite, store: str, body: Unpairing) -> TerminalsSaid:
    """Unpair every terminal of a store: each needs a new code."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        return TerminalsSaid.of(
            terminals.unpair_all(session, store, reason=body.reason, actor=who.actor, now_ms=now_ms)
        )


@router.post("/agent/pages-certificate", tags=["enrolment"])
def sign_pages(services: Here, agent: CurrentAgent, body: PagesRequest) -> PagesAnswer:
    """Sign the server certificate of an agent's till pages. Its names are head office's word, never the request's."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        hosts = terminals.terminals_of(session, agent.store_id).hosts
        if not hosts:
            raise Conflict(f"store {agent.store_id!r} is not open to terminals")
        try:
            issued = services.authority.sign_pages(body.csr, hosts, days=PAGES_DAYS, now_ms=now_ms)
        except CsrRefused as error:
            raise Invalid(str(error)) from None
        except CaEnded as error:
            raise Unavailable(str(error)) from None
        audit.record(
            session,
            at_ms=now_ms,
            actor=f"agent:{agent.id}",
            action="certificate.pages",
            subject=agent.store_id,
            detail=f"certificate {issued.serial} for {', '.join(hosts)}",
        )
    return PagesAnswer(certificate=issued.pem, ca=services.authority.chain, hosts=hosts)
