"""Reading and writing temporal rows: what a body holds at a version, and how two bodies differ.

A body's versions form a tree by `Body.base`, almost always a single line: a staged version that was rebuilt or
withdrawn leaves a dead branch. A read takes the newest row of each key along one line, so it names the highest
version and the few numbers below it that are not on the line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, FromClause, Integer, Select, String, and_, func, select
from sqlmodel import Session, col

from cloud.database.bulk import insert_tuples
from cloud.database.rowset import is_postgresql, rowset, table_of
from cloud.prices.models import Body, PriceRow
from shared.body import BUCKETS, BodyKind, bucket_of

_FETCH = 5000


@dataclass(frozen=True, slots=True)
class Lineage:
    """The versions whose rows make up one body: everything up to `version` except `excluded`."""

    kind: BodyKind
    scope: str
    version: int
    excluded: tuple[int, ...] = ()

    def covers(self, row: FromClause) -> list[ColumnElement[bool]]:
        """Return what is true for rows on this line, whichever key they have."""
        conditions = [row.c.kind == self.kind, row.c.scope == self.scope, row.c.version <= self.version]
        return [*conditions, row.c.version.not_in(self.excluded)] if self.excluded else conditions


@dataclass(frozen=True, slots=True)
class BodyTree:
    """All bodies of one kind and scope: version to (version it was made from, hash)."""

    kind: BodyKind
    scope: str
    made: Mapping[int, tuple[int | None, str]] = field(default_factory=dict)

    def line(self, version: int | None) -> set[int]:
        """Return the versions on the way from the first body to this one."""
        found: set[int] = set()
        while version is not None:
            found.add(version)
            version = self.made[version][0]
        return found

    def lineage(self, version: int | None) -> Lineage:
        """Return how to read the body at a version; None is the empty body."""
        if version is None:
            return Lineage(self.kind, self.scope, 0)
        line = self.line(version)
        return Lineage(self.kind, self.scope, version, tuple(v for v in self.made if v < version and v not in line))

    def version_of(self, hash_: str) -> int | None:
        """Return the newest version at which the body had this hash, None when it never had."""
        return max((version for version, (_, known) in self.made.items() if known == hash_), default=None)


def body_tree(session: Session, kind: BodyKind, scope: str) -> BodyTree:
    """Load the tree of one body."""
    query = (
        select(col(Body.version), col(Body.base), col(Body.hash))
        .where(col(Body.kind) == kind, col(Body.scope) == scope)
        .order_by(col(Body.version))
    )
    return BodyTree(kind, scope, {version: (base, hash_) for version, base, hash_ in session.execute(query)})


def effective_rows(
    session: Session, line: Lineage, buckets: Collection[int] | None = None
) -> Iterator[tuple[int, str, bytes]]:
    """Yield (bucket, key, row) of everything a body holds, bucket by bucket; `buckets` limits it to some."""
    if not line.version:
        return
    statement = _newest(session, line, None if buckets is None or len(buckets) == BUCKETS else buckets)
    for part in session.execute(statement).yield_per(_FETCH).partitions():
        for bucket, key, row in part:
            if row is not None:
                yield bucket, key, row


def rows_of(session: Session, line: Lineage, keys: Collection[str]) -> dict[str, bytes]:
    """Return the rows a body holds for some keys: one index look-up per key, however large the body."""
    if not line.version or not keys:
        return {}
    wanted = rowset(session, "wanted", {"bucket": Integer(), "key": String()}, [(bucket_of(key), key) for key in keys])
    row, older = table_of(PriceRow), table_of(PriceRow).alias("older")
    newest = (
        select(func.max(older.c.version))
        .where(older.c.bucket == wanted.c.bucket, older.c.key == wanted.c.key, *line.covers(older))
        .scalar_subquery()
    )
    same_key = and_(
        row.c.kind == line.kind,
        row.c.scope == line.scope,
        row.c.bucket == wanted.c.bucket,
        row.c.key == wanted.c.key,
        row.c.version == newest,
    )
    # An outer join keeps SQLite from looking through the whole body for each of the few keys wanted.
    query = select(row.c.key, row.c.row).select_from(wanted.outerjoin(row, same_key))
    return {key: content for key, content in session.execute(query) if content is not None}


def difference(session: Session, tree: BodyTree, old: int | None, new: int | None) -> dict[str, bytes | None]:
    """Return what turns one body into another: keys with their new row, None where the key goes away.

    Only versions on one line and not on the other can hold a difference, so what is compared follows the change,
    not the size of the body.
    """
    apart = tree.line(old) ^ tree.line(new)
    if not apart:
        return {}
    touched = (
        select(col(PriceRow.key))
        .distinct()
        .where(
            col(PriceRow.kind) == tree.kind,
            col(PriceRow.scope) == tree.scope,
            col(PriceRow.version).in_(apart),
        )
    )
    keys = list(session.execute(touched).scalars())
    before = rows_of(session, tree.lineage(old), keys)
    after = rows_of(session, tree.lineage(new), keys)
    return {key: after.get(key) for key in keys if before.get(key) != after.get(key)}


def write_rows(session: Session, kind: BodyKind, scope: str, version: int, rows: Mapping[str, bytes | None]) -> None:
    """Store a version's changed rows, in the order of their index."""
    values = sorted((bucket_of(key), key) for key in rows)
    insert_tuples(
        session,
        PriceRow,
        ("kind", "scope", "bucket", "key", "version", "row"),
        [(str(kind), scope, bucket, key, version, rows[key]) for bucket, key in values],
    )


def _newest(session: Session, line: Lineage, buckets: Collection[int] | None) -> Select[tuple[int, str, bytes | None]]:
    """Select each key's newest row, in order of buckets."""
    row = table_of(PriceRow)
    query = select(row.c.bucket, row.c.key, row.c.row).where(*line.covers(row))
    if buckets is not None:
        query = query.where(row.c.bucket.in_(sorted(buckets)))
    if is_postgresql(session):
        rank = func.row_number().over(partition_by=[row.c.bucket, row.c.key], order_by=row.c.version.desc())
        ranked = query.add_columns(rank.label("rank")).subquery()
        newest = select(ranked.c.bucket, ranked.c.key, ranked.c.row).where(ranked.c.rank == 1)
        return newest.order_by(ranked.c.bucket)
    # SQLite fills the other columns from the row that holds the maximum.
    grouped = query.add_columns(func.max(row.c.version)).group_by(row.c.bucket, row.c.key).subquery()
    return select(grouped.c.bucket, grouped.c.key, grouped.c.row).order_by(grouped.c.bucket)
