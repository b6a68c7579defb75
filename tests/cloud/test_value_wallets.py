"""What a till is told of somebody's wallet before it asks for any of it, on both databases."""

from __future__ import annotations

from datetime import date
from random import Random

import msgspec
import pytest
from sqlmodel import Session, col, select

from cloud.audit.models import AuditEntry
from cloud.coupons import batches
from cloud.coupons.models import PERSONAL
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.members import blocks, rules
from cloud.members.care_models import WalletLook
from cloud.org.models import Till
from cloud.value import purses
from shared.sealing import seal
from shared.wire.asks import AskHold, AskRelease, CouponReserved, Held, Refused, Released
from shared.wire.events import Tender, TenderKind
from shared.wire.wallet_asks import AskWallet, Wallet, WalletCoupon
from tests.cloud.members_data import CARD, everything_stored, join, take, vault
from tests.cloud.test_coupons import Shop
from tests.cloud.test_value_sales import Chain
from tests.factories import START_MS, make_return, new_id

UNKNOWN_CARD = "8800000999"


@pytest.fixture
def chain(database: Database) -> Chain:
    return Chain(database)


def wallet(chain: Chain, **whose: object) -> object:
    return chain.ask(AskWallet(till="t1", cashier="c1", **whose))  # type: ignore[arg-type]


def sealed(number: str) -> bytes:
    return seal(number.encode(), vault().sealing_public, bytes(range(1, 33)))


def test_it_says_what_can_be_spent_and_not_what_is_set_aside(chain: Chain) -> None:
    chain.earn(30)
    chain.top_up(10_000)
    assert wallet(chain, member=chain.ann) == Wallet(value_minor=10_000, has_value=True, points=30)
    assert isinstance(chain.hold("CNY", 4_000, new_id()), Held)
    assert wallet(chain, sealed_card=sealed(CARD)) == Wallet(value_minor=6_000, has_value=True, points=30)


def test_it_says_what_a_member_may_not_do(chain: Chain) -> None:
    def block(session: Session) -> None:
        commit_no = open_commit(session, START_MS)
        blocks.put(session, chain.ann, "points", reason="asked", actor="ann", commit_no=commit_no, now_ms=START_MS)

    in_transaction(chain.database, block)
    found = wallet(chain, member=chain.ann)
    assert isinstance(found, Wallet)
    assert found.blocks == ["points"]


@pytest.mark.parametrize(
    ("whose", "code"),
    [
        ({}, "nobody"),
        ({"sealed_card": b"no box"}, "card_unreadable"),
        ({"sealed_card": sealed(UNKNOWN_CARD)}, "card_unknown"),
        ({"member": new_id()}, "member_closed"),
    ],
)
def test_it_says_why_there_is_nothing_to_say(chain: Chain, whose: dict[str, object], code: str) -> None:
    assert wallet(chain, **whose) == Refused(code=code)


def test_it_lists_the_coupons_that_count_today(chain: Chain) -> None:
    def give(session: Session) -> list[str]:
        for name, starts in (("now", date(2026, 1, 1)), ("later", date(2026, 3, 1))):
            batch = batches.NewBatch(
                id=name, kind=PERSONAL, promotion=f"{name}-off", starts=starts, ends=date(2026, 12, 31), most=9
            )
            batches.create(session, batch, Random(1).getrandbits, actor="ann", now_ms=START_MS)
        commit_no, today = open_commit(session, START_MS), date(2026, 1, 1)
        return [
            batches.give(
                session,
                commit_no,
                name,
                [chain.ann],
                Random(name).getrandbits,
                cause=new_id(),
                today=today,
                at_ms=START_MS,
            )[0]
            for name in ("now", "later")
        ]

    now, _later = in_transaction(chain.database, give)
    found = wallet(chain, member=chain.ann, coupons=True)
    assert isinstance(found, Wallet)
    assert found.coupons == [WalletCoupon(code=now, promotion="now-off", ends=date(2026, 12, 31))]


def test_a_frozen_purse_has_nothing_to_spend(chain: Chain) -> None:
    chain.top_up(10_000)
    with chain.database.session() as session:
        purse, _ = purses.lock(session, chain.purse)
        purse.state = "frozen"
        session.add(purse)
    found = wallet(chain, member=chain.ann)
    assert isinstance(found, Wallet)
    assert (found.value_minor, found.has_value) == (0, True)


def test_a_coupon_is_let_go_alone_and_kept_for_as_long_anew_by_the_basket_that_asks_again(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (kept,), (freed,) = shop.give(), shop.give()
    basket, other = new_id(), new_id()
    first = shop.claim(kept, basket)
    assert isinstance(first, CouponReserved)
    assert isinstance(shop.claim(freed, basket), CouponReserved)
    assert shop.ask(AskRelease(basket=basket, till="t1", coupon=freed)) == Released()
    assert isinstance(shop.claim(freed, other), CouponReserved)
    assert shop.claim(kept, other) == Refused(code="coupon_reserved")
    shop.machine.advance(60_000)
    again = shop.claim(kept, basket)
    assert isinstance(again, CouponReserved)
    assert again.valid_until_ms == first.valid_until_ms + 60_000


def test_one_till_asks_so_often_and_each_look_is_on_record(chain: Chain) -> None:
    chain.top_up(1_000)
    rule = rules.WalletLooks(version=1, in_a_minute=2, in_an_hour=3)
    with chain.database.session() as session:
        rules.publish(session, rule, actor="ann", now_ms=1)
        session.add_all([Till(store_id="s001", id=name, number=n) for n, name in ((1, "t1"), (2, "t2"))])
    again, there = new_id(), Wallet(value_minor=1_000, has_value=True)
    by_member, by_card = (
        AskWallet(till="t1", cashier="c1", **whose)
        for whose in ({"member": chain.ann}, {"sealed_card": sealed(UNKNOWN_CARD)})
    )
    assert [chain.ask(by_member, id=again), chain.ask(by_member, id=again)] == [there, there], "one look, asked twice"
    assert chain.ask(by_card) == Refused(code="card_unknown"), "a number that leads nowhere counts most of all"
    assert chain.ask(by_member) == Refused(code="wallet_looks")
    assert chain.ask(msgspec.structs.replace(by_member, till="t2")) == there, "another till has its own"
    made_up = [chain.ask(msgspec.structs.replace(by_member, till=name)) for name in ("x1", "x2", "x3")]
    assert made_up == [there, there, Refused(code="wallet_looks")], "tills that nobody set up count as one"
    chain.machine.advance(60_000)
    assert chain.ask(by_member) == there
    assert chain.ask(by_member) == Refused(code="wallet_looks"), "three in the hour"
    with chain.database.snapshot() as session:
        looks = session.exec(select(WalletLook).where(WalletLook.till == "t1").order_by(col(WalletLook.at_ms))).all()
        assert sorted((one.cashier, one.by_card, one.found) for one in looks) == [
            ("c1", False, True), ("c1", False, True), ("c1", True, False)]  # fmt: skip
        acts = session.exec(select(AuditEntry).where(AuditEntry.action == "member.wallet_looks")).all()
        assert sorted(act.actor for act in acts) == [*["till:s001/t1/c1"] * 2, "till:s001/x3/c1"]
    assert UNKNOWN_CARD.encode() not in everything_stored(chain.database)


@pytest.mark.parametrize("first_back", [0, 1])
def test_each_part_of_a_return_goes_back_to_the_purse_it_was_taken_from(chain: Chain, first_back: int) -> None:
    chain.top_up(1_000)
    bob = join(chain.database, ["8800000777"])
    with chain.database.session() as session:
        bobs = purses.open_purse(session, "s001", member=bob, card=None, legal_entity="main", now_ms=START_MS)
        chain.purse = bobs.id
    chain.top_up(1_000)
    basket, holds = new_id(), [new_id(), new_id()]
    for hold, member in zip(holds, (chain.ann, bob), strict=True):
        ask = AskHold(basket=basket, unit="CNY", amount=500, till="t1", member=member)
        assert isinstance(chain.ask(ask, id=hold), Held)
    sale = chain.sell(1_000, value=1_000, id=basket)
    back = make_return(sale, number=99)
    ways = [Tender(method=TenderKind.STORED_VALUE, minor=400, attempt=holds[first_back])]
    ways.append(Tender(method=TenderKind.CASH, minor=back.total_minor - 400))
    assert take(chain.database, [msgspec.structs.replace(back, tenders=ways)]) == {}
    stands = [chain.stands("purse_principal", owner=owner) for owner in (chain.ann, bob)]
    assert stands == ([900, 500] if first_back == 0 else [500, 900])
    chain.prove()
