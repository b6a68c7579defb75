"""Coupons on both databases: exactly once under fifty at once, typed answers, released and given back."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.coupons import batches, expiring, figures, life, settling, using
from cloud.coupons.models import CouponConflict
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.database.transactions import in_transaction
from cloud.errors import Refused as Refusal
from cloud.fleet.agents import GRACE_MS
from cloud.ledger import AccountKey
from cloud.ledger.proof import prove
from shared import coupon_code
from shared.pricing.context import Coupon as Entered
from shared.pricing.model import Discount
from shared.pricing.record import PricingFacts, PromotionUse
from shared.wire.events import MemberOnSale, SaleCompleted
from shared.wire.messages import AskCoupon, AskRelease, CouponReserved, Refused, Released
from tests.cloud.members_data import AGENTS, CARD, shown, take
from tests.cloud.test_ledger_races import AT_ONCE, all_at_once
from tests.cloud.test_value_sales import Chain, heard
from tests.factories import START_MS, make_return, make_sale, new_id

BITS = random.Random(5).getrandbits
TODAY = date(2026, 1, 1)


class Shop(Chain):
    """A chain with a batch of coupons."""

    def batch(self, kind: str = "codes", **fields: object) -> str:
        given = {
            "id": "b1", "kind": kind, "promotion": "off10", "starts": TODAY, "ends": date(2026, 1, 31), "most": 100,
        }  # fmt: skip
        wanted = batches.NewBatch(**{**given, **fields})  # type: ignore[arg-type]
        with self.database.session() as session:
            made = batches.create(session, wanted, BITS, actor="ann", now_ms=START_MS)
            return made.public_code or ""

    def give(self, *members: UUID | None, batch: str = "b1", today: date = TODAY) -> list[str]:
        with self.database.session() as session:
            return batches.give(
                session, open_commit(session, 1), batch, members or [None], BITS, cause=new_id(), today=today,
                at_ms=START_MS,
            )  # fmt: skip

    def claim(self, code: str, basket: UUID, *, member: UUID | None = None, store: str = "s001") -> object:
        return self.ask(AskCoupon(basket=basket, code=code, till="t1", member=member), store=store)  # type: ignore[arg-type]

    def sell_with(self, code: str, *, basket: UUID | None = None, issues: tuple[str, ...] = ()) -> object:
        self.number += 1
        sale = make_sale(id=basket, number=self.number, member=MemberOnSale(member=self.ann))
        sale = msgspec.structs.replace(
            sale,
            pricing=PricingFacts(coupons=[Entered(code, "off10")] if code else []),
            promotions=[PromotionUse("off10", coupon=code, issues=list(issues))],
        )
        assert take(self.database, [sale]) == {}
        return sale

    def used(self) -> int:
        with self.database.snapshot() as session:
            return prove(session).by_kind.get("coupons_used", {}).get("COUPONS", 0)

    def conflicts(self) -> list[str]:
        with self.database.snapshot() as session:
            return list(session.execute(select(table_of(CouponConflict).c.reason)).scalars())


@given(st.integers(0, 2**60 - 1), st.integers(0, 12), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_code_survives_typing_and_every_wrong_sign_is_found(bits: int, place: int, sign: str) -> None:
    code = coupon_code.make(bits)
    assert coupon_code.read(f" {code[:4].lower()}-{code[4:]}".replace("0", "o").replace("1", "l")) == code
    wrong = code[:place] + sign + code[place + 1 :]
    assert (coupon_code.read(wrong) is None) == (wrong != code)


@pytest.mark.parametrize("text", ["", "K7Q2", "U" * 13, "抽奖券", "K7Q2M9XA4TRDK7Q2M9XA4TRD"])
def test_what_is_no_code_is_told_apart(text: str) -> None:
    assert coupon_code.read(text) is None


def test_p5_fifty_tills_claim_one_coupon_and_one_gets_it(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    baskets = [new_id() for _ in range(AT_ONCE)]

    def claim(n: int) -> int:
        answer = shop.claim(code, baskets[n])
        assert isinstance(answer, CouponReserved | Refused), answer
        return isinstance(answer, CouponReserved)

    assert sum(all_at_once(claim)) == 1
    shop.prove()


def test_p5_fifty_sales_with_one_coupon_and_one_has_used_it(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    sales = [new_id() for _ in range(AT_ONCE)]

    def use(n: int) -> int:
        wanted = using.Use(code=code, sale=sales[n], store="s001", at_ms=START_MS)
        return in_transaction(shop.database, lambda session: using.use(session, open_commit(session, 1), wanted))

    assert sum(all_at_once(use)) == 1
    assert (shop.used(), shop.conflicts()) == (1, ["used"] * (AT_ONCE - 1))
    shop.prove()


def test_p5_a_public_code_is_used_as_often_as_it_may_and_no_more(database: Database) -> None:
    shop = Shop(database)
    code = shop.batch("public", most=7)
    baskets = [new_id() for _ in range(AT_ONCE)]
    claimed = all_at_once(lambda n: isinstance(shop.claim(code, baskets[n]), CouponReserved))
    assert sum(claimed) == 7
    freed = baskets[claimed.index(True)]
    assert shop.ask(AskRelease(basket=freed, till="t1")) == Released()
    assert isinstance(shop.claim(code, new_id()), CouponReserved)
    assert shop.claim(code, new_id()) == Refused(code="coupon_spent")
    shop.prove()


def test_a_reserved_coupon_is_its_baskets_until_released_or_used(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    mine, other = new_id(), new_id()
    first = shop.claim(code, mine)
    assert isinstance(first, CouponReserved)
    assert (first.code, first.promotion) == (code, "off10")
    assert shop.claim(code.lower(), mine) == first
    assert shop.claim(code, other) == Refused(code="coupon_reserved")
    assert shop.ask(AskRelease(basket=mine, till="t1")) == Released()
    assert isinstance(shop.claim(code, other), CouponReserved)
    shop.sell_with(code, basket=other)
    assert shop.claim(code, mine) == Refused(code="coupon_used")
    assert (shop.used(), shop.conflicts()) == (1, [])
    shop.prove()


def test_a_sale_that_used_anothers_coupon_stands_and_is_shown(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    shop.claim(code, new_id())
    shop.sell_with(code)
    shop.sell_with(coupon_code.make(1))
    shop.sell_with("SUMMER")  # a public code of a price book: no coupon of ours, so nobody's
    assert sorted(shop.conflicts()) == ["reserved", "unknown"]
    assert shop.used() == 0


def test_a_coupon_can_be_used_again_when_everything_came_back(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    sale = shop.sell_with(code)
    part = make_return(sale, [(1, 1)], number=50)  # type: ignore[arg-type]
    rest = make_return(sale, [(1, 1), (2, 1)], number=51)  # type: ignore[arg-type]
    assert take(database, [part]) == {}
    assert shop.claim(code, new_id()) == Refused(code="coupon_used")
    assert take(database, [rest]) == {}
    assert isinstance(shop.claim(code, new_id()), CouponReserved)
    assert shop.used() == 0
    shop.prove()


def test_a_store_that_does_not_know_the_member_reserves_their_coupon_by_their_card(database: Database) -> None:
    shop = Shop(database)
    shop.batch("personal")
    (mine,) = shop.give(shop.ann)
    asked = AskCoupon(basket=new_id(), code=mine, till="t1", sealed_card=shown(CARD).sealed_card)
    assert isinstance(shop.ask(asked, store="s002"), CouponReserved)  # type: ignore[arg-type]


def test_each_no_says_why(database: Database) -> None:
    shop = Shop(database)
    shop.batch("personal", per_member=1)
    (mine,) = shop.give(shop.ann)
    assert shop.claim(mine, new_id()) == Refused(code="coupon_not_yours")
    strange = AskCoupon(basket=new_id(), code=mine, till="t1", sealed_card=shown("8800000123").sealed_card)
    assert shop.ask(strange) == Refused(code="coupon_not_yours")  # type: ignore[arg-type]
    assert shop.claim(mine[:-1] + ("0" if mine[-1] != "0" else "2"), new_id()) == Refused(code="coupon_malformed")
    assert shop.claim(coupon_code.make(1), new_id()) == Refused(code="coupon_unknown")
    shop.batch(id="later", starts=date(2026, 1, 2))
    assert shop.claim(shop.give(batch="later")[0], new_id()) == Refused(code="coupon_not_yet")
    shop.batch(id="over", starts=date(2025, 1, 1), ends=date(2025, 12, 31))
    assert shop.claim(shop.give(batch="over", today=date(2025, 6, 1))[0], new_id()) == Refused(code="coupon_expired")
    shop.batch(id="gone")
    (gone,) = shop.give(batch="gone")
    with database.session() as session:
        batches.void(session, open_commit(session, 1), gone, cause=new_id(), actor="ann", at_ms=START_MS)
    assert shop.claim(gone, new_id()) == Refused(code="coupon_voided")
    with pytest.raises(Refusal, match="at most 1"):
        shop.give(shop.ann)
    with pytest.raises(Refusal, match="left"):
        shop.give(*[None] * 101, batch="gone")
    shop.prove()


def test_a_sale_gives_its_member_the_coupon_for_the_next_visit_once(database: Database) -> None:
    shop = Shop(database)
    shop.batch("next_visit", promotion="back5", days_valid=7, most=1)
    shop.sell_with("", issues=("back5",))
    shop.sell_with("", issues=("back5",))
    with database.snapshot() as session:
        (one,) = batches.of_member(session, shop.ann)
        assert (one.starts, one.ends) == (TODAY, date(2026, 1, 7))
        assert prove(session).by_kind["coupons_open"] == {"COUPONS": 1}
    assert isinstance(shop.claim(one.code, new_id(), member=shop.ann), CouponReserved)


def test_a_reservation_whose_basket_never_came_frees_itself_when_the_agent_has_sent_everything(
    database: Database,
) -> None:
    shop = Shop(database)
    shop.batch()
    (code,) = shop.give()
    held = shop.claim(code, new_id())
    assert isinstance(held, CouponReserved)
    later = held.valid_until_ms + 2 * GRACE_MS

    def freed() -> int:
        with database.session() as session:
            return settling.free_lapsed(session, later)

    assert freed() == 0
    heard(shop, drained_ms=later)
    assert (freed(), freed()) == (1, 0)
    assert isinstance(shop.claim(code, new_id()), CouponReserved)


@pytest.mark.postgresql
def test_p5_a_basket_that_asks_again_while_its_reservation_lapses_keeps_its_coupon(
    postgresql_database: Database,
) -> None:
    """Else the next basket could have the same coupon, and both sales would stand."""
    shop, basket = Shop(postgresql_database), new_id()
    shop.batch()
    (code,) = shop.give()
    held = shop.claim(code, basket)
    assert isinstance(held, CouponReserved)
    later = held.valid_until_ms + 2 * GRACE_MS
    heard(shop, drained_ms=later)
    again = using.Reservation(
        code=code, basket=basket, agent=AGENTS["s001"], store="s001", today=TODAY, at_ms=START_MS, until_ms=later
    )

    def lapse() -> int:
        with postgresql_database.session() as session:
            return settling.free_lapsed(session, later)

    with ThreadPoolExecutor(1) as pool:
        with postgresql_database.session() as session:
            using.reserve(session, again)
            freed = pool.submit(lapse)
            with suppress(TimeoutError):  # whoever waits for the basket's answer is to find it, too
                freed.result(timeout=1)
        assert freed.result() == 0
    assert shop.claim(code, new_id()) == Refused(code="coupon_reserved")


def test_open_coupons_are_as_many_as_the_ledger_says(database: Database) -> None:
    shop = Shop(database)
    shop.batch()
    codes = shop.give(*[None] * 40)
    for code in codes[:7]:
        shop.sell_with(code)
    with database.snapshot() as session:
        found = prove(session)
    assert found.holds
    assert found.by_kind["coupons_open"] == {"COUPONS": 33}
    assert AccountKey("coupons_open", "b1", "COUPONS").id


def sold_for(shop: Shop, code: str, off_minor: int, *, basket: UUID | None = None) -> SaleCompleted:
    """Sell with so much off by a coupon, as a till records it."""
    shop.number += 1
    sale = make_sale([("1001", 3)], id=basket, number=shop.number, member=MemberOnSale(member=shop.ann))
    (line,) = sale.lines
    off = [Discount(reason="coupon", minor=off_minor, source="off10")]
    line = msgspec.structs.replace(line, discounts=off, net_minor=line.gross_minor - off_minor)
    tender = msgspec.structs.replace(sale.tenders[0], minor=line.net_minor)
    sale = msgspec.structs.replace(
        sale,
        lines=[line],
        tenders=[tender],
        total_minor=line.net_minor,
        pricing=PricingFacts(coupons=[Entered(code, "off10")]),
        promotions=[PromotionUse("off10", coupon=code)],
    )
    assert take(shop.database, [sale]) == {}
    return sale


def test_what_coupons_cost_is_what_they_took_off_and_what_comes_back_costs_nothing(database: Database) -> None:
    shop = Shop(database)
    shop.batch(most=9)
    first, second, *_ = shop.give(None, None, None)
    sale = sold_for(shop, first, 300)
    sold_for(shop, second, 250)
    assert tally(shop) == figures.Tally(open=1, used=2, cost_minor=550)
    assert take(database, [make_return(sale, [(1, 3)], number=60)]) == {}
    assert tally(shop) == figures.Tally(open=2, used=1, cost_minor=250)
    with database.session() as session:
        shown = life.life_of(session, first)
        assert [step.title for step in shown.steps if "again" in step.title or step.title == "Used"] != []
        assert len(shown.steps) == 3
        assert life.life_of(session, second).receipt
    shop.prove()


def tally(shop: Shop, today: date = TODAY) -> figures.Tally:
    with shop.database.session() as session:
        return figures.tallies(session, today)["b1"]


def test_coupons_past_their_day_count_as_over_at_once_and_leave_the_books_after_late_sales(database: Database) -> None:
    shop = Shop(database)
    shop.batch(ends=date(2026, 1, 31))
    used, open_, *_ = shop.give(None, shop.ann, None)
    assert tally(shop, date(2026, 1, 31)) == figures.Tally(open=3, held=1)
    assert tally(shop, date(2026, 2, 1)) == figures.Tally(expired=3)

    def expire(today: date) -> int:
        with database.session() as session:
            commit = open_commit(session, 1)
            return expiring.expire_ended(session, commit, today, cause=new_id, at_ms=START_MS)

    assert expire(date(2026, 3, 1)) == 0
    sold_for(shop, used, 300)
    assert shop.conflicts() == [], "a sale of January that came in March used it in time"
    assert (expire(date(2026, 3, 13)), expire(date(2026, 3, 13))) == (2, 0)
    assert tally(shop, date(2026, 3, 13)) == figures.Tally(expired=2, used=1, cost_minor=300)
    assert shop.claim(open_, new_id(), member=shop.ann) == Refused(code="coupon_expired")
    with database.snapshot() as session:
        found = prove(session)
    assert found.by_kind["coupons_open"] == {"COUPONS": 0}
    assert found.by_kind["coupons_ended"] == {"COUPONS": 2}
    shop.prove()
