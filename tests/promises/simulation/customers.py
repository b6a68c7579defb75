"""Who buys and brings back: sales whose figures add up, and returns of goods that are really out there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import business_date
from shared.money import divide_half_up
from shared.sealing import seal
from shared.wire.events import (
    MemberOnSale,
    MemberSwiped,
    Receipt,
    ReturnedLine,
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    Tender,
    TenderKind,
)
from tests.cloud.members_data import vault
from tests.factories import CASHIER, ZONE, make_device_time, make_sale, make_swipe, make_void
from tests.promises.simulation.office import MEMBERS, UNKNOWN_CARDS

_ITEMS = (("1001", 4), ("1002", 3), ("1003", 900), ("1004", 1))


@dataclass
class Customers:
    """Everything sold so far in the whole chain, whatever became of the disks that knew it."""

    rng: random.Random
    now_ms: Callable[[], int]
    mint: Callable[[], UUID]
    sales: list[SaleCompleted] = field(default_factory=list)
    _back: dict[tuple[UUID, int], int] = field(default_factory=dict)
    """How much of a line came back."""

    def card(self) -> tuple[MemberOnSale | None, str | None]:
        """Choose what is shown: nothing, a member the till knows, or a sealed card. Return its number with a card."""
        shown = self.rng.randrange(3)
        if shown == 0:
            return None, None
        if shown == 1:
            return MemberOnSale(member=self.rng.choice(MEMBERS), tier=""), None
        number = self.rng.choice(UNKNOWN_CARDS)
        return MemberOnSale(sealed_card=seal(number.encode(), vault().sealing_public, self.rng.randbytes(32))), number

    def buy(self, store: str, till: str, member: MemberOnSale | None) -> Callable[[Receipt], SaleCompleted]:
        """Return what makes the sale once its receipt number is known."""
        picked = self.rng.sample(_ITEMS, self.rng.randint(1, 3))
        lines = [(item, self.rng.randint(1, most)) for item, most in picked]
        sale_id, at_ms = self.mint(), self.now_ms()

        def make(receipt: Receipt) -> SaleCompleted:
            return make_sale(
                lines, id=sale_id, number=receipt.number, series=receipt.series, previous=receipt.previous,
                store=store, till=till, at_ms=at_ms, member=member,
            )  # fmt: skip

        return make

    def bring_back(self, store: str, till: str, sale: SaleCompleted) -> Callable[[Receipt], SaleReturned] | None:
        """Return what makes a return of some of what is left of a sale; None when nothing is."""
        lines: list[ReturnedLine] = []
        for line in sale.lines:
            before = self._back.get((sale.id, line.n), 0)
            quantity = self.rng.randint(0, line.quantity - before)
            if quantity:
                share = _part(line.net_minor, before + quantity, line.quantity)
                refund = share - _part(line.net_minor, before, line.quantity)
                lines.append(
                    ReturnedLine(of_line=line.n, quantity=quantity, refund_minor=refund, reason="changed_mind")
                )
        if not lines:
            return None
        for line in lines:
            self._back[sale.id, line.of_line] = self._back.get((sale.id, line.of_line), 0) + line.quantity
        return_id, at_ms = self.mint(), self.now_ms()
        total = sum(line.refund_minor for line in lines)

        def make(receipt: Receipt) -> SaleReturned:
            return SaleReturned(
                id=return_id, store=store, till=till, cashier=CASHIER, at_ms=at_ms,
                business_date=business_date(at_ms, ZoneInfo(ZONE), 0).isoformat(), device=make_device_time(at_ms),
                receipt=receipt, original=sale.id, lines=lines,
                tenders=[Tender(method=TenderKind.CASH, minor=total)], currency=sale.currency, total_minor=total,
            )  # fmt: skip

        return make

    def void(self, store: str, till: str) -> Callable[[Receipt], SaleVoided]:
        """Return what makes a void of the number."""
        void_id, at_ms = self.mint(), self.now_ms()

        def make(receipt: Receipt) -> SaleVoided:
            return make_void(
                id=void_id, number=receipt.number, series=receipt.series, previous=receipt.previous,
                store=store, till=till, at_ms=at_ms,
            )  # fmt: skip

        return make

    def swipe(self, store: str, till: str) -> MemberSwiped:
        """Return a card shown without a sale."""
        member, _ = self.card()
        return make_swipe(
            member or MemberOnSale(member=MEMBERS[0], tier=""), id=self.mint(), store=store, till=till,
            at_ms=self.now_ms(),
        )  # fmt: skip


def _part(amount: int, of: int, whole: int) -> int:
    return divide_half_up(amount * of, whole)
