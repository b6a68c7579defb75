"""Everything held about a member, in plain words, for whoever has the right to it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Uuid, or_, select
from sqlmodel import Session

from cloud import audit
from cloud.database import Table as Model
from cloud.database.rowset import table_of
from cloud.errors import NotFound
from cloud.ledger.models import Account, Balance, JournalRow, Posting
from cloud.member_lifecycle.traces import TRACES, Trace
from cloud.members import one_person
from cloud.members.cards import number_context
from cloud.members.enrolling import field_context
from cloud.members.models import Card, Member, MemberField
from cloud.privacy import Vault
from cloud.sales.models import Sale, SaleCoupon, SaleDiscount, SaleLine, SaleReturn, SaleReturnLine, SaleTender, Swipe

_INSIDE = (
    "content", "number", "blind_index", "digest", "book_manifest", "personal", "recipient_index", "token_hash",
    "openid", "openid_index",
)  # fmt: skip
"""Columns that say nothing of the member: ciphertexts (given opened instead), keyed hashes, checksums."""

Facts = dict[str, Any]


def export(session: Session, vault: Vault, member: UUID, *, actor: str, now_ms: int, reason: str = "") -> Facts:
    """Return everything held about a member, opened, ready for JSON; the act is recorded. Raise NotFound.

    Under every id they have in the books: whoever was made one with them is them.
    """
    row = session.get(Member, member)
    if row is None:
        raise NotFound(f"there is no member {member}")
    audit.record(session, at_ms=now_ms, actor=actor, action="member.export", subject=str(member), reason=reason)
    session.flush()
    people = sorted(one_person.ids_of(session, [member]))
    own_cards = _rows(session, Card, _column(Card, "member_id").in_(people))
    cards = [one["id"] for one in own_cards]
    sales = _rows(session, Sale, _theirs(Sale, people, cards))
    ids = [sale["id"] for sale in sales]
    returns = _rows(session, SaleReturn, _column(SaleReturn, "original_sale_id").in_(ids))
    back = [one["id"] for one in returns]
    account = table_of(Account)
    owners = [str(one) for one in people]
    accounts = list(session.execute(select(account.c.id).where(account.c.owner.in_(owners))).scalars())
    facts = {
        "member": _plain(_rows(session, Member, _column(Member, "id") == member)[0]),
        "merged": _of(session, Member, _column(Member, "id").in_([one for one in people if one != member])),
        "fields": _fields(session, vault, people),
        "cards": [
            {**_plain(one), "number": vault.decrypt(one["number"], number_context(one["id"])) if one["number"] else ""}
            for one in own_cards
        ],
        "points": _balances(session, accounts),
        "postings": _postings(session, accounts),
        "sales": [_plain(one) for one in sales],
        "returns": [_plain(one) for one in returns],
        "return_lines": _of(session, SaleReturnLine, _column(SaleReturnLine, "return_id").in_(back)),
        "swipes": _of(session, Swipe, _theirs(Swipe, people, cards)),
        **{one.name: _traces(session, one, people) for one in TRACES if one.name and one.model is not MemberField},
    }
    parts: dict[str, type[Model]] = {
        "sale_lines": SaleLine,
        "discounts": SaleDiscount,
        "coupons": SaleCoupon,
        "tenders": SaleTender,
    }
    for name, model in parts.items():
        facts[name] = _of(session, model, _column(model, "sale_id").in_([*ids, *back]))
    return facts


def _fields(session: Session, vault: Vault, people: Collection[UUID]) -> list[Facts]:
    rows = _rows(session, MemberField, _column(MemberField, "member_id").in_(people))
    return [
        {**_plain(row), "value": vault.decrypt(row["content"], field_context(row["member_id"], row["name"]))}
        for row in rows
    ]


def _traces(session: Session, trace: Trace, people: Collection[UUID]) -> list[Facts]:
    columns = [_column(trace.model, name) for name in trace.columns]
    rows = _of(session, trace.model, or_(*(column.in_(_as(column, people)) for column in columns)))
    return [{name: value for name, value in row.items() if name not in trace.of_others} for row in rows]


def _as(column: ColumnElement[Any], people: Collection[UUID]) -> list[UUID] | list[str]:
    return list(people) if isinstance(column.type, Uuid) else [str(one) for one in people]


def _balances(session: Session, accounts: list[UUID]) -> list[Facts]:
    """Return what each account holds, points and money alike."""
    account, balance = table_of(Account), table_of(Balance)
    query = select(account.c.kind, account.c.unit, balance.c.amount).join(balance, balance.c.account_id == account.c.id)
    rows = session.execute(query.where(account.c.id.in_(accounts)).order_by(account.c.kind, account.c.unit)).mappings()
    return [_plain(dict(row)) for row in rows]


def _postings(session: Session, accounts: list[UUID]) -> list[Facts]:
    posting, journal = table_of(Posting), table_of(JournalRow)
    same = (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose)
    account = table_of(Account)
    query = select(journal, account.c.kind, posting.c.amount).join(posting, same)
    query = query.join(account, account.c.id == posting.c.account_id).where(posting.c.account_id.in_(accounts))
    rows = session.execute(query.order_by(journal.c.at_ms, journal.c.cause)).mappings()
    return [_plain(dict(row)) for row in rows]


def _theirs(model: type[Model], people: Collection[UUID], cards: Collection[UUID]) -> ColumnElement[bool]:
    return or_(_column(model, "member_id").in_(people), _column(model, "card_id").in_(cards))


def _column(model: type[Model], name: str) -> ColumnElement[Any]:
    return table_of(model).c[name]


def _rows(session: Session, model: type[Model], only: ColumnElement[bool]) -> list[Facts]:
    table: Table = table_of(model)
    rows = session.execute(select(table).where(only).order_by(*table.primary_key))
    return [dict(row) for row in rows.mappings()]


def _of(session: Session, model: type[Model], only: ColumnElement[bool]) -> list[Facts]:
    return [_plain(row) for row in _rows(session, model, only)]


def _plain(row: Facts) -> Facts:
    return {name: _value(value) for name, value in row.items() if name not in _INSIDE}


def _value(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | date) else value
