"""A head office in memory: acks, forks, signed desired state, bodies; and a wire that can be told to misbehave."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_agent.hq.link import Link, LinkLost
from edge_agent.prices.keeper import BodyMissing, BodyUnreachable
from shared.body import BodyHeader, BodyKind, body_hash, bucket_hashes, write_body
from shared.hashchain import GENESIS, link_all
from shared.ids import UuidMint
from shared.pricing import Item, Price
from shared.sealing import card_hash, unseal
from shared.signing import key_id, sign_desired, sign_members
from shared.wire.desired import (
    BodyReference,
    DesiredState,
    KnownMember,
    Manifest,
    MemberStep,
    StoreSettings,
    TimelineEntry,
)
from shared.wire.messages import (
    Ack,
    Answer,
    Ask,
    AskRelease,
    Batch,
    Desired,
    DownlinkMessage,
    Fork,
    Hello,
    MemberFound,
    Members,
    Message,
    Question,
    Refused,
    Reject,
    Released,
    Reported,
    State,
    decode_downlink,
    decode_uplink,
    encode_message,
)
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, make_mint

SIGNING = bytes(range(32))
SIGNING_PUBLIC = Ed25519PrivateKey.from_private_bytes(SIGNING).public_key().public_bytes_raw()
TRUSTED = {key_id(SIGNING_PUBLIC): SIGNING_PUBLIC}
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SEALING_PUBLIC = SEALING.public_key().public_bytes_raw()
CARD_KEY = b"card key of this agent, 32 bytes"

Rows = Mapping[str, bytes]


def row(value: Item | Price) -> bytes:
    return msgspec.json.encode(value)


def reference(kind: BodyKind, scope: str, rows: Rows) -> BodyReference:
    return BodyReference(kind=kind, scope=scope, hash=body_hash(kind, scope, bucket_hashes(rows.items())))


def whole_body(kind: BodyKind, scope: str, rows: Rows) -> bytes:
    found = reference(kind, scope, rows)
    return write_body(BodyHeader(kind=kind, scope=scope, hash=found.hash, rows=len(rows)), dict(rows))


def delta_body(kind: BodyKind, scope: str, before: Rows, after: Rows) -> bytes:
    changed: dict[str, bytes | None] = {key: value for key, value in after.items() if before.get(key) != value}
    changed |= dict.fromkeys(before.keys() - after.keys())
    header = BodyHeader(
        kind=kind,
        scope=scope,
        hash=reference(kind, scope, after).hash,
        base=reference(kind, scope, before).hash,
        rows=len(changed),
    )
    return write_body(header, changed)


class MemoryBodies:
    """Body files by name; a name that is not there is missing."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.pictures: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.unreachable = False

    def add(self, kind: BodyKind, scope: str, rows: Rows) -> BodyReference:
        found = reference(kind, scope, rows)
        self.files[found.hash] = whole_body(kind, scope, rows)
        return found

    def add_delta(self, kind: BodyKind, scope: str, before: Rows, after: Rows) -> str:
        name = f"{reference(kind, scope, before).hash}..{reference(kind, scope, after).hash}"
        self.files[name] = delta_body(kind, scope, before, after)
        return name

    async def fetch(self, name: str, into: Path) -> None:
        if self.unreachable:
            raise BodyUnreachable("the network is away")
        if name not in self.files:
            raise BodyMissing(name)
        self.fetched.append(name)
        _save(into, zstandard.compress(self.files[name]))

    async def picture(self, name: str) -> bytes:
        if self.unreachable:
            raise BodyUnreachable("the network is away")
        if name not in self.pictures:
            raise BodyMissing(name)
        self.fetched.append(name)
        return self.pictures[name]


def _save(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@dataclass
class Book:
    """The content of one version."""

    items: dict[str, bytes]
    prices: dict[str, bytes]
    overrides: dict[str, bytes] = field(default_factory=dict)
    promotions: dict[str, bytes] = field(default_factory=dict)
    engine: int = 1


def entry(bodies: MemoryBodies, version: int, book: Book, activates_ms: int, store: str = STORE) -> TimelineEntry:
    """Store a version's bodies and return its timeline entry."""
    manifest = msgspec.json.encode(
        Manifest(
            version=version,
            store=store,
            engine=book.engine,
            bodies=[
                bodies.add(BodyKind.ITEMS, "chain", book.items),
                bodies.add(BodyKind.PRICES, "z1", book.prices),
                bodies.add(BodyKind.OVERRIDES, store, book.overrides),
                *([bodies.add(BodyKind.PROMOTIONS, "chain", book.promotions)] if book.promotions else []),
            ],
        )
    )
    return TimelineEntry(
        version=version,
        manifest=msgspec.Raw(manifest),
        hash=sha256(manifest).hexdigest(),
        activates_ms=activates_ms,
    )


class MemoryHq:
    """HQ as an agent meets it. `events` holds what was committed, by id, in order of arrival."""

    def __init__(self, settings: StoreSettings, *, seed: int = 1) -> None:
        self.bodies = MemoryBodies()
        self.clock = DrivenMachineClock(START_MS)
        self.mint: UuidMint = make_mint(self.clock.wall_ms, seed + 1000)
        self.incarnation = self.mint()
        self.events: dict[bytes, bytes] = {}
        self.marks: dict[UUID, tuple[int, bytes]] = {}
        self.timeline: list[TimelineEntry] = []
        self.settings = settings
        self.serial = 1
        self.members = (0, list[KnownMember]())
        self.reported: Reported | None = None
        self.hellos: list[Hello] = []
        self.gone: list[UUID] = []
        self.card_owners: dict[str, MemberFound | Refused] = {}
        self.questions: list[Question] = []
        self.online = True
        self.lose = 0.0
        self.duplicate = 0.0
        self.reject_batches_over: int | None = None
        self.random = random.Random(seed)
        self._wires: set[_Wire] = set()

    name = "memory"

    @asynccontextmanager
    async def connect(self, connection: UUID, will: Message) -> AsyncIterator[Link]:
        if not self.online:
            raise LinkLost("HQ is away")
        wire = _Wire(self, connection)
        self._wires.add(wire)
        try:
            yield wire
        finally:
            self._wires.discard(wire)

    def cut(self) -> None:
        """Break every connection."""
        for wire in list(self._wires):
            wire.down.put_nowait(None)
            self._wires.discard(wire)

    def restore(self, marks: dict[UUID, tuple[int, bytes]], events: dict[bytes, bytes]) -> None:
        """Go back to an earlier point, as a new incarnation."""
        self.clock.advance(1000)
        self.incarnation = self.mint()
        self.marks, self.events = dict(marks), dict(events)
        self.serial = 1

    def publish(self, *timeline: TimelineEntry, settings: StoreSettings | None = None) -> None:
        """Give the agent another desired state, and tell it if it is connected."""
        self.serial += 1
        self.timeline = list(timeline)
        self.settings = settings or self.settings
        for wire in self._wires:
            wire.say(self.desired(wire.connection))

    def know(self, version: int, *cards: str) -> None:
        """Let the store know members with these cards."""
        known = [
            KnownMember(member=self.mint(), cards=[card_hash(card, CARD_KEY)], masked_name="张*", tier="gold", points=7)
            for card in cards
        ]
        self.members = (version, known)
        for wire in self._wires:
            wire.say(self.member_step(wire.connection))

    def desired(self, connection: UUID, deltas: tuple[bytes, ...] = ()) -> Desired:
        state = DesiredState(
            agent=AGENT,
            incarnation=self.incarnation,
            serial=self.serial,
            settings=self.settings,
            timeline=self.timeline,
            members_version=self.members[0],
        )
        return Desired(**self._envelope(connection), desired=sign_desired(state, SIGNING), deltas=list(deltas))

    def member_step(self, connection: UUID) -> Members:
        version, known = self.members
        step = MemberStep(agent=AGENT, incarnation=self.incarnation, base=0, version=version, put=known)
        return Members(**self._envelope(connection), members=sign_members(step, SIGNING))

    def take(self, wire: _Wire, content: bytes) -> None:
        """Handle what came over a wire."""
        message = decode_uplink(content)
        match message:
            case Hello():
                self.hellos.append(message)
                self._note(message.reported)
                self._greet(wire, message)
            case Batch():
                self._apply(wire, message)
            case State():
                self._note(message.reported)
                wire.say(self._ack(wire, wire.epoch))
            case Question():
                self.questions.append(message)
                self._answer(wire, message)
            case _:
                self.gone.append(message.connection)

    def _answer(self, wire: _Wire, question: Question) -> None:
        """Answer about cards in `card_owners`, and let go what is to be let go; about anything else say nothing."""
        if isinstance(question.body, AskRelease):
            wire.say(Answer(**self._envelope(wire.connection), question=question.question, body=Released()))
            return
        if not isinstance(question.body, Ask):
            return
        card = unseal(question.body.sealed_card, SEALING.private_bytes_raw()).decode()
        if body := self.card_owners.get(card):
            wire.say(Answer(**self._envelope(wire.connection), question=question.question, body=body))

    def _greet(self, wire: _Wire, hello: Hello) -> None:
        assert hello.epoch is not None
        wire.epoch = hello.epoch
        mark, head = self.marks.setdefault(hello.epoch, (0, GENESIS))
        if hello.last_seq < mark or (hello.last_seq == mark and hello.last_head != head):
            wire.say(
                Fork(
                    **self._envelope(wire.connection, hello.epoch),
                    incarnation=self.incarnation,
                    watermark=mark,
                    reason="below_watermark",
                )
            )
        else:
            wire.say(self._ack(wire, hello.epoch))
        if self.timeline or self.settings.tills:
            wire.say(self.desired(wire.connection))
        if self.members[0] > (self.reported.members_version if self.reported else 0):
            wire.say(self.member_step(wire.connection))

    def _apply(self, wire: _Wire, batch: Batch) -> None:
        assert batch.epoch is not None
        if self.reject_batches_over is not None and len(batch.events) > self.reject_batches_over:
            envelope = self._envelope(wire.connection, batch.epoch)
            wire.say(Reject(**envelope, first=batch.first, reason="too many for this test"))
            return
        mark, head = self.marks.get(batch.epoch, (0, GENESIS))
        contents = [bytes(event) for event in batch.events]
        last = batch.first + len(contents) - 1
        if batch.first <= mark + 1 <= last:
            fresh = contents[mark + 1 - batch.first :]
            before = link_all(batch.previous, contents[: mark + 1 - batch.first])
            assert before == head, "the chain does not fit: HQ would see a fork"
            for content in fresh:
                self.events.setdefault(UUID(msgspec.json.decode(content)["id"]).bytes, content)
            self.marks[batch.epoch] = (last, link_all(head, fresh))
        wire.say(self._ack(wire, batch.epoch))

    def _note(self, reported: Reported | None) -> None:
        if reported is not None:
            self.reported = reported

    def _ack(self, wire: _Wire, epoch: UUID | None) -> Ack:
        mark = self.marks.get(epoch, (0, GENESIS))[0] if epoch else 0
        return Ack(**self._envelope(wire.connection, epoch), incarnation=self.incarnation, seq=mark)

    def _envelope(self, connection: UUID, epoch: UUID | None = None) -> dict[str, Any]:
        now = self.clock.wall_ms()
        return {
            "id": self.mint(),
            "agent": AGENT,
            "connection": connection,
            "at_ms": now,
            "sent_ms": now,
            "epoch": epoch,
        }


class _Wire:
    """One connection, which may lose and repeat."""

    name = "memory"

    def __init__(self, hq: MemoryHq, connection: UUID) -> None:
        self.connection = connection
        self.epoch: UUID | None = None
        self.down: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._hq = hq

    async def send(self, message: Message) -> None:
        await asyncio.sleep(0)
        if self not in self._hq._wires:
            raise LinkLost("the wire was cut")
        for _ in range(self._times()):
            self._hq.take(self, encode_message(message))

    async def messages(self) -> AsyncIterator[DownlinkMessage]:
        while (content := await self.down.get()) is not None:
            yield decode_downlink(content)
        raise LinkLost("the wire was cut")

    def say(self, message: Message) -> None:
        for _ in range(self._times()):
            self.down.put_nowait(encode_message(message))

    def _times(self) -> int:
        roll = self._hq.random.random()
        return 0 if roll < self._hq.lose else 2 if roll < self._hq.lose + self._hq.duplicate else 1
