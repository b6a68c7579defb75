"""One till's customers who pay with what they have at head office: the product's asking, holding, releasing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from edge_agent.record import receipts
from edge_agent.value import allowances, holds
from edge_agent.value.holds import Hold, Kind
from edge_agent.value.releasing import Releasing
from edge_agent.value.spending import Asking, ValueDesk, Wanted
from shared.clock import MachineClock
from shared.pricing.context import Coupon
from shared.pricing.record import PricingFacts, PromotionUse
from shared.wire.events import MemberOnSale, Receipt, SaleCompleted, Tender, TenderKind
from shared.wire.messages import AskCoupon, CouponReserved
from tests.factories import make_sale
from tests.promises.simulation.box import Box

PROMOTION = "off10"


@dataclass
class Basket:
    """Goods on the belt: what they cost, whose value is to pay, and the last attempt to have it set aside."""

    id: UUID
    attempt: UUID
    member: UUID
    lines: list[tuple[str, int]]
    value: int
    coupon: str = ""
    coupon_asked: UUID | None = None


@dataclass
class Counter:
    """A till of a box. Its basket outlives a power cut, as the product's does."""

    box: Box
    till: str
    line: Asking
    machine: MachineClock
    now_ms: Callable[[], int]
    mint: Callable[[], UUID]
    basket: Basket | None = None
    asking: UUID | None = None
    """An attempt whose answer has not been seen; on the product's disk before it asks."""
    paid: list[tuple[SaleCompleted, Basket]] = field(default_factory=list)
    """What this till has sold, as its surviving disk knows it."""

    @property
    def _disk(self) -> Any:
        return self.box.disk

    def ask(self) -> None:
        """Have the value set aside: a new attempt each time, as every payment is, unless one has succeeded."""
        basket = self.basket
        if basket is None or self._unresolved() or holds.of_attempt(self._disk.db, basket.id, basket.attempt):
            return
        self.asking = basket.attempt = self.mint()
        wanted = Wanted(
            id=basket.attempt, basket=basket.id, till=self.till, unit="CNY", amount=basket.value, member=basket.member
        )
        self.box._guarded(self._ask(wanted))

    async def _ask(self, wanted: Wanted) -> None:
        await ValueDesk(self._disk, self.machine, self.line).spend(wanted)
        self.asking = None

    def _unresolved(self) -> bool:
        """Give up on what was being asked when the power went, before anything else; tell whether that failed."""
        basket, attempt = self.basket, self.asking
        if basket is not None and attempt is not None:
            self.box._guarded(self._resolve(basket.id, attempt))
        return self.asking is not None

    async def _resolve(self, basket: UUID, attempt: UUID) -> None:
        desk = ValueDesk(self._disk, self.machine, self.line)
        await desk.release(basket, self.till, question=self.mint(), hold=attempt)
        self.asking = None

    def claim(self, code: str) -> None:
        """Ask for a coupon; one at a time."""
        basket = self.basket
        if basket is None or basket.coupon_asked is not None:
            return
        basket.coupon_asked = self.mint()
        self.box._guarded(self._claim(basket, basket.coupon_asked, code))

    async def _claim(self, basket: Basket, question: UUID, code: str) -> None:
        body = AskCoupon(basket=basket.id, code=code, till=self.till, member=basket.member)
        answer = await self.line.ask(question, self.till, body)
        if isinstance(answer, CouponReserved):
            hold = Hold(question, basket.id, self.till, Kind.COUPON, 0, answer.valid_until_ms, code=code)
            await self._disk.run(lambda db: holds.keep(db, hold))

    def pay(self) -> None:
        """Make the sale if what it counts on is still set aside; else give that up."""
        basket = self.basket
        if basket is None or self._unresolved():
            return
        before, made = self._disk.commits, list[SaleCompleted]()

        def work(db: sqlite3.Connection) -> None:
            aside = holds.of_basket(db, basket.id)
            money = sum(one.amount for one in aside if one.kind is Kind.MONEY)
            if money != basket.value or holds.ended(db, self.machine, basket.id):
                holds.drop_all(db, basket.id, self.till, self.machine.wall_ms())
                return
            code = next((one.code for one in aside if one.kind is Kind.COUPON), "")

            def sale(receipt: Receipt) -> SaleCompleted:
                made.append(self._sale(basket, receipt, code, allowances.used_for(db, basket.id)))
                return made[-1]

            receipts.issue(db, self.till, sale, self.machine.wall_ms())
            holds.forget(db, basket.id)

        self.box._guarded(self._disk_run(work))
        if self._committed(before) and made:
            self.box.past.ever.add(made[-1].id)
            self.paid.append((made[-1], basket))
        if self._committed(before):
            self.basket = None

    async def _disk_run(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self._held = self._disk
        await self._disk.run(work)

    def _committed(self, before: int) -> bool:
        return bool(self._held.commits > before)

    def give_up(self) -> None:
        """Void the basket."""
        basket = self.basket
        if basket is None or self._unresolved():
            return
        before = self._disk.commits
        self.box._guarded(self._disk_run(lambda db: holds.drop_all(db, basket.id, self.till, self.machine.wall_ms())))
        if self._committed(before):
            self.basket = None

    def release(self) -> None:
        """Let go at head office what was given up."""
        self.box._guarded(Releasing(self._disk, self.machine, self.line, self.mint, self.till).step())

    def _sale(self, basket: Basket, receipt: Receipt, code: str, used: list[UUID]) -> SaleCompleted:
        sale = make_sale(
            basket.lines, id=basket.id, number=receipt.number, series=receipt.series, previous=receipt.previous,
            store=self.box.store, till=self.till, at_ms=self.now_ms(), member=MemberOnSale(member=basket.member),
        )  # fmt: skip
        tenders = [Tender(method=TenderKind.STORED_VALUE, minor=basket.value)]
        if sale.total_minor > basket.value:
            tenders.append(Tender(method=TenderKind.CASH, minor=sale.total_minor - basket.value))
        pricing = PricingFacts(coupons=[Coupon(code, PROMOTION)]) if code else None
        uses = [PromotionUse(PROMOTION, coupon=code)] if code else []
        sale = msgspec.structs.replace(sale, tenders=tenders, holds=used, promotions=uses)
        return sale if pricing is None else msgspec.structs.replace(sale, pricing=pricing)
