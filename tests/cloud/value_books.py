"""A ledger to try value on: each act in a transaction of its own, tried again as ingest does, proven afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.database.transactions import in_transaction
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.holding import HoldRequest, place
from cloud.ledger.lots import NewLot, bring
from cloud.ledger.models import Lot
from cloud.ledger.proof import prove
from cloud.ledger.reading import balance_of_account
from cloud.ledger.requests import Answered
from cloud.ledger.reversing import Undo, reverse
from cloud.ledger.settling import Ending, capture, draw, let_go
from cloud.rewards.counting import COUNTS
from tests.factories import START_MS, new_id

TODAY = date(2026, 1, 5)
UNTIL = START_MS + 3_600_000


def points(member: UUID) -> AccountKey:
    """Return a member's account of points."""
    return AccountKey("member_points", str(member), "POINTS")


def spent(_kind: str) -> AccountKey:
    """Return where captured points go."""
    return AccountKey("points_spent", "s001", "POINTS")


ENDING = Ending(store="s001", at_ms=START_MS, into=spent)


class Books:
    """The acts, and what stands in the ledger after them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def give_key(self, member: UUID, amount: int, **lot: Any) -> tuple[UUID, str]:
        """Give points in a lot of their own; return the journal's key."""
        key = (new_id(), "earn")

        def work(session: Any) -> None:
            legs = (Leg(points(member), amount), Leg(AccountKey("points_issued", "s001", "POINTS"), -amount))
            journal = Journal(cause=key[0], purpose=key[1], at_ms=START_MS, store="s001", legs=legs, member=member)
            post(session, open_commit(session, START_MS), [journal])
            bring(session, [NewLot(account=points(member), key=key, store="s001", amount=amount, **lot)])

        in_transaction(self.database, work)
        return key

    def give(self, member: UUID, amount: int, **lot: Any) -> UUID:
        """Give points in a lot of their own; return the lot's id."""
        key = self.give_key(member, amount, **lot)
        return NewLot(account=points(member), key=key, store="s001", amount=amount).id

    def ask(self, member: UUID, amount: int, *, hold: UUID | None = None, **changes: Any) -> Answered:
        """Ask for a hold."""
        fields: dict[str, Any] = {
            "id": hold or new_id(), "kind": "points", "unit": "POINTS", "amount": amount, "owner": member,
            "kinds": ("member_points",), "store": "s001", "at_ms": START_MS, "valid_until_ms": UNTIL, "today": TODAY,
            "member": member,
        }  # fmt: skip
        request = HoldRequest(**{**fields, **changes})
        return in_transaction(
            self.database,
            lambda session: place(session, open_commit(session, START_MS), request, now_ms=START_MS),
        )

    def hold(self, member: UUID, amount: int, **changes: Any) -> UUID:
        """Place a hold that is granted; return its id."""
        return UUID(str(self.ask(member, amount, **changes).require()["hold"]))

    def capture(self, hold: UUID, amount: int) -> int:
        """Capture a hold."""
        return in_transaction(
            self.database,
            lambda session: capture(session, open_commit(session, START_MS), hold, amount, ENDING, now_ms=START_MS),
        )

    def draw(self, hold: UUID, sale: UUID, amount: int) -> int:
        """Draw on an allowance."""
        return in_transaction(
            self.database,
            lambda session: draw(session, open_commit(session, START_MS), hold, amount, ENDING, cause=sale),
        )

    def let_go(self, hold: UUID, state: str) -> bool:
        """Void a hold or let it time out."""
        return in_transaction(
            self.database,
            lambda session: let_go(session, open_commit(session, START_MS), hold, state, now_ms=START_MS),
        )

    def undo(
        self, of: tuple[UUID, str], amount: int | None, *, cause: UUID | None = None, force: bool = False
    ) -> Journal:
        """Reverse a journal."""
        undo = Undo(
            cause=cause or new_id(), purpose="undo", of=of, at_ms=START_MS, store="s001", amount=amount, force=force
        )
        return in_transaction(self.database, lambda session: reverse(session, open_commit(session, START_MS), undo))

    def balance(self, account: AccountKey) -> int:
        """Return what an account holds."""
        with self.database.snapshot() as session:
            return balance_of_account(session, account.id)

    def points(self, member: UUID) -> int:
        """Return a member's points, less what is held."""
        return self.balance(points(member))

    def held(self, member: UUID) -> int:
        """Return what is held of a member's points."""
        return self.balance(AccountKey("member_points_held", str(member), "POINTS"))

    def left(self, member: UUID) -> dict[UUID, int]:
        """Return what is left of each of a member's lots."""
        lot = table_of(Lot)
        with self.database.snapshot() as session:
            rows = session.execute(select(lot.c.id, lot.c.left).where(lot.c.account_id == points(member).id)).all()
        return {row.id: row.left for row in rows}

    def prove(self) -> None:
        """Fail unless the whole ledger adds up."""
        with self.database.snapshot() as session:
            found = prove(session, counts=COUNTS)
        assert found.holds, found
