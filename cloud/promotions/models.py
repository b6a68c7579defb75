"""Tables of promotions being planned, and of what they or new prices would have done to baskets of the past."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import BOOKS, OPERATIONS


def promotion_id(plan: UUID) -> str:
    """Return the id in price books of a promotion that was planned here."""
    return f"promotion-{plan.hex[-12:]}"


class PlanStatus(StrEnum):
    """What became of a planned promotion."""

    DRAFT = "draft"
    ASKED = "asked"
    """Sent to a second person as it is; a change makes it a draft again."""
    APPROVED = "approved"
    """A second person agreed to exactly this content; a change makes it a draft again."""
    PUBLISHED = "published"
    STOPPED = "stopped"
    DISCARDED = "discarded"


OPEN = (PlanStatus.DRAFT, PlanStatus.ASKED, PlanStatus.APPROVED)
"""What can still be written."""


class PromotionPlan(Table, table=True):
    """A promotion as its form was filled in, whether it makes sense yet or not."""

    __tablename__ = "promotion_plan"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=36)
    promotion: str = Field(max_length=128, index=True)
    """The id that the row will have in price books."""
    kind: str = Field(max_length=32)
    title: str
    typed: str
    """JSON: what was typed, by field."""
    targets: str = "all"
    activates_local: str = ""
    status: str = Field(default=PlanStatus.DRAFT, max_length=16)
    created_by: str
    created_ms: int = utc_ms()
    changed_by: str
    changed_ms: int = utc_ms()
    writers: str = ""
    """Everybody else who wrote something of it, one a line: none of them is its second person."""
    asked_by: str = ""
    asked_ms: int | None = utc_ms(default=None)
    asked_note: str = ""
    """What the second person was told when it was sent to them."""
    returned_by: str = ""
    returned_ms: int | None = utc_ms(default=None)
    returned_why: str = ""
    """Why a second person sent it back; gone when it is sent to them again."""
    approved_by: str = ""
    approved_ms: int | None = utc_ms(default=None)
    price_draft: str | None = Field(default=None, max_length=36, index=True)
    """The price draft that was published with it: every version made of that holds it. Of one that a price book brought
    and that was only stopped here: the draft that took it out."""
    version: int | None = big_int(default=None)
    """The first number it was published under."""
    cloned_from: str | None = Field(default=None, max_length=36)

    @property
    def is_open(self) -> bool:
        """Whether it can still be written."""
        return self.status in OPEN

    @property
    def is_taken_up(self) -> bool:
        """Whether a price book brought the promotion along, under an id of its own."""
        return self.promotion != promotion_id(UUID(self.id))


class PreviewStatus(StrEnum):
    """How far a try has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class PromotionPreview(Table, table=True):
    """A try of a planned promotion or price change on real baskets: what was asked, how far it is, what came out."""

    __tablename__ = "promotion_preview"
    __table_args__ = (Index("ix_promotion_preview_plan_id_asked_ms", "plan_id", "asked_ms"), OPERATIONS)

    id: str = Field(primary_key=True, max_length=36)
    plan_id: str | None = Field(default=None, foreign_key="promotion_plan.id", max_length=36)
    draft_id: str | None = Field(default=None, foreign_key="price_draft.id", max_length=36, index=True)
    """The price change that is tried, where it is no promotion."""
    row: bytes = b""
    """The promotion as it was when somebody asked, with no dates: the past has others."""
    digest: str = Field(max_length=64)
    """Of the content that is tried: whether the answer is still about what is planned now."""
    targets: str
    weeks: int
    status: str = Field(default=PreviewStatus.WAITING, max_length=16, index=True)
    asked_by: str
    asked_ms: int = utc_ms()
    beat_ms: int = utc_ms(default=0)
    """When whoever runs it last said so: without a beat for a while it is begun again by another."""
    runner: str = Field(default="", max_length=36)
    starts: int = 0
    done: int = big_int(default=0)
    total: int = big_int(default=0)
    result: bytes | None = None
    finished_ms: int | None = utc_ms(default=None)
    problem: str = ""
