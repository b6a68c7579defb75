"""Two members who are one person become one: cards, fields, value, years. For some days it can be taken apart again.

Sales and journals keep the id they were written with; whoever reads them of a merged member reads both.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.loyalty import merged
from cloud.member_lifecycle import merged_standing
from cloud.member_lifecycle.merged_standing import MovedStanding
from cloud.members import (
    changing,
    dirt,
    duplicates,
    enrolling,
    lookup_keys,
    rules,
    value,
)
from cloud.members.care_models import DuplicatePair, MemberMerge
from cloud.members.models import ACTIVE, CLOSED, MERGED, REPLACED, Card, Consent, Member, MemberField
from cloud.members.profile import NAME
from cloud.privacy import Vault, normal
from cloud.rewards import moving as rewards
from cloud.value.models import Purse
from cloud.value.purses import open_purse
from shared.ids import UuidMint

_DAY_MS = 24 * 3600 * 1000


class MovedCard(msgspec.Struct, frozen=True):
    """A card that changed hands, and how it was before."""

    card: UUID
    status: str


class Moved(msgspec.Struct, frozen=True):
    """What a merge moved: ids and figures, and names of fields, never what they say."""

    cards: list[MovedCard] = []
    fields: list[str] = []
    consents: list[tuple[str, int]] = []
    days: list[merged.MovedDay] = []
    journals: list[tuple[UUID, str]] = []
    home_store: bool = False
    coupons: list[str] = []
    fetch: list[str] = []
    """Codes of coupons, and of what waits in stores."""
    gifts: list[merged.MovedGift] = []
    """What tiers gave to `gone` and not to `keep`."""
    standing: MovedStanding = MovedStanding()


def merge(
    session: Session,
    vault: Vault,
    mint: UuidMint,
    keep: UUID,
    gone: UUID,
    *,
    reason: str,
    actor: str,
    commit_no: int,
    now_ms: int,
) -> MemberMerge:
    """Make `gone` one with `keep`. What both have told stays as `keep` told it; the card in use stays in use.

    Raise Invalid, NotFound, or Refused (`member_merged`, `holds_pending` ...).
    """
    if keep == gone:
        raise Invalid("a member is one with themselves already")
    if not 0 < len(reason.strip()) <= 500:
        raise Invalid("say why, in up to 500 characters: it is kept with the merge")
    rows = {one: _locked(session, one) for one in sorted((keep, gone))}
    _open_purses(session, keep, gone, now_ms)
    made = mint()
    coupons, fetch = rewards.move_open(session, gone, keep)
    moved = Moved(
        coupons=coupons,
        fetch=fetch,
        cards=_move_cards(session, keep, gone, now_ms),
        fields=_move_fields(session, vault, keep, gone, now_ms),
        consents=_move_consents(session, keep, gone),
        days=merged.move_days(session, gone, keep),
        journals=value.move_all(session, commit_no, merge=made, of=gone, to=keep, at_ms=now_ms),
        home_store=_move_home(rows[keep], rows[gone]),
        gifts=merged.move_gifts(session, gone, keep),
        standing=merged_standing.move(session, keep, gone),
    )
    _rewrite(session, vault, rows[keep])
    rows[gone].status, rows[gone].merged_into = MERGED, keep
    session.add_all(rows.values())
    undo_days = rules.newest(session, rules.Merging).undo_days
    row = MemberMerge(
        id=made,
        keep_id=keep,
        gone_id=gone,
        moved=msgspec.json.encode(moved).decode(),
        reason=reason.strip(),
        actor=actor,
        at_ms=now_ms,
        undo_until_ms=now_ms + undo_days * _DAY_MS,
    )
    session.add(row)
    session.flush()
    if session.get(DuplicatePair, tuple(sorted((keep, gone)))) is not None:
        duplicates.decide(session, keep, gone, status=duplicates.MERGED, actor=actor, now_ms=now_ms)
    _note(session, row, "member.merge", actor=actor, commit_no=commit_no, now_ms=now_ms)
    return row


def undo(session: Session, vault: Vault, merge_id: UUID, *, actor: str, commit_no: int, now_ms: int) -> None:
    """Take two members apart again: what came from `gone` goes back, what happened since stays with `keep`.

    Raise NotFound, or Refused: `undone` before, `too_late`, `value_gone` where moved value was spent, `merged_on`
    where `keep` was merged with somebody else meanwhile, `member_closed` where they have left.
    """
    row = session.get(MemberMerge, merge_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no merge {merge_id}")
    if row.undone_ms is not None:
        raise Refused("undone", "this merge was undone before")
    if now_ms > row.undo_until_ms:
        raise Refused("too_late", "the days in which this merge could be undone are over")
    both = {
        one: session.get_one(Member, one, with_for_update=True, populate_existing=True)
        for one in sorted((row.keep_id, row.gone_id))
    }
    kept, back = both[row.keep_id], both[row.gone_id]
    if kept.status != ACTIVE or back.merged_into != kept.id:
        if kept.status == CLOSED:
            raise Refused("member_closed", f"member {kept.id} has left: it stays as it is")
        raise Refused("merged_on", f"member {kept.id} is {kept.status} by now: undo that first")
    moved = msgspec.json.decode(row.moved, type=Moved)
    value.take_back(session, commit_no, moved.journals, purpose=value.UNMERGE, at_ms=now_ms)
    back.status, back.merged_into = ACTIVE, None
    if moved.home_store:
        kept.home_store = None
    session.add_all((kept, back))
    session.flush()
    _return_cards(session, back.id, moved.cards, now_ms)
    for name in moved.fields:
        field = session.get(MemberField, (kept.id, name))
        if field is not None:
            session.delete(field)
    _return_consents(session, kept.id, back.id, moved.consents)
    rewards.move_back(session, moved.coupons, moved.fetch, of=kept.id, to=back.id)
    merged.swap_gifts(session, moved.gifts, of=kept.id, to=back.id)
    merged_standing.move_back(session, moved.standing, keep=kept.id, gone=back.id)
    merged.return_days(session, moved.days, of=kept.id, to=back.id)
    session.flush()
    _rewrite(session, vault, kept)
    row.undone_ms, row.undone_by = now_ms, actor
    session.add(row)
    _note(session, row, "member.unmerge", actor=actor, commit_no=commit_no, now_ms=now_ms)


def merges_of(session: Session, member: UUID) -> list[MemberMerge]:
    """Return the merges a member was part of, newest first."""
    either = (col(MemberMerge.keep_id) == member) | (col(MemberMerge.gone_id) == member)
    return list(session.execute(select(MemberMerge).where(either).order_by(col(MemberMerge.at_ms).desc())).scalars())


def _locked(session: Session, member: UUID) -> Member:
    """Return an active member whom no sale on its way in names: it has been credited, or waits and sees the merge."""
    session.get(Member, member, with_for_update=True, populate_existing=True)
    return changing.active(session, member)


def _move_cards(session: Session, keep: UUID, gone: UUID, now_ms: int) -> list[MovedCard]:
    """Give the cards over; the one in use stays in use only where `keep` has none."""
    query = select(Card).where(col(Card.member_id).in_((keep, gone))).order_by(col(Card.blind_index)).with_for_update()
    cards = list(session.execute(query).scalars())
    has_one = any(card.member_id == keep and card.status == ACTIVE for card in cards)
    moved = []
    for card in cards:
        if card.member_id == gone:
            moved.append(MovedCard(card.id, card.status))
            if has_one and card.status == ACTIVE:
                card.status = REPLACED
            card.member_id, card.changed_ms = keep, now_ms
            session.add(card)
    session.flush()
    return moved


def _return_cards(session: Session, member: UUID, moved: Iterable[MovedCard], now_ms: int) -> None:
    for one in moved:
        card = session.get_one(Card, one.card, with_for_update=True)
        was = one.status if card.status in (ACTIVE, REPLACED) else card.status
        card.member_id, card.status, card.changed_ms = member, was, now_ms
        session.add(card)
    session.flush()


def _move_fields(session: Session, vault: Vault, keep: UUID, gone: UUID, now_ms: int) -> list[str]:
    """Copy what only `gone` has told; `gone` keeps it too, so that undoing needs no memory of it."""
    has, brings = (enrolling.fields_of(session, vault, one) for one in (keep, gone))
    names = sorted(set(brings) - set(has))
    for name in names:
        source = session.get_one(MemberField, (gone, name)).source
        enrolling.set_field(session, vault, keep, name, brings[name], source=source, now_ms=now_ms)
    return names


def _move_consents(session: Session, keep: UUID, gone: UUID) -> list[tuple[str, int]]:
    """Copy consents for channels that `keep` was never asked about: a no of `keep` stays a no."""
    asked = set(session.execute(select(col(Consent.channel)).where(col(Consent.member_id) == keep)).scalars())
    standing = select(Consent).where(col(Consent.member_id) == gone, col(Consent.withdrawn_ms).is_(None))
    moved = []
    for one in session.execute(standing).scalars():
        if one.channel not in asked:
            session.add(
                Consent(
                    member_id=keep, channel=one.channel, given_ms=one.given_ms, version=one.version, source=one.source
                )
            )
            moved.append((one.channel, one.given_ms))
    session.flush()
    return moved


def _return_consents(session: Session, keep: UUID, gone: UUID, moved: Iterable[tuple[str, int]]) -> None:
    """Take the copies away again; one that was withdrawn meanwhile is withdrawn for both."""
    for channel, given_ms in moved:
        copy = session.get(Consent, (keep, channel, given_ms))
        if copy is None:
            continue
        own = session.get_one(Consent, (gone, channel, given_ms))
        own.withdrawn_ms = own.withdrawn_ms or copy.withdrawn_ms
        session.add(own)
        session.delete(copy)


def _open_purses(session: Session, keep: UUID, gone: UUID, now_ms: int) -> None:
    """See to it that what `gone` has in purses finds one with `keep`."""
    for purse in session.execute(select(Purse).where(col(Purse.member_id) == gone)).scalars().all():
        open_purse(session, purse.store_id, member=keep, card=None, legal_entity=purse.legal_entity_id, now_ms=now_ms)


def _move_home(keep: Member, gone: Member) -> bool:
    if keep.home_store is not None or gone.home_store is None:
        return False
    keep.home_store = gone.home_store
    return True


def _rewrite(session: Session, vault: Vault, row: Member) -> None:
    """Write what follows from a member's fields anew."""
    fields = enrolling.fields_of(session, vault, row.id)
    lookup_keys.renew(session, vault, row.id, fields)
    row.masked_name = normal.masked_name(fields.get(NAME, ""))
    session.add(row)


def _note(session: Session, row: MemberMerge, action: str, *, actor: str, commit_no: int, now_ms: int) -> None:
    dirt.note(session, commit_no, [(one, dirt.HEAD_OFFICE, 0) for one in (row.keep_id, row.gone_id)])
    detail = f"with {row.gone_id}"
    audit.record(
        session,
        at_ms=now_ms,
        actor=actor,
        action=action,
        subject=str(row.keep_id),
        reason=row.reason,
        detail=detail,
    )
    session.flush()
