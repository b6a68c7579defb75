"""What WeChat reports of template messages: events sent to the account's server address, signed with its token.

Source: the official accounts platform's pages on the server configuration (`signature` is the SHA-1 of token, timestamp
and nonce in the order of the alphabet) and on the event TEMPLATESENDJOBFINISH. The signature does not cover the body,
so what comes by it moves a message's state and nothing else, and only for so long after its moment.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1

from sqlmodel import Session, col, select

from cloud.channels.models import MemberMessage
from cloud.channels.outbox import DAY_MS, MINUTE_MS
from cloud.channels.ports import ChannelName, Delivery

FRESH_MS = 10 * MINUTE_MS
_FINISHED = "TEMPLATESENDJOBFINISH"
_MEANS: Mapping[str, tuple[Delivery, str]] = {
    "success": (Delivery.DELIVERED, ""),
    "failed:user block": (Delivery.FAILED, "wechat_user_block"),
    "failed: system failed": (Delivery.FAILED, "wechat_system_failed"),
    "failed:system failed": (Delivery.FAILED, "wechat_system_failed"),
}
_FACT = re.compile(r"<(Event|MsgID|Status)>\s*(?:<!\[CDATA\[(.{0,64}?)\]\]>|([^<]{0,64}?))\s*</\1>")
"""The three facts of an event, each plain or quoted. An XML parser would do more for strangers than is needed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message, by the account's number for it."""

    reference: str
    state: Delivery
    code: str


def is_signed(token: str, signature: str, timestamp: str, nonce: str, now_ms: int) -> bool:
    """Tell whether somebody who knows the token asks, and lately. `timestamp` is in seconds; no token: nobody does."""
    if not token or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    fresh = abs(int(timestamp) * 1000 - now_ms) <= FRESH_MS
    expected = sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode()) and fresh


def report_in(body: bytes) -> Report | None:
    """Return what an event says of a message, None for every other event and for what cannot be read."""
    facts = {name: quoted or plain for name, quoted, plain in _FACT.findall(body.decode(errors="replace"))}
    reference, means = facts.get("MsgID", ""), _MEANS.get(facts.get("Status", ""))
    if facts.get("Event") != _FINISHED or not reference or means is None:
        return None
    return Report(reference, *means)


def note(session: Session, report: Report, now_ms: int) -> bool:
    """Write down what became of a message that the account took within a day; tell whether there is one."""
    row = MemberMessage
    lately = col(row.changed_ms) > now_ms - DAY_MS
    found = select(row).where(
        lately, col(row.channel) == ChannelName.WECHAT, col(row.state) == Delivery.SENT,
        col(row.reference) == report.reference,
    )  # fmt: skip
    message = session.exec(found.with_for_update()).first()
    if message is None:
        return False
    message.state, message.code, message.personal = report.state, report.code, None
    message.changed_ms = now_ms
    session.add(message)
    session.flush()
    return True
