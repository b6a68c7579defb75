"""One member as their page shows them: how they stand, and what happened, newest first. Nothing personal is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from cloud.audit import words as audit_words
from cloud.audit.models import AuditEntry
from cloud.console import member_words
from cloud.coupons import batches
from cloud.coupons.models import Coupon, CouponBatch
from cloud.errors import NotFound
from cloud.ledger import words as ledger_words
from cloud.ledger.models import Account, JournalRow, Posting
from cloud.member_lifecycle import merging
from cloud.members import (
    act_words,
    blocks,
    changing,
    duplicates,
    one_person,
    value,
)
from cloud.members.care_models import DuplicatePair, MemberMerge
from cloud.members.home_days import HomeDays
from cloud.members.models import Card, Consent, Member, MemberBlock, MemberField
from cloud.members.profile import PROFILE
from cloud.members.sight import Sight, look_at
from cloud.rewards import pickups
from cloud.rewards.models import Pickup
from cloud.sales.models import Sale
from shared.web.words import marked

MOST = 40
_BOUGHT = marked("Bought")


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry of a timeline."""

    at_ms: int
    title: str
    """Marked."""
    detail: str = ""
    href: str = ""
    amount: int | None = None
    unit: str = ""
    said: Sequence[act_words.Said] = ()
    """More of it, in words."""
    reason: str = ""
    by: str = ""
    """Who did it, as the audit log has it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A field of the profile that a member told, without what it says."""

    name: str
    source: str
    set_ms: int


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    """Everything the page of a member shows."""

    row: Member
    sight: Sight
    cards: Sequence[Card]
    holdings: Sequence[value.Holding]
    fields: Sequence[Told]
    consents: Sequence[Consent]
    blocks: Sequence[MemberBlock]
    family: Sequence[Member]
    pairs: Sequence[DuplicatePair]
    merges: Sequence[MemberMerge]
    happened: Sequence[Happened]
    coupons: Sequence[tuple[Coupon, str]]
    """What they can use, the first to end first, with what head office calls its batch."""
    to_fetch: Sequence[tuple[Pickup, Mapping[str, str]]]
    """What waits for them in stores, with its names by language."""

    @property
    def blockable(self) -> list[str]:
        """Return what the member is not blocked from yet."""
        return [kind for kind in blocks.KINDS if kind not in {one.kind for one in self.blocks}]


def member_page(session: Session, member: UUID, business_ms: int) -> MemberPage:
    """Read a member. Raise NotFound."""
    row = session.get(Member, member)
    if row is None:
        raise NotFound(f"there is no member {member}")
    today = HomeDays(business_ms)
    told = session.exec(select(MemberField).where(MemberField.member_id == member)).all()
    order = list(PROFILE)
    family = changing.family_of(session, member)
    return MemberPage(
        row=row,
        sight=look_at(session, [member], today)[member],
        cards=session.exec(
            select(Card).where(Card.member_id == member).order_by(col(Card.status), col(Card.first_seen_ms).desc())
        ).all(),
        holdings=value.holdings(session, member),
        fields=[
            Told(name=one.name, source=one.source, set_ms=one.set_ms)
            for one in sorted(told, key=lambda one: order.index(one.name))
        ],
        consents=session.exec(
            select(Consent).where(Consent.member_id == member).order_by(col(Consent.given_ms).desc())
        ).all(),
        blocks=session.exec(select(MemberBlock).where(MemberBlock.member_id == member)).all(),
        family=session.exec(select(Member).where(col(Member.id).in_(family))).all() if family else [],
        pairs=duplicates.of_member(session, member),
        merges=merging.merges_of(session, member),
        happened=_happened(session, row),
        coupons=_coupons(session, member),
        to_fetch=[(one, pickups.decoded(one.names)) for one in pickups.of_member(session, member)],
    )


def _coupons(session: Session, member: UUID) -> list[tuple[Coupon, str]]:
    found = batches.of_member(session, member)[:MOST]
    ids = {one.batch for one in found}
    titles = {row.id: row.title for row in session.exec(select(CouponBatch).where(col(CouponBatch.id).in_(ids)))}
    return [(one, titles.get(one.batch) or one.batch) for one in found]


def _happened(session: Session, row: Member) -> list[Happened]:
    ids = sorted(one_person.ids_of(session, [row.id]))
    found = [Happened(at_ms=row.created_ms, title=member_words.ACT["member.enrol"], detail=row.signup_store or "")]
    found += _sales(session, ids)
    found += _postings(session, ids)
    acts = select(AuditEntry).where(col(AuditEntry.subject).in_([str(one) for one in ids]))
    for act in session.exec(acts.order_by(col(AuditEntry.id).desc()).limit(MOST)):
        title = member_words.ACT.get(act.action) or audit_words.ACTION.get(act.action, act.action)
        said, ours = list(act_words.said(act.action, act.detail)), act_words.reason(act.reason)
        why = "" if ours else act.reason
        said += [ours] if ours else []
        found.append(Happened(at_ms=act.at_ms, title=title, said=said, reason=why, by=act.actor))
    return sorted(found, key=lambda one: -one.at_ms)[:MOST]


def _sales(session: Session, ids: Sequence[UUID]) -> list[Happened]:
    cards = select(Card.id).where(col(Card.member_id).in_(ids))
    theirs = col(Sale.member_id).in_(ids) | col(Sale.card_id).in_(cards)
    rows = session.exec(select(Sale).where(theirs).order_by(col(Sale.commit_no).desc()).limit(MOST))
    return [
        Happened(
            at_ms=sale.at_ms,
            title=_BOUGHT,
            detail=f"{sale.store_id} · {sale.till_id}/{sale.receipt_series}-{sale.receipt_number}",
            href=f"/sales/{sale.id}",
            amount=sale.total_minor,
            unit=sale.currency,
        )
        for sale in rows
    ]


def _postings(session: Session, ids: Sequence[UUID]) -> list[Happened]:
    own = select(Account.id).where(col(Account.owner).in_([str(one) for one in ids]))
    same = (col(JournalRow.cause) == col(Posting.cause)) & (col(JournalRow.purpose) == col(Posting.purpose))
    rows = session.execute(
        columns(
            col(JournalRow.at_ms),
            col(JournalRow.purpose),
            col(JournalRow.store_id),
            col(Posting.amount),
            col(Account.unit),
        )
        .join(Posting, same)
        .join(Account, col(Account.id) == col(Posting.account_id))
        .where(col(Posting.account_id).in_(own))
        .order_by(col(JournalRow.at_ms).desc())
        .limit(MOST)
    )
    return [
        Happened(
            at_ms=at_ms,
            title=ledger_words.purpose(purpose),
            detail=store,
            amount=amount,
            unit=unit,
        )
        for at_ms, purpose, store, amount, unit in rows
    ]
