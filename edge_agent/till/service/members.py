"""Members at the service desk: joining, cards, the points of a receipt, gifts. HQ does it, and the desk asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from edge_agent.till.asks import Approve, Approver
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk
from edge_agent.till.results import Refused
from edge_agent.till.service.asking import Asking, at_desk, sealed
from edge_agent.till.service.results import CardChanged, Customer, Customers, Welcomed
from edge_agent.till.service.whom import WHOLE_PHONE, Whom, card_number, plain_phone, sale_in, who_in
from edge_agent.till.staff.approving import approved
from edge_agent.till.staff.people import People
from edge_agent.value import allowances
from shared.value import POINTS
from shared.wire.desk_asks import AskGiftGiven, AskGifts, GiftGiven, GiftsFound
from shared.wire.messages import AskCard, AskClaim, AskEnrol, MemberFound, PointsClaimed
from shared.wire.policies import Approval
from shared.wire.wallet_asks import AskWallet, Wallet

CardAct = Literal["issue", "lost", "replace", "freeze", "thaw"]
_SHOWN_NOW: Mapping[CardAct, str] = {"issue": "•••• {card}", "replace": "•••• {card}", "lost": ""}
"""What is shown of a member's card after these, as HQ masks it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows itself of somebody who joins: the card's number, their receipt's sale, who brought them."""

    card: str
    sale: UUID | None
    referrer: str


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Who approved an act about a card ('' where nobody has to), and the number of the new card."""

    approved_by: str
    card: str


class MemberDesk:
    """The desk's use cases about members. None of them works without a network, and each says so."""

    def __init__(self, commands: Commands, people: People, asking: Asking) -> None:
        self._commands = commands
        self._people = people
        self._asking = asking
        self.whom = Whom(commands, asking)

    async def look_up(self, text: str) -> Customers | Refused:
        """Say who is meant by a card, a member's code, or a telephone number (or its last four digits)."""
        return await self.whom.find(text)

    async def enrol(
        self,
        phone: str,
        consents: Mapping[str, str],
        *,
        name: str = "",
        card: str = "",
        receipt: str = "",
        referrer: str = "",
    ) -> Welcomed | Refused:
        """Make somebody a member. `consents` maps a channel to the version of the text they were shown.

        `referrer` is the card or the telephone number of the member who brought them.
        """
        number = plain_phone(phone)
        if number is None or len(number) < WHOLE_PHONE:
            return refused("phone_form", phone[:32])

        def checked(db: sqlite3.Connection, desk: Desk) -> _Known:
            at_desk(desk)
            return _Known(
                card=card_number(db, desk, card) if card else "",
                sale=sale_in(db, desk, receipt) if receipt else None,
                referrer=who_in(db, desk, referrer) if referrer else "",
            )

        known = await self._commands.look(checked)
        if isinstance(known, Refused):
            return known

        def make(desk: Desk) -> AskEnrol:
            return AskEnrol(
                till=desk.till, cashier=desk.cashier, sealed_phone=sealed(desk, number) or b"",
                consents=dict(consents), sealed_name=sealed(desk, name.strip()), sealed_card=sealed(desk, known.card),
                receipt=known.sale, language=desk.settings().locale, sealed_referrer=sealed(desk, known.referrer),
            )  # fmt: skip

        wish = ("enrol", number, sorted(consents.items()), name, known.card, known.sale, known.referrer)
        answer = await self._asking.ask(wish, MemberFound, make)
        return answer if isinstance(answer, Refused) else Welcomed(self.whom.serve(answer))

    async def change_card(
        self, act: CardAct, customer: Customer, *, card: str = "", approve: Approve | None = None
    ) -> CardChanged | Refused:
        """Give a member a card, replace it, report it lost, freeze or thaw it; with approval where the store says."""
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver

        def checked(db: sqlite3.Connection, desk: Desk) -> _Allowed:
            at_desk(desk)
            by = _approved_by(desk, act, approver)
            return _Allowed(approved_by=by, card=card_number(db, desk, card) if card else "")

        known = await self._commands.look(checked)
        if isinstance(known, Refused):
            return known

        def make(desk: Desk) -> AskCard:
            return AskCard(
                act=act, till=desk.till, cashier=desk.cashier, member=customer.member, approved_by=known.approved_by,
                sealed_card=sealed(desk, known.card),
            )  # fmt: skip

        answer = await self._asking.ask(
            ("card", act, customer.member, known.card, known.approved_by), MemberFound, make
        )
        if isinstance(answer, Refused):
            return answer
        if act in _SHOWN_NOW:
            self.whom.serve(answer, customer.masked_phone, _SHOWN_NOW[act].format(card=known.card[-4:]))
        return CardChanged(act, answer)

    async def claim(self, receipt: str, customer: Customer) -> PointsClaimed | Refused:
        """Credit a receipt on which no card was shown: by its code, or the number of one of this store."""
        sale = await self._commands.look(lambda db, desk: sale_in(db, at_desk(desk), receipt))
        if isinstance(sale, Refused):
            return refused("desk_receipt", sale.detail) if sale.code == "no_such_receipt" else sale
        return await self._asking.ask(
            ("claim", sale, customer.member), PointsClaimed,
            lambda desk: AskClaim(sale=sale, till=desk.till, cashier=desk.cashier, member=customer.member),
        )  # fmt: skip

    async def balance(self, customer: Customer | None = None, *, card: str = "") -> Wallet | Refused:
        """Say what stored value and points a member has, or a gift card, which is nobody's.

        What this store was given ahead is theirs too: at head office it is out of the balance.
        """
        number = await self._commands.look(lambda db, desk: card_number(db, at_desk(desk), card) if card else "")
        if isinstance(number, Refused):
            return number
        member = customer.member if customer else None

        def make(desk: Desk) -> AskWallet:
            return AskWallet(till=desk.till, cashier=desk.cashier, member=member, sealed_card=sealed(desk, number))

        told = await self._asking.ask(("balance", member, number), Wallet, make)
        if isinstance(told, Refused) or member is None:
            return told
        return await self._commands.look(lambda db, desk: _with_ahead(db, desk, member, told))

    async def gifts(self, customer: Customer | None = None, *, code: str = "") -> GiftsFound | Refused:
        """Say what waits for somebody here and what they could have for points: by who they are, or a pick-up code."""
        member = customer.member if customer else None
        return await self._asking.ask(
            ("gifts", member, code), GiftsFound,
            lambda desk: AskGifts(till=desk.till, cashier=desk.cashier, member=member, code=code),
        )  # fmt: skip

    async def give_gift(self, member: UUID, *, code: str = "", gift: str = "") -> GiftGiven | Refused:
        """Hand a gift over: what waits behind a pick-up code, or one of the list against points now."""
        return await self._asking.ask(
            ("gift", member, code, gift), GiftGiven,
            lambda desk: AskGiftGiven(till=desk.till, cashier=desk.cashier, member=member, code=code, gift=gift),
        )  # fmt: skip


def _approved_by(desk: Desk, act: CardAct, approver: Approver | None) -> str:
    """Return who approved it. A first card needs nobody: its number leads to a member only from now on."""
    return "" if act == "issue" else approved(desk, Approval.CARD_CHANGE, approver)


def _with_ahead(db: sqlite3.Connection, desk: Desk, member: UUID, told: Wallet) -> Wallet:
    machine, money = desk.clocks.machine, desk.settings().currency
    value = told.value_minor + allowances.spendable(db, machine, member, money)
    return replace(told, value_minor=value, points=told.points + allowances.spendable(db, machine, member, POINTS))
