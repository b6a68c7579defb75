"""What became of the messages of the last days, and what is set for each channel. Reads only, nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from cloud.channels.choosing import ChannelSettings
from cloud.channels.models import MemberMessage
from cloud.channels.outbox import DAY_MS
from cloud.channels.ports import ChannelName, Delivery
from cloud.channels.reasons import NOTHING_WRONG
from cloud.channels.texts import TEMPLATES

LOOKED_BACK_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Counted:
    """So many messages of one channel, state and code."""

    channel: str
    state: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Way:
    """How one channel goes in this deployment."""

    channel: str
    way: str
    """As the settings call it: file, console, off, or a provider."""
    lacking: Sequence[str]
    """Texts that have no registered template, where the provider wants one."""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of the messages of the last days."""

    counted: Sequence[Counted]

    def of(self, *states: str, channel: str = "") -> int:
        """Return how many are in these states, of one channel or of all."""
        return sum(one.count for one in self.counted if one.state in states and (not channel or one.channel == channel))

    @property
    def wrong(self) -> Sequence[Counted]:
        """Return what did not go, or waits, for a reason that somebody here can do something about, most first."""
        states = (Delivery.FAILED, Delivery.UNKNOWN, Delivery.QUEUED)
        found = [one for one in self.counted if one.state in states and one.code and one.code not in NOTHING_WRONG]
        return sorted(found, key=lambda one: (-one.count, one.channel, one.code))


def became(session: Session, now_ms: int) -> Became:
    """Count the messages that something happened to in the last 7 days."""
    row = MemberMessage
    query = (
        select(row.channel, row.state, row.code, func.count())
        .where(col(row.changed_ms) > now_ms - LOOKED_BACK_MS)
        .group_by(col(row.channel), col(row.state), col(row.code))
    )
    return Became([Counted(*found) for found in session.exec(query)])


def not_sent(session: Session, now_ms: int) -> int:
    """Return how many messages of the last day failed for a reason that head office can do something about."""
    row = MemberMessage
    query = select(func.count()).where(
        col(row.changed_ms) > now_ms - DAY_MS,
        col(row.state) == Delivery.FAILED,
        col(row.code).not_in(NOTHING_WRONG),
    )
    return int(session.exec(query).one())


def ways(settings: ChannelSettings) -> Sequence[Way]:
    """Return how each channel goes, and what is missing before every text can go by it."""
    return [_way(settings, name) for name in ChannelName]


def _way(settings: ChannelSettings, name: ChannelName) -> Way:
    way = str(getattr(settings, name))
    registered = getattr(getattr(settings, way, None), "templates", None)
    lacking: list[str] = []
    if registered is not None:
        # A code to sign in goes by SMS alone.
        wanted = [one for one in TEMPLATES if one != "sign_in_code" or name is ChannelName.SMS]
        lacking = [one for one in wanted if not any(key in registered for key in (one, f"{one}.zh", f"{one}.en"))]
    return Way(str(name), way, lacking)
