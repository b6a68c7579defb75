"""What a service desk is about to do with stored value: on the disk before money is asked for, gone with its event."""

from __future__ import annotations

import sqlite3
from uuid import UUID

import msgspec

from edge_agent.till.returning.plan import RefundPart
from shared.wire.events import MemberOnSale


class SellPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="plan", tag="sell"):
    """Stored value that is being paid for by a service. `id` is its event's."""

    id: UUID
    offer: UUID
    holder: MemberOnSale
    minor: int
    gift_minor: int
    balance_minor: int
    gift_card: bool = False
    identified: bool = False
    shift: UUID | None = None
    cashier: str = ""


class UndoPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="plan", tag="undo"):
    """A top-up that is being undone. `id` is its event's and the question's to HQ; `taken`: HQ took the value back.

    `left`: a supervisor knows that HQ did not, and let it be. It is kept all the same: undone after all, HQ is asked
    under the same id, so that an answer that was lost on its way still counts.
    """

    id: UUID
    sold: UUID
    receipt: str
    minor: int
    refunds: list[RefundPart]
    reason: str = ""
    approved_by: str = ""
    shift: UUID | None = None
    till: str = ""
    cashier: str = ""
    taken: bool = False
    left: bool = False


ValuePlan = SellPlan | UndoPlan
_plans: msgspec.json.Decoder[ValuePlan] = msgspec.json.Decoder(ValuePlan)


def store(db: sqlite3.Connection, till: str, plan: ValuePlan) -> None:
    """Keep a plan, in place of what it was before."""
    db.execute(
        "INSERT OR REPLACE INTO value_plan (id, till, content) VALUES (?, ?, ?)",
        (plan.id.bytes, till, msgspec.json.encode(plan)),
    )


def find(db: sqlite3.Connection, key: UUID) -> ValuePlan | None:
    """Return a plan that has not become an event yet."""
    row = db.execute("SELECT content FROM value_plan WHERE id = ?", (key.bytes,)).fetchone()
    return None if row is None else _plans.decode(row[0])


def of_till(db: sqlite3.Connection, till: str) -> list[ValuePlan]:
    """Return a till's plans, oldest first."""
    rows = db.execute("SELECT content FROM value_plan WHERE till = ? ORDER BY id", (till,)).fetchall()
    return [_plans.decode(content) for (content,) in rows]


def forget(db: sqlite3.Connection, key: UUID) -> None:
    """Drop a plan: it has become its event, or nothing comes of it."""
    db.execute("DELETE FROM value_plan WHERE id = ?", (key.bytes,))


def is_paid_back(db: sqlite3.Connection, of: UUID) -> bool:
    """Tell whether this store has paid money back for a top-up or an application."""
    return db.execute("SELECT 1 FROM value_paid_back WHERE of = ?", (of.bytes,)).fetchone() is not None


def note_paid_back(db: sqlite3.Connection, of: UUID, event: UUID) -> None:
    """Keep for ever that this was paid back: no second till of the store pays it again, whatever it is told."""
    db.execute("INSERT INTO value_paid_back (of, event) VALUES (?, ?)", (of.bytes, event.bytes))


def of_store(db: sqlite3.Connection) -> list[ValuePlan]:
    """Return every till's plans."""
    return [_plans.decode(content) for (content,) in db.execute("SELECT content FROM value_plan ORDER BY id")]


def note_sold(db: sqlite3.Connection, offer: UUID, event: UUID, at_ms: int) -> None:
    """Keep which event an offer was sold by, at which business time."""
    db.execute("INSERT INTO value_sold (offer, event, at_ms) VALUES (?, ?, ?)", (offer.bytes, event.bytes, at_ms))


def prune_sold(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget what offers were sold by before a business time: HQ let go of those offers long ago; return how many."""
    return db.execute("DELETE FROM value_sold WHERE at_ms < ?", (before_ms,)).rowcount


def sold_by(db: sqlite3.Connection, offer: UUID) -> UUID | None:
    """Return the event an offer was sold by, None while it is not."""
    row = db.execute("SELECT event FROM value_sold WHERE offer = ?", (offer.bytes,)).fetchone()
    return None if row is None else UUID(bytes=row[0])
