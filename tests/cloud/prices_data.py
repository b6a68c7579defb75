"""A small chain for tests of prices: stores, drafts, and the plain-Python truth to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.fleet.models import Agent, Deployment
from cloud.org.models import LegalEntity, Store, StoreGroup, StoreGroupMember, StoreOwnership, Till
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow, create_draft, put_rows
from cloud.prices.models import StoreManifest
from cloud.prices.publish import Act, Publication, publish
from cloud.prices.rows import body_tree, effective_rows
from shared.body import BodyKind, body_hash, bucket_hashes
from shared.pricing import Item, Price
from shared.topics import shard_of
from shared.wire.desired import Manifest
from shared.wire.messages import Reported, TillReport
from tests.factories import START_MS

ACT = Act(actor="ana", now_ms=START_MS, wall_ms=START_MS, reason="test")
STORES = {"s1": "z1", "s2": "z1", "s3": "z2"}
DAY_MS = 86_400_000
_number = iter(range(1, 1_000_000))


def found_chain(session: Session, zones: Mapping[str, str] | None = None, *, time_zone: str = "Asia/Shanghai") -> None:
    """Add a legal entity, the stores by price zone, a till and an agent each, and a group of the first two stores."""
    session.add(LegalEntity(id="chain", name="Chain Ltd"))
    session.add(Deployment(incarnation=UUID(int=1), since_ms=START_MS, reason="first"))
    stores = STORES if zones is None else zones
    for number, (store, zone) in enumerate(stores.items(), start=1):
        session.add(Store(id=store, name=f"Store {number}", time_zone=time_zone, currency="CNY", price_zone=zone))
    session.add(StoreGroup(id="north", name="North"))
    session.flush()
    for store in stores:
        session.add(
            StoreOwnership(store_id=store, from_date=datetime(2020, 1, 1).date(), legal_entity_id="chain")  # noqa: DTZ001
        )
        session.add(Till(store_id=store, id="t1", number=1))
        session.add(
            Agent(id=f"{store}-a", store_id=store, shard=shard_of(f"{store}-a"), public_key=b"k", card_key=b"c",
                  enrolled_ms=START_MS)
        )  # fmt: skip
    for store in list(stores)[:2]:
        session.add(StoreGroupMember(group_id="north", store_id=store))
    session.flush()


def price(item: str, minor: int | None, scope: str = "z1", kind: BodyKind = BodyKind.PRICES) -> DraftRow:
    """A price row; None takes it away."""
    row = None if minor is None else encode_row(kind, item, Price(item=item, regular_minor=minor))
    return DraftRow(kind, scope, item, row)


def item(number: str, **facts: object) -> DraftRow:
    """An item row."""
    content = Item(item=number, names={"en": f"Item {number}"}, receipt_name=number, **facts)  # type: ignore[arg-type]
    return DraftRow(BodyKind.ITEMS, "chain", number, encode_row(BodyKind.ITEMS, number, content))


def draft_of(
    session: Session, rows: Iterable[DraftRow], targets: Iterable[str] = ("all",), title: str = "draft"
) -> str:
    """Make a draft and return its id."""
    id_ = UUID(int=next(_number))
    create_draft(session, id_, title, actor="ana", wall_ms=START_MS, targets=list(targets))
    put_rows(session, str(id_), rows, actor="ana")
    return str(id_)


def publish_rows(
    session: Session,
    rows: Iterable[DraftRow],
    targets: Iterable[str] = ("all",),
    at: str | None = None,
    act: Act = ACT,
    title: str = "draft",
) -> Publication:
    """Draft rows and publish them at a local time, or at once."""
    local = None if at is None else datetime.fromisoformat(at)
    return publish(session, draft_of(session, rows, targets, title), act, activates_local=local)


def later(ms: int) -> Act:
    """The same person, this long after the start."""
    return Act(actor="ana", now_ms=START_MS + ms, wall_ms=START_MS + ms)


def content_of(session: Session, store: str, version: int) -> dict[tuple[str, str, str], bytes]:
    """Everything a version holds in a store, read row by row and proven against the manifest's hashes."""
    manifest = session.get_one(StoreManifest, (version, store))
    found: dict[tuple[str, str, str], bytes] = {}
    for reference in msgspec.json.decode(manifest.content, type=Manifest).bodies:
        kind = BodyKind(reference.kind)
        tree = body_tree(session, kind, reference.scope)
        rows = [(key, row) for _, key, row in effective_rows(session, tree.lineage(tree.version_of(reference.hash)))]
        assert body_hash(kind, reference.scope, bucket_hashes(rows)) == reference.hash
        found |= {(reference.kind, reference.scope, key): row for key, row in rows}
    return found


def prices_in(session: Session, store: str, version: int) -> dict[str, int]:
    """The regular prices of a store's zone at a version."""
    return {
        key: msgspec.json.decode(row, type=Price).regular_minor
        for (kind, _, key), row in content_of(session, store, version).items()
        if kind == "prices"
    }


def report(session: Session, agent: str, **facts: object) -> None:
    """Let an agent have reported something."""
    version = int(facts.pop("version", 0))  # type: ignore[call-overload]
    tills = [TillReport(till="t1", version=version)] if version else []
    reported = Reported(software="1", engine=int(facts.pop("engine", 1)), tills=tills, **facts)  # type: ignore[call-overload, arg-type]
    session.get_one(Agent, agent).reported = msgspec.json.encode(reported)
    session.flush()
