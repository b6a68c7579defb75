"""Histories of stored value and coupons: tills ask, hold, pay and give up while wires, power and head office fail.

Messages are lost, doubled, late and in any order; a till loses its power, and head office its database connection,
between any two writes. After each step the ledger must hold; in the end each paid sale has been paid once.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import event as sql_event
from sqlmodel import select

from cloud.coupons import batches, settling
from cloud.database.commits import open_commit
from cloud.errors import Refused
from cloud.ingest.questions import Answers
from cloud.ledger.proof import prove
from cloud.members.models import Member, StoreMember
from cloud.value import allowances as office_allowances
from cloud.value import card_returns, purses, rules, timing_out
from cloud.value.models import PurseReturn
from cloud.value.topping_up import TopUp, top_up
from edge_agent.disk import agent_row
from edge_agent.hq import member_set
from shared.topics import up_topic
from shared.value import Allowance, ValueRule
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import MemberOnSale
from shared.wire.messages import Answer, AnyAnswer, AnyAsk, Question, encode_message
from tests.cloud.members_data import vault
from tests.factories import make_sale
from tests.promises.simulation.box import Box
from tests.promises.simulation.counter import PROMOTION, Basket, Counter
from tests.promises.simulation.history import History
from tests.promises.simulation.office import MEMBERS, STORES, BooksPlace, HeadOffice, rows
from tests.promises.simulation.wire import UP, Packet

TOPPED_UP = 60_000
COUPONS = 6
_ITEMS = ("1001", "1002", "1004")
_DAY_S = 24 * 3600
_HALF_HOUR_S = 1800


class OfficeCut(BaseException):
    """Head office is gone in the middle of something. No code of its own gets to see that."""


class OfficeFuse:
    """Blows after so many statements and commits; never while it is not lit."""

    def __init__(self) -> None:
        self._left: int | None = None
        self.wrote = True

    def light(self, moments: int) -> None:
        self._left = moments

    def put_out(self) -> None:
        self._left = None

    def burn(self) -> None:
        if self._left == 0:
            self._left = None
            raise OfficeCut
        if self._left is not None:
            self._left -= 1


class ValueOffice(HeadOffice):
    """A head office that answers tills, and whose power may go between any two of its statements."""

    fuse: OfficeFuse

    def _answering(self) -> Callable[[str, Question], AnyAnswer | None]:
        self.fuse = OfficeFuse()

        @sql_event.listens_for(self.database.engine, "before_cursor_execute")
        def _(*_args: object) -> None:
            self.fuse.burn()

        @sql_event.listens_for(self.database.engine, "commit")
        def _(_connection: object) -> None:
            self.fuse.burn()
            self.fuse.wrote = True

        return Answers(self.database, _Business(self), vault(), self._clock)

    def found(self, now_ms: int) -> list[str]:
        """Give every member a purse and money, and print coupons. Return the coupons' codes."""
        today = date(2026, 1, 1)
        with self.database.session() as session:
            rule = ValueRule(version=1, allowance_minor=2_000, allowance_hours=24)
            rules.publish(session, rule, actor="test", now_ms=now_ms)
            for member in MEMBERS:
                purse = purses.open_purse(
                    session, "s001", member=member, card=None, legal_entity="main", now_ms=now_ms
                ).id
                wanted = TopUp(id=self._mint(), purse=purse, minor=TOPPED_UP, store="s001", day=today, at_ms=now_ms)
                assert top_up(session, open_commit(session, now_ms), wanted, now_ms=now_ms).code == ""
                for store in STORES:
                    session.add(StoreMember(store_id=store, member_id=member, version=1, seen_ms=now_ms, digest=b""))
            batch = batches.NewBatch(
                id="b1", kind="codes", promotion=PROMOTION, starts=today, ends=date(2027, 12, 31), most=COUPONS
            )
            bits = random.Random(5).getrandbits
            batches.create(session, batch, bits, actor="test", now_ms=now_ms)
            return batches.give(
                session, open_commit(session, now_ms), "b1", [None] * COUPONS, bits, cause=self._mint(), today=today,
                at_ms=now_ms,
            )  # fmt: skip

    def issue(self, agent: str, members: tuple[UUID, ...], now_ms: int) -> dict[UUID, list[Allowance]]:
        """Give an agent allowances for members, and return what it may use now."""
        with self.database.session() as session:
            moment = office_allowances.Moment(self._clock.wall_ms(), now_ms, date(2026, 1, 1))
            office_allowances.issue(session, agent, moment, self._mint)
        with self.database.snapshot() as session:
            return office_allowances.of_agent(session, agent, members)

    def give_back(self, member: UUID, now_ms: int, *, approve: bool) -> str:
        """Apply for a member's stored value to be paid back or, where that waits, decide. Return what came of it."""
        with self.database.session() as session:
            purse = purses.find(session, member=member, card=None, currency="CNY")
            assert purse is not None
            waits = session.exec(
                select(PurseReturn).where(PurseReturn.purse_id == purse.id, PurseReturn.state == card_returns.APPLIED)
            ).first()
            try:
                if waits is None:
                    asked = card_returns.Application(id=self._mint(), purse=purse.id, store="s001", by="ann")
                    return card_returns.apply(session, asked, now_ms=now_ms).state
                when = {"at_ms": now_ms, "now_ms": now_ms}
                commit_no = open_commit(session, now_ms)
                return card_returns.decide(session, commit_no, waits.id, by="bob", approve=approve, **when).state
            except Refused as refusal:
                session.rollback()
                return refusal.code

    def free(self) -> None:
        """Free what has ended, as the jobs do."""
        with self.database.session() as session:
            timing_out.free_ended(session, self._clock.wall_ms())
        with self.database.session() as session:
            settling.free_lapsed(session, self._clock.wall_ms())


class _Business:
    def __init__(self, office: ValueOffice) -> None:
        self._office = office

    def now_ms(self) -> int:
        return self._office._clock.wall_ms()


class Line:
    """How a till asks: its question may get lost, be heard twice or late, and so may the answer."""

    def __init__(self, history: ValueHistory, agent: str) -> None:
        self._history = history
        self._agent = agent

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        history = self._history
        asked = Question(
            id=history.mint(), agent=self._agent, connection=history.mint(), at_ms=history.business.now_ms(),
            sent_ms=history.clock.wall_ms(), epoch=history.mint(), question=question, deadline_ms=800, body=body,
        )  # fmt: skip
        packet = Packet(UP, up_topic(self._agent, asked.KIND), encode_message(asked))  # type: ignore[arg-type]
        fate = history.rng.choice(("heard", "heard", "heard", "doubled", "late", "unanswered", "lost"))
        if fate in {"late", "doubled"}:
            history.wire.put(packet)
        if fate in {"late", "lost"}:
            return None
        answered = [one for one in history.tell_office([packet]) if isinstance(one, Answer)]
        return answered[0].body if answered and fate != "unanswered" else None


class ValueHistory(History):
    """Stores whose customers pay with what head office keeps for them."""

    office: ValueOffice

    def __init__(self, folder: Path, make_place: Callable[[Path], BooksPlace], seed: int) -> None:
        super().__init__(folder, make_place, seed)
        self.mint = self.customers.mint
        self.codes = self.office.found(self.business.now_ms())
        self.restored = False
        self.counters = [
            Counter(box, till, Line(self, box.agent), self.clock, self.business.now_ms, self.mint)
            for box in self.boxes
            for till in box.tills
        ]

    def _open_office(self, place: BooksPlace) -> ValueOffice:
        return ValueOffice(place, self.clock, seed=1000)

    def check_office(self) -> None:
        """The books are checked after each step, not after each message."""

    @contextmanager
    def _office_survives(self) -> Iterator[None]:
        """Let head office lose its power: what it was about is undone, and nothing said."""
        try:
            yield
        except OfficeCut:
            self.office.fuse.put_out()
            self._say("head office loses its power")

    def tell_office(self, packets: list[Packet]) -> list[object]:
        with self._office_survives():
            return list(self.office.hear(packets))
        return []

    def _office_hears(self, packets: object) -> None:
        with self._office_survives():
            super()._office_hears(packets)  # type: ignore[arg-type]

    # What customers do

    def _counter(self, number: int) -> Counter:
        counter = self.counters[number % len(self.counters)]
        if not counter.box.is_on:
            counter.box.start()
        return counter

    def come(self, number: int) -> None:
        """Somebody puts goods on the belt and wants to pay with their stored value, some of it or all."""
        counter = self._counter(number)
        if counter.basket is None:
            lines = [(item, self.rng.randint(1, 4)) for item in self.rng.sample(_ITEMS, self.rng.randint(1, 2))]
            member = self.rng.choice(MEMBERS)
            total = make_sale(lines, member=MemberOnSale(member=member)).total_minor
            value = total if self.rng.random() < 0.5 else self.rng.randint(1, total)
            counter.basket = Basket(self.mint(), self.mint(), member, lines, value)

    def ask(self, number: int) -> None:
        counter = self._counter(number)
        if counter.box.is_on:
            counter.ask()

    def claim(self, number: int) -> None:
        counter = self._counter(number)
        if counter.box.is_on:
            counter.claim(self.rng.choice(self.codes))

    def pay(self, number: int) -> None:
        counter = self._counter(number)
        if counter.box.is_on:
            counter.pay()
            self._say(f"counter {number} pays: {len(counter.paid)} paid now")

    def give_up(self, number: int) -> None:
        counter = self._counter(number)
        if counter.box.is_on:
            counter.give_up()

    def release(self, number: int) -> None:
        counter = self._counter(number)
        if counter.box.is_on:
            counter.release()

    # What head office does

    def issue(self, number: int) -> None:
        """Head office gives a store something ahead; the store may hear of it."""
        box = self._box(number)
        with self._office_survives():
            given = self.office.issue(box.agent, MEMBERS, self.business.now_ms())
            if box.is_on and self.rng.random() < 0.8:
                put = [KnownMember(member=one, cards=[], allowances=given.get(one, [])) for one in MEMBERS]
                incarnation = self.office.incarnation()

                def take(db: sqlite3.Connection) -> bool:
                    base = member_set.version(db)
                    step = MemberStep(agent=box.agent, incarnation=incarnation, base=base, version=base + 1, put=put)
                    return member_set.apply_step(db, step)

                box._guarded(box.disk.run(take))

    def give_back(self, number: int) -> None:
        """Somebody wants their stored value paid back, or head office decides about it."""
        with self._office_survives():
            member, approve = MEMBERS[number % len(MEMBERS)], self.rng.random() < 0.7
            self._say(f"{member} gives back: {self.office.give_back(member, self.business.now_ms(), approve=approve)}")

    def free(self) -> None:
        with self._office_survives():
            self.office.free()

    def merge(self, pair: int) -> None:
        with self._office_survives():
            super().merge(pair)

    def be_cut_off(self) -> None:
        """For half an hour nothing passes, and then head office frees what has ended."""
        self.wire.wipe()
        self.wait(_HALF_HOUR_S)
        self.free()
        self._say("cut off for half an hour")

    def light_office_fuse(self, moments: int) -> None:
        self.office.fuse.light(moments)
        self._say(f"head office will lose its power at statement {moments}")

    def beat(self, number: int) -> None:
        """A box hears the time and says how it stands."""
        box = self._box(number)
        if box.is_on:
            self._set_time(box)
        if box.is_on:
            box.beat()

    def _set_time(self, box: Box) -> None:
        wall_ms = self.clock.wall_ms()
        box._guarded(box.disk.run(lambda db: agent_row.note_hq_time(db, 0, wall_ms)))

    # What must hold

    def check(self) -> None:
        """The ledger holds at any moment, and nobody's money is below nothing."""
        fuse = self.office.fuse
        fuse.put_out()
        if not fuse.wrote:
            return
        fuse.wrote = False
        with self.office.database.snapshot() as session:
            proof = prove(session)
            assert proof.holds, proof
            if not self.restored:
                assert not proof.by_kind.get("shortfall"), f"value was spent twice: {proof.by_kind}"
                assert not rows(session, "SELECT code FROM coupon_conflict"), "a coupon was used twice"

    def settle(self) -> None:
        """Let everybody finish, and everything end that nobody finishes."""
        self.office.fuse.put_out()
        for counter in self.counters:
            counter.box.fuse.put_out()
            if not counter.box.is_on:
                counter.box.start()
            counter.give_up()
        for _ in range(2):
            self.heal()
            self.wait(2 * _DAY_S)
            for box in self.boxes:
                self.beat(box.number)
            while self.wire.on_its_way:
                self._arrive(self.wire.take(range(len(self.wire.on_its_way))))
            self.free()
        self.check()

    def judge(self) -> None:
        """Each sale was paid in full, once, by whom it says; what is left is what was topped up less what was paid."""
        paid = {sale.id: basket for counter in self.counters for sale, basket in counter.paid}
        with self.office.database.snapshot() as session:
            posted = {_uuid(sale): (int(amount), int(short)) for sale, amount, short in rows(session, _POSTED)}
            parked = rows(session, "SELECT event_id, code, reason FROM parked_event")
            assert not parked, parked
            assert posted.keys() == paid.keys(), (posted, list(paid))
            for sale, basket in paid.items():
                amount, short = posted[sale]
                assert amount == basket.value, f"sale {sale} took {amount} of {basket.value}"
                assert self.restored or not short
            assert not rows(session, "SELECT id FROM hold WHERE state = 'held'"), "something is still set aside"
            by_kind = prove(session).by_kind
            left = sum(by_kind.get(kind, {}).get("CNY", 0) for kind in ("purse_principal", "purse_gift"))
            merged = {str(one) for one in MEMBERS if session.get_one(Member, one).merged_into is not None}
            stranded = [row for row in rows(session, _HELD) if row.owner in merged]
            assert not stranded, f"nobody can spend what lies with members who are somebody else: {stranded}"
            shut = rows(session, _SHUT)
            assert not shut, f"nobody can spend, or have paid out, what lies in purses that are closed: {shut}"
            short = sum(short for _, short in posted.values())
            paid_back = by_kind.get("value_paid_back", {}).get("CNY", 0)
            assert left == TOPPED_UP * len(MEMBERS) - sum(one.value for one in paid.values()) + short - paid_back


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


_HELD = """
SELECT owner, kind, balance.amount FROM account JOIN balance ON balance.account_id = account.id
WHERE balance.amount <> 0
"""
_SHUT = """
SELECT purse.owner, account.kind, balance.amount FROM purse JOIN account ON account.owner = purse.owner
JOIN balance ON balance.account_id = account.id WHERE purse.state = 'returned' AND balance.amount > 0
"""
_POSTED = """
SELECT sale_id, sum(amount), sum(CASE WHEN shortfall THEN amount ELSE 0 END)
FROM spending WHERE unit = 'CNY' GROUP BY sale_id
"""
