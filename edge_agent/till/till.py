"""One till: its use cases, each one transaction in one hop, answered only after it is on the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.failpoints import reached
from edge_agent.record import receipts
from edge_agent.record.outbox import Doorbell, EventTooLarge
from edge_agent.record.receipts import Printed
from edge_agent.till import attempts, baskets, cards, paying, ringing, shelving
from edge_agent.till.baskets import HeldBasket
from edge_agent.till.changes_seen import ChangesSeen
from edge_agent.till.desk import MAX_CASHIER_CHARACTERS, MAX_TILL_CHARACTERS, Desk, Refusal
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentGateway, PaymentOutcome
from edge_agent.till.results import (
    BasketView,
    Begun,
    Found,
    HeldNow,
    LineAdded,
    LineChanged,
    LineGone,
    MemberAttached,
    NothingUnresolved,
    Paid,
    PartlyPaid,
    RecalledNow,
    Refused,
    TendersBack,
    Voided,
)
from edge_agent.till.scanning.selling import ring_scanned
from edge_agent.till.scanning.telling import code_tables, tell
from edge_agent.till.view import view
from edge_agent.till.words import WORDS
from shared.codes import MemberCard, PaymentCode, ScanContext, is_card
from shared.pricing import Unit
from shared.wire.events import TenderKind

R = TypeVar("R")

GATEWAY_SECONDS = 60.0
"""How long a gateway may think before the attempt's result counts as unknown."""

_log = structlog.get_logger(__name__)


def refused(code: str, detail: str = "") -> Refused:
    """Return a refusal with its words."""
    return Refused(code, WORDS[code], detail)


class Till:
    """The use cases of one till. Every answer is one of `edge_agent.till.results`; a refusal is an answer.

    `cashier` is who stands there now. `gateways` says by whom each way to pay is moved; a way without one needs
    nobody's answer (cash, a terminal that is not connected). `enquiry` asks HQ about cards this store does not know.
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
        self.cashier = ""
        self.changes = ChangesSeen()
        self._database = database
        self._desk = desk
        self._doorbell = doorbell
        self._gateways = dict(gateways or {})
        self._gateway_seconds = gateway_seconds
        self._enquiry = enquiry
        self._paying = asyncio.Lock()
        self._last_paid: Paid | None = None

    @property
    def id(self) -> str:
        """The till's id."""
        return self._desk.till

    async def scan(
        self, text: str, context: ScanContext = ScanContext.GOODS, symbology: str = ""
    ) -> LineAdded | MemberAttached | Refused:
        """Take what a scanner read, or what was typed in: an item, a label, a member's card or code.

        `context` is what the till asks for just now, `symbology` the scanner's AIM identifier where it says one.
        """
        told = tell(self._desk, text, context, symbology)
        match told:
            case Refused():
                return told
            case MemberCard(number):
                return await self._attach(number)
            case PaymentCode():
                return refused("payment_code_early")
            case goods:
                return await self._ring(lambda db: ring_scanned(db, self._desk, goods))

    async def set_quantity(self, count: int, line: int | None = None) -> LineChanged | Refused:
        """Set how many of what was scanned a line has; without `line` the last one."""
        return await self._ring(lambda db: ringing.set_quantity(db, self._desk, count, line))

    async def weigh(self, weight_g: int, line: int | None = None) -> LineChanged | Refused:
        """Set a line's weight in grams; without `line` the last one."""
        return await self._ring(lambda db: ringing.measure(db, self._desk, weight_g, Unit.GRAM, line))

    async def pour(self, volume_ml: int, line: int | None = None) -> LineChanged | Refused:
        """Set a line's volume in millilitres; without `line` the last one."""
        return await self._ring(lambda db: ringing.measure(db, self._desk, volume_ml, Unit.MILLILITRE, line))

    async def coupon(
        self, code: str, supplier_minor: int, chain_minor: int = 0, *, line: int | None = None
    ) -> LineChanged | Refused:
        """Take a paper coupon for a line; without `line` the last one."""
        return await self._ring(lambda db: ringing.coupon(db, self._desk, code, supplier_minor, chain_minor, n=line))

    async def void_line(self, line: int | None = None) -> LineGone | Refused:
        """Take a line out; without `line` the last one."""
        return await self._ring(lambda db: ringing.void_line(db, self._desk, line))

    async def attach_card(self, card: str) -> MemberAttached | Refused:
        """Attach a member card to the basket, opening one if there is none.

        A card that this store does not know goes on sealed, at member prices. HQ is asked whose it is, and if it
        answers in time the basket shows it; nothing waits for that.
        """
        if not self._is_card(card):
            return refused("not_a_card")
        return await self._attach(card)

    async def _attach(self, card: str) -> MemberAttached | Refused:
        if not self._cashier_fits():
            return refused("cashier_code", self.cashier[:MAX_CASHIER_CHARACTERS])
        cashier = self.cashier
        answer = await self._change(lambda db: cards.attach(db, self._desk, card, cashier), rings=True)
        if self._enquiry and isinstance(answer, MemberAttached) and not answer.known:
            self._enquiry.want()
        return answer

    async def swipe(self, card: str) -> MemberAttached | Refused:
        """Record that a member card was shown, without a basket."""
        if not self._is_card(card):
            return refused("not_a_card")
        if not self._cashier_fits():
            return refused("cashier_code", self.cashier[:MAX_CASHIER_CHARACTERS])
        cashier = self.cashier
        return await self._change(lambda db: cards.swipe(db, self._desk, card, cashier), rings=True)

    async def begin(self, basket: UUID | None = None) -> Begun | Paid | Refused:
        """Open a basket under a given id; the same id again goes on with it, or gives its receipt if it was paid."""
        return await self._change(lambda db: shelving.begin(db, self._desk, basket))

    async def hold(self, name: str = "") -> HeldNow | Refused:
        """Put the basket aside under a name."""
        return await self._change(lambda db: shelving.hold(db, self._desk, name))

    async def recall(self, basket: UUID) -> RecalledNow | Refused:
        """Take a held basket up again, priced by the book in force."""
        return await self._change(lambda db: shelving.recall(db, self._desk, basket))

    async def void_basket(self) -> Voided | Refused:
        """Give the basket up."""
        return await self._change(lambda db: shelving.void(db, self._desk), makes_room=True)

    async def tender(
        self, method: TenderKind, minor: int | None = None, *, reference: str = "", basket: UUID | None = None
    ) -> Paid | PartlyPaid | Refused:
        """Take money: without `minor` what is due. When all is given the sale is made, on the disk, and answered.

        `basket` is the one the cashier sees; one that is paid already gives the same answer again. Without it a
        second tap finds the sale made by the first.
        """
        if not self._cashier_fits():
            return refused("cashier_code", self.cashier[:MAX_CASHIER_CHARACTERS])
        async with self._paying:
            if gateway := self._gateways.get(method):
                return await self._by_gateway(gateway, method, minor, basket)
            reached("sale.before_transaction")
            cashier, last = self.cashier, self._last_paid
            answer = await self._change(
                lambda db: (
                    paying.paid_already(db, self._desk, basket, last)
                    or paying.tender(db, self._desk, method, minor, reference=reference, cashier=cashier)
                ),
                rings=True,
            )
            return self._made(answer)

    async def take_back_tenders(self) -> TendersBack | Refused:
        """Hand back the money given so far; the lines may change again."""
        return await self._change(lambda db: paying.take_back(db, self._desk))

    async def resolve_payments(self) -> Paid | PartlyPaid | NothingUnresolved | Refused:
        """Ask the gateways what became of unresolved attempts. At start this comes before anything else."""
        async with self._paying:
            answer: Paid | PartlyPaid | NothingUnresolved | Refused = NothingUnresolved()
            for attempt in await self.unresolved_payments():
                gateway = self._gateways.get(attempt.method)
                if gateway is None:
                    return refused("payment_unresolved", str(attempt.id))
                answer = await self._settle(attempt, await self._timed(gateway.look_up(attempt)))
            return answer

    async def settle_payment(self, attempt: UUID, *, paid: bool, reference: str) -> Paid | PartlyPaid | Refused:
        """Settle an attempt by hand, from the terminal's slip, when its gateway cannot be reached."""
        async with self._paying:
            found = await self._database.read(lambda db: attempts.find_unresolved(db, attempt))
            if found is None or found.till != self.id:
                return refused("no_such_payment", str(attempt))
            state = AttemptState.PAID if paid else AttemptState.CANCELLED
            _log.warning("payment settled by hand", attempt=str(attempt), paid=paid, cashier=self.cashier)
            return await self._settle(found, PaymentOutcome(state, reference))

    async def unresolved_payments(self) -> list[PaymentAttempt]:
        """Return the attempts of this till whose result is not known."""
        return await self._database.read(lambda db: attempts.unresolved(db, self.id))

    async def view(self) -> BasketView | None:
        """Return what the till page shows of the open basket."""
        return await self._database.read(lambda db: view(db, self._desk))

    async def find(self, basket: UUID) -> Found:
        """Say what a basket id stands for: unknown, open, held or paid."""
        return await self._database.read(lambda db: shelving.find(db, basket))

    async def held(self) -> list[HeldBasket]:
        """Return the store's held baskets."""
        return await self._database.read(baskets.held)

    async def note_printed(self, sale: UUID, printed: Printed) -> None:
        """Keep what became of a receipt's paper."""
        reached("receipt.printed")
        await self._database.run(lambda db: receipts.note_printed(db, sale, printed), makes_room=True)

    def _is_card(self, card: str) -> bool:
        return is_card(card.strip(), code_tables(self._desk.settings()))

    def _cashier_fits(self) -> bool:
        return len(self.cashier) <= MAX_CASHIER_CHARACTERS and self.cashier.isprintable()

    async def _by_gateway(
        self, gateway: PaymentGateway, method: TenderKind, minor: int | None, basket: UUID | None
    ) -> Paid | PartlyPaid | Refused:
        last = self._last_paid
        attempt = await self._change(
            lambda db: paying.paid_already(db, self._desk, basket, last) or paying.ask(db, self._desk, method, minor)
        )
        if not isinstance(attempt, PaymentAttempt):
            return attempt
        return await self._settle(attempt, await self._timed(gateway.pay(attempt)))

    async def _timed(self, answer: Awaitable[PaymentOutcome]) -> PaymentOutcome:
        """Wait for a gateway; silence and a broken line mean that nobody knows."""
        try:
            async with asyncio.timeout(self._gateway_seconds):
                return await answer
        except (TimeoutError, OSError) as error:
            _log.warning("payment gateway did not answer", till=self.id, error=repr(error))
            return PaymentOutcome(AttemptState.UNKNOWN)

    async def _settle(self, attempt: PaymentAttempt, outcome: PaymentOutcome) -> Paid | PartlyPaid | Refused:
        reached("sale.before_transaction")
        # Money that moved is never refused.
        cashier = self.cashier if self._cashier_fits() else ""
        answer = await self._change(lambda db: paying.settle(db, self._desk, attempt, outcome, cashier), rings=True)
        if answer is not None:
            return self._made(answer)
        code = "payment_unresolved" if outcome.state is AttemptState.UNKNOWN else "payment_refused"
        return refused(code, outcome.reference)

    def _made(self, answer: Paid | PartlyPaid | Refused) -> Paid | PartlyPaid | Refused:
        if isinstance(answer, Paid):
            reached("sale.after_commit")
        return answer

    async def _ring(self, use_case: Callable[[sqlite3.Connection], R]) -> R | Refused:
        """Change lines, which nobody has paid for yet: in the log at once, on the disk within seconds."""
        return await self._change(use_case, synced=False)

    async def _change(
        self,
        use_case: Callable[[sqlite3.Connection], R],
        *,
        rings: bool = False,
        makes_room: bool = False,
        synced: bool = True,
    ) -> R | Refused:
        """Run a use case in one transaction; a refusal or a full disk rolls it back and is the answer.

        With `rings` the sender is woken, also when the caller was cancelled: the transaction may commit all the same.
        """
        if len(self.id) > MAX_TILL_CHARACTERS:
            return refused("till_id", self.id[:MAX_TILL_CHARACTERS])
        try:
            result = await self._database.run(use_case, makes_room=makes_room, synced=synced)
        except Refusal as refusal:
            return Refused(refusal.code, refusal.words, refusal.detail)
        except DiskFull:
            return refused("disk_full")
        except EventTooLarge as error:
            _log.error("sale_too_large", till=self.id, reason=str(error))
            return refused("basket_too_large")
        finally:
            if rings:
                self._doorbell.ring()
        self._last_paid = result if isinstance(result, Paid) else None
        self.changes.note()
        reached("basket.change_stored")
        return result
