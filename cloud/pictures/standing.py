"""How far the stores are with the pictures that HQ has, as their agents report it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, select

from cloud.fleet.models import Agent
from cloud.pictures import keeping

_KEY = f"{keeping.KEY[0]}/{keeping.KEY[1]}"


class _Report(msgspec.Struct):
    """What is asked of a report here."""

    body_hashes: dict[str, str] = {}


_report = msgspec.json.Decoder(_Report)


@dataclass(frozen=True, slots=True)
class Following:
    """How many of the agents at work follow the newest list, of how many that ever reported."""

    newest: int
    agents: int


def following(session: Session) -> Following:
    """Return how many stores know which item has which picture; their displays then have them soon."""
    wanted = keeping.reference(session)
    query = select(col(Agent.reported)).where(col(Agent.status) == "active", col(Agent.reported).is_not(None))
    held = [_report.decode(report or b"{}").body_hashes.get(_KEY, "") for report in session.exec(query)]
    return Following(sum(wanted is not None and one == wanted.hash for one in held), len(held))
