"""A service desk that also sells, in a store that nobody hears: no network, and what a till can do without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from edge_agent.till.desk import CardKeys
from edge_agent.till.ports import PaymentGateway
from edge_agent.till.results import Paid, Refused
from edge_agent.till.service.results import Customer
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.till import Till
from edge_agent.value.gateway import StoredValueGateway
from edge_agent.value.spending import ValueDesk
from shared import coupon_code
from shared.pricing import Price, Unit
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase, Offer
from shared.pricing.kinds.coupon_off import CouponOff, Issue
from shared.pricing.price_list import OpenPrice
from shared.pricing.promotion import Need
from shared.pricing.scope import Scope
from shared.wire.desired import KnownMember
from shared.wire.desk_asks import AskTopUp, TopUpOffered
from shared.wire.events import TenderKind, TillKind
from shared.wire.messages import AnyAnswer, AnyAsk, MemberFound
from tests.edge.staffing import open_to_all, reasons, staffed
from tests.edge.tills import (
    CARD,
    HQ_PUBLIC,
    MILK,
    MemoryBooks,
    MemoryTillBook,
    Store,
    opened_store,
)
from tests.edge.value_hq import trust_clock
from tests.edge.value_tills import POINTS_RULE, give_ahead, wang
from tests.factories import STANDARD_ITEMS, STANDARD_PRICES

WANG = wang(id=UUID(int=7))
ANN = Customer(key="ann", member=WANG.id, masked_name="王*")
OWN_CODE = coupon_code.make(12345)
RULES = (
    POINTS_RULE,
    CouponOff(promotion="rain", off_minor=500, issue=Issue.PUBLIC, code="RAIN5"),
    CouponOff(promotion="own", off_minor=500),
    BuyWithPurchase(
        promotion="add-on",
        scope=Scope(items=["1002"]),
        need=Need(spend_minor=1_000),
        offers=[Offer(item="1001", price_minor=100)],
    ),
)
OIL = msgspec.structs.replace(STANDARD_ITEMS[1], item="5001", unit=Unit.MILLILITRE, barcodes=[])
ASKED = msgspec.structs.replace(STANDARD_ITEMS[1], item="6001", open_price=OpenPrice(100, 1_000), barcodes=[])
ASKED_PRICE = Price(item="6001", regular_minor=500)
OIL_PRICE = Price(item="5001", regular_minor=2_000, basis=1_000)


class SilentHq:
    """A head office that has offered one top-up, and says nothing since: no network."""

    def __init__(self) -> None:
        self.silent = False

    async def ask(self, question: UUID, _till: str, body: AnyAsk) -> AnyAnswer | None:
        if self.silent or not isinstance(body, AskTopUp):
            return None
        return TopUpOffered(offer=question, minor=body.minor, balance_minor=body.minor, valid_until_ms=2**52)

    async def whose_card(self, _question: UUID, _till: str, _sealed_card: bytes) -> MemberFound | None:
        return None


@dataclass
class At:
    """A service desk that also sells, in a store that nobody hears."""

    store: Store
    till: Till
    hq: SilentHq
    phones: SimulatedGateway

    async def sold(self, *codes: str) -> Paid:
        """Sell something in cash."""
        for code in codes or (MILK,):
            await self.till.scan(code)
        paid = await self.till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid), paid
        return paid

    async def member(self) -> None:
        """Have a member's basket, who was given value ahead."""
        await give_ahead(self.store, WANG, points=500, money=1_000)
        done(await self.till.scan(CARD))
        done(await self.till.scan(MILK))

    async def refused_refund(self) -> UUID:
        """Have a return wait whose money the payment service refuses to give back."""
        await self.till.scan(MILK)
        paid = done(await self.till.tender(TenderKind.WECHAT), Paid)
        self.phones.mood = Mood.REFUSE
        await self.till.returns.take(paid.receipt)
        (waiting,) = await self.till.returns.waiting()
        return waiting.id

    async def top_up(self) -> str:
        """Have sold a top-up while HQ answered; returns its receipt."""
        offer = done(await self.offer())
        sold = done(await self.till.counter.sell(offer.id, TenderKind.CASH))
        self.hq.silent = True
        return str(sold.receipt)

    async def left_undone(self, receipt: str) -> Any:
        """Let the undoing of a top-up be that nobody answered."""
        await self.till.counter.undo(receipt, reason="mistake")
        return await self.till.counter.leave_undo(receipt)

    async def offer(self) -> Any:
        """Have HQ offer a top-up, as its last word."""
        self.hq.silent = False
        offer = await self.till.counter.offer(10_000, customer=ANN)
        self.hq.silent = True
        return offer

    async def unknown_payment(self, mood: Mood = Mood.NEVER_ARRIVES) -> Any:
        """Have a payment by phone that nobody has heard of; returns the attempt."""
        self.phones.mood = mood
        await self.till.scan(MILK)
        await self.till.tender(TenderKind.WECHAT)
        (attempt,) = await self.till.unresolved_payments()
        return attempt

    async def on_shift(self) -> Any:
        """Have a shift open."""
        return await self.till.drawer.open(10_000)

    async def anna(self) -> None:
        """Have somebody sign in."""
        staffed(self.store, override_reasons=reasons("damaged"))
        done(await self.till.people.sign_in("anna", "2580"))


def done(answer: Any, kind: type = object) -> Any:
    assert not isinstance(answer, Refused), answer
    assert isinstance(answer, kind), answer
    return answer


async def after(*steps: Awaitable[Any]) -> Any:
    """Do one thing after the other; what has to be there first must not be refused. The last one's answer counts."""
    *before, last = steps
    for step in before:
        done(await step)
    return await last


@asynccontextmanager
async def no_network(folder: Path) -> AsyncIterator[At]:
    """Open a store whose head office says nothing, and a service desk of it that sells, too."""
    items = [*STANDARD_ITEMS, OIL, ASKED]
    book = MemoryTillBook(1, items, [*STANDARD_PRICES, OIL_PRICE, ASKED_PRICE], RULES)
    async with opened_store(folder, books=MemoryBooks(book)) as store:
        open_to_all(store, round_off_step=10, no_receipt_max=5_000)
        await trust_clock(store)
        store.members.known[CARD] = KnownMember(member=WANG.id, cards=[], masked_name=WANG.name, points=1_000)
        hq, phones = SilentHq(), SimulatedGateway()
        hq.silent = True
        value = StoredValueGateway(
            store.database,
            ValueDesk(store.database, store.machine, hq),
            store.mint,
            members=store.members,
            cards=CardKeys(HQ_PUBLIC, bytes),
        )
        ways: dict[TenderKind, PaymentGateway] = {
            TenderKind.STORED_VALUE: value,
            TenderKind.GIFT_CARD: value,
            TenderKind.WECHAT: phones,
        }
        yield At(store, store.till("t1", ways, hq=hq, kind=TillKind.SERVICE_DESK), hq, phones)
