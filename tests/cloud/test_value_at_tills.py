"""Members' value from the till to the ledger: a till asks HQ, its sales are taken in, and the books balance."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from cloud.database import Database
from cloud.members import cards as card_register
from cloud.privacy import normal
from cloud.value import purses
from edge_agent.till.desk import CardKeys, Desk
from edge_agent.till.membership.results import PeopleFound, PointsUsed, PointsView, WalletView
from edge_agent.till.results import MemberAttached, Paid, PartlyPaid, Refused
from edge_agent.till.till import Till
from edge_agent.value.gateway import StoredValueGateway
from edge_agent.value.spending import ValueDesk
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.wire.events import Event, SaleCompleted, TenderKind, TillKind, decode_event
from shared.wire.messages import Answer, AnyAnswer, AnyAsk, MemberFound, Question
from shared.wire.messages import Refused as RefusedByHq
from tests.cloud.members_data import AGENTS, CARD, join, mint, take, vault
from tests.cloud.test_value_sales import Chain
from tests.edge.test_till_offers import books
from tests.edge.tills import MILK, Store, opened_store
from tests.edge.value_hq import trust_clock
from tests.factories import START_MS, new_id

RULE = PointsRedemption(promotion="pts", points=100, worth_minor=100, step_points=100)
PHONE = "13800138000"
GIFT_CARD = "8800000555"


class RealHq:
    """HQ as a till's agent reaches it: every question and answer goes over the wire's own encoding."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._agent = AGENTS["s001"]
        self.online = True

    async def whose_card(self, _question: UUID, _till: str, _sealed: bytes) -> MemberFound | RefusedByHq | None:
        return None

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        assert till
        if not self.online:
            return None
        envelope: dict[str, Any] = {
            "id": new_id(), "agent": self._agent, "connection": new_id(), "epoch": new_id(),
            "at_ms": START_MS, "sent_ms": START_MS, "question": question,
        }  # fmt: skip
        sent = msgspec.json.encode(Question(**envelope, deadline_ms=800, body=body))
        answer = self._chain.answers(self._agent, msgspec.json.decode(sent, type=Question))
        if answer is None:
            return None
        back = msgspec.json.encode(Answer(**envelope, body=answer))
        return msgspec.json.decode(back, type=Answer).body


@asynccontextmanager
async def counter(folder: Path, chain: Chain) -> AsyncIterator[tuple[Store, Till, RealHq]]:
    """Open a store of the chain, and a till of it as the agent builds it."""
    async with opened_store(folder, books=books(RULE), seed=77) as store:  # ids of its own
        await trust_clock(store)
        store.settings = msgspec.structs.replace(store.settings, card_prefixes=[CARD[:2]], card_digits=len(CARD))
        hq, keys = RealHq(chain), CardKeys(vault().sealing_public, os.urandom)
        desk = Desk(
            till="t1", kind=TillKind.STAFFED, clocks=store.clocks, mint=store.mint, books=store.books,
            members=store.members, cards=keys, settings=lambda: store.settings, hq=hq,
        )  # fmt: skip
        value = StoredValueGateway(
            store.database, ValueDesk(store.database, store.machine, hq), store.mint, members=store.members, cards=keys
        )
        gateways = dict.fromkeys((TenderKind.STORED_VALUE, TenderKind.GIFT_CARD), value)
        till = Till(store.database, desk, store.doorbell, gateways)
        till.cashier = "c1"
        yield store, till, hq


async def taken_in(store: Store, chain: Chain, since: int = 0) -> list[Event]:
    """Let HQ take in what the till has sold."""
    rows = await store.database.read(
        lambda db: db.execute("SELECT content FROM event WHERE n > ? ORDER BY n", (since,)).fetchall()
    )
    events = [decode_event(row[0]) for row in rows]
    facts: list[Event] = [one for one in events if one.store == "s001" and hasattr(one, "receipt")]
    assert take(chain.database, facts) == {}
    return facts


async def test_p5_points_stored_value_gift_card_and_cash_end_in_books_that_balance(
    database: Database, tmp_path: Path
) -> None:
    chain = Chain(database)
    chain.earn(500)
    chain.top_up(2_000)
    gift = gift_card(chain, 250)
    async with counter(tmp_path, chain) as (store, till, _hq):
        await till.scan(MILK)
        assert isinstance(await till.attach_card(CARD), MemberAttached)
        points = await till.value.points()
        assert isinstance(points, PointsView), points
        assert (points.points, points.by_hq) == (500, True)
        assert await till.value.use_points(300) == PointsUsed(300, 300, 999)
        wallet = await till.members.wallet()
        assert isinstance(wallet, WalletView)
        assert (wallet.value_minor, wallet.points) == (2_000, 200)
        assert isinstance(await till.tender(TenderKind.STORED_VALUE, 400), PartlyPaid)
        assert isinstance(await till.tender(TenderKind.GIFT_CARD, 250, code=GIFT_CARD), PartlyPaid)
        assert (chain.points, chain.money) == (200, (1_600, 0))
        paid = await till.tender(TenderKind.CASH, 1_000)
        assert isinstance(paid, Paid)
        assert paid.change_minor == 1_000 - (999 - 650)
        (sale,) = await taken_in(store, chain)
        assert isinstance(sale, SaleCompleted)
        earned = chain.points - 200
        assert (chain.money, chain.stands("purse_principal", owner=gift)) == ((1_600, 0), 0)
        assert chain.stands("member_points_held", "POINTS") == 0
        assert (chain.stands("shortfall"), chain.stands("shortfall", "POINTS")) == (0, 0)
        back = await till.returns.take(paid.receipt, {1: 1})
        assert not isinstance(back, Refused)
        await taken_in(store, chain, since=await _numbered(store, sale))
        assert chain.points == 500, f"{earned} points of the sale are taken back, 300 spent ones given back"
        assert (chain.money, chain.stands("purse_principal", owner=gift)) == ((2_000, 0), 250)
    chain.prove()


async def test_p5_a_basket_given_up_leaves_nothing_aside_at_hq(database: Database, tmp_path: Path) -> None:
    chain = Chain(database)
    chain.earn(500)
    chain.top_up(2_000)
    async with counter(tmp_path, chain) as (_store, till, hq):
        await till.scan(MILK)
        assert isinstance(await till.attach_card(CARD), MemberAttached)
        await till.value.use_points(300)
        await till.tender(TenderKind.STORED_VALUE, 400)
        await till.take_back_tenders()
        hq.online = False
        await till.void_basket()
        assert await till.releases.step() == 2
        assert (chain.points, chain.money) == (200, (1_600, 0))
        hq.online = True
        assert await till.releases.step() == 0
    assert (chain.points, chain.money) == (500, (2_000, 0))
    chain.prove()


async def test_a_member_found_by_phone_spends_like_one_with_a_card(database: Database, tmp_path: Path) -> None:
    chain = Chain(database)
    bob = join(database, ["8800000777"], fields={"phone": PHONE})
    async with counter(tmp_path, chain) as (store, till, _hq):
        await till.scan(MILK)
        found = await till.members.by_phone("138-0013-8000")
        assert isinstance(found, PeopleFound), found
        assert [one.found.member for one in found.people] == [bob]
        await till.members.attach(found.people[0].found)
        await till.tender(TenderKind.CASH)
        (sale,) = await taken_in(store, chain)
        assert isinstance(sale, SaleCompleted)
        assert sale.member is not None
        assert sale.member.member == bob


def gift_card(chain: Chain, minor: int) -> UUID:
    """Sell a gift card: nobody's, with so much on it. Return whose accounts it has."""
    with chain.database.session() as session:
        number = normal.card(GIFT_CARD)
        found = card_register.remember(session, vault(), mint, [number], START_MS)[number]
        purse = purses.open_purse(session, "s001", member=None, card=found.card, legal_entity="main", now_ms=START_MS)
        named, owner = chain.purse, UUID(purse.owner)
        chain.purse = purse.id
    chain.top_up(minor)
    chain.purse = named
    return owner


async def _numbered(store: Store, sale: SaleCompleted) -> int:
    row = await store.database.read(
        lambda db: db.execute("SELECT n FROM event WHERE id = ?", (sale.id.bytes,)).fetchone()
    )
    return int(row[0])
