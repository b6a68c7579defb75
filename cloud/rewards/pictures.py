"""Pictures of gifts: small, of a kind that every browser shows, checked by their first bytes."""

from __future__ import annotations

from sqlmodel import Session, col, select

from cloud.errors import Invalid, NotFound
from cloud.fleet import audit
from cloud.rewards import gifts
from cloud.rewards.models import GiftPicture
from shared.web.phrases import Phrase

MOST_BYTES = 300_000
TOO_LARGE = Phrase(
    "a picture has at most {most} kB: make it smaller, 600 pixels wide are plenty", most=MOST_BYTES // 1000
)


def media_type_of(content: bytes) -> str:
    """Return what a picture is. Raise Invalid for anything but PNG, JPEG and WebP."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise Invalid(Phrase("this is no picture we can show: PNG, JPEG or WebP, please"))


def put(session: Session, gift: str, content: bytes, *, actor: str, now_ms: int) -> None:
    """Give a gift a picture, instead of the one it had. Raise Invalid, NotFound."""
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_LARGE)
    gifts.find(session, gift)
    session.merge(GiftPicture(gift_id=gift, media_type=media_type_of(content), content=content))
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
