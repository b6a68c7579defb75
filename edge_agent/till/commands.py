"""How a till's commands are carried out: one transaction each, by whoever stands there, answered when it is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.failpoints import reached
from edge_agent.record.outbox import Doorbell, EventTooLarge
from edge_agent.till import baskets, stand
from edge_agent.till.asks import Expects
from edge_agent.till.changes_seen import ChangesSeen
from edge_agent.till.desk import MAX_CASHIER_CHARACTERS, MAX_TILL_CHARACTERS, Desk, Refusal
from edge_agent.till.results import Paid, Refused
from edge_agent.till.selling.budgets import Budgets
from edge_agent.till.stand import PRACTICE_MARK, Stand, StandRow, StandState
from edge_agent.till.view import view
from edge_agent.till.words import WORDS
from shared.wire.desired import StoreSettings

R = TypeVar("R")

_log = structlog.get_logger(__name__)


def refused(code: str, detail: str = "") -> Refused:
    """Return a refusal with its words."""
    return Refused(code, WORDS[code], detail)


class Commands:
    """Carries out one till's commands. `named` is who stands there where nobody signs in: whom the driver names.

    `last_paid` is the answer of the sale just made, which a second tap on the same key gets again.
    """

    def __init__(self, database: Database, desk: Desk, doorbell: Doorbell) -> None:
        self.named = ""
        self.changes = ChangesSeen()
        self.desk = desk
        self.database = database
        self.last_paid: Paid | None = None
        self._doorbell = doorbell
        self._acted_at = desk.clocks.machine.monotonic()

    async def change(
        self,
        use_case: Callable[[sqlite3.Connection, Desk], R],
        *,
        expects: Expects | None = None,
        rings: bool = False,
        makes_room: bool = False,
        synced: bool = True,
        by_anybody: bool = False,
    ) -> R | Refused:
        """Run a use case in one transaction; a refusal or a full disk rolls it back and is the answer.

        With `rings` the sender is woken, also when the caller was cancelled: the transaction may commit all the same.
        Without `synced` it is in the log when it is answered, and on the disk within seconds: for lines nobody has paid
        for. `by_anybody`: also with nobody signed in, as when money that moved has to be kept.
        """
        if len(self.desk.till) > MAX_TILL_CHARACTERS:
            return refused("till_id", self.desk.till[:MAX_TILL_CHARACTERS])

        def run(db: sqlite3.Connection) -> R:
            desk = self._as_found(db)
            if not by_anybody:
                self._require_somebody(desk)
            if expects is not None:
                _require_expected(db, desk, expects)
            return use_case(db, desk)

        try:
            result = await self.database.run(run, makes_room=makes_room, synced=synced)
        except Refusal as refusal:
            return await self._explained(refusal)
        except DiskFull:
            return refused("disk_full")
        except EventTooLarge as error:
            _log.error("sale_too_large", till=self.desk.till, reason=str(error))
            return refused("basket_too_large")
        finally:
            if rings:
                self._doorbell.ring()
        self.last_paid = result if isinstance(result, Paid) else None
        if not by_anybody:
            self.note_presence()
        self.changes.note()
        reached("basket.change_stored")
        return result

    async def look(self, look: Callable[[sqlite3.Connection, Desk], R], *, by_anybody: bool = False) -> R | Refused:
        """Look something up that may have to say no, or to see which prices are in force: that is latched when seen.

        Nothing at the till changes by it.
        """

        def run(db: sqlite3.Connection) -> R:
            desk = self._as_found(db)
            if not by_anybody:
                self._require_somebody(desk)
            return look(db, desk)

        try:
            found = await self.database.run(run, synced=False, makes_room=True)
        except Refusal as refusal:
            return await self._explained(refusal)
        except DiskFull:
            return refused("disk_full")
        if not by_anybody:
            self.note_presence()
        return found

    async def read(self, look: Callable[[sqlite3.Connection, Desk], R]) -> R:
        """Look something up, as of what is stored."""
        return await self.database.read(lambda db: look(db, self._as_found(db)))

    async def _explained(self, refusal: Refusal) -> Refused:
        """Return a refusal as an answer; one who saw an older basket gets what is there now."""
        now = await self.read(view) if refusal.code == "changed_elsewhere" else None
        return Refused(refusal.code, refusal.words, refusal.detail, refusal.asks, now)

    def _as_found(self, db: sqlite3.Connection) -> Desk:
        row = stand.read(db, self.desk.till)
        settings = self.desk.settings()
        found = Stand(StandState.IN, self.named, since_ms=row.since_ms, shift=row.shift, practice=row.practice)
        if settings.policies.sign_in != "none":
            found = _signed_in(row, settings)
            if found.state is StandState.IN and self._idle_too_long(settings):
                found = replace(found, state=StandState.LOCKED)
        till = self.desk.till + PRACTICE_MARK if row.practice else self.desk.till
        return replace(self.desk, till=till, stand=found, budgets=Budgets(db))

    def _idle_too_long(self, settings: StoreSettings) -> bool:
        limit = settings.policies.lock_after_seconds
        return bool(limit) and self.desk.clocks.machine.monotonic() - self._acted_at > limit

    def note_presence(self) -> None:
        """Count idle time from now: somebody has just shown who they are."""
        self._acted_at = self.desk.clocks.machine.monotonic()

    def _require_somebody(self, desk: Desk) -> None:
        if desk.stand.state is StandState.OUT:
            raise Refusal("sign_in_first")
        if desk.stand.state is not StandState.IN:
            raise Refusal("till_locked", desk.cashier)
        if not fits_receipt(desk.cashier):
            raise Refusal("cashier_code", desk.cashier[:MAX_CASHIER_CHARACTERS])


def fits_receipt(cashier: str) -> bool:
    """Tell whether a cashier's code can stand on a receipt."""
    return len(cashier) <= MAX_CASHIER_CHARACTERS and cashier.isprintable()


def _signed_in(row: StandRow, settings: StoreSettings) -> Stand:
    """Return who is signed in; somebody whom HQ took from the staff since is not."""
    member = next((one for one in settings.staff if one.code == row.staff), None)
    if member is None or row.state is StandState.OUT:
        return Stand(since_ms=row.since_ms, shift=row.shift, practice=row.practice)
    return Stand(row.state, member.code, member.role, member.adult, row.since_ms, row.shift, row.practice)


def _require_expected(db: sqlite3.Connection, desk: Desk, expects: Expects) -> None:
    basket = baskets.load_open(db, desk.till)
    now = Expects(basket.id, basket.steps) if basket else Expects(None, 0)
    if now != expects:
        raise Refusal("changed_elsewhere")
