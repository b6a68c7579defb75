"""Keyed hashes by which people are looked for without anything being opened: name, phone tail, birthday."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.members.models import MemberKey
from cloud.members.profile import BIRTHDAY, NAME, PHONE
from cloud.privacy import Vault

PHONE_TAIL = "phone_tail"
NAME_BIRTHDAY = "name_birthday"
BIRTHDAY_DAY = "birthday_day"
"""Month and day, so that a gift finds its day without every birthday being opened."""
TAIL_DIGITS = 4
_COLUMNS = ("kind", "blind_index", "member_id")
_FULL_DATE = len("1990-05-17")
_MONTH_AND_DAY = len("05-17")


def folded(name: str) -> str:
    """Return a name as it is compared: width, case and spaces do not tell people apart."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def keys_of(vault: Vault, member: UUID, fields: Mapping[str, str]) -> Iterator[tuple[str, bytes, UUID]]:
    """Yield the keys that a member's fields give."""
    name, phone, birthday = folded(fields.get(NAME, "")), fields.get(PHONE, ""), fields.get(BIRTHDAY, "")
    if name:
        yield NAME, vault.blind_index(NAME, name), member
    if phone:
        yield PHONE_TAIL, vault.blind_index(PHONE_TAIL, phone[-TAIL_DIGITS:]), member
    if birthday:
        yield BIRTHDAY_DAY, vault.blind_index(BIRTHDAY_DAY, birthday[-_MONTH_AND_DAY:]), member
    if name and len(birthday) == _FULL_DATE:
        yield NAME_BIRTHDAY, vault.blind_index(NAME_BIRTHDAY, f"{name}\n{birthday}"), member


def insert(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write the keys of new members in bulk."""
    bulk.insert_tuples(session, MemberKey, _COLUMNS, rows)


def renew(session: Session, vault: Vault, member: UUID, fields: Mapping[str, str]) -> None:
    """Write one member's keys anew."""
    key = table_of(MemberKey)
    session.execute(key.delete().where(key.c.member_id == member))
    insert(session, sorted(keys_of(vault, member, fields)))


def members_by(session: Session, kind: str, index: bytes, limit: int) -> list[UUID]:
    """Return the members with a key, lowest id first."""
    key = table_of(MemberKey)
    query = select(key.c.member_id).where(key.c.kind == kind, key.c.blind_index == index)
    return list(session.execute(query.order_by(key.c.member_id).limit(limit)).scalars())


def members_by_names(session: Session, vault: Vault, names: Iterable[str], limit: int) -> list[UUID]:
    """Return the members with one of these names, whole names."""
    key = table_of(MemberKey)
    indexes = [vault.blind_index(NAME, folded(name)) for name in names]
    query = select(key.c.member_id).where(key.c.kind == NAME, key.c.blind_index.in_(indexes))
    return list(session.execute(query.order_by(key.c.member_id).limit(limit)).scalars())
