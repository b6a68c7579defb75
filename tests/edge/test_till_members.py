"""Members at real tills: by phone, blocked, taken off again, with coupons of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.till.membership.members import phone_number
from edge_agent.till.membership.results import PeopleFound, WalletView
from edge_agent.till.results import MemberAttached, Paid, Refused
from shared.loyalty import NextTier
from shared.pricing.kinds.coupon_off import CouponOff
from shared.wire.asks import AskPhone
from shared.wire.events import TenderKind
from tests.edge.tills import CARD, MILK
from tests.edge.value_hq import Person
from tests.edge.value_tills import (
    CODE,
    LI_PHONE,
    POINTS_RULE,
    WANG_PHONE,
    is_stored,
    last_sale,
    ring,
    selling,
    shown,
    wang,
)


@pytest.mark.parametrize(
    ("typed", "names"),
    [(WANG_PHONE, ["王**"]), ("138 0013-8000", ["王**"]), ("8000", ["王**", "李*"])],
)
async def test_a_member_is_found_by_phone_or_its_tail_and_chosen_among_the_masked(
    tmp_path: Path, typed: str, names: list[str]
) -> None:
    li = Person(name="李*", phone=LI_PHONE, points=7)
    async with selling(tmp_path, wang(), li, known=False) as (store, till, hq):
        await ring(till, MILK)
        found = await till.members.by_phone(typed)
        assert isinstance(found, PeopleFound), found
        assert [one.found.masked_name for one in found.people] == names
        attached = await till.members.attach(found.people[-1].found)
        assert isinstance(attached, MemberAttached)
        assert (attached.known, attached.by_hq) == (True, True)
        await till.tender(TenderKind.CASH)
        sale = await last_sale(store)
        assert sale.member is not None
        assert sale.member.member in {one.id for one in hq.people}
        assert isinstance(hq.asked[0], AskPhone)
    assert not is_stored(tmp_path, WANG_PHONE)


@pytest.mark.parametrize(
    ("typed", "online", "code"),
    [("12", True, "phone_number"), ("13700000000", True, "phone_unknown"), (WANG_PHONE, False, "phone_needs_hq")],
)
async def test_a_phone_that_finds_nobody_says_why(tmp_path: Path, typed: str, online: bool, code: str) -> None:
    async with selling(tmp_path, wang()) as (_store, till, hq):
        hq.online = online
        answer = await till.members.by_phone(typed)
        assert isinstance(answer, Refused)
        assert answer.code == code


def test_what_is_a_phone_number() -> None:
    assert [phone_number(one) for one in ("0000", "１３８", "+8000", "1" * 16, "021-5555 0101")] == [
        "0000", None, None, None, "02155550101",
    ]  # fmt: skip


async def test_a_block_that_only_head_office_knows_of_is_said_in_its_own_words(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(blocks=[]), rules=(POINTS_RULE,)) as (_store, till, hq):
        await ring(till, CARD, MILK)
        hq.people[0].blocks = ["points"]
        points = await till.value.use_points(100)
        hq.people[0].blocks = ["buy"]
        money = await till.tender(TenderKind.STORED_VALUE, 100)
        for code, answer in (("member_may_not_use_points", points), ("member_may_not_buy", money)):
            assert isinstance(answer, Refused), answer
            assert answer.code == code
        assert hq.held == {}


@pytest.mark.parametrize("known", [True, False])
async def test_blocks_are_kept_whoever_said_so(tmp_path: Path, known: bool) -> None:
    who = wang(blocks=["points", "coupons"], coupons={CODE: "off"})
    rules = (POINTS_RULE, CouponOff(promotion="off", off_minor=100))
    async with selling(tmp_path, who, rules=rules, known=known) as (_store, till, hq):
        await ring(till, MILK)
        found = await till.members.by_phone(WANG_PHONE)
        assert isinstance(found, PeopleFound)
        await (till.scan(CARD) if known else till.members.attach(found.people[0].found))
        for code, answer in (
            ("member_may_not_use_points", await till.value.use_points(100)),
            ("member_may_not_use_coupons", await till.take_coupon_code(CODE)),
        ):
            assert isinstance(answer, Refused)
            assert answer.code == code
        assert hq.held == {}
        view = await shown(till)
        assert view.member is not None
        assert view.member.blocks == ("points", "coupons")
        assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_who_may_not_buy_is_not_attached_and_the_sale_goes_on_without(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(blocks=["buy"])) as (_store, till, _hq):
        await ring(till, MILK)
        answer = await till.scan(CARD)
        assert isinstance(answer, Refused)
        assert answer.code == "member_may_not_buy"
        assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_a_member_taken_off_takes_points_and_coupons_along(tmp_path: Path) -> None:
    who = wang(coupons={CODE: "off"})
    rules = (POINTS_RULE, CouponOff(promotion="off", off_minor=100))
    async with selling(tmp_path, who, rules=rules) as (_store, till, hq):
        await ring(till, CARD, MILK)
        await till.take_coupon_code(CODE)
        await till.value.use_points(200)
        gone = await till.members.put_back()
        assert not isinstance(gone, Refused)
        await till.releases.step()
        assert (gone.total_minor, hq.held, hq.reserved) == (1_299, {}, {})
        assert (await shown(till)).member is None


async def test_own_coupons_are_listed_with_the_book_s_words(tmp_path: Path) -> None:
    who = wang(coupons={CODE: "off"})
    rule = CouponOff(promotion="off", off_minor=100, names={"en": "One off", "zh": "减一元"})
    async with selling(tmp_path, who, rules=(rule,)) as (_store, till, _hq):
        await ring(till, CARD, MILK)
        wallet = await till.members.wallet(coupons=True)
        assert isinstance(wallet, WalletView)
        (one,) = wallet.coupons
        assert (one.code, one.names["zh"], one.ends, one.on_basket) == (CODE, "减一元", "2026-12-31", False)


async def test_what_is_missing_to_the_next_tier_is_shown(tmp_path: Path) -> None:
    who = wang(next_tier=NextTier(tier="diamond", spend_minor=12_000))
    async with selling(tmp_path, who, known=False) as (_store, till, _hq):
        found = await till.members.by_phone(WANG_PHONE)
        assert isinstance(found, PeopleFound)
        await till.members.attach(found.people[0].found)
        view = await shown(till)
        assert view.member is not None
        assert view.member.next_tier == NextTier(tier="diamond", spend_minor=12_000)


async def test_hq_names_somebody_who_may_not_buy_and_the_sale_waits_until_they_are_off(tmp_path: Path) -> None:
    async with selling(tmp_path, wang(blocks=["buy"]), known=False) as (store, _till, hq):
        till = store.till(owners=hq, hq=hq)
        enquiry = store.enquiries["t1"]
        assert enquiry is not None
        asking = asyncio.create_task(enquiry.run())
        await ring(till, CARD, MILK)
        async with asyncio.timeout(5):
            while not (await shown(till)).member.blocks:  # type: ignore[union-attr]
                await till.changes.beyond(till.changes.count - 1)
                await asyncio.sleep(0)
        asking.cancel()
        answer = await till.tender(TenderKind.CASH)
        assert isinstance(answer, Refused)
        assert answer.code == "member_may_not_buy"
        await till.members.put_back()
        assert isinstance(await till.tender(TenderKind.CASH), Paid)
