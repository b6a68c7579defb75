"""The people at one till: the use cases of signing in and out, and finding out who approves."""

from __future__ import annotations

import asyncio

from edge_agent.till import stand
from edge_agent.till.asks import Approve, Approver
from edge_agent.till.commands import Commands, refused
from edge_agent.till.results import Refused, SignedIn, SignedOut, WhoView
from edge_agent.till.staff import pins, presence
from shared.pins import card_digest, fits
from shared.wire.policies import StaffMember


class People:
    """Who works at one till. A PIN is checked in a thread of its own: it takes a tenth of a second on purpose."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def sign_in(self, staff: str, pin: str, *, approve: Approve | None = None) -> SignedIn | Refused:
        """Sign in by code and PIN; the same at one's own locked till unlocks it."""
        return await self._sign_in(Approve(staff=staff, pin=pin), approve)

    async def sign_in_by_card(self, card: str, *, approve: Approve | None = None) -> SignedIn | Refused:
        """Sign in by staff card; the same at one's own locked till unlocks it."""
        return await self._sign_in(Approve(card=card), approve)

    async def sign_out(self) -> SignedOut | Refused:
        """Leave the till; the shift stays open."""
        return await self._commands.change(presence.sign_out, rings=True)

    async def lock(self) -> SignedOut | Refused:
        """Lock the till as it stands until the same person is back."""
        return await self._commands.change(presence.lock, rings=True)

    async def take_break(self) -> SignedOut | Refused:
        """Close the till for a break."""
        return await self._commands.change(presence.take_break, rings=True)

    async def free_pin(self, staff: str, *, approve: Approve | None = None) -> SignedOut | Refused:
        """Free a PIN that was locked after too many tries."""
        approver = await self.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._commands.change(
            lambda db, desk: presence.free_pin(db, desk, staff, approver), rings=True, by_anybody=approver is not None
        )

    async def practise(self, *, on: bool, approve: Approve | None = None) -> SignedOut | Refused:
        """Begin or end practising: nothing of it is sold, counted or sent."""
        approver = await self.approver(approve)
        if isinstance(approver, Refused):
            return approver
        return await self._commands.change(lambda db, desk: presence.practise(db, desk, approver, on=on))

    async def who(self) -> WhoView:
        """Return who stands at the till and how."""
        policies = self._commands.desk.policies
        found, row = await self._commands.read(lambda db, desk: (desk.stand, stand.read(db, self._commands.desk.till)))
        staff = self._commands.desk.settings().staff
        name = next((one.name for one in staff if one.code == row.staff), "")
        return WhoView(
            state=found.state,
            staff=found.cashier,
            name=name,
            role=found.role,
            since_ms=found.since_ms,
            practice=found.practice,
            shift=found.shift,
            signs_in=policies.sign_in != "none",
        )

    async def approver(self, approve: Approve | None) -> Approver | Refused | None:
        """Return who approves, once their PIN or card was found right; None when nobody was named."""
        if approve is None:
            return None
        member = await self._identified(approve)
        if isinstance(member, Refused):
            return member
        return Approver(member.code, member.role)

    async def _sign_in(self, who: Approve, approve: Approve | None) -> SignedIn | Refused:
        member = await self._identified(who)
        if isinstance(member, Refused):
            return member
        approver = await self.approver(approve)
        if isinstance(approver, Refused):
            return approver
        answer = await self._commands.change(
            lambda db, desk: presence.sign_in(db, desk, member, approver), rings=True, by_anybody=True
        )
        if not isinstance(answer, Refused):
            self._commands.note_presence()
        return answer

    async def _identified(self, who: Approve) -> StaffMember | Refused:
        settings = self._commands.desk.settings()
        if who.card:
            digest = await asyncio.to_thread(card_digest, who.card, settings.staff_card_salt)
            member = next((one for one in settings.staff if one.card and one.card == digest), None)
            return member or refused("unknown_staff_card")
        member = next((one for one in settings.staff if one.code == who.staff and one.pin), None)
        if member is None:
            return refused("wrong_pin")
        return await self._by_pin(member, who.pin)

    async def _by_pin(self, member: StaffMember, pin: str) -> StaffMember | Refused:
        left = await self._commands.change(lambda db, desk: pins.count_try(db, desk, member), by_anybody=True)
        if isinstance(left, Refused):
            return left
        if await asyncio.to_thread(fits, pin, member.pin):
            await self._commands.change(lambda db, desk: pins.forgive(db, desk, member.code), by_anybody=True)
            return member
        if left <= 0:
            await self._commands.change(
                lambda db, desk: pins.note_locked(db, desk, member.code), rings=True, by_anybody=True
            )
            return refused("pin_locked", member.code)
        return refused("wrong_pin", str(left))
