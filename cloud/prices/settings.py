"""Settings of the whole chain that reach every till, and the counter that price-book versions come from."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.database.rowset import upsert_into
from cloud.fleet.models import Agent, Deployment
from cloud.org.models import ChainSetting
from cloud.prices.models import PriceVersion
from shared.wire.desired import ReceiptSettings
from shared.wire.messages import Reported

_TILL_SETTINGS = "till_settings"
_COUNTER = "price_version_counter"

RESTORE_JUMP = 1000
"""How far numbers jump after a restore at least: more versions than a chain publishes between two backups."""
_JUMPS_FROM_MS = 1_767_225_600_000
"""2026-01-01 UTC, older than any restore."""


class TillSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every till of the chain is told: how cards look, how much the outbox keeps, what receipts say."""

    card_prefixes: list[str] = []
    card_digits: int = 0
    retain_days: int = 35
    outbox_budget_bytes: int = 2 * 1024**3
    receipt: ReceiptSettings = ReceiptSettings()

    def __post_init__(self) -> None:
        if not all(prefix.isascii() and prefix.isdigit() for prefix in self.card_prefixes):
            raise ValueError("card prefixes are digits")
        if not 0 <= self.card_digits <= 32:
            raise ValueError("a card number has at most 32 digits")
        if self.retain_days < 1 or self.outbox_budget_bytes < 64 * 1024**2:
            raise ValueError("an outbox keeps at least one day and has at least 64 MiB")


class _Counter(msgspec.Struct, kw_only=True):
    """The highest version number ever given or heard of, and the incarnation that last gave one."""

    highest: int = 0
    incarnation: str = ""


def till_settings(session: Session) -> TillSettings:
    """Return the chain's till settings, defaults where none were ever set."""
    found = session.get(ChainSetting, _TILL_SETTINGS)
    return TillSettings() if found is None else msgspec.json.decode(found.value, type=TillSettings)


def set_till_settings(session: Session, settings: TillSettings) -> None:
    """Replace the chain's till settings; agents hear of it with their next desired state."""
    session.merge(ChainSetting(name=_TILL_SETTINGS, value=msgspec.json.encode(settings)))
    session.flush()


def next_version(session: Session) -> int:
    """Take the next version number; publications queue here until this transaction ends.

    It exceeds every number HQ knows and every number an agent has reported. After a restore (a new incarnation) it
    jumps besides, because agents that have not called yet may hold versions this database has never seen; at least to
    the restore's minute, because an earlier restore that this backup does not know of may have jumped as well.
    """
    counter = _locked_counter(session)
    deployment = session.get(Deployment, 1)
    incarnation = "" if deployment is None else str(deployment.incarnation)
    known = session.execute(select(func.max(col(PriceVersion.version)))).scalar_one() or 0
    highest = max(counter.highest, known, _highest_reported(session))
    if counter.incarnation and incarnation != counter.incarnation:
        highest = max(highest + RESTORE_JUMP, _minute_of(deployment))
    _store_counter(session, _Counter(highest=highest + 1, incarnation=incarnation))
    return highest + 1


def _minute_of(deployment: Deployment | None) -> int:
    """Return the minute at which the present incarnation began."""
    return 0 if deployment is None else max(0, deployment.since_ms - _JUMPS_FROM_MS) // 60_000


def lock_publication(session: Session) -> None:
    """Queue behind any other publication until this transaction ends."""
    _locked_counter(session)


def reported_numbers(reported: Reported) -> list[int]:
    """Return every version number an agent says it holds."""
    numbers = list(reported.staged)
    for till in reported.tills:
        numbers += [till.version, till.oldest_open_version or 0]
    return numbers


def _highest_reported(session: Session) -> int:
    reports = session.execute(select(col(Agent.reported)).where(col(Agent.reported).is_not(None))).scalars()
    decoder = msgspec.json.Decoder(Reported)
    return max((number for report in reports for number in reported_numbers(decoder.decode(report or b""))), default=0)


def _locked_counter(session: Session) -> _Counter:
    """Read the counter under a row lock (on SQLite the transaction itself is the lock), creating it if missing."""
    values: dict[str, Any] = {"name": _COUNTER, "value": msgspec.json.encode(_Counter())}
    session.execute(upsert_into(session, ChainSetting).values(values).on_conflict_do_nothing())
    query = select(col(ChainSetting.value)).where(col(ChainSetting.name) == _COUNTER).with_for_update()
    return msgspec.json.decode(session.execute(query).scalar_one(), type=_Counter)


def _store_counter(session: Session, counter: _Counter) -> None:
    session.merge(ChainSetting(name=_COUNTER, value=msgspec.json.encode(counter)))
    session.flush()
