"""What an agent should run: its store's settings and price timeline, and the deltas that lead there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.fleet.models import Agent, Deployment
from cloud.fleet.terminals import terminals_by_store
from cloud.loyalty import points_rules
from cloud.loyalty.rules import tier_names as tier_names_of
from cloud.org import entities
from cloud.org.devices import by_till
from cloud.org.models import LegalEntity, Store, StoreOwnership, Till
from cloud.prices.bodies import BodyFiles, delta_name
from cloud.prices.codes import code_settings
from cloud.prices.settings import reported_numbers, till_settings
from cloud.prices.timeline import Entry, in_force, live_entries, manifests, staged
from cloud.store_days.policies import policies_of
from cloud.store_days.staff import card_salt, staff_of
from shared.calendar import business_date
from shared.wire.desired import DesiredState, Manifest, ReceiptSettings, StoreSettings, TerminalSettings, TimelineEntry
from shared.wire.desired import Till as WireTill
from shared.wire.events import TillKind
from shared.wire.messages import Reported

DELTA_LIMIT_BYTES = 160 * 1024
_manifest = msgspec.json.Decoder(Manifest)


def desired_document(session: Session, agent: Agent, now_ms: int) -> DesiredState | None:
    """Return what an agent should run at a moment of business time, with serial 0, to be numbered and signed.

    None while this deployment has no identity or the agent's store is not known.
    """
    return desired_documents(session, [agent], now_ms).get(agent.id)


def desired_documents(session: Session, agents: Sequence[Agent], now_ms: int) -> dict[str, DesiredState]:
    """Return what each of these agents should run, by agent, in as many queries as for one."""
    deployment = session.get(Deployment, 1)
    wanted = {agent.store_id for agent in agents}
    stores = list(session.execute(select(Store).where(col(Store.id).in_(wanted))).scalars())
    if deployment is None or not stores:
        return {}
    settings = _settings(session, stores, now_ms)
    timelines = _timelines(session, settings.keys(), now_ms)
    return {
        agent.id: DesiredState(
            agent=agent.id,
            incarnation=deployment.incarnation,
            serial=0,
            settings=settings[agent.store_id],
            timeline=timelines[agent.store_id],
        )
        for agent in agents
        if agent.store_id in settings
    }


def _timelines(session: Session, stores: Collection[str], now_ms: int) -> dict[str, list[TimelineEntry]]:
    """Return, per store, the entry in force and those staged after it, in order."""
    current: dict[str, list[Entry]] = {}
    for store, entries in live_entries(session, stores, now_ms).items():
        first = in_force(entries, now_ms)
        current[store] = [*([] if first is None else [first]), *staged(entries, now_ms)]
    rows = manifests(session, [(store, entry.version) for store, entries in current.items() for entry in entries])
    return {
        store: [
            TimelineEntry(
                version=entry.version,
                manifest=msgspec.Raw(rows[store, entry.version].content),
                hash=rows[store, entry.version].hash,
                activates_ms=entry.moment.at_ms,
                activates_local=entry.moment.local,
            )
            for entry in entries
        ]
        for store, entries in current.items()
    }


def _settings(session: Session, stores: Sequence[Store], now_ms: int) -> dict[str, StoreSettings]:
    """Return, per store, what its agents are told about it."""
    chain = till_settings(session)
    codes = code_settings(session)
    how = policies_of(session, [store.id for store in stores])
    people = staff_of(session, [store.id for store in stores])
    salt = card_salt(session)
    tier_names = tier_names_of(session)
    rules = points_rules.published(session)
    owners = _legal_entities(session, stores, now_ms)
    issuers = {one.id: one.name for one in session.execute(select(LegalEntity)).scalars()} if owners else {}
    ids = [store.id for store in stores]
    bound = by_till(session, ids)
    terminals = terminals_by_store(session, ids)
    tills: defaultdict[str, list[WireTill]] = defaultdict(list)
    query = select(Till).where(col(Till.store_id).in_(ids)).order_by(col(Till.store_id), col(Till.number))
    for till in session.execute(query).scalars():
        devices = bound.get((till.store_id, till.id), [])
        tills[till.store_id].append(
            WireTill(till=till.id, number=till.number, kind=TillKind(till.kind), devices=devices)
        )
    return {
        store.id: StoreSettings(
            store=store.id,
            name=store.name,
            legal_entity=owners.get(store.id, ""),
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
            tills=tills[store.id],
            policies=how[store.id],
            staff=people.get(store.id, []),
            staff_card_salt=salt,
            labels=codes.labels,
            recalls=codes.recalls,
            member_code_keys=codes.member_code_keys,
            tier_names=tier_names,
            points_rules=points_rules.of_day(rules, _today(store, now_ms)),
            receipt=_receipt(chain.receipt, store, issuers.get(owners.get(store.id, ""))),
            terminals=terminals.get(store.id, TerminalSettings()),
        )
        for store in stores
    }


def _receipt(said: ReceiptSettings, store: Store, issuer: str | None) -> ReceiptSettings:
    """Return what a store's receipts say: the chain's words, issued by whoever owns the store (None: nobody)."""
    owner = "" if issuer is None else entities.on_receipts(issuer, said.languages or [store.locale])
    return msgspec.structs.replace(said, legal_name=said.legal_name or owner)


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
    timeline = _timelines(session, [agent.store_id], now_ms)[agent.store_id]
    return deltas_along(session, timeline, reported, files, limit_bytes=limit_bytes)


def deltas_along(
    session: Session,
    timeline: Sequence[TimelineEntry],
    reported: Reported,
    files: BodyFiles,
    *,
    limit_bytes: int = DELTA_LIMIT_BYTES,
) -> list[bytes]:
    """Return the same for a timeline that is at hand already."""
    found: list[bytes] = []
    for base, hash_ in _steps(timeline, reported):
        delta = files.opened(session, delta_name(base, hash_))
        if delta is not None and len(delta) <= limit_bytes:
            limit_bytes -= len(delta)
            found.append(delta)
    return found


def _steps(timeline: Sequence[TimelineEntry], reported: Reported) -> list[tuple[str, str]]:
    """Return (base, hash) of every body that changes on the way through the versions an agent lacks."""
    held = set(reported_numbers(reported))
    newest = reported.body_hashes
    at: dict[tuple[str, str], str] = {}
    steps: list[tuple[str, str]] = []
    for entry in timeline:
        bodies = {(body.kind, body.scope): body.hash for body in _manifest.decode(bytes(entry.manifest)).bodies}
        for key, hash_ in bodies.items():
            base = at.get(key) or newest.get(f"{key[0]}/{key[1]}", "")
            if entry.version not in held and base and base != hash_:
                steps.append((base, hash_))
        at = bodies
    return list(dict.fromkeys(steps))


def _today(store: Store, now_ms: int) -> date:
    """Return a store's business date."""
    return business_date(now_ms, ZoneInfo(store.time_zone), store.day_cutoff_minutes)


def _legal_entities(session: Session, stores: Sequence[Store], now_ms: int) -> dict[str, str]:
    """Return the entity each store belongs to on its business date; none before the first."""
    today = {store.id: _today(store, now_ms) for store in stores}
    query = (
        select(StoreOwnership).where(col(StoreOwnership.store_id).in_(today)).order_by(col(StoreOwnership.from_date))
    )
    rows = session.execute(query).scalars()
    return {row.store_id: row.legal_entity_id for row in rows if row.from_date <= today[row.store_id]}
