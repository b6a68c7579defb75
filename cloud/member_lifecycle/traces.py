"""Where a member leaves traces: the one list that showing everything and erasing everything both go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.audit.models import AuditEntry
from cloud.channels.models import MemberMessage
from cloud.coupons.models import Coupon
from cloud.database import Table
from cloud.loyalty.club_models import PointsTransfer, Referral
from cloud.loyalty.models import MemberDay, MemberStanding, MemberYear, TierChange, TierFloor, TierGift
from cloud.member_import.models import OpeningCard
from cloud.member_page.models import MemberSession, MemberWechat
from cloud.members.care_models import (
    DuplicatePair,
    MemberMerge,
    MemberNotice,
    ReceiptClaim,
    ReceiptElsewhere,
    ReviewCase,
    StaffCard,
)
from cloud.members.models import (
    Consent,
    FamilyMember,
    MemberBlock,
    MemberField,
    MemberKey,
    MemberSegment,
    PastBlock,
    StoreMember,
)
from cloud.promotions.budget_models import BudgetSetAside, BudgetUse
from cloud.rewards.models import GiftOrder, Pickup, Ticket
from cloud.value.models import Purse, ValueCorrection


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A table that knows a member, by which columns, and whether its rows go when the member leaves.

    What stays is the books: it names the bare id and nothing personal.
    """

    name: str
    """What the export calls it; empty for what says nothing to a person."""
    model: type[Table]
    columns: Sequence[str] = ("member_id",)
    goes: bool
    of_others: Sequence[str] = ()
    """Columns that the export leaves out because they speak of other people."""


TRACES: tuple[Trace, ...] = (
    Trace(name="fields", model=MemberField, goes=True),
    Trace(name="", model=MemberKey, goes=True),
    Trace(name="consents", model=Consent, goes=True),
    Trace(name="blocks", model=MemberBlock, goes=True),
    Trace(name="blocks_lifted", model=PastBlock, goes=True),
    Trace(name="segments", model=MemberSegment, goes=True),
    Trace(name="family", model=FamilyMember, goes=True),
    Trace(name="notices", model=MemberNotice, goes=True),
    Trace(name="staff_card", model=StaffCard, goes=True),
    Trace(name="duplicates", model=DuplicatePair, columns=("first_id", "second_id"), goes=True),
    Trace(name="", model=OpeningCard, goes=True),
    Trace(name="messages", model=MemberMessage, goes=True),
    Trace(name="signed_in", model=MemberSession, goes=True),
    Trace(name="wechat", model=MemberWechat, goes=True),
    Trace(name="known_to_stores", model=StoreMember, goes=False),
    Trace(name="purses", model=Purse, goes=False),
    Trace(name="years", model=MemberYear, goes=False),
    Trace(name="days", model=MemberDay, goes=False),
    Trace(name="standing", model=MemberStanding, goes=False),
    Trace(name="tier_changes", model=TierChange, goes=False),
    Trace(name="tier_gifts", model=TierGift, goes=False),
    Trace(name="referrals", model=Referral, columns=("friend_id", "referrer_id"), goes=False),
    Trace(name="transfers", model=PointsTransfer, columns=("giver_id", "taker_id"), goes=False),
    Trace(name="tier_by_hand", model=TierFloor, goes=False),
    Trace(name="coupons_given", model=Coupon, goes=False),
    Trace(name="offers_used", model=BudgetUse, goes=False),
    Trace(name="", model=BudgetSetAside, goes=True),
    Trace(name="gifts", model=GiftOrder, goes=False),
    Trace(name="draws", model=Ticket, goes=False),
    Trace(name="to_fetch", model=Pickup, goes=False),
    Trace(name="merges", model=MemberMerge, columns=("keep_id", "gone_id"), goes=False),
    Trace(name="claims", model=ReceiptClaim, goes=False),
    Trace(name="receipts_elsewhere", model=ReceiptElsewhere, goes=False),
    Trace(name="reviews", model=ReviewCase, goes=False, of_others=("evidence",)),
    Trace(name="corrections", model=ValueCorrection, goes=False),
    Trace(name="audit", model=AuditEntry, columns=("subject",), goes=False),
)
"""Besides the member's own row, cards, sales and ledger, which each have a form of their own."""
