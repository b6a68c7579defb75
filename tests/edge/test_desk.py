"""The service desk's use cases against the real HQ: join, cards, gifts, receipts; asked twice, offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cloud.members import cards, consent
from cloud.rewards import gifts, stock
from edge_agent.till.results import Paid, Refused
from edge_agent.till.service.results import CardChanged, Customer, Customers, Welcomed
from edge_agent.till.service.words import SERVICE_WORDS
from shared.wire.desk_asks import GiftGiven, GiftsFound
from shared.wire.events import TenderKind, TillKind
from shared.wire.messages import AskEnrol, PointsClaimed
from tests.cloud.members_data import vault
from tests.edge.desk_hq import DeskStore, desk_store
from tests.edge.staffing import SUE
from tests.edge.tills import APPLES, CARD, OTHER_CARD
from tests.factories import START_MS

PHONE = "138 0013 8000"
TERMS = {"membership": "shipped-1"}


async def joined(at: DeskStore, phone: str = PHONE, **more: str) -> Customer:
    welcomed = await at.till.desk.enrol(phone, TERMS, **more)
    assert isinstance(welcomed, Welcomed), welcomed
    return welcomed.customer


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


async def test_a_number_and_a_yes_make_a_member_with_card_and_name(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        new = await joined(at, name="李小明", card=CARD)
        assert new.masked_name == "李**"
        with at.chain.database.session() as session:
            given = consent.standing(session, new.member, "membership")
            assert given is not None
            assert given.version == "shipped-1"
            found = cards.find(session, vault(), CARD)
            assert found is not None
            assert found.member == new.member
        for text in (CARD, "13800138000"):
            at.till.desk.whom.begin()
            looked = await at.till.desk.look_up(text)
            assert isinstance(looked, Customers), (text, looked)
            assert [one.member for one in looked.found] == [new.member]
        assert code(await at.till.desk.enrol(PHONE, TERMS)) == "hq_phone_known"
        assert code(await at.till.desk.enrol("12", TERMS)) == "phone_form"
        assert code(await at.till.desk.enrol("13900139000", {})) == "hq_consent_missing"


async def test_a_reply_that_is_lost_does_not_make_a_second_member(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        at.hq.loses = True
        assert code(await at.till.desk.enrol(PHONE, TERMS, card=CARD)) == "hq_silent"
        new = await joined(at, card=CARD)
        asked = [(question, body) for question, body in at.hq.asked if isinstance(body, AskEnrol)]
        assert asked[0] == asked[1], "the same question, to the byte"
        looked = await at.till.desk.look_up(PHONE)
        assert isinstance(looked, Customers)
        assert [one.member for one in looked.found] == [new.member]


async def test_nothing_is_pretended_without_a_network(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        new = await joined(at)
        at.hq.silent = True
        desk, counter = at.till.desk, at.till.counter
        desk.whom.begin()
        answers: list[Any] = [
            await desk.look_up("13800138000"),
            await desk.enrol("13900139000", TERMS),
            await desk.change_card("lost", new),
            await desk.gifts(new),
            await counter.offer(10_000, customer=new),
            await counter.apply_return(new, "x"),
            await counter.due(new),
        ]
        assert {code(answer) for answer in answers} == {"hq_silent"}


async def test_only_a_service_desk_does_it_and_nobody_practises_it(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        staffed = at.open("t2", TillKind.STAFFED)
        assert code(await staffed.desk.enrol(PHONE, TERMS)) == "not_at_this_till"
        assert code(await staffed.counter.offer(1)) == "not_at_this_till"
        await at.till.people.practise(on=True)
        assert code(await at.till.desk.enrol(PHONE, TERMS)) == "practice_only"


async def test_a_card_is_given_frozen_replaced_and_lost_with_approval(tmp_path: Path) -> None:
    async with desk_store(tmp_path, people=True, approvals={"card_change": "supervisor"}) as at:
        await at.till.people.sign_in("anna", "2580")
        new = await joined(at)
        desk = at.till.desk
        assert isinstance(await desk.change_card("issue", new, card=CARD), CardChanged)
        assert code(await desk.change_card("freeze", new)) == "approval_needed"
        assert isinstance(await desk.change_card("freeze", new, approve=SUE), CardChanged)
        assert code(await desk.look_up(CARD)) == "hq_card_frozen"
        assert isinstance(await desk.change_card("thaw", new, approve=SUE), CardChanged)
        assert isinstance(await desk.change_card("replace", new, card=OTHER_CARD, approve=SUE), CardChanged)
        assert code(await desk.look_up(CARD)) == "hq_card_lost"
        assert isinstance(await desk.change_card("lost", new, approve=SUE), CardChanged)
        assert code(await desk.change_card("lost", new, approve=SUE)) == "hq_card_unknown"
        assert code(await desk.change_card("issue", new, card="1")) in {"not_a_card", "no_known_format"}


async def test_a_receipt_is_credited_once_by_its_code_or_number(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        new = await joined(at)
        await at.till.scan(APPLES)
        paid = await at.till.tender(TenderKind.CASH, 10_000)
        assert isinstance(paid, Paid)
        assert code(await at.till.desk.claim(paid.receipt, new)) == "hq_receipt_not_here"
        assert not await at.send()
        credited = await at.till.desk.claim(f"https://shop.example/r/{paid.sale.hex}", new)
        assert isinstance(credited, PointsClaimed), credited
        assert credited.earned == credited.points > 0
        assert code(await at.till.desk.claim(paid.receipt, new)) == "hq_receipt_has_member"
        assert code(await at.till.desk.claim("rubbish", new)) == "receipt_form"


def a_gift(at: DeskStore, points: int, pieces: int) -> None:
    with at.chain.database.session() as session:
        wanted = gifts.NewGift(id="cup", names={"en": "Cup", "zh": "马克杯"}, points=points)
        gifts.create(session, wanted, actor="test", now_ms=START_MS)
        came = stock.Correction(id=at.store.mint(), gift="cup", store="s001", delta=pieces, reason="delivery")
        stock.correct(session, came, actor="test", now_ms=START_MS)


async def test_a_gift_goes_over_the_counter_once_for_points_or_by_code(tmp_path: Path) -> None:
    async with desk_store(tmp_path) as at:
        new = await joined(at)
        await at.till.scan(APPLES)
        await at.till.set_quantity(20)
        paid = await at.till.tender(TenderKind.CASH, 100_000)
        assert isinstance(paid, Paid)
        await at.send()
        await at.till.desk.claim(paid.receipt, new)
        a_gift(at, points=5, pieces=1)
        found = await at.till.desk.gifts(new)
        assert isinstance(found, GiftsFound)
        assert [(one.gift, one.left) for one in found.gifts] == [("cup", 1)]
        given = await at.till.desk.give_gift(new.member, gift="cup")
        assert isinstance(given, GiftGiven), given
        assert (given.names["zh"], given.points) == ("马克杯", found.points - 5)
        assert code(await at.till.desk.give_gift(new.member, gift="cup")) == "hq_sold_out"
        assert code(await at.till.desk.gifts(code="P123")) == "hq_pickup_malformed"


REFUSERS = [
    "value/desk_whose", "value/desk_top_ups", "value/desk_returns", "value/topping_up", "rewards/pickups",
    "rewards/gifts", "members/claiming", "members/desk_answers",
]  # fmt: skip


@pytest.mark.parametrize("module", REFUSERS)
def test_every_no_of_hqs_has_words_at_the_desk(module: str) -> None:
    text = (Path(__file__).parents[2] / "cloud" / f"{module}.py").read_text("utf-8")
    codes = set(re.findall(r'Refused\(\s*"([a-z_]+)"', text))
    missing = {found for found in codes if f"hq_{found}" not in SERVICE_WORDS}
    assert missing <= {"name_unreadable", "fetched"}, missing
