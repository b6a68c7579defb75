"""The ingest worker: drains what MQTT brought, has it applied in groups, and answers after the commit.

Three threads: the network's, which only fills the inbox; the main one, which handles; and the one that renews shard
leases and tells agents what they have not asked for. A group is whatever waits when the last one is done, so a
single sale never waits for company.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.database.transience import is_transient
from cloud.errors import Unavailable
from cloud.ingest.exchange import Addressed, Exchange
from cloud.ingest.inbox import Heard, Inbox
from cloud.ingest.leases import RENEW_S, Leases
from cloud.ingest.opening import Unopened, open_heard
from cloud.ingest.roster import Roster
from cloud.mqtt import Bus
from shared.codec import CodecError
from shared.topics import down_topic, ingest_filter, shard_of
from shared.wire.messages import DownlinkMessage, encode_message

_IDLE_S = 0.25
_AT_ONCE = 50
"""Agents that are told of a change in one transaction: many share its cost, and nobody waits long for it."""
_LONGEST_WAIT_S = 5.0

log = structlog.get_logger()


class Worker:
    """One ingest worker's share of the chain's agents."""

    def __init__(
        self,
        *,
        make_bus: Callable[[Callable[[str, bytes], None], Callable[[], None]], Bus],
        exchange: Exchange,
        leases: Leases,
        roster: Roster,
        inbox: Inbox,
        group: int,
        look_every_s: float = RENEW_S,
    ) -> None:
        """Leases are renewed with every look, so `look_every_s` is never more than `RENEW_S`."""
        self._inbox = inbox
        self._bus = make_bus(inbox.put, self._reconnected)
        self._exchange = exchange
        self._leases = leases
        self._roster = roster
        self._group = group
        self._look_every_s = look_every_s
        self._stopping = threading.Event()
        self._greet_all = threading.Event()
        self._heard: frozenset[str] = frozenset()
        self._dropped = 0

    def stop(self) -> None:
        """Have `run` finish what it is doing and return."""
        self._stopping.set()
        self._inbox.wake()

    def run(self) -> None:
        """Work until stopped."""
        with self._bus:
            caretaker = threading.Thread(target=self._take_care, name="caretaker", daemon=True)
            caretaker.start()
            failures = 0
            while not self._stopping.is_set():
                failures = 0 if self._one_group() else failures + 1
                if failures:
                    ceiling = min(_LONGEST_WAIT_S, 0.1 * 2 ** min(failures, 8))
                    self._stopping.wait(random.uniform(0.05, ceiling))  # noqa: S311 - jitter
            caretaker.join(timeout=10)

    def _one_group(self) -> bool:
        heard = self._inbox.take(self._group, _IDLE_S)
        if not heard:
            return True
        addressed, unopened = self._open(heard)
        try:
            self._say(self._answers(self._ours(addressed)))
        except (SQLAlchemyError, Unavailable) as error:
            # Nothing was committed, so nothing is said; the agents send again.
            log.warning("database away, group dropped", messages=len(heard), reason=type(error).__name__)
            return False
        self._say(
            self._exchange.rejection(one.agent, one.connection, one.epoch, one.first, one.reason)
            for one in unopened
            if one.connection
        )
        return True

    def _answers(self, group: list[Addressed]) -> list[DownlinkMessage]:
        """Handle a group, or, when something in it fails, its halves, down to the message that fails alone.

        What one agent sends must never keep HQ from hearing the others, so that message is passed over, loudly. A
        database that is away says nothing about the messages and is raised.
        """
        try:
            return self._exchange.answer(group)
        except Exception as error:
            if _is_passing(error):
                raise
            if len(group) == 1:
                log.exception("message passed over", agent=group[0].agent, kind=group[0].message.KIND)
                return []
            log.warning("group failed, trying its halves", messages=len(group), reason=type(error).__name__)
        middle = len(group) // 2
        return self._answers(group[:middle]) + self._answers(group[middle:])

    def _ours(self, addressed: list[Addressed]) -> list[Addressed]:
        """Leave out what belongs to another worker by now: this one may have been stopped for a while."""
        held = self._leases.held or self._renewed()
        return [one for one in addressed if shard_of(one.agent) in held]

    def _renewed(self) -> frozenset[str]:
        self._leases.turn()
        return self._leases.held

    def _open(self, heard: Iterable[Heard]) -> tuple[list[Addressed], list[Unopened]]:
        addressed: list[Addressed] = []
        unopened: list[Unopened] = []
        for one in heard:
            opened = open_heard(one)
            if isinstance(opened, Unopened):
                log.warning("message not opened", topic=one.topic, reason=opened.reason)
                unopened.append(opened)
            else:
                addressed.append(opened)
        return addressed, unopened

    def _say(self, messages: Iterable[DownlinkMessage]) -> None:
        for message in messages:
            try:
                content = encode_message(message)
            except CodecError:
                log.exception("message too large for the wire", agent=message.agent)
                continue
            self._bus.publish(down_topic(message.agent, message.KIND), content, qos=message.QOS)  # type: ignore[arg-type]

    def _reconnected(self) -> None:
        """Runs in the network thread: what it asks for is done by the caretaker."""
        self._greet_all.set()

    def _take_care(self) -> None:
        while not self._stopping.is_set():
            try:
                self._care()
            except Exception as error:
                # Whatever it is, the leases must go on being renewed: without them this worker hears nobody.
                log.warning(
                    "caretaker waits", reason=type(error).__name__, exc_info=None if _is_passing(error) else error
                )
            self._note_drops()
            self._stopping.wait(self._look_every_s)
        self._give_up()

    def _care(self) -> None:
        self._leases.turn()
        # A turn that waited for the database longer than a lease lasts is over before it counts. Try another before
        # this worker stops listening: what agents say meanwhile would be lost.
        held = self._leases.held or self._renewed()
        gained, lost = held - self._heard, self._heard - held
        self._bus.unsubscribe(ingest_filter(shard) for shard in sorted(lost))
        self._bus.subscribe(ingest_filter(shard) for shard in sorted(gained))
        self._heard = held
        if gained or lost:
            log.info("shards", held=len(held), gained=len(gained), lost=len(lost))
        greet = held if self._greet_all.is_set() else gained
        self._greet_all.clear()
        greeted = self._roster.agents_of(greet)
        for present in greeted:
            self._say(self._exchange.standing(present.id, present.connection))
        self._tell([present.id for present in greeted])
        self._tell(self._roster.due(held))

    def _tell(self, agents: Sequence[str]) -> None:
        """Tell agents what they lack; what goes wrong over one agent's report is not the others' loss.

        Who was told something is looked at again, until nothing is lacking: a message may be lost on its way.
        """
        for start in range(0, len(agents), _AT_ONCE):
            group = agents[start : start + _AT_ONCE]
            try:
                messages = self._exchange.unasked(group)
                self._say(messages)
                self._roster.told({message.agent for message in messages})
            except Exception as error:
                if _is_passing(error):
                    self._roster.not_told(agents[start:])
                    raise
                if len(group) == 1:
                    log.exception("agent not told", agent=group[0])
                    continue
                for agent in group:
                    self._tell([agent])

    def _give_up(self) -> None:
        try:
            self._leases.give_up()
        except SQLAlchemyError as error:
            log.info("leases not given back, they end by themselves", reason=type(error).__name__)

    def _note_drops(self) -> None:
        if self._inbox.dropped != self._dropped:
            log.warning("inbox full, agents will send again", dropped=self._inbox.dropped - self._dropped)
            self._dropped = self._inbox.dropped


def _is_passing(error: BaseException) -> bool:
    """Tell whether an error says only that the database is away for now."""
    return isinstance(error, Unavailable) or is_transient(error)
