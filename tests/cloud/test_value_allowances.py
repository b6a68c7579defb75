"""Allowances: out of the balance when issued, drawn on by late sales, never more in all stores than there is."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.fleet.agents import GRACE_MS
from cloud.fleet.models import Agent, AgentEpoch
from cloud.ledger.models import Hold
from cloud.ledger.proof_of_lots import by_kind
from cloud.ledger.reading import points_of
from cloud.members import blocks
from cloud.members.sets import refresh
from cloud.members.sight import look_at
from cloud.members.stepper import member_step
from cloud.value.allowances import Moment, issue
from cloud.value.card_returns import Application, apply, decide
from cloud.value.timing_out import free_by_force, free_ended
from shared.hashchain import GENESIS
from shared.value import Allowance
from shared.wire.events import MemberOnSale, SaleCompleted, Tender, TenderKind
from shared.wire.messages import Held
from tests.cloud.members_data import AGENTS, take, vault
from tests.cloud.test_value_sales import Chain, heard
from tests.factories import START_MS, make_mint, make_sale, new_id

HOUR_MS = 3_600_000
mint = make_mint(seed=31)


class Offline(Chain):
    """A chain whose stores may spend a little of their members' value on their own."""

    def __init__(self, database: Database, **rule: object) -> None:
        super().__init__(database)
        self.publish(**{"allowance_minor": 3_000, "allowance_hours": 24, "allowance_percent": 100, **rule})
        self.epochs = {store: self.open_epoch(store) for store in AGENTS}
        for store in AGENTS:
            self.visit(store)

    def open_epoch(self, store: str, opened_ms: int = START_MS) -> UUID:
        epoch = mint()
        with self.database.session() as session:
            row = AgentEpoch(
                agent_id=AGENTS[store], epoch=epoch, watermark=0, head=GENESIS, opened_ms=opened_ms, reason=""
            )
            session.add(row)
        return epoch

    def visit(self, store: str) -> None:
        """Have Ann shop there, so that the store knows her."""
        self.number += 1
        sale = make_sale(store=store, number=self.number, series=f"{store}-1", member=MemberOnSale(member=self.ann))
        assert take(self.database, [sale]) == {}
        with self.database.session() as session:
            refresh(session, today=date(2026, 6, 30))

    def issue(self, store: str = "s001", now_ms: int = START_MS) -> int:
        with self.database.session() as session:
            moment = Moment(now_ms, now_ms, date(2026, 1, 1))
            return issue(session, AGENTS[store], moment, mint)

    def told(self, store: str = "s001") -> list[Allowance]:
        """Return what the store's agent hears about Ann."""
        with self.database.session() as session:
            refresh(session, today=date(2026, 6, 30))
        with self.database.snapshot() as session:
            step = member_step(session, vault(), session.get_one(Agent, AGENTS[store]), 0, today=date(2026, 6, 30))
        assert step is not None
        return next(one.allowances for one in step.put if one.member == self.ann)

    def holds(self) -> dict[str, int]:
        hold = table_of(Hold)
        with self.database.snapshot() as session:
            rows = session.execute(select(hold.c.store_id, hold.c.amount).where(hold.c.state == "held")).all()
        return {row.store_id: row.amount for row in rows}


def test_an_allowance_leaves_the_balance_when_it_is_issued_and_its_agent_hears_of_it(database: Database) -> None:
    chain = Offline(database)
    chain.top_up(5_000)
    assert (chain.issue("s001"), chain.issue("s001")) == (1, 0)
    assert chain.issue("s002") == 1
    assert chain.holds() == {"s001": 3_000, "s002": 2_000}
    assert chain.money == (0, 0)
    (one,) = chain.told("s001")
    assert (one.unit, one.amount, one.epoch) == ("CNY", 3_000, chain.epochs["s001"])
    assert one.valid_until_ms == START_MS + 24 * HOUR_MS
    assert [two.amount for two in chain.told("s002")] == [2_000]
    chain.prove()


def test_a_store_is_given_ahead_no_more_than_its_share_so_that_the_rest_can_be_spent_elsewhere(
    database: Database,
) -> None:
    chain = Offline(database, allowance_percent=50)
    chain.top_up(5_000)
    assert (chain.issue("s001"), chain.issue("s001"), chain.issue("s002")) == (1, 0, 1)
    assert chain.holds() == {"s001": 2_500, "s002": 1_250}
    assert chain.money == (1_250, 0)
    chain.top_up(100)
    assert chain.issue("s001") == 0, "little more is no reason for another hold"
    chain.top_up(20_000)
    assert (chain.issue("s001"), chain.issue("s002")) == (0, 1)
    assert chain.holds()["s001"] == 2_500
    chain.prove()


def test_points_given_ahead_to_a_store_are_the_member_s_still_and_shown_as_theirs(database: Database) -> None:
    chain = Offline(database, allowance_points=300)
    chain.earn(156)
    with database.snapshot() as session:
        has = points_of(session, [chain.ann])[chain.ann]
    chain.issue("s001")
    with database.snapshot() as session:
        assert points_of(session, [chain.ann])[chain.ann] == has - min(has, 300)
        seen = look_at(session, [chain.ann], date(2026, 1, 1))[chain.ann]
    assert seen.points == has


def test_offline_sales_draw_on_it_and_what_overshoots_is_the_stores(database: Database) -> None:
    chain = Offline(database)
    chain.top_up(5_000)
    chain.issue("s001")
    (one,) = chain.told()
    chain.sell(2_000, value=2_000, holds=(one.id,))
    chain.sell(2_000, value=2_000, holds=(one.id,))
    assert chain.money == (2_000, 0)
    assert chain.stands("shortfall") == -1_000
    sale = chain.sell(500, value=500, holds=(one.id, new_id()), store="s002")
    assert chain.stands("shortfall") == -1_500, "an allowance is its own store's"
    chain.give_back(sale, value=500)
    assert chain.stands("shortfall") == -1_000
    chain.prove()


def test_a_new_epoch_gets_its_own_and_the_old_one_is_freed_only_at_its_end(database: Database) -> None:
    chain = Offline(database)
    chain.top_up(5_000)
    chain.issue()
    (old,) = chain.told()
    epoch = chain.open_epoch("s001", START_MS + 1)
    assert chain.issue() == 1
    assert {(one.epoch, one.amount) for one in chain.told()} == {(old.epoch, 3_000), (epoch, 2_000)}
    late = START_MS + 24 * HOUR_MS + 2 * GRACE_MS
    heard(chain, drained_ms=late)
    with database.session() as session:
        assert free_ended(session, late) == 2
    assert chain.money == (5_000, 0)
    chain.prove()


def test_an_allowance_is_renewed_in_time_and_filled_up_when_little_is_left(database: Database) -> None:
    chain = Offline(database)
    chain.top_up(20_000)
    chain.issue()
    (one,) = chain.told()
    chain.sell(1_000, value=1_000, holds=(one.id,))
    assert chain.issue() == 0
    chain.sell(1_000, value=1_000, holds=(one.id,))
    assert chain.issue() == 1
    assert chain.issue(now_ms=START_MS + 13 * HOUR_MS) == 1
    chain.prove()


@pytest.mark.parametrize(
    ("blocked", "units"),
    [("points", {"CNY"}), ("coupons", {"CNY", "POINTS"}), ("buy", set()), ("purse", {"POINTS"})],
)
def test_what_a_till_that_asks_would_be_refused_is_not_given_ahead(
    database: Database, blocked: str, units: set[str]
) -> None:
    chain = Offline(database, allowance_points=10)
    chain.top_up(5_000)
    application = Application(id=new_id(), purse=chain.purse, store="s001", by="ann")
    with database.session() as session:
        if blocked == "purse":
            apply(session, application, now_ms=START_MS)
        else:
            blocks.put(session, chain.ann, blocked, reason="misuse", actor="ann", commit_no=1, now_ms=START_MS)
    chain.issue()
    hold = table_of(Hold)
    with database.session() as session:
        assert set(session.execute(select(hold.c.unit)).scalars()) == units
        if blocked == "purse":  # nothing is set aside in the meantime, so it can be paid out
            wanted = {"by": "bob", "approve": True, "at_ms": START_MS, "now_ms": START_MS}
            assert decide(session, open_commit(session, START_MS), application.id, **wanted).paid_minor == 5_000  # type: ignore[arg-type]
    chain.prove()


def test_an_agent_without_epoch_or_out_of_service_gets_nothing(database: Database) -> None:
    chain = Offline(database)
    chain.top_up(5_000)
    with database.session() as session:
        agent = session.get_one(Agent, AGENTS["s001"])
        agent.status = "draining"
        session.add(agent)
    assert chain.issue("s001") == 0
    with database.session() as session:
        assert issue(session, "nobody", Moment(START_MS, START_MS, date(2026, 1, 1)), mint) == 0


class Days:
    """Agents spend online and from allowances; sales come late and in any order; epochs begin anew."""

    def __init__(self, chain: Offline, seed: int) -> None:
        self.chain = chain
        self.chance = random.Random(seed)
        self.waiting: list[SaleCompleted] = []
        self.used: dict[UUID, int] = {}
        self.charged, self.now_ms = 0, START_MS

    def step(self) -> None:
        """Let something happen."""
        store = self.chance.choice(list(AGENTS))
        acts = [self.issue, self.offline, self.offline, self.online, self.deliver, self.deliver, self.renew, self.free]
        self.chance.choice([*acts, self.force])(store)

    def issue(self, store: str) -> None:
        self.chain.issue(store, self.now_ms)

    def offline(self, store: str) -> None:
        amount = self.chance.randint(1, 2_500)
        mine = [one for one in self.chain.told(store) if one.epoch == self.chain.epochs[store]]
        fits = [one for one in mine if one.amount - self.used.get(one.id, 0) >= amount]
        if fits:
            self.used[fits[0].id] = self.used.get(fits[0].id, 0) + amount
            self.waiting.append(paid(self.chain, store, amount, holds=[fits[0].id]))

    def online(self, _store: str) -> None:
        basket, amount = new_id(), self.chance.randint(1, 2_500)
        if isinstance(self.chain.hold("CNY", amount, basket), Held):
            self.waiting.append(paid(self.chain, "s001", amount, basket=basket))

    def deliver(self, _store: str) -> None:
        if self.waiting:
            sale = self.waiting.pop(self.chance.randrange(len(self.waiting)))
            assert take(self.chain.database, [sale]) == {}
            self.charged += sale.total_minor

    def renew(self, store: str) -> None:
        self.chain.number += 1
        self.chain.epochs[store] = self.chain.open_epoch(store, self.now_ms + self.chain.number)

    def free(self, _store: str) -> None:
        self.now_ms += 2 * HOUR_MS
        with self.chain.database.session() as session:
            free_ended(session, self.now_ms)

    def force(self, _store: str) -> None:
        hold = table_of(Hold)
        with self.chain.database.session() as session:
            found = session.execute(select(hold.c.id).where(hold.c.state == "held").limit(1)).scalar_one_or_none()
            if found is not None:
                free_by_force(session, found, actor="ann", reason="test", now_ms=self.now_ms)


@pytest.mark.parametrize("seed", [1, 2])
def test_p5_late_and_unordered_sales_of_many_agents_never_overdraw_a_member(database: Database, seed: int) -> None:
    """After every step nobody is below zero, and what sales took is exactly what members and stores lost by it."""
    chain = Offline(database)
    chain.top_up(9_000)
    days = Days(chain, seed)
    for step in range(25):
        days.step()
        accounts = {"purse_principal", "purse_principal_held", "value_taken", "shortfall"}
        with database.snapshot() as session:
            stands = {kind: units.get("CNY", 0) for kind, units in by_kind(session).items() if kind in accounts}
        assert stands.get("value_taken", 0) == days.charged, (seed, step)
        assert sum(stands.values()) == 9_000, (seed, step)
        assert min(stands["purse_principal"], stands.get("purse_principal_held", 0)) >= 0, (seed, step)
    chain.prove()


def paid(
    chain: Offline, store: str, minor: int, *, basket: UUID | None = None, holds: list[UUID] | None = None
) -> SaleCompleted:
    """Return a sale paid with stored value that HQ has not heard of yet."""
    chain.number += 1
    sale = make_sale([("1001", 1)], id=basket, store=store, number=chain.number, member=MemberOnSale(member=chain.ann))
    line = sale.lines[0]
    line = msgspec.structs.replace(
        line, price=msgspec.structs.replace(line.price, minor=minor, basis=1), net_minor=minor, discounts=[],
        tax_minor=0,
    )  # fmt: skip
    return msgspec.structs.replace(
        sale, lines=[line], tenders=[Tender(method=TenderKind.STORED_VALUE, minor=minor)], total_minor=minor,
        holds=holds or [],
    )  # fmt: skip
