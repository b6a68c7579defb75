"""What goes down unasked: desired state and member sets, signed, to agents that run something else.

An agent says what it runs (`Reported`); HQ compares that with what it should run and sends the difference. What
was sent a moment ago is not sent again until the agent had time to apply and report it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from uuid import UUID

import msgspec
import structlog
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.identity.keys import Keys
from cloud.ingest.envelopes import Envelopes
from shared.clock import MachineClock
from shared.signing import content_hash, sign_desired, sign_members
from shared.wire.desired import DesiredState, MemberStep
from shared.wire.messages import Desired, DownlinkMessage, Hello, Members, Reported

AGAIN_S = 10.0
"""How long an agent may take to apply and report before it is told again."""
_DELTA_BUDGET_BYTES = 160 * 1024
"""Deltas travel inside the message up to this size; beyond it the agent fetches bodies by HTTPS."""

_MAX_SERIAL = (1 << 31) - 2
"""The column's last number but one: what an agent claims beyond it is not believed."""

log = structlog.get_logger(__name__)
_reported = msgspec.json.Decoder(Reported)


class Composer(Protocol):
    """The parts of HQ that know what an agent should run."""

    def desired(self, session: Session, agents: Sequence[Agent]) -> Mapping[str, DesiredState]:
        """Return what agents should run, by agent, with serial 0; one for whom HQ has nothing is absent."""
        ...

    def deltas(self, session: Session, desired: DesiredState, reported: Reported) -> list[bytes]:
        """Return the delta files that lead from what an agent holds to that, smallest sensible set."""
        ...

    def members(self, session: Session, agent: Agent, version: int) -> MemberStep | None:
        """Return the next step of its member set from a version; None when it has all."""
        ...


@dataclass(slots=True)
class _Told:
    """What an agent was last told, on which connection, and when."""

    connection: UUID
    serial: int = -1
    serial_at: float = 0.0
    members_from: int = -1
    members_at: float = 0.0
    members_version: int = -1
    """The version of its member set when it was last composed for."""


class Downlink:
    """Decides what each agent has to be told. One per process; safe to use from several threads."""

    def __init__(
        self,
        *,
        database: Database,
        clock: MachineClock,
        keys: Keys,
        composer: Composer,
        envelopes: Envelopes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._signing_key = keys.signing.secret
        self._composer = composer
        self._envelopes = envelopes
        self._told: dict[str, _Told] = {}

    def greetings(self, hellos: Mapping[str, Hello]) -> list[DownlinkMessage]:
        """Return desired state (always) and the first member step that is lacking, in answer to agents' hellos."""
        said: list[DownlinkMessage] = []
        with self._database.session() as session:
            rows = _lock(session, hellos.keys())
            documents = self._composer.desired(session, rows)
            for row in rows:
                hello, document = hellos[row.id], documents.get(row.id)
                told = self._told[row.id] = _Told(hello.connection)
                reported, connection = hello.reported, hello.connection
                if document is not None:
                    numbered = self._numbered(row, document, reported)
                    said.append(self._desired(session, numbered, connection, reported, told))
                    told.members_version = document.members_version
                if document is None or document.members_version != reported.members_version:
                    step = self._members(session, row, connection, reported, told)
                    said += [step] if step else []
        return said

    def lacks(self, agent: str, reported: Reported) -> bool:
        """Tell whether an agent that says what it runs now may lack something of what it was last told.

        One that has all of it is not composed for again: a change since then is the roster's to find.
        """
        told = self._told.get(agent)
        return told is None or (told.serial, told.members_version) != (
            reported.desired_serial,
            reported.members_version,
        )

    def due(self, agents: Sequence[str]) -> list[DownlinkMessage]:
        """Return what agents lack and were not told within the last ten seconds. One transaction: ask for few."""
        said: list[DownlinkMessage] = []
        with self._database.session() as session:
            rows = _lock(session, agents)
            documents = self._composer.desired(session, rows)
            for row in rows:
                if row.connection is not None and row.reported is not None:
                    reported = _reported.decode(row.reported)
                    said += self._due(session, row, row.connection, reported, documents.get(row.id))
        return said

    def _due(
        self, session: Session, row: Agent, connection: UUID, reported: Reported, document: DesiredState | None
    ) -> list[DownlinkMessage]:
        told = self._told.get(row.id)
        if told is None or told.connection != connection:
            told = self._told[row.id] = _Told(connection)
        now = self._clock.monotonic()
        said: list[DownlinkMessage] = []
        if document is not None:
            told.members_version = document.members_version
            numbered = self._numbered(row, document, reported)
            fresh = told.serial != numbered.serial or now - told.serial_at > AGAIN_S
            if reported.desired_serial != numbered.serial and fresh:
                said.append(self._desired(session, numbered, connection, reported, told))
            if document.members_version == reported.members_version:
                return said
        if told.members_from != reported.members_version or now - told.members_at > AGAIN_S:
            step = self._members(session, row, connection, reported, told)
            said += [step] if step else []
        return said

    def _numbered(self, row: Agent, document: DesiredState, reported: Reported) -> DesiredState:
        """Give a desired state its serial: the last one if nothing changed, else the next.

        An agent that follows a state that HQ does not know heard it before the database was put back to an earlier
        day: it takes only what is numbered beyond that.
        """
        digest = sha256(msgspec.json.encode(document)).digest()
        if digest != row.desired_digest:
            row.desired_digest, row.desired_serial = digest, row.desired_serial + 1
        numbered = msgspec.structs.replace(document, serial=row.desired_serial)
        if _follows_another(reported, numbered):
            log.warning("agent follows what is not known here", agent=row.id, serial=reported.desired_serial)
            row.desired_serial = reported.desired_serial + 1
            numbered = msgspec.structs.replace(document, serial=row.desired_serial)
        return numbered

    def _desired(
        self, session: Session, numbered: DesiredState, connection: UUID, reported: Reported, told: _Told
    ) -> Desired:
        deltas = self._composer.deltas(session, numbered, reported)
        if sum(len(delta) for delta in deltas) > _DELTA_BUDGET_BYTES:
            deltas = []
        told.serial, told.serial_at = numbered.serial, self._clock.monotonic()
        signed = sign_desired(numbered, self._signing_key)
        return self._envelopes.desired(numbered.agent, connection, signed, deltas)

    def _members(
        self, session: Session, row: Agent, connection: UUID, reported: Reported, told: _Told
    ) -> Members | None:
        step = self._composer.members(session, row, reported.members_version)
        if step is None:
            return None
        told.members_from, told.members_at = reported.members_version, self._clock.monotonic()
        return self._envelopes.members(row.id, connection, sign_members(step, self._signing_key))


def _follows_another(reported: Reported, numbered: DesiredState) -> bool:
    if reported.desired_serial == numbered.serial:
        ours = content_hash(msgspec.json.encode(numbered))
        return reported.desired_hash not in {"", ours}
    return numbered.serial < reported.desired_serial < _MAX_SERIAL


def _lock(session: Session, agents: Collection[str]) -> Sequence[Agent]:
    """Lock the rows of those that may be told something, in one order everywhere."""
    query = select(Agent).where(col(Agent.id).in_(agents), col(Agent.status) != "revoked").order_by(col(Agent.id))
    return session.exec(query.with_for_update()).all()
