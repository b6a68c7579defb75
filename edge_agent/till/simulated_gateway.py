"""A payment gateway without money: answers as told, slowly or not at all, for demos, tests and support."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from uuid import UUID

from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome


class Mood(StrEnum):
    """What the gateway does with the next payments.

    LOSE_REPLY takes the money and the answer is lost; NEVER_ARRIVES loses the question.
    """

    PAY = "pay"
    REFUSE = "refuse"
    LOSE_REPLY = "lose_reply"
    NEVER_ARRIVES = "never_arrives"


class SimulatedGateway:
    """Implements `PaymentGateway`. While `answering` is not set, every answer waits: a slow gateway.

    `asked` is set when a payment has come in.
    """

    def __init__(self, mood: Mood = Mood.PAY) -> None:
        self.mood = mood
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()
        self.taken: dict[UUID, PaymentOutcome] = {}

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Take the money once per attempt, in the mood it is in."""
        if self.mood is not Mood.NEVER_ARRIVES and attempt.id not in self.taken:
            state = AttemptState.REFUSED if self.mood is Mood.REFUSE else AttemptState.PAID
            self.taken[attempt.id] = PaymentOutcome(state, f"sim-{attempt.id.hex[-8:]}")
        self.asked.set()
        await self.answering.wait()
        if self.mood in {Mood.LOSE_REPLY, Mood.NEVER_ARRIVES}:
            return PaymentOutcome(AttemptState.UNKNOWN)
        return self.taken[attempt.id]

    async def refund(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Give money back once per attempt, in the mood it is in; never more than came in under that reference."""
        if self.mood is not Mood.NEVER_ARRIVES and attempt.id not in self.taken:
            paid = attempt.pays_back in {one.reference for one in self.taken.values()}
            fits = paid and self.mood is not Mood.REFUSE
            state = AttemptState.PAID if fits else AttemptState.REFUSED
            self.taken[attempt.id] = PaymentOutcome(state, f"sim-back-{attempt.id.hex[-8:]}")
        self.asked.set()
        await self.answering.wait()
        if self.mood in {Mood.LOSE_REPLY, Mood.NEVER_ARRIVES}:
            return PaymentOutcome(AttemptState.UNKNOWN)
        return self.taken[attempt.id]

    async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Say what became of an attempt. One that never came is refused for good."""
        await self.answering.wait()
        return self.taken.setdefault(attempt.id, PaymentOutcome(AttemptState.REFUSED))
