"""Whose value is on a basket: another member's card, one shown while HQ is asked, and one this store does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.till.membership.results import PointsUsed
from edge_agent.till.results import MemberAttached, Paid, Refused
from edge_agent.till.selling.results import CouponTaken
from shared import coupon_code
from shared.pricing.kinds.coupon_off import CouponOff
from shared.value import POINTS
from shared.wire.events import TenderKind
from tests.edge.tills import CARD, MILK, OTHER_CARD
from tests.edge.value_hq import Person
from tests.edge.value_tills import CODE, LI_PHONE, POINTS_RULE, ring, selling, shown, wait_too_long, wang


async def test_another_member_s_card_takes_their_own_coupons_along_and_leaves_anybody_s(tmp_path: Path) -> None:
    nobody_s = coupon_code.make(778)
    rules = (CouponOff(promotion="off", off_minor=100, stackable=True), POINTS_RULE)
    holder = Person(name="", phone="", coupons={nobody_s: "off"})
    li = Person(name="李*", phone=LI_PHONE, card=OTHER_CARD)
    async with selling(tmp_path, wang(coupons={CODE: "off"}), holder, li, rules=rules) as (_store, till, hq):
        await ring(till, MILK)
        assert isinstance(await till.take_coupon_code(nobody_s), CouponTaken)
        refused = await till.take_coupon_code(CODE)
        assert isinstance(refused, Refused)
        assert refused.code == "coupon_of_a_member"
        await ring(till, CARD)
        assert isinstance(await till.take_coupon_code(CODE), CouponTaken)
        assert isinstance(await till.value.use_points(200), PointsUsed)
        changed = await till.scan(OTHER_CARD)
        assert isinstance(changed, MemberAttached)
        assert changed.let_go
        assert [one.code for one in (await shown(till)).coupons] == [nobody_s]
        await till.releases.step()
        assert (hq.aside(POINTS), list(hq.reserved)) == (0, [nobody_s])


@pytest.mark.parametrize("wants", ["points", "coupon"])
async def test_p5_what_hq_gives_for_one_member_never_comes_onto_another_s_basket(tmp_path: Path, wants: str) -> None:
    rules = (CouponOff(promotion="off", off_minor=100), POINTS_RULE)
    li = Person(name="李*", phone=LI_PHONE, card=OTHER_CARD)
    async with selling(tmp_path, wang(coupons={CODE: "off"}), li, rules=rules) as (_store, till, hq):
        await ring(till, CARD, MILK)
        hq.meanwhile = lambda: till.scan(OTHER_CARD)
        answer = await (till.value.use_points(200) if wants == "points" else till.take_coupon_code(CODE))
        assert isinstance(answer, Refused)
        assert answer.code == "member_changed"
        view = await shown(till)
        assert (view.due_minor, view.coupons, view.points) == (1_299, (), 0)
        await till.releases.step()
        assert (hq.aside(POINTS), hq.reserved) == (0, {})


async def test_a_member_whom_this_store_does_not_know_uses_their_own_coupon_by_their_card(tmp_path: Path) -> None:
    rules = (CouponOff(promotion="off", off_minor=100),)
    async with selling(tmp_path, wang(coupons={CODE: "off"}), rules=rules, known=False) as (store, till, _hq):
        await ring(till, CARD, MILK)
        taken = await till.take_coupon_code(CODE)
        assert isinstance(taken, CouponTaken), taken
        assert taken.total_minor == 1_199
        await wait_too_long(store)
        assert isinstance(await till.tender(TenderKind.CASH), Paid), "asked anew with the same card"
