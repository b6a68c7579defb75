"""P5: the nightly proof counts coupons, gifts and prizes beside the ledger, and names what is not as the books say."""

from __future__ import annotations

import pytest

from cloud.database import Database
from cloud.ledger.proof import prove
from cloud.rewards.counting import COUNTS
from shared.draws import DrawRules, Prize
from tests.cloud.rewards_data import Mall


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    """A chain with a gift taken, a coupon given and a draw for another, all of it as it should be."""
    mall = Mall(sqlite_database)
    li = mall.member(500)
    mall.order(mall.gift(), li)
    mall.batch(id="c-prize", most=10)
    mall.give(li, batch="c-prize")
    prize = Prize(prize="coupon", weight=1, worth_minor=100, batch="c-prize")
    mall.draw(rules=DrawRules(prizes=[prize], nothing_weight=1), stock={"coupon": 3})
    for _ in range(3):
        mall.enter(li)
    mall.books.prove()
    return mall


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        ("UPDATE gift_stock SET left = left + 1", ["gift:mug s001"]),
        ("UPDATE gift_order SET state = 'cancelled'", ["gift:mug s001"]),
        ("UPDATE prize_stock SET left = left + 1", ["coupons_set_aside:c-prize", "prize:spring coupon"]),
        ("UPDATE coupon_batch SET promised = promised + 1", ["coupons_set_aside:c-prize"]),
        ("UPDATE coupon_batch SET taken = taken - 1", ["coupons_given:c-prize"]),
        ("UPDATE coupon SET state = 'voided'", ["coupons_open:c-prize"]),
        ("UPDATE coupon SET state = 'used', used_store = 's001'", ["coupons_open:c-prize", "coupons_used:s001"]),
    ],
)
def test_p5_the_proof_names_what_is_not_as_many_as_the_books_say(mall: Mall, spoiled: str, named: list[str]) -> None:
    with mall.database.engine.begin() as connection:
        connection.exec_driver_sql(spoiled)
    with mall.database.snapshot() as session:
        found = prove(session, counts=COUNTS)
    assert sorted(found.wrong_counts) == named
    assert not found.holds
