"""Prize draws: a seed bound before the first ticket, stock that is never overdrawn, an audit that replays them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.fleet import audit
from cloud.ledger.requests import Answered, once
from cloud.rewards.models import Draw, DrawStock, Ticket
from shared.draws import NOTHING, SEED_BYTES, DrawRules, commitment

TOP_PRIZE_MINOR = 5_000_000
"""50,000 yuan: the most a prize may be worth (Provisions on Regulating Promotional Activities, 2020, article 17)."""

_rules = msgspec.json.Decoder(DrawRules)


@dataclass(frozen=True, slots=True)
class Published:
    """What everybody may see of a draw; the seed only when it has ended."""

    odds: Mapping[str, str]
    commitment: bytes
    tickets: int
    seed: bytes | None


def open_draw(
    session: Session, draw_id: str, rules: DrawRules, stock: Mapping[str, int], seed: bytes, *, actor: str, now_ms: int
) -> None:
    """Open a draw. `seed` comes from the system's random source and is shown to nobody until the end.

    Raise Conflict where the id is taken, Refused (`top_prize`), Invalid for stock that does not fit the prizes.
    """
    if len(seed) != SEED_BYTES:
        raise Invalid(f"a seed has {SEED_BYTES} bytes")
    if set(stock) != {one.prize for one in rules.prizes} or min(stock.values()) < 0:
        raise Invalid("stock: say for each prize, and nothing else, how many there are")
    if any(one.worth_minor > TOP_PRIZE_MINOR for one in rules.prizes):
        raise Refused("top_prize", f"a prize is worth at most {TOP_PRIZE_MINOR}")
    if session.get(Draw, draw_id) is not None:
        raise Conflict(f"there is a draw {draw_id!r} already")
    session.add(
        Draw(
            id=draw_id, rules=msgspec.json.encode(rules).decode(), commitment=commitment(seed), seed=seed,
            author=actor, made_ms=now_ms,
        )
    )  # fmt: skip
    session.flush()
    session.add_all([DrawStock(draw_id=draw_id, prize=prize, left=left) for prize, left in stock.items()])
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="draw.open", subject=f"draw {draw_id}")


def draw(session: Session, draw_id: str, request: UUID, member: UUID, *, at_ms: int, now_ms: int) -> Answered:
    """Draw once for a member under the asker's id; a repeat gets the same ticket. Refused: `draw_ended`."""

    def work() -> Mapping[str, Any]:
        return _draw(session, draw_id, request, member, at_ms)

    return once(session, request, "draw", {"draw": draw_id, "member": str(member)}, work, now_ms=now_ms)


def _draw(session: Session, draw_id: str, request: UUID, member: UUID, at_ms: int) -> Mapping[str, Any]:
    row = _locked(session, draw_id)
    if row.ended:
        raise Refused("draw_ended", f"draw {draw_id} has ended")
    number = row.next_ticket
    row.next_ticket += 1
    landed = _rules.decode(row.rules).land(row.seed, number)
    prize = landed if landed != NOTHING and _taken(session, draw_id, landed) else NOTHING
    session.add_all(
        [
            row,
            Ticket(
                draw_id=draw_id,
                number=number,
                request=request,
                member_id=member,
                landed=landed,
                prize=prize,
                at_ms=at_ms,
            ),
        ]
    )
    session.flush()
    return {"ticket": number, "prize": prize}


def _taken(session: Session, draw_id: str, prize: str) -> bool:
    stock = table_of(DrawStock)
    mine = (stock.c.draw_id == draw_id, stock.c.prize == prize, stock.c.left > 0)
    done = session.execute(update(stock).where(*mine).values(left=stock.c.left - 1).returning(stock.c.left))
    return done.one_or_none() is not None


def end(session: Session, draw_id: str, *, actor: str, now_ms: int) -> None:
    """End a draw: nobody draws any more, and the seed may be seen."""
    row = _locked(session, draw_id)
    row.ended = True
    session.add(row)
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="draw.end", subject=f"draw {draw_id}")


def published(session: Session, draw_id: str) -> Published:
    """Return what everybody may see. Raise NotFound."""
    row = session.get(Draw, draw_id)
    if row is None:
        raise NotFound(f"there is no draw {draw_id!r}")
    odds = _rules.decode(row.rules).odds()
    return Published(odds, row.commitment, row.next_ticket - 1, row.seed if row.ended else None)


def audit_draw(session: Session, draw_id: str) -> list[int]:
    """Replay every ticket from the seed. Return the numbers of those that say something else, and of missing ones."""
    row = session.get(Draw, draw_id)
    if row is None:
        raise NotFound(f"there is no draw {draw_id!r}")
    rules, ticket = _rules.decode(row.rules), table_of(Ticket)
    query = select(ticket.c.number, ticket.c.landed, ticket.c.prize).where(ticket.c.draw_id == draw_id)
    found = {one.number: one for one in session.execute(query)}
    wrong = []
    for number in range(1, row.next_ticket):
        one = found.get(number)
        if one is None or one.landed != rules.land(row.seed, number) or one.prize not in {one.landed, NOTHING}:
            wrong.append(number)
    return wrong if commitment(row.seed) == row.commitment else sorted(found)


def _locked(session: Session, draw_id: str) -> Draw:
    row = session.get(Draw, draw_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no draw {draw_id!r}")
    return row
