"""Tables of members and their cards. Everything personal is encrypted; what is plain here a till may show."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import PASSING, STANDING

ACTIVE = "active"
CLOSED = "closed"
UNKNOWN = "unknown"
PENDING = "pending"
MERGED = "merged"

FROZEN = "frozen"
LOST = "lost"
REPLACED = "replaced"
EXPIRED = "expired"
ERASED = "erased"

_IN_USE = text(f"status = '{ACTIVE}' AND member_id IS NOT NULL")

IDENTITY = {"info": {"retention": "identity"}}
"""Erased when a member leaves; the books keep the member's id alone."""


class Member(Table, table=True):
    """A member. The id stays in the books for ever; everything personal stands in `member_field`."""

    __tablename__ = "member"
    __table_args__ = IDENTITY

    id: UUID = Field(primary_key=True)
    reference: str | None = Field(default=None, max_length=64, unique=True)
    """What another system calls them: importing it again makes nobody twice. Nothing personal belongs here."""
    status: str = Field(default=ACTIVE, max_length=16)
    """`active`; `closed` (has left); `unknown`: a store named an id HQ has no record of, its points are kept;
    `pending`: imported, and the import is not signed yet; `merged`: the same person as `merged_into`."""
    masked_name: str = ""
    """As a till may show it: 李**."""
    home_store: str | None = Field(default=None, foreign_key="store.id", index=True)
    source: str = Field(max_length=32)
    """Where the sign-up came from: `till`, `import`, `service_desk`."""
    signup_store: str | None = Field(default=None, max_length=32)
    signup_cashier: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=8)
    created_ms: int = utc_ms()
    campaign: str | None = Field(default=None, max_length=64)
    """What brought them here, in the words of whoever counts it."""
    referred_by: UUID | None = None
    merged_into: UUID | None = Field(default=None, index=True)
    import_id: UUID | None = Field(default=None, index=True)


class MemberField(Table, table=True):
    """One personal fact about a member, encrypted, with where it came from and when."""

    __tablename__ = "member_field"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    name: str = Field(primary_key=True, max_length=32)
    content: bytes
    """Encrypted with the context `member/<member id>/<name>`."""
    blind_index: bytes | None = Field(default=None, index=True)
    """For fields people are found by (phone, e-mail); not unique, families share one."""
    source: str = Field(max_length=32)
    set_ms: int = utc_ms()
    retention: str = Field(default="membership", max_length=32)
    """How long it may be kept: `membership` or a class that ends sooner."""


class MemberKey(Table, table=True):
    """A keyed hash of something derived by which people are looked for: the phone's last four, name with birthday."""

    __tablename__ = "member_key"
    __table_args__ = IDENTITY

    kind: str = Field(primary_key=True, max_length=16)
    blind_index: bytes = Field(primary_key=True)
    member_id: UUID = Field(primary_key=True, index=True)


class MemberBlock(Table, table=True):
    """Something a member may not do for now: `buy`, `points` or `coupons`, each apart. Lifting it makes it history."""

    __tablename__ = "member_block"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    kind: str = Field(primary_key=True, max_length=16)
    reason: str = Field(max_length=500)
    since_ms: int = utc_ms()
    actor: str = Field(max_length=120)


class PastBlock(Table, table=True):
    """A block that was lifted. What was done while it stood is judged by it, however late it arrives."""

    __tablename__ = "member_past_block"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    n: int = Field(primary_key=True)
    kind: str = Field(max_length=16)
    since_ms: int = utc_ms()
    until_ms: int = utc_ms()
    """Business time, as `since_ms`: from `since_ms` on, and before `until_ms`."""
    reason: str = Field(max_length=500)
    actor: str = Field(max_length=120)
    lifted_reason: str = Field(max_length=500)
    lifted_by: str = Field(max_length=120)


class MemberSegment(Table, table=True):
    """A member is in a segment: a group that offers are made to, by its code. Stores are told the code and no more."""

    __tablename__ = "member_segment"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    segment: str = Field(primary_key=True, max_length=32, index=True)
    since_ms: int = utc_ms()


class Segment(Table, table=True):
    """What a segment is called. One that nobody named yet has members and no row here; one may be named before."""

    __tablename__ = "segment"
    __table_args__ = STANDING

    code: str = Field(primary_key=True, max_length=32)
    name_en: str = Field(default="", max_length=80)
    name_zh: str = Field(default="", max_length=80)
    changed_by: str = Field(max_length=120)
    changed_ms: int = utc_ms()


class FamilyMember(Table, table=True):
    """A member of a family, where members want to be one. Nothing follows from it by itself."""

    __tablename__ = "family_member"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    family_id: UUID = Field(index=True)
    joined_ms: int = utc_ms()


class Card(Table, table=True):
    """A card number of the chain, whoever carries it. Without a member it is an unknown card that has been shown.

    A member has one card in use; the database itself refuses a second.
    """

    __tablename__ = "card"
    __table_args__ = (
        Index("uq_card_in_use", "member_id", unique=True, postgresql_where=_IN_USE, sqlite_where=_IN_USE),
        IDENTITY,
    )

    id: UUID = Field(primary_key=True)
    blind_index: bytes = Field(unique=True)
    number: bytes
    """Encrypted with the context `card/<card id>`: needed to hash it for each agent."""
    masked: str = Field(max_length=16)
    member_id: UUID | None = Field(default=None, foreign_key="member.id", index=True)
    status: str = Field(default=ACTIVE, max_length=16)
    """`active`; `frozen` for now; `lost`, `replaced` or `expired` for good; `erased`. Only an active card is known at
    tills; what was bought with another was bought by its member all the same."""
    first_seen_ms: int = utc_ms()
    attached_ms: int | None = utc_ms(default=None)
    expires_on: date | None = Field(default=None, index=True)
    """The last day on which tills take it; null for one that does not end."""
    noticed_ms: int | None = utc_ms(default=None)
    """When its member's notice of the coming end was made."""
    changed_ms: int | None = utc_ms(default=None)
    replaced_by: UUID | None = None


class Consent(Table, table=True):
    """What a member agreed to, by channel and text version; a withdrawal closes the row, a new yes opens another."""

    __tablename__ = "consent"
    __table_args__ = IDENTITY

    member_id: UUID = Field(primary_key=True, foreign_key="member.id")
    channel: str = Field(primary_key=True, max_length=32)
    given_ms: int = utc_ms(primary_key=True)
    version: str = Field(max_length=32)
    source: str = Field(max_length=32)
    withdrawn_ms: int | None = utc_ms(default=None)


class StoreMembers(Table, table=True):
    """How far the set of members that one store may know has moved. Its lock orders the changes of the set."""

    __tablename__ = "store_members"
    __table_args__ = STANDING

    store_id: str = Field(primary_key=True, foreign_key="store.id")
    version: int = big_int(default=0)
    known: int = 0
    """Members in the set now."""


class StoreMember(Table, table=True):
    """A member in a store's set, and the version of the set at which what the store may know last changed.

    Every row change takes a version of its own, so that a step can end between any two rows.
    """

    __tablename__ = "store_member"
    __table_args__ = (
        Index("ix_store_member_store_id_version", "store_id", "version"),
        Index("ix_store_member_store_id_seen_ms", "store_id", "seen_ms"),
        STANDING,
    )

    store_id: str = Field(primary_key=True, foreign_key="store.id")
    member_id: UUID = Field(primary_key=True, index=True)
    version: int = big_int()
    gone: bool = False
    seen_ms: int = utc_ms()
    """When the member last shopped here, in business time: the longest absent make room first."""
    digest: bytes
    """Of what a store sees; nothing is sent where it stays the same."""


class MemberDirty(Table, table=True):
    """A member whose points, tier, name or cards a commit has changed, and where.

    A row for each commit, never shared: clearing what one commit left cannot swallow what another adds.
    """

    __tablename__ = "member_dirty"
    __table_args__ = PASSING

    member_id: UUID = Field(primary_key=True)
    commit_no: int = big_int(primary_key=True)
    store_id: str = Field(default="", primary_key=True, max_length=32)
    """Where the member shopped; empty for a change made at HQ."""
    at_ms: int = utc_ms()
