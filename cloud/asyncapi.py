"""The wire as an AsyncAPI 3 document, generated from the message classes: `python -m cloud.asyncapi`.

The document describes HQ: it receives what agents publish and sends what they hear.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from shared.topics import ROOT, Down, Up
from shared.wire.desired import DesiredState, Manifest, MemberStep
from shared.wire.events import EVENTS, wire_form
from shared.wire.messages import MESSAGES, Message

_REFERENCE = "#/components/schemas/{name}"
_RAW_FIELDS: tuple[tuple[str, str, type], ...] = (
    ("SignedDesired", "document", DesiredState),
    ("SignedMembers", "document", MemberStep),
    ("TimelineEntry", "manifest", Manifest),
)
"""Fields that carry another document's exact bytes, and that document."""

_INTRODUCTION = """\
Every message is UTF-8 JSON in one zstd frame with the dictionary of wire version 1 (`shared/codec.py`): at most
256 KiB compressed and 4 MiB opened. Nothing is retained. An agent publishes and hears only topics with its own shard
and id; the shard is the first byte of SHA-256 of the agent id in two hex digits. New fields are optional; readers
ignore fields they do not know. The truth about delivery is the `ack` by sequence, never the broker's PUBACK."""


def document() -> dict[str, Any]:
    """Return the whole document."""
    schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Storewire: agents and head office",
            "version": "1",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_name(message): _channel(message) for message in MESSAGES},
        "operations": {f"{_action(message)}-{_name(message)}": _operation(message) for message in MESSAGES},
        "components": {
            "messages": {_name(message): _message(message) for message in MESSAGES},
            "schemas": schemas,
        },
    }


def _schemas() -> dict[str, Any]:
    documents = [content for _, _, content in _RAW_FIELDS]
    events = [wire_form(event) for event in EVENTS]
    _, schemas = msgspec.json.schema_components([*MESSAGES, *events, *documents], ref_template=_REFERENCE)
    for owner, field, content in _RAW_FIELDS:
        schemas[owner]["properties"][field] = _schema(content)
    schemas["Batch"]["properties"]["events"]["items"] = {
        "oneOf": [_schema(event) for event in events],
        "discriminator": "kind",
    }
    return dict(sorted(schemas.items()))


def _channel(message: type[Message]) -> dict[str, Any]:
    return {
        "address": f"{ROOT}/{{shard}}/{{agent}}/{_direction(message)}/{message.KIND}",
        "messages": {_name(message): {"$ref": f"#/components/messages/{_name(message)}"}},
        "parameters": {
            "shard": {"description": "First byte of SHA-256 of the agent id, two hex digits, fixed at enrolment."},
            "agent": {"description": "The agent's id, 1 to 32 of a-z, 0-9 and '-'."},
        },
    }


def _operation(message: type[Message]) -> dict[str, Any]:
    return {
        "action": _action(message),
        "channel": {"$ref": f"#/channels/{_name(message)}"},
        "messages": [{"$ref": f"#/channels/{_name(message)}/messages/{_name(message)}"}],
        "bindings": {"mqtt": {"qos": message.QOS, "retain": False, "bindingVersion": "0.2.0"}},
    }


def _message(message: type[Message]) -> dict[str, Any]:
    return {
        "name": _name(message),
        "contentType": "application/json",
        "description": (message.__doc__ or "").strip(),
        "payload": _schema(message),
    }


def _name(message: type[Message]) -> str:
    return str(message.KIND)


def _direction(message: type[Message]) -> str:
    return "up" if isinstance(message.KIND, Up) else "down"


def _action(message: type[Message]) -> str:
    return "send" if isinstance(message.KIND, Down) else "receive"


def _schema(kind: type) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}


def text() -> str:
    """Return the document as it is kept in `docs/api/asyncapi.json`."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
