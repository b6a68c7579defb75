"""Going back: a roll-back is a new number with old content; withdrawing takes back what is only staged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.errors import NotFound
from cloud.org.models import Store
from cloud.prices.adoption import reported_versions
from cloud.prices.engines import check_engines
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import EntryStatus, PriceVersion, StoreManifest, TimelineEntryRow, VersionStatus
from cloud.prices.placing import Plan, Return, VersionFacts, place
from cloud.prices.publish import Act, Publication, Rebuilt, rebuild, record, settle_status
from cloud.prices.settings import lock_publication
from cloud.prices.starting import bodies_of, start_plans
from cloud.prices.targets import resolve_targets, scopes_of
from cloud.prices.timeline import Entry, Moment, in_force, live_entries, manifests, moments, staged, withdraw_entries

Timelines = Mapping[str, Sequence[Entry]]
"""What each store sells by and will."""


def get_version(session: Session, version: int) -> PriceVersion:
    """Return a version. Raise NotFound."""
    found = session.get(PriceVersion, version)
    if found is None:
        raise NotFound(f"there is no version {version}")
    return found


def rollback(
    session: Session,
    version: int,
    act: Act,
    *,
    targets: Sequence[str] = ("all",),
    activates_local: datetime | None = None,
) -> Publication:
    """Bring stores back to the content they had with a version, at a local time or at once, under a new number.

    A store that skipped the version goes back to what it sold by then. What is staged later is rebuilt on top.
    Raise PriceRefusal when a store never had it, or an agent's engine is too old for what its store is to sell by.
    """
    lock_publication(session)
    source = get_version(session, version)
    stores = resolve_targets(session, targets)
    when = moments(stores, activates_local, act.now_ms)
    goals = _had_with(session, version, stores, act.now_ms)
    timelines = live_entries(session, [store.id for store in stores], act.now_ms)
    plans = start_plans(session, stores, timelines, when)
    had = {plan.store.id: plan.engine for plan in plans}
    for plan in plans:
        _return_to(plan, goals[plan.store.id])
    later = {store: staged(entries, when[store].at_ms) for store, entries in timelines.items()}
    check_engines(session, plans, later, had)
    versions = place(
        session,
        plans,
        VersionFacts(
            title=source.title,
            published_by=act.actor,
            published_ms=act.wall_ms,
            activates_local="" if activates_local is None else activates_local.isoformat(),
            rollback_of=version,
        ),
    )
    rebuilt = rebuild(session, plans, later, act)
    names = ", ".join(map(str, versions))
    record(session, act, "prices.rollback", f"version {names}", f"back to {version}; {len(stores)} stores")
    return Publication(min(versions), versions, [], rebuilt)


def withdraw(session: Session, version: int, act: Act, *, targets: Sequence[str] | None = None) -> list[Rebuilt]:
    """Take a staged version back from stores (all that have it by default) and rebuild what was staged after it.

    An agent whose engine is too old for those does not hold it up: nothing gets worse for it.
    Raise PriceRefusal when it is already in force in one of them, by HQ's time or by what its tills report: then a
    roll-back is the way.
    """
    lock_publication(session)
    get_version(session, version)
    everywhere = select(col(TimelineEntryRow.store_id)).where(
        col(TimelineEntryRow.version) == version, col(TimelineEntryRow.status) == EntryStatus.STAGED
    )
    having = set(session.execute(everywhere).scalars())
    wanted = (
        resolve_targets(session, [f"store:{store}" for store in sorted(having)] if targets is None else targets)
        if having
        else []
    )
    stores = [store for store in wanted if store.id in having]
    if not stores:
        raise PriceRefusal("not_staged", f"version {version} is staged in none of these stores", [str(version)])
    timelines = live_entries(session, [store.id for store in stores])
    when = {store.id: next(e.moment for e in timelines[store.id] if e.version == version) for store in stores}
    _refuse_in_force(session, version, timelines, when, act.now_ms)
    withdraw_entries(session, version, [store.id for store in stores])
    settle_status(session, version, VersionStatus.WITHDRAWN)
    left = {store: [entry for entry in entries if entry.version != version] for store, entries in timelines.items()}
    later = {store: [entry for entry in entries if entry.version > version] for store, entries in left.items()}
    rest = [store for store in stores if later[store.id]]
    earlier = {store: [entry for entry in entries if entry.version < version] for store, entries in left.items()}
    rebuilt = rebuild(session, start_plans(session, rest, earlier, when), later, act) if rest else []
    record(session, act, "prices.withdraw", f"version {version}", f"{len(stores)} stores")
    return rebuilt


def _refuse_in_force(
    session: Session, version: int, timelines: Timelines, when: Mapping[str, Moment], now_ms: int
) -> None:
    """Raise PriceRefusal when stores sell by a version: by HQ's time, or a till whose clock is ahead says so."""
    begun = sorted(store for store, moment in when.items() if moment.at_ms <= now_ms)
    if begun:
        raise PriceRefusal(
            "already_active",
            f"version {version} is already in force in {', '.join(begun)}: roll back to an earlier one instead",
            begun,
        )
    selling = sorted({till.store for till in reported_versions(session, now_ms, list(when)) if till.runs == version})
    if selling:
        raise PriceRefusal(
            "already_active",
            f"tills in {', '.join(selling)} already sell by version {version}: "
            f"{_way_back(selling, timelines, now_ms)}, and withdraw the version that this stages anew",
            selling,
        )


def _way_back(stores: Sequence[str], timelines: Timelines, now_ms: int) -> str:
    """Return in words the roll-backs that bring stores back to what they should sell by now."""
    together: defaultdict[int, list[str]] = defaultdict(list)
    for store in stores:
        if current := in_force(timelines[store], now_ms):
            together[current.version].append(f"--target store:{store}")
    commands = [f"`storewire-cloud prices rollback {number} {' '.join(ways)}`" for number, ways in together.items()]
    return f"roll back with {' and '.join(commands)}" if commands else "publish the right prices first"


def _return_to(plan: Plan, goal: StoreManifest) -> None:
    """Have every body of the plan go back to a manifest's; a body the manifest does not know stays."""
    bodies = bodies_of(goal)
    plan.changes = {
        key: Return(bodies.hashes[key])
        for key in scopes_of(plan.store).items()
        if bodies.hashes.get(key, plan.has(key)) != plan.has(key)
    }
    plan.engine = bodies.engine


def _had_with(session: Session, version: int, stores: Sequence[Store], now_ms: int) -> dict[str, StoreManifest]:
    """Return each store's manifest of the version, or of the last one that was in force there before it."""
    live = (
        select(col(TimelineEntryRow.store_id), func.max(col(TimelineEntryRow.version)))
        .where(
            col(TimelineEntryRow.store_id).in_([store.id for store in stores]),
            col(TimelineEntryRow.version) <= version,
            col(TimelineEntryRow.status) == EntryStatus.STAGED,
            col(TimelineEntryRow.activates_ms) <= now_ms,
        )
        .group_by(col(TimelineEntryRow.store_id))
    )
    found = {row[0]: row[1] for row in session.execute(live)}
    if version not in found.values():
        raise PriceRefusal(
            "never_in_force",
            f"version {version} was never in force in these stores: choose one that was",
            [str(version)],
        )
    missing = sorted(store.id for store in stores if store.id not in found)
    if missing:
        raise PriceRefusal(
            "never_had", f"{', '.join(missing)} sold by nothing yet when version {version} was made", missing
        )
    return {store: row for (store, _), row in manifests(session, list(found.items())).items()}
