"""Drafts: changes being prepared, until they are published or discarded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from cloud import audit
from cloud.database.bulk import insert_tuples
from cloud.database.rowset import upsert_into
from cloud.errors import NotFound
from cloud.prices.content import engine_level
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftApproval, DraftStatus, PriceDraft, PriceDraftRow
from cloud.prices.targets import check_targets
from shared.body import BodyKind

_CHUNK = 10_000
_COLUMNS = ("draft_id", "kind", "scope", "key", "row")
MAX_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One change: what becomes of a key. `row` is bytes from `content.encode_row`, None takes the key away."""

    kind: BodyKind
    scope: str
    key: str
    row: bytes | None


ASKED = (col(PriceDraft.status) == DraftStatus.DRAFT, col(PriceDraft.asked_ms).is_not(None))
"""The conditions of drafts that wait for a second person."""

DraftChanges = dict[tuple[BodyKind, str], dict[str, bytes | None]]


def create_draft(
    session: Session,
    id_: UUID,
    title: str,
    *,
    actor: str,
    wall_ms: int,
    targets: Sequence[str] = ("all",),
    of_plan: str | None = None,
) -> PriceDraft:
    """Start a draft. The id is made by the caller. `of_plan` is the planned promotion that it is about, if any."""
    if not title.strip() or len(title) > MAX_TITLE_CHARACTERS:
        raise PriceRefusal("bad_title", f"a draft needs a title of 1 to {MAX_TITLE_CHARACTERS} characters")
    check_targets(targets)
    draft = PriceDraft(
        id=str(id_),
        title=title.strip(),
        targets=" ".join(targets),
        created_by=actor,
        created_ms=wall_ms,
        of_plan=of_plan,
    )
    session.add(draft)
    session.flush()
    return draft


def get_draft(session: Session, draft_id: str) -> PriceDraft:
    """Return a draft. Raise NotFound."""
    draft = session.get(PriceDraft, draft_id)
    if draft is None:
        raise NotFound(f"there is no draft {draft_id!r}")
    return draft


def open_draft(session: Session, draft_id: str) -> PriceDraft:
    """Return a draft that can still be changed, and lock it. Raise PriceRefusal when it was published or discarded."""
    get_draft(session, draft_id)
    draft = session.get_one(PriceDraft, draft_id, with_for_update=True, populate_existing=True)
    if draft.status != DraftStatus.DRAFT:
        raise PriceRefusal("draft_closed", f"draft {draft.title!r} was {draft.status}; start a new one", [draft_id])
    return draft


def list_drafts(session: Session, status: DraftStatus | None = None) -> list[PriceDraft]:
    """Return drafts, newest first."""
    query = select(PriceDraft).order_by(col(PriceDraft.created_ms).desc(), col(PriceDraft.id).desc())
    if status is not None:
        query = query.where(col(PriceDraft.status) == status)
    return list(session.execute(query).scalars())


def put_rows(session: Session, draft_id: str, rows: Iterable[DraftRow], *, actor: str) -> int:
    """Put changes into an open draft, replacing earlier ones of the same keys. Return how many were put.

    Whoever writes (`actor`) is noted, and does not approve it. Raise PriceRefusal for a draft that is closed.
    """
    draft = open_draft(session, draft_id)
    bodies: DraftChanges = {}
    for row in rows:
        bodies.setdefault((row.kind, row.scope), {})[row.key] = row.row
    if bodies:
        _written(session, draft, actor)
    known = bodies_in(session, draft_id)
    for body, changes in bodies.items():
        values = [(draft_id, str(body[0]), body[1], key, row) for key, row in changes.items()]
        if body in known:
            _upsert(session, values)
        else:  # the usual import of a whole file, which may have a hundred thousand rows
            insert_tuples(session, PriceDraftRow, _COLUMNS, values)
    return sum(map(len, bodies.values()))


def _written(session: Session, draft: PriceDraft, actor: str) -> None:
    """Note who writes; what a second person was asked to read is no longer what it says."""
    if actor not in writers_of(draft):
        draft.writers = "\n".join([*draft.writers.split("\n"), actor]).strip()
    draft.asked_ms = None
    session.add(draft)
    session.execute(delete(DraftApproval).where(col(DraftApproval.draft_id) == draft.id))
    session.flush()


def writers_of(draft: PriceDraft) -> set[str]:
    """Return everybody who wrote something of a draft."""
    return {draft.created_by, *filter(None, draft.writers.split("\n"))}


def drop_rows(session: Session, draft_id: str, kind: BodyKind, scope: str, keys: Sequence[str], *, actor: str) -> None:
    """Take changes out of an open draft again: the keys stay as they are. Whoever does (`actor`) is noted."""
    _written(session, open_draft(session, draft_id), actor)
    session.execute(
        delete(PriceDraftRow).where(
            col(PriceDraftRow.draft_id) == draft_id,
            col(PriceDraftRow.kind) == kind,
            col(PriceDraftRow.scope) == scope,
            col(PriceDraftRow.key).in_(keys),
        )
    )


def discard(session: Session, draft_id: str, *, actor: str, wall_ms: int) -> None:
    """Give a draft up; it stays readable."""
    draft = open_draft(session, draft_id)
    draft.status = DraftStatus.DISCARDED
    audit.record(session, at_ms=wall_ms, actor=actor, action="prices.discard", subject=draft_id, detail=draft.title)
    session.flush()


def record_writing(session: Session, draft_id: str, *, actor: str, wall_ms: int, put: int = 0, out: int = 0) -> None:
    """Write into the audit log that somebody put rows into a draft, or took some out."""
    said = [f"rows written: {put}"] * bool(put) + [f"rows taken out: {out}"] * bool(out)
    if said:
        audit.record(
            session, at_ms=wall_ms, actor=actor, action="prices.write", subject=draft_id, detail="; ".join(said)
        )


def draft_changes(
    session: Session,
    draft_id: str,
    *,
    kinds: Collection[BodyKind] = tuple(BodyKind),
    scope: str | None = None,
    key: str | None = None,
    most: int | None = None,
) -> DraftChanges:
    """Return a draft's changes by body: all, or those of some kinds, one scope or one key, the first so many."""
    query = select(
        col(PriceDraftRow.kind), col(PriceDraftRow.scope), col(PriceDraftRow.key), col(PriceDraftRow.row)
    ).where(col(PriceDraftRow.draft_id) == draft_id, col(PriceDraftRow.kind).in_(kinds))
    if scope is not None:
        query = query.where(col(PriceDraftRow.scope) == scope)
    if key is not None:
        query = query.where(col(PriceDraftRow.key) == key)
    if most is not None:
        in_order = (col(PriceDraftRow.kind), col(PriceDraftRow.scope), col(PriceDraftRow.key))
        query = query.order_by(*in_order).limit(most)
    found: DraftChanges = {}
    for kind, of, changed, row in session.execute(query):
        found.setdefault((BodyKind(kind), of), {})[changed] = None if row is None else bytes(row)
    return found


def draft_size(session: Session, draft_id: str) -> dict[str, int]:
    """Return the number of changes by kind."""
    query = (
        select(col(PriceDraftRow.kind), func.count())
        .where(col(PriceDraftRow.draft_id) == draft_id)
        .group_by(col(PriceDraftRow.kind))
    )
    return {row[0]: row[1] for row in session.execute(query)}


def engine_needed(changes: Mapping[tuple[BodyKind, str], Mapping[str, bytes | None]]) -> int:
    """Return the engine level a till must have to sell by these changes."""
    return max(
        (
            engine_level(kind, row)
            for (kind, _), rows in changes.items()
            if kind is BodyKind.PROMOTIONS
            for row in rows.values()
        ),
        default=1,
    )


def bodies_in(session: Session, draft_id: str) -> set[tuple[BodyKind, str]]:
    """Return which bodies a draft has changes for."""
    query = (
        select(col(PriceDraftRow.kind), col(PriceDraftRow.scope))
        .where(col(PriceDraftRow.draft_id) == draft_id)
        .distinct()
    )
    return {(BodyKind(kind), scope) for kind, scope in session.execute(query)}


def _upsert(session: Session, values: Sequence[tuple[object, ...]]) -> None:
    statement = upsert_into(session, PriceDraftRow)
    statement = statement.on_conflict_do_update(
        index_elements=["draft_id", "kind", "scope", "key"], set_={"row": statement.excluded.row}
    )
    for start in range(0, len(values), _CHUNK):
        part = [dict(zip(_COLUMNS, row, strict=True)) for row in values[start : start + _CHUNK]]
        session.connection().execute(statement, part)
