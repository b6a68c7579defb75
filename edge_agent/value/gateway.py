"""Stored value and gift cards as ways to pay: gateways like any other, whose other end is HQ."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from edge_agent.disk.agent_row import store_settings
from edge_agent.disk.database import Database
from edge_agent.till import baskets
from edge_agent.till.desk import CardKeys
from edge_agent.till.ports import AttemptState, MemberDirectory, PaymentAttempt, PaymentOutcome
from edge_agent.value.spending import Spendable, ValueDesk, Wanted, Way
from shared.sealing import seal
from shared.wire.events import TenderKind

_ONE_TIME_KEY_BYTES = 32


class _Payer(NamedTuple):
    member: UUID | None
    sealed_card: bytes | None
    currency: str


class StoredValueGateway:
    """Implements `PaymentGateway`. The attempt's id, which is on the disk before it is asked, is the hold's.

    The hold is captured by the sale and by nothing else: an attempt that was refused or forgotten costs nobody
    anything, and a refund is the return's own event. Whose value it is: the card that was shown for this payment
    (`attempt.code`, sealed to HQ before it is kept anywhere), else the basket's member.
    """

    def __init__(
        self,
        database: Database,
        desk: ValueDesk,
        mint: Callable[[], UUID],
        *,
        members: MemberDirectory,
        cards: CardKeys,
    ) -> None:
        self._database = database
        self._desk = desk
        self._mint = mint
        self._members = members
        self._cards = cards

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Have the money set aside for the attempt's basket; the reference says which way it went."""
        payer = await self._database.read(lambda db: self._payer(db, attempt))
        if payer is None:
            return PaymentOutcome(AttemptState.REFUSED, "no_member")
        wanted = Wanted(
            id=attempt.id, basket=attempt.basket, till=attempt.till, unit=payer.currency, amount=attempt.minor,
            cashier=attempt.cashier, member=payer.member, sealed_card=payer.sealed_card,
        )  # fmt: skip
        return _outcome(await self._desk.spend(wanted))

    async def refund(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Nothing is asked: HQ gives back what the return's event says, to the money it was paid with."""
        return PaymentOutcome(AttemptState.PAID, f"{Way.HELD}:{attempt.id.hex[-8:]}")

    async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
        """Give up on an attempt whose answer was lost: whatever HQ set aside for it is let go."""
        if attempt.pays_back:
            return await self.refund(attempt)
        await self._desk.release(attempt.basket, attempt.till, question=self._mint(), hold=attempt.id)
        return PaymentOutcome(AttemptState.REFUSED, "given_up")

    def _payer(self, db: sqlite3.Connection, attempt: PaymentAttempt) -> _Payer | None:
        open_basket, settings = baskets.load(db, attempt.basket), store_settings(db)
        if open_basket is None or settings is None:
            return None
        if attempt.code:
            known = self._members.find(db, attempt.code) if attempt.method is TenderKind.STORED_VALUE else None
            if known is not None:
                return _Payer(known.member, None, settings.currency)
            one_time = self._cards.random_bytes(_ONE_TIME_KEY_BYTES)
            return _Payer(None, seal(attempt.code.encode(), self._cards.hq_public, one_time), settings.currency)
        if open_basket.card is None or attempt.method is TenderKind.GIFT_CARD:
            return None
        shown = open_basket.card.member
        return _Payer(shown.member, shown.sealed_card, settings.currency)


def _outcome(found: Spendable) -> PaymentOutcome:
    if found.granted:
        return PaymentOutcome(AttemptState.PAID, f"{found.way}:{found.hold.hex[-8:]}")
    return PaymentOutcome(AttemptState.REFUSED, found.code)
