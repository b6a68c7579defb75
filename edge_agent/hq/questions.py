"""Questions that only HQ can answer now: on disk before they are sent, answered within a second or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from uuid import UUID

import msgspec

from edge_agent.clock import Clocks
from edge_agent.disk.database import Database
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.link import Link, LinkLost
from shared.wire.messages import Answer, AnyAnswer, AnyAsk, Ask, MemberFound, Question, Refused

DEADLINE_MS = 800
REMEMBERED_MS = 7 * 24 * 3600 * 1000
"""A question is not asked again after so long; what was refused is forgotten then."""
_refused = msgspec.json.Decoder(Refused)


class QuestionChanged(ValueError):
    """A question's id was used before for something else: a bug of whoever asks."""


class Questions:
    """Asks HQ. A business refusal is remembered under the question's id; anything that may pass leaves no trace."""

    def __init__(self, database: Database, clocks: Clocks) -> None:
        self._database = database
        self._clocks = clocks
        self._wire: tuple[Link, Envelope] | None = None
        self._open: dict[UUID, asyncio.Future[AnyAnswer | None]] = {}

    def attach(self, link: Link, envelope: Envelope) -> None:
        """Ask over this link from now on."""
        self._wire = (link, envelope)

    def detach(self) -> None:
        """There is no link: questions get no answer, and nobody waits for one."""
        self._wire = None
        for waiting in self._open.values():
            if not waiting.done():
                waiting.set_result(None)

    async def whose_card(self, question: UUID, till: str, sealed_card: bytes) -> MemberFound | Refused | None:
        """Ask who a card belongs to; None when HQ gave no answer in time, which is not a no."""
        answer = await self.ask(question, till, Ask(sealed_card=sealed_card))
        return answer if isinstance(answer, MemberFound | Refused) else None

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Ask under an id made by the caller. The same id again gets the answer that is remembered, if any."""
        wire = self._wire
        remembered = await self._database.read(lambda db: _remembered(db, question, till))
        if remembered is not None or wire is None:
            return remembered
        made_ms = self._clocks.machine.wall_ms()
        await self._database.run(lambda db: _store(db, question, till, body, made_ms))
        answer: asyncio.Future[AnyAnswer | None] = asyncio.get_running_loop().create_future()
        self._open[question] = answer
        try:
            async with asyncio.timeout(DEADLINE_MS / 1000):
                await self._send(wire, question, body)
                found = await answer
        except (TimeoutError, LinkLost):
            found = None
        finally:
            self._open.pop(question, None)
        await self._database.run(lambda db: _settle(db, question, found))
        return found

    def on_answer(self, answer: Answer) -> None:
        """Hand an answer to whoever waits for it; a late one is for nobody."""
        waiting = self._open.get(answer.question)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.body)

    async def _send(self, wire: tuple[Link, Envelope], question: UUID, body: AnyAsk) -> None:
        link, envelope = wire
        await link.send(Question(**envelope.fields(), question=question, deadline_ms=DEADLINE_MS, body=body))


def _remembered(db: sqlite3.Connection, question: UUID, till: str) -> Refused | None:
    row = db.execute("SELECT till, answer FROM question WHERE id = ?", (question.bytes,)).fetchone()
    if row is None:
        return None
    if row[0] != till:
        raise QuestionChanged(f"question {question} was asked at till {row[0]}, not {till}")
    return None if row[1] is None else _refused.decode(row[1])


def _store(db: sqlite3.Connection, question: UUID, till: str, body: AnyAsk, made_ms: int) -> None:
    db.execute("DELETE FROM question WHERE made_ms < ?", (made_ms - REMEMBERED_MS,))
    db.execute(
        "INSERT OR IGNORE INTO question (id, till, body, made_ms) VALUES (?, ?, ?, ?)",
        (question.bytes, till, msgspec.json.encode(body), made_ms),
    )


def _settle(db: sqlite3.Connection, question: UUID, found: AnyAnswer | None) -> None:
    if isinstance(found, Refused):
        db.execute("UPDATE question SET answer = ? WHERE id = ?", (msgspec.json.encode(found), question.bytes))
    else:
        db.execute("DELETE FROM question WHERE id = ?", (question.bytes,))
