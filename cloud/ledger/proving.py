"""Prove the ledger now and then, and keep what was found where people see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date

import msgspec
import structlog
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from cloud.database import Database
from cloud.ledger.models import LedgerProof
from cloud.ledger.proof import Count, Proof, prove
from cloud.org.zones import house_day
from shared.clock import BusinessClock, MachineClock

_EVERY_S = 60.0
_SHARE = 50
"""A proof reads the whole ledger: it may take one part in so many of the time."""
_WRONGS = (
    "units_off", "unbalanced_journals", "wrong_balances", "strays", "broken_seal", "wrong_lots", "wrong_holds",
    "wrong_reversals", "wrong_counts", "report_off",
)  # fmt: skip

_proof = msgspec.json.Decoder(Proof)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof with when it was made (wall time) and how long it took."""

    at_ms: int
    took_ms: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Moment:
    """What a proof found, and when: wall time, and the business time from which it counted ages."""

    at_ms: int
    business_ms: int
    proof: Proof


Keep = Callable[[Session], None]
"""Keeps figures, in the transaction that keeps their proof."""
Beside = Callable[[Session, Moment], Keep]
"""Reads figures in the transaction of a proof, so at the same moment of the database, and returns what keeps them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Proofs of one day that found the same: the newest of them, since when, how many, and the longest."""

    number: int
    first_ms: int
    proofs: int
    longest_ms: int
    newest: Proved


def prove_now(
    database: Database,
    clock: MachineClock,
    business: BusinessClock | None = None,
    beside: Sequence[Beside] = (),
    counts: Sequence[Count] = (),
) -> Proved:
    """Prove the ledger as it is at one moment, and keep what was found. Whoever posts meanwhile waits for nothing.

    `business` tells how old value is; without it the machine's clock does. `beside`: figures that stand on pages only
    as the ledger proves them. `counts`: what is counted elsewhere and has to agree with the books.
    """
    at_ms, began = clock.wall_ms(), clock.monotonic()
    with database.snapshot() as session:
        if database.is_postgresql:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        business_ms = business.now_ms() if business else at_ms
        found = prove(session, business_ms, counts)
        keeps = [read(session, Moment(at_ms, business_ms, found)) for read in beside]
    done = Proved(at_ms, int((clock.monotonic() - began) * 1000), found)
    with database.session() as session:
        _keep(session, done)
        for keep in keeps:
            keep(session)
    if not found.holds:
        log.error("the ledger does not hold", proof=msgspec.to_builtins(found))
    return done


def _keep(session: Session, done: Proved) -> None:
    """Write a proof down: in the newest row where that is of this day and found the same, else in one of its own."""
    day, encoded = house_day(session, done.at_ms), msgspec.json.encode(done.proof)
    row = _newest(session)
    if row is not None and row.day == day and wrongs(_proof.decode(row.found)) == wrongs(done.proof):
        row.at_ms, row.took_ms, row.found, row.proofs = done.at_ms, done.took_ms, encoded, row.proofs + 1
        row.longest_ms = max(row.longest_ms, done.took_ms)
    else:
        row = LedgerProof(
            day=day, first_ms=done.at_ms, at_ms=done.at_ms, took_ms=done.took_ms, longest_ms=done.took_ms,
            holds=done.proof.holds, found=encoded,
        )  # fmt: skip
    session.add(row)


def wrongs(proof: Proof) -> dict[str, object]:
    """Return what a proof found wrong, by the name of the finding."""
    return {one.name: getattr(proof, one.name) for one in fields(proof) if one.name in _WRONGS}


def newest(session: Session) -> Proved | None:
    """Return the last proof, or None before the first."""
    row = _newest(session)
    return None if row is None else _proved(row)


def stretches(session: Session, limit: int, *, day: date | None = None) -> Sequence[Stretch]:
    """Return what proofs found, newest first: of one day, or of all."""
    query = rows_of(LedgerProof).order_by(col(LedgerProof.number).desc()).limit(limit)
    if day is not None:
        query = query.where(col(LedgerProof.day) == day)
    return [stretch(row) for row in session.exec(query)]


def stretch(row: LedgerProof) -> Stretch:
    """Return a row opened."""
    return Stretch(row.number or 0, row.first_ms, row.proofs, row.longest_ms, _proved(row))


def _newest(session: Session) -> LedgerProof | None:
    return session.exec(rows_of(LedgerProof).order_by(col(LedgerProof.number).desc()).limit(1)).first()


def _proved(row: LedgerProof) -> Proved:
    return Proved(row.at_ms, row.took_ms, _proof.decode(row.found))


class Proving:
    """The job: proves once a minute, less often where the ledger has grown too large for that.

    The first proof of each day is the nightly one: what it found stays, whatever the later ones find.
    """

    def __init__(
        self,
        database: Database,
        clock: MachineClock,
        business: BusinessClock | None = None,
        beside: Sequence[Beside] = (),
        counts: Sequence[Count] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._business = business
        self._beside = beside
        self._counts = counts
        self._next = 0.0

    def __call__(self) -> bool:
        """Prove if it is time; there is never more to do at once."""
        if self._clock.monotonic() >= self._next:
            took_s = prove_now(self._database, self._clock, self._business, self._beside, self._counts).took_ms / 1000
            self._next = self._clock.monotonic() + max(_EVERY_S, _SHARE * took_s)
        return False
