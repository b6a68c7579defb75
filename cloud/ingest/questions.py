"""Questions that a till has now. Answers only read: asking again gives the same answer and leaves no trace."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from cloud import errors
from cloud.database import Database
from cloud.errors import Invalid, NotFound
from cloud.ingest.watermarks import stores_of
from cloud.members import finding
from cloud.privacy import CannotOpen, Vault
from shared.clock import BusinessClock
from shared.wire.messages import MemberFound, Question, Refused


class Answers:
    """Answers questions from the books."""

    def __init__(self, database: Database, business: BusinessClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._vault = vault

    def __call__(self, agent: str, question: Question) -> MemberFound | Refused | None:
        """Say whose card it is, or why nobody's: `card_unreadable`, `card_unknown`, `card_lost`, `member_closed` ...

        None, and so no answer at all, for an agent that may not speak.
        """
        with self._database.snapshot() as session:
            if agent not in stores_of(session, {agent}):
                return None
            return self._whose(session, question.body.sealed_card)

    def _whose(self, session: Session, sealed_card: bytes) -> MemberFound | Refused:
        year = datetime.fromtimestamp(self._business.now_ms() // 1000, UTC).year
        try:
            member, sight = finding.at_till(session, self._vault, self._vault.unseal(sealed_card), year)
        except (CannotOpen, Invalid):
            return Refused(code="card_unreadable")
        except NotFound:
            return Refused(code="card_unknown")
        except errors.Refused as error:
            return Refused(code=error.code)
        return MemberFound(member=member, masked_name=sight.masked_name, tier=sight.tier, points=sight.points)
