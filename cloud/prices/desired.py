"""What an agent should run: its store's settings and price timeline, and the deltas that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.fleet.models import Agent, Deployment
from cloud.org.models import Store, StoreOwnership, Till
from cloud.prices.bodies import BodyFiles, delta_name
from cloud.prices.placing import BodyKey
from cloud.prices.settings import reported_numbers, till_settings
from cloud.prices.starting import bodies_of
from cloud.prices.timeline import Entry, in_force, live_entries, manifests, staged
from shared.calendar import business_date
from shared.wire.desired import DesiredState, StoreSettings, TimelineEntry
from shared.wire.desired import Till as WireTill
from shared.wire.events import TillKind
from shared.wire.messages import Reported

DELTA_LIMIT_BYTES = 160 * 1024


def desired_document(session: Session, agent: Agent, now_ms: int) -> DesiredState | None:
    """Return what an agent should run at a moment of business time, with serial 0, to be numbered and signed.

    None while this deployment has no identity or the agent's store is not known.
    """
    deployment, store = session.get(Deployment, 1), session.get(Store, agent.store_id)
    if deployment is None or store is None:
        return None
    entries = current_entries(session, store.id, now_ms)
    rows = manifests(session, [(store.id, entry.version) for entry in entries])
    timeline = [
        TimelineEntry(
            version=entry.version,
            manifest=msgspec.Raw(rows[store.id, entry.version].content),
            hash=rows[store.id, entry.version].hash,
            activates_ms=entry.moment.at_ms,
            activates_local=entry.moment.local,
        )
        for entry in entries
    ]
    return DesiredState(
        agent=agent.id,
        incarnation=deployment.incarnation,
        serial=0,
        settings=store_settings(session, store, now_ms),
        timeline=timeline,
    )


def current_entries(session: Session, store: str, now_ms: int) -> list[Entry]:
    """Return the entry in force in a store and those staged after it, in order."""
    entries = live_entries(session, [store], now_ms)[store]
    current = in_force(entries, now_ms)
    return [*([] if current is None else [current]), *staged(entries, now_ms)]


def store_settings(session: Session, store: Store, now_ms: int) -> StoreSettings:
    """Return what a store's agent is told about its store."""
    chain = till_settings(session)
    tills = session.execute(select(Till).where(col(Till.store_id) == store.id).order_by(col(Till.number))).scalars()
    return StoreSettings(
        store=store.id,
        name=store.name,
        legal_entity=_legal_entity(session, store, now_ms),
        time_zone=store.time_zone,
        currency=store.currency,
        exponent=store.exponent,
        tax_mode=store.tax_mode,
        locale=store.locale,
        day_cutoff_minutes=store.day_cutoff_minutes,
        price_zone=store.price_zone,
        card_prefixes=chain.card_prefixes,
        card_digits=chain.card_digits,
        retain_days=chain.retain_days,
        outbox_budget_bytes=chain.outbox_budget_bytes,
        tills=[WireTill(till=till.id, number=till.number, kind=TillKind(till.kind)) for till in tills],
    )


def deltas_for(
    session: Session,
    agent: Agent,
    reported: Reported,
    now_ms: int,
    files: BodyFiles,
    *,
    limit_bytes: int = DELTA_LIMIT_BYTES,
) -> list[bytes]:
    """Return the delta files (uncompressed) that an agent needs to reach its timeline, as far as they fit a message.

    They form chains from the bodies the agent holds, version by version; what does not fit it fetches by HTTPS.
    """
    steps = _steps(session, current_entries(session, agent.store_id, now_ms), agent.store_id, reported)
    found: list[bytes] = []
    for base, hash_ in steps:
        delta = files.opened(session, delta_name(base, hash_))
        if delta is not None and len(delta) <= limit_bytes:
            limit_bytes -= len(delta)
            found.append(delta)
    return found


def _steps(session: Session, entries: Sequence[Entry], store: str, reported: Reported) -> list[tuple[str, str]]:
    """Return (base, hash) of every body that changes on the way through the versions an agent lacks."""
    held = set(reported_numbers(reported))
    rows = manifests(session, [(store, entry.version) for entry in entries])
    newest = reported.body_hashes
    at: dict[BodyKey, str] = {}
    steps: list[tuple[str, str]] = []
    for entry in entries:
        bodies, _ = bodies_of(rows[store, entry.version])
        for key, hash_ in bodies.items():
            base = at.get(key) or newest.get(f"{key[0]}/{key[1]}", "")
            if entry.version not in held and base and base != hash_:
                steps.append((base, hash_))
        at = bodies
    return list(dict.fromkeys(steps))


def _legal_entity(session: Session, store: Store, now_ms: int) -> str:
    """Return the entity a store belongs to on its business date, '' before the first."""
    today = business_date(now_ms, ZoneInfo(store.time_zone), store.day_cutoff_minutes)
    query = (
        select(col(StoreOwnership.legal_entity_id))
        .where(col(StoreOwnership.store_id) == store.id, col(StoreOwnership.from_date) <= today)
        .order_by(col(StoreOwnership.from_date).desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none() or ""
