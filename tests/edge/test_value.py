"""Members' value at the till: asked of HQ, spent from allowances only as far, as long and in the epoch they are for."""

from __future__ import annotations

from uuid import UUID

import pytest

from edge_agent.disk.agent_row import SYNCED_FOR_MS, note_hq_time
from edge_agent.disk.database import Database
from edge_agent.hq import member_set
from edge_agent.value import allowances
from edge_agent.value.allowances import Use
from edge_agent.value.spending import Spendable, ValueDesk, Wanted, Way
from shared.value import ALLOWANCE_MARGIN_MS, Allowance
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.messages import AnyAnswer, AnyAsk, AskHold, AskRelease, Held, Refused, Released
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, new_id

EPOCH, MEMBER = new_id(), new_id()
UNTIL = START_MS + 3_600_000


async def given(database: Database, *amounts: int, epoch: UUID = EPOCH, version: int = 1) -> list[UUID]:
    """Let HQ's set say what may be spent of the member's value."""
    made = [Allowance(id=new_id(), unit="CNY", amount=one, valid_until_ms=UNTIL, epoch=epoch) for one in amounts]
    step = MemberStep(
        agent=AGENT, incarnation=new_id(), base=version - 1, version=version,
        put=[KnownMember(member=MEMBER, cards=[], allowances=made)],
    )  # fmt: skip

    def keep(db):  # type: ignore[no-untyped-def]
        db.execute(
            "INSERT OR IGNORE INTO agent (one, agent, store, epoch) VALUES (1, ?, ?, ?)", (AGENT, STORE, EPOCH.bytes)
        )
        note_hq_time(db, 0, START_MS)
        assert member_set.apply_step(db, step)

    await database.run(keep)
    return [one.id for one in made]


async def use(database: Database, clock: DrivenMachineClock, amount: int, *, basket: UUID, attempt: UUID) -> bool:
    return await database.run(lambda db: allowances.use(db, clock, Use(attempt, basket, MEMBER, "CNY", amount)))


async def left(database: Database, clock: DrivenMachineClock) -> int:
    return await database.read(lambda db: allowances.spendable(db, clock, MEMBER, "CNY"))


async def test_all_sales_together_spend_no_more_than_was_given(database: Database) -> None:
    clock = DrivenMachineClock()
    first, second = await given(database, 500, 300)
    basket, again = new_id(), new_id()
    assert await use(database, clock, 600, basket=basket, attempt=new_id())
    assert not await use(database, clock, 201, basket=again, attempt=new_id())
    assert await use(database, clock, 200, basket=again, attempt=new_id())
    assert await left(database, clock) == 0
    named = await database.read(lambda db: allowances.used_for(db, basket))
    assert sorted(named) == sorted([first, second])


async def test_an_attempt_repeated_spends_once_and_what_is_released_comes_back(database: Database) -> None:
    clock = DrivenMachineClock()
    await given(database, 500)
    basket, attempt = new_id(), new_id()
    assert [await use(database, clock, 400, basket=basket, attempt=attempt) for _ in range(3)] == [True] * 3
    assert await left(database, clock) == 100
    await database.run(lambda db: allowances.release(db, basket, attempt))
    assert await left(database, clock) == 500


async def test_what_was_used_stays_used_when_hq_sends_the_set_again(database: Database) -> None:
    clock = DrivenMachineClock()
    await given(database, 500)
    await use(database, clock, 400, basket=new_id(), attempt=new_id())

    def again(db):  # type: ignore[no-untyped-def]
        rows = db.execute("SELECT id, amount, valid_until_ms, epoch FROM allowance").fetchall()
        sent = [
            Allowance(id=UUID(bytes=row[0]), unit="CNY", amount=row[1], valid_until_ms=row[2], epoch=UUID(bytes=row[3]))
            for row in rows
        ]
        put = [KnownMember(member=MEMBER, cards=[], allowances=sent)]
        member_set.apply_step(db, MemberStep(agent=AGENT, incarnation=new_id(), base=0, version=9, put=put))

    await database.run(again)
    assert await left(database, clock) == 100


@pytest.mark.parametrize(
    ("advance", "usable"),
    [
        (UNTIL - ALLOWANCE_MARGIN_MS - START_MS - 1, True),
        (UNTIL - ALLOWANCE_MARGIN_MS - START_MS, False),
        (UNTIL - START_MS, False),
    ],
)
async def test_nothing_is_committed_in_the_last_minute(database: Database, advance: int, usable: bool) -> None:
    clock = DrivenMachineClock()
    await given(database, 500)
    clock.advance(advance)
    assert await use(database, clock, 1, basket=new_id(), attempt=new_id()) is usable


async def test_nothing_is_committed_by_a_clock_that_cannot_be_trusted(database: Database) -> None:
    clock = DrivenMachineClock()
    await given(database, 500)
    clock.set_wall(START_MS - 1)
    assert await left(database, clock) == 0, "the clock was set back"
    clock.set_wall(START_MS + SYNCED_FOR_MS + 1)
    assert await left(database, clock) == 0, "HQ's time was last heard too long ago"


async def test_an_allowance_of_another_epoch_is_worth_nothing(database: Database) -> None:
    clock = DrivenMachineClock()
    await given(database, 500, epoch=new_id())
    assert await left(database, clock) == 0


class Office:
    """Answers questions as told, or not at all."""

    def __init__(self, answer: AnyAnswer | None) -> None:
        self.answer = answer
        self.asked: list[AnyAsk] = []

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        """Note what was asked."""
        assert question
        assert till == "t1"
        self.asked.append(body)
        return self.answer


HOLD = new_id()


@pytest.mark.parametrize(
    ("answer", "amount", "way", "code"),
    [
        (Held(hold=HOLD, unit="CNY", amount=400, valid_until_ms=UNTIL), 400, Way.HELD, ""),
        (Refused(code="purse_frozen"), 400, Way.REFUSED, "purse_frozen"),
        (Refused(code="insufficient"), 400, Way.ALLOWANCE, ""),  # what was given ahead is out of HQ's balance already
        (Refused(code="insufficient"), 501, Way.REFUSED, "insufficient"),
        (None, 400, Way.ALLOWANCE, ""),
        (None, 501, Way.UNREACHABLE, "offline"),
    ],
)
async def test_the_answer_says_which_way_it_went(
    database: Database, answer: AnyAnswer | None, amount: int, way: Way, code: str
) -> None:
    clock, office = DrivenMachineClock(), Office(answer)
    await given(database, 500)
    desk = ValueDesk(database, clock, office)
    wanted = Wanted(id=HOLD, basket=new_id(), till="t1", unit="CNY", amount=amount, member=MEMBER)
    found = await desk.spend(wanted)
    assert found == Spendable(way, HOLD, amount if way in {Way.HELD, Way.ALLOWANCE} else 0, code)
    assert isinstance(office.asked[0], AskHold)
    assert await left(database, clock) == (100 if way is Way.ALLOWANCE else 500)
    office.answer = Released()
    await desk.release(wanted.basket, "t1", question=new_id())
    assert office.asked[-1] == AskRelease(basket=wanted.basket, till="t1")
    assert await left(database, clock) == 500
