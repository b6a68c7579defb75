"""Tables of the ledger. Journals and postings are append-only: the database itself refuses to change one.

Postings carry no foreign keys: they are written in one place, together with their journal, and the proof looks for
strays. A key to the contra accounts' few rows would make every posting of the chain lock the same rows.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from cloud.database import Table, append_only, big_int, utc_ms
from cloud.database.rowset import table_of


class Account(Table, table=True):
    """Something that holds value: a kind, an owner, a unit (POINTS or an ISO 4217 code)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("kind", "owner", "unit"),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=32)
    owner: str = Field(max_length=36)
    unit: str = Field(max_length=8)


class JournalRow(Table, table=True):
    """One movement of value, named for ever by its cause and purpose. Append-only."""

    __tablename__ = "journal"

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    commit_no: int = big_int(index=True)
    at_ms: int = utc_ms()
    store_id: str = Field(max_length=32)
    till: str = ""
    cashier: str = ""
    """As the event says it. Tills keep both short; what they say is written down whatever its length."""
    rule_version: int | None = None


class Posting(Table, table=True):
    """One leg of a journal. Append-only."""

    __tablename__ = "posting"

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    n: int = Field(primary_key=True)
    account_id: UUID = Field(index=True)
    amount: int = big_int()


class Balance(Table, table=True):
    """What a member's account holds: always the sum of its postings. The row every posting to it locks."""

    __tablename__ = "balance"
    __table_args__ = (CheckConstraint("amount >= 0 OR may_owe", name="covered"),)

    account_id: UUID = Field(primary_key=True)
    amount: int = big_int()
    may_owe: bool = False


class LedgerSeal(Table, table=True):
    """The hash chain over the journals, one link per sealed commit, in the order of sealing. Append-only."""

    __tablename__ = "ledger_seal"

    number: int = big_int(primary_key=True)
    commit_no: int = big_int(unique=True)
    journals: int
    head: bytes
    """Chain head after the last journal of this commit."""
    sealed_ms: int = utc_ms()


class LedgerProof(Table, table=True):
    """What the last proof of the whole ledger found. One row: only the newest is of use."""

    __tablename__ = "ledger_proof"

    one: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_ms: int = utc_ms()
    took_ms: int
    found: bytes
    """`cloud.ledger.proof.Proof`, JSON."""


for _model in (JournalRow, Posting, LedgerSeal):
    append_only.guard(table_of(_model))
