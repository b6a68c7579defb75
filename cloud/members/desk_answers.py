"""The service desk at a till: join, cards, points claimed by receipt. Each question is answered once, for good."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger.requests import Answered, once
from cloud.members import card_desk, changing, claiming, enrolling, entry, finding, one_person
from cloud.members.home_days import HomeDays
from cloud.members.models import ACTIVE, Member
from cloud.members.profile import NAME, PHONE, checked
from cloud.members.sight import look_at, member_found
from cloud.privacy import CannotOpen, Vault
from shared.clock import BusinessClock, MachineClock
from shared.ids import UuidMint
from shared.wire.messages import AnyAnswer, AskCard, AskClaim, AskEnrol, PointsClaimed
from shared.wire.messages import Refused as RefusedAnswer
from shared.wire.policies import MEMBERSHIP

SOURCE = "till"
DeskAsk = AskEnrol | AskCard | AskClaim


class DeskAnswers:
    """Answers what changes members, each in a transaction of its own: the answer rests on its commit."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def answer(self, store: str, question: UUID, ask: DeskAsk) -> AnyAnswer:
        """Do what a till of this store asks for. Raise Unavailable when the database is away.

        Refusals by code: `consent_missing`, `phone_unreadable`, `phone_known`, `phone_unknown`, `phone_shared`,
        `card_unreadable`, `card_taken`, `referrer_unknown`, `entry_spend` ..., those of `cloud.members.claiming`, and
        `question_changed`.
        """

        def work(session: Session) -> Answered:
            now_ms = self._machine.wall_ms()
            kind = f"desk_{type(ask).__name__.lower()}"
            asked = self._vault.blind_index("desk", msgspec.json.encode([store, ask], order="sorted").decode()).hex()
            return once(
                session, question, kind, {"asked": asked}, lambda: self._do(session, store, ask, now_ms), now_ms=now_ms
            )

        try:
            done = in_transaction(self._database, work)
        except Conflict:
            return RefusedAnswer(code="question_changed")
        except NotFound:
            return RefusedAnswer(code="member_unknown")
        except Invalid:
            return RefusedAnswer(code="not_understood")
        if done.code:
            return RefusedAnswer(code=done.code)
        return self._spoken(done.answer)

    def _do(self, session: Session, store: str, ask: DeskAsk, now_ms: int) -> Mapping[str, Any]:
        commit_no = open_commit(session, now_ms)
        match ask:
            case AskEnrol():
                member = self._enrol(session, store, ask, commit_no, now_ms)
            case AskCard():
                member = self._card(session, store, ask, commit_no, now_ms)
            case AskClaim():
                return self._claim(session, store, ask, commit_no)
        return {"member": str(member)}

    def _enrol(self, session: Session, store: str, ask: AskEnrol, commit_no: int, now_ms: int) -> UUID:
        if not ask.consents.get(MEMBERSHIP):
            raise Refused("consent_missing", "nobody joins who has not agreed to the text of the membership")
        phone = self._phone(ask.sealed_phone)
        enrolling.alone_with(session, self._vault, phone)
        if self._with_phone(session, phone):
            raise Refused("phone_known", "somebody with this phone is a member already: find them instead")
        fields = {PHONE: phone}
        if ask.sealed_name is not None:
            fields[NAME] = self._open(ask.sealed_name, "name_unreadable")
        numbers = () if ask.sealed_card is None else (self._open(ask.sealed_card, "card_unreadable"),)
        business_ms = self._business.now_ms()
        receipt = entry.check(session, self._vault, card_numbers=numbers, receipt=ask.receipt, business_ms=business_ms)
        sign_up = enrolling.SignUp(
            source=SOURCE,
            fields=fields,
            cards=numbers,
            home_store=store,
            store=store,
            cashier=ask.cashier,
            language=ask.language[:8],
            consents=ask.consents,
            referred_by=self._referrer(session, ask),
        )
        member = enrolling.enrol(
            session, self._vault, self._mint(), sign_up, today=self._today(), commit_no=commit_no, now_ms=now_ms
        )
        if receipt is not None:
            claiming.join_by(
                session, member, receipt, store=store, cashier=ask.cashier, commit_no=commit_no,
                business_ms=business_ms,
            )  # fmt: skip
        return member

    def _referrer(self, session: Session, ask: AskEnrol) -> UUID | None:
        """Return who brought them. Raise Refused (`referrer_unknown`) where that leads to no one member."""
        if ask.sealed_referrer is None:
            return None
        text = self._open(ask.sealed_referrer, "referrer_unknown")
        try:
            return finding.at_till(session, self._vault, text, self._today())[0]
        except (Invalid, NotFound, Refused):
            pass
        try:
            found = self._with_phone(session, checked(PHONE, text))
        except Invalid:
            found = []
        if len(found) != 1:
            raise Refused("referrer_unknown", "this card or number leads to no one member: enrol without, or ask again")
        return found[0]

    def _card(self, session: Session, store: str, ask: AskCard, commit_no: int, now_ms: int) -> UUID:
        member, actor = self._whose(session, ask), f"till:{store}/{ask.till}/{ask.cashier}"
        if ask.act != "issue":
            self._out_of_use(session, member, ask, actor=actor, commit_no=commit_no, now_ms=now_ms)
        if ask.act in ("issue", "replace"):
            if ask.sealed_card is None:
                raise Refused("card_unreadable", "the new card is missing")
            card_desk.issue(
                session,
                self._vault,
                self._mint(),
                member,
                self._open(ask.sealed_card, "card_unreadable"),
                today=self._today(),
                actor=actor,
                commit_no=commit_no,
                now_ms=now_ms,
            )
        return member

    def _out_of_use(
        self, session: Session, member: UUID, ask: AskCard, *, actor: str, commit_no: int, now_ms: int
    ) -> None:
        """Take the member's card out of use for good or for now, or into use again; `replace` may find none."""
        try:
            card = card_desk.current(session, member)
        except NotFound:
            if ask.act == "replace":
                return
            raise Refused("card_unknown", "this member has no card in use") from None
        what = "lost" if ask.act == "replace" else ask.act
        reason = f"asked for at the till{f', approved by {ask.approved_by}' if ask.approved_by else ''}"
        card_desk.act(session, card.id, what, reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)

    def _claim(self, session: Session, store: str, ask: AskClaim, commit_no: int) -> Mapping[str, Any]:
        if ask.member is not None:
            member = one_person.now_of(session, ask.member)
        elif ask.sealed_card is not None:
            number = self._open(ask.sealed_card, "card_unreadable")
            try:
                member, _ = finding.at_till(session, self._vault, number, self._today())
            except NotFound:
                raise Refused("card_unknown", "no member carries this card") from None
        else:
            raise Refused("card_unreadable", "neither member nor card: show the card")
        done = claiming.claim(
            session, member, ask.sale, store=store, cashier=ask.cashier, commit_no=commit_no,
            business_ms=self._business.now_ms(),
        )  # fmt: skip
        return {"member": str(member), "earned": done.earned}

    def _whose(self, session: Session, ask: AskCard) -> UUID:
        if ask.member is not None:
            return changing.active(session, one_person.now_of(session, ask.member)).id
        if ask.sealed_phone is None:
            raise Refused("phone_unreadable", "neither member nor phone: type the phone number")
        found = self._with_phone(session, self._phone(ask.sealed_phone))
        if len(found) != 1:
            code = "phone_shared" if found else "phone_unknown"
            raise Refused(code, "this phone leads to no one member: ask head office")
        return found[0]

    def _with_phone(self, session: Session, phone: str) -> list[UUID]:
        found = enrolling.find_by_phone(session, self._vault, phone)
        return [one for one in found if session.get_one(Member, one).status == ACTIVE]

    def _phone(self, sealed: bytes) -> str:
        try:
            return checked(PHONE, self._open(sealed, "phone_unreadable"))
        except Invalid as error:
            raise Refused("phone_unreadable", str(error)) from None

    def _open(self, sealed: bytes, code: str) -> str:
        try:
            return self._vault.unseal(sealed)
        except CannotOpen as error:
            raise Refused(code, str(error)) from None

    def _spoken(self, answer: Mapping[str, Any]) -> AnyAnswer:
        """Say what was done, with how the member stands now: what is kept of an answer names the bare id."""
        member = UUID(answer["member"])
        with self._database.snapshot() as session:
            sight = look_at(session, [member], self._today())[member]
        if "earned" in answer:
            return PointsClaimed(
                member=member, masked_name=sight.masked_name, earned=answer["earned"], points=sight.points
            )
        return member_found(member, sight)

    def _today(self) -> HomeDays:
        return HomeDays(self._business.now_ms())

    def _mint(self) -> UuidMint:
        return UuidMint(self._machine.wall_ms, os.urandom)
