"""A prize draw replayed: from the seed and the published rules alone, every ticket and the whole stock again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.privacy import Vault
from cloud.rewards import drawing
from cloud.rewards.models import DrawStock, Ticket
from shared.draws import NOTHING, commitment
from shared.web.words import marked

METHOD = marked(
    "limit = 2^64 - 2^64 mod W, where W is the sum of all weights. For attempt 0, 1, ...: x = the first 8 bytes "
    "(big-endian) of HMAC-SHA256(key = seed, message = 'ticket/attempt'). The first x below the limit counts: place = "
    "x mod W. Go through the prizes in the order of the rules, taking off each weight, until place is below one; "
    "beyond the last it is nothing. A prize of which none is left at that ticket becomes nothing."
)
"""How anybody can replay it, in words for whoever programs that (marked)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One ticket: what is on record, and what the seed says."""

    number: int
    landed: str
    prize: str
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of replaying a draw."""

    seed_fits: bool
    """Whether the seed is the one whose hash was published."""
    tickets: int
    wrong: Sequence[int]
    """The numbers of tickets that say something else, or are missing."""
    given: Mapping[str, int]
    """How many of each prize tickets say were given."""
    stock_fits: bool
    """Whether what is left and what was given make the whole that was published."""

    @property
    def holds(self) -> bool:
        """Tell whether everything fits."""
        return self.seed_fits and self.stock_fits and not self.wrong


def check_draw(session: Session, vault: Vault, draw_id: str) -> Checked:
    """Replay every ticket from the seed, and the stock with it. Raise NotFound."""
    row = drawing.find(session, draw_id)
    replayed = list(_replayed(session, vault, draw_id))
    stock = table_of(DrawStock)
    rows = session.execute(select(stock).where(stock.c.draw_id == draw_id)).all()
    given = Counter(one.prize for one in replayed if one.prize != NOTHING)
    return Checked(
        seed_fits=commitment(drawing.seed_of(vault, row)) == row.commitment,
        tickets=row.next_ticket - 1,
        wrong=[one.number for one in replayed if one.wrong],
        given={one.prize: given[one.prize] for one in rows},
        stock_fits=all(one.left + given[one.prize] == one.whole for one in rows),
    )


def tickets_of(
    session: Session, vault: Vault, draw_id: str, *, after: int = 0, limit: int = 1000
) -> Sequence[Replayed]:
    """Return a stretch of tickets, each beside what the seed says of it, from the number behind `after` on."""
    found = [one for one in _replayed(session, vault, draw_id) if one.number > after]
    return found[:limit]


def _replayed(session: Session, vault: Vault, draw_id: str) -> Sequence[Replayed]:
    row = drawing.find(session, draw_id)
    seed = drawing.seed_of(vault, row)
    rules, ticket, stock = drawing.rules_of(row), table_of(Ticket), table_of(DrawStock)
    left = Counter(
        {one.prize: int(one.whole) for one in session.execute(select(stock).where(stock.c.draw_id == draw_id))}
    )
    query = select(ticket.c.number, ticket.c.landed, ticket.c.prize).where(ticket.c.draw_id == draw_id)
    known: dict[int, Any] = {one.number: one for one in session.execute(query)}
    found = []
    for number in range(1, row.next_ticket):
        one, landed = known.get(number), rules.land(seed, number)
        prize = landed if landed != NOTHING and left[landed] > 0 else NOTHING
        left[prize] -= prize != NOTHING
        wrong = one is None or (one.landed, one.prize) != (landed, prize)
        found.append(
            Replayed(number=number, landed=one.landed if one else "", prize=one.prize if one else "", wrong=wrong)
        )
    return found
