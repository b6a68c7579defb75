"""Tables of the ledger. Journals and postings are append-only: the database itself refuses to change one.

Postings carry no foreign keys: they are written in one place, together with their journal, and the proof looks for
strays. A key to the contra accounts' few rows would make every posting of the chain lock the same rows.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from cloud.database import Table, append_only, big_int, utc_ms
from cloud.database.retention import BOOKS
from cloud.database.rowset import table_of


class Account(Table, table=True):
    """Something that holds value: a kind, an owner, a unit (POINTS or an ISO 4217 code)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("kind", "owner", "unit"), BOOKS)

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=32)
    owner: str = Field(max_length=36)
    unit: str = Field(max_length=8)


class JournalRow(Table, table=True):
    """One movement of value, named for ever by its cause and purpose. Append-only."""

    __tablename__ = "journal"
    __table_args__ = BOOKS

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    commit_no: int = big_int(index=True)
    at_ms: int = utc_ms()
    store_id: str = Field(max_length=32)
    till: str = ""
    cashier: str = ""
    """As the event says it. Tills keep both short; what they say is written down whatever its length."""
    rule_version: int | None = None
    member_id: UUID | None = None
    receipt: str = ""


class Posting(Table, table=True):
    """One leg of a journal. Append-only."""

    __tablename__ = "posting"
    __table_args__ = BOOKS

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    n: int = Field(primary_key=True)
    account_id: UUID = Field(index=True)
    amount: int = big_int()


class Balance(Table, table=True):
    """What a member's account holds: always the sum of its postings. The row every posting to it locks."""

    __tablename__ = "balance"
    __table_args__ = (CheckConstraint("amount >= 0 OR may_owe", name="covered"), BOOKS)

    account_id: UUID = Field(primary_key=True)
    amount: int = big_int()
    may_owe: bool = False


class LedgerSeal(Table, table=True):
    """The hash chain over the journals, one link per sealed commit, in the order of sealing. Append-only."""

    __tablename__ = "ledger_seal"
    __table_args__ = BOOKS

    number: int = big_int(primary_key=True)
    commit_no: int = big_int(unique=True)
    journals: int
    head: bytes
    """Chain head after the last journal of this commit."""
    sealed_ms: int = utc_ms()


class LedgerProof(Table, table=True):
    """What proofs of the whole ledger found, a row for each stretch of a day in which they found the same wrong.

    The first proof of a day begins a row, and so does one that finds something else wrong than the one before.
    """

    __tablename__ = "ledger_proof"
    __table_args__ = BOOKS

    number: int | None = Field(default=None, primary_key=True)
    day: date = Field(index=True)
    """The chain's day it was made on."""
    first_ms: int = utc_ms()
    at_ms: int = utc_ms()
    """The newest of its proofs."""
    proofs: int = 1
    """How many there were."""
    took_ms: int
    longest_ms: int
    holds: bool
    found: bytes
    """`cloud.ledger.proof.Proof` of the newest, JSON."""


class LedgerRequest(Table, table=True):
    """Something asked of the ledger under an id its asker made: what was asked, and the one answer it gets for ever."""

    __tablename__ = "ledger_request"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=32)
    content: str
    """What was asked, JSON: the same id with other content is refused."""
    code: str = ""
    """Why it was refused, for ever; empty when it was done."""
    answer: str = ""
    """What was answered, JSON."""
    at_ms: int = utc_ms()


class Reversal(Table, table=True):
    """How much of one leg of a journal another journal undid. Append-only."""

    __tablename__ = "reversal"
    __table_args__ = BOOKS

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    n: int = Field(primary_key=True)
    """The leg of the journal that is undone."""
    of_cause: UUID = Field(index=True)
    of_purpose: str = Field(max_length=32)
    amount: int = big_int()
    """What moved on the leg's account or, where it was gone, on its debt."""


class Lot(Table, table=True):
    """Value that came into an account at once, with its own dates: what is left of it is spent, or expires.

    What is left in an account's lots is the account's balance, always.
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint('"left" >= 0', name="not_below_zero"),
        Index(
            "ix_lot_account_id_open", "account_id", postgresql_where=text('"left" > 0'), sqlite_where=text('"left" > 0')
        ),
        Index(
            "ix_lot_expires_on_open", "expires_on", postgresql_where=text('"left" > 0'), sqlite_where=text('"left" > 0')
        ),
        BOOKS,
    )

    id: UUID = Field(primary_key=True)
    account_id: UUID
    cause: UUID = Field(index=True)
    purpose: str = Field(max_length=32)
    store_id: str = Field(max_length=32)
    """Where it was earned or sold: its days are counted there, and it is settled with this store."""
    amount: int = big_int()
    left: int = big_int()
    available_on: date | None = None
    """The first business date on which it can be spent; None: at once."""
    expires_on: date | None = None
    """The first business date on which it is worth nothing; None: never."""
    basket_id: UUID | None = None
    """The receipt it was bought on: nothing is paid with it there."""


class LotUse(Table, table=True):
    """What a journal took out of a lot, and how much of that has come back into it since."""

    __tablename__ = "lot_use"
    __table_args__ = BOOKS

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    lot_id: UUID = Field(primary_key=True)
    amount: int = big_int()
    given_back: int = big_int(default=0)
    store_id: str = Field(max_length=32)
    """Where it was taken."""


class LotBack(Table, table=True):
    """What a journal gave back to a lot of what another had taken. Append-only."""

    __tablename__ = "lot_back"
    __table_args__ = BOOKS

    cause: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=32)
    lot_id: UUID = Field(primary_key=True)
    of_cause: UUID = Field(index=True)
    of_purpose: str = Field(max_length=32)
    amount: int = big_int()


class Hold(Table, table=True):
    """Value set aside under an id its asker made: captured once (an allowance: drawn on), or let go. It ends once."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "ix_hold_valid_until_ms_open",
            "valid_until_ms",
            postgresql_where=text("state = 'held'"),
            sqlite_where=text("state = 'held'"),
        ),
        BOOKS,
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=16)
    """`points`, `value` or, for what a till may spend offline, `allowance`."""
    state: str = Field(max_length=16)
    """`held`, `captured`, `voided`, `timed_out`."""
    unit: str = Field(max_length=8)
    amount: int = big_int()
    captured: int = big_int(default=0)
    member_id: UUID | None = Field(default=None, index=True)
    owner: str = Field(max_length=36)
    """Whose accounts they are: a member's or a purse's id."""
    basket_id: UUID | None = Field(default=None, index=True)
    store_id: str = Field(max_length=32)
    till: str = ""
    cashier: str = ""
    agent_id: str = Field(default="", max_length=32, index=True)
    epoch: UUID | None = None
    at_ms: int = utc_ms()
    """Business time at the edge."""
    valid_until_ms: int = utc_ms()
    """HQ's wall time: a till commits against it until a minute before."""
    ended_ms: int | None = utc_ms(default=None)


class HoldPart(Table, table=True):
    """What a hold keeps of one account, in the order in which it is used, and how much of that is still held."""

    __tablename__ = "hold_part"
    __table_args__ = BOOKS

    hold_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    account_kind: str = Field(max_length=32)
    amount: int = big_int()
    left: int = big_int()


class HoldLot(Table, table=True):
    """What a hold keeps of one lot."""

    __tablename__ = "hold_lot"
    __table_args__ = BOOKS

    hold_id: UUID = Field(primary_key=True)
    lot_id: UUID = Field(primary_key=True)
    n: int
    """Its place in the order of use."""
    account_kind: str = Field(max_length=32)
    amount: int = big_int()
    left: int = big_int()


for _model in (JournalRow, Posting, LedgerSeal, Reversal, LotBack):
    append_only.guard(table_of(_model))
