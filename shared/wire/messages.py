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
from shared.wire.desired import SignedDesired, SignedMembers


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
    """

    device: str
    profile: str
    state: str
    power: str = "unknown"
    reason: str = ""
    code: str = ""
    conditions: list[str] = []
    statistics: dict[str, int] = {}


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
    heartbeat.
    """

    KIND: ClassVar[Up | Down] = Up.STATE
    QOS: ClassVar[int] = 1

    acked_seq: int = 0
    incarnation: UUID | None = None
    acked_head: bytes = b""
    acked_proof: bytes = b""
    reported: Reported | None = None


class Gone(Message, frozen=True, kw_only=True, omit_defaults=True, tag="gone"):
    """The last will. It counts only if it names the agent's current connection."""

    KIND: ClassVar[Up | Down] = Up.GONE
    QOS: ClassVar[int] = 1


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="member"):
    """Who is this card's member? The card is sealed to HQ's key."""

    sealed_card: bytes


class AskHold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="hold"):
    """Set value aside for a basket: the question's id is the hold's, and a repeat gets the same answer.

    `unit` is POINTS or the store's currency; `amount` points or minor units. Whose it is: the member, or the sealed
    number of the card that carries it.
    """

    basket: UUID
    unit: str
    amount: int
    till: str
    cashier: str = ""
    member: UUID | None = None
    sealed_card: bytes | None = None


class AskCoupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="coupon"):
    """Reserve a coupon's code for a basket, so that no other till takes it meanwhile."""

    basket: UUID
    code: str
    till: str
    cashier: str = ""
    member: UUID | None = None


class AskRelease(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="release"):
    """Let go what was set aside for a basket that will not be paid with it.

    With `hold` that hold alone; an id that HQ has never heard of is refused for ever after. Without it everything of
    the basket.
    """

    basket: UUID
    till: str
    hold: UUID | None = None


class AskEnrol(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="enrol"):
    """Make somebody a member at the desk: a phone number and what they agree to is enough.

    Phone, name and card are sealed to HQ's key. `consents` maps a channel to the version of the text they were shown;
    `receipt` is the sale whose receipt they bring, where joining takes one. The question's id is made once: a repeat
    finds the member that the first one made.
    """

    till: str
    cashier: str
    sealed_phone: bytes
    consents: dict[str, str]
    sealed_name: bytes | None = None
    sealed_card: bytes | None = None
    receipt: UUID | None = None
    language: str = ""


class AskCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="card"):
    """Give a member a card, report theirs lost, or both at once.

    Who it is: the member a till knows, or whose phone this is, sealed. `issue` and `replace` bring the new card's
    number, sealed; `replace` also reports the one before as lost.
    """

    act: Literal["issue", "lost", "replace"]
    till: str
    cashier: str
    member: UUID | None = None
    sealed_phone: bytes | None = None
    sealed_card: bytes | None = None


class AskClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="claim"):
    """Credit a receipt on which no card was shown, by the sale's id that its code names: once, and to one member."""

    sale: UUID
    till: str
    cashier: str
    member: UUID | None = None
    sealed_card: bytes | None = None


AnyAsk = Ask | AskHold | AskCoupon | AskRelease | AskEnrol | AskCard | AskClaim
"""What only HQ knows now."""


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


class MemberFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="member"):
    """The member behind a card, as a till may know them."""

    member: UUID
    masked_name: str
    tier: str = ""
    points: int = 0
    blocks: list[str] = []


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="refused"):
    """A business refusal, remembered under the question's id: a code for machines; the till has the words."""

    code: str


class Held(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="held"):
    """Value is set aside. The till commits against it until a minute before `valid_until_ms` (HQ's wall time)."""

    hold: UUID
    unit: str
    amount: int
    valid_until_ms: int


class CouponReserved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="coupon"):
    """A coupon is this basket's until then: the promotion of the price book that it stands for."""

    code: str
    promotion: str
    valid_until_ms: int
    claimed_ms: int = 0


class Released(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="released"):
    """Nothing is set aside for it any more. `captured`: too late, its sale has spent it."""

    captured: bool = False


class PointsClaimed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="answer", tag="claimed"):
    """A receipt's points are the member's: how many it brought, and how many they have now."""

    member: UUID
    masked_name: str
    earned: int
    points: int


AnyAnswer = MemberFound | Refused | Held | CouponReserved | Released | PointsClaimed
"""What HQ answers."""


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
