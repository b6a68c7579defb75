"""The chain's shape as service functions: legal entities, stores, tills, groups."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import available_timezones

from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound
from cloud.org.entities import UNNAMED
from cloud.org.models import LegalEntity, Store, StoreGroup, StoreGroupMember, StoreOwnership, Till
from shared.ids import check_slug
from shared.wire.events import TillKind

DEFAULT_ENTITY = "main"
OWNERSHIPS = ("direct", "franchise")
_CURRENCY = re.compile(r"[A-Z]{3}")
_FIRST_DAY = date(2000, 1, 1)


def called(text: str) -> SelectOfScalar[str]:
    """Return the query for the ids of stores that somebody means who types an id or a whole name."""
    name = func.lower(col(Store.name)) == text.strip().lower()
    return select(col(Store.id)).where(or_(col(Store.id) == text.strip(), name))


def add_entity(session: Session, entity: str, name: str) -> LegalEntity:
    """Add a legal entity, the issuer of its stores' receipts."""
    row = LegalEntity(id=_slug(entity, "legal entity"), name=_name(name))
    if session.get(LegalEntity, row.id):
        raise Conflict(f"legal entity {row.id!r} exists")
    session.add(row)
    session.flush()
    return row


def add_store(
    session: Session,
    store: Store,
    *,
    entity: str = DEFAULT_ENTITY,
    ownership: str = "direct",
    actor: str,
    now_ms: int,
) -> Store:
    """Add a store that belongs to a legal entity (the default one is made on first use)."""
    _check_store(store)
    if session.get(Store, store.id):
        raise Conflict(f"store {store.id!r} exists")
    if ownership not in OWNERSHIPS:
        raise Invalid(f"a store is {' or '.join(OWNERSHIPS)}, not {ownership!r}")
    if session.get(LegalEntity, entity) is None:
        if entity != DEFAULT_ENTITY:
            raise NotFound(f"there is no legal entity {entity!r}")
        session.add(LegalEntity(id=DEFAULT_ENTITY, name=UNNAMED))
        session.flush()
    session.add(store)
    session.flush()
    session.add(StoreOwnership(store_id=store.id, from_date=_FIRST_DAY, legal_entity_id=entity, kind=ownership))
    audit.record(session, at_ms=now_ms, actor=actor, action="store.add", subject=store.id)
    session.flush()
    return store


def add_till(
    session: Session, store: str, till: str, *, number: int, kind: str = "staffed", actor: str, now_ms: int
) -> Till:
    """Add a till to a store; its number is what people call it and is the store's own."""
    find_store(session, store)
    if kind not in {str(known) for known in TillKind}:
        raise Invalid(f"till kind is one of {', '.join(TillKind)}, not {kind!r}")
    if not 1 <= number <= 999:
        raise Invalid(f"till number must be from 1 to 999, got {number}")
    taken = session.exec(select(Till).where(Till.store_id == store, Till.number == number)).first()
    if session.get(Till, (store, till)) or taken:
        raise Conflict(f"store {store!r} has a till {till!r} or a till number {number}")
    row = Till(store_id=store, id=_slug(till, "till"), number=number, kind=kind)
    session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="till.add", subject=f"{store}/{till}")
    session.flush()
    return row


def add_group(session: Session, group: str, name: str, members: list[str]) -> StoreGroup:
    """Add a named set of stores."""
    row = StoreGroup(id=_slug(group, "store group"), name=_name(name))
    if session.get(StoreGroup, row.id):
        raise Conflict(f"store group {row.id!r} exists")
    session.add(row)
    session.flush()
    for member in members:
        find_store(session, member)
        session.add(StoreGroupMember(group_id=row.id, store_id=member))
    session.flush()
    return row


def find_store(session: Session, store: str) -> Store:
    """Return a store. Raise NotFound."""
    found = session.get(Store, store)
    if found is None:
        raise NotFound(f"there is no store {store!r}")
    return found


def stores(session: Session) -> list[Store]:
    """Return every store, by id."""
    return list(session.exec(select(Store).order_by(col(Store.id))))


def tills(session: Session, store: str) -> list[Till]:
    """Return a store's tills, by number."""
    return list(session.exec(select(Till).where(Till.store_id == store).order_by(col(Till.number))))


def _check_store(store: Store) -> None:
    _slug(store.id, "store")
    _name(store.name)
    _slug(store.price_zone, "price zone")
    if store.time_zone not in available_timezones():
        raise Invalid(f"there is no time zone {store.time_zone!r}; it is written like Asia/Shanghai")
    if not _CURRENCY.fullmatch(store.currency):
        raise Invalid(f"currency must be three capital letters (ISO 4217), got {store.currency!r}")
    if not 0 <= store.exponent <= 4:
        raise Invalid(f"currency exponent must be from 0 to 4, got {store.exponent}")
    if store.tax_mode != "inclusive":
        raise Invalid("tax mode must be 'inclusive': prices include tax")
    if store.locale not in {"en", "zh"}:
        raise Invalid(f"locale must be 'en' or 'zh', got {store.locale!r}")
    if not 0 <= store.day_cutoff_minutes < 24 * 60:
        raise Invalid("day cut-off must be from 0 to 1439 minutes after midnight")


def _slug(text: str, what: str) -> str:
    try:
        return check_slug(text, what)
    except ValueError as error:
        raise Invalid(str(error)) from None


def _name(text: str) -> str:
    if not text.strip() or len(text) > 200:
        raise Invalid("a name has 1 to 200 characters")
    return text


def house_money(session: Session) -> tuple[str, int]:
    """Return the money in which the chain's sums are written, that of its first store: (currency, exponent)."""
    first = session.exec(select(Store).order_by(col(Store.id)).limit(1)).first()
    return (first.currency, first.exponent) if first else ("", 2)
