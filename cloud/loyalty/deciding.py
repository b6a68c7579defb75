"""Who may put a rule of tiers or earning into force: two people, unless the chain has said that one is enough.

The console, the API and the command line ask here and nowhere else. A program never counts as the second person, and a
chain in which nobody ever had a sign-in decides alone: nobody could approve yet.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlmodel import Session

from cloud import audit
from cloud.errors import Invalid, Refused
from cloud.identity import people
from cloud.org.models import ChainSetting

_NAME = "loyalty_alone"
_PERSON = "person:"


def alone(session: Session) -> bool:
    """Tell whether one person, or program, publishes these rules without anybody else."""
    return chosen_alone(session) or not people.anybody(session)


def chosen_alone(session: Session) -> bool:
    """Tell whether the chain has said that one is enough."""
    found = session.get(ChainSetting, _NAME)
    return found is not None and bytes(found.value) == b"true"


def set_alone(session: Session, *, on: bool, actor: str, reason: str, now_ms: int) -> None:
    """Say whether one is enough. Raise Invalid without a reason."""
    said = require_reason(reason)
    session.merge(ChainSetting(name=_NAME, value=msgspec.json.encode(on)))
    detail = "not needed" if on else "needed"
    audit.record(
        session, at_ms=now_ms, actor=actor, action="loyalty.second_person", subject="chain", reason=said, detail=detail
    )
    session.flush()


def require_reason(reason: str) -> str:
    """Return a reason as it is kept. Raise Invalid, beginning with `reason`, where there is none."""
    if not (said := reason.strip()):
        raise Invalid("reason: say why one person decides, or no longer")
    return said[:500]


def refuse_approval(session: Session, actor: str, writers: Collection[str]) -> None:
    """Raise Refused where somebody may not approve: `person_needed` for a program, `second_person` for who wrote it."""
    if alone(session):
        return
    if not actor.startswith(_PERSON):
        raise Refused("person_needed", "a person approves this, signed in at the console")
    if actor in writers:
        raise Refused("second_person", "somebody else approves what you wrote")
