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
from edge_agent.till.returning import points, showing, taking, unreceipted
from edge_agent.till.returning.plan import RefundPart, ReturnPlan
from edge_agent.till.returning.results import Returned, ReturnView
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

    async def ways_back(
        self, receipt: str = "", lines: Mapping[int, int] | None = None, *, reason: str = ""
    ) -> list[RefundPart]:
        """Return how the money of a return would go back, for whoever approves it; none where it would be refused.

        Without a receipt it is that of undoing this till's last sale.
        """
        wish = Wish(receipt=receipt, lines=lines or {}, reason=reason) if receipt else None
        answer = await self._commands.look(lambda db, desk: taking.ways_back(db, desk, wish))
        return [] if isinstance(answer, Refused) else answer

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
        """Take goods back without a receipt, as (code, quantity), in cash at the lowest price in force."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._commands.change(
            lambda db, desk: unreceipted.take(db, desk, goods, reason, approver), rings=True
        )

    async def refund_in_cash(self, returning: UUID, *, approve: Approve | None = None) -> Returned | Refused:
        """Pay in cash what a gateway refused to give back of a return that waits for it."""
        return await self._pay_back(approve, lambda db, desk, who: taking.in_cash(db, desk, returning, who))

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
