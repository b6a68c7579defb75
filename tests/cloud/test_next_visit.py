"""Coupons for the next visit: whose they are, and what becomes of them when their purchase comes back."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from cloud.coupons import batches, life
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger.proof import prove
from cloud.members import claiming
from shared.pricing.record import PromotionUse
from shared.wire.events import MemberOnSale, SaleCompleted
from shared.wire.messages import AskRelease, CouponReserved, Refused, Released
from tests.cloud.members_data import join, shown, take
from tests.cloud.test_coupons import Shop
from tests.factories import START_MS, make_return, make_sale, new_id


def promising(shop: Shop, member: MemberOnSale | None, number: int = 70) -> SaleCompleted:
    sale = make_sale(number=number, member=member)
    sale = msgspec.structs.replace(sale, promotions=[PromotionUse("off10", issues=["back5"])])
    assert take(shop.database, [sale]) == {}
    return sale


@pytest.mark.parametrize("meanwhile", ["nothing", "used", "set aside"])
def test_a_coupon_for_the_next_visit_is_over_when_all_it_was_given_for_comes_back(
    database: Database, meanwhile: str
) -> None:
    shop = Shop(database)
    shop.batch("next_visit", promotion="back5", days_valid=7, most=5)
    sale, basket = promising(shop, MemberOnSale(member=shop.ann)), new_id()
    with database.snapshot() as session:
        (code,) = (one.code for one in batches.of_member(session, shop.ann))
    first, rest = ([(line.n, line.quantity) for line in lines] for lines in (sale.lines[:1], sale.lines[1:]))
    assert take(database, [make_return(sale, first, number=71)]) == {}
    if meanwhile != "nothing":
        assert isinstance(shop.claim(code, basket, member=shop.ann), CouponReserved), "a part came back: it counts"
    if meanwhile == "used":
        shop.sell_with(code, basket=basket)
    assert take(database, [make_return(sale, rest, number=72)]) == {}
    if meanwhile == "set aside":
        shop.sell_with(code, basket=basket)
    with database.snapshot() as session:
        found = life.life_of(session, code)
        stands = {"coupons_used": 0, "coupons_ended": 0} | {
            kind: units["COUPONS"] for kind, units in prove(session).by_kind.items() if kind.startswith("coupons_")
        }
    ended = meanwhile == "nothing"
    assert found.coupon.state == ("voided" if ended else "used"), "what was used stays used"
    assert (stands["coupons_used"], stands["coupons_ended"]) == (int(not ended), int(ended))
    assert ("The purchase that gave it came back: over" in {step.title for step in found.steps}) == ended
    assert isinstance(shop.claim(code, new_id(), member=shop.ann), Refused)
    assert shop.conflicts() == []
    shop.prove()


def test_a_coupon_set_aside_when_its_purchase_came_back_is_nobodys_once_it_is_let_go(database: Database) -> None:
    shop = Shop(database)
    shop.batch("next_visit", promotion="back5", days_valid=7, most=5)
    sale, basket = promising(shop, MemberOnSale(member=shop.ann)), new_id()
    with database.snapshot() as session:
        (code,) = (one.code for one in batches.of_member(session, shop.ann))
    shop.claim(code, basket, member=shop.ann)
    assert take(database, [make_return(sale, [(line.n, line.quantity) for line in sale.lines], number=71)]) == {}
    assert shop.ask(AskRelease(basket=basket, till="t1", coupon=code)) == Released()
    assert shop.claim(code, new_id(), member=shop.ann) == Refused(code="coupon_expired")


@pytest.mark.parametrize("came_back", [False, True])
def test_who_is_known_later_gets_the_coupon_their_receipt_promised(database: Database, came_back: bool) -> None:
    shop = Shop(database)
    shop.batch("next_visit", promotion="back5", days_valid=7, most=5)
    sales = [promising(shop, shown("8810000000000077")), promising(shop, None, 71)]
    if came_back:
        backs = [
            make_return(sale, [(line.n, line.quantity) for line in sale.lines], number=80 + n)
            for n, sale in enumerate(sales)
        ]
        assert take(database, backs) == {}
    late = join(database, ["8810000000000077"])
    with database.session() as session:
        claiming.claim(
            session, late, sales[1].id, store="s001", cashier="c1", commit_no=open_commit(session, START_MS),
            business_ms=START_MS,
        )  # fmt: skip
    with database.snapshot() as session:
        got = batches.of_member(session, late)
    assert {one.ends for one in got} <= {date(2026, 1, 7)}, "as the receipt said, whenever the member is known"
    assert {one.given_sale for one in got} == (set() if came_back else {sale.id for sale in sales})
    shop.prove()


def test_a_sale_lets_go_of_what_its_basket_had_set_aside_and_did_not_use(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,), basket = shop.give(), new_id()
    assert isinstance(shop.claim(code, basket), CouponReserved)
    shop.sell(1_000, id=basket)
    assert isinstance(shop.claim(code, new_id()), CouponReserved)
