"""Which members each store may know, kept up to date from what commits have noted as changed.

A store knows whoever calls it home and whoever shopped or showed a card there, most recent first, up to a bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, String, Uuid, delete, select, tuple_, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import Columns, is_postgresql, rowset, table_of, upsert_into
from cloud.loyalty import assessing
from cloud.members import dirt
from cloud.members.home_days import Days
from cloud.members.models import Member, MemberDirty, StoreMember, StoreMembers
from cloud.members.sight import Sight, look_at

AT_ONCE = 2_000
"""Notes worked off in one transaction."""
MOST_KNOWN = 200_000
"""Members one store may know."""

_COLUMNS = ("store_id", "member_id", "version", "gone", "seen_ms", "digest")


class _Place(NamedTuple):
    """A member in a store's set, as it stands."""

    version: int
    gone: bool
    seen_ms: int
    digest: bytes


_NOWHERE = _Place(version=0, gone=True, seen_ms=0, digest=b"")
_Visits = Mapping[UUID, Mapping[str, int]]


class Refreshed(NamedTuple):
    """How many notes were worked off (call again while there are any), and the stores whose sets moved by it."""

    notes: int
    stores: frozenset[str]


def refresh(
    session: Session, *, today: Days, now_ms: int = 0, at_once: int = AT_ONCE, most_known: int = MOST_KNOWN
) -> Refreshed:
    """Work off what commits have noted, at most `at_once` notes of it.

    `today` is each member's own day, or one for all of them, for tiers, and `now_ms` the machine's time. Several
    workers may do this at once: notes are taken by one of them, members are looked at one worker at a time.
    """
    assessing.turn(session, today)
    notes, visits = _take_notes(session, at_once)
    if not notes:
        return Refreshed(0, frozenset())
    _lock_members(session, visits)
    assessing.look(session, visits.keys(), today, now_ms=now_ms)
    sights = look_at(session, visits.keys(), today)
    places = _places(session, visits)
    by_store: defaultdict[str, dict[UUID, _Place]] = defaultdict(dict)
    for member, sight in sights.items():
        for store, place in _placed(sight, visits[member], places[member]):
            by_store[store][member] = place
    moved = [store for store in sorted(by_store) if _write(session, store, by_store[store], places, most_known)]
    return Refreshed(notes, frozenset(moved))


def _take_notes(session: Session, at_once: int) -> tuple[int, _Visits]:
    """Take notes nobody else is taking, and clear exactly those: a later commit's note is a row of its own."""
    dirty = table_of(MemberDirty)
    notes = session.execute(select(dirty).limit(at_once).with_for_update(skip_locked=True)).all()
    visits: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for note in notes:
        seen = visits[note.member_id]
        seen[note.store_id] = max(note.at_ms, seen.get(note.store_id, 0))
    if notes:
        shape: Columns = {"member_id": Uuid(), "commit_no": BigInteger(), "store_id": String()}
        taken = rowset(session, "taken", shape, [(note.member_id, note.commit_no, note.store_id) for note in notes])
        key = (dirty.c.member_id, dirty.c.commit_no, dirty.c.store_id)
        session.execute(delete(dirty).where(tuple_(*key).in_(select(*taken.c))))
    return len(notes), visits


def _lock_members(session: Session, members: Iterable[UUID]) -> None:
    """Let nobody else look at these members until we are through: the later look must be the later write."""
    if not is_postgresql(session):
        return
    member = table_of(Member)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    session.execute(
        select(member.c.id)
        .join(wanted, wanted.c.id == member.c.id)
        .order_by(member.c.id)
        .with_for_update(key_share=True, of=member)
    )


def _places(session: Session, members: Iterable[UUID]) -> Mapping[UUID, dict[str, _Place]]:
    place = table_of(StoreMember)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    places: defaultdict[UUID, dict[str, _Place]] = defaultdict(dict)
    for row in session.execute(select(place).join(wanted, wanted.c.id == place.c.member_id)):
        places[row.member_id][row.store_id] = _Place(row.version, row.gone, row.seen_ms, row.digest)
    return places


def _placed(sight: Sight, visits: Mapping[str, int], places: Mapping[str, _Place]) -> Iterable[tuple[str, _Place]]:
    """Say where a member belongs now: where they already are, where they shopped, and at home."""
    stores = {*places, *(store for store in visits if store != dirt.HEAD_OFFICE)}
    if sight.home_store is not None:
        stores.add(sight.home_store)
    for store in sorted(stores):
        was = places.get(store, _NOWHERE)
        seen_ms = max(was.seen_ms, visits.get(store, 0))
        came_by = store in visits or store == sight.home_store
        gone = not sight.shown or (was.gone and not came_by)
        now = _Place(was.version, gone, seen_ms, sight.digest)
        if now != was and not (gone and was is _NOWHERE):
            yield store, now


def _write(
    session: Session,
    store: str,
    placed: Mapping[UUID, _Place],
    places: Mapping[UUID, Mapping[str, _Place]],
    most_known: int,
) -> bool:
    """Write one store's changes under its lock, numbering every change that the store has to hear of."""
    version, known = _lock_set(session, store)
    first, rows = version, []
    for member, now in sorted(placed.items()):
        was = places[member].get(store, _NOWHERE) if member in places else _NOWHERE
        known += int(was.gone) - int(now.gone)
        heard = now.gone != was.gone or (not now.gone and now.digest != was.digest)
        version += heard
        rows.append((store, member, version if heard else was.version, now.gone, now.seen_ms, now.digest))
    _put(session, rows)
    if known > most_known:
        version, known = _make_room(session, store, version, known, known - most_known)
    sets = table_of(StoreMembers)
    session.execute(update(sets).where(sets.c.store_id == store).values(version=version, known=known))
    return version != first


def _lock_set(session: Session, store: str) -> tuple[int, int]:
    sets = table_of(StoreMembers)
    bulk.insert_new_tuples(session, StoreMembers, ("store_id", "version", "known"), [(store, 0, 0)])
    row = session.execute(select(sets).where(sets.c.store_id == store).with_for_update()).one()
    return row.version, row.known


def _put(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    statement = upsert_into(session, StoreMember)
    replaced = {column: statement.excluded[column] for column in _COLUMNS[2:]}
    session.execute(
        statement.on_conflict_do_update(index_elements=["store_id", "member_id"], set_=replaced),
        [dict(zip(_COLUMNS, row, strict=True)) for row in rows],
    )


def _make_room(session: Session, store: str, version: int, known: int, surplus: int) -> tuple[int, int]:
    """Let a store forget those it has not seen for longest."""
    place = table_of(StoreMember)
    longest_absent = session.execute(
        select(place)
        .where(place.c.store_id == store, ~place.c.gone)
        .order_by(place.c.seen_ms, place.c.member_id)
        .limit(surplus)
    ).all()
    rows = [
        (store, row.member_id, version + n, True, row.seen_ms, row.digest)
        for n, row in enumerate(longest_absent, start=1)
    ]
    _put(session, rows)
    return version + len(rows), known - len(rows)


def forget(session: Session, store: str, member: UUID) -> None:
    """Have a store that never knew a member forget them all the same: it may keep a slip that they signed there."""
    if session.get(StoreMember, (store, member)) is not None:
        return  # whoever it knows it forgets with the next refresh
    version, known = _lock_set(session, store)
    _put(session, [(store, member, version + 1, True, 0, b"")])
    sets = table_of(StoreMembers)
    session.execute(update(sets).where(sets.c.store_id == store).values(version=version + 1, known=known))


def touch(session: Session, store: str, members: Iterable[UUID]) -> None:
    """Have one store hear again of members it knows, although nothing that all stores see has changed."""
    version, known = _lock_set(session, store)
    place = table_of(StoreMember)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    rows = session.execute(
        select(place)
        .join(wanted, wanted.c.id == place.c.member_id)
        .where(place.c.store_id == store, ~place.c.gone)
        .order_by(place.c.member_id)
    ).all()
    _put(
        session,
        [(store, row.member_id, version + n, row.gone, row.seen_ms, row.digest) for n, row in enumerate(rows, start=1)],
    )
    sets = table_of(StoreMembers)
    session.execute(update(sets).where(sets.c.store_id == store).values(version=version + len(rows), known=known))
