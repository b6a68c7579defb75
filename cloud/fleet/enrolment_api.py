"""Enrolment and renewal over HTTPS."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.auth import CurrentAgent
from cloud.api.limits import caller_of
from cloud.api.services import Here
from cloud.errors import CloudError, Unavailable
from cloud.fleet import enrolment
from cloud.fleet.agents import find
from cloud.identity.ca import CaEnded

router = APIRouter(prefix="/api/v1", tags=["enrolment"])


class EnrolRequest(BaseModel):
    """A claim code and the device's certificate request (PEM), signed with the key it made."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=200)
    csr: str = Field(max_length=8192)


class EnrolAnswer(BaseModel):
    """Everything a new agent needs. Keys are base64; `ca` is the chain up to the pinned root."""

    agent: str
    store: str
    certificate: str
    ca: str
    brokers: list[str]
    api: str
    signing_keys: dict[str, str]
    sealing_key: str
    card_key: str


class RenewRequest(BaseModel):
    """A fresh certificate request."""

    model_config = ConfigDict(extra="forbid")

    csr: str = Field(max_length=8192)


class RenewAnswer(BaseModel):
    """The next certificate, and what may have changed since enrolment."""

    certificate: str
    ca: str
    brokers: list[str]
    signing_keys: dict[str, str]
    sealing_key: str


@router.get("/ca", response_class=PlainTextResponse)
def read_ca(services: Here) -> str:
    """Return the CA chain, PEM: whoever holds a claim code checks the root against its fingerprint."""
    return services.authority.chain


@router.post("/enrol")
def enrol(request: Request, services: Here, body: EnrolRequest) -> EnrolAnswer:
    """Turn a claim code into an agent."""
    caller = caller_of(request.client.host) if request.client else ""
    services.enrolments.admit(caller)
    try:
        with _signing():
            enrolled = _enrolled(services, body)
    except CloudError:
        services.enrolments.failed(caller)
        raise
    agent = enrolled.agent
    return EnrolAnswer(
        agent=agent.id,
        store=agent.store_id,
        certificate=enrolled.certificate.pem,
        ca=services.authority.chain,
        brokers=list(services.places.broker_urls),
        api=services.places.api_url,
        signing_keys=_signing_keys(services),
        sealing_key=_b64(services.keys.sealing_public()),
        card_key=_b64(enrolled.card_key),
    )


@router.post("/agent/renew")
def renew(services: Here, agent: CurrentAgent, body: RenewRequest) -> RenewAnswer:
    """Sign the agent's next certificate."""
    with _signing(), services.database.session() as session:
        issued = enrolment.renew(
            session,
            services.authority,
            find(session, agent.id),
            csr=body.csr,
            now_ms=services.clocks.machine.wall_ms(),
            days=services.settings.certificate_days,
        )
    return RenewAnswer(
        certificate=issued.pem,
        ca=services.authority.chain,
        brokers=list(services.places.broker_urls),
        signing_keys=_signing_keys(services),
        sealing_key=_b64(services.keys.sealing_public()),
    )


def _enrolled(services: Here, body: EnrolRequest) -> enrolment.Enrolled:
    with services.database.session() as session:
        return enrolment.enrol(
            session,
            services.authority,
            services.vault,
            code=body.code,
            csr=body.csr,
            now_ms=services.clocks.machine.wall_ms(),
            days=services.settings.certificate_days,
        )


@contextmanager
def _signing() -> Iterator[None]:
    """A CA that has ended is ours to mend, not the caller's: it may ask again later, with the same code."""
    try:
        yield
    except CaEnded as error:
        raise Unavailable(str(error)) from None


def _signing_keys(services: Here) -> dict[str, str]:
    return {name: _b64(public) for name, public in services.keys.signing_public().items()}


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
