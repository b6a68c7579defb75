"""What a block does at head office, whatever the till knew of it; on both databases."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Refused as Refusal
from cloud.loyalty.models import PointsReview
from cloud.members import blocks
from cloud.members.attaching import attach_card
from cloud.rewards.who import may_spend_points
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


def lift(shop: Shop, kind: str, *, until_ms: int) -> None:
    with shop.database.session() as session:
        commit_no = open_commit(session, START_MS)
        blocks.lift(
            session, shop.ann, kind, reason="cleared", actor="bob", commit_no=commit_no, now_ms=START_MS,
            until_ms=until_ms,
        )  # fmt: skip


def test_a_sale_is_judged_by_its_moment_however_late_it_arrives(shop: Shop) -> None:
    for n in (1, 5):  # blocked from the first to the second hour, and from the fifth to the sixth
        block(shop, "points", since_ms=START_MS + n * HOUR)
        lift(shop, "points", until_ms=START_MS + (n + 1) * HOUR)
    for at_ms, points in (
        (START_MS + HOUR - 1, 10), (START_MS + HOUR, 10), (START_MS + 2 * HOUR - 1, 10), (START_MS + 2 * HOUR, 20),
        (START_MS + 5 * HOUR, 20), (START_MS + 6 * HOUR, 30),
    ):  # fmt: skip
        shop.sell(1_000, at_ms=at_ms)
        assert shop.points == points, f"{(at_ms - START_MS) / HOUR} hours"
    with shop.database.snapshot() as session:
        kept = [(one.since_ms, one.until_ms, one.reason, one.actor, one.lifted_reason, one.lifted_by)
                for one in blocks.past_of(session, shop.ann)]  # fmt: skip
    assert kept == [(START_MS + n * HOUR, START_MS + (n + 1) * HOUR, "misuse", "ann", "cleared", "bob") for n in (5, 1)]
    shop.prove()


@pytest.mark.parametrize(("blocked", "may"), [("coupons", True), ("points", False), ("buy", False)])
def test_no_gift_and_no_draw_for_who_may_spend_nothing(shop: Shop, blocked: str, may: bool) -> None:
    block(shop, blocked)
    with shop.database.snapshot() as session, nullcontext() if may else pytest.raises(Refusal, match="may not spend"):
        may_spend_points(session, shop.ann)


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
