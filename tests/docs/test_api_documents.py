"""The documents of the wire and the API are generated, and what lies in the tree is what the code says."""

from __future__ import annotations

import json
from pathlib import Path

from cloud import asyncapi, openapi
from shared.wire.messages import MESSAGES

API = Path(__file__).parents[2] / "docs" / "api"


def test_the_wire_document_is_up_to_date() -> None:
    up_to_date = (API / "asyncapi.json").read_text() == asyncapi.text()
    assert up_to_date, "docs/api/asyncapi.json differs from the code: make documents"


def test_the_api_document_is_up_to_date() -> None:
    up_to_date = (API / "openapi.json").read_text() == openapi.text()
    assert up_to_date, "docs/api/openapi.json differs from the code: make documents"


def test_the_wire_document_names_every_message_its_topic_and_qos() -> None:
    document = json.loads(asyncapi.text())
    assert set(document["channels"]) == {str(message.KIND) for message in MESSAGES}
    assert document["channels"]["batch"]["address"] == "sw/1/{shard}/{agent}/up/batch"
    assert document["channels"]["ack"]["address"] == "sw/1/{shard}/{agent}/down/ack"
    assert document["operations"]["receive-batch"]["bindings"]["mqtt"]["qos"] == 1
    assert not any(operation["bindings"]["mqtt"]["retain"] for operation in document["operations"].values())


def test_every_reference_in_the_wire_document_leads_somewhere() -> None:
    document = json.loads(asyncapi.text())
    for reference in _references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return found + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []
