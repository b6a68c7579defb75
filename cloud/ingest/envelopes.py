"""Facts put into envelopes: what ingest found out, as messages to the agent's current connection."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloud.ingest.outcomes import Acked, Forked, Outcome, Rejected
from cloud.ingest.proofs import AckProofs
from shared.clock import BusinessClock, MachineClock
from shared.ids import UuidMint
from shared.wire.desired import SignedDesired, SignedMembers
from shared.wire.messages import (
    Ack,
    Answer,
    AnyAnswer,
    Desired,
    DownlinkMessage,
    Fork,
    Members,
    Question,
    Reject,
)

_ACK_HEAD_BYTES = 16


class Envelopes:
    """Writes the envelope that every message down carries, and seals what an ack says."""

    def __init__(self, machine: MachineClock, business: BusinessClock, mint: UuidMint, proofs: AckProofs) -> None:
        self._proofs = proofs
        self._machine = machine
        self._business = business
        self._mint = mint

    def outcome(self, outcome: Outcome, connection: UUID) -> DownlinkMessage:
        """Say what became of batches or of a hello."""
        head = self._head(outcome.agent, connection, outcome.epoch)
        match outcome:
            case Acked():
                there = outcome.head[:_ACK_HEAD_BYTES]
                proof = self._proofs.make(outcome.agent, outcome.epoch, outcome.incarnation, outcome.seq, there)
                return Ack(**head, incarnation=outcome.incarnation, seq=outcome.seq, head=there, proof=proof)
            case Forked():
                return Fork(**head, incarnation=outcome.incarnation, watermark=outcome.watermark, reason=outcome.reason)
            case Rejected():
                return Reject(**head, first=outcome.first, reason=outcome.reason)

    def desired(self, agent: str, connection: UUID, signed: SignedDesired, deltas: list[bytes]) -> Desired:
        """Say what the agent should run."""
        return Desired(**self._head(agent, connection), desired=signed, deltas=deltas)

    def members(self, agent: str, connection: UUID, signed: SignedMembers) -> Members:
        """Send a step of the agent's member set."""
        return Members(**self._head(agent, connection), members=signed)

    def answer(self, question: Question, body: AnyAnswer) -> Answer:
        """Answer a question."""
        return Answer(**self._head(question.agent, question.connection), question=question.question, body=body)

    def _head(self, agent: str, connection: UUID, epoch: UUID | None = None) -> dict[str, Any]:
        return {
            "id": self._mint(),
            "agent": agent,
            "connection": connection,
            "epoch": epoch,
            "at_ms": self._business.now_ms(),
            "sent_ms": self._machine.wall_ms(),
        }
