"""The sender: takes what waits, hands it to its channel, and writes down what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlmodel import Session, col, select, update

from cloud.channels.models import MemberMessage
from cloud.channels.outbox import DAY_MS, HOUR_MS, MINUTE_MS, allow, opened
from cloud.channels.ports import Channel, ChannelName, Delivery, Message, Outcome
from cloud.database import Database, sweeping
from cloud.errors import Refused
from cloud.members.models import CLOSED, Member
from cloud.privacy import CannotOpen, Vault
from shared.clock import MachineClock

MOST_TRIES = 8
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 5_000, 10 * MINUTE_MS
REPORT_PAUSES_MS = (10_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 12 * HOUR_MS)
"""When a provider is asked what became of a message; after the last it stays `sent`."""
KEPT_MS = 90 * DAY_MS
"""How long it is kept that there was a message; for whom is forgotten long before."""
_AT_ONCE = 50
_INTERRUPTED = "interrupted"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Taken:
    message: Message
    reference: str = ""
    sent_ms: int = 0


class Sender:
    """Sends from one process; several share the outbox, for each takes a message before it sends it."""

    def __init__(
        self, database: Database, vault: Vault, clock: MachineClock, channels: Mapping[ChannelName, Channel]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._channels = channels
        self._next_cleaning = 0.0

    def __call__(self) -> bool:
        """Send some of what waits, and ask about some of what was sent; tell whether there may be more at once."""
        sent = all(self._send_one() for _ in range(_AT_ONCE))
        asked = all(self._ask_one() for _ in range(_AT_ONCE))
        if self._clock.monotonic() >= self._next_cleaning:
            self._next_cleaning = self._clock.monotonic() + 60
            self.clean()
        return sent or asked

    def clean(self) -> None:
        """Forget whom messages were for as soon as it need not be known, and after a season that there were any."""
        now_ms, row = self._clock.wall_ms(), MemberMessage
        with self._database.session() as session:
            sweeping.overwrite_what_goes(session)
            over = col(row.state).in_([Delivery.UNKNOWN, Delivery.FAILED, Delivery.DELIVERED])
            old = col(row.changed_ms) <= now_ms - 10 * MINUTE_MS
            session.execute(update(row).where(over, old, col(row.personal).is_not(None)).values(personal=None))
            uncounted = col(row.made_ms) <= now_ms - DAY_MS, col(row.recipient_index).is_not(None)
            session.execute(update(row).where(*uncounted).values(recipient_index=None))
            gone = select(row).where(col(row.made_ms) <= now_ms - KEPT_MS).limit(1_000)
            for one in session.exec(gone):
                session.delete(one)

    def _send_one(self) -> bool:
        now_ms = self._clock.wall_ms()
        with self._database.session() as session:
            row = _due(session, Delivery.QUEUED, now_ms)
            if row is None:
                return False
            taken = self._taken(session, row, now_ms)
        if taken is not None:
            outcome = self._channels[taken.message.channel].send(taken.message)
            self._settle(taken.message.id, outcome)
        return True

    def _taken(self, session: Session, row: MemberMessage, now_ms: int) -> _Taken | None:
        """Take a message to send it. From here on, until its channel has answered, nobody knows whether it went."""
        why = self._hindrance(session, row, now_ms)
        message = None
        if not why:
            try:
                message = opened(self._vault, row)
            except CannotOpen:
                why = "cannot_be_opened"
        row.changed_ms = now_ms
        session.add(row)
        if message is None:
            _end(row, Delivery.FAILED, why or "forgotten")
            return None
        row.state, row.code, row.tries = Delivery.UNKNOWN, _INTERRUPTED, row.tries + 1
        return _Taken(message)

    def _hindrance(self, session: Session, row: MemberMessage, now_ms: int) -> str:
        if row.until_ms <= now_ms:
            return row.code or "too_late"
        if row.channel not in self._channels:
            return "channel_off"
        member = None if row.member_id is None else session.get(Member, row.member_id)
        if member is not None and member.status == CLOSED:
            return "member_closed"
        try:
            allow(session, row.member_id, row.channel, row.template)
        except Refused as refusal:
            return refusal.code
        return ""

    def _settle(self, message: UUID, outcome: Outcome) -> None:
        now_ms = self._clock.wall_ms()
        with self._database.session() as session:
            row = session.get(MemberMessage, message, with_for_update=True)
            if row is None:
                return  # its member left meanwhile
            row.changed_ms = now_ms
            if outcome.state is Delivery.SENT:
                row.state, row.code, row.sent_ms, row.reference = Delivery.SENT, "", now_ms, outcome.reference[:128]
                row.next_ms = now_ms + REPORT_PAUSES_MS[0]
                row.tries = 0
                if not outcome.reports:
                    row.personal = None
            elif outcome.again and row.tries < MOST_TRIES:
                row.state, row.code, row.next_ms = Delivery.QUEUED, outcome.code[:64], now_ms + _pause_ms(row)
            else:
                _end(row, outcome.state, outcome.code)
            session.add(row)
        if outcome.state is not Delivery.SENT:
            log.warning("message not sent", message=str(message), state=outcome.state, code=outcome.code)

    def _ask_one(self) -> bool:
        now_ms = self._clock.wall_ms()
        with self._database.session() as session:
            row = _due(session, Delivery.SENT, now_ms)
            if row is None:
                return False
            row.tries += 1
            row.next_ms = now_ms + REPORT_PAUSES_MS[min(row.tries, len(REPORT_PAUSES_MS) - 1)]
            message = opened(self._vault, row) if row.channel in self._channels else None
            reference, sent_ms, last = row.reference, row.sent_ms or row.made_ms, row.tries >= len(REPORT_PAUSES_MS)
            if message is None:
                row.personal = None
            session.add(row)
        if message is not None:
            outcome = self._channels[message.channel].ask(message, reference, sent_ms)
            self._heard(message.id, outcome, last=last)
        return True

    def _heard(self, message: UUID, outcome: Outcome, *, last: bool) -> None:
        with self._database.session() as session:
            row = session.get(MemberMessage, message, with_for_update=True)
            if row is None:
                return
            if outcome.state in {Delivery.DELIVERED, Delivery.FAILED} and not outcome.again:
                row.changed_ms = self._clock.wall_ms()
                _end(row, outcome.state, outcome.code)
            elif last:
                row.personal = None
            session.add(row)


def _due(session: Session, state: Delivery, now_ms: int) -> MemberMessage | None:
    row = MemberMessage
    query = select(row).where(col(row.state) == state, col(row.next_ms) <= now_ms, col(row.personal).is_not(None))
    return session.exec(query.order_by(col(row.next_ms)).limit(1).with_for_update(skip_locked=True)).first()


def _end(row: MemberMessage, state: Delivery, code: str) -> None:
    row.state, row.code, row.personal = state, code[:64], None


def _pause_ms(row: MemberMessage) -> int:
    """Return how long to wait: doubling, and a part by the id, so that what failed together comes not back together."""
    pause: int = min(FIRST_PAUSE_MS * 2 ** (row.tries - 1), LONGEST_PAUSE_MS)
    return pause + pause * (row.id.bytes[-1]) // 512
