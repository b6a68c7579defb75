"""The commands that fill a till's basket: scanning, weighing, members, amending, putting aside."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from edge_agent.disk.agent_row import device_time
from edge_agent.till import cards, ringing, shelving
from edge_agent.till.asks import AgeAsked, Approve, Approver, Expects, PriceAsked
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, open_basket
from edge_agent.till.enquiry import Enquiry
from edge_agent.till.results import (
    AgeConfirmed,
    Begun,
    HeldNow,
    LineAdded,
    LineChanged,
    LineGone,
    MemberAttached,
    Paid,
    RecalledNow,
    Refused,
    RoundedDown,
    SignedIn,
    Voided,
)
from edge_agent.till.scanning import tally
from edge_agent.till.scanning.selling import LABEL_FINDINGS, ring_item, ring_scanned
from edge_agent.till.scanning.telling import Goods, code_tables, tell
from edge_agent.till.selling import amending, limits, offers
from edge_agent.till.selling.coupon_words import refusal_code
from edge_agent.till.selling.results import CouponTaken, OfferTaken, OfferView
from edge_agent.till.selling.weighing_commands import WeighingCommands
from edge_agent.till.staff.people import People
from edge_agent.value.releasing import Releasing
from edge_agent.value.spending import Nobody
from shared.codes import MemberCard, PaymentCode, ScanContext, VariableMeasure, is_card
from shared.codes.answers import MEMBER_CODE_PREFIX
from shared.pricing import Coupon
from shared.wire.messages import CouponReserved
from shared.wire.messages import Refused as RefusedByHq

R = TypeVar("R")

Rung = LineAdded | MemberAttached | SignedIn | Refused

NOT_FOUND = frozenset({"unknown_item", "no_known_format", "check_digit"})
"""Refusals of a code that names nothing: it may still be an item's own number, a coupon, or a part of a name."""


class BasketCommands(WeighingCommands):
    """What happens at a till before money does. Every answer is a result; a refusal is an answer.

    With `expects` a command is refused when the basket is no longer the one its giver sees: another page of the same
    till has changed it. The refusal carries what is there now.
    """

    def __init__(self, commands: Commands, people: People, enquiry: Enquiry | None) -> None:
        super().__init__(commands, people)
        self._enquiry = enquiry
        desk = commands.desk
        self.releases = Releasing(commands.database, desk.clocks.machine, desk.hq or Nobody(), desk.mint, desk.till)
        self._waiting: Callable[[], Awaitable[Rung]] | None = None

    async def scan(
        self,
        text: str,
        context: ScanContext = ScanContext.GOODS,
        symbology: str = "",
        *,
        count: int = 1,
        expects: Expects | None = None,
    ) -> Rung:
        """Take what a scanner read, or what was typed in: an item, a label, a member's card or code; `3*` and a code.

        A staff card signs its holder in.
        `context` is what the till asks for just now, `symbology` the scanner's AIM identifier where it says one.
        """
        if self._is_staff_card(text):
            return await self._people.sign_in_by_card(text.strip())
        times, star, rest = text.partition("*")
        if star and times.strip().isdigit() and context is ScanContext.GOODS:
            if not rest.strip():
                return refused("quantity_code", text[:64])
            text, count = rest, int(times[:9])
        told = tell(self._commands.desk, text, context, symbology, hq_offset_ms=await self._hq_offset_ms(text))
        match told:
            case Refused():
                return told
            case MemberCard(number):
                return await self._attach(number, expects)
            case PaymentCode():
                return refused("payment_code_early")
        answer = await self._ring(lambda db, desk: _rung(db, desk, told, count), expects)
        if isinstance(told, VariableMeasure) and isinstance(answer, Refused) and answer.code in LABEL_FINDINGS:
            label, code = told.format, answer.code
            await self._commands.change(lambda db, desk: tally.note(db, desk, label, code))
        return self._waits(answer, lambda: self.scan(text, context, symbology, count=count), count)

    async def type_in(self, text: str, *, count: int = 1) -> Rung:
        """Take what was typed: as if it had been scanned, or else an item's own number, however long it is."""
        answer = await self.scan(text, count=count)
        if not isinstance(answer, Refused) or answer.code not in NOT_FOUND:
            return answer
        times, star, rest = text.partition("*")
        typed = (rest.strip(), int(times[:9])) if star and times.strip().isdigit() else (text.strip(), count)
        by_number = await self.ring_item(typed[0], count=typed[1])
        unknown = isinstance(by_number, Refused) and by_number.code == "unknown_item"
        return answer if unknown else by_number

    async def ring_item(self, item: str, *, count: int = 1) -> LineAdded | Refused:
        """Ring up an item that was chosen from a list, by its own number: it need not look like a code."""
        answer = await self._ring(lambda db, desk: _times(db, desk, ring_item(db, desk, item), count), None)
        return self._waits(answer, lambda: self.ring_item(item, count=count), count)

    def _waits(self, answer: R, again: Callable[[], Awaitable[Rung]], count: int) -> R | Refused:
        """Keep what an age check will ring up, and say how many an open price is asked for."""
        asks = answer.asks if isinstance(answer, Refused) else None
        self._waiting = again if isinstance(asks, AgeAsked) else None
        if isinstance(answer, Refused) and isinstance(asks, PriceAsked):
            return replace(answer, asks=replace(asks, count=count))
        return answer

    async def ring_at(
        self, code: str, minor: int, count: int = 1, *, approve: Approve | None = None
    ) -> LineAdded | Refused:
        """Ring up an item whose price has to be asked for, at so much a piece; beyond its bounds with approval."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        asked = ringing.Asked(minor, approver)

        def rung(db: sqlite3.Connection, desk: Desk) -> LineAdded:
            return _times(db, desk, ringing.ring(db, desk, code, asked), count)

        answer = await self._ring(rung, None)
        if isinstance(answer, Refused) and isinstance(answer.asks, AgeAsked):
            self._waiting = lambda: self.type_in(code, count=count)
        return answer

    async def confirm_age(
        self, years: int, *, born: str = "", approve: Approve | None = None
    ) -> AgeConfirmed | LineAdded | Refused:
        """Record that the buyer is old enough, by birth date (YYYY-MM-DD) or by looking; what waited for it is rung up.

        The birth date is compared and forgotten.
        """
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        answer = await self._commands.change(lambda db, desk: limits.confirm(db, desk, years, born, approver))
        again, self._waiting = self._waiting, None
        if isinstance(answer, Refused) or again is None:
            return answer
        rung = await again()
        return rung if isinstance(rung, LineAdded | Refused) else answer

    async def set_quantity(
        self, count: int, line: int | None = None, *, expects: Expects | None = None
    ) -> LineChanged | Refused:
        """Set how many of what was scanned a line has; without `line` the last one."""
        return await self._ring(lambda db, desk: ringing.set_quantity(db, desk, count, line), expects)

    async def coupon(
        self,
        code: str,
        supplier_minor: int,
        chain_minor: int = 0,
        *,
        line: int | None = None,
        expects: Expects | None = None,
    ) -> LineChanged | Refused:
        """Take a paper coupon for a line; without `line` the last one."""
        return await self._ring(
            lambda db, desk: ringing.coupon(db, desk, code, supplier_minor, chain_minor, n=line), expects
        )

    async def take_coupon_code(self, text: str, *, expects: Expects | None = None) -> CouponTaken | Refused:
        """Put a coupon on the basket by its code, typed or scanned: a public one, or one that HQ reserves for it."""
        asked = await self._commands.look(lambda db, desk: offers.asked_of(db, desk, text))
        match asked:
            case Refused():
                return asked
            case Coupon():
                return await self._commands.change(lambda db, desk: offers.put_on(db, desk, asked), expects=expects)
        desk, question = self._commands.desk, self._commands.desk.mint()
        answer = await desk.hq.ask(question, desk.till, asked) if desk.hq else None
        if isinstance(answer, RefusedByHq):
            return refused(refusal_code(answer.code, has_member=bool(asked.member or asked.sealed_card)), asked.code)
        if not isinstance(answer, CouponReserved):
            return refused("coupon_unanswered", asked.code)
        coupon = Coupon(answer.code, answer.promotion, answer.claimed_ms)
        held = offers.reserved_as(answer, asked, question)
        taken = await self._commands.change(lambda db, desk: offers.put_on(db, desk, coupon, held))
        if isinstance(taken, Refused):  # another basket or member meanwhile: it is the customer's again at once
            await self._commands.change(lambda db, desk: offers.give_up(db, desk, held), by_anybody=True)
            self.releases.ring()
        return taken

    async def is_coupon(self, text: str) -> bool:
        """Tell whether what was scanned or typed, and is no item, is a coupon's code for the open basket."""
        return await self._commands.read(lambda db, desk: offers.is_code(db, desk, text))

    async def put_back_coupon(self, code: str, *, expects: Expects | None = None) -> CouponTaken | Refused:
        """Take a coupon's code off the basket again."""
        answer = await self._commands.change(lambda db, desk: offers.put_back(db, desk, code), expects=expects)
        self.releases.ring()
        return answer

    async def choose(
        self, promotion: str, items: Sequence[str], *, expects: Expects | None = None
    ) -> OfferTaken | Refused:
        """Note which items the customer chose of a promotion that lets them; none takes the choice back."""
        return await self._ring(lambda db, desk: offers.choose(db, desk, promotion, items), expects)

    async def offers(self) -> list[OfferView] | Refused:
        """Return what the customer has earned and has yet to take or choose."""
        return await self._commands.look(offers.offers)

    async def void_line(
        self, line: int | None = None, *, approve: Approve | None = None, expects: Expects | None = None
    ) -> LineGone | Refused:
        """Take a line out, with its coupons and its deposit; without `line` the last one."""
        answer = await self._approved(
            approve,
            lambda db, desk, who: (open_basket(db, desk).id, ringing.void_line(db, desk, line, who)),
            expects,
        )
        if isinstance(answer, Refused):
            return answer
        basket, gone = answer
        self.scaled.unsold(basket, gone.n)
        return gone

    async def set_price(
        self,
        minor: int,
        line: int | None = None,
        *,
        reason: str,
        approve: Approve | None = None,
        expects: Expects | None = None,
    ) -> LineChanged | Refused:
        """Lower a line's price (for its price's basis: a piece, a kilogram) for a reason of the store's list."""
        return await self._approved(
            approve,
            lambda db, desk, approver: amending.set_price(db, desk, line, minor, reason=reason, approver=approver),
            expects,
        )

    async def round_off(
        self, minor: int | None = None, *, approve: Approve | None = None, expects: Expects | None = None
    ) -> RoundedDown | Refused:
        """Drop cents from the total by hand; without `minor` what is above the store's step."""
        return await self._approved(
            approve, lambda db, desk, approver: amending.round_off(db, desk, minor, approver), expects
        )

    async def attach_card(self, card: str, *, expects: Expects | None = None) -> MemberAttached | Refused:
        """Attach a member card to the basket, opening one if there is none.

        A card that this store does not know goes on sealed, at member prices. HQ is asked whose it is, and if it
        answers in time the basket shows it; nothing waits for that.
        """
        if not self.is_card(card):
            return refused("not_a_card")
        return await self._attach(card, expects)

    async def swipe(self, card: str) -> MemberAttached | Refused:
        """Record that a member card was shown, without a basket."""
        if not self.is_card(card):
            return refused("not_a_card")
        return await self._commands.change(lambda db, desk: cards.swipe(db, desk, card), rings=True)

    async def begin(self, basket: UUID | None = None) -> Begun | Paid | Refused:
        """Open a basket under a given id; the same id again goes on with it, or gives its receipt if it was paid."""
        return await self._commands.change(lambda db, desk: shelving.begin(db, desk, basket))

    async def hold(self, name: str = "", *, expects: Expects | None = None) -> HeldNow | Refused:
        """Put the basket aside under a name."""
        return await self._commands.change(lambda db, desk: shelving.hold(db, desk, name), expects=expects)

    async def recall(self, basket: UUID) -> RecalledNow | Refused:
        """Take a basket up again that was held at any till of the store, priced by the book in force."""
        return await self._commands.change(lambda db, desk: shelving.recall(db, desk, basket))

    async def void_basket(
        self, reason: str = "", *, approve: Approve | None = None, expects: Expects | None = None
    ) -> Voided | Refused:
        """Give the basket up. With a reason, or where the store lists reasons, HQ hears of it."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        answer = await self._commands.change(
            lambda db, desk: shelving.void(db, desk, reason, approver), makes_room=True, rings=True, expects=expects
        )
        if isinstance(answer, Voided):
            self.scaled.unsold(answer.basket)
        self.releases.ring()
        return answer

    async def _attach(self, card: str, expects: Expects | None = None) -> MemberAttached | Refused:
        answer = await self._commands.change(lambda db, desk: cards.attach(db, desk, card), rings=True, expects=expects)
        self.releases.ring()
        if self._enquiry and isinstance(answer, MemberAttached) and not answer.known:
            self._enquiry.want()
        return answer

    async def _approved(
        self,
        approve: Approve | None,
        use_case: Callable[[sqlite3.Connection, Desk, Approver | None], R],
        expects: Expects | None,
    ) -> R | Refused:
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._ring(lambda db, desk: use_case(db, desk, approver), expects)

    async def _hq_offset_ms(self, text: str) -> int:
        """Return what to add to the machine's time for HQ's; read from the disk only for what is judged by it."""
        if not text.strip().startswith(MEMBER_CODE_PREFIX):
            return 0
        time = await self._commands.read(lambda db, desk: device_time(db, desk.clocks.machine))
        return time.hq_offset_ms

    def _is_staff_card(self, text: str) -> bool:
        prefixes = tuple(self._commands.desk.policies.staff_card_prefixes)
        return bool(prefixes) and text.strip().isdigit() and text.strip().startswith(prefixes)

    def is_card(self, card: str) -> bool:
        """Tell whether a text looks like a member card of the chain."""
        return is_card(card.strip(), code_tables(self._commands.desk.settings()))


def _rung(db: sqlite3.Connection, desk: Desk, goods: Goods, count: int) -> LineAdded:
    return _times(db, desk, ring_scanned(db, desk, goods), count)


def _times(db: sqlite3.Connection, desk: Desk, added: LineAdded, count: int) -> LineAdded:
    if count == 1:
        return added
    changed = ringing.multiply(db, desk, count, added.line.n)
    return LineAdded(changed.line, added.names, changed.total_minor, added.measure)
