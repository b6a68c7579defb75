"""Where a publication starts from in each store: the bodies it will have just before the moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.org.models import Store
from cloud.prices.models import StoreManifest
from cloud.prices.placing import BodyKey, Plan
from cloud.prices.rows import body_tree
from cloud.prices.targets import scopes_of
from cloud.prices.timeline import Entry, Moment, in_force, live_entries, manifests
from shared.body import BodyKind
from shared.wire.desired import Manifest


@dataclass(frozen=True, slots=True)
class Bodies:
    """What a store sells by: the hash of each body by its kind and scope, and the engine level they need."""

    hashes: dict[BodyKey, str]
    engine: int = 1


def start_plans(
    session: Session, stores: Sequence[Store], timelines: Mapping[str, Sequence[Entry]], when: Mapping[str, Moment]
) -> list[Plan]:
    """Return a plan per store that starts from the version in force at its moment.

    A new store, or one moved to another zone, starts from what other stores sell by at that moment.
    """
    before = {store.id: in_force(timelines[store.id], when[store.id].at_ms) for store in stores}
    known = manifests(session, [(store, entry.version) for store, entry in before.items() if entry is not None])
    plans: list[Plan] = []
    for store in stores:
        entry = before[store.id]
        start = Bodies({}) if entry is None else bodies_of(known[store.id, entry.version])
        kept = {key: start.hashes[key] for key in scopes_of(store).items() if key in start.hashes}
        plans.append(Plan(store, kept, start.engine, None if entry is None else entry.version, when[store.id]))
    _adopt_missing(session, plans)
    return plans


def bodies_of(manifest: StoreManifest) -> Bodies:
    """Return the bodies that a manifest names."""
    document = msgspec.json.decode(manifest.content, type=Manifest)
    return Bodies({(BodyKind(body.kind), body.scope): body.hash for body in document.bodies}, document.engine)


def _adopt_missing(session: Session, plans: Sequence[Plan]) -> None:
    """Give stores that lack a body the one that most other stores sell by, so that no pilot spreads by itself."""
    wanting = [plan for plan in plans if len(plan.bodies) < len(BodyKind)]
    if not wanting:
        return
    at_ms = min(plan.moment.at_ms for plan in wanting)
    elsewhere = _in_force_elsewhere(session, at_ms)
    adopted = elsewhere.hashes
    for plan in wanting:
        missing = [key for key in scopes_of(plan.store).items() if key not in plan.bodies and key in adopted]
        plan.bodies |= {key: adopted[key] for key in missing}
        plan.engine = max(plan.engine, elsewhere.engine) if missing else plan.engine


def _in_force_elsewhere(session: Session, at_ms: int) -> Bodies:
    timelines = live_entries(session, list(session.execute(select(col(Store.id))).scalars()), at_ms)
    current = [(store, entry.version) for store, entries in timelines.items() if (entry := in_force(entries, at_ms))]
    hashes: dict[BodyKey, Counter[str]] = {}
    engine = 1
    for manifest in manifests(session, current).values():
        bodies = bodies_of(manifest)
        engine = max(engine, bodies.engine)
        for key, hash_ in bodies.hashes.items():
            hashes.setdefault(key, Counter())[hash_] += 1
    return Bodies({key: _commonest(session, key, found) for key, found in hashes.items()}, engine)


def _commonest(session: Session, key: BodyKey, hashes: Counter[str]) -> str:
    if len(hashes) == 1:
        return next(iter(hashes))
    tree = body_tree(session, *key)
    return max(hashes, key=lambda hash_: (hashes[hash_], tree.version_of(hash_) or 0))
