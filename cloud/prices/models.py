"""Tables of price books.

Rows are temporal: a row counts from its version on along the body's lineage until a later version of the same key;
a null row takes the key away. Nothing is ever rewritten, so a sale made years ago can be priced again.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import BOOKS

_CLUSTERED = {"sqlite_with_rowid": False}


class DraftStatus(StrEnum):
    """What became of a draft."""

    DRAFT = "draft"
    PUBLISHED = "published"
    STOPPED = "stopped"
    """Published and taken back."""
    DISCARDED = "discarded"


class VersionStatus(StrEnum):
    """What became of a version. Whether it is staged or in force depends on the store and the clock."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class EntryStatus(StrEnum):
    """What a timeline entry is: `staged` takes over at its moment (and stays so), `withdrawn` never does."""

    STAGED = "staged"
    WITHDRAWN = "withdrawn"


class PriceDraft(Table, table=True):
    """Changes being prepared, and the stores they are meant for (`all`, `group:<id>`, `store:<id>`, spaced)."""

    __tablename__ = "price_draft"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=36)
    title: str
    targets: str = "all"
    status: str = DraftStatus.DRAFT
    created_by: str
    writers: str = ""
    """Everybody else who put rows into it or took some out, one a line: none of them is its second person."""
    created_ms: int = utc_ms()
    asked_by: str = ""
    asked_ms: int | None = utc_ms(default=None)
    """When it was sent to a second person; None while it is being written."""
    asked_note: str = ""
    returned_by: str = ""
    returned_ms: int | None = utc_ms(default=None)
    returned_why: str = ""
    """Why a second person sent it back; gone when it is sent to them again."""
    of_plan: str | None = Field(default=None, max_length=36)
    """The planned promotion that it publishes or ends: it is looked at and taken back there."""
    takes_back: str | None = Field(default=None, max_length=36, index=True)
    """The published price change whose earlier rows it brings back."""


class PriceDraftRow(Table, table=True):
    """One change of a draft; a null row takes the key away."""

    __tablename__ = "price_draft_row"
    __table_args__ = ({**_CLUSTERED, **BOOKS},)

    draft_id: str = Field(primary_key=True, foreign_key="price_draft.id", max_length=36)
    kind: str = Field(primary_key=True, max_length=16)
    scope: str = Field(primary_key=True, max_length=32)
    key: str = Field(primary_key=True, max_length=128)
    row: bytes | None = None


class DraftApproval(Table, table=True):
    """Who approved a draft, with exactly which content (SHA-256, hex), and why."""

    __tablename__ = "price_draft_approval"
    __table_args__ = BOOKS

    draft_id: str = Field(primary_key=True, foreign_key="price_draft.id", max_length=36)
    digest: str = Field(max_length=64)
    approved_by: str
    approved_ms: int = utc_ms()
    reason: str = ""

    @property
    def by_rule(self) -> bool:
        """Whether nobody had to: what is taken back waits for no second person."""
        return self.approved_by.startswith("rule:")


class PriceVersion(Table, table=True):
    """One number of the chain-wide sequence. Numbers rise and are never used again."""

    __tablename__ = "price_version"
    __table_args__ = BOOKS

    version: int = big_int(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str
    parent: int | None = big_int(default=None)
    """The highest version in force at its stores before it, for people; content follows `Body.base`."""
    draft_id: str | None = Field(default=None, foreign_key="price_draft.id", max_length=36, index=True)
    published_by: str
    published_ms: int = utc_ms()
    activates_local: str = ""
    """Local wall time as chosen (ISO); empty: at once."""
    engine: int = 1
    changed_rows: int = 0
    status: str = VersionStatus.PUBLISHED
    rollback_of: int | None = big_int(default=None)
    """The version whose content came back with this one."""
    rebuilt_from: int | None = big_int(default=None)
    """The staged version that this one repeats on top of another."""


class PriceRow(Table, table=True):
    """One key's exact bytes from a version on. `bucket` comes first so that a bucket is one stretch of the index."""

    __tablename__ = "price_row"
    __table_args__ = ({**_CLUSTERED, **BOOKS},)

    kind: str = Field(primary_key=True, max_length=16)
    scope: str = Field(primary_key=True, max_length=32)
    bucket: int = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=128)
    version: int = big_int(primary_key=True)
    row: bytes | None = None


class Body(Table, table=True):
    """A body at the version that changed it: its hash, its 256 bucket hashes, and the version it was made from."""

    __tablename__ = "price_body"
    __table_args__ = (Index(None, "hash"), {**_CLUSTERED, **BOOKS})

    kind: str = Field(primary_key=True, max_length=16)
    scope: str = Field(primary_key=True, max_length=32)
    version: int = big_int(primary_key=True)
    base: int | None = big_int(default=None)
    hash: str = Field(max_length=64)
    buckets: bytes


class StoreManifest(Table, table=True):
    """What a version means in one store: the manifest's exact bytes and their SHA-256 (hex)."""

    __tablename__ = "store_manifest"
    __table_args__ = ({**_CLUSTERED, **BOOKS},)

    version: int = big_int(primary_key=True)
    store_id: str = Field(primary_key=True, foreign_key="store.id", index=True, max_length=32)
    content: bytes
    hash: str = Field(max_length=64)


class TimelineEntryRow(Table, table=True):
    """A version on a store's timeline and the instant it takes over there."""

    __tablename__ = "timeline_entry"
    __table_args__ = BOOKS

    store_id: str = Field(primary_key=True, foreign_key="store.id", max_length=32)
    version: int = big_int(primary_key=True)
    activates_ms: int = utc_ms()
    activates_local: str = ""
    status: str = EntryStatus.STAGED
