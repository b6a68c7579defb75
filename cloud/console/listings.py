"""The console's own tables: parked events, gaps, price differences, versions, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session, col

from cloud.audit import words as audit_words
from cloud.audit.models import AuditEntry
from cloud.fleet.models import Agent, AgentGap
from cloud.ingest.models import ParkedEvent
from cloud.pricing_audit.models import PriceAudit
from cloud.web import audit_said, said
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from shared.web.words import marked


def _store(store: str) -> Cell:
    return Cell(value=store, href=f"/stores/{store}")


def _parked_columns() -> Sequence[Column[ParkedEvent]]:
    return (
        Column(
            key="since",
            title=marked("Since"),
            kind=Kind.MOMENT,
            order=col(ParkedEvent.parked_ms),
            cell=lambda row: row.parked_ms,
        ),
        Column(key="kind", title=marked("Event"), order=col(ParkedEvent.kind), cell=_parked_event),
        Column(
            key="store", title=marked("Store"), order=col(ParkedEvent.store_id), cell=lambda row: _store(row.store_id)
        ),
        Column(
            key="code",
            title=marked("Cause"),
            order=col(ParkedEvent.code),
            cell=lambda row: Cell(value=row.code, tone="warn"),
        ),
        Column(key="reason", title=marked("Reason"), kind=Kind.WRAP, cell=lambda row: row.reason),
        Column(
            key="id",
            title=marked("Id"),
            kind=Kind.CODE,
            cell=lambda row: Cell(value=str(row.event_id), href=f"/parked/{row.event_id}"),
        ),
    )


def _parked_event(row: ParkedEvent) -> Cell:
    name = said.KIND.get(row.kind)
    return Cell(value=name or row.kind or "?", say=name is not None, href=f"/parked/{row.event_id}")


def _parked(asked: Asked) -> Query:
    query: Query = select(ParkedEvent)
    if asked.get("state") != "all":
        query = query.where(col(ParkedEvent.resolved_ms).is_(None))
    for column, key in ((ParkedEvent.store_id, "store"), (ParkedEvent.code, "code")):
        if asked.get(key):
            query = query.where(col(column) == asked.get(key))
    return query


def _codes(session: Session) -> list[tuple[str, str]]:
    found = session.scalars(select(col(ParkedEvent.code)).where(col(ParkedEvent.resolved_ms).is_(None)).distinct())
    return [(code, code) for code in sorted(found)]


PARKED: Listing[ParkedEvent] = Listing(
    name="parked",
    title=marked("Parked events"),
    columns=_parked_columns(),
    source=SqlSource(_parked, lambda row: row.ParkedEvent, _parked_columns, (col(ParkedEvent.event_id),)),
    order="since",
    filters=(
        Filter(key="store", title=marked("Store")),
        Filter(key="code", title=marked("Cause"), options=_codes),
        Filter(
            key="state",
            title=marked("State"),
            say=True,
            options=lambda _: [("all", marked("settled ones too"))],
            otherwise=marked("waiting"),
        ),
    ),
    empty=marked("No event is parked: everything received was applied."),
)


def _declared_columns() -> Sequence[Column[Any]]:
    return (
        Column(
            key="declared",
            title=marked("Declared"),
            kind=Kind.MOMENT,
            order=col(AgentGap.declared_ms),
            cell=lambda row: row.AgentGap.declared_ms,
        ),
        Column(key="store", title=marked("Store"), order=col(Agent.store_id), cell=lambda row: _store(row.store_id)),
        Column(
            key="agent", title=marked("Agent"), order=col(AgentGap.agent_id), cell=lambda row: row.AgentGap.agent_id
        ),
        Column(key="first", title=marked("From number"), kind=Kind.NUMBER, cell=lambda row: row.AgentGap.first),
        Column(key="last", title=marked("To number"), kind=Kind.NUMBER, cell=lambda row: row.AgentGap.last),
        Column(
            key="reason",
            title=marked("Reason"),
            kind=Kind.WRAP,
            order=col(AgentGap.reason),
            cell=lambda row: row.AgentGap.reason,
        ),
        Column(key="epoch", title=marked("Epoch"), kind=Kind.CODE, cell=lambda row: str(row.AgentGap.epoch)),
    )


def _declared(_asked: Asked) -> Query:
    return select(AgentGap, col(Agent.store_id).label("store_id")).join(Agent, col(Agent.id) == col(AgentGap.agent_id))


DECLARED: Listing[Any] = Listing(
    name="declared-gaps",
    title=marked("Declared gaps"),
    columns=_declared_columns(),
    source=SqlSource(_declared, lambda row: row, _declared_columns, (col(AgentGap.agent_id), col(AgentGap.first))),
    order="-declared",
    empty=marked("No store has declared a gap."),
)


def _difference_columns() -> Sequence[Column[PriceAudit]]:
    return (
        Column(
            key="day",
            title=marked("Business day"),
            order=col(PriceAudit.business_date),
            cell=lambda row: row.business_date,
        ),
        Column(
            key="store", title=marked("Store"), order=col(PriceAudit.store_id), cell=lambda row: _store(row.store_id)
        ),
        Column(
            key="verdict",
            title=marked("What the audit says"),
            order=col(PriceAudit.verdict),
            cell=lambda row: toned(said.VERDICT.get(row.verdict, (row.verdict, "warn"))),
        ),
        Column(
            key="charged",
            title=marked("Charged"),
            kind=Kind.MONEY,
            order=col(PriceAudit.charged_minor),
            cell=lambda row: row.charged_minor,
        ),
        Column(
            key="expected",
            title=marked("Expected"),
            kind=Kind.MONEY,
            order=col(PriceAudit.expected_minor),
            cell=lambda row: row.expected_minor,
        ),
        Column(
            key="book",
            title=marked("Price book"),
            kind=Kind.NUMBER,
            order=col(PriceAudit.book_version),
            cell=lambda row: row.book_version,
        ),
        Column(
            key="sale",
            title=marked("Sale"),
            kind=Kind.CODE,
            cell=lambda row: Cell(value=str(row.sale_id), href=f"/sales/{row.sale_id}"),
        ),
    )


def _differences(asked: Asked) -> Query:
    query: Query = select(PriceAudit)
    if asked.get("store"):
        query = query.where(col(PriceAudit.store_id) == asked.get("store"))
    if asked.get("verdict"):
        query = query.where(col(PriceAudit.verdict) == asked.get("verdict"))
    return query


DIFFERENCES: Listing[PriceAudit] = Listing(
    name="price-differences",
    title=marked("Price differences"),
    columns=_difference_columns(),
    source=SqlSource(_differences, lambda row: row.PriceAudit, _difference_columns, (col(PriceAudit.sale_id),)),
    order="-day",
    filters=(
        Filter(key="store", title=marked("Store")),
        Filter(
            key="verdict",
            title=marked("What the audit says"),
            say=True,
            options=lambda _: [
                (code, pair[0]) for code, pair in said.VERDICT.items() if code not in ("same", "waiting")
            ],
        ),
    ),
    empty=marked("Head office comes to the price of every sale it has checked."),
)


def _act_columns() -> Sequence[Column[AuditEntry]]:
    return (
        Column(key="at", title=marked("When"), kind=Kind.MOMENT, order=col(AuditEntry.id), cell=lambda row: row.at_ms),
        Column(key="actor", title=marked("Who"), cell=_actor),
        Column(
            key="action",
            title=marked("Did what"),
            kind=Kind.WRAP,
            cell=lambda row: Cell(value=audit_words.ACTION.get(row.action, row.action), say=True, note=row.action),
        ),
        Column(key="subject", title=marked("To what"), kind=Kind.WRAP, cell=audit_said.subject_cell),
        Column(key="reason", title=marked("Why"), kind=Kind.WRAP, cell=lambda row: row.reason or None),
        Column(key="detail", title=marked("Detail"), kind=Kind.WRAP, cell=audit_said.detail_cell),
    )


def _actor(row: AuditEntry) -> Cell:
    text, values = audit_words.actor(row.actor)
    return Cell(value=text, say=True, values=values)


def _acts(asked: Asked) -> Query:
    query: Query = select(AuditEntry)
    if text := asked.get("q"):
        fits = [
            col(one).contains(text, autoescape=True)
            for one in (AuditEntry.subject, AuditEntry.reason, AuditEntry.detail)
        ]
        query = query.where(or_(*fits))
    if who := asked.get("actor"):  # the page shows a name without its kind's code
        actor = col(AuditEntry.actor)
        query = query.where(or_(actor.startswith(who, autoescape=True), actor.contains(f":{who}", autoescape=True)))
    if action := asked.get("action"):
        query = query.where(col(AuditEntry.action).startswith(action, autoescape=True))
    return query


ACTS: Listing[AuditEntry] = Listing(
    name="audit-log",
    title=marked("Audit log"),
    columns=_act_columns(),
    source=SqlSource(_acts, lambda row: row.AuditEntry, _act_columns, (col(AuditEntry.id).desc(),)),
    order="-at",
    filters=(
        Filter(key="actor", title=marked("Who")),
        Filter(key="action", title=marked("Did what")),
        Filter(key="q", title=marked("Subject or reason")),
    ),
    empty=marked("No privileged act has been recorded yet."),
)


def as_uuid(text: str) -> UUID | None:
    """Read an id; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
