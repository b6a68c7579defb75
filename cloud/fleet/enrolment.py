"""Enrolment and renewal: from a claim code and a request signed on the device to a certificate."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid
from cloud.fleet import card_keys, claims
from cloud.fleet.models import Agent, Certificate
from cloud.identity.ca import Authority, CsrRefused, Issued
from cloud.privacy import Vault
from shared.topics import shard_of


@dataclass(frozen=True)
class Enrolled:
    """A new agent, its certificate, and the key under which it will know cards, which only it is told."""

    agent: Agent
    certificate: Issued
    card_key: bytes = field(repr=False)


def enrol(
    session: Session, authority: Authority, vault: Vault, *, code: str, csr: str, now_ms: int, days: int
) -> Enrolled:
    """Make an agent of whoever holds the code. The store's agent until now turns to draining."""
    claim = claims.take(session, code, now_ms)
    if session.get(Agent, claim.agent_id):
        raise Conflict(f"agent {claim.agent_id!r} exists; a new mini PC gets a new agent id")
    issued = _signed(authority, csr, claim.agent_id, days, now_ms)
    _drain_others(session, claim.store_id)
    card_key = card_keys.make()
    agent = Agent(
        id=claim.agent_id,
        store_id=claim.store_id,
        shard=shard_of(claim.agent_id),
        public_key=issued.public_key,
        card_key=card_keys.close(vault, claim.agent_id, card_key),
        enrolled_ms=now_ms,
    )
    session.add(agent)
    session.flush()
    _keep(session, agent.id, issued, now_ms)
    audit.record(
        session,
        at_ms=now_ms,
        actor=claim.created_by,
        action="agent.enrol",
        subject=agent.id,
        detail=f"store {agent.store_id}, certificate {issued.serial}",
    )
    return Enrolled(agent, issued, card_key)


def renew(session: Session, authority: Authority, agent: Agent, *, csr: str, now_ms: int, days: int) -> Issued:
    """Sign an agent's next certificate. It may carry a new key, which is then the one its tokens are checked with."""
    issued = _signed(authority, csr, agent.id, days, now_ms)
    agent.public_key = issued.public_key
    session.add(agent)
    _keep(session, agent.id, issued, now_ms)
    audit.record(
        session,
        at_ms=now_ms,
        actor=f"agent:{agent.id}",
        action="certificate.renew",
        subject=agent.id,
        detail=f"certificate {issued.serial}",
    )
    return issued


def _signed(authority: Authority, csr: str, agent: str, days: int, now_ms: int) -> Issued:
    try:
        return authority.sign_agent(csr, agent, days=days, now_ms=now_ms)
    except CsrRefused as error:
        raise Invalid(str(error)) from None


def _drain_others(session: Session, store: str) -> None:
    active = select(Agent).where(col(Agent.store_id) == store, col(Agent.status) == "active").with_for_update()
    for row in session.exec(active):
        row.status = "draining"
        session.add(row)


def _keep(session: Session, agent: str, issued: Issued, now_ms: int) -> None:
    session.add(Certificate(serial=issued.serial, agent_id=agent, issued_ms=now_ms, not_after_ms=issued.not_after_ms))
    session.flush()
