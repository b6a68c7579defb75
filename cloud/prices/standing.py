"""The newest content on any timeline, or of what is in force: what changes are checked against and compared with."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.prices.models import EntryStatus, StoreManifest, TimelineEntryRow
from cloud.prices.rows import Lineage, body_tree
from cloud.prices.starting import bodies_of
from shared.body import BodyKind


def newest_body(
    session: Session, kind: BodyKind, scope: str, version: int | None = None, *, now_ms: int | None = None
) -> Lineage:
    """Return how to read a body as the newest version that has it on a timeline, up to `version` if given.

    With `now_ms`, business time, it is what stores sell by then: what waits for its moment is none of it.
    """
    query = (
        select(StoreManifest)
        .join(
            TimelineEntryRow,
            (col(TimelineEntryRow.version) == col(StoreManifest.version))
            & (col(TimelineEntryRow.store_id) == col(StoreManifest.store_id)),
        )
        .where(col(TimelineEntryRow.status) == EntryStatus.STAGED)
        .order_by(col(StoreManifest.version).desc(), col(StoreManifest.store_id))
    )
    if version is not None:
        query = query.where(col(StoreManifest.version) <= version)
    if now_ms is not None:
        query = query.where(col(TimelineEntryRow.activates_ms) <= now_ms)
    tree = body_tree(session, kind, scope)
    for manifest in session.execute(query).scalars().yield_per(100):
        hash_ = bodies_of(manifest).hashes.get((kind, scope))
        if hash_ is not None:
            return tree.lineage(tree.version_of(hash_))
    return tree.lineage(None)
