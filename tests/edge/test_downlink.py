"""What HQ says is followed only if HQ signed it, for this agent, and not older than what is followed already."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from edge_agent.clock import Clocks, DrivenBusinessClock
from edge_agent.disk import agent_row
from edge_agent.disk.database import Database
from edge_agent.hq import member_set
from edge_agent.hq.downlink import Downlink, followed
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.hq_time import HqTime
from edge_agent.hq.link import LinkLost
from edge_agent.hq.member_set import MemberSet
from edge_agent.hq.questions import DEADLINE_MS, REMEMBERED_MS, QuestionChanged, Questions
from edge_agent.hq.sender import Sender
from edge_agent.prices import timeline
from edge_agent.prices.books import PriceBooks
from edge_agent.prices.keeper import PriceKeeper
from edge_agent.record import first_start
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import Doorbell
from shared.ids import uuid7
from shared.sealing import card_hash, seal, unseal
from shared.signing import sign_desired, sign_members
from shared.wire.desired import DesiredState, KnownMember, MemberStep, StoreSettings
from shared.wire.messages import (
    Ack,
    Answer,
    Desired,
    DownlinkMessage,
    MemberFound,
    Members,
    Message,
    Question,
    Refused,
)
from tests.edge.agents import enrolled, until
from tests.edge.hq import CARD_KEY, SEALING, SEALING_PUBLIC, SIGNING, MemoryBodies, MemoryHq, entry
from tests.edge.test_prices import book
from tests.edge.tills import store_settings
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, make_mint, new_id

OTHER_KEY = bytes(reversed(range(32)))
SEALED = seal(b"8800000009", SEALING_PUBLIC, bytes(range(2, 34)))


def incarnation(number: int) -> UUID:
    return uuid7(START_MS + number * 1000, 1)


class Ground:
    """A downlink over a real disk."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self.machine = DrivenMachineClock()
        self.clocks = Clocks(DrivenBusinessClock(START_MS), self.machine)
        self.mint = make_mint(self.machine.wall_ms)
        self.bodies = MemoryBodies()
        self.settings: list[StoreSettings] = []
        self.changes = 0
        doorbell = Doorbell()
        epochs = Epochs(database, self.clocks, self.mint, doorbell=doorbell, witness_path=folder / "w.json")
        self.keeper = PriceKeeper(
            database,
            self.bodies,
            self.clocks.business,
            books=PriceBooks(self.clocks.business),
            directory=folder / "d",
            changed=lambda: None,
            random=lambda: 1.0,
        )
        self.questions = Questions(database, self.clocks)
        who = enrolled(folder)
        self.downlink = Downlink(
            database,
            lambda: who,
            sender=Sender(database, doorbell, self.machine, random=lambda: 0.5, epochs=epochs),
            keeper=self.keeper,
            questions=self.questions,
            hq_time=HqTime(self.machine),
            settings_changed=self._take,
            changed=self._change,
        )

    async def _take(self, settings: StoreSettings) -> None:
        self.settings.append(settings)

    def _change(self) -> None:
        self.changes += 1

    def envelope(self, agent: str = AGENT) -> dict[str, Any]:
        return {"id": new_id(), "agent": agent, "connection": new_id(), "at_ms": START_MS, "sent_ms": START_MS}

    async def hear(self, message: DownlinkMessage) -> list[str]:
        await self.downlink.take(message)
        return self.downlink.problems

    async def follow(
        self, serial: int, *, of: int = 1, key: bytes = SIGNING, to: str = AGENT, **fields: Any
    ) -> list[str]:
        state = DesiredState(
            **{
                "agent": AGENT,
                "incarnation": incarnation(of),
                "serial": serial,
                "settings": store_settings(),
                "timeline": [],
                **fields,
            }
        )
        return await self.hear(Desired(**self.envelope(to), desired=sign_desired(state, key)))

    async def serial(self) -> int:
        return (await self.database.read(followed)).serial


@pytest.fixture
async def ground(tmp_path: Path, database: Database) -> Ground:
    made = Ground(tmp_path, database)
    await database.run(lambda db: first_start.claim(db, AGENT, STORE, made.clocks, made.mint, sold_before=False))
    return made


async def test_what_hq_has_put_aside_is_known_in_the_store_until_it_is_settled(ground: Ground) -> None:
    await ground.follow(1, parked=2)
    assert await ground.database.read(agent_row.parked) == 2
    await ground.follow(2)
    assert await ground.database.read(agent_row.parked) == 0


async def test_signed_state_is_followed_once(ground: Ground) -> None:
    assert await ground.follow(1) == []
    assert await ground.follow(1) == []
    assert len(ground.settings) == 1
    assert await ground.serial() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": OTHER_KEY}, "not one this agent trusts"),
        ({"agent": "s002-a"}, "for agent s002-a"),
        ({"settings": msgspec.structs.replace(store_settings(), store="s002")}, "of store s002"),
        ({"of": 0}, "before HQ was restored"),
        ({"serial": 4}, "serial 4 is older than 5"),
        ({"serial": 5, "parked": 1}, "serial 5 is followed already and said something else"),
    ],
)
async def test_p6_wrong_state_is_refused_and_reported(ground: Ground, change: dict[str, Any], words: str) -> None:
    await ground.follow(5)
    (problem,) = await ground.follow(**{"serial": 9, **change})
    assert words in problem
    assert problem.startswith("desired_refused: ")
    assert await ground.serial() == 5
    assert await ground.follow(10) == []


async def test_p6_document_changed_on_the_way_is_refused(ground: Ground) -> None:
    signed = sign_desired(
        DesiredState(agent=AGENT, incarnation=incarnation(1), serial=1, settings=store_settings(), timeline=[]),
        SIGNING,
    )
    bent = msgspec.structs.replace(signed, document=msgspec.Raw(bytes(signed.document).replace(b"CNY", b"EUR")))
    (problem,) = await ground.hear(Desired(**ground.envelope(), desired=bent))
    assert "signature does not match" in problem
    assert ground.settings == []


async def test_message_for_another_agent_is_passed_over(ground: Ground) -> None:
    assert await ground.follow(1, to="s002-a") == []
    assert ground.settings == []


async def test_restored_hq_starts_its_serials_anew(ground: Ground) -> None:
    await ground.follow(50, of=1)
    assert await ground.follow(1, of=2) == []
    assert await ground.serial() == 1


async def test_manifest_that_is_not_what_was_signed_changes_nothing(ground: Ground) -> None:
    good = entry(ground.bodies, 1, book(), START_MS)
    await ground.follow(1, timeline=[good])
    for bad in (
        msgspec.structs.replace(good, version=2),
        msgspec.structs.replace(good, hash="0" * 64),
        entry(ground.bodies, 2, book(), START_MS, store="s002"),
    ):
        (problem,) = await ground.follow(2, timeline=[good, bad])
        assert problem.startswith("desired_refused")
    assert [one.version for one in await ground.database.read(timeline.versions)] == [1]
    assert await ground.serial() == 1


async def members(ground: Ground, step: MemberStep, key: bytes = SIGNING) -> list[str]:
    return await ground.hear(Members(**ground.envelope(), members=sign_members(step, key)))


def step(base: int, version: int, *cards: str, gone: list[UUID] | None = None, **fields: Any) -> MemberStep:
    put = [
        KnownMember(member=uuid7(START_MS, int(card)), cards=[card_hash(card, CARD_KEY)], masked_name=f"*{card}")
        for card in cards
    ]
    of = fields.pop("of", 1)
    return MemberStep(
        **{"agent": AGENT, "incarnation": incarnation(of), "base": base, "version": version, "put": put, **fields},
        gone=gone or [],
    )


async def found(ground: Ground, card: str) -> str | None:
    known = await ground.database.read(lambda db: MemberSet(CARD_KEY).find(db, card))
    return known.masked_name if known else None


def on_disk(ground: Ground, card: str) -> bool:
    """Tell whether a card's hash can be read from the database's files."""
    path = ground.database.path
    return any(card_hash(card, CARD_KEY) in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


async def test_member_steps_build_on_each_other(ground: Ground) -> None:
    await ground.follow(1)
    assert await members(ground, step(0, 3, "1", "2", more=True)) == []
    assert await members(ground, step(3, 4, "5", gone=[uuid7(START_MS, 1)])) == []
    assert [await found(ground, card) for card in "125"] == [None, "*2", "*5"]
    assert [on_disk(ground, card) for card in "125"] == [False, True, True]
    changes = ground.changes
    assert await members(ground, step(9, 10, "7")) == []
    assert await ground.database.read(member_set.version) == 4
    assert ground.changes > changes, "HQ has to hear which version is here"
    assert await members(ground, step(0, 11, "9")) == []
    assert [await found(ground, card) for card in "259"] == [None, None, "*9"]
    assert [on_disk(ground, card) for card in "259"] == [False, False, True]


async def test_card_that_changed_hands(ground: Ground) -> None:
    await members(ground, step(0, 1, "1"))
    moved = KnownMember(member=uuid7(START_MS, 77), cards=[card_hash("1", CARD_KEY)], masked_name="new")
    await members(ground, step(1, 2, put=[moved]))
    assert await found(ground, "1") == "new"


@pytest.mark.parametrize("wrong", [{"agent": "s002-a"}, {"of": 0}])
async def test_wrong_member_step_is_refused(ground: Ground, wrong: dict[str, Any]) -> None:
    await ground.follow(1)
    (problem,) = await members(ground, step(0, 1, "1", **wrong))
    assert problem.startswith("members_refused")
    (problem,) = await members(ground, step(0, 1, "1"), key=OTHER_KEY)
    assert "trusts" in problem
    assert await found(ground, "1") is None


class AnsweringLink:
    """A link behind which HQ answers questions, or does not."""

    name = "answering"

    def __init__(self, ground: Ground, body: MemberFound | Refused | None, *, broken: bool = False) -> None:
        self.connection = new_id()
        self.asked: list[Question] = []
        self._ground = ground
        self._body = body
        self._broken = broken

    async def send(self, message: Message) -> None:
        if self._broken:
            raise LinkLost("gone")
        assert isinstance(message, Question)
        self.asked.append(message)
        stored = await self._ground.database.read(
            lambda db: db.execute("SELECT count(*) FROM question WHERE id = ?", (message.question.bytes,)).fetchone()
        )
        assert stored == (1,), "the id is on disk before it is sent"
        if self._body is not None:
            await self._ground.hear(Answer(**self._ground.envelope(), question=message.question, body=self._body))


def ask_over(ground: Ground, link: AnsweringLink) -> None:
    ground.questions.attach(link, Envelope(AGENT, link.connection, ground.clocks, ground.mint))  # type: ignore[arg-type]


async def remembered(ground: Ground) -> int:
    (count,) = await ground.database.read(lambda db: db.execute("SELECT count(*) FROM question").fetchone())
    return int(count)


async def test_question_is_answered_and_the_card_stays_sealed(ground: Ground) -> None:
    link = AnsweringLink(ground, MemberFound(member=new_id(), masked_name="李*", points=5))
    ask_over(ground, link)
    answer = await ground.questions.whose_card(new_id(), "t1", SEALED)
    assert isinstance(answer, MemberFound)
    assert unseal(link.asked[0].body.sealed_card, SEALING.private_bytes_raw()) == b"8800000009"
    assert await remembered(ground) == 0


async def test_refusal_is_remembered_under_its_id(ground: Ground) -> None:
    question, link = new_id(), AnsweringLink(ground, Refused(code="unknown_card"))
    ask_over(ground, link)
    for _ in range(2):
        assert await ground.questions.whose_card(question, "t1", SEALED) == Refused(code="unknown_card")
    assert len(link.asked) == 1
    with pytest.raises(QuestionChanged):
        await ground.questions.whose_card(question, "t2", SEALED)
    ground.machine.advance(REMEMBERED_MS + 1)
    await ground.questions.whose_card(new_id(), "t1", SEALED)
    assert await remembered(ground) == 1, "what was refused long ago is forgotten"


@pytest.mark.parametrize("broken", [True, False])
async def test_transient_error_leaves_no_trace(ground: Ground, broken: bool) -> None:
    ask_over(ground, AnsweringLink(ground, None, broken=broken))
    assert await ground.questions.whose_card(new_id(), "t1", SEALED) is None
    assert await remembered(ground) == 0
    assert DEADLINE_MS < 1000


async def test_lost_link_answers_at_once_and_whoever_asks_can_be_cancelled(ground: Ground) -> None:
    link = AnsweringLink(ground, None)
    ask_over(ground, link)
    asking = asyncio.create_task(ground.questions.whose_card(new_id(), "t1", SEALED))
    await until(lambda: bool(link.asked), "the question")
    ground.questions.detach()
    assert await asking is None
    ask_over(ground, link)
    asking = asyncio.create_task(ground.questions.whose_card(new_id(), "t1", SEALED))
    await until(lambda: len(link.asked) == 2, "the question")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_without_a_link_nobody_waits(ground: Ground) -> None:
    assert await ground.questions.whose_card(new_id(), "t1", SEALED) is None
    assert await remembered(ground) == 0


async def test_ack_notes_hq_time(ground: Ground) -> None:
    ground.downlink._hq_time.asked()
    ground.machine.advance(10)
    message = msgspec.structs.replace(
        Ack(**ground.envelope(), incarnation=incarnation(1), seq=0), sent_ms=ground.machine.wall_ms() + 700
    )
    await ground.downlink.take(message)
    device = await ground.database.read(lambda db: agent_row.device_time(db, ground.machine))
    assert (device.hq_offset_ms, device.quality) == (705, "synced")


def test_memory_hq_is_signed_like_the_real_one() -> None:
    assert MemoryHq(store_settings()).desired(new_id()).desired.key
