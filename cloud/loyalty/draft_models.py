"""Tables of rules that are not in force yet: drafts, and what they would change for real members."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, utc_ms

BOOKS = {"info": {"retention": "books"}}
OPERATIONS = {"info": {"retention": "operations"}}

TIERS = "tiers"
EARNING = "earning"

DRAFT = "draft"
APPROVED = "approved"
PUBLISHED = "published"
DROPPED = "dropped"

WAITING = "waiting"
RUNNING = "running"
DONE = "done"
CANCELLED = "cancelled"
FAILED = "failed"


class RuleDraft(Table, table=True):
    """A rule that somebody writes, somebody else approves, and that is published to start on a day."""

    __tablename__ = "rule_draft"
    __table_args__ = (Index("ix_rule_draft_state", "state"), BOOKS)

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=16)
    """`tiers` or `earning`; `referral`, `leaderboard` or `transfers`, which wait without a try."""
    rule: str
    """The rule in JSON, its version not given yet."""
    starts: date
    """The business date from which it counts."""
    state: str = Field(default=DRAFT, max_length=16)
    """`draft`, `approved`, `published` or `dropped`."""
    author: str = Field(max_length=120)
    made_ms: int = utc_ms()
    changed_by: str = Field(max_length=120)
    changed_ms: int = utc_ms()
    approved_by: str = Field(default="", max_length=120)
    approved_ms: int | None = utc_ms(default=None)
    version: int | None = None
    """The version it was published as."""


class RuleTrial(Table, table=True):
    """A draft tried on every member, or on the last weeks' sales: how far it is, and what it has found so far."""

    __tablename__ = "rule_trial"
    __table_args__ = (Index("ix_rule_trial_state", "state"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    draft_id: UUID = Field(index=True)
    rule: str
    """The draft's rule as it was when it was asked for."""
    today: date
    state: str = Field(default=WAITING, max_length=16)
    """`waiting`, `running`, `done`, `cancelled` or `failed`."""
    done: int = 0
    """Members, or days of stores, that were looked at."""
    total: int = 0
    last_member: UUID | None = None
    """Where the next slice begins: another process goes on from here."""
    tally: str = "{}"
    """In JSON `cloud.loyalty.trial.Trial`, of earning `cloud.loyalty.earning_trial.EarningTrial`."""
    asked_by: str = Field(max_length=120)
    asked_ms: int = utc_ms()
    finished_ms: int | None = utc_ms(default=None)
