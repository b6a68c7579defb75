"""A chain whose service desk asks about stored value and sends what it did, as an agent would."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from sqlmodel import select

from cloud.clock import DrivenBusinessClock
from cloud.database import Database
from cloud.fleet.models import Deployment
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.questions import Answers
from cloud.ledger import AccountKey
from cloud.ledger.kinds import PURSE_DEBT, PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.proof import prove
from cloud.ledger.reading import balance_of_account
from cloud.members import cards
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.prices.books import StoreBooks
from cloud.privacy import Vault
from cloud.value import rules
from shared.sealing import seal
from shared.value import ValueRule
from shared.wire.desk_asks import AskTopUp, AskTopUpUndone, TopUpOffered
from shared.wire.events import MemberOnSale, Receipt, Tender, TenderKind
from shared.wire.messages import AnyAnswer, AnyAsk, AskHold, Held, Question, Refused
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold
from tests.cloud.ingesting import Outbox
from tests.cloud.members_data import AGENTS, CARD, join, mint, open_chain, vault
from tests.factories import START_MS, DrivenMachineClock, make_event, new_id

STORE = "s001"
WHO: dict[str, Any] = {"till": "desk", "cashier": "c7"}


def sealed(text: str) -> bytes:
    """Return a text as a till seals it."""
    return seal(text.encode(), vault().sealing_public, os.urandom(32))


def _is_open(database: Database) -> bool:
    with database.snapshot() as session:
        return session.get(Store, STORE) is not None


class DeskChain:
    """Ann has a card and no stored value yet; the desk asks and sells, HQ answers and takes in."""

    def __init__(self, database: Database, keys: Vault | None = None, **rule: Any) -> None:
        self.database = database
        opened = _is_open(database)
        if not opened:
            open_chain(database)
        self.machine = DrivenMachineClock(START_MS)
        self.answers = Answers(database, DrivenBusinessClock(START_MS), keys or vault(), self.machine)
        self.ann = self._member() if opened else join(database, [CARD])
        self.outbox = Outbox(agent=AGENTS[STORE])
        self.downstream = LoyaltyDownstream(vault(), mint, StoreBooks())
        self.number = 0
        if not opened:
            with database.session() as session:
                rules.publish(session, ValueRule(version=1, **rule), actor="test", now_ms=START_MS)

    def put_back(self, at_ms: int) -> None:
        """Tell HQ that it was put back to an earlier point."""
        with self.database.session() as session:
            session.exec(select(Deployment)).one().since_ms = at_ms

    def _member(self) -> UUID:
        """Return who joined in an earlier process."""
        with self.database.snapshot() as session:
            return session.exec(select(Member.id)).one()

    def ask(self, body: AnyAsk, question: UUID | None = None, store: str = STORE) -> AnyAnswer:
        """Ask as the store's agent does."""
        message = Question(
            id=new_id(), agent=AGENTS[store], connection=new_id(), at_ms=START_MS, sent_ms=START_MS,
            question=question or new_id(), deadline_ms=800, body=body,
        )  # fmt: skip
        found = self.answers(AGENTS[store], message)
        assert found is not None
        return found

    def refused(self, body: AnyAsk, store: str = STORE) -> str:
        """Ask, and return the code of the refusal."""
        found = self.ask(body, store=store)
        assert isinstance(found, Refused), found
        return found.code

    def offered(self, minor: int, **ask: Any) -> TopUpOffered:
        """Have a top-up of Ann's purse offered."""
        whose = {} if "sealed_card" in ask else {"member": self.ann}
        found = self.ask(AskTopUp(**WHO, minor=minor, **{**whose, **ask}))
        assert isinstance(found, TopUpOffered), found
        return found

    @staticmethod
    def offered_as(minor: int) -> TopUpOffered:
        """Return an answer of HQ's that there never was."""
        return TopUpOffered(offer=new_id(), minor=minor, balance_minor=minor, valid_until_ms=START_MS)

    def sold(self, offer: TopUpOffered, *, card: str = "", **fields: Any) -> ValueSold:
        """Return the event of an offer's money taken in cash."""
        self.number += 1
        holder = MemberOnSale(sealed_card=sealed(card)) if card else MemberOnSale(member=self.ann)
        given: dict[str, Any] = {
            "offer": offer.offer, "holder": holder, "total_minor": offer.minor, "gift_minor": offer.gift_minor,
            "balance_minor": offer.balance_minor, "gift_card": bool(card),
            "tenders": [Tender(method=TenderKind.CASH, minor=offer.minor)],
        }  # fmt: skip
        return self._event(ValueSold, **{**given, **fields})

    def undone(self, sold: ValueSold, undo: UUID, **fields: Any) -> ValuePaidBack:
        """Return the event of a top-up's money handed back."""
        self.number += 1
        given: dict[str, Any] = {
            "id": undo, "why": ValueBackReason.UNDO, "of": sold.id, "total_minor": sold.total_minor,
            "tenders": sold.tenders, "approved_by": "boss",
        }  # fmt: skip
        return self._event(ValuePaidBack, **{**given, **fields})

    def _event(self, kind: Any, **fields: Any) -> Any:
        receipt = Receipt(series="t1-1", number=self.number, previous=bytes(9))
        return make_event(kind, store=STORE, receipt=receipt, currency="CNY", **{**WHO, **fields})

    def ask_undo(self, sold: ValueSold, undo: UUID) -> AnyAnswer:
        """Ask for a top-up to be taken back."""
        return self.ask(AskTopUpUndone(**WHO, sold=sold.id, approved_by="boss"), undo)

    def purse(self, owner: UUID | None = None) -> tuple[int, int, int]:
        """Return principal, gift money and debt of a purse, Ann's unless said otherwise."""
        with self.database.snapshot() as session:
            principal, gift, debt = (
                balance_of_account(session, AccountKey(kind, str(owner or self.ann), "CNY").id)
                for kind in (PURSE_PRINCIPAL, PURSE_GIFT, PURSE_DEBT)
            )
        return principal, gift, debt

    def card(self, number: str) -> UUID:
        """Return a card's id."""
        with self.database.snapshot() as session:
            found = cards.find(session, vault(), number)
        assert found is not None
        return found.card

    def prove(self) -> None:
        """Fail unless the ledger adds up."""
        with self.database.snapshot() as session:
            found = prove(session)
        assert found.holds, found

    def spend(self, minor: int) -> None:
        """Have Ann's value set aside for a basket."""
        hold = AskHold(basket=new_id(), unit="CNY", amount=minor, till="t1", member=self.ann)
        assert isinstance(self.ask(hold), Held)
