"""Making versions: changes onto what each store has, under as few numbers as the stores' contents allow.

Stores that start from the same bodies share a number. Where a pilot has left two stores of a zone with different
prices, a change for both becomes two versions, so that neither store gets what was never meant for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby

import msgspec
from sqlalchemy import insert
from sqlmodel import Session

from cloud.org.models import Store
from cloud.prices.models import Body, PriceVersion, StoreManifest
from cloud.prices.rows import BodyTree, body_tree, difference, effective_rows, write_rows
from cloud.prices.settings import next_version
from cloud.prices.targets import scopes_of
from cloud.prices.timeline import Moment, add_entries
from shared.body import BUCKETS, BodyKind, body_hash, bucket_hash, bucket_of, empty_hash
from shared.wire.desired import BodyReference, Manifest

BodyKey = tuple[BodyKind, str]
_HASH_BYTES = 32


@dataclass(frozen=True, eq=False, slots=True)
class Edit:
    """Rows to put onto a body, None to take a key away. Equal only to itself."""

    rows: Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Return:
    """A body goes back to content it had before, named by hash."""

    hash: str


Change = Edit | Return


@dataclass(slots=True)
class Plan:
    """One store in a publication: what it has (`bodies`, hash by body), what changes, when."""

    store: Store
    bodies: dict[BodyKey, str]
    engine: int
    previous: int | None
    moment: Moment
    changes: dict[BodyKey, Change] = field(default_factory=dict)

    def has(self, key: BodyKey) -> str:
        """Return the hash of a body as this store has it."""
        return self.bodies.get(key) or empty_hash(*key)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What a version says about itself, beside its content."""

    title: str
    published_by: str
    published_ms: int
    activates_local: str = ""
    draft_id: str | None = None
    engine: int = 1
    rollback_of: int | None = None
    rebuilt_from: int | None = None


@dataclass(slots=True)
class _Lane:
    """Stores whose touched bodies start and change alike, and so share a version."""

    steps: dict[BodyKey, tuple[str, Change]] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def takes(self, plan: Plan) -> bool:
        steps = {key: (plan.has(key), change) for key, change in plan.changes.items()}
        if any(self.steps.get(key, step) != step for key, step in steps.items()):
            return False
        self.steps |= steps
        self.plans.append(plan)
        return True


def place(session: Session, plans: Sequence[Plan], facts: VersionFacts) -> dict[int, list[str]]:
    """Write the versions that bring each plan's changes to its store; return the stores by version.

    Each plan's `bodies`, `engine` and `previous` then say what the store has with it.
    """
    lanes: list[_Lane] = []
    for plan in plans:
        if not any(lane.takes(plan) for lane in lanes):
            lanes.append(_Lane())
            lanes[-1].takes(plan)
    return {_place_lane(session, lane, facts): [plan.store.id for plan in lane.plans] for lane in lanes}


def _place_lane(session: Session, lane: _Lane, facts: VersionFacts) -> int:
    version = next_version(session)
    made = {key: make_body(session, key, *step, version) for key, step in lane.steps.items()}
    changed = sum(rows for _, rows in made.values())
    for plan in lane.plans:
        plan.bodies |= {key: made[key][0] for key in plan.changes}
        plan.engine = max(plan.engine, facts.engine)
    session.add(
        PriceVersion(
            version=version,
            title=facts.title,
            parent=max((plan.previous for plan in lane.plans if plan.previous is not None), default=None),
            draft_id=facts.draft_id,
            published_by=facts.published_by,
            published_ms=facts.published_ms,
            activates_local=facts.activates_local,
            engine=max(plan.engine for plan in lane.plans),
            changed_rows=changed,
            rollback_of=facts.rollback_of,
            rebuilt_from=facts.rebuilt_from,
        )
    )
    session.flush()
    _write_manifests(session, version, lane.plans)
    add_entries(session, version, {plan.store.id: plan.moment for plan in lane.plans})
    for plan in lane.plans:
        plan.previous = version
    return version


def _write_manifests(session: Session, version: int, plans: Iterable[Plan]) -> None:
    rows: list[dict[str, object]] = []
    for plan in plans:
        references = [
            BodyReference(kind=str(kind), scope=scope, hash=plan.has((kind, scope)))
            for kind, scope in scopes_of(plan.store).items()
        ]
        content = msgspec.json.encode(
            Manifest(version=version, store=plan.store.id, engine=plan.engine, bodies=sorted(references))
        )
        rows.append(
            {
                "version": version,
                "store_id": plan.store.id,
                "content": content,
                "hash": sha256(content).hexdigest(),
            }
        )
    session.execute(insert(StoreManifest), rows)


def make_body(session: Session, key: BodyKey, base_hash: str, change: Change, version: int) -> tuple[str, int]:
    """Write a body's changed rows at a version; return its hash and their number. No change, nothing written.

    The version is one that this body has not had; bodies outside price books count their own.
    """
    kind, scope = key
    tree = body_tree(session, kind, scope)
    base = tree.version_of(base_hash)
    if isinstance(change, Return):
        goal = tree.version_of(change.hash)
        rows = difference(session, tree, base, goal)
        buckets = _stored_buckets(session, key, goal)
    else:
        rows, buckets = _edited(session, tree, base, change.rows)
    if not rows:
        return base_hash, 0
    hash_ = body_hash(kind, scope, buckets)
    write_rows(session, kind, scope, version, rows)
    session.add(Body(kind=kind, scope=scope, version=version, base=base, hash=hash_, buckets=b"".join(buckets)))
    session.flush()
    return hash_, len(rows)


def _edited(
    session: Session, tree: BodyTree, base: int | None, rows: Mapping[str, bytes | None]
) -> tuple[dict[str, bytes | None], list[bytes]]:
    """Return the rows that really change and the bucket hashes after them; untouched buckets are not read."""
    edits: dict[int, dict[str, bytes | None]] = {}
    for key, row in rows.items():
        edits.setdefault(bucket_of(key), {})[key] = row
    buckets = _stored_buckets(session, (tree.kind, tree.scope), base)
    changed: dict[str, bytes | None] = {}
    present = effective_rows(session, tree.lineage(base), edits)
    for bucket, group in groupby(present, key=lambda found: found[0]):
        before = {key: row for _, key, row in group}
        changed |= _rehash(bucket, before, edits.pop(bucket), buckets)
    for bucket, wanted in edits.items():
        changed |= _rehash(bucket, {}, wanted, buckets)
    return changed, buckets


def _rehash(
    bucket: int, before: dict[str, bytes], wanted: Mapping[str, bytes | None], buckets: list[bytes]
) -> dict[str, bytes | None]:
    """Put wanted rows onto one bucket, replace its hash, and return what really changed."""
    changed = {key: row for key, row in wanted.items() if before.get(key) != row}
    if changed:
        after = before | changed
        buckets[bucket] = bucket_hash((key, row) for key, row in after.items() if row is not None)
    return changed


def _stored_buckets(session: Session, key: BodyKey, version: int | None) -> list[bytes]:
    if version is None:
        return [bytes(_HASH_BYTES)] * BUCKETS
    body = session.get_one(Body, (str(key[0]), key[1], version))
    return [body.buckets[start : start + _HASH_BYTES] for start in range(0, len(body.buckets), _HASH_BYTES)]
