"""A console over a chain whose members have stored value: topped up, spent elsewhere, given back, owed, conflicted."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from sqlmodel import Session

from cloud.api.services import Services
from cloud.coupons.models import CouponConflict
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.identity import tokens
from cloud.identity.models import ConsolePerson, ConsoleSession
from cloud.identity.people import Role
from cloud.identity.sessions import SESSION_MS
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import PURSE_PRINCIPAL, VALUE_TAKEN
from cloud.ledger.proving import prove_now
from cloud.ledger.reversing import Undo
from cloud.ledger.seal import seal_pending
from cloud.value import purses
from cloud.value.models import Purse
from cloud.value.owed_report import beside_proof
from cloud.value.topping_up import undo_top_up
from shared.loyalty import PointsBasis
from shared.value import TopUpCampaign
from tests.cloud.apps import console_of
from tests.cloud.members_data import vault
from tests.cloud.test_value_sales import Chain
from tests.cloud.visiting import Visitor
from tests.factories import START_MS, DrivenMachineClock, new_id

CODE = "STWRABCDEFGHJ"
PEOPLE = {
    "sue": Role.SUPPORT,
    "tom": Role.SUPPORT,
    "mia": Role.MARKETER,
    "eve": Role.AUDITOR,
    "ada": Role.ADMIN,
}


class Desk:
    """The console, the people at it, and the chain whose books it shows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.chain = Chain(database)
        business = SimpleNamespace(now_ms=lambda: START_MS)
        clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=business)
        self.app = console_of(cast("Services", SimpleNamespace(database=database, vault=vault(), clocks=clocks)))
        self._known: set[str] = set()

    def visitor(self, name: str = "sue", language: str = "en") -> Visitor:
        """Somebody with a session: signing in has tests of its own, and a password takes its time."""
        token = f"session of {name}"
        if name not in self._known:
            person = ConsolePerson(name=name, role=PEOPLE[name], secret="", created_by="cli:test", created_ms=START_MS)
            held = ConsoleSession(
                token_hash=sha256(token.encode()).digest(), person=name, since_ms=START_MS,
                expires_ms=START_MS + SESSION_MS,
            )  # fmt: skip
            with self.database.session() as session:
                session.add(person)
                session.flush()
                session.add(held)
            self._known.add(name)
        return Visitor.with_session(self.app, token, language)

    def token(self, *scopes: str, name: str = "finance") -> str:
        """Return an API token with these scopes."""
        with self.database.session() as session:
            return tokens.create(
                session, name=name, scopes=list(scopes), days=1, actor="cli:test", now_ms=START_MS
            )  # fmt: skip

    def a_month(self) -> None:
        """Two stores, money topped up in both, spent across, some of it brought back, one debt, one conflict."""
        chain = self.chain
        campaign = TopUpCampaign(from_minor=10_000, gift_minor=1_000, starts=date(2026, 1, 1), ends=date(2026, 1, 31))
        chain.publish(campaigns=[campaign], return_fee_bp=100)
        assert chain.top_up(20_000) == ""
        chain.earn(100)
        basket = new_id()
        chain.hold("CNY", 8_000, basket)
        self.sale = chain.sell(
            8_000, id=basket, value=8_000, store="s002", points_promised=95, points_by=PointsBasis(9)
        ).id  # fmt: skip
        chain.hold("CNY", 500, new_id())
        with self.database.session() as session:
            session.add(CouponConflict(sale_id=self.sale, code=CODE, store_id="s002", reason="used", at_ms=START_MS))
        self.prove()

    def owe(self, minor: int = 3_000) -> UUID:
        """Have an unnamed card owe money: topped up, spent, and the top-up undone by force. Return its purse."""
        card, first = new_id(), new_id()
        with self.database.session() as session:
            purse = purses.open_purse(session, "s001", member=None, card=card, legal_entity=None, now_ms=START_MS).id
        own, self.chain.purse = self.chain.purse, purse
        self.chain.top_up(minor, id=first)
        self.chain.purse = own
        with self.database.session() as session:
            row = session.get_one(Purse, purse)
            commit_no = open_commit(session, START_MS)
            spend(session, commit_no, row, minor)
            undo = Undo(cause=new_id(), purpose="undo", of=(first, "top_up"), at_ms=START_MS, store="s001", force=True)
            undo_top_up(session, commit_no, undo)
        return purse

    def prove(self) -> None:
        """Seal and prove, as the jobs do."""
        with self.database.session() as session:
            while seal_pending(session, START_MS):
                pass
        prove_now(self.database, DrivenMachineClock(START_MS), beside=(beside_proof,))


def spend(session: Session, commit_no: int, purse: Purse, minor: int) -> None:
    """Take money out of a purse for goods."""
    account = purses.account(purse, PURSE_PRINCIPAL)
    parts, _ = lots.take(session, account, minor)
    legs = (Leg(account, -minor), Leg(AccountKey(VALUE_TAKEN, "s001", purse.currency), minor))
    journal = Journal(cause=new_id(), purpose="capture", at_ms=START_MS, store="s001", legs=legs)
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, "s001")
