"""Topics and the rights to them: exact names, nobody else's, never a pattern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import SLUG_PATTERN
from shared.topics import (
    SHARDS,
    Down,
    Up,
    down_topic,
    ingest_filter,
    parse_up,
    publish_rights,
    shard_of,
    subscribe_rights,
    up_topic,
)

agents = st.from_regex(SLUG_PATTERN, fullmatch=True).map(str.strip)


def test_the_form_of_a_topic() -> None:
    assert shard_of("s001-a") == "80"
    assert up_topic("s001-a", Up.BATCH) == "sw/1/80/s001-a/up/batch"
    assert down_topic("s001-a", Down.ACK) == "sw/1/80/s001-a/down/ack"
    assert ingest_filter("80") == "sw/1/80/+/up/+"


@given(agents)
def test_p6_rights_hold_no_wildcard(agent: str) -> None:
    for topic in publish_rights(agent) + subscribe_rights(agent):
        assert not set(topic) & set("+#*>$ \n\0")


@given(agents, agents)
def test_p6_two_agents_share_no_right(one: str, other: str) -> None:
    if one != other:
        mine = set(publish_rights(one) + subscribe_rights(one))
        assert not mine & set(publish_rights(other) + subscribe_rights(other))


@given(agents)
def test_p6_nobody_hears_what_they_may_say(agent: str) -> None:
    assert not set(publish_rights(agent)) & set(subscribe_rights(agent))


@pytest.mark.parametrize("agent", ["+", "#", "a/b", "", "A", "a" * 33])
def test_p6_an_id_that_could_widen_a_right_has_no_topic(agent: str) -> None:
    with pytest.raises(ValueError, match="agent must be"):
        publish_rights(agent)
    with pytest.raises(ValueError, match="agent must be"):
        subscribe_rights(agent)


@given(agents, st.sampled_from(Up))
def test_an_uplink_topic_names_its_agent_and_kind(agent: str, kind: Up) -> None:
    assert parse_up(up_topic(agent, kind)) == (agent, kind)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "sw/1/80/s001-a/up",
        "sw/1/80/s001-a/up/batch/more",
        "sw/2/80/s001-a/up/batch",
        "sw/1/81/s001-a/up/batch",  # not this agent's shard
        "sw/1/80/s001-a/down/ack",
        "sw/1/80/s001-a/up/unheard-of",
        "sw/1/80/S001-A/up/batch",
    ],
)
def test_a_topic_that_is_none_of_ours_is_none(topic: str) -> None:
    assert parse_up(topic) is None


def test_agents_spread_over_all_shards() -> None:
    assert {shard_of(f"store-{number}") for number in range(5_000)} == set(SHARDS)
