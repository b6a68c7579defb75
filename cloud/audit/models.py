"""Tables of the audit log: privileged acts, and the chain that binds them."""

from __future__ import annotations

from sqlmodel import Field

from cloud.database import Table, append_only, big_int, utc_ms
from cloud.database.chained import Chain
from cloud.database.retention import BOOKS
from cloud.database.rowset import table_of


class AuditEntry(Table, table=True):
    """A privileged act: who, what, on what, why. Append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = BOOKS

    id: int | None = big_int(default=None, primary_key=True)
    at_ms: int = utc_ms()
    actor: str
    action: str
    subject: str = Field(index=True)
    reason: str = ""
    detail: str = ""


class AuditLink(Table, table=True):
    """A link of the audit log's hash chain, laid in the transaction of its act; see `cloud.database.chained`."""

    __tablename__ = "audit_link"
    __table_args__ = BOOKS

    number: int = big_int(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int = big_int(unique=True)
    head: bytes


for _model in (AuditEntry, AuditLink):
    append_only.guard(table_of(_model))

AUDIT_CHAIN = Chain(AuditEntry, AuditLink, ("id", "at_ms", "actor", "action", "subject", "reason", "detail"))
AUDIT_CHAIN.keep()
