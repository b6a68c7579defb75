"""One agent on one disk, driven step by step: the product's outbox, epochs, receipts, window and sender."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from edge_agent.clock import Clocks, DrivenBusinessClock
from edge_agent.disk import agent_row
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.link import LinkLost
from edge_agent.hq.send_window import Limits, Rest
from edge_agent.hq.sender import Sender
from edge_agent.record import first_start, outbox, receipts, retention, witness
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import Doorbell
from edge_agent.record.witness import Machine
from shared.ids import UuidMint
from shared.topics import up_topic
from shared.wire.desired import StoreSettings, Till
from shared.wire.events import Event, Receipt, SaleCompleted, SaleReturned, SaleVoided
from shared.wire.messages import Ack, Answer, Fork, Message, Reject, Reported, decode_downlink, encode_message
from tests.factories import ZONE, DrivenMachineClock
from tests.promises.simulation.disk import Disk, Fuse, PowerCut
from tests.promises.simulation.wire import UP, Packet, Wire

R = TypeVar("R", SaleCompleted, SaleReturned, SaleVoided)
RETAIN_DAYS = 35
LIMITS = Limits(batch_events=4, window_batches=3)
_STALLED_SECONDS = 90.0
_STEPS = 200
_AT_MOST = 5
"""Events pruned at once: so few that a history sees a half-pruned epoch."""


@dataclass
class Past:
    """What happened on a disk, as the model knows it: copied with the disk, and never asked of the product."""

    ever: set[UUID] = field(default_factory=set)
    """Events that were committed on it."""
    pruned: dict[UUID, tuple[UUID, int]] = field(default_factory=dict)
    """Events that it forgot, and the epoch and number they had then."""

    def copy(self) -> Past:
        return Past(set(self.ever), dict(self.pruned))


@dataclass
class Copy:
    """A copy of a box's folder, taken at some moment."""

    folder: Path
    past: Past


class Box:
    """A mini PC. Switched off it is a folder; what `Run` runs are the product's coroutines."""

    def __init__(
        self,
        number: int,
        folder: Path,
        agent: str,
        store: str,
        *,
        wire: Wire,
        clocks: Clocks,
        run: Callable[..., Any],
        machine: Machine,
        seeds: Callable[[], int],
    ) -> None:
        self.number = number
        self.folder = folder
        self.agent = agent
        self.store = store
        self.machine = machine
        self.fuse = Fuse()
        self.past = Past()
        self.draining = False
        self._wire = wire
        self._clocks = clocks
        self._run = run
        self._seeds = seeds
        self._disk: Disk | None = None
        self._sender: Sender
        self._epochs: Epochs
        self._envelope: Envelope
        self._mint: UuidMint
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def is_on(self) -> bool:
        return self._disk is not None

    @property
    def tills(self) -> list[str]:
        return ["t1", "t2"]

    @property
    def disk(self) -> Disk:
        if self._disk is None:
            raise RuntimeError("the box is off")
        return self._disk

    @property
    def witness_path(self) -> Path:
        return self.folder / "witness.json"

    # Power

    def start(self) -> None:
        """Switch on, as `edge_agent.agent` does: claim or judge the disk, take HQ's settings, connect."""
        rng = random.Random(self._seeds())
        self._mint = UuidMint(self._clocks.machine.wall_ms, rng.randbytes)
        self._disk = Disk(self.folder / "agent.db", self.fuse)
        database: Any = self._disk
        doorbell = Doorbell()
        self._epochs = Epochs(
            database,
            self._clocks,
            self._mint,
            doorbell=doorbell,
            witness_path=self.witness_path,
            machine=self.machine,
        )
        self._sender = Sender(
            database, doorbell, self._clocks.machine, random=rng.random, epochs=self._epochs, limits=LIMITS
        )
        self._guarded(self._start())

    async def _start(self) -> None:
        sold_before = witness.read(self.witness_path) is not None
        fresh = await self.disk.run(
            lambda db: first_start.claim(db, self.agent, self.store, self._clocks, self._mint, sold_before=sold_before)
        )
        if fresh or not await self.disk.read(first_start.has_begun):
            await self._epochs.write_witness()
        else:
            await self._epochs.check_at_start()
        settings = self._settings()
        await self.disk.run(lambda db: agent_row.keep_settings(db, settings))
        await self.disk.run(lambda db: first_start.take_settings(db, settings, self._clocks, self._mint))
        self.connect()

    def cut(self) -> None:
        """Lose the power: what is committed stays, everything else is gone."""
        if self._disk is not None:
            self._disk.close()
        self._disk = None
        self.fuse.put_out()

    def _guarded(self, coroutine: Any) -> Any:
        """Run a coroutine of the product; a power cut in it ends the box, not the history."""
        try:
            return self._run(coroutine)
        except PowerCut:
            self.cut()
            return None

    # Trade

    def ring(self, till: str, make: Callable[[Receipt], R]) -> R | None:
        """Issue a receipt for what `make` builds. Return it if the till said paid, None if the power went first."""
        made: list[R] = []

        def keep(receipt: Receipt) -> R:
            made.append(make(receipt))
            return made[-1]

        return self._commit(lambda db: receipts.issue(db, till, keep, self._clocks.machine.wall_ms()), made)

    def note(self, event: Event) -> None:
        """Keep an event that has no receipt."""
        self._commit(lambda db: outbox.append(db, event, self._clocks.machine.wall_ms()), [event])

    def _commit(self, work: Callable[[sqlite3.Connection], Any], made: list[Any]) -> Any:
        disk, before = self.disk, self.disk.commits
        result = self._guarded(disk.run(work))
        if disk.commits > before:
            self.past.ever.add(made[-1].id)
        return result

    def prune(self, budget_bytes: int) -> None:
        """Forget acked events that are old, or all of them on a small budget."""
        before = self.kept()
        wall_ms = self._clocks.machine.wall_ms()
        try:
            self._run(
                self.disk.run(lambda db: retention.prune(db, wall_ms, RETAIN_DAYS, budget_bytes, at_most=_AT_MOST))
            )
        except PowerCut:
            self._forget(before)
            self.cut()
        else:
            self._forget(before)

    def _forget(self, before: Mapping[UUID, tuple[UUID, int]]) -> None:
        gone = before.keys() - self.kept().keys()
        self.past.pruned |= {event: before[event] for event in gone}

    def kept(self) -> Mapping[UUID, tuple[UUID, int]]:
        """Return the events on the disk with their epoch and number."""
        db = self.disk.db
        bases = db.execute("SELECT base, epoch FROM epoch WHERE base IS NOT NULL ORDER BY base").fetchall()
        places = {}
        for key, n in db.execute("SELECT id, n FROM event"):
            base, epoch = max(one for one in bases if one[0] < n)
            places[UUID(bytes=key)] = (UUID(bytes=epoch), n - base)
        return places

    def write_witness(self) -> None:
        self._guarded(self._epochs.write_witness())

    # The link

    def connect(self) -> None:
        """Begin a connection: hello comes first."""
        self._envelope = Envelope(self.agent, self._mint(), self._clocks, self._mint)
        self._sender._window.connected(self._clocks.machine.monotonic())

    def pump(self) -> None:
        """Send whatever the window allows now."""
        self._guarded(self._pump())

    async def _pump(self) -> None:
        window, link = self._sender._window, self
        window.grown()
        for _ in range(_STEPS):
            now = self._clocks.machine.monotonic()
            if window.silent_for(now) <= _STALLED_SECONDS and isinstance(window.step(now), Rest):
                return
            try:
                await self._sender._step(link, self._envelope, self._reported)  # type: ignore[arg-type]
            except LinkLost:
                self.connect()
        raise AssertionError("the sender never rests")

    async def _reported(self) -> Reported:
        return Reported(software="1", engine=1)

    async def send(self, message: Message) -> None:
        """Be the link: put a message on the wire."""
        self.fuse.burn()
        kind: Any = message.KIND
        self._wire.put(Packet(UP, up_topic(self.agent, kind), encode_message(message)))
        self.fuse.burn()

    def hear(self, content: bytes) -> None:
        """Take what head office said, as `edge_agent.hq.downlink` does."""
        message = decode_downlink(content)
        handlers = {Ack: self._sender.on_ack, Reject: self._sender.on_reject, Fork: self._sender.on_fork}
        if not isinstance(message, Answer):  # whoever asked has long given up waiting
            self._guarded(handlers[type(message)](message))  # type: ignore[index, arg-type]

    def beat(self) -> None:
        """Send a heartbeat."""
        self._guarded(self._beat())

    async def _beat(self) -> None:
        await self.send(await self._sender.state(self._envelope))

    def backlog(self) -> int:
        return outbox.backlog(self.disk.db).count

    # Disks come and go

    def copy_to(self, folder: Path) -> Copy:
        """Copy the folder as it is now, running or not."""
        folder.mkdir(parents=True)
        source = sqlite3.connect(self.folder / "agent.db")
        target = sqlite3.connect(folder / "agent.db")
        source.backup(target)
        target.close()
        source.close()
        if self.witness_path.exists():
            shutil.copy(self.witness_path, folder / "witness.json")
        return Copy(folder, self.past.copy())

    def put_back(self, copy: Copy, *, with_witness: bool) -> None:
        """Replace the database by an old copy; the witness stays, or comes from the copy too. The box is off then."""
        self.cut()
        shutil.copy(copy.folder / "agent.db", self.folder / "agent.db")
        if with_witness:
            self.witness_path.unlink(missing_ok=True)
            if (copy.folder / "witness.json").exists():
                shutil.copy(copy.folder / "witness.json", self.witness_path)
        self.past = copy.past.copy()

    def lose_disk(self) -> None:
        """A new disk in the same machine: everything is gone. The box is off then."""
        self.cut()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.past = Past()

    def lose_witness(self) -> None:
        self.witness_path.unlink(missing_ok=True)

    def _settings(self) -> StoreSettings:
        return StoreSettings(
            store=self.store,
            name=self.store,
            legal_entity="main",
            time_zone=ZONE,
            currency="CNY",
            day_cutoff_minutes=0,
            price_zone="main",
            retain_days=RETAIN_DAYS,
            tills=[Till(till=till, number=number) for number, till in enumerate(self.tills, start=1)],
        )


def make_clocks(machine: DrivenMachineClock) -> tuple[Clocks, DrivenBusinessClock]:
    """Return the two clocks of a history: the machine's, and business time that starts with it."""
    business = DrivenBusinessClock(machine.wall_ms())
    return Clocks(business, machine), business
