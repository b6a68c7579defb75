"""Stored value at the service desk: topped up, gift cards sold, undone, cards given back and paid out."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from uuid import UUID

from edge_agent.failpoints import reached
from edge_agent.till.asks import Approve
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk
from edge_agent.till.money import Money
from edge_agent.till.ports import PaymentAttempt
from edge_agent.till.results import Refused
from edge_agent.till.service import paying_back, plans, selling
from edge_agent.till.service.asking import Asking, explained, sealed
from edge_agent.till.service.plans import UndoPlan
from edge_agent.till.service.results import (
    Customer,
    Offer,
    Ready,
    UndoForeseen,
    UndoLeft,
    Unfinished,
    ValueBackNow,
    ValueSoldNow,
)
from edge_agent.till.service.whom import card_number
from edge_agent.till.staff.people import People
from shared.wire.desk_asks import (
    AskCardReturn,
    AskPayOut,
    AskTopUp,
    AskTopUpUndone,
    CardReturnTaken,
    TopUpOffered,
    TopUpUndone,
)
from shared.wire.events import MemberOnSale, TenderKind

_MOST_OFFERS = 20


class ValueCounter:
    """The desk's use cases about stored value. HQ is asked before money moves, and the disk knows before it does."""

    def __init__(self, commands: Commands, people: People, money: Money, asking: Asking) -> None:
        self._commands = commands
        self._people = people
        self._money = money
        self._asking = asking
        self._offers: OrderedDict[UUID, Offer] = OrderedDict()

    async def ready(self, gift_card: str = "") -> Ready | Refused:
        """Say whether stored value can be sold here now, on this gift card: before anything further is asked for it.

        Nothing is asked of HQ by it.
        """

        def checked(db: sqlite3.Connection, desk: Desk) -> Ready:
            selling.require_free(db, desk)
            return Ready(card_number(db, desk, gift_card) if gift_card else "")

        return await self._commands.look(checked)

    async def offer(
        self, minor: int, *, customer: Customer | None = None, gift_card: str = "", identified: bool = False
    ) -> Offer | Refused:
        """Ask what a top-up brings, and have room kept for it; or selling `gift_card`, a card that is nobody's."""
        ready = await self.ready(gift_card)
        if isinstance(ready, Refused):
            return ready
        number, member = ready.card, customer.member if customer else None

        def make(desk: Desk) -> AskTopUp:
            return AskTopUp(
                till=desk.till, cashier=desk.cashier, minor=minor, member=member, sealed_card=sealed(desk, number),
                gift_card=bool(number), identified=identified,
            )  # fmt: skip

        answer = await self._asking.ask(("top_up", minor, member, number, identified), TopUpOffered, make)
        if isinstance(answer, Refused):
            return refused("gift_card_is_members") if number and answer.code == "hq_card_taken" else answer
        holder = (
            MemberOnSale(member=member) if member else MemberOnSale(sealed_card=sealed(self._commands.desk, number))
        )
        return self._keep(
            Offer(
                id=answer.offer, holder=holder, minor=answer.minor, gift_minor=answer.gift_minor,
                balance_minor=answer.balance_minor, masked_name=answer.masked_name, gift_card=bool(number),
                identified=identified,
            )
        )  # fmt: skip

    def offered(self, offer: UUID) -> Offer | Refused:
        """Return an offer that waits for its money."""
        return self._offers.get(offer) or refused("value_offer_gone")

    async def sell(
        self, offer: UUID, method: TenderKind, given: int | None = None, *, reference: str = "", code: str = ""
    ) -> ValueSoldNow | Refused:
        """Take the money of an offer: all of it by one way. `code` is the customer's payment code, for a service only.

        With it the value is sold, on the disk, and answered; a second tap gets the same answer.
        """
        wanted = self.offered(offer)
        if isinstance(wanted, Refused):
            return wanted
        if code and method not in self._money.by_gateway:
            return refused("payment_code", method)
        async with self._money.lock:
            if method in self._money.by_gateway and method in selling.BOUGHT_WITH:
                attempt = await self._commands.change(
                    lambda db, desk: selling.find_sold(db, offer) or selling.ask(db, desk, wanted, method, code)
                )
                return await self._money.pay_for_value(attempt) if isinstance(attempt, PaymentAttempt) else attempt
            reached("value.before_transaction")
            return await self._commands.change(
                lambda db, desk: selling.take(db, desk, wanted, method, given, reference=reference), rings=True
            )

    async def foresee_undo(self, receipt: str) -> UndoForeseen | Refused:
        """Say what undoing a top-up would hand back. Nothing is begun by it."""
        return await self._commands.look(lambda db, desk: paying_back.foresee(db, desk, receipt))

    async def undo(
        self,
        receipt: str,
        *,
        reason: str,
        in_cash: bool = False,
        told: bool = False,
        approve: Approve | None = None,
    ) -> ValueBackNow | Refused:
        """Undo a top-up of this store by its receipt: HQ takes the value back, then its money is handed back.

        What has no answer goes on with the next try, under the same id. `in_cash`: what a payment service refused to
        give back is paid in cash. `told`: somebody knows that HQ took the value back, whose answer never came, and
        answers for it.
        """
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        async with self._money.lock:
            plan = await self._commands.change(
                lambda db, desk: paying_back.begin_undo(db, desk, receipt, reason, approver)
            )
            if isinstance(plan, Refused):
                return plan
            refusal = None if plan.taken else await self._take_back(plan)
            if refusal is not None and refusal.code == "value_undo_waits" and told:
                taken = await self._commands.change(
                    lambda db, desk: paying_back.note_taken(db, desk, plan.id, approver)
                )
                refusal = taken if isinstance(taken, Refused) else None
            if refusal is not None:
                return refusal
            if in_cash:
                return await self._commands.change(
                    lambda db, desk: paying_back.in_cash(db, desk, plan.id, approver), rings=True
                )
            return await self._hand_back(plan)

    async def unfinished(self) -> list[Unfinished]:
        """Return the top-ups of this till whose undoing is under way."""
        found = await self._commands.read(lambda db, desk: plans.of_till(db, desk.till))
        return [Unfinished(one.receipt, one.minor) for one in found if isinstance(one, UndoPlan) and not one.left]

    async def leave_undo(self, receipt: str, *, approve: Approve | None = None) -> UndoLeft | Refused:
        """Let an undoing be that HQ does not answer: somebody knows that it took nothing back, and answers for it.

        Undone after all it goes on under the same id: an answer that was lost is found again.
        """
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        async with self._money.lock:
            return await self._commands.change(lambda db, desk: paying_back.leave(db, desk, receipt, approver))

    async def apply_return(self, customer: Customer, reason: str) -> CardReturnTaken | Refused:
        """Take an application to pay somebody's stored value back. HQ decides; until then it cannot be used."""
        return await self._asking.ask(
            ("card_return", customer.member, reason), CardReturnTaken,
            lambda desk: AskCardReturn(
                till=desk.till, cashier=desk.cashier, member=customer.member, reason=reason[:200]
            ),
        )  # fmt: skip

    async def due(self, customer: Customer) -> CardReturnTaken | Refused:
        """Ask what HQ approved to be paid out to somebody here."""
        return await self._asking.ask(
            ("pay_out", customer.member), CardReturnTaken,
            lambda desk: AskPayOut(till=desk.till, cashier=desk.cashier, member=customer.member),
        )  # fmt: skip

    async def pay_out(self, due: CardReturnTaken, *, approve: Approve | None = None) -> ValueBackNow | Refused:
        """Pay in cash what HQ approved, once."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._commands.change(lambda db, desk: paying_back.pay_out(db, desk, due, approver), rings=True)

    def _keep(self, offer: Offer) -> Offer:
        self._offers[offer.id] = offer
        while len(self._offers) > _MOST_OFFERS:
            self._offers.popitem(last=False)
        return offer

    async def _take_back(self, plan: UndoPlan) -> Refused | None:
        """Have HQ take the value back; None when it has. A no ends the plan, silence leaves it waiting."""
        body = AskTopUpUndone(
            sold=plan.sold, till=plan.till, cashier=plan.cashier, approved_by=plan.approved_by, reason=plan.reason
        )
        answer = await self._asking.put(plan.id, plan.till, body)
        if isinstance(answer, TopUpUndone):
            return None
        if answer is None:
            return refused("value_undo_waits", plan.receipt)
        await self._commands.change(lambda db, _desk: plans.forget(db, plan.id))
        return explained(answer)

    async def _hand_back(self, plan: UndoPlan) -> ValueBackNow | Refused:
        reached("value.taken_back")
        ways = self._money.by_gateway
        answer = await self._commands.change(lambda db, desk: paying_back.pay_back(db, desk, plan.id, ways), rings=True)
        if not isinstance(answer, UndoPlan):
            return answer
        done = await self._money.give_value_back(answer.id, refused("value_undo_waits", plan.receipt))
        if isinstance(done, Refused) and await self._commands.read(
            lambda db, _desk: paying_back.is_refused(db, plan.id)
        ):
            return refused("value_refund_refused", plan.receipt)
        return done
