"""Stored value at a service desk, on both databases: offered, sold, undone, given back; late, doubled, reordered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import permutations
from threading import Barrier
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.member_lifecycle import merging
from cloud.sales.models import StoreDay
from cloud.value import card_returns
from cloud.value.desk_models import TopUpOffer, ValuePayment, ValueSale
from cloud.value.models import Purse, PurseReturn
from shared.ids import uuid7
from shared.value import TopUpCampaign
from shared.wire.desk_asks import AskCardReturn, AskPayOut, AskTopUp, CardReturnTaken, TopUpOffered, TopUpUndone
from shared.wire.messages import AskHold, Refused
from shared.wire.value_events import ValueBackReason, ValuePaidBack
from tests.cloud.ingesting import count, take_in
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, take, vault
from tests.cloud.value_desk import WHO, DeskChain, sealed
from tests.factories import START_MS, new_id

CAMPAIGN = TopUpCampaign(from_minor=10_000, gift_minor=1_000, starts=date(2025, 1, 1), ends=date(2030, 1, 1))
MINUTE = 60_000


@pytest.fixture
def desk(database: Database) -> DeskChain:
    return DeskChain(database, campaigns=[CAMPAIGN])


def test_gift_money_is_told_before_it_is_paid_and_kept_afterwards(desk: DeskChain) -> None:
    offer = desk.offered(10_000)
    assert (offer.gift_minor, offer.balance_minor, offer.member) == (1_000, 11_000, desk.ann)
    assert desk.purse() == (0, 0, 0)
    sold = desk.sold(offer)
    assert not take(desk.database, [sold])
    assert desk.purse() == (10_000, 1_000, 0)
    with desk.database.snapshot() as session:
        row = session.get_one(ValueSale, sold.id)
        assert (row.minor, row.gift_minor, row.till_id, row.cashier, row.remark) == (10_000, 1_000, "desk", "c7", "")
        assert session.get_one(TopUpOffer, offer.offer).sold == sold.id
        assert session.get_one(Purse, row.purse_id).legal_entity_id == row.legal_entity_id == "main"
        assert (
            session.exec(select(AuditEntry).where(AuditEntry.action == "value.sold")).one().actor == "till:s001/desk/c7"
        )
    assert count(desk.database, StoreDay) == 0, "a prepayment is no revenue"
    desk.prove()


def test_asked_again_it_is_the_same_offer_and_its_money_counts_once(desk: DeskChain) -> None:
    question, body = new_id(), AskTopUp(**WHO, minor=10_000, member=desk.ann)
    offer = desk.ask(body, question)
    assert isinstance(offer, TopUpOffered)
    assert desk.ask(body, question) == offer
    assert desk.ask(AskTopUp(**WHO, minor=20_000, member=desk.ann), question) == Refused(code="question_changed")
    sold = desk.sold(offer)
    desk.outbox.add(sold)
    for _ in range(3):
        take_in(desk.database, desk.outbox.batch(), desk.outbox.batch(), downstream=desk.downstream)
    assert desk.purse() == (10_000, 1_000, 0)
    second = msgspec.structs.replace(desk.sold(offer), id=new_id())
    assert "sold by event" in next(iter(take(desk.database, [second]).values())).reason
    assert desk.purse() == (10_000, 1_000, 0)
    desk.prove()


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"minor": 500_001}, "cap_exceeded"),
    ({"minor": 499_001}, "cap_exceeded"),  # with the gift money it is too much
    ({"minor": 0}, "amount"),
    ({"minor": 1, "member": new_id()}, "member_unknown"),
    ({"minor": 1, "member": None, "sealed_card": sealed("8819999999999999")}, "card_unknown"),
    ({"minor": 1, "member": None, "sealed_card": b"\x01" * 90}, "card_unreadable"),
    ({"minor": 1, "member": None, "sealed_card": sealed(CARD), "gift_card": True}, "card_taken"),
    ({"minor": 100_001, "member": None, "sealed_card": sealed(OTHER_CARD), "gift_card": True}, "cap_exceeded"),
]


def test_what_may_not_be_is_refused_before_money_is_taken(desk: DeskChain) -> None:
    for ask, code in REFUSALS:
        assert desk.refused(AskTopUp(**WHO, **{"member": desk.ann, **ask})) == code


def test_room_is_kept_for_money_that_is_being_taken(desk: DeskChain) -> None:
    offer = desk.offered(300_000)
    elsewhere = {**WHO, "till": "t2"}
    assert desk.refused(AskTopUp(**elsewhere, minor=300_000, member=desk.ann)) == "cap_exceeded"
    desk.machine.advance(31 * MINUTE)
    desk.offered(300_000)
    late = desk.sold(offer)
    late = msgspec.structs.replace(
        late, device=msgspec.structs.replace(late.device, wall_ms=START_MS + 31 * MINUTE, hq_offset_ms=0)
    )
    assert not take(desk.database, [late])
    assert desk.purse() == (300_000, 1_000, 0), "the money was taken: it is theirs, and it is on record"
    with desk.database.snapshot() as session:
        assert session.get_one(ValueSale, late.id).remark == "late_offer"


def test_a_till_that_asks_anew_gives_up_what_it_was_told_before(desk: DeskChain) -> None:
    desk.offered(400_000)  # mistyped, and left by Esc
    offer = desk.offered(300_000)
    assert not take(desk.database, [desk.sold(offer)])
    assert desk.purse() == (300_000, 1_000, 0)
    desk.ask(AskTopUp(**{**WHO, "till": "t2"}, minor=100, member=desk.ann))
    assert desk.refused(AskCardReturn(**WHO, member=desk.ann)) == "top_up_open"
    assert isinstance(desk.ask(AskCardReturn(**{**WHO, "till": "t2"}, member=desk.ann)), CardReturnTaken)


def test_from_some_amount_on_the_buyer_shows_who_they_are(database: Database) -> None:
    desk = DeskChain(database, identity_from_minor=50_000)
    assert desk.refused(AskTopUp(**WHO, minor=50_000, member=desk.ann)) == "identity_needed"
    desk.offered(50_000, identified=True)


def test_a_gift_card_is_nobodys_and_pays_by_its_number(desk: DeskChain) -> None:
    offer = desk.offered(20_000, sealed_card=sealed(OTHER_CARD), gift_card=True)
    assert (offer.member, offer.masked_name, offer.balance_minor) == (None, "", 21_000)
    assert not take(desk.database, [desk.sold(offer, card=OTHER_CARD)])
    assert desk.purse(desk.card(OTHER_CARD)) == (20_000, 1_000, 0)
    hold = AskHold(basket=new_id(), unit="CNY", amount=21_000, till="t1", sealed_card=sealed(OTHER_CARD))
    assert not isinstance(desk.ask(hold), Refused)


def test_an_offer_that_hq_lost_gives_no_more_than_its_rules(desk: DeskChain) -> None:
    offer = msgspec.structs.replace(desk.offered(10_000), offer=new_id(), gift_minor=9_999)
    desk.put_back(START_MS + MINUTE)
    assert not take(desk.database, [sold := desk.sold(offer)])
    assert desk.purse() == (10_000, 1_000, 0)
    with desk.database.snapshot() as session:
        assert session.get_one(ValueSale, sold.id).remark == "no_offer"


@pytest.mark.parametrize("asked_ms", [0, START_MS - 1, START_MS + MINUTE, START_MS + 2 * MINUTE])
def test_p6_money_for_an_offer_that_hq_cannot_have_lost_waits_for_a_person(database: Database, asked_ms: int) -> None:
    """Else whoever holds a store's agent makes as much stored value as it likes."""
    desk = DeskChain(database)
    offers = [DeskChain.offered_as(50_000), DeskChain.offered_as(50_000)]
    offers[1] = msgspec.structs.replace(offers[1], offer=uuid7(asked_ms, 1))
    for put_back, offer in zip((False, True), offers, strict=True):
        if put_back:
            desk.put_back(START_MS + MINUTE)
        sold = desk.sold(offer)
        assert [one.code for one in take(desk.database, [sold]).values()] == ["value_conflict"]
    assert desk.purse() == (0, 0, 0)


def test_what_is_not_what_was_offered_waits_for_a_person(desk: DeskChain) -> None:
    offer = desk.offered(10_000)
    changes: list[dict[str, Any]] = [{"total_minor": 9_000}, {"gift_minor": 2_000}, {"gift_minor": -1}, {"tenders": []}]
    for changed in changes:
        sold = desk.sold(offer, **changed)
        assert list(take(desk.database, [sold])) == [sold.id], changed
        assert desk.purse() == (0, 0, 0)
    assert count(desk.database, ValueSale) == 0


def test_a_top_up_is_undone_whole_and_paid_back_once(desk: DeskChain) -> None:
    sold, undo = desk.sold(desk.offered(10_000)), new_id()
    assert desk.ask_undo(sold, new_id()) == Refused(code="top_up_not_here")
    assert not take(desk.database, [sold])
    first = desk.ask_undo(sold, undo)
    assert first == TopUpUndone(minor=10_000, balance_minor=0)
    assert desk.ask_undo(sold, undo) == first
    assert desk.purse() == (0, 0, 0)
    assert desk.ask_undo(sold, new_id()) == Refused(code="nothing_left")
    assert not take(desk.database, [desk.undone(sold, undo)])
    again = desk.undone(sold, new_id())
    assert again.id in take(desk.database, [again])
    with desk.database.snapshot() as session:
        row = session.exec(select(ValuePayment)).one()
        assert (row.why, row.of_id, row.minor, row.approved_by) == ("undo", sold.id, 10_000, "boss")
    assert desk.purse() == (0, 0, 0)
    desk.prove()


def test_what_is_spent_cannot_be_undone(desk: DeskChain) -> None:
    sold = desk.sold(desk.offered(10_000))
    assert not take(desk.database, [sold])
    hold = AskHold(basket=new_id(), unit="CNY", amount=500, till="t1", member=desk.ann)
    assert not isinstance(desk.ask(hold), Refused)
    assert desk.ask_undo(sold, new_id()) == Refused(code="value_gone")
    assert desk.purse() == (9_500, 1_000, 0)


def test_money_that_went_back_behind_hqs_back_leaves_a_visible_debt(desk: DeskChain) -> None:
    sold = desk.sold(desk.offered(10_000))
    assert not take(desk.database, [sold])
    desk.ask(AskHold(basket=new_id(), unit="CNY", amount=500, till="t1", member=desk.ann))
    assert not take(desk.database, [desk.undone(sold, new_id())])
    assert desk.purse() == (0, 0, -500)
    desk.prove()


def test_in_every_order_of_arrival_the_purse_comes_to_the_same(desk: DeskChain) -> None:
    for round_, order in enumerate(permutations(range(3)), start=1):
        first, second = desk.sold(desk.offered(10_000)), desk.sold(desk.offered(20_000))
        events = [first, second, desk.undone(first, new_id())]
        for place in order:
            refused = take(desk.database, [events[place]])
            assert {problem.code for problem in refused.values()} <= {"original_missing"}
        if order.index(2) < order.index(0):
            assert not take(desk.database, [events[2]]), "it waited for its top-up"
        assert desk.purse() == (20_000 * round_, 1_000 * round_, 0), order
    desk.prove()


def test_undone_in_one_batch_before_its_top_up_it_waits_and_is_done(desk: DeskChain) -> None:
    sold = desk.sold(desk.offered(10_000))
    desk.outbox.add(desk.undone(sold, new_id()), sold)
    take_in(desk.database, desk.outbox.batch(1, 1), downstream=desk.downstream)
    assert desk.purse() == (0, 0, 0)
    take_in(desk.database, desk.outbox.batch(1, 2), downstream=desk.downstream)
    assert desk.purse() == (0, 0, 0)
    assert (count(desk.database, ValueSale), count(desk.database, ValuePayment)) == (1, 1)
    desk.prove()


def decide(desk: DeskChain, application: CardReturnTaken, *, approve: bool = True) -> None:
    def work(session: Any) -> None:
        card_returns.decide(
            session, open_commit(session, START_MS), application.application, by="finance", approve=approve,
            at_ms=START_MS, now_ms=START_MS,
        )  # fmt: skip

    in_transaction(desk.database, work)


def test_a_card_is_given_back_by_application_approval_and_one_payment(database: Database) -> None:
    desk = DeskChain(database, return_fee_minor=250, campaigns=[CAMPAIGN])
    pay_out = AskPayOut(**WHO, member=desk.ann)
    assert desk.refused(pay_out) == "no_purse"
    assert not take(database, [desk.sold(desk.offered(10_000))])
    assert desk.refused(pay_out) == "return_none"
    applied = desk.ask(AskCardReturn(**WHO, member=desk.ann, reason="moving"))
    assert isinstance(applied, CardReturnTaken)
    assert (applied.state, applied.minor, applied.fee_minor, applied.forfeited_minor) == ("applied", 9_750, 250, 1_000)
    assert desk.refused(AskCardReturn(**WHO, member=desk.ann)) == "purse_frozen"
    assert desk.refused(AskTopUp(**WHO, minor=1, member=desk.ann)) == "purse_frozen"
    assert desk.refused(pay_out) == "return_waits"
    decide(desk, applied)
    due = desk.ask(pay_out)
    assert isinstance(due, CardReturnTaken)
    assert (due.state, due.minor, due.application) == ("approved", 9_750, applied.application)
    assert desk.refused(pay_out, store="s002") == "return_elsewhere"
    paid = desk.undone(desk.sold(desk.offered_as(9_750)), new_id(), why=ValueBackReason.CARD_RETURN, of=due.application)
    assert not take(database, [paid])
    assert desk.refused(pay_out) == "return_paid"
    twice = msgspec.structs.replace(paid, id=new_id(), receipt=msgspec.structs.replace(paid.receipt, number=99))
    assert isinstance(twice, ValuePaidBack)
    assert "given before" in take(database, [twice])[twice.id].reason
    with database.snapshot() as session:
        row = session.get_one(PurseReturn, applied.application)
        assert row.handed_by == "till:s001/desk/c7"
    assert desk.purse() == (0, 0, 0)
    desk.prove()


def test_what_hq_refuses_is_told_and_the_card_works_again(desk: DeskChain) -> None:
    assert not take(desk.database, [desk.sold(desk.offered(10_000))])
    applied = desk.ask(AskCardReturn(**WHO, member=desk.ann))
    assert isinstance(applied, CardReturnTaken)
    decide(desk, applied, approve=False)
    assert desk.refused(AskPayOut(**WHO, member=desk.ann)) == "return_refused"
    desk.offered(10_000)


@pytest.mark.postgresql
def test_twenty_tills_at_once_never_offer_more_than_fits(postgresql_database: Database) -> None:
    desk = DeskChain(postgresql_database)
    barrier = Barrier(20)

    def one(n: int) -> bool:
        barrier.wait()
        return isinstance(desk.ask(AskTopUp(**{**WHO, "till": f"t{n}"}, minor=200_000, member=desk.ann)), TopUpOffered)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) == 2, "2 x 2,000.00 fit under 5,000.00"


@pytest.mark.postgresql
def test_one_top_up_is_undone_once_however_many_ask(postgresql_database: Database) -> None:
    desk = DeskChain(postgresql_database)
    sold = desk.sold(desk.offered(10_000))
    assert not take(desk.database, [sold])
    barrier = Barrier(20)

    def one(_n: int) -> bool:
        barrier.wait()
        return isinstance(desk.ask_undo(sold, new_id()), TopUpUndone)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) == 1
    assert desk.purse() == (0, 0, 0)
    desk.prove()


def test_money_taken_while_a_member_becomes_another_is_the_other_ones(desk: DeskChain) -> None:
    offer, bob = desk.offered(10_000), join(desk.database, [OTHER_CARD])

    def work(session: Any) -> None:
        commit_no = open_commit(session, START_MS)
        merging.merge(
            session, vault(), mint, bob, desk.ann, reason="twice", actor="test", commit_no=commit_no, now_ms=START_MS
        )

    in_transaction(desk.database, work)
    assert not take(desk.database, [desk.sold(offer)])
    assert (desk.purse(bob), desk.purse()) == ((10_000, 1_000, 0), (0, 0, 0))
    desk.prove()
