"""Takes what members are to be told and asks for the messages: by WeChat, else by SMS, else by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel import Session, col, select

from cloud.channels.outbox import DAY_MS, Ask, queue, turned_away
from cloud.channels.ports import ChannelName
from cloud.channels.texts import Purpose, template
from cloud.coupons.giving import COUPON_ARRIVED
from cloud.coupons.models import ISSUED, Coupon, CouponBatch
from cloud.database import Database
from cloud.errors import Refused, Unavailable
from cloud.member_page.following import address_of
from cloud.members import consent
from cloud.members.card_desk import CARD_EXPIRES
from cloud.members.care_models import MemberNotice
from cloud.members.ending_points import POINTS_EXPIRE, ending
from cloud.members.enrolling import fields_of
from cloud.members.models import ACTIVE, Member
from cloud.privacy import Vault
from shared.clock import MachineClock
from shared.web.words import Language

KINDS = (CARD_EXPIRES, POINTS_EXPIRE, COUPON_ARRIVED)
"""The notices there is a text for; a notice's kind is its template."""
_ORDER = (ChannelName.WECHAT, ChannelName.SMS, ChannelName.EMAIL)
_NAMELESS: Mapping[Language, str] = {"en": "for your next purchase", "zh": "会员专享券"}
"""What a coupon is called whose batch has no title."""
_USEFUL_MS = 7 * DAY_MS
_AT_ONCE = 50


class NoticeTaker:
    """Asks for the messages that notices stand for, each once: the message carries the notice's id."""

    def __init__(self, database: Database, vault: Vault, clock: MachineClock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def __call__(self) -> bool:
        """Take some notices; tell whether there may be more."""
        row, now_ms = MemberNotice, self._clock.wall_ms()
        with self._database.session() as session:
            waiting = select(row).where(col(row.taken_ms).is_(None), col(row.kind).in_(KINDS))
            query = waiting.order_by(col(row.made_ms)).limit(_AT_ONCE).with_for_update(skip_locked=True)
            found = session.exec(query).all()
            for notice in found:
                if not self._asked(session, notice, now_ms):
                    break
                notice.taken_ms = now_ms
                session.add(notice)
        return len(found) == _AT_ONCE

    def _asked(self, session: Session, notice: MemberNotice, now_ms: int) -> bool:
        """Ask for one message; False where the outbox has no room and the notice has to wait."""
        member = session.get(Member, notice.member_id)
        if member is None or member.status != ACTIVE:
            return True
        language: Language = "en" if member.language == "en" else "zh"
        parameters = _parameters(session, notice, language)
        if parameters is None:
            return True
        fields = fields_of(session, self._vault, member.id)
        for channel in _ORDER:
            address = address_of(session, self._vault, member.id, channel, fields)
            if address is None or not _may_be_sent(session, notice, channel):
                continue
            if turned_away(session, member.id, channel):  # by the next way, while there is one
                continue
            ask = Ask(
                id=notice.id,
                channel=channel,
                template=notice.kind,
                language=language,
                recipient=address,
                parameters=parameters,
                member=member.id,
                until_ms=now_ms + _USEFUL_MS,
            )
            try:
                queue(session, self._vault, ask, now_ms=now_ms)
            except Refused:
                return True  # had enough messages today: the card page says it too
            except Unavailable:
                return False
            return True
        return True


def _may_be_sent(session: Session, notice: MemberNotice, channel: ChannelName) -> bool:
    """Tell whether a member wants this by a channel: an offer goes only where they agreed to offers."""
    if template(notice.kind).purpose is not Purpose.MARKETING:
        return True
    return consent.standing(session, notice.member_id, channel) is not None


def _parameters(session: Session, notice: MemberNotice, language: Language) -> Mapping[str, str] | None:
    """Return what the text of a notice says, None where there is nothing to tell of any more."""
    if notice.kind == COUPON_ARRIVED:
        coupon = session.get(Coupon, notice.subject)
        if coupon is None or coupon.state != ISSUED:
            return None
        title = session.get_one(CouponBatch, coupon.batch).title or _NAMELESS[language]
        return {"title": title[:100], "day": coupon.ends.isoformat()}
    if notice.kind != POINTS_EXPIRE:
        return {"day": notice.due_on.isoformat()}
    points = ending(session, notice.member_id, notice.due_on)
    last_day = notice.due_on - timedelta(days=1)
    return {"points": str(points), "day": last_day.isoformat()} if points else None
