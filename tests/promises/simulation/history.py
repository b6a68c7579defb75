"""One history of a chain: what people, machines and wires may do to it, and what must hold whatever they do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from edge_agent.record.witness import Machine
from shared.topics import down_topic
from shared.wire.events import Event
from shared.wire.messages import Batch, decode_uplink, encode_message
from tests.factories import DrivenMachineClock, make_mint
from tests.promises.simulation.box import Box, Copy, make_clocks
from tests.promises.simulation.customers import Customers
from tests.promises.simulation.office import MEMBERS, STORES, UNKNOWN_CARDS, Backup, BooksPlace, HeadOffice, agents_of
from tests.promises.simulation.shuffling import check_any_order
from tests.promises.simulation.trail import Trail
from tests.promises.simulation.verdict import judge
from tests.promises.simulation.wire import UP, Packet, Wire

DAY_MS = 24 * 3600 * 1000
MAX_BOXES = 6
_CALM_ROUNDS = 60
_ROUND_MS = 2_000


class History:
    """Stores, their boxes, the wire, head office. Every method is something that may happen."""

    def __init__(self, folder: Path, make_place: Callable[[Path], BooksPlace], seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.clock = DrivenMachineClock()
        self.clocks, self.business = make_clocks(self.clock)
        self.wire = Wire()
        self._make_place = make_place
        self.office = self._open_office(make_place(folder / "office"))
        self.trail = Trail()
        self.customers = Customers(self.rng, self.business.now_ms, make_mint(self.clock.wall_ms, 2000))
        self.boxes: list[Box] = []
        self.copies: list[tuple[Box, Copy]] = []
        self.backups: list[Backup] = []
        self._told: list[str] = []
        self.agents_in_store = dict.fromkeys(STORES, 0)
        self._runner = asyncio.Runner()
        self._seeds = count(3000)
        self._folders = count(1)
        self._machines = count(1)
        for store in STORES:
            self._new_box(agents_of(store)[0], store).start()

    def _open_office(self, place: BooksPlace) -> HeadOffice:
        return HeadOffice(place, self.clock, seed=1000)

    def close(self) -> None:
        for box in self.boxes:
            box.cut()
        self.office.close()
        self._runner.close()

    @property
    def story(self) -> str:
        """What happened, in words, for whoever reads a failure."""
        return "\n  ".join(self._told)

    def _new_box(self, agent: str, store: str, machine: Machine | None = None) -> Box:
        box = Box(
            len(self.boxes),
            self.folder / f"box{next(self._folders)}",
            agent,
            store,
            wire=self.wire,
            clocks=self.clocks,
            run=self._runner.run,
            machine=machine or Machine(system=f"machine-{next(self._machines)}"),
            seeds=lambda: next(self._seeds),
        )
        self.boxes.append(box)
        return box

    def _box(self, number: int, *, on: bool = True) -> Box:
        box = self.boxes[number % len(self.boxes)]
        if on and not box.is_on:
            box.start()
        return box

    # Trade

    def sell(self, number: int) -> None:
        """Somebody buys something."""
        box = self._box(number)
        if box.draining or not box.is_on:
            return
        till = self.rng.choice(box.tills)
        member, card = self.customers.card()
        make = self.customers.buy(box.store, till, member)
        sale = box.ring(till, lambda receipt: self.trail.issue(make(receipt), box.agent, card))
        self._say(f"sale at box {number}: {sale.id if sale else 'power cut'}")
        if sale is not None:
            self.trail.paid.add(sale.id)
            self.customers.sales.append(sale)

    def bring_back(self, number: int, sale: int) -> None:
        """Somebody brings goods back, anywhere."""
        box = self._box(number)
        if not self.customers.sales or box.draining or not box.is_on:
            return
        till = self.rng.choice(box.tills)
        original = self.customers.sales[sale % len(self.customers.sales)]
        make = self.customers.bring_back(box.store, till, original)
        if make is None:
            return
        returned = box.ring(till, lambda receipt: self.trail.issue(make(receipt), box.agent))
        self._say(f"return at box {number} of {original.id}: {returned.id if returned else 'power cut'}")
        if returned is not None:
            self.trail.paid.add(returned.id)

    def void(self, number: int) -> None:
        box = self._box(number)
        if box.draining or not box.is_on:
            return
        till = self.rng.choice(box.tills)
        make = self.customers.void(box.store, till)
        box.ring(till, lambda receipt: self.trail.issue(make(receipt), box.agent))
        self._say(f"void at box {number}")

    def swipe(self, number: int) -> None:
        box = self._box(number)
        if box.draining or not box.is_on:
            return
        event: Event = self.customers.swipe(box.store, self.rng.choice(box.tills))
        box.note(self.trail.issue(event, box.agent))
        self._say(f"swipe at box {number}")

    def register(self, card: int) -> None:
        """Head office learns whose a card is."""
        number = UNKNOWN_CARDS[card % len(UNKNOWN_CARDS)]
        member = MEMBERS[card % len(MEMBERS)]
        self.office.register(number, member)
        self._say(f"card {number} registered")

    def merge(self, pair: int) -> None:
        """Head office finds that two members are one person; tills go on with what they know."""
        keep, gone = MEMBERS[pair % len(MEMBERS)], MEMBERS[(pair // len(MEMBERS) + pair + 1) % len(MEMBERS)]
        if keep != gone:
            self.office.merge(keep, gone)
            self._say(f"members {gone.int} and {keep.int} are one: {self.office.merged.get(gone) == keep}")

    # The wire

    def pump(self, number: int) -> None:
        """A box sends what it may."""
        box = self._box(number)
        if box.is_on:
            box.pump()

    def deliver(self, places: Sequence[int]) -> None:
        """Some packets arrive, those for head office as one group."""
        self._arrive(self.wire.take(places))

    def _arrive(self, packets: Sequence[Packet]) -> None:
        up = [packet for packet in packets if packet.to == UP]
        if up:
            self._office_hears(up)
        for packet in packets:
            if packet.to != UP and self.boxes[packet.to].is_on:
                self.boxes[packet.to].hear(packet.content)

    def _office_hears(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            message = decode_uplink(packet.content)
            if isinstance(message, Batch):
                self.trail.arrived(message)
        for answer in self.office.hear(packets):
            topic, content = down_topic(answer.agent, answer.KIND), encode_message(answer)  # type: ignore[arg-type]
            for box in self.boxes:
                if box.agent == answer.agent:
                    # A clone has the same name and hears everything that is said to it.
                    self.wire.put(Packet(box.number, topic, content))
        self.check_office()

    def converse(self, number: int) -> None:
        """For once the wire is good."""
        for _ in range(3):
            self.pump(number)
            self.deliver(range(len(self.wire.on_its_way)))

    def drop(self, places: Sequence[int]) -> None:
        self.wire.take(places)

    def double(self, place: int) -> None:
        self.wire.double(place)

    def wipe_broker(self) -> None:
        self.wire.wipe()
        self._say("broker wiped")

    def reconnect(self, number: int) -> None:
        box = self._box(number)
        if box.is_on:
            box.connect()
            self._say(f"box {number} reconnects")

    def wait(self, seconds: int) -> None:
        """Time passes: time-outs fall due."""
        self.clock.advance(seconds * 1000)
        self.business.set(self.business.now_ms() + seconds * 1000)

    def wait_days(self, days: int) -> None:
        self.wait(days * DAY_MS // 1000)
        self._say(f"{days} days pass")

    # What goes wrong

    def light_fuse(self, number: int, moments: int) -> None:
        """The box will lose its power in the middle of something."""
        box = self._box(number)
        box.fuse.light(moments)
        self._say(f"box {number} will lose power at moment {moments}")

    def cut_power(self, number: int) -> None:
        self._box(number, on=False).cut()
        self._say(f"box {number} loses power")

    def write_witness(self, number: int) -> None:
        box = self._box(number)
        if box.is_on:
            box.write_witness()

    def copy_disk(self, number: int) -> None:
        """Somebody images a disk."""
        box = self._box(number)
        if box.is_on:
            self.copies.append((box, box.copy_to(self.folder / f"copy{next(self._folders)}")))
            self._say(f"copy {len(self.copies) - 1} of box {number}")

    def restore_disk(self, which: int, *, with_witness: bool) -> None:
        """An image is put back."""
        if self.copies:
            box, copy = self.copies[which % len(self.copies)]
            box.put_back(copy, with_witness=with_witness)
            self._say(f"box {box.number} restored from copy {which % len(self.copies)}, witness {with_witness}")
            box.start()

    def clone(self, which: int, *, same_machine: bool) -> None:
        """An image runs in a second machine while the first goes on."""
        if not self.copies or len(self.boxes) >= MAX_BOXES:
            return
        box, copy = self.copies[which % len(self.copies)]
        twin = self._new_box(box.agent, box.store, box.machine if same_machine else None)
        twin.put_back(copy, with_witness=True)
        self._say(f"box {twin.number} is a clone of box {box.number} from copy {which % len(self.copies)}")
        twin.start()

    def lose_witness(self, number: int) -> None:
        box = self._box(number, on=False)
        box.cut()
        box.lose_witness()
        self._say(f"box {number} loses its witness")

    def replace_disk(self, number: int) -> None:
        box = self._box(number, on=False)
        box.lose_disk()
        self._say(f"box {number} gets a new disk")

    def lose_database(self, number: int) -> None:
        """The database is gone, the witness is not."""
        box = self._box(number, on=False)
        witness = box.witness_path.read_bytes() if box.witness_path.exists() else None
        box.lose_disk()
        if witness is not None:
            box.witness_path.write_bytes(witness)
        self._say(f"box {number} loses its database")

    def replace_agent(self, number: int) -> None:
        """A store gets another mini PC; the old one only drains."""
        old = self.boxes[number % len(self.boxes)]
        known = agents_of(old.store)
        following = self.agents_in_store[old.store] + 1
        if following >= len(known) or len(self.boxes) >= MAX_BOXES:
            return
        self.agents_in_store[old.store] = following
        for box in self.boxes:
            if box.store == old.store:
                box.draining = True
        fresh = self._new_box(known[following], old.store)
        self._say(f"box {fresh.number} replaces {old.agent}")
        fresh.start()

    def prune(self, number: int, *, everything: bool) -> None:
        box = self._box(number)
        if box.is_on:
            box.prune(0 if everything else 1 << 40)
            self._say(f"box {number} prunes, now {len(box.past.pruned)} forgotten")

    def back_up_office(self) -> None:
        self.backups.append(self.office.back_up())
        self._say(f"backup {len(self.backups) - 1} of head office")

    def restore_office(self, which: int, *, told: bool = True) -> None:
        """A backup is put back, and head office may not be told of it."""
        if self.backups:
            self.office.put_back(self.backups[which % len(self.backups)], told=told)
            self._say(f"head office restored from backup {which % len(self.backups)}, told {told}")
            self.check_office()

    def _say(self, words: str) -> None:
        self._told.append(words)

    # What must hold

    def check(self) -> None:
        """Check what must hold at any moment."""
        self.trail.check_boxes(self.boxes, self.office)

    def check_office(self) -> None:
        self.trail.check_office(self.office)

    def heal(self) -> None:
        """Let everything be on and the wire be good until nobody has anything left to say."""
        for box in self.boxes:
            box.fuse.put_out()
        for _ in range(2):
            for box in self.boxes:
                if not box.is_on:
                    box.start()
                box.connect()
            self._calm_down()
        self.check()

    def _calm_down(self) -> None:
        for _ in range(_CALM_ROUNDS):
            for box in self.boxes:
                box.pump()
            if not self.wire.on_its_way:
                if all(box.backlog() == 0 for box in self.boxes):
                    return
                self.wait(_ROUND_MS // 1000)
            while self.wire.on_its_way:
                self._arrive(self.wire.take(range(len(self.wire.on_its_way))))
        backlogs = {box.number: box.backlog() for box in self.boxes}
        raise AssertionError(f"the chain does not come to rest: backlogs {backlogs}")

    def judge(self) -> None:
        """Check what must hold in the end, and that another order of arrival would have ended in the same books."""
        books = judge(self.trail, self.boxes, self.office)
        fresh = HeadOffice(self._make_place(self.folder / "again"), self.clock, seed=5000)
        try:
            check_any_order(self.trail, books, self.office, fresh, self.rng.randrange(1 << 30))
        finally:
            fresh.close()
