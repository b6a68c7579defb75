"""What a way of sending is: it takes one message and says what became of it, and no more than it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from shared.web.words import Language


class ChannelName(StrEnum):
    """By what a member is reached; consents name the same."""

    SMS = "sms"
    WECHAT = "wechat"
    EMAIL = "email"


class Delivery(StrEnum):
    """What is known of a message."""

    QUEUED = "queued"
    """Not tried yet, or to be tried again."""
    SENT = "sent"
    """The provider took it. Where providers report nothing more, it stays so."""
    DELIVERED = "delivered"
    """The provider says that it arrived."""
    FAILED = "failed"
    """It did not go, and will not be tried again."""
    UNKNOWN = "unknown"
    """It may have gone: the answer was lost. It is not repeated, for nobody wants a message twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as a channel gets it. `recipient` is a phone number (E.164), a WeChat openid or an e-mail address."""

    id: UUID
    channel: ChannelName
    template: str
    language: Language
    recipient: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a message. `code` says why, for machines; `again`: trying later may help."""

    state: Delivery
    reference: str = ""
    """What the provider calls it."""
    code: str = ""
    again: bool = False
    reports: bool = False
    """Whether the provider can be asked later what became of it."""


class Channel(Protocol):
    """A way of sending. Implementations keep nothing of a message and raise nothing that is expected."""

    def send(self, message: Message) -> Outcome:
        """Hand a message over."""
        ...

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Ask what became of a message handed over before; SENT where nobody knows more yet."""
        ...


def sent(reference: str = "", *, reports: bool = False) -> Outcome:
    """Return that the provider took it."""
    return Outcome(state=Delivery.SENT, reference=reference, reports=reports)


def refused(code: str) -> Outcome:
    """Return that it cannot be sent, now or later."""
    return Outcome(state=Delivery.FAILED, code=code)


def later(code: str) -> Outcome:
    """Return that it was certainly not sent and may be tried again."""
    return Outcome(state=Delivery.FAILED, code=code, again=True)


def unclear(code: str) -> Outcome:
    """Return that it may or may not have been sent."""
    return Outcome(state=Delivery.UNKNOWN, code=code)
