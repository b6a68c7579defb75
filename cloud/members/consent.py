"""What a member agreed to, by channel: given with a version of the text, withdrawn at any time, never forgotten."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.members.models import CLOSED, Consent, Member


def standing(session: Session, member: UUID, channel: str) -> Consent | None:
    """Return the consent that stands for a channel, or None where the member has not agreed."""
    query = select(Consent).where(
        col(Consent.member_id) == member, col(Consent.channel) == channel, col(Consent.withdrawn_ms).is_(None)
    )
    return session.exec(query.order_by(col(Consent.given_ms).desc())).first()


def give(session: Session, member: UUID, channel: str, *, version: str, source: str, actor: str, now_ms: int) -> None:
    """Note that a member agrees to a version of a channel's text. An older yes makes way for this one.

    Raise NotFound, Refused (`member_closed`) or Invalid.
    """
    if _find(session, member).status == CLOSED:
        raise Refused("member_closed", f"member {member} has left")
    if not 0 < len(channel) <= 32 or not 0 < len(version) <= 32:
        raise Invalid("a channel and the version of its text have 1 to 32 characters each")
    before = standing(session, member, channel)
    if before is not None:
        if before.version == version:
            return
        before.withdrawn_ms = now_ms
        session.add(before)
    given = Consent(
        member_id=member,
        channel=channel,
        given_ms=max(now_ms, _last(session, member, channel) + 1),
        version=version,
        source=source,
    )
    session.add(given)
    _record(session, given, "consent.give", actor, now_ms)


def withdraw(session: Session, member: UUID, channel: str, *, actor: str, now_ms: int) -> None:
    """Note that a member takes a consent back. Raise NotFound for a member who is not here or has not agreed."""
    _find(session, member)
    consent = standing(session, member, channel)
    if consent is None:
        raise NotFound(f"member {member} has no standing consent for {channel!r}")
    consent.withdrawn_ms = max(now_ms, consent.given_ms)
    session.add(consent)
    _record(session, consent, "consent.withdraw", actor, now_ms)


def _find(session: Session, member: UUID) -> Member:
    found = session.get(Member, member, with_for_update=True)
    if found is None:
        raise NotFound(f"there is no member {member}")
    return found


def _last(session: Session, member: UUID, channel: str) -> int:
    """Return when a member last agreed, 0 for never: a second yes in one millisecond is still a later one."""
    query = select(func.max(Consent.given_ms)).where(col(Consent.member_id) == member, col(Consent.channel) == channel)
    return session.exec(query).one() or 0


def _record(session: Session, consent: Consent, action: str, actor: str, now_ms: int) -> None:
    detail = f"{consent.channel}, text {consent.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action=action, subject=str(consent.member_id), detail=detail)
    session.flush()
