"""Messages: what an agent and HQ say to each other. Each class declares its topic kind and QoS.

A message is JSON in a zstd frame (`shared.codec`). Rules for change: add optional fields with defaults, never
retype, never reuse a name; a break is a new `v` beside an upgrade function.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from shared import codec
from shared.topics import Down, Up
from shared.wire.asks import (
    AnyAnswer,
    AnyAsk,
    Ask,
    AskCard,
    AskClaim,
    AskCoupon,
    AskEnrol,
    AskHold,
    AskPhone,
    AskRelease,
    CouponReserved,
    Held,
    MemberChoice,
    MemberFound,
    MembersFound,
    PointsClaimed,
    Refused,
    Released,
)
from shared.wire.budgets import BudgetReport
from shared.wire.desired import SignedDesired, SignedMembers

__all__ = [
    "MESSAGES",
    "Ack",
    "Answer",
    "AnyAnswer",
    "AnyAsk",
    "Ask",
    "AskCard",
    "AskClaim",
    "AskCoupon",
    "AskEnrol",
    "AskHold",
    "AskPhone",
    "AskRelease",
    "Batch",
    "CouponReserved",
    "Desired",
    "DeviceReport",
    "DownlinkMessage",
    "Fork",
    "FoundDevice",
    "Gone",
    "Held",
    "Hello",
    "LabelReport",
    "MemberChoice",
    "MemberFound",
    "Members",
    "MembersFound",
    "Message",
    "MessageError",
    "PointsClaimed",
    "Question",
    "Refused",
    "Reject",
    "Released",
    "Reported",
    "State",
    "TillReport",
    "UplinkMessage",
    "decode_downlink",
    "decode_uplink",
    "encode_message",
]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """The envelope: schema version, message id, agent (sender or addressee) with its connection and epoch, two times.

    `at_ms` is the sender's business time, `sent_ms` its wall time.
    """

    KIND: ClassVar[Up | Down]
    QOS: ClassVar[int]

    id: UUID
    agent: str
    connection: UUID
    at_ms: int
    sent_ms: int
    v: int = 1
    epoch: UUID | None = None


class TillReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one till really runs: the book version of new baskets, and the oldest that an open one is pinned to."""

    till: str
    version: int
    oldest_open_version: int | None = None


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one device stands, in the words of UnifiedPOS.

    `device` is `till/name`; `state` is closed, idle, busy or error; `power` unknown, online, off or offline. `reason`
    and `code` say what is wrong, `conditions` what is remarkable (`paper_near_end`). `statistics` count since the
    device was first bound there: hours, good_reads, cut_reads, unplugs, errors and what its class counts besides.
    `transport` and `address` say how it is reached. `since_ms` is when it came to stand so and `heard_ms` when it last
    read something, by the agent's wall clock since the agent started; None: not yet.
    """

    device: str
    profile: str
    state: str
    power: str = "unknown"
    reason: str = ""
    code: str = ""
    conditions: list[str] = []
    statistics: dict[str, int] = {}
    transport: str = ""
    address: str = ""
    since_ms: int | None = None
    heard_ms: int | None = None


class FoundDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something plugged into the agent's machine that could be a device of a till, bound or not.

    `address` is what a `DeviceBinding` names as its plug, `usb` vendor and product (`05e0:1200`), `name` what it calls
    itself. `transports` are the ways it can be reached, `models` the profiles that fit it, the likeliest first.
    """

    address: str
    usb: str = ""
    name: str = ""
    transports: list[str] = []
    models: list[str] = []


class TerminalReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal of the store's network that is paired with a till: its number at this agent, what people call it.

    `paired_by` is who gave its code. Times are milliseconds since 1970 UTC by the agent's clock; `seen_ms` is kept by
    the hour. `seen_from` is its address in the store's network.
    """

    number: int
    till: str
    name: str
    paired_by: str
    paired_ms: int
    seen_ms: int
    seen_from: str = ""


class LabelReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often labels of one format were remarkable in a store on a business day (YYYY-MM-DD).

    `finding` says how: a `shared.codes.LabelFinding` such as `label_price_old`, or `check_ignored`.
    """

    business_date: str
    format: str
    finding: str
    times: int


class Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reported half of the device twin: what this agent really runs and holds."""

    software: str
    engine: int
    desired_serial: int = 0
    staged: list[int] = []
    tills: list[TillReport] = []
    body_hashes: dict[str, str] = {}
    members_version: int = 0
    backlog: int = 0
    backlog_since_ms: int | None = None
    parked: int = 0
    disk_free_bytes: int | None = None
    problems: list[str] = []
    devices: list[DeviceReport] = []
    found: list[FoundDevice] = []
    budgets: list[BudgetReport] = []
    terminals: list[TerminalReport] = []
    labels: list[LabelReport] = []
    desired_hash: str = ""
    """`content_hash` of the desired state followed; empty from an agent that does not say."""


class Hello(Message, frozen=True, kw_only=True, omit_defaults=True, tag="hello"):
    """First words of a connection: where the agent's outbox stands, what it runs.

    `last_seq` and `last_head` are the newest event numbered in `epoch`; `oldest_seq` the oldest it can still
    supply; `acked_seq` what it holds as acked by `incarnation`, and `acked_head` and `acked_proof` that ack's head and
    proof.
    """

    KIND: ClassVar[Up | Down] = Up.HELLO
    QOS: ClassVar[int] = 1

    last_seq: int
    last_head: bytes
    oldest_seq: int = 1
    acked_seq: int = 0
    incarnation: UUID | None = None
    acked_head: bytes = b""
    acked_proof: bytes = b""
    reported: Reported


class Batch(Message, frozen=True, kw_only=True, omit_defaults=True, tag="batch"):
    """Consecutive events of the envelope's epoch from number `first` on; `previous` is the chain head before it."""

    KIND: ClassVar[Up | Down] = Up.BATCH
    QOS: ClassVar[int] = 1

    first: int
    previous: bytes
    events: list[msgspec.Raw]


class State(Message, frozen=True, kw_only=True, omit_defaults=True, tag="state"):
    """Heartbeat, and the reported state whenever it changed; HQ answers the heartbeat with an Ack.

    `acked_seq` is what the agent holds as acked in the envelope's epoch by `incarnation`, with that ack's head and
    proof, as in a hello: so an agent that stays connected while HQ's database is put back tells HQ of it with its next
    heartbeat. `drained_ms` is HQ's time, as the agent trusts it, at which everything it had was acked: whatever was
    sold until then HQ has. None while something is not acked, or without time to be trusted.
    """

    KIND: ClassVar[Up | Down] = Up.STATE
    QOS: ClassVar[int] = 1

    acked_seq: int = 0
    incarnation: UUID | None = None
    acked_head: bytes = b""
    acked_proof: bytes = b""
    reported: Reported | None = None
    drained_ms: int | None = None


class Gone(Message, frozen=True, kw_only=True, omit_defaults=True, tag="gone"):
    """The last will. It counts only if it names the agent's current connection."""

    KIND: ClassVar[Up | Down] = Up.GONE
    QOS: ClassVar[int] = 1


class Question(Message, frozen=True, kw_only=True, omit_defaults=True, tag="question"):
    """Something only HQ knows now. `question` is stored by the agent before it is sent and names every repeat of it."""

    KIND: ClassVar[Up | Down] = Up.QUESTION
    QOS: ClassVar[int] = 1

    question: UUID
    deadline_ms: int
    body: AnyAsk


class Ack(Message, frozen=True, kw_only=True, omit_defaults=True, tag="ack"):
    """HQ has committed everything of the envelope's epoch up to and including `seq`. Cumulative and repeatable.

    `head` is the first 16 bytes of the chain head there (empty: not said). An agent whose chain has another head at
    `seq` used these numbers for something else: HQ has a clone's events, or those of a disk since put back.
    `proof` is HQ's own seal on it: whoever shows it again later proves to an HQ that was put back that this was said.
    """

    KIND: ClassVar[Up | Down] = Down.ACK
    QOS: ClassVar[int] = 1

    incarnation: UUID
    seq: int
    head: bytes = b""
    proof: bytes = b""


class Reject(Message, frozen=True, kw_only=True, omit_defaults=True, tag="reject"):
    """A batch that could not be opened or exceeds a limit; the agent sends its events singly."""

    KIND: ClassVar[Up | Down] = Down.REJECT
    QOS: ClassVar[int] = 1

    first: int
    reason: str


class Fork(Message, frozen=True, kw_only=True, omit_defaults=True, tag="fork"):
    """The epoch's numbers were used for something else: the agent opens a new epoch and resends what is not acked."""

    KIND: ClassVar[Up | Down] = Down.FORK
    QOS: ClassVar[int] = 1

    incarnation: UUID
    watermark: int
    reason: Literal["chain", "below_watermark"]


class Desired(Message, frozen=True, kw_only=True, omit_defaults=True, tag="desired"):
    """The desired half of the device twin, signed, and the small deltas that lead to it (body files, uncompressed)."""

    KIND: ClassVar[Up | Down] = Down.DESIRED
    QOS: ClassVar[int] = 1

    desired: SignedDesired
    deltas: list[bytes] = []


class Members(Message, frozen=True, kw_only=True, omit_defaults=True, tag="members"):
    """A signed step of the set of members this store may know."""

    KIND: ClassVar[Up | Down] = Down.MEMBERS
    QOS: ClassVar[int] = 1

    members: SignedMembers


class Answer(Message, frozen=True, kw_only=True, omit_defaults=True, tag="answer"):
    """HQ's answer to a question."""

    KIND: ClassVar[Up | Down] = Down.ANSWER
    QOS: ClassVar[int] = 1

    question: UUID
    body: AnyAnswer


UplinkMessage = Hello | Batch | State | Gone | Question
DownlinkMessage = Ack | Reject | Fork | Desired | Members | Answer

MESSAGES: tuple[type[Message], ...] = (
    Hello,
    Batch,
    State,
    Gone,
    Question,
    Ack,
    Reject,
    Fork,
    Desired,
    Members,
    Answer,
)
"""Every message class; the house test insists on a golden file and one handler for each."""

_encoder = msgspec.json.Encoder()
_uplink: msgspec.json.Decoder[UplinkMessage] = msgspec.json.Decoder(UplinkMessage)
_downlink: msgspec.json.Decoder[DownlinkMessage] = msgspec.json.Decoder(DownlinkMessage)


class MessageError(ValueError):
    """Bytes that are no message of ours; the text says what does not fit."""


def encode_message(message: Message) -> bytes:
    """Return the bytes to publish. Raise codec.CodecError when the message is too large for the wire."""
    return codec.pack(_encoder.encode(message))


def decode_uplink(content: bytes) -> UplinkMessage:
    """Open what an agent sent. Raise MessageError."""
    return _decode(_uplink, content)  # type: ignore[no-any-return]


def decode_downlink(content: bytes) -> DownlinkMessage:
    """Open what HQ sent. Raise MessageError."""
    return _decode(_downlink, content)  # type: ignore[no-any-return]


def _decode(decoder: msgspec.json.Decoder[Any], content: bytes) -> Any:
    try:
        return decoder.decode(codec.unpack(content))
    except (codec.CodecError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(str(error)) from error
