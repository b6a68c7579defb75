"""Value of members who were made one, or who left: what is given, taken or asked reaches whoever they are by now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.coupons import batches
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Refused as Refusal
from cloud.ledger.models import Lot
from cloud.ledger.reversing import Undo
from cloud.loyalty.models import MemberYear
from cloud.member_lifecycle import leaving, merging
from cloud.members import one_person, purchases, value
from cloud.org.models import Store
from cloud.rewards import drawing, gifts, rebate
from cloud.rewards.models import Draw, GiftOrder, Ticket
from cloud.sales.models import Sale
from cloud.value import card_returns, correcting
from cloud.value.card_returns import Application
from cloud.value.correcting import Correction
from cloud.value.models import Purse
from cloud.value.topping_up import TopUp, top_up, undo_top_up
from shared.wire.events import MemberOnSale
from shared.wire.messages import CouponReserved, Held, Refused
from shared.wire.return_asks import ReturnAllowed
from shared.wire.wallet_asks import AskWallet, Wallet
from tests.cloud.members_data import join, mint, take, vault
from tests.cloud.test_coupons import Shop
from tests.cloud.test_points_returns import ask, refusing, spend
from tests.cloud.test_value_sales import Chain
from tests.factories import START_MS, make_sale, new_id


@pytest.fixture
def chain(sqlite_database: Database) -> Shop:
    return Shop(sqlite_database)


def merge(chain: Chain, keep: UUID, gone: UUID) -> UUID:
    return in_transaction(
        chain.database,
        lambda session: merging.merge(
            session, vault(), mint, keep, gone, reason="same person", actor="desk",
            commit_no=open_commit(session, START_MS), now_ms=START_MS,
        ).id,
    )  # fmt: skip


def merged(chain: Chain, times: int = 2) -> UUID:
    """Make Ann one with another, who is made one with another ...; return who she is in the end."""
    now = chain.ann
    for _ in range(times):
        keep = join(chain.database)
        merge(chain, keep, now)
        now = keep
    return now


def erase(chain: Chain, member: UUID) -> None:
    with chain.database.session() as session:
        leaving.erase(
            session, mint, member, confirm=str(member), reason="asked for it", actor="desk",
            commit_no=open_commit(session, START_MS), now_ms=START_MS, give_up_points=True,
        )  # fmt: skip


def holds(chain: Chain, member: UUID) -> dict[str, int]:
    chain.prove()
    with chain.database.snapshot() as session:
        return {one.kind: one.amount for one in value.holdings(session, member)}


@pytest.mark.parametrize("times", [1, 2])
def test_what_returned_goods_had_earned_is_taken_of_whoever_has_it(chain: Chain, times: int) -> None:
    sale = chain.sell(20_000)
    now = merged(chain, times)
    assert holds(chain, now) == {"member_points": 200}
    chain.give_back(sale)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {})
    with chain.database.snapshot() as session:
        assert sum(row.spend_minor for row in session.exec(select(MemberYear)) if row.member_id == now) == 0


def test_a_return_is_not_refused_for_points_that_went_to_the_other_half(chain: Chain) -> None:
    refusing(chain)
    sale = chain.sell(20_000)
    merged(chain)
    assert ask(chain, sale, {1: 1}) == ReturnAllowed(points=200)


def test_spent_points_come_back_to_whoever_they_are_with_their_dates(chain: Chain) -> None:
    chain.earn(150)
    with chain.database.session() as session:
        (lot,) = session.exec(select(Lot)).all()
        lot.expires_on = date(2027, 6, 30)
        session.add(lot)
    sale = spend(chain, 150)
    earned = chain.points
    now = merged(chain)
    chain.give_back(sale)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {"member_points": 150})
    with chain.database.snapshot() as session:
        left = {row.expires_on: row.left for row in session.exec(select(Lot)) if row.left}
    assert left == {None: earned, date(2027, 6, 30): 150 - earned}, "what it had earned was taken of what ends first"


def test_stored_value_comes_back_to_whoever_they_are(chain: Chain) -> None:
    chain.publish()
    chain.top_up(10_000)
    basket = new_id()
    chain.hold("CNY", 6_000, basket)
    sale = chain.sell(6_000, value=6_000, id=basket)
    now = merged(chain)
    chain.give_back(sale, value=6_000)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {"purse_principal": 10_000})


def test_a_top_up_is_undone_with_whoever_has_the_money(chain: Chain) -> None:
    chain.publish()
    wanted = TopUp(
        id=new_id(), purse=chain.purse, minor=10_000, store="s001", day=date(2026, 1, 1), at_ms=START_MS
    )  # fmt: skip
    with chain.database.session() as session:
        top_up(session, open_commit(session, START_MS), wanted, now_ms=START_MS).require()
    now = merged(chain)
    undo = Undo(cause=new_id(), purpose="undo", of=(wanted.id, "top_up"), at_ms=START_MS, store="s001")
    for _ in range(2):
        with chain.database.session() as session:
            undo_top_up(session, open_commit(session, START_MS), undo)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {})


def test_taken_apart_again_each_has_their_own(chain: Chain) -> None:
    sale = chain.sell(20_000)
    keep = join(chain.database)
    made = merge(chain, keep, chain.ann)
    with chain.database.session() as session:
        merging.undo(
            session, vault(), made, actor="desk", commit_no=open_commit(session, START_MS), now_ms=START_MS
        )  # fmt: skip
    assert (holds(chain, chain.ann), holds(chain, keep)) == ({"member_points": 200}, {})
    chain.give_back(sale)
    assert (holds(chain, chain.ann), holds(chain, keep)) == ({}, {})


def test_a_till_that_knows_the_old_id_asks_of_whoever_they_are(chain: Shop) -> None:
    chain.publish()
    chain.top_up(5_000)
    chain.sell(10_000)
    chain.batch("personal")
    (code,) = chain.give(chain.ann)
    now = merged(chain)
    assert isinstance(chain.hold("POINTS", 60, new_id()), Held)
    assert isinstance(chain.hold("CNY", 5_000, new_id()), Held)
    assert isinstance(chain.claim(code, new_id(), member=chain.ann), CouponReserved)
    wallet = chain.ask(AskWallet(till="t1", cashier="c1", member=chain.ann))  # type: ignore[arg-type]
    assert isinstance(wallet, Wallet)
    assert (wallet.points, wallet.has_value) == (40, True)
    assert holds(chain, chain.ann) == {}
    chain.sell(10_000)
    assert holds(chain, now)["member_points"] == 40 + 100, "a late sale by the old id is theirs too"


def test_what_they_had_before_counts_for_what_they_may_have(chain: Shop) -> None:
    chain.sell(1_000)
    chain.batch("personal", per_member=1)
    (code,) = chain.give(chain.ann)
    chain.sell_with(code)
    with chain.database.session() as session:
        order = GiftOrder(
            id=new_id(), gift_id="mug", member_id=chain.ann, points=1, store_id="s001", state="fetched", at_ms=1
        )  # fmt: skip
        session.add(order)
        draw = Draw(
            id="spring", names="{}", rules="{}", points=1, commitment=b"", sealed=b"", author="ana", made_ms=1
        )  # fmt: skip
        session.add(draw)
        session.flush()
        ticket = Ticket(
            draw_id="spring", number=1, request=new_id(), member_id=chain.ann, landed="", prize="", at_ms=1
        )  # fmt: skip
        session.add(ticket)
    now = merged(chain)
    with chain.database.snapshot() as session:
        assert purchases.purchases_of(session, [now]) == {now: 2}
        assert gifts.had(session, "mug", now) == 1
        assert drawing.taken_part(session, "spring", now) == 1
        assert batches.count_of(session, "b1", now) == 1


def test_a_correction_that_waited_goes_to_whoever_they_are(chain: Chain) -> None:
    wanted = Correction(
        id=new_id(), kind="member_points", owner=str(chain.ann), unit="POINTS", amount=70, store="s001",
        reason="slip 17 seen", by="person:tom",
    )  # fmt: skip

    def decide() -> None:
        with chain.database.session() as session:
            correcting.decide(
                session, open_commit(session, START_MS), wanted.id, by="person:ana", approve=True, note="seen",
                at_ms=START_MS, now_ms=START_MS,
            )  # fmt: skip

    with chain.database.session() as session:
        correcting.ask(session, wanted, now_ms=START_MS)
    now = merged(chain)
    decide()
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {"member_points": 70})


def test_a_closed_account_collects_nothing(chain: Chain) -> None:
    chain.earn(150)
    sale = spend(chain, 150)
    now = merged(chain, 1)
    erase(chain, now)
    late = make_sale([("1001", 10)], number=90, member=MemberOnSale(member=chain.ann))
    assert take(chain.database, [late]) == {}
    with chain.database.snapshot() as session:
        row = session.get_one(Sale, late.id)
        assert (row.member_id, row.card_id, row.member_problem) == (None, None, "member_closed")
    chain.give_back(sale)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {})
    assert chain.hold("POINTS", 1, new_id()) == Refused(code="member_closed")
    assert chain.ask(AskWallet(till="t1", cashier="c1", member=chain.ann)) == Refused(code="member_closed")  # type: ignore[arg-type]
    with chain.database.snapshot() as session:
        assert rebate.items(session, {"year": 2026, "rate_bp": 10_000}) == []


def test_money_that_comes_back_after_somebody_left_can_be_paid_out(chain: Chain) -> None:
    chain.publish()
    chain.top_up(6_000)
    basket = new_id()
    chain.hold("CNY", 6_000, basket)
    sale = chain.sell(6_000, value=6_000, id=basket)
    now = merged(chain, 1)
    erase(chain, now)
    chain.give_back(sale, value=6_000)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {"purse_principal": 6_000})
    with chain.database.session() as session:
        purse = session.exec(select(Purse).where(Purse.member_id == now)).one()
        asked = Application(id=new_id(), purse=purse.id, store="s001", by="person:tom", reason="brought goods back")
        card_returns.apply(session, asked, now_ms=START_MS)
        paid = card_returns.decide(
            session, open_commit(session, START_MS), asked.id, by="person:ana", approve=True, at_ms=START_MS,
            now_ms=START_MS,
        )  # fmt: skip
    assert (paid.paid_minor, holds(chain, now)) == (6_000, {})


def test_a_rebate_counts_whole_units_of_the_houses_money(chain: Chain) -> None:
    """200 yuan, or 20,000 yen: one point for each 100 of them."""
    chain.sell(20_000)
    parameters = {"year": 2026, "rate_bp": 100}
    for exponent, points, spent in ((2, 2, "￥200.00"), (0, 200, "￥20,000")):
        with chain.database.session() as session:
            for shop in session.exec(select(Store)):
                shop.exponent = exponent
                session.add(shop)
            session.flush()
            ((_, amount, why),) = rebate.items(session, parameters)
        assert (amount, spent in str(why)) == (points, True)


def test_a_rebate_worked_out_before_somebody_left_is_not_paid_to_them(chain: Chain) -> None:
    chain.sell(20_000)
    parameters = {"year": 2026, "rate_bp": 10_000}
    other = join(chain.database)
    with chain.database.session() as session:
        ((subject, amount, _),) = rebate.items(session, parameters)
        item = SimpleNamespace(subject=subject, amount=amount)
    merge(chain, other, chain.ann)
    with chain.database.session() as session:
        moved = rebate.post_items(session, open_commit(session, 1), new_id(), parameters, [item], at_ms=START_MS)
    assert moved.members == {other}
    assert holds(chain, other) == {"member_points": 200 + 200}
    erase(chain, other)
    with chain.database.session() as session:
        moved = rebate.post_items(session, open_commit(session, 1), new_id(), parameters, [item], at_ms=START_MS)
    assert (moved.amounts, moved.members) == ({chain.ann: 0}, set())
    assert holds(chain, other) == {}


@pytest.mark.postgresql
def test_p5_sales_on_their_way_while_members_are_merged_miss_nobody(postgresql_database: Database) -> None:
    chain = Chain(postgresql_database)
    sales = [make_sale([("1001", 10)], number=n, member=MemberOnSale(member=chain.ann)) for n in range(1, 25)]
    third = join(chain.database)
    with ThreadPoolExecutor(4) as pool:
        taken = [pool.submit(take, chain.database, [sale]) for sale in sales]
        now = merged(chain, 1)
        merge(chain, third, now)
        assert [one.result() for one in taken] == [{}] * len(sales)
    assert (holds(chain, chain.ann), holds(chain, now)) == ({}, {})
    assert holds(chain, third) == {"member_points": 45 * len(sales)}


def test_an_id_leads_to_the_end_of_its_chain_and_an_unknown_one_to_itself(chain: Chain) -> None:
    now, stranger = merged(chain, 3), new_id()
    with chain.database.snapshot() as session:
        assert one_person.now(session, [chain.ann, now, stranger]) == {chain.ann: now, now: now, stranger: stranger}
        ids = one_person.ids_of(session, [now])
        assert (len(ids), set(ids.values()), chain.ann in ids) == (4, {now}, True)
        assert one_person.ids_of(session, [chain.ann]) == {chain.ann: chain.ann}
        assert one_person.asked_about(session, stranger) == stranger
    erase(chain, now)
    with chain.database.snapshot() as session, pytest.raises(Refusal) as refused:
        one_person.asked_about(session, chain.ann)
    assert refused.value.code == "member_closed"
