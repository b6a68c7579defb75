"""One till: its use cases, each one transaction in one hop, answered only after it is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import structlog

from edge_agent.disk.database import Database
from edge_agent.failpoints import reached
from edge_agent.record import receipts
from edge_agent.record.outbox import Doorbell
from edge_agent.record.receipts import Printed
from edge_agent.till import baskets, paying, shelving
from edge_agent.till.asks import Approve, Expects
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.looking.catalogue import Catalogue
from edge_agent.till.membership.members import Members
from edge_agent.till.membership.value import Value
from edge_agent.till.money import Money, made
from edge_agent.till.ports import AttemptState, PaperOrders, PaymentAttempt, PaymentGateway, PaymentOutcome
from edge_agent.till.reprinting import reprint
from edge_agent.till.results import (
    BasketView,
    Found,
    HeldLine,
    NothingUnresolved,
    Paid,
    PartlyPaid,
    Refused,
    Reprinted,
    TendersBack,
)
from edge_agent.till.returning.results import Returned
from edge_agent.till.returning.returns import Returns
from edge_agent.till.scanning.telling import tell
from edge_agent.till.selling.basket_commands import BasketCommands
from edge_agent.till.service.asking import Asking
from edge_agent.till.service.counter import ValueCounter
from edge_agent.till.service.members import MemberDesk
from edge_agent.till.service.results import ValueMoved, ValueSoldNow
from edge_agent.till.shifts.drawer import Drawer
from edge_agent.till.staff.approving import approved
from edge_agent.till.staff.people import People
from edge_agent.till.view import held_line, view
from shared.codes import PaymentCode, ScanContext
from shared.wire.desired import StoreSettings
from shared.wire.events import TenderKind, TillKind
from shared.wire.policies import Approval

__all__ = ["GATEWAY_SECONDS", "Till", "refused"]

GATEWAY_SECONDS = 60.0
"""How long a gateway may think before the attempt's result counts as unknown."""

_log = structlog.get_logger(__name__)


class _Told(NamedTuple):
    """One payment as the cashier told it; see `Till.tender`."""

    method: TenderKind
    minor: int | None
    reference: str = ""
    code: str = ""
    basket: UUID | None = None
    expects: Expects | None = None


class Till(BasketCommands):
    """The use cases of one till. Every answer is one of `edge_agent.till.results`; a refusal is an answer.

    Beside the basket and its payment: `people` sign in and approve, `drawer` is the shift and its cash, `returns`
    takes goods back, `catalogue` looks items up, `members` finds members and what they can pay with, `value` spends
    their points. At a service desk `desk` serves members, and `counter` sells stored value.
    `gateways` says by whom each way to pay is moved; a way without one
    needs nobody's answer (cash, a terminal that is not connected). `enquiry` asks HQ about cards unknown here.
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        doorbell: Doorbell,
        gateways: Mapping[TenderKind, PaymentGateway] | None = None,
        gateway_seconds: float = GATEWAY_SECONDS,
        *,
        enquiry: Enquiry | None = None,
    ) -> None:
        commands = Commands(database, desk, doorbell)
        self.people = People(commands)
        super().__init__(commands, self.people, enquiry)
        self._money = Money(commands, gateways or {}, gateway_seconds)
        self.changes = commands.changes
        self.paper: PaperOrders | None = None
        """Whom to ask for a paper that no sale brings; None where nobody composed it."""
        self.drawer = Drawer(commands, self.people)
        self.returns = Returns(commands, self.people, self._money)
        self.catalogue = Catalogue(commands)
        asking = Asking(commands)
        self.desk = MemberDesk(commands, self.people, asking)
        self.counter = ValueCounter(commands, self.people, self._money, asking)
        self.members = Members(commands, self.releases)
        self.value = Value(commands, self.members, self.releases)

    @property
    def id(self) -> str:
        """The till's id."""
        return self._commands.desk.till

    @property
    def kind(self) -> TillKind:
        """What stands behind this till's number."""
        return self._commands.desk.kind

    @property
    def settings(self) -> StoreSettings:
        """What the store is, as HQ says it now."""
        return self._commands.desk.settings()

    @property
    def last_paid(self) -> Paid | None:
        """The sale just made, until something else is done here."""
        return self._commands.last_paid

    @property
    def cashier(self) -> str:
        """Who stands there where nobody signs in: whom the till's driver names."""
        return self._commands.named

    @cashier.setter
    def cashier(self, code: str) -> None:
        self._commands.named = code

    @property
    def by_gateway(self) -> frozenset[TenderKind]:
        """The ways to pay that somebody outside answers for."""
        return self._money.by_gateway

    async def tender(
        self,
        method: TenderKind,
        minor: int | None = None,
        *,
        reference: str = "",
        basket: UUID | None = None,
        code: str = "",
        expects: Expects | None = None,
    ) -> Paid | PartlyPaid | Refused:
        """Take money: without `minor` what is due. When all is given the sale is made, on the disk, and answered.

        `basket` is the one the cashier sees; one that is paid already gives the same answer again. Without it a
        second tap finds the sale made by the first. `code` is the customer's payment code, for a gateway only.
        """
        async with self._money.lock:
            told = _Told(method, minor, reference, code, basket, expects)
            answer = await self._take(told)
            if isinstance(answer, Refused) and answer.code == "hold_ended":
                # Part of it was set aside for too long: asked for anew before any more money is.
                answer = await self.value.renew() or await self._take(told)
            elif isinstance(answer, PartlyPaid) and answer.due_minor <= 0:
                nothing = _Told(TenderKind.CASH, 0, basket=answer.basket)
                answer = await self.value.renew() or await self._take(nothing)
            return answer

    async def pay_by_code(
        self, text: str, minor: int | None = None, *, basket: UUID | None = None, expects: Expects | None = None
    ) -> Paid | PartlyPaid | Refused:
        """Take money by the payment code on a customer's telephone: the code itself says whose it is."""
        told = self.told_payment(text)
        if isinstance(told, Refused):
            return told
        method = {"wechat": TenderKind.WECHAT, "alipay": TenderKind.ALIPAY}.get(told.brand.value)
        if method is None or method not in self._money.by_gateway:
            return refused("payment_code", told.brand.value)
        return await self.tender(method, minor, basket=basket, code=told.text, expects=expects)

    async def take_back_tenders(self) -> TendersBack | Refused:
        """Hand back the money given so far, and take an exchange out; the lines may change again.

        Stored value that HQ only set aside is let go; money that a payment service moved stays.
        """
        answer = await self._commands.change(paying.take_back)
        self.releases.ring()
        return answer

    async def resolve_payments(self) -> Paid | PartlyPaid | Returned | ValueMoved | NothingUnresolved | Refused:
        """Ask the gateways what became of unresolved attempts. At start this comes before anything else."""
        return await self._money.resolve()

    async def settle_payment(
        self, attempt: UUID, *, paid: bool, reference: str, approve: Approve | None = None
    ) -> Paid | PartlyPaid | Returned | ValueMoved | Refused:
        """Settle an attempt by hand, from the terminal's slip, when its gateway cannot be reached."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        by = await self._commands.look(lambda _db, desk: approved(desk, Approval.SETTLE_PAYMENT, approver))
        if isinstance(by, Refused):
            return by
        async with self._money.lock:
            found = await self._money.found(attempt)
            if found is None:
                return refused("no_such_payment", str(attempt))
            state = AttemptState.PAID if paid else AttemptState.CANCELLED
            _log.warning("payment_settled_by_hand", attempt=str(attempt), paid=paid, approved_by=by)
            return await self._money.settle_any(found, PaymentOutcome(state, reference))

    async def unresolved_payments(self) -> list[PaymentAttempt]:
        """Return the attempts of this till whose result is not known."""
        return await self._money.unresolved()

    async def view(self) -> BasketView | None:
        """Return what the till page shows of the open basket."""
        return await self._commands.read(view)

    async def find(self, basket: UUID) -> Found:
        """Say what a basket id stands for: unknown, open, held or paid."""
        return await self._commands.read(lambda db, _desk: shelving.find(db, basket))

    async def held(self) -> list[HeldLine]:
        """Return the store's held baskets, of every till; while practising those that are practice."""

        def listed(db: sqlite3.Connection, desk: Desk) -> list[HeldLine]:
            found = (baskets.load(db, one.id) for one in baskets.held(db))
            return [held_line(db, desk, one) for one in found if one is not None and shelving.is_seen(desk, one)]

        return await self._commands.read(listed)

    async def note_printed(self, sale: UUID, printed: Printed) -> None:
        """Keep what became of a receipt's paper."""
        reached("receipt.printed")
        await self._commands.database.run(lambda db: receipts.note_printed(db, sale, printed), makes_room=True)

    async def reprint(self, receipt: str = "") -> Reprinted | Refused:
        """Have a receipt printed again, marked and counted as a copy; without a number this till's last one."""
        return await self._commands.change(lambda db, desk: reprint(db, desk, receipt), rings=True)

    async def _take(self, told: _Told) -> Paid | PartlyPaid | Refused:
        if told.method in self._money.by_gateway:
            return await self._by_gateway(told.method, told.minor, told.basket, code=told.code, expects=told.expects)
        reached("sale.before_transaction")
        last = self._commands.last_paid
        answer = await self._commands.change(
            lambda db, desk: (
                paying.paid_already(db, desk, told.basket, last)
                or paying.tender(db, desk, told.method, told.minor, reference=told.reference)
            ),
            rings=True,
            expects=None if last and told.basket == last.sale else told.expects,
        )
        return made(answer)

    async def _by_gateway(
        self, method: TenderKind, minor: int | None, basket: UUID | None, *, code: str, expects: Expects | None
    ) -> Paid | PartlyPaid | Refused:
        last = self._commands.last_paid
        attempt = await self._commands.change(
            lambda db, desk: (
                paying.paid_already(db, desk, basket, last) or paying.ask_or_practise(db, desk, method, minor, code)
            ),
            expects=None if last and basket == last.sale else expects,
        )
        if not isinstance(attempt, PaymentAttempt):
            return attempt
        return await self._money.pay(attempt)

    async def _settle(
        self, attempt: PaymentAttempt, outcome: PaymentOutcome
    ) -> Paid | PartlyPaid | ValueSoldNow | Refused:
        return await self._money.settle(attempt, outcome)

    def told_payment(self, text: str) -> PaymentCode | Refused:
        """Say whether a text is a customer's payment code."""
        told = tell(self._commands.desk, text, ScanContext.PAYMENT_CODE)
        return told if isinstance(told, PaymentCode | Refused) else refused("not_a_payment_code")
