"""MQTT topics and the rights to them: an allow-list of exact names, never a pattern.

`sw/1/<shard>/<agent>/up/<kind>` and `.../down/<kind>`; the shard is the first byte of SHA-256 of the
agent id in two hex digits, fixed at enrolment, so that ingest workers can share the agents out.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

from shared.ids import check_slug

ROOT = "sw/1"
SHARDS = tuple(f"{number:02x}" for number in range(256))


class Up(StrEnum):
    """Kinds an agent publishes."""

    HELLO = "hello"
    BATCH = "batch"
    STATE = "state"
    QUESTION = "question"
    GONE = "gone"


class Down(StrEnum):
    """Kinds an agent hears."""

    ACK = "ack"
    REJECT = "reject"
    FORK = "fork"
    DESIRED = "desired"
    MEMBERS = "members"
    ANSWER = "answer"


def shard_of(agent: str) -> str:
    """Return the agent's shard, two hex digits."""
    return sha256(agent.encode()).hexdigest()[:2]


def up_topic(agent: str, kind: Up) -> str:
    """Return the topic on which an agent publishes messages of a kind."""
    return f"{ROOT}/{shard_of(agent)}/{check_slug(agent, 'agent')}/up/{kind}"


def down_topic(agent: str, kind: Down) -> str:
    """Return the topic on which an agent hears messages of a kind."""
    return f"{ROOT}/{shard_of(agent)}/{check_slug(agent, 'agent')}/down/{kind}"


def publish_rights(agent: str) -> list[str]:
    """Return every topic an agent may publish to."""
    return [up_topic(agent, kind) for kind in Up]


def subscribe_rights(agent: str) -> list[str]:
    """Return every topic an agent may hear."""
    return [down_topic(agent, kind) for kind in Down]


def ingest_filter(shard: str) -> str:
    """Return the filter with which an ingest worker hears every agent of one shard."""
    return f"{ROOT}/{shard}/+/up/+"


def parse_up(topic: str) -> tuple[str, Up] | None:
    """Return (agent, kind) of an uplink topic, or None when it is none of ours or its shard is wrong."""
    parts = topic.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != ROOT or parts[4] != "up":
        return None
    _, _, shard, agent, _, kind = parts
    if shard_of(agent) != shard or kind not in {str(known) for known in Up}:
        return None
    return agent, Up(kind)
