"""Who stands at the desk: by card, by the code on their telephone, or by the number of it."""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from uuid import UUID

from edge_agent.disk.agent_row import device_time
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.results import Refused
from edge_agent.till.returning import finding
from edge_agent.till.scanning.telling import tell
from edge_agent.till.service.asking import Asking, at_desk, sealed
from edge_agent.till.service.results import Customer, Customers
from shared.codes import MemberCard, ScanContext
from shared.wire.messages import Ask, AskPhone, MemberFound, MembersFound

WHOLE_PHONE = 6
"""A number of fewer digits is the end of one."""
_PHONE = re.compile(r"\+?\d{4,20}")
_SALE = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_MOST_SERVED = 20
_NO_CODE_OF_OURS = ("no_known_format", "unreadable")
"""What is said of these speaks of goods."""


class Whom:
    """Finds customers and remembers those of the last minutes, so that HQ is not asked for them at every press."""

    def __init__(self, commands: Commands, asking: Asking) -> None:
        self._commands = commands
        self._asking = asking
        self._served: OrderedDict[str, Customer] = OrderedDict()
        self._looked: tuple[str, Customers] | None = None

    def begin(self) -> None:
        """Somebody else stands there: the next look is asked anew."""
        self._looked = None

    @property
    def now(self) -> tuple[Customer, ...]:
        """Whoever was served in the last minutes, the last one at the end."""
        return tuple(self._served.values())

    def served(self, key: str) -> Customer:
        """Return somebody who is being served. Raise LookupError when that is too long ago."""
        return self._served[key]

    async def find(self, text: str) -> Customers | Refused:
        """Say who is meant by a card, a member's code, or a telephone number (or its last four digits)."""
        if self._looked is not None and self._looked[0] == text:
            return self._looked[1]
        known = await self._commands.look(lambda db, desk: _by_card(db, desk, text))
        if isinstance(known, Refused):
            return known
        if isinstance(known, MemberFound):
            found: Customers | Refused = Customers((self.serve(known),))
        else:
            found = await (self._ask_card(known) if known else self._ask_phone(text))
        if isinstance(found, Customers):
            self._looked = text, found
        return found

    async def card(self, text: str) -> str | Refused:
        """Return the number of a card of ours that was scanned or typed, whoever's it is; nobody is asked."""
        return await self._commands.look(lambda db, desk: card_number(db, desk, text))

    def serve(self, found: MemberFound, masked_phone: str = "", masked_card: str = "") -> Customer:
        """Remember somebody as being served now."""
        customer = Customer(
            key=str(found.member), member=found.member, masked_name=found.masked_name, tier=found.tier,
            points=found.points, masked_phone=masked_phone, masked_card=masked_card,
        )  # fmt: skip
        self._served[customer.key] = customer
        self._served.move_to_end(customer.key)
        while len(self._served) > _MOST_SERVED:
            self._served.popitem(last=False)
        return customer

    async def _ask_card(self, number: str) -> Customers | Refused:
        answer = await self._asking.ask(
            ("card", number), MemberFound, lambda desk: Ask(sealed_card=sealed(desk, number) or b"")
        )
        return answer if isinstance(answer, Refused) else Customers((self.serve(answer),))

    async def _ask_phone(self, text: str) -> Customers | Refused:
        number = plain_phone(text)
        if number is None:
            return refused("who_unknown", text[:32])
        answer = await self._asking.ask(
            ("phone", number), MembersFound,
            lambda desk: AskPhone(sealed_phone=sealed(desk, number) or b"", till=desk.till, cashier=desk.cashier),
        )  # fmt: skip
        if isinstance(answer, Refused):
            return answer
        served = [self.serve(one.found, one.masked_phone, one.masked_card) for one in answer.members]
        return Customers(tuple(served), answer.more)


def plain_phone(text: str) -> str | None:
    """Return a telephone number without what people write between its digits; None for what is none."""
    number = re.sub(r"[\s()./-]", "", text)
    return number if _PHONE.fullmatch(number) else None


def card_number(db: sqlite3.Connection, desk: Desk, text: str) -> str:
    """Return the number of a member card that was scanned or typed, or refuse."""
    offset_ms = device_time(db, desk.clocks.machine).hq_offset_ms
    told = tell(desk, text, ScanContext.MEMBER_CARD, hq_offset_ms=offset_ms)
    if isinstance(told, MemberCard):
        return told.number
    misread = isinstance(told, Refused) and told.code not in _NO_CODE_OF_OURS
    raise Refusal(told.code if isinstance(told, Refused) and misread else "not_a_card", text[:32])


def who_in(db: sqlite3.Connection, desk: Desk, text: str) -> str:
    """Return the card number or the whole telephone number that somebody named, or refuse."""
    number = plain_phone(text)
    try:
        return card_number(db, desk, text)
    except Refusal:
        if number is None or len(number) < WHOLE_PHONE:
            raise Refusal("who_unknown", text[:32]) from None
        return number


def sale_in(db: sqlite3.Connection, desk: Desk, text: str) -> UUID:
    """Return the sale that a receipt's code names, of any store; or by its number, of this one. Or refuse."""
    found = _SALE.search(text)
    return UUID(found.group()) if found else finding.row_for(db, desk, text).event


def _by_card(db: sqlite3.Connection, desk: Desk, text: str) -> MemberFound | str:
    """Return the member of a card if this store knows them; else its number, '' for what is no card."""
    at_desk(desk)
    try:
        number = card_number(db, desk, text)
    except Refusal as refusal:
        if plain_phone(text) is None and refusal.code != "not_a_card":
            raise
        return ""
    known = desk.members.find(db, number)
    if known is None:
        return number
    return MemberFound(
        member=known.member, masked_name=known.masked_name, tier=known.tier, points=known.points,
        blocks=list(known.blocks), next_tier=known.next_tier,
    )  # fmt: skip
