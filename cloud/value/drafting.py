"""Next versions of the rules of stored value: written as drafts, tried on the purses there are, then published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound
from cloud.ledger.kinds import PURSE_DEBT, PURSE_GIFT, PURSE_GIFT_HELD, PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD
from cloud.ledger.models import Account, Balance
from cloud.value import rules
from cloud.value.models import Purse, ValueRuleDraft, ValueRuleRow
from shared.value import ValueRule

DRAFT = "draft"
PUBLISHED = "published"
DISCARDED = "discarded"
_EXAMPLES = (10_000, 50_000, 100_000)
_ALL = (PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD, PURSE_GIFT, PURSE_GIFT_HELD)

_rule = msgspec.json.Decoder(ValueRule)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft would change: the names of its fields that differ, purses it would find too full, and examples.

    `examples` are top-ups with the gift money they bring now and would bring (minor units); `owed` is what purses owe,
    by currency.
    """

    changed: Sequence[str]
    named_over: int
    unnamed_over: int
    examples: Sequence[tuple[int, int, int]]
    owed: dict[str, int]


def begin(session: Session, draft: UUID, rule: ValueRule, *, actor: str, now_ms: int) -> ValueRuleDraft:
    """Write a draft down, once; `rule.version` is the version it was made from. Raise Conflict for a known id."""
    known = session.get(ValueRuleDraft, draft)
    if known is not None:
        if known.author != actor:
            raise Conflict(f"there is a draft {draft} already")
        return known
    encoded = msgspec.json.encode(rule).decode()
    row = ValueRuleDraft(id=draft, rule=encoded, state=DRAFT, author=actor, made_ms=now_ms)
    session.add(row)
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="value.draft", subject=f"draft {draft}")
    return row


def change(session: Session, draft: UUID, rule: ValueRule, *, actor: str, now_ms: int) -> ValueRuleDraft:
    """Write a draft anew. Raise NotFound, Conflict where it is no draft any more."""
    row = _open(session, draft)
    row.rule = msgspec.json.encode(msgspec.structs.replace(rule, version=rule_of(row).version)).decode()
    session.add(row)
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="value.draft", subject=f"draft {draft}")
    return row


def publish(session: Session, draft: UUID, *, actor: str, reason: str, now_ms: int) -> ValueRule:
    """Put a draft into force as the next version. Return it.

    Raise Invalid without a reason, Conflict where it is none any more or other rules were published since it was made:
    whoever wrote it did not know them.
    """
    if not reason.strip():
        raise Invalid("reason: say why the rules change")
    row = _open(session, draft)
    now, wanted = rules.current(session), rule_of(row)
    if now.version != wanted.version:
        raise Conflict(f"rules {now.version} were published since this draft was made from {wanted.version}")
    rule = msgspec.structs.replace(wanted, version=now.version + 1)
    rules.publish(session, rule, actor=actor, now_ms=now_ms, reason=reason.strip())
    row.state, row.closed_by, row.closed_ms = PUBLISHED, actor, now_ms
    row.reason, row.version = reason.strip(), rule.version
    session.add(row)
    session.flush()
    return rule


def discard(session: Session, draft: UUID, *, actor: str, now_ms: int) -> None:
    """Give a draft up. Raise NotFound, Conflict where it is none any more."""
    row = _open(session, draft)
    row.state, row.closed_by, row.closed_ms = DISCARDED, actor, now_ms
    session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="value.discard", subject=f"draft {draft}")
    session.flush()


def find(session: Session, draft: UUID) -> ValueRuleDraft:
    """Return a draft. Raise NotFound."""
    row = session.get(ValueRuleDraft, draft)
    if row is None:
        raise NotFound(f"there is no draft {draft}")
    return row


def drafts(session: Session) -> Sequence[ValueRuleDraft]:
    """Return the drafts that are neither published nor given up, the newest first."""
    query = rows_of(ValueRuleDraft).where(ValueRuleDraft.state == DRAFT)
    return session.exec(query.order_by(col(ValueRuleDraft.made_ms).desc(), col(ValueRuleDraft.id))).all()


def versions(session: Session) -> Sequence[tuple[ValueRuleRow, str]]:
    """Return every published version with the reason it was given, the newest first."""
    found = session.exec(rows_of(ValueRuleRow).order_by(col(ValueRuleRow.version).desc())).all()
    query = rows_of(ValueRuleDraft).where(col(ValueRuleDraft.version).is_not(None))
    why = {one.version: one.reason for one in session.exec(query)}
    return [(row, why.get(row.version, "")) for row in found]


def rule_of(row: ValueRuleDraft | ValueRuleRow) -> ValueRule:
    """Return what a row holds."""
    return _rule.decode(row.rule)


def trial(session: Session, rule: ValueRule, today: date) -> Trial:
    """Try rules on the purses there are; nothing changes. `today` decides which campaigns count."""
    now = rules.current(session)
    changed = [
        name
        for name in ValueRule.__struct_fields__
        if name != "version" and getattr(now, name) != getattr(rule, name)
    ]  # fmt: skip
    amounts = sorted({*_EXAMPLES, *(one.from_minor for one in (*now.campaigns, *rule.campaigns))})
    return Trial(
        changed,
        _over(session, rule.named_cap_minor, named=True),
        _over(session, rule.unnamed_cap_minor, named=False),
        [(minor, now.gift(minor, today)[0], rule.gift(minor, today)[0]) for minor in amounts],
        _owed(session),
    )


def _over(session: Session, cap: int, *, named: bool) -> int:
    """Count the purses that hold more than a cap; 0 is none."""
    if not cap:
        return 0
    purse, account, balance = table_of(Purse), table_of(Account), table_of(Balance)
    whose = purse.c.member_id.is_not(None) if named else purse.c.member_id.is_(None)
    over = (
        select(purse.c.id)
        .join(account, (account.c.owner == purse.c.owner) & (account.c.unit == purse.c.currency))
        .join(balance, balance.c.account_id == account.c.id)
        .where(whose, account.c.kind.in_(_ALL))
        .group_by(purse.c.id)
        .having(func.sum(balance.c.amount) > cap)
        .subquery()
    )
    return int(session.execute(select(func.count()).select_from(over)).scalar_one())


def _owed(session: Session) -> dict[str, int]:
    account, balance = table_of(Account), table_of(Balance)
    rows = session.execute(
        select(account.c.unit, func.sum(balance.c.amount))
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind == PURSE_DEBT, balance.c.amount < 0)
        .group_by(account.c.unit)
    )
    return {unit: -int(amount) for unit, amount in rows}


def _open(session: Session, draft: UUID) -> ValueRuleDraft:
    row = session.get(ValueRuleDraft, draft, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no draft {draft}")
    if row.state != DRAFT:
        raise Conflict(f"draft {draft} is {row.state}")
    return row
