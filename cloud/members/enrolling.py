"""Make members, and keep what they told us: every personal field encrypted, with its source and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import is_postgresql, table_of, upsert_into
from cloud.errors import NotFound
from cloud.members import card_terms, dirt, lookup_keys
from cloud.members.attaching import attach_card
from cloud.members.home_days import Days
from cloud.members.models import ACTIVE, Consent, Member, MemberField
from cloud.members.profile import EMAIL, NAME, PHONE, PROFILE, checked
from cloud.org.models import Store
from cloud.privacy import Vault, normal
from shared.ids import UuidMint

FIELDS = tuple(PROFILE)
"""Every field a member may have, by name; `cloud.members.profile` says what each is."""

_FOUND_BY = (PHONE, EMAIL)
_KEY = ("member_id", "name")


class FieldRow(NamedTuple):
    """A personal field as its table holds it, its content encrypted."""

    member_id: UUID
    name: str
    content: bytes
    blind_index: bytes | None
    source: str
    set_ms: int
    retention: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What is known when somebody becomes a member: with a card alone they are anonymous, and may tell more later.

    `consents` maps a channel to the version of the text agreed to. Of several cards the first is the one in use.
    """

    source: str
    fields: Mapping[str, str] = field(default_factory=dict)
    cards: tuple[str, ...] = ()
    home_store: str | None = None
    store: str | None = None
    cashier: str = ""
    language: str = ""
    consents: Mapping[str, str] = field(default_factory=dict)
    campaign: str | None = None
    referred_by: UUID | None = None


def enrol(
    session: Session, vault: Vault, mint: UuidMint, sign_up: SignUp, *, today: Days, commit_no: int, now_ms: int
) -> UUID:
    """Make a member with cards, and credit what those cards bought before. Return the member's id.

    The card in use counts from `today` for as long as the rule says.
    Raise Invalid for a field that cannot be, NotFound for a home store that is not there, Refused for a card that
    belongs to somebody else; the caller then rolls back.
    """
    if sign_up.home_store is not None and session.get(Store, sign_up.home_store) is None:
        raise NotFound(f"there is no store {sign_up.home_store!r}")
    member = mint()
    row = Member(
        id=member,
        status=ACTIVE,
        masked_name=normal.masked_name(sign_up.fields.get(NAME, "")),
        home_store=sign_up.home_store,
        source=sign_up.source,
        signup_store=sign_up.store,
        signup_cashier=sign_up.cashier,
        language=sign_up.language,
        created_ms=now_ms,
        campaign=sign_up.campaign,
        referred_by=sign_up.referred_by,
    )
    session.add(row)
    session.flush()
    for name, value in sign_up.fields.items():
        set_field(session, vault, member, name, value, source=sign_up.source, now_ms=now_ms)
    for channel, version in sign_up.consents.items():
        session.add(Consent(member_id=member, channel=channel, given_ms=now_ms, version=version, source=sign_up.source))
    session.flush()
    lookup_keys.renew(session, vault, member, fields_of(session, vault, member))
    for number in reversed(sign_up.cards):
        attach_card(session, vault, mint, member=member, number=number, commit_no=commit_no, now_ms=now_ms)
    card_terms.begin(session, member, today)
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, now_ms)])
    return member


def set_field(session: Session, vault: Vault, member: UUID, name: str, value: str, *, source: str, now_ms: int) -> None:
    """Set a personal field. Raise Invalid for one that does not exist or cannot be right.

    The caller renews the member's look-up keys when it has set them all.
    """
    statement = upsert_into(session, MemberField).values(
        field_row(vault, member, name, value, source=source, now_ms=now_ms)._asdict()
    )
    replaced = {column: statement.excluded[column] for column in FieldRow._fields if column not in _KEY}
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=replaced))


def field_row(vault: Vault, member: UUID, name: str, value: str, *, source: str, now_ms: int) -> FieldRow:
    """Return a field's row, encrypted. Raise Invalid."""
    value = checked(name, value)
    index = vault.blind_index(name, value) if name in _FOUND_BY else None
    content = vault.encrypt(value, field_context(member, name))
    return FieldRow(member, name, content, index, source, set_ms=now_ms, retention="membership")


def field_context(member: UUID, name: str) -> str:
    """Return the context a member's field is encrypted with."""
    return f"member/{member}/{name}"


def fields_of(session: Session, vault: Vault, member: UUID) -> dict[str, str]:
    """Return a member's personal fields, opened. The caller sees to it that somebody may."""
    fields = table_of(MemberField)
    rows = session.execute(select(fields.c.name, fields.c.content).where(fields.c.member_id == member))
    return {row.name: vault.decrypt(row.content, field_context(member, row.name)) for row in rows}


def alone_with(session: Session, vault: Vault, phone: str) -> None:
    """Wait for everybody else who is about to sign this number up, until this transaction ends.

    Families share a number, so the database cannot refuse a second one; whoever asks first whether somebody has it has
    to be alone with it. SQLite has one writer anyway.
    """
    if is_postgresql(session):
        number = int.from_bytes(vault.blind_index(PHONE, normal.phone(phone))[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def find_by_phone(session: Session, vault: Vault, phone: str) -> list[UUID]:
    """Return the members with this phone number, oldest first. Raise Invalid for what is none."""
    return _find_by(session, vault.blind_index(PHONE, normal.phone(phone)))


def find_by_email(session: Session, vault: Vault, email: str) -> list[UUID]:
    """Return the members with this e-mail address, oldest first. Raise Invalid for what is none."""
    return _find_by(session, vault.blind_index(EMAIL, checked(EMAIL, email)))


def _find_by(session: Session, index: bytes) -> list[UUID]:
    fields = table_of(MemberField)
    return list(
        session.execute(
            select(fields.c.member_id).where(fields.c.blind_index == index).order_by(fields.c.member_id)
        ).scalars()
    )


def insert_fields(session: Session, rows: Sequence[FieldRow]) -> None:
    """Write `field_row`s of new members in bulk."""
    bulk.insert_tuples(session, MemberField, FieldRow._fields, rows)
