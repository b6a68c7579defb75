"""Questions that a till has now: answered within their deadline or not at all, because the till goes on without."""

from __future__ import annotations

from cloud.database import Database
from cloud.fleet.agents import find
from cloud.privacy import Vault
from shared.clock import MachineClock
from shared.wire.messages import MemberFound, Question, Refused


class Answers:
    """Answers questions from the books."""

    def __init__(self, database: Database, clock: MachineClock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault

    def __call__(self, agent: str, question: Question) -> MemberFound | Refused | None:
        """Answer a question, or return None."""
        with self._database.snapshot() as session:
            find(session, agent)
        return None
