"""Every version of every wire class, as bytes that must be understood for ever."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shared import codec
from shared.signing import key_id, open_desired, open_members
from shared.wire.events import EVENTS, decode_event, encode_event
from shared.wire.messages import MESSAGES, Desired, DownlinkMessage, Members, UplinkMessage
from tests.golden import examples
from tests.shared.test_signing import public

HERE = Path(__file__).parent
ADD = "`python -m tests.golden.examples` adds the golden of a new example"

_message: msgspec.json.Decoder[UplinkMessage | DownlinkMessage] = msgspec.json.Decoder(UplinkMessage | DownlinkMessage)


def golden(folder: str, name: str) -> bytes:
    return (HERE / folder / f"{name}.json").read_bytes().removesuffix(b"\n")


def names(folder: str) -> list[str]:
    return sorted(path.name.removesuffix(".json") for path in (HERE / folder).glob("*.json"))


@pytest.mark.parametrize("name", sorted(examples.EVENT_EXAMPLES))
def test_an_event_is_what_its_golden_says(name: str) -> None:
    example = examples.EVENT_EXAMPLES[name]
    assert decode_event(golden("events", name)) == example, ADD
    assert encode_event(example) == golden("events", name)


@pytest.mark.parametrize("name", sorted(examples.MESSAGE_EXAMPLES))
def test_a_message_is_what_its_golden_says(name: str) -> None:
    assert msgspec.json.encode(_message.decode(golden("messages", name))) == golden("messages", name), ADD
    assert examples.message_bytes(name) == golden("messages", name)


def test_every_class_has_a_golden_of_each_version_and_every_golden_an_example() -> None:
    assert names("events") == sorted(examples.EVENT_EXAMPLES)
    assert names("messages") == sorted(examples.MESSAGE_EXAMPLES)
    assert {type(example) for example in examples.EVENT_EXAMPLES.values()} == set(EVENTS)
    assert {type(example) for example in examples.MESSAGE_EXAMPLES.values()} == set(MESSAGES)
    for name, example in {**examples.EVENT_EXAMPLES, **examples.MESSAGE_EXAMPLES}.items():
        assert name.split(".")[:2] == [msgspec.structs.asdict(example).get("kind") or _tag(example), f"v{example.v}"]


def _tag(example: msgspec.Struct) -> str:
    info = msgspec.inspect.type_info(type(example))
    assert isinstance(info, msgspec.inspect.StructType)
    return str(info.tag)


def test_a_packed_message_of_wire_version_1_opens() -> None:
    assert codec.unpack((HERE / "packed" / "batch.v1.zst").read_bytes()) == golden("messages", "batch.v1")


def test_p6_signatures_in_the_field_keep_their_meaning() -> None:
    trusted = {key_id(public(examples.HQ_PRIVATE)): public(examples.HQ_PRIVATE)}
    desired = _message.decode(golden("messages", "desired.v1"))
    members = _message.decode(golden("messages", "members.v1"))
    assert isinstance(desired, Desired)
    assert isinstance(members, Members)
    assert open_desired(desired.desired, trusted) == examples.DESIRED
    assert open_members(members.members, trusted) == examples.STEP
