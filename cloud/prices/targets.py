"""Who a publication is meant for: every store, a group, single stores."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.errors import NotFound
from cloud.org.models import Store, StoreGroup, StoreGroupMember
from cloud.prices.errors import PriceRefusal
from shared.body import BodyKind

CHAIN = "chain"
ALL = "all"
_TARGET = re.compile(r"^(all|(group|store):[a-z0-9-]{1,32})$")


def scopes_of(store: Store) -> dict[BodyKind, str]:
    """Return which body of each kind a store sells by."""
    return {
        BodyKind.ITEMS: CHAIN,
        BodyKind.PRICES: store.price_zone,
        BodyKind.OVERRIDES: store.id,
        BodyKind.PROMOTIONS: CHAIN,
    }


def check_targets(targets: Sequence[str]) -> None:
    """Raise PriceRefusal unless every target is `all`, `group:<id>` or `store:<id>`; whether it exists may change."""
    if not targets:
        raise PriceRefusal("no_target", "name at least one target: all, group:<id> or store:<id>")
    for target in targets:
        if not _TARGET.match(target):
            raise PriceRefusal("bad_target", f"a target is all, group:<id> or store:<id>, got {target!r}", [target])


def resolve_targets(session: Session, targets: Sequence[str]) -> list[Store]:
    """Return the stores behind `all`, `group:<id>` and `store:<id>`, by id. Raise PriceRefusal for anything else."""
    check_targets(targets)
    wanted: set[str] = set()
    for target in targets:
        wanted |= _store_ids(session, target)
    stores = session.execute(select(Store).where(col(Store.id).in_(wanted)).order_by(col(Store.id))).scalars().all()
    if not stores:
        raise PriceRefusal("no_store", f"there is no store behind {', '.join(targets)}")
    return list(stores)


def _store_ids(session: Session, target: str) -> set[str]:
    what, _, name = target.partition(":")
    if target == ALL:
        return set(session.execute(select(col(Store.id))).scalars())
    if what == "store":
        if session.get(Store, name) is None:
            raise NotFound(f"there is no store {name!r}")
        return {name}
    if session.get(StoreGroup, name) is None:
        raise NotFound(f"there is no store group {name!r}")
    members = select(col(StoreGroupMember.store_id)).where(col(StoreGroupMember.group_id) == name)
    return set(session.execute(members).scalars())
