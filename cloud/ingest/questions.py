"""Questions that a till has now.

Who a card's member is only reads the books; a look for somebody by phone or into a wallet is put on record. What sets
value aside is known by its question's id: asking again gets the same answer (`cloud.value.answering`).
"""

from __future__ import annotations

import os
from uuid import UUID

from sqlmodel import Session

from cloud import errors
from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid, NotFound
from cloud.ingest.watermarks import stores_of
from cloud.loyalty import return_answers
from cloud.members import finding
from cloud.members.desk_answers import DeskAnswers
from cloud.members.home_days import HomeDays
from cloud.members.phone_desk import PhoneDesk
from cloud.members.sight import member_found
from cloud.privacy import CannotOpen, Vault
from cloud.promotions.budget_answers import BudgetAnswers
from cloud.rewards.desk_answers import GiftDeskAnswers
from cloud.value.answering import ValueAnswers
from cloud.value.desk_answers import ValueDeskAnswers
from cloud.value.wallet_desk import WalletDesk
from shared.clock import BusinessClock, MachineClock
from shared.ids import UuidMint
from shared.wire.budgets import AskBudgets
from shared.wire.desk_asks import AskCardReturn, AskGiftGiven, AskGifts, AskPayOut, AskTopUp, AskTopUpUndone
from shared.wire.messages import (
    AnyAnswer,
    Ask,
    AskCard,
    AskClaim,
    AskCoupon,
    AskEnrol,
    AskHold,
    AskPhone,
    AskRelease,
    MemberFound,
    Question,
    Refused,
)
from shared.wire.return_asks import AskReturn
from shared.wire.wallet_asks import AskWallet


class Answers:
    """Answers questions from the books."""

    def __init__(
        self, database: Database, business: BusinessClock, vault: Vault, machine: MachineClock | None = None
    ) -> None:
        self._database = database
        self._business = business
        self._vault = vault
        self._desk = DeskAnswers(database, business, machine or SystemMachineClock(), vault)
        self._phones = PhoneDesk(database, business, machine or SystemMachineClock(), vault)
        self._wallets = WalletDesk(database, business, machine or SystemMachineClock(), vault)
        self._value_desk = ValueDeskAnswers(database, business, machine or SystemMachineClock(), vault)
        self._gifts = GiftDeskAnswers(database, business, machine or SystemMachineClock(), vault)
        mint = UuidMint((machine or SystemMachineClock()).wall_ms, os.urandom)
        self._budgets = BudgetAnswers(database, business, machine, mint)
        self._value = ValueAnswers(database, business, machine or SystemMachineClock(), vault)

    def __call__(self, agent: str, question: Question) -> AnyAnswer | None:
        """Say whose card it is, or why nobody's: `card_unreadable`, `card_unknown`, `card_lost`, `member_closed` ...

        None, and so no answer at all, for an agent that may not speak.
        """
        with self._database.snapshot() as session:
            store = stores_of(session, {agent}).get(agent)
            if store is None:
                return None
            if isinstance(question.body, Ask):
                return self._whose(session, question.body.sealed_card)
        if isinstance(question.body, AskBudgets | AskReturn):
            return self._weighed(agent, store, question.body)
        if isinstance(question.body, AskPhone | AskWallet):
            return self._looked(store, question.question, question.body)
        return self._moving(agent, store, question)

    def _weighed(self, agent: str, store: str, ask: AskBudgets | AskReturn) -> AnyAnswer | None:
        """Say what is left of budgets, or whether goods may come back; nothing at all while the database is away."""
        try:
            if isinstance(ask, AskBudgets):
                return self._budgets.answer(agent, store, ask)
            return in_transaction(self._database, lambda session: return_answers.answer(session, ask))
        except errors.Unavailable:
            return None

    def _looked(self, store: str, question: UUID, ask: AskPhone | AskWallet) -> AnyAnswer | None:
        """Answer a look that is put on record; nothing at all while the database is away."""
        try:
            if isinstance(ask, AskPhone):
                return self._phones.answer(store, question, ask)
            return self._wallets.answer(store, question, ask)
        except errors.Unavailable:
            return None

    def _moving(self, agent: str, store: str, question: Question) -> AnyAnswer | None:
        """Answer what moves value; nothing at all while the database is away, so that the till asks again."""
        try:
            match question.body:
                case AskHold():
                    answer: AnyAnswer = self._value.hold(agent, store, question, question.body)
                case AskEnrol() | AskCard() | AskClaim():
                    answer = self._desk.answer(store, question.question, question.body)
                case AskTopUp() | AskTopUpUndone() | AskCardReturn() | AskPayOut():
                    answer = self._value_desk.answer(store, question.question, question.body)
                case AskGifts():
                    answer = self._gifts.find(store, question.body)
                case AskGiftGiven():
                    answer = self._gifts.give(store, question.question, question.body)
                case AskCoupon():
                    answer = self._value.coupon(agent, store, question, question.body)
                case AskRelease():
                    answer = self._value.release(store, question.body)
                case _:
                    answer = Refused(code="not_understood")
        except errors.Unavailable:
            return None
        return answer

    def _whose(self, session: Session, sealed_card: bytes) -> MemberFound | Refused:
        today = HomeDays(self._business.now_ms())
        try:
            member, sight = finding.at_till(session, self._vault, self._vault.unseal(sealed_card), today)
        except (CannotOpen, Invalid):
            return Refused(code="card_unreadable")
        except NotFound:
            return Refused(code="card_unknown")
        except errors.Refused as error:
            return Refused(code=error.code)
        return member_found(member, sight)
