"""Prove the ledger now and then, and keep what was found where people see it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import structlog
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import upsert_into
from cloud.ledger.models import LedgerProof
from cloud.ledger.proof import Proof, prove
from shared.clock import MachineClock

_EVERY_S = 60.0
_SHARE = 50
"""A proof reads the whole ledger: it may take one part in so many of the time."""

_proof = msgspec.json.Decoder(Proof)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof with when it was made (wall time) and how long it took."""

    at_ms: int
    took_ms: int
    proof: Proof


def prove_now(database: Database, clock: MachineClock) -> Proved:
    """Prove the ledger as it is at one moment, and keep what was found. Whoever posts meanwhile waits for nothing."""
    at_ms, began = clock.wall_ms(), clock.monotonic()
    with database.snapshot() as session:
        if database.is_postgresql:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = prove(session)
    took_ms = int((clock.monotonic() - began) * 1000)
    with database.session() as session:
        insert = upsert_into(session, LedgerProof).values(
            one=1, at_ms=at_ms, took_ms=took_ms, found=msgspec.json.encode(found)
        )
        replaced = {name: insert.excluded[name] for name in ("at_ms", "took_ms", "found")}
        session.execute(insert.on_conflict_do_update(index_elements=["one"], set_=replaced))
    if not found.holds:
        log.error("the ledger does not hold", proof=msgspec.to_builtins(found))
    return Proved(at_ms, took_ms, found)


def newest(session: Session) -> Proved | None:
    """Return the last proof, or None before the first."""
    row = session.get(LedgerProof, 1)
    return None if row is None else Proved(row.at_ms, row.took_ms, _proof.decode(row.found))


class Proving:
    """The job: proves once a minute, less often where the ledger has grown too large for that."""

    def __init__(self, database: Database, clock: MachineClock) -> None:
        self._database = database
        self._clock = clock
        self._next = 0.0

    def __call__(self) -> bool:
        """Prove if it is time; there is never more to do at once."""
        if self._clock.monotonic() >= self._next:
            took_s = prove_now(self._database, self._clock).took_ms / 1000
            self._next = self._clock.monotonic() + max(_EVERY_S, _SHARE * took_s)
        return False
