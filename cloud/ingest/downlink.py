"""What goes down unasked: desired state and member sets, signed, to agents that run something else.

An agent says what it runs (`Reported`); HQ compares that with what it should run and sends the difference. What
was sent a moment ago is not sent again until the agent had time to apply and report it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.identity.keys import Keys
from cloud.ingest.envelopes import Envelopes
from shared.clock import MachineClock
from shared.signing import sign_desired, sign_members
from shared.wire.desired import DesiredState, MemberStep
from shared.wire.messages import Desired, DownlinkMessage, Members, Reported

AGAIN_S = 10.0
"""How long an agent may take to apply and report before it is told again."""
_DELTA_BUDGET_BYTES = 160 * 1024
"""Deltas travel inside the message up to this size; beyond it the agent fetches bodies by HTTPS."""

_reported = msgspec.json.Decoder(Reported)


class Composer(Protocol):
    """The parts of HQ that know what an agent should run."""

    def desired(self, session: Session, agent: Agent) -> DesiredState | None:
        """Return what the agent should run, with serial 0; None while HQ has nothing for it."""
        ...

    def deltas(self, session: Session, agent: Agent, reported: Reported) -> list[bytes]:
        """Return the delta files that lead from what it holds to that, smallest sensible set."""
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

    def greeting(self, agent: str, connection: UUID, reported: Reported) -> list[DownlinkMessage]:
        """Return desired state (always) and the first member step, in answer to a hello."""
        with self._database.session() as session:
            row = session.get(Agent, agent, with_for_update=True)
            if row is None or row.status == "revoked":
                return []
            told = self._told[agent] = _Told(connection)
            said: list[DownlinkMessage] = []
            desired = self._desired(session, row, connection, reported, told)
            step = self._members(session, row, connection, reported, told)
            said += [message for message in (desired, step) if message]
        return said

    def due(self, agent: str) -> list[DownlinkMessage]:
        """Return what an agent lacks and was not told within the last ten seconds."""
        with self._database.session() as session:
            row = session.get(Agent, agent, with_for_update=True)
            if row is None or row.connection is None or row.reported is None or row.status == "revoked":
                return []
            return self._due(session, row, row.connection, _reported.decode(row.reported))

    def _due(self, session: Session, row: Agent, connection: UUID, reported: Reported) -> list[DownlinkMessage]:
        told = self._told.get(row.id)
        if told is None or told.connection != connection:
            told = self._told[row.id] = _Told(connection)
        now = self._clock.monotonic()
        said: list[DownlinkMessage] = []
        serial = self._serial(session, row)
        fresh = told.serial != serial or now - told.serial_at > AGAIN_S
        if serial and reported.desired_serial != serial and fresh:
            desired = self._desired(session, row, connection, reported, told)
            said += [desired] if desired else []
        if told.members_from != reported.members_version or now - told.members_at > AGAIN_S:
            step = self._members(session, row, connection, reported, told)
            said += [step] if step else []
        return said

    def _serial(self, session: Session, row: Agent) -> int:
        document = self._composer.desired(session, row)
        return self._numbered(session, row, document).serial if document else 0

    def _numbered(self, session: Session, row: Agent, document: DesiredState) -> DesiredState:
        """Give a desired state its serial: the last one if nothing changed, else the next."""
        digest = sha256(msgspec.json.encode(msgspec.structs.replace(document, serial=0))).digest()
        if digest != row.desired_digest:
            row.desired_digest, row.desired_serial = digest, row.desired_serial + 1
            session.add(row)
            session.flush()
        return msgspec.structs.replace(document, serial=row.desired_serial)

    def _desired(
        self, session: Session, row: Agent, connection: UUID, reported: Reported, told: _Told
    ) -> Desired | None:
        document = self._composer.desired(session, row)
        if document is None:
            return None
        numbered = self._numbered(session, row, document)
        deltas = self._composer.deltas(session, row, reported)
        if sum(len(delta) for delta in deltas) > _DELTA_BUDGET_BYTES:
            deltas = []
        told.serial, told.serial_at = numbered.serial, self._clock.monotonic()
        return self._envelopes.desired(row.id, connection, sign_desired(numbered, self._signing_key), deltas)

    def _members(
        self, session: Session, row: Agent, connection: UUID, reported: Reported, told: _Told
    ) -> Members | None:
        step = self._composer.members(session, row, reported.members_version)
        if step is None:
            return None
        told.members_from, told.members_at = reported.members_version, self._clock.monotonic()
        return self._envelopes.members(row.id, connection, sign_members(step, self._signing_key))
