"""What a member who leaves had reserved or won and not fetched: it goes back, or ends."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.rewards import gifts, pickups
from shared.ids import UuidMint


def end_all(session: Session, mint: UuidMint, commit_no: int, member: UUID, *, now_ms: int) -> int:
    """Cancel a member's gifts that wait, so that their points are back among those to be settled; end their prizes.

    Return how many things waited.
    """
    waiting = pickups.of_member(session, member)
    for one in waiting:
        if one.kind == pickups.GIFT:
            gifts.cancel(session, commit_no, one.subject, cause=mint(), at_ms=now_ms)
        else:
            pickups.end(session, one.subject)
    return len(waiting)
