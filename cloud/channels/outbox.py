"""Ask for a message: kept with the change that caused it, sent after the commit, once for each id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud.channels.models import MemberMessage
from cloud.channels.ports import ChannelName, Delivery, Message
from cloud.channels.texts import TEMPLATES, Purpose, checked, template
from cloud.database import sweeping
from cloud.errors import Conflict, Refused, Unavailable
from cloud.members import consent
from cloud.privacy import Vault
from shared.web.words import Language

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MOST_WAITING = 200_000
"""More than this is a mistake or an attack: no more is taken until some are gone."""
LIMITS: Mapping[Purpose, tuple[tuple[int, int], ...]] = {
    Purpose.CODE: ((MINUTE_MS, 1), (HOUR_MS, 5), (DAY_MS, 10)),
    Purpose.SERVICE: ((DAY_MS, 5),),
    Purpose.MARKETING: ((DAY_MS, 1),),
}
"""How many messages of a purpose one recipient gets in any stretch of time; providers have limits like these."""


TURNED_AWAY = frozenset({"wechat_43004", "wechat_user_block"})
"""What is said of somebody who no longer follows the account, or takes no messages of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A message to be sent. `until_ms` is HQ's wall time after which it is of no use."""

    id: UUID
    channel: ChannelName
    template: str
    language: Language
    recipient: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    member: UUID | None = None
    until_ms: int


def queue(session: Session, vault: Vault, ask: Ask, *, now_ms: int) -> Delivery:
    """Keep a message to be sent after the commit; return its state, which is an older one where the id is known.

    Raise Invalid for wrong parameters, Conflict for a known id with other content, Unavailable for a full outbox, and
    Refused: `message_limit` when the recipient had enough, `no_consent` for marketing that nobody agreed to.
    """
    checked(ask.template, ask.parameters)
    content = json.dumps([ask.channel, ask.template, ask.language, ask.recipient, dict(ask.parameters)], sort_keys=True)
    digest = vault.blind_index("message", content)
    known = session.get(MemberMessage, ask.id)
    if known is not None:
        if known.digest != digest:
            raise Conflict(f"message {ask.id} was asked for before with other content")
        return Delivery(known.state)
    allow(session, ask.member, ask.channel, ask.template)
    index = vault.blind_index(f"recipient {ask.channel}", ask.recipient)
    _within_limits(session, index, template(ask.template).purpose, now_ms)
    _has_room(session)
    kept = json.dumps({"to": ask.recipient, "with": dict(ask.parameters)}, ensure_ascii=False)
    session.add(
        MemberMessage(
            id=ask.id,
            member_id=ask.member,
            channel=ask.channel,
            template=ask.template,
            language=ask.language,
            personal=vault.encrypt(kept, context(ask.id)),
            recipient_index=index,
            digest=digest,
            state=Delivery.QUEUED,
            made_ms=now_ms,
            next_ms=now_ms,
            until_ms=ask.until_ms,
            changed_ms=now_ms,
        )
    )
    session.flush()
    return Delivery.QUEUED


def allow(session: Session, member: UUID | None, channel: str, name: str) -> None:
    """Raise Refused (`no_consent`) for marketing to somebody who has not agreed to it on this channel."""
    if template(name).purpose is not Purpose.MARKETING:
        return
    if member is None or consent.standing(session, member, channel) is None:
        raise Refused("no_consent", f"the member has not agreed to {channel} messages of this kind")


def turned_away(session: Session, member: UUID, channel: str) -> bool:
    """Tell whether the last message to a member by a channel met somebody who wants none there any more."""
    row = MemberMessage
    over = col(row.state).in_([Delivery.DELIVERED, Delivery.FAILED])
    mine = select(row).where(col(row.member_id) == member, col(row.channel) == channel, over)
    last = session.exec(mine.order_by(col(row.changed_ms).desc()).limit(1)).first()
    return last is not None and last.state == Delivery.FAILED and last.code in TURNED_AWAY


def opened(vault: Vault, row: MemberMessage) -> Message | None:
    """Return a kept message as a channel gets it, None where it was forgotten already. Raise CannotOpen."""
    if row.personal is None:
        return None
    kept: dict[str, Any] = json.loads(vault.decrypt(row.personal, context(row.id)))
    return Message(
        id=row.id,
        channel=ChannelName(row.channel),
        template=row.template,
        language="zh" if row.language == "zh" else "en",
        recipient=kept["to"],
        parameters=kept["with"],
    )


def forget(session: Session, member: UUID) -> int:
    """Erase what is kept of a member's messages; what still waits is not sent. Return how many rows went."""
    sweeping.overwrite_what_goes(session)
    rows = session.exec(select(MemberMessage).where(col(MemberMessage.member_id) == member)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def context(message: UUID) -> str:
    """Return what a message's personal part is encrypted with."""
    return f"message/{message}"


def _within_limits(session: Session, index: bytes, purpose: Purpose, now_ms: int) -> None:
    alike = [name for name, one in TEMPLATES.items() if one.purpose is purpose]
    for window_ms, most in LIMITS[purpose]:
        count = select(func.count()).where(
            col(MemberMessage.recipient_index) == index,
            col(MemberMessage.made_ms) > now_ms - window_ms,
            col(MemberMessage.template).in_(alike),
        )
        if session.exec(count).one() >= most:
            raise Refused("message_limit", f"this recipient had {most} messages of this kind in {window_ms // 1000} s")


def _has_room(session: Session) -> None:
    waiting = select(func.count()).where(col(MemberMessage.state) == Delivery.QUEUED)
    if session.exec(waiting).one() >= MOST_WAITING:
        raise Unavailable(f"{MOST_WAITING:,} messages wait already: see that the channels work, then ask again")
