"""Tables of agents and of this deployment itself."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import BOOKS, OPERATIONS, PASSING, STANDING


class Deployment(Table, table=True):
    """This cloud's own identity. One row. A restored database gets a new incarnation before it answers an agent."""

    __tablename__ = "deployment"
    __table_args__ = STANDING

    one: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    incarnation: UUID
    since_ms: int = utc_ms()
    reason: str


class Agent(Table, table=True):
    """An agent: the identity of one store's mini PC."""

    __tablename__ = "agent"
    __table_args__ = STANDING

    id: str = Field(primary_key=True, max_length=32)
    store_id: str = Field(foreign_key="store.id", index=True)
    shard: str = Field(max_length=2, index=True)
    status: str = "active"
    """`active` serves its store, `draining` was replaced and may still send, `revoked` is refused everything."""
    public_key: bytes
    """SubjectPublicKeyInfo, DER."""
    card_key: bytes
    """Keys the hashes by which it knows cards; encrypted, see `cloud.fleet.card_keys`."""
    enrolled_ms: int = utc_ms()
    revoked_ms: int | None = utc_ms(default=None)
    connection: UUID | None = None
    connected_ms: int | None = utc_ms(default=None)
    seen_ms: int | None = utc_ms(default=None)
    """Wall time of the last message; its age, not a last will, decides whether the agent is online."""
    drained_ms: int | None = utc_ms(default=None)
    """Up to this moment of our wall time everything that it sold is here, by its own word; see `State.drained_ms`."""
    gone: bool = False
    hq_offset_ms: int | None = big_int(default=None)
    reported: bytes | None = None
    """`Reported`, JSON, as last heard."""
    desired_serial: int = 0
    desired_digest: bytes | None = None
    """SHA-256 of the last desired state without its serial: the serial rises only when this changes."""


class AgentEpoch(Table, table=True):
    """How far HQ has an agent's events of one epoch: the row every batch locks."""

    __tablename__ = "agent_epoch"
    __table_args__ = BOOKS

    agent_id: str = Field(primary_key=True, foreign_key="agent.id")
    epoch: UUID = Field(primary_key=True)
    watermark: int = big_int(default=0)
    head: bytes
    opened_ms: int = utc_ms()
    reason: str = ""


class AgentGap(Table, table=True):
    """Events an agent has declared it can never supply."""

    __tablename__ = "agent_gap"
    __table_args__ = BOOKS

    agent_id: str = Field(primary_key=True, foreign_key="agent.id")
    epoch: UUID = Field(primary_key=True)
    first: int = big_int(primary_key=True)
    last: int = big_int()
    reason: str
    declared_ms: int = utc_ms()


class DeviceChange(Table, table=True):
    """A device came to stand otherwise: what its agent said then. Kept for a season."""

    __tablename__ = "device_change"
    __table_args__ = ({"info": {"retention": "operations"}},)

    agent_id: str = Field(primary_key=True, foreign_key="agent.id")
    device: str = Field(primary_key=True, max_length=80)
    """`till/name`."""
    at_ms: int = utc_ms(primary_key=True)
    state: str = Field(max_length=16)
    power: str = Field(max_length=16)
    code: str = Field(max_length=64)
    reason: str = Field(max_length=300)
    conditions: str = Field(max_length=300)
    """Names, with blanks between."""


class ClaimCode(Table, table=True):
    """A single-use right to enrol an agent for a store. Only the code's hash is kept."""

    __tablename__ = "claim_code"
    __table_args__ = OPERATIONS

    code_hash: bytes = Field(primary_key=True)
    store_id: str = Field(foreign_key="store.id", index=True)
    agent_id: str = Field(max_length=32)
    created_by: str
    created_ms: int = utc_ms()
    expires_ms: int = utc_ms()
    used_ms: int | None = utc_ms(default=None)


class Certificate(Table, table=True):
    """A certificate our CA signed for an agent."""

    __tablename__ = "certificate"
    __table_args__ = OPERATIONS

    serial: str = Field(primary_key=True, max_length=40)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    issued_ms: int = utc_ms()
    not_after_ms: int = utc_ms()
    revoked_ms: int | None = utc_ms(default=None)


class DeviceTokenSeen(Table, table=True):
    """Unique ids of device tokens still within their life, so that none works twice."""

    __tablename__ = "device_token_seen"
    __table_args__ = PASSING

    jti: str = Field(primary_key=True, max_length=64)
    expires_ms: int = utc_ms(index=True)
