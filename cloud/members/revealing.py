"""Somebody at HQ looks at what is personal: field by field, for a reason, and on record."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound
from cloud.members import enrolling
from cloud.members.models import Member, MemberField
from cloud.members.profile import PROFILE
from cloud.privacy import Vault


def reveal(
    session: Session, vault: Vault, member: UUID, names: Sequence[str], *, reason: str, actor: str, now_ms: int
) -> dict[str, str]:
    """Return the fields asked for, opened; those the member never told are absent.

    The look is recorded first, by what it shows.

    Raise Invalid without a reason or for a field that does not exist, NotFound for a member who is not here.
    """
    if not 0 < len(reason.strip()) <= 500:
        raise Invalid("say why you look, in up to 500 characters: it is kept in the audit log")
    unknown = sorted(set(names) - set(PROFILE))
    if unknown or not names:
        raise Invalid(f"fields are {', '.join(PROFILE)}; got {', '.join(unknown) or 'none'}")
    if session.get(Member, member) is None:
        raise NotFound(f"there is no member {member}")
    field = table_of(MemberField)
    theirs = select(field.c.name).where(field.c.member_id == member, field.c.name.in_(names)).order_by(field.c.name)
    seen = session.execute(theirs).scalars().all()
    audit.record(
        session,
        at_ms=now_ms,
        actor=actor,
        action="member.reveal",
        subject=str(member),
        reason=reason.strip(),
        detail=", ".join(seen),
    )
    session.flush()
    held = enrolling.fields_of(session, vault, member)
    return {name: held[name] for name in names if name in seen}
