"""Publishing: a draft becomes a version on the timelines of its stores; what was staged after it is rebuilt on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.audit.models import AuditEntry
from cloud.org.models import Store
from cloud.prices.approvals import check_approved, needs_second_person
from cloud.prices.drafts import DraftChanges, draft_changes, engine_needed, open_draft
from cloud.prices.engines import check_engines
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftStatus, EntryStatus, PriceDraft, PriceVersion, TimelineEntryRow, VersionStatus
from cloud.prices.placing import Change, Edit, Plan, Return, VersionFacts, place
from cloud.prices.settings import lock_publication
from cloud.prices.starting import bodies_of, start_plans
from cloud.prices.targets import resolve_targets, scopes_of
from cloud.prices.timeline import Entry, live_entries, manifests, moments, staged, withdraw_entries
from shared.body import BodyKind


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, why, and when: business time decides what is past, wall time stamps the record."""

    actor: str
    now_ms: int
    wall_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that this publication and one staged after it both change. The staged one still wins when it takes over.

    `key` is `*` where the staged one is a roll-back, which puts everything back.
    """

    version: int
    kind: str
    scope: str
    key: str
    earlier: bytes | None
    later: bytes | None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A staged version and the number that stands for it now, for these stores."""

    old: int
    new: int
    stores: list[str]


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of it: stores by new version (several where stores had different contents), and what moved."""

    version: int
    versions: dict[int, list[str]]
    conflicts: list[Conflict] = field(default_factory=list)
    rebuilt: list[Rebuilt] = field(default_factory=list)


def publish(
    session: Session,
    draft_id: str,
    act: Act,
    *,
    activates_local: datetime | None = None,
    targets: Sequence[str] | None = None,
    takes_back: bool = False,
) -> Publication:
    """Publish a draft to its stores at a local wall time, or at once (None).

    What `takes_back` something is held up by no agent whose engine went back: its tills do not sell by it anyway.

    Raise PriceRefusal when the time is past in a store, an agent's engine is too old, a change concerns no targeted
    store, or the draft is empty or closed.
    """
    lock_publication(session)
    draft = open_draft(session, draft_id)
    check_approved(session, draft_id)
    stores = _stores(session, draft, targets)
    changes = draft_changes(session, draft_id)
    _check_scopes(changes, stores)
    engine = engine_needed(changes)
    when = moments(stores, activates_local, act.now_ms)
    timelines = live_entries(session, [store.id for store in stores], act.now_ms)
    plans = start_plans(session, stores, timelines, when)
    if not changes and all(plan.previous is not None for plan in plans):
        raise PriceRefusal("empty_draft", f"draft {draft.title!r} changes nothing", [draft_id])
    later = {store: staged(entries, when[store].at_ms) for store, entries in timelines.items()}
    had = {plan.store.id: plan.engine for plan in plans}
    for plan in plans:
        plan.engine = max(plan.engine, engine)
    if not takes_back:
        check_engines(session, plans, later, had)
    conflicts = _conflicts(session, changes, plans, later)
    _set_changes(plans, {key: Edit(rows) for key, rows in changes.items()})
    versions = place(
        session,
        plans,
        VersionFacts(
            title=draft.title,
            published_by=act.actor,
            published_ms=act.wall_ms,
            activates_local="" if activates_local is None else activates_local.isoformat(),
            draft_id=draft_id,
            engine=engine,
        ),
    )
    rebuilt = rebuild(session, plans, later, act)
    draft.status = DraftStatus.PUBLISHED
    record(session, act, "prices.publish", f"version {_names(versions)}", f"{draft.title}; {len(stores)} stores")
    return Publication(min(versions), versions, conflicts, rebuilt)


def rebuild(session: Session, plans: Sequence[Plan], later: Mapping[str, Sequence[Entry]], act: Act) -> list[Rebuilt]:
    """Repeat what was staged after the plans on top of them, under new numbers, at the moments it had."""
    by_store = {plan.store.id: plan for plan in plans}
    done: list[Rebuilt] = []
    for old in sorted({entry.version for entries in later.values() for entry in entries}):
        affected = [by_store[store] for store, entries in later.items() if any(e.version == old for e in entries)]
        for plan in affected:
            plan.moment = next(entry.moment for entry in later[plan.store.id] if entry.version == old)
        source = session.get_one(PriceVersion, old)
        _repeat_changes(session, source, affected)
        placed = place(session, affected, _facts_again(source, act))
        stores = [plan.store.id for plan in affected]
        withdraw_entries(session, old, stores)
        settle_status(session, old, VersionStatus.SUPERSEDED)
        done += [Rebuilt(old, new, new_stores) for new, new_stores in placed.items()]
    return done


def settle_status(session: Session, version: int, status: VersionStatus) -> None:
    """Mark a version that stands on no timeline any more."""
    live = select(func.count()).where(
        col(TimelineEntryRow.version) == version, col(TimelineEntryRow.status) == EntryStatus.STAGED
    )
    if session.execute(live).scalar_one() == 0:
        session.get_one(PriceVersion, version).status = status
        session.flush()


def record(session: Session, act: Act, action: str, subject: str, detail: str) -> None:
    """Write a privileged act into the audit log."""
    session.add(
        AuditEntry(at_ms=act.wall_ms, actor=act.actor, action=action, subject=subject, reason=act.reason, detail=detail)
    )
    session.flush()


def _facts_again(source: PriceVersion, act: Act) -> VersionFacts:
    return VersionFacts(
        title=source.title,
        published_by=act.actor,
        published_ms=act.wall_ms,
        activates_local=source.activates_local,
        draft_id=source.draft_id,
        engine=source.engine,
        rollback_of=source.rollback_of,
        rebuilt_from=source.version,
    )


def _repeat_changes(session: Session, source: PriceVersion, plans: Sequence[Plan]) -> None:
    """Give plans the changes a staged version was made of: its draft's, or for a roll-back the content it returns."""
    if source.rollback_of is None:
        changes = {} if source.draft_id is None else draft_changes(session, source.draft_id)
        _set_changes(plans, {key: Edit(rows) for key, rows in changes.items()})
        return
    goals = manifests(session, [(plan.store.id, source.version) for plan in plans])
    for plan in plans:
        goal = bodies_of(goals[plan.store.id, source.version])
        plan.changes = {key: Return(hash_) for key, hash_ in goal.hashes.items()}


def _set_changes(plans: Sequence[Plan], changes: Mapping[tuple[BodyKind, str], Change]) -> None:
    for plan in plans:
        plan.changes = {key: changes[key] for key in scopes_of(plan.store).items() if key in changes}


def _conflicts(
    session: Session, changes: DraftChanges, plans: Sequence[Plan], later: Mapping[str, Sequence[Entry]]
) -> list[Conflict]:
    found: list[Conflict] = []
    for version in sorted({entry.version for entries in later.values() for entry in entries}):
        source = session.get_one(PriceVersion, version)
        mine = {
            key
            for plan in plans
            if any(entry.version == version for entry in later[plan.store.id])
            for key in scopes_of(plan.store).items()
            if key in changes
        }
        if source.rollback_of is not None:
            found += [Conflict(version, str(kind), scope, "*", None, None) for kind, scope in sorted(mine)]
            continue
        theirs = {} if source.draft_id is None else draft_changes(session, source.draft_id)
        for body in sorted(mine & theirs.keys()):
            both = changes[body].keys() & theirs[body].keys()
            found += [
                Conflict(version, str(body[0]), body[1], key, changes[body][key], theirs[body][key])
                for key in sorted(both)
                if changes[body][key] != theirs[body][key]
            ]
    return found


def _check_scopes(changes: DraftChanges, stores: Sequence[Store]) -> None:
    """Refuse changes that would reach nobody: most often a mistyped zone."""
    reached = {body for store in stores for body in scopes_of(store).items()}
    stray = sorted(f"{kind} of {scope!r}" for kind, scope in changes.keys() - reached)
    if stray:
        raise PriceRefusal("stray_scope", f"no targeted store sells by {', '.join(stray)}", stray)


def _stores(session: Session, draft: PriceDraft, targets: Sequence[str] | None) -> list[Store]:
    """Return whom it goes to. Others than the draft's would be more than its second person has agreed to."""
    if targets is None:
        return resolve_targets(session, draft.targets.split())
    stores = resolve_targets(session, targets)
    if needs_second_person(session):
        agreed = {store.id for store in resolve_targets(session, draft.targets.split())}
        beyond = [store.id for store in stores if store.id not in agreed]
        if beyond:
            raise PriceRefusal(
                "approved_for_others",
                f"the second person approved it for other stores: draft it anew for {', '.join(beyond[:5])}",
                beyond,
            )
    return stores


def _names(versions: Mapping[int, object]) -> str:
    return ", ".join(map(str, versions))
