"""What somebody has to spend, asked at a till: within a limit, and each look on record, found or not.

A till asks once for a customer who pays with what is theirs. More in a row is somebody who tries the numbers of gift
cards, and learns which are worth stealing.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.database import Database, bulk
from cloud.database.transactions import in_transaction
from cloud.members import rules
from cloud.members.care_models import WalletLook
from cloud.members.looks import INTO_WALLETS, Looker, may_look
from cloud.privacy import Vault
from cloud.value.wallets import wallet_of
from shared.clock import BusinessClock, MachineClock
from shared.wire.asks import Refused
from shared.wire.wallet_asks import AskWallet, Wallet

_COLUMNS = ("id", "store_id", "till", "cashier", "by_card", "found", "at_ms")


class WalletDesk:
    """Answers tills that ask what somebody has to spend. Nothing of an answer is kept, only that somebody looked."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def answer(self, store: str, question: UUID, ask: AskWallet) -> Wallet | Refused:
        """Say what there is. Raise Unavailable when the database is away.

        Refusals are those of `wallet_of`, and `wallet_looks`: too many looks at this till.
        """
        return in_transaction(self._database, lambda session: self._look(session, store, question, ask))

    def _look(self, session: Session, store: str, question: UUID, ask: AskWallet) -> Wallet | Refused:
        now_ms, who = self._machine.wall_ms(), Looker(store, ask.till, ask.cashier)
        rule = rules.newest(session, rules.WalletLooks)
        if not may_look(session, INTO_WALLETS, rule, who, question, now_ms=now_ms):
            return Refused(code="wallet_looks")
        found = wallet_of(session, self._vault, store, ask, now_ms=self._business.now_ms())
        look = (question, *who, ask.member is None, isinstance(found, Wallet), now_ms)
        bulk.insert_new_tuples(session, WalletLook, _COLUMNS, [look])
        return found
