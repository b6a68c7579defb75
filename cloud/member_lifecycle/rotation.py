"""After a rotation: everything encrypted is encrypted anew under the current key, a piece at a time.

A piece is a transaction, and what still stands under an older key is found by looking: whoever is interrupted goes on
where it was, and a process that wrote under the older key meanwhile is caught up with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, func, select
from sqlmodel import Session

from cloud.channels import outbox
from cloud.channels.models import MemberMessage
from cloud.database.rowset import table_of
from cloud.fleet import card_keys
from cloud.fleet.models import Agent
from cloud.member_import.models import OpeningUpload
from cloud.member_import.uploads import upload_context
from cloud.member_page.codes import sign_in_context
from cloud.member_page.following import openid_context
from cloud.member_page.models import MemberSignIn, MemberWechat
from cloud.members.cards import number_context
from cloud.members.enrolling import field_context
from cloud.members.models import Card, MemberField
from cloud.privacy import Vault
from cloud.rewards.drawing import seed_context
from cloud.rewards.models import Draw

AT_ONCE = 1_000


@dataclass(frozen=True)
class _Encrypted:
    """A column of encrypted values, and the context each is bound to."""

    table: Table
    column: str
    context: Callable[[Row[Any]], str]


ENCRYPTED = (
    _Encrypted(table_of(MemberField), "content", lambda row: field_context(row.member_id, row.name)),
    _Encrypted(table_of(Card), "number", lambda row: number_context(row.id)),
    _Encrypted(table_of(Draw), "sealed", lambda row: seed_context(row.id)),
    _Encrypted(table_of(Agent), "card_key", lambda row: card_keys.context(row.id)),
    _Encrypted(table_of(MemberWechat), "openid", lambda row: openid_context(row.member_id)),
    _Encrypted(table_of(MemberMessage), "personal", lambda row: outbox.context(row.id)),
    _Encrypted(table_of(MemberSignIn), "phone", lambda row: sign_in_context(row.id)),
    _Encrypted(table_of(OpeningUpload), "content", lambda row: upload_context(row.id)),
)
"""Every encrypted column there is: a test knows of each column of bytes whether it belongs here, and reads all bytes
of a database with one of each.
"""


def left(session: Session, vault: Vault) -> int:
    """Return how many values still stand under an older key."""
    counts = (select(func.count()).select_from(one.table).where(_old(one, vault)) for one in ENCRYPTED)
    return sum(int(session.execute(count).scalar_one()) for count in counts)


def encrypt_anew(session: Session, vault: Vault, limit: int = AT_ONCE) -> int:
    """Encrypt up to `limit` values under the current key that still stand under an older one. Return how many did."""
    done = 0
    for one in ENCRYPTED:
        done += _encrypt_anew(session, vault, one, limit - done)
    return done


def _encrypt_anew(session: Session, vault: Vault, one: _Encrypted, limit: int) -> int:
    keys = list(one.table.primary_key)
    old = session.execute(select(one.table).where(_old(one, vault)).order_by(*keys).limit(limit).with_for_update())
    rows = old.all()
    for row in rows:
        context = one.context(row)
        content = vault.encrypt(vault.decrypt(getattr(row, one.column), context), context)
        here = [key == getattr(row, key.name) for key in keys]
        session.execute(one.table.update().where(*here).values({one.column: content}))
    return len(rows)


def _old(one: _Encrypted, vault: Vault) -> ColumnElement[bool]:
    """Values under an older key; one that was erased is empty and stands under none."""
    column, prefix = one.table.c[one.column], vault.current_prefix
    return (func.length(column) > 0) & (func.substr(column, 1, len(prefix)) != prefix)
