"""Tables of loyalty: rules as data, and what each member spent in each year."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}


class EarningRuleRow(Table, table=True):
    """A version of the earning rule, as `shared.loyalty.EarningRule` in JSON. Never changed: a new one follows."""

    __tablename__ = "earning_rule"
    __table_args__ = BOOKS

    version: int = Field(primary_key=True)
    valid_from: date
    rule: str
    author: str
    made_ms: int = utc_ms()


class TierRuleRow(Table, table=True):
    """A version of the tier rule, as `shared.loyalty.TierRule` in JSON; the highest counts."""

    __tablename__ = "tier_rule"
    __table_args__ = BOOKS

    version: int = Field(primary_key=True)
    rule: str
    author: str
    made_ms: int = utc_ms()


class MemberYear(Table, table=True):
    """What a member spent in a calendar year of business dates, net of returns, and the tier of it for reports.

    `tier` is what the year's sum reaches by the rule of the year's last day, whatever window that rule looks at.

    A return lowers the year of its sale, so that the order in which the two arrive does not matter.
    """

    __tablename__ = "member_year"
    __table_args__ = BOOKS

    member_id: UUID = Field(primary_key=True)
    year: int = Field(primary_key=True)
    spend_minor: int = big_int()
    tier: str = Field(default="", max_length=32)
    visits: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Sales; a return does not undo a visit."""


class MemberDay(Table, table=True):
    """What a member spent on a business date, net of what came back of it, and how often they bought.

    Windows that move with the days and years from the day of joining are made of it; `member_year` is its sum.
    """

    __tablename__ = "member_day"
    __table_args__ = BOOKS

    member_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    spend_minor: int = big_int()
    visits: int = 0


class MemberStanding(Table, table=True):
    """Where a member stood when they were last looked at: what the next look is compared with.

    Nothing reads it as the truth: where somebody stands is worked out from what they did (`cloud.loyalty.tiers`).
    """

    __tablename__ = "member_standing"
    __table_args__ = (
        Index("ix_member_standing_until", "until"),
        Index("ix_member_standing_tier", "tier"),
        BOOKS,
    )

    member_id: UUID = Field(primary_key=True)
    tier: str = Field(max_length=32)
    reason: str = Field(max_length=16)
    until: date | None = None
    """The last day of it if nothing more happens; null where no day ends it."""
    since: date
    """The business date since which they stand in this tier."""


class TierChange(Table, table=True):
    """A member came to stand in another tier. The `n`-th of that member, from 1 on."""

    __tablename__ = "tier_change"
    __table_args__ = (
        Index("ix_tier_change_day", "day"),
        Index(
            "ix_tier_change_gifts_open", "member_id",
            postgresql_where=text("gifts_ms IS NULL"), sqlite_where=text("gifts_ms IS NULL"),
        ),
        BOOKS,
    )  # fmt: skip

    member_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    before: str = Field(max_length=32)
    after: str = Field(max_length=32)
    reason: str = Field(max_length=16)
    rule_version: int
    day: date
    """The business date on which it was seen."""
    at_ms: int = utc_ms()
    gifts_ms: int | None = utc_ms(default=None)
    """When what it brings was given, or found to bring nothing; null before."""


class TierGift(Table, table=True):
    """Something a tier brings was given to a member: by which benefit and on which occasion, and so never twice."""

    __tablename__ = "tier_gift"
    __table_args__ = (Index("ix_tier_gift_problem", "problem"), BOOKS)

    member_id: UUID = Field(primary_key=True)
    benefit: str = Field(primary_key=True, max_length=64)
    """`reaching:<tier>:<n>`, `monthly:<n>` or `birthday`."""
    occasion: str = Field(primary_key=True, max_length=16)
    """The date it was reached, the month or the year."""
    tier: str = Field(max_length=32)
    batch: str = Field(default="", max_length=32)
    count: int = 0
    points: int = big_int(default=0)
    rule_version: int
    given_ms: int = utc_ms()
    problem: str = Field(default="", max_length=32)
    """Why nothing was given: `batch_spent`, `batch_over`, `per_member` ...; empty where it was."""


class TierTurn(Table, table=True):
    """A tier rule whose start was noticed in a zone: whoever it may concern there was noted as changed."""

    __tablename__ = "tier_turn"
    __table_args__ = BOOKS

    version: int = Field(primary_key=True)
    zone: str = Field(primary_key=True, max_length=64)
    """Of home stores; empty for members without one."""
    day: date


class TierFloor(Table, table=True):
    """A tier that a member has at least, because somebody said so, until a day."""

    __tablename__ = "tier_floor"
    __table_args__ = BOOKS

    member_id: UUID = Field(primary_key=True)
    tier: str = Field(max_length=32)
    until: date = Field(index=True)
    """The last day on which it counts."""
    reason: str
    set_by: str
    set_ms: int = utc_ms()


class PointsReview(Table, table=True):
    """A sale or a return whose till promised other points than HQ computed: HQ's stand in the ledger, a person looks.

    Points that a return takes back are below zero.
    """

    __tablename__ = "points_review"
    __table_args__ = BOOKS

    event_id: UUID = Field(primary_key=True)
    """The sale's id, or the return's."""
    sale_id: UUID
    member_id: UUID
    store_id: str = Field(max_length=32)
    promised: int
    computed: int
    noted_ms: int = utc_ms()
    decided_by: str | None = None
    """Who looked; None while nobody has."""
    decided_ms: int | None = utc_ms(default=None)
    granted: bool | None = None
    """Whether the difference was given to the member."""
    reason: str = ""
    """What whoever looked found."""
    cause: str = Field(default="", max_length=16)
    """Why they differ, as `cloud.loyalty.promises` can tell."""
    by_till: int = 0
    by_hq: int = 0
    """For another version of a rule: the till's, and head office's."""
