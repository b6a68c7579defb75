"""The rules of stored value in force, and the next version of them."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from cloud import audit
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Conflict
from cloud.value.models import ValueRuleRow
from shared.value import ValueRule

_rule = msgspec.json.Decoder(ValueRule)


def current(session: Session) -> ValueRule:
    """Return the rules that count; before any is published those of the `cn` profile, as version 0."""
    row = table_of(ValueRuleRow)
    newest = session.execute(select(row.c.rule).order_by(row.c.version.desc()).limit(1)).scalar_one_or_none()
    return ValueRule(version=0) if newest is None else _rule.decode(newest)


def publish(session: Session, rule: ValueRule, *, actor: str, now_ms: int, reason: str = "") -> None:
    """Publish the next version. Raise Conflict unless its version is the next one."""
    newest = session.execute(select(func.max(ValueRuleRow.version))).scalar_one_or_none() or 0
    if rule.version != newest + 1:
        raise Conflict(f"the next version of the rules of stored value is {newest + 1}, got {rule.version}")
    row = (rule.version, msgspec.json.encode(rule).decode(), actor, now_ms)
    if not bulk.insert_new_tuples(session, ValueRuleRow, ("version", "rule", "author", "made_ms"), [row]):
        raise Conflict(f"version {rule.version} of the rules of stored value was published by somebody else just now")
    subject = f"value rule {rule.version}"
    audit.record(session, at_ms=now_ms, actor=actor, action="value.publish", subject=subject, reason=reason)
