"""What HQ says: verified, applied once, data and version in one transaction, and reported as it really is."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog

from edge_agent.disk import agent_row
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.hq import member_set
from edge_agent.hq.hq_time import HqTime
from edge_agent.hq.identity import Identity
from edge_agent.hq.questions import Questions
from edge_agent.hq.sender import Sender
from edge_agent.pictures import listing
from edge_agent.prices.keeper import PriceKeeper
from edge_agent.prices.timeline import TimelineRefused, replace_timeline
from edge_agent.till.selling import shares
from shared.signing import SignatureRefused, content_hash, open_desired, open_members
from shared.wire.desired import DesiredState, StoreSettings
from shared.wire.messages import Ack, Answer, Desired, DownlinkMessage, Fork, Members, Reject

_NOTE_TIME_EVERY_MS = 60_000
_TRUSTED_ERROR_MS = 2_000
_log = structlog.get_logger(__name__)


class DesiredRefused(ValueError):
    """A signed document that is not for this agent, or is older than what it already follows."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """Which desired state this agent follows."""

    incarnation: UUID | None
    serial: int
    content: str


class Downlink:
    """One handler for each message HQ sends down."""

    def __init__(
        self,
        database: Database,
        identity: Callable[[], Identity],
        *,
        sender: Sender,
        keeper: PriceKeeper,
        questions: Questions,
        hq_time: HqTime,
        settings_changed: Callable[[StoreSettings], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._identity = identity
        self._sender = sender
        self._keeper = keeper
        self._questions = questions
        self._hq_time = hq_time
        self._settings_changed = settings_changed
        self._changed = changed
        self._time_noted_ms: int | None = None
        self._unsettled = False
        self.problems: list[str] = []

    async def take(self, message: DownlinkMessage) -> None:
        """Handle a message. One that is not for this agent, or not HQ's, is refused and reported, nothing more."""
        if message.agent != self._identity().agent:
            _log.warning("downlink_refused", reason=f"addressed to {message.agent}")
            return
        try:
            await self._handle(message)
        except (SignatureRefused, DesiredRefused, TimelineRefused, msgspec.DecodeError) as error:
            kind = type(message).__name__.lower()
            _log.warning("downlink_refused", kind=kind, reason=str(error))
            self._note_problem(kind, f"{kind}_refused: {error}")
        except DiskFull as error:
            # HQ says it again; meanwhile acks still count, and free the room that is missing.
            _log.warning("downlink_not_kept", kind=type(message).__name__.lower(), reason=str(error))

    async def _handle(self, message: DownlinkMessage) -> None:
        match message:
            case Ack():
                await self._on_ack(message)
            case Reject():
                await self._sender.on_reject(message)
            case Fork():
                await self._sender.on_fork(message)
            case Desired():
                await self._on_desired(message)
            case Members():
                await self._on_members(message)
            case Answer():
                self._questions.on_answer(message)

    async def _on_ack(self, ack: Ack) -> None:
        estimate = self._hq_time.heard(ack.sent_ms)
        await self._sender.on_ack(ack)
        if estimate is None or estimate.error_ms > _TRUSTED_ERROR_MS:
            return
        if self._time_noted_ms is None or abs(estimate.wall_ms - self._time_noted_ms) >= _NOTE_TIME_EVERY_MS:
            self._time_noted_ms = estimate.wall_ms
            await self._database.run(lambda db: agent_row.note_hq_time(db, estimate.offset_ms, estimate.wall_ms))

    async def _on_desired(self, message: Desired) -> None:
        identity = self._identity()
        state = open_desired(message.desired, identity.enrolment.signing_keys)
        if (state.agent, state.settings.store) != (identity.agent, identity.store):
            raise DesiredRefused(f"it is for agent {state.agent} of store {state.settings.store}")
        content = content_hash(message.desired.document)
        problems = await self._database.run(lambda db: _follow(db, state, content))
        self._keeper.offer(message.deltas)
        if problems is not None:
            _log.info("desired_followed", serial=state.serial, versions=[entry.version for entry in state.timeline])
            self._note_problem("timeline", *problems)
            self._unsettled = True
        if self._unsettled:
            await self._settings_changed(state.settings)
            self._unsettled = False
            self._changed()
        self._note_problem("desired")
        self._keeper.wake()

    async def _on_members(self, message: Members) -> None:
        identity = self._identity()
        step = open_members(message.members, identity.enrolment.signing_keys)
        if step.agent != identity.agent:
            raise DesiredRefused(f"it is for agent {step.agent}")
        held = await self._database.read(followed)
        if _is_older(step.incarnation, held.incarnation):
            raise DesiredRefused("it is from before HQ was restored")
        # Whoever is taken away may have left: nothing of them is to stay on this disk.
        erases = bool(step.gone) or step.base == 0
        if await self._database.run(lambda db: member_set.apply_step(db, step), erases=erases):
            _log.info("members_applied", version=step.version, more=step.more)
        else:
            _log.info("members_step_not_mine", base=step.base, version=step.version)
        self._note_problem("members")
        self._changed()  # the report says which version is here, so HQ sends what builds on it

    def _note_problem(self, kind: str, *problems: str) -> None:
        others = [problem for problem in self.problems if not problem.startswith(kind)]
        found = [problem if problem.startswith(kind) else f"{kind}: {problem}" for problem in problems]
        if [*others, *found] != self.problems:
            self.problems = [*others, *found]
            self._changed()


def followed(db: sqlite3.Connection) -> _Followed:
    """Return which desired state this disk follows."""
    row = db.execute("SELECT desired_incarnation, desired_serial, desired_hash FROM agent").fetchone()
    return _Followed(None if row[0] is None else UUID(bytes=row[0]), row[1], row[2])


def _follow(db: sqlite3.Connection, state: DesiredState, content: str) -> list[str] | None:
    """Follow a desired state: timeline, settings and serial together. None when it is the one followed already."""
    held = followed(db)
    if _is_older(state.incarnation, held.incarnation):
        raise DesiredRefused("it is from before HQ was restored")
    if state.incarnation == held.incarnation and state.serial <= held.serial:
        if state.serial < held.serial:
            raise DesiredRefused(f"serial {state.serial} is older than {held.serial}")
        if held.content != content:
            # HQ was put back to an earlier day and counts on from there: it hears of it and numbers beyond this one.
            raise DesiredRefused(f"serial {state.serial} is followed already and said something else")
        return None
    problems = replace_timeline(db, state.timeline, state.settings.store)
    agent_row.keep_settings(db, state.settings)
    shares.keep(db, state.budgets)
    listing.want(db, state.pictures)
    db.execute(
        "UPDATE agent SET desired_serial = ?, desired_incarnation = ?, desired_hash = ?, parked = ?",
        (state.serial, state.incarnation.bytes, content, state.parked),
    )
    return problems


def _is_older(incarnation: UUID, held: UUID | None) -> bool:
    """Tell whether an incarnation of HQ came before the one held. Only ids that carry their time can be compared."""
    if held is None or incarnation == held or incarnation.version != 7 or held.version != 7:
        return False
    return incarnation.int < held.int
