"""Sales paid with points and stored value, and their returns, taken in as ingest does, on both databases."""

from __future__ import annotations

from dataclasses import replace as _replace
from datetime import date
from uuid import UUID

import msgspec
import pytest

from cloud.clock import DrivenBusinessClock
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Refused as Refusal
from cloud.fleet.agents import GRACE_MS
from cloud.ingest import incarnation
from cloud.ingest.greet import heartbeats
from cloud.ingest.proofs import AckProofs
from cloud.ingest.questions import Answers
from cloud.ingest.restores import Restores
from cloud.ledger import AccountKey
from cloud.ledger.proof import prove
from cloud.ledger.reading import balance_of_account
from cloud.ledger.reversing import Undo
from cloud.rewards.counting import COUNTS
from cloud.value import purses, rules
from cloud.value.card_returns import Application, apply, decide
from cloud.value.settlement import between_stores
from cloud.value.timing_out import free_by_force, free_ended
from cloud.value.topping_up import TopUp, top_up, undo_top_up
from shared.pricing.model import Discount
from shared.pricing.record import PromotionUse
from shared.value import TopUpCampaign, ValueRule
from shared.wire.events import MemberOnSale, SaleCompleted, SaleReturned, Tender, TenderKind
from shared.wire.messages import AskHold, AskRelease, Held, Question, Refused, Released, State
from tests.cloud.members_data import AGENTS, CARD, join, open_chain, take, vault
from tests.factories import START_MS, DrivenMachineClock, make_return, make_sale, new_id

MINUTE = 60_000


class Chain:
    """A chain with a member, a till that asks, and what stands in the ledger."""

    def __init__(self, database: Database) -> None:
        self.database = database
        open_chain(database)
        self.machine = DrivenMachineClock()
        self.answers = Answers(database, DrivenBusinessClock(START_MS), vault(), self.machine)
        self.ann = join(database, [CARD])
        self.number = 0
        with database.session() as session:
            self.purse = purses.open_purse(
                session, "s001", member=self.ann, card=None, legal_entity="main", now_ms=START_MS
            ).id

    def publish(self, **fields: object) -> None:
        with self.database.session() as session:
            rules.publish(session, ValueRule(version=1, **fields), actor="ann", now_ms=START_MS)  # type: ignore[arg-type]

    def top_up(self, minor: int, *, store: str = "s001", id: UUID | None = None, **fields: object) -> str:  # noqa: A002
        wanted = TopUp(
            id=id or new_id(), purse=self.purse, minor=minor, store=store, day=date(2026, 1, 1), at_ms=START_MS,
            **fields,  # type: ignore[arg-type]
        )  # fmt: skip
        return in_transaction(
            self.database,
            lambda session: top_up(session, open_commit(session, START_MS), wanted, now_ms=START_MS),
        ).code

    def earn(self, points: int) -> SaleCompleted:
        """Have Ann buy so much that she earns these points."""
        return self.sell(points * 100)

    def sell(
        self, minor: int, *, spent_points: int = 0, by_points: int = 0, value: int = 0, id: UUID | None = None,  # noqa: A002
        store: str = "s001", holds: tuple[UUID, ...] = (), at_ms: int = START_MS, **fields: object,
    ) -> SaleCompleted:  # fmt: skip
        """Sell one piece for `minor`, of which points and stored value pay a part."""
        self.number += 1
        sale = make_sale(
            [("1001", 1)], id=id, store=store, number=self.number, member=MemberOnSale(member=self.ann), at_ms=at_ms
        )
        line = sale.lines[0]
        discounts = [Discount(reason="points_redemption", minor=by_points, source="pts")] if by_points else []
        line = msgspec.structs.replace(
            line, price=msgspec.structs.replace(line.price, minor=minor, basis=1), net_minor=minor - by_points,
            discounts=discounts, tax_minor=0,
        )  # fmt: skip
        tenders = [Tender(method=TenderKind.STORED_VALUE, minor=value)] if value else []
        rest = minor - by_points - value
        if rest or not tenders:
            tenders.append(Tender(method=TenderKind.CASH, minor=rest))
        uses = [PromotionUse("pts", spent_points=spent_points)] if spent_points else []
        sale = msgspec.structs.replace(
            sale,
            lines=[line],
            tenders=tenders,
            total_minor=minor - by_points,
            promotions=uses,
            holds=list(holds),
            **fields,
        )
        assert take(self.database, [sale]) == {}
        return sale

    def give_back(self, sale: SaleCompleted, *, value: int = 0, at_ms: int = START_MS) -> SaleReturned:
        self.number += 1
        back = msgspec.structs.replace(make_return(sale, number=self.number), at_ms=at_ms)
        cash = back.total_minor - value
        tenders = [Tender(method=TenderKind.STORED_VALUE, minor=value)] if value else []
        if cash or not tenders:
            tenders.append(Tender(method=TenderKind.CASH, minor=cash))
        back = msgspec.structs.replace(back, tenders=tenders)
        assert take(self.database, [back]) == {}
        return back

    def ask(self, body: AskHold | AskRelease, *, id: UUID | None = None, store: str = "s001") -> object:  # noqa: A002
        question = Question(
            id=new_id(), agent=AGENTS[store], connection=new_id(), at_ms=START_MS, sent_ms=START_MS, epoch=new_id(),
            question=id or new_id(), deadline_ms=800, body=body,
        )  # fmt: skip
        return self.answers(AGENTS[store], question)

    def hold(self, unit: str, amount: int, basket: UUID, *, id: UUID | None = None) -> object:  # noqa: A002
        return self.ask(AskHold(basket=basket, unit=unit, amount=amount, till="t1", member=self.ann), id=id)

    def stands(self, kind: str, unit: str = "CNY", owner: object = None) -> int:
        with self.database.snapshot() as session:
            account = AccountKey(kind, str(owner or self.ann), unit)
            if kind in {"shortfall", "points_spent", "value_taken"}:
                found = prove(session).by_kind.get(kind, {})
                return found.get(unit, 0)
            return balance_of_account(session, account.id)

    @property
    def points(self) -> int:
        return self.stands("member_points", "POINTS")

    @property
    def money(self) -> tuple[int, int]:
        return self.stands("purse_principal"), self.stands("purse_gift")

    def prove(self) -> None:
        with self.database.snapshot() as session:
            found = prove(session, counts=COUNTS)
        assert found.holds, found


def test_p5_points_are_held_at_the_till_captured_by_the_sale_and_given_back_by_its_return(database: Database) -> None:
    chain = Chain(database)
    chain.earn(100)
    basket = new_id()
    assert isinstance(chain.hold("POINTS", 80, basket), Held)
    assert chain.points == 20
    sale = chain.sell(5_000, id=basket, spent_points=50, by_points=50)
    assert chain.points == 50 + 49
    assert chain.stands("member_points_held", "POINTS") == 0
    chain.give_back(sale)
    assert chain.points == 100
    chain.prove()


def test_what_nobody_holds_any_more_falls_to_the_store_and_never_to_the_member(database: Database) -> None:
    chain = Chain(database)
    chain.earn(100)
    sale = chain.sell(5_000, spent_points=70, by_points=70, value=1_000)
    assert chain.points == 100 + 49
    assert (chain.stands("shortfall", "POINTS"), chain.stands("shortfall")) == (-70, -1_000)
    chain.give_back(sale, value=1_000)
    assert chain.points == 100
    assert (chain.stands("shortfall", "POINTS"), chain.stands("shortfall")) == (0, 0)
    chain.prove()


def test_stored_value_pays_principal_first_and_a_refund_goes_back_to_where_it_came_from(database: Database) -> None:
    chain = Chain(database)
    campaign = TopUpCampaign(from_minor=10_000, gift_minor=1_000, starts=date(2026, 1, 1), ends=date(2026, 1, 1))
    chain.publish(campaigns=[campaign])
    assert chain.top_up(10_000) == ""
    assert chain.money == (10_000, 1_000)
    basket = new_id()
    chain.hold("CNY", 10_500, basket)
    assert chain.money == (0, 500)
    sale = chain.sell(10_500, id=basket, value=10_500)
    chain.give_back(sale, value=10_500)
    assert chain.money == (10_000, 1_000)
    chain.prove()


def test_a_top_up_counts_once_and_pays_nothing_on_its_own_receipt(database: Database) -> None:
    chain = Chain(database)
    wanted, basket = new_id(), new_id()
    assert [chain.top_up(10_000, id=wanted, basket=basket) for _ in range(3)] == ["", "", ""]
    assert chain.hold("CNY", 1, basket) == Refused(code="insufficient")
    assert isinstance(chain.hold("CNY", 10_000, new_id()), Held)
    chain.prove()


@pytest.mark.parametrize(("minor", "code"), [(500_000, ""), (500_001, "cap_exceeded"), (0, "amount")])
def test_a_named_card_holds_at_most_five_thousand_yuan(database: Database, minor: int, code: str) -> None:
    chain = Chain(database)
    assert chain.top_up(minor) == code
    if not code:
        chain.hold("CNY", 500_000, new_id())
        assert chain.top_up(1) == "cap_exceeded"
    chain.prove()


def test_an_unnamed_card_holds_at_most_a_thousand_and_identity_is_asked_for(database: Database) -> None:
    chain = Chain(database)
    chain.publish(identity_from_minor=50_000)
    assert chain.top_up(50_000) == "identity_needed"
    assert chain.top_up(50_000, identified=True) == ""
    with database.session() as session:
        chain.purse = purses.open_purse(
            session, "s001", member=None, card=new_id(), legal_entity="main", now_ms=START_MS
        ).id
    assert chain.top_up(100_001, identified=True) == "cap_exceeded"
    assert chain.top_up(100_000, identified=True) == ""


def test_a_top_up_is_undone_whole_or_not_at_all_unless_by_force(database: Database) -> None:
    chain = Chain(database)
    first = new_id()
    chain.top_up(10_000, id=first)
    basket = new_id()
    chain.hold("CNY", 4_000, basket)
    chain.sell(4_000, id=basket, value=4_000)
    undo = Undo(cause=new_id(), purpose="undo", of=(first, "top_up"), at_ms=START_MS, store="s001")
    with pytest.raises(Refusal, match="gone"), database.session() as session:
        undo_top_up(session, open_commit(session, START_MS), undo)
    with database.session() as session:
        undo_top_up(session, open_commit(session, START_MS), _replace(undo, force=True))
    assert (chain.money, chain.stands("purse_debt")) == ((0, 0), -4_000)
    chain.prove()


def test_a_card_is_paid_back_after_somebody_else_approved_less_its_fee(database: Database) -> None:
    chain = Chain(database)
    campaign = TopUpCampaign(from_minor=10_000, gift_minor=1_000, starts=date(2026, 1, 1), ends=date(2026, 1, 1))
    chain.publish(campaigns=[campaign], return_fee_bp=100, return_fee_minor=50)
    chain.top_up(10_000)
    asked = Application(id=new_id(), purse=chain.purse, store="s002", by="ann", reason="moves away")
    with database.session() as session:
        assert apply(session, asked, now_ms=START_MS) is apply(session, asked, now_ms=START_MS)
    assert chain.hold("CNY", 1, new_id()) == Refused(code="purse_frozen")

    def decided(by: str) -> tuple[str, int, int, int]:
        with database.session() as session:
            row = decide(
                session, open_commit(session, 1), asked.id, by=by, approve=True, at_ms=START_MS, now_ms=START_MS
            )
            return row.state, row.paid_minor, row.fee_minor, row.forfeited_minor

    with pytest.raises(Refusal, match="cannot decide"):
        decided("ann")
    assert decided("bob") == decided("bob") == ("paid", 9_850, 150, 1_000)
    assert chain.top_up(1) == "purse_returned"
    chain.prove()


def test_stores_settle_what_one_sold_and_another_took(database: Database) -> None:
    chain = Chain(database)
    chain.top_up(3_000, store="s001")
    chain.top_up(3_000, store="s002")
    basket = new_id()
    chain.ask(AskHold(basket=basket, unit="CNY", amount=4_000, till="t1", member=chain.ann), store="s002")
    chain.sell(4_000, id=basket, value=4_000, store="s002")
    with database.snapshot() as session:
        owed = between_stores(session, START_MS, START_MS + 1)
        later = between_stores(session, START_MS + 1, START_MS + 2)
    assert sum(one.principal_minor for one in owed) == 4_000
    assert {one.taken_by for one in owed} == {"s002"}
    assert not later


def test_a_question_repeated_gets_its_answer_and_one_given_up_never_becomes_a_hold(database: Database) -> None:
    chain = Chain(database)
    chain.top_up(10_000)
    basket, asked, lost = new_id(), new_id(), new_id()
    first = chain.hold("CNY", 4_000, basket, id=asked)
    assert chain.hold("CNY", 4_000, basket, id=asked) == first
    assert chain.hold("CNY", 4_001, basket, id=asked) == Refused(code="id_used:amount")
    assert chain.ask(AskRelease(basket=basket, till="t1", hold=asked)) == Released()
    assert chain.ask(AskRelease(basket=basket, till="t1", hold=lost)) == Released()
    assert isinstance(chain.hold("CNY", 4_000, basket, id=lost), Refused)
    assert chain.money == (10_000, 0)
    chain.prove()


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (AskHold(basket=new_id(), unit="CNY", amount=1, till="t1"), "nobody"),
        (AskHold(basket=new_id(), unit="USD", amount=1, till="t1", member=new_id()), "currency"),
        (AskHold(basket=new_id(), unit="POINTS", amount=1, till="t1", sealed_card=b"x"), "card_unreadable"),
        (AskHold(basket=new_id(), unit="POINTS", amount=1, till="t1", member=new_id()), "insufficient"),
    ],
)
def test_what_cannot_be_held_is_refused_with_its_reason(sqlite_database: Database, ask: AskHold, code: str) -> None:
    assert Chain(sqlite_database).ask(ask) == Refused(code=code)


def heard(chain: Chain, *, drained_ms: int | None) -> None:
    """Let HQ hear a heartbeat of the agent."""
    with chain.database.snapshot() as session:
        ours = incarnation.current(session)
    said = State(
        id=new_id(), agent=AGENTS["s001"], connection=new_id(), at_ms=START_MS, sent_ms=START_MS, epoch=new_id(),
        incarnation=ours, drained_ms=drained_ms,
    )  # fmt: skip
    heartbeats(chain.database, [(AGENTS["s001"], said)], Restores(AckProofs([b"k" * 32]), chain.machine))


def test_a_hold_frees_itself_only_after_everything_its_agent_sold_until_then_is_here(database: Database) -> None:
    chain = Chain(database)
    chain.top_up(10_000)
    basket = new_id()
    held = chain.hold("CNY", 4_000, basket)
    assert isinstance(held, Held)
    later = held.valid_until_ms + 2 * GRACE_MS

    def freed(now_ms: int) -> int:
        with database.session() as session:
            return free_ended(session, now_ms)

    assert freed(held.valid_until_ms) == 0
    assert freed(later) == 0, "nothing was heard of the agent"
    heard(chain, drained_ms=None)
    assert freed(later) == 0, "it still has something to send"
    heard(chain, drained_ms=held.valid_until_ms)
    assert freed(later) == 0, "what it says is of before the end, whenever it arrives"
    heard(chain, drained_ms=later)
    assert (freed(later), freed(later)) == (1, 0)
    assert chain.money == (10_000, 0)
    chain.sell(4_000, id=basket, value=4_000)
    assert (chain.money, chain.stands("shortfall")) == ((10_000, 0), -4_000)
    chain.prove()


def test_force_frees_a_hold_whose_agent_is_away_and_says_who_did_it(database: Database) -> None:
    chain = Chain(database)
    chain.top_up(10_000)
    held = chain.hold("CNY", 4_000, new_id())
    assert isinstance(held, Held)
    for reason, code in (("  ", "reason"), ("store burnt down", ""), ("again", "hold_ended")):
        try:
            with database.session() as session:
                free_by_force(session, held.hold, actor="ann", reason=reason, now_ms=START_MS)
            found = ""
        except Refusal as refused:
            found = refused.code
        assert found == code
    assert chain.money == (10_000, 0)
    chain.prove()
