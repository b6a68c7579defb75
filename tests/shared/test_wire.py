"""Messages and events: bounds, junk, and the exact bytes of what is inside them."""

from __future__ import annotations

import random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import codec
from shared.topics import Down, Up
from shared.wire.events import EVENTS, decode_event, encode_event
from shared.wire.messages import (
    MESSAGES,
    Ack,
    Batch,
    DownlinkMessage,
    MessageError,
    UplinkMessage,
    decode_downlink,
    decode_uplink,
    encode_message,
)
from tests.factories import make_epoch, make_sale

ID = UUID(int=1)


def batch(events: list[bytes]) -> Batch:
    return Batch(
        id=ID, agent="s001-a", connection=ID, at_ms=1, sent_ms=2, epoch=ID, first=1, previous=bytes(32),
        events=[msgspec.Raw(event) for event in events],
    )  # fmt: skip


ACK = Ack(id=ID, agent="s001-a", connection=ID, at_ms=1, sent_ms=2, epoch=ID, incarnation=ID, seq=3)


def test_p1_an_event_travels_as_the_bytes_it_was_recorded_in() -> None:
    odd = b'{"kind":"sale" , "from_the_future":1.50,"id":"x"}'
    received = decode_uplink(encode_message(batch([odd, encode_event(make_sale())])))
    assert isinstance(received, Batch)
    assert bytes(received.events[0]) == odd


def test_an_event_reads_back_and_encodes_to_the_same_bytes() -> None:
    for event in (make_sale(), make_epoch()):
        assert decode_event(encode_event(event)) == event
        assert encode_event(decode_event(encode_event(event))) == encode_event(event)


def test_a_field_of_the_future_is_no_error() -> None:
    grown = encode_event(make_epoch())[:-1] + b',"from_the_future":[1,2,3]}'
    assert decode_event(grown).id == decode_event(encode_event(make_epoch(id=decode_event(grown).id))).id


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_no_event_is_refused_with_the_field(event: type) -> None:
    kind = msgspec.inspect.type_info(event).tag  # type: ignore[union-attr]
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        decode_event(b'{"kind":"%s"}' % str(kind).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"{",
        b'{"kind":"unheard_of"}',
        b'{"kind":"\xff"}',
        b'{"id":"\xff","kind":"sale"}',
        b'{"a":' * 100_000,
    ],
)
def test_no_bytes_raise_anything_else_than_a_decode_error(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_event(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b'{"type":"unheard_of"}',
        b'{"type":"batch"}',
        b'{"type":"ack"}',
        b'{"type":"\xff"}',
        b'{"type":"batch","id":"not a uuid"}',
        b'{"type":"batch","events":' + b"[" * 1_000_000,
        b'{"unknown":' * 100_000,
    ],
)
def test_a_message_that_cannot_be_opened_is_refused_with_words(content: bytes) -> None:
    for decode in (decode_uplink, decode_downlink):
        with pytest.raises(MessageError, match=r".+"):
            decode(codec.pack(content))
        with pytest.raises(MessageError, match=r".+"):
            decode(content)


@given(st.binary(max_size=300))
def test_junk_is_refused_as_a_message(content: bytes) -> None:
    with pytest.raises(MessageError):
        decode_uplink(content)


def test_nobody_is_heard_in_the_wrong_direction() -> None:
    with pytest.raises(MessageError):
        decode_downlink(encode_message(batch([])))
    with pytest.raises(MessageError):
        decode_uplink(encode_message(ACK))


def test_a_message_beyond_the_wire_is_not_sent() -> None:
    noise = random.Random(1).randbytes(codec.MAX_COMPRESSED_BYTES).hex().encode()
    with pytest.raises(codec.CodecError, match="compressed"):
        encode_message(batch([b'"' + noise + noise + b'"']))


def test_every_message_declares_its_way_and_belongs_to_one_direction() -> None:
    up, down = set(UplinkMessage.__args__), set(DownlinkMessage.__args__)  # type: ignore[attr-defined]
    assert up | down == set(MESSAGES)
    assert not up & down
    assert {message.KIND for message in up} == set(Up)
    assert {message.KIND for message in down} == set(Down)
    assert all(message.QOS == 1 for message in MESSAGES)


def test_a_batch_of_a_hundred_sales_keeps_to_its_budget() -> None:
    sales = [encode_event(make_sale(number=number)) for number in range(1, 101)]
    assert len(encode_message(batch(sales))) <= 100 * 160
    assert len(encode_message(batch(sales[:1]))) <= 400
