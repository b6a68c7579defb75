"""What a block does at head office, whatever the till knew of it; on both databases."""

from __future__ import annotations

import pytest

from cloud.database import Database
from cloud.ledger.commits import open_commit
from cloud.loyalty.models import PointsReview
from cloud.members import blocks
from cloud.members.attaching import attach_card
from shared.wire.messages import CouponReserved, Held, Refused
from tests.cloud.members_data import mint, shown, take, vault
from tests.cloud.test_coupons import Shop
from tests.factories import START_MS, make_sale, new_id

HOUR = 3_600_000
CARD = "8810000000000077"


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def block(shop: Shop, kind: str, *, since_ms: int = START_MS) -> None:
    with shop.database.session() as session:
        commit_no = open_commit(session, START_MS)
        blocks.put(
            session, shop.ann, kind, reason="misuse", actor="ann", commit_no=commit_no, now_ms=START_MS,
            since_ms=since_ms,
        )  # fmt: skip


def test_who_is_blocked_from_points_collects_none_from_then_on(shop: Shop) -> None:
    block(shop, "points", since_ms=START_MS + HOUR)
    late = shop.sell(10_000, at_ms=START_MS + HOUR, points_promised=100)
    assert shop.points == 0, "the till had not heard of it"
    shop.sell(5_000)
    assert shop.points == 50, "made before the block, came after it: the order in which they arrive is nobody's doing"
    with shop.database.snapshot() as session:
        waits = session.get_one(PointsReview, late.id)
        assert (waits.promised, waits.computed) == (100, 0), "a person sees what the till had promised"
    shop.give_back(late)
    assert (shop.points, shop.stands("member_debt", "POINTS")) == (50, 0)
    shop.prove()


def test_a_card_attached_to_a_blocked_member_brings_what_was_bought_before(shop: Shop) -> None:
    for n, at_ms in enumerate((START_MS, START_MS + HOUR)):
        assert take(shop.database, [make_sale(number=80 + n, member=shown(CARD), at_ms=at_ms)]) == {}
    block(shop, "points", since_ms=START_MS + HOUR)
    with shop.database.session() as session:
        commit_no = open_commit(session, START_MS)
        attach_card(session, vault(), mint, member=shop.ann, number=CARD, commit_no=commit_no, now_ms=START_MS)
    assert shop.points == 21, "of the first of the two alone"


@pytest.mark.parametrize(
    ("blocked", "points", "money", "coupon"),
    [
        ("points", "points_blocked", "", ""),
        ("coupons", "", "", "coupons_blocked"),
        ("buy", "buy_blocked", "buy_blocked", "buy_blocked"),
    ],
)
def test_nothing_is_set_aside_for_who_is_blocked_from_it(
    shop: Shop, blocked: str, points: str, money: str, coupon: str
) -> None:
    shop.publish()
    assert shop.top_up(10_000) == ""
    shop.earn(100)
    shop.batch()
    (code,) = shop.give(shop.ann)
    block(shop, blocked)
    for answer, refused, given in (
        (shop.hold("POINTS", 50, new_id()), points, Held),
        (shop.hold("CNY", 50, new_id()), money, Held),
        (shop.claim(code, new_id(), member=shop.ann), coupon, CouponReserved),
    ):
        assert answer == Refused(code=refused) if refused else isinstance(answer, given), answer
