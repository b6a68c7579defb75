"""Who is behind a telephone number, asked at a till: few, masked, in a limit, and each look on record.

The whole number finds whoever it belongs to. Its last four digits find those alone whom this store knows: they fit one
in ten thousand members, and a cashier has no business with strangers of the rest of the chain.
"""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cloud.database import Database, bulk
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid
from cloud.members import enrolling, lookup_keys, rules
from cloud.members.care_models import PhoneLook
from cloud.members.home_days import HomeDays
from cloud.members.looks import BY_PHONE, Looker, may_look
from cloud.members.models import ACTIVE, Card, Member, MemberField, MemberKey, StoreMember
from cloud.members.profile import PHONE
from cloud.members.sight import Sight, birthday_month, look_at, member_found
from cloud.privacy import CannotOpen, Vault, normal
from shared.clock import BusinessClock, MachineClock
from shared.wire.messages import AskPhone, MemberChoice, MembersFound
from shared.wire.messages import Refused as RefusedAnswer

MOST_SHOWN = 5


class PhoneDesk:
    """Answers tills that ask for a member by phone. Nothing of an answer is kept, only that somebody looked."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def answer(self, store: str, question: UUID, ask: AskPhone) -> MembersFound | RefusedAnswer:
        """Say who may be meant, those whom the store knows first. Raise Unavailable when the database is away.

        Refusals by code: `phone_unreadable`, `phone_unknown` and `phone_looks` (too many looks at this till).
        """
        try:
            number = self._vault.unseal(ask.sealed_phone).strip()
        except CannotOpen:
            return RefusedAnswer(code="phone_unreadable")
        try:
            found = in_transaction(self._database, lambda session: self._look(session, store, question, ask, number))
        except Invalid:
            return RefusedAnswer(code="phone_unreadable")
        if found is None:
            return RefusedAnswer(code="phone_looks")
        return found if found.members else RefusedAnswer(code="phone_unknown")

    def _look(self, session: Session, store: str, question: UUID, ask: AskPhone, number: str) -> MembersFound | None:
        now_ms = self._machine.wall_ms()
        rule, who = rules.newest(session, rules.PhoneLooks), Looker(store, ask.till, ask.cashier)
        if not may_look(session, BY_PHONE, rule, who, question, now_ms=now_ms):
            return None
        whole = not _is_tail(number)
        find = _by_number if whole else _by_tail
        members = find(session, self._vault, store, number)
        _record(session, store, question, ask, whole=whole, found=len(members), now_ms=now_ms)
        today = HomeDays(self._business.now_ms())
        shown = members[:MOST_SHOWN]
        sights = look_at(session, shown, today)
        choices = [self._choice(session, member, sights[member]) for member in shown]
        return MembersFound(members=choices, more=len(members) > MOST_SHOWN)

    def _choice(self, session: Session, member: UUID, sight: Sight) -> MemberChoice:
        field = session.get(MemberField, (member, PHONE))
        number = "" if field is None else self._vault.decrypt(field.content, enrolling.field_context(member, PHONE))
        card = session.exec(
            select(Card.masked).where(col(Card.member_id) == member, col(Card.status) == ACTIVE)
        ).first()
        return MemberChoice(
            found=member_found(member, sight),
            masked_phone=normal.masked_phone(number),
            masked_card=card or "",
            birthday_month=birthday_month(self._vault, member, sight.birthday),
        )


def _is_tail(number: str) -> bool:
    return number.isdecimal() and len(number) == lookup_keys.TAIL_DIGITS


def _by_number(session: Session, vault: Vault, store: str, number: str) -> list[UUID]:
    """Return the members with a whole number, those whom the store knows first. Raise Invalid for what is none."""
    found = enrolling.find_by_phone(session, vault, number)
    known = set(session.exec(_known_here(store).where(col(StoreMember.member_id).in_(found))))
    active = set(session.exec(select(Member.id).where(col(Member.id).in_(found), col(Member.status) == ACTIVE)))
    return sorted(active, key=lambda member: (member not in known, member))


def _by_tail(session: Session, vault: Vault, store: str, digits: str) -> list[UUID]:
    """Return members whom the store knows and whose number ends so, who was here last first."""
    query = (
        _known_here(store)
        .join(MemberKey, col(MemberKey.member_id) == col(StoreMember.member_id))
        .join(Member, col(Member.id) == col(StoreMember.member_id))
        .where(
            col(MemberKey.kind) == lookup_keys.PHONE_TAIL,
            col(MemberKey.blind_index) == vault.blind_index(lookup_keys.PHONE_TAIL, digits),
            col(Member.status) == ACTIVE,
        )
        .order_by(col(StoreMember.seen_ms).desc(), col(StoreMember.member_id))
    )
    return list(session.exec(query.limit(MOST_SHOWN + 1)))


def _known_here(store: str) -> SelectOfScalar[UUID]:
    return select(StoreMember.member_id).where(col(StoreMember.store_id) == store, ~col(StoreMember.gone))


def _record(
    session: Session, store: str, question: UUID, ask: AskPhone, *, whole: bool, found: int, now_ms: int
) -> None:
    columns = ("id", "store_id", "till", "cashier", "whole", "found", "at_ms")
    bulk.insert_new_tuples(
        session, PhoneLook, columns, [(question, store, ask.till, ask.cashier, whole, found, now_ms)]
    )
