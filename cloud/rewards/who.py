"""Who may spend points on gifts and draws: a member who has not left and whose points nobody blocked."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.errors import Refused
from cloud.members import blocks
from cloud.members.models import ACTIVE, Member


def may_spend_points(session: Session, member: UUID) -> None:
    """Raise Refused (`points_blocked`, `member_<status>`) for whoever may not. An unknown one has no points anyway."""
    row = session.get(Member, member)
    if row is not None and row.status != ACTIVE:
        raise Refused(f"member_{row.status}", f"member {member} is {row.status}")
    # Whoever may not buy spends nothing of theirs: not at a till, and not here.
    if {blocks.POINTS, blocks.BUY} & blocks.standing(session, [member]).get(member, frozenset()):
        raise Refused("points_blocked", "this member may not spend points for now")
