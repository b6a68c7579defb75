"""Pictures of gifts, in the one small form that items' pictures have too."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import NotFound
from cloud.rewards import gifts
from cloud.rewards.models import GiftPicture


def put(session: Session, gift: str, fitted: bytes, *, actor: str, now_ms: int) -> None:
    """Give a gift a picture, instead of the one it had: one that `cloud.pictures.fitting.fit` made. Raise NotFound."""
    gifts.find(session, gift)
    session.merge(GiftPicture(gift_id=gift, content=fitted))
    audit.record(session, at_ms=now_ms, actor=actor, action="gift.picture", subject=f"gift {gift}")
    session.flush()


def get(session: Session, gift: str) -> GiftPicture:
    """Return a gift's picture. Raise NotFound."""
    row = session.get(GiftPicture, gift)
    if row is None:
        raise NotFound(f"gift {gift!r} has no picture")
    return row


def has(session: Session, ids: list[str]) -> set[str]:
    """Return which gifts have a picture, without reading one."""
    return set(session.exec(select(col(GiftPicture.gift_id)).where(col(GiftPicture.gift_id).in_(ids))))
