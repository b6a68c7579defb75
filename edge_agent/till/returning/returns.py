"""The use cases of goods that come back to one till."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from edge_agent.till.asks import Approve, Approver
from edge_agent.till.commands import Commands
from edge_agent.till.desk import Desk
from edge_agent.till.money import Money
from edge_agent.till.results import Paid, PartlyPaid, Refused
from edge_agent.till.returning import brought, foreseeing, points, showing, taking, unreceipted
from edge_agent.till.returning.plan import ReturnPlan
from edge_agent.till.returning.results import Brought, Foreseen, Left, Returned, ReturnView
from edge_agent.till.returning.taking import Wish
from edge_agent.till.staff.people import People


class Returns:
    """Goods that come back to one till."""

    def __init__(self, commands: Commands, people: People, money: Money) -> None:
        self._commands = commands
        self._people = people
        self._money = money

    async def find(self, receipt: str) -> ReturnView | Refused:
        """Return a sale by its receipt's code or number, with what is left of each line."""
        return await self._commands.look(lambda db, desk: showing.shown(db, desk, receipt))

    async def take(
        self,
        receipt: str,
        lines: Mapping[int, int] | None = None,
        *,
        reason: str = "",
        in_cash: bool = False,
        approve: Approve | None = None,
    ) -> Returned | Refused:
        """Take lines of a sale back (quantities by line, all that is left without) and pay them back.

        The money goes back to the sale's own tenders, by the store's rule, unless `in_cash` is approved. Refused
        (`points_spent`) where HQ says that the sale's points are spent and its rule refuses that.
        """
        wish = Wish(receipt=receipt, lines=lines or {}, reason=reason, in_cash=in_cash)
        if (no := await points.spent(self._commands, receipt, wish.lines)) is not None:
            return no
        gateways = self._money.by_gateway
        return await self._pay_back(approve, lambda db, desk, who: taking.begin(db, desk, wish, who, gateways))

    async def foresee(
        self, receipt: str, lines: Mapping[int, int] | None = None, *, exchange: bool = False
    ) -> Foreseen | Refused:
        """Say what a return of lines of a sale would pay back, or what they would pay of the open basket."""
        wish = Wish(receipt=receipt, lines=lines or {}, reason="")
        look = foreseeing.of_exchange if exchange else foreseeing.of_receipt
        return await self._commands.look(lambda db, desk: look(db, desk, wish))

    async def foresee_void(self) -> Foreseen | Refused:
        """Say what undoing this till's last sale would pay back."""
        return await self._commands.look(foreseeing.of_last_sale)

    async def look_at(self, text: str, count: int = 1) -> Brought | Refused:
        """Say what a code names that somebody brings back without a receipt, and how much of it."""
        return await self._commands.look(lambda db, desk: brought.look_at(db, desk, text, count))

    async def foresee_goods(self, goods: Sequence[tuple[str, int]]) -> Foreseen | Refused:
        """Say what goods without a receipt, as (item, quantity in its unit), would pay back."""
        return await self._commands.look(lambda db, desk: foreseeing.of_goods(db, desk, goods))

    async def foresee_waiting(self, returning: UUID) -> Foreseen | Refused:
        """Say what a return that waits would pay back, with what a service refused in cash."""
        return await self._commands.look(lambda db, desk: foreseeing.of_waiting(db, desk, returning))

    async def void_last_sale(self, *, reason: str = "", approve: Approve | None = None) -> Returned | Refused:
        """Undo this till's last sale as a whole, paid back the way it was paid."""
        gateways = self._money.by_gateway
        return await self._pay_back(approve, lambda db, desk, who: taking.void_last(db, desk, reason, who, gateways))

    async def exchange(
        self,
        receipt: str,
        lines: Mapping[int, int] | None = None,
        *,
        reason: str = "",
        approve: Approve | None = None,
    ) -> Paid | PartlyPaid | Refused:
        """Let lines of a sale pay for the open basket; what they are worth more goes back in cash."""
        wish = Wish(receipt=receipt, lines=lines or {}, reason=reason, in_cash=False)
        if (no := await points.spent(self._commands, receipt, wish.lines)) is not None:
            return no
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        async with self._money.lock:
            return await self._commands.change(lambda db, desk: taking.exchange(db, desk, wish, approver), rings=True)

    async def take_without_receipt(
        self, goods: Sequence[tuple[str, int]], *, reason: str = "", approve: Approve | None = None
    ) -> Returned | Refused:
        """Take goods back without a receipt, as (item, quantity in its unit), in cash at the lowest price of now."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._commands.change(
            lambda db, desk: unreceipted.take(db, desk, goods, reason, approver), rings=True
        )

    async def refund_in_cash(self, returning: UUID, *, approve: Approve | None = None) -> Returned | Refused:
        """Pay in cash what a gateway refused to give back of a return that waits for it."""
        return await self._pay_back(approve, lambda db, desk, who: taking.in_cash(db, desk, returning, who))

    async def leave(self, returning: UUID) -> Left | Refused:
        """Leave a return undone of which no money has moved, because a service refused all of it: nothing comes back.

        The goods stay the customer's, the sale stays as it was.
        """
        async with self._money.lock:
            return await self._commands.change(lambda db, desk: taking.leave(db, desk, returning))

    async def waiting(self) -> list[ReturnPlan]:
        """Return this till's returns whose money has not all gone back yet."""
        return await self._commands.read(lambda db, desk: taking.begun_at(db, desk.till))

    async def _pay_back(
        self,
        approve: Approve | None,
        use_case: Callable[[sqlite3.Connection, Desk, Approver | None], Returned | ReturnPlan],
    ) -> Returned | Refused:
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        async with self._money.lock:
            answer = await self._commands.change(lambda db, desk: use_case(db, desk, approver), rings=True)
            if isinstance(answer, ReturnPlan):
                return await self._money.give_back(answer)
            return answer
