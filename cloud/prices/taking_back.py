"""Taking one price change back: its own rows become what they were before it; what others changed since stays.

What waits is withdrawn. Where it is in force, the earlier rows are published anew, as drafts of their own with their
own labels. A row that a later publication changed is no longer this change's, and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.prices import approvals, revert
from cloud.prices.drafts import DraftChanges, DraftRow, create_draft, draft_changes, get_draft, put_rows
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftStatus, EntryStatus, PriceDraft, PriceVersion, StoreManifest, TimelineEntryRow
from cloud.prices.placing import BodyKey
from cloud.prices.publish import Act, publish, record
from cloud.prices.rows import body_tree, rows_of
from cloud.prices.settings import lock_publication
from cloud.prices.starting import bodies_of
from cloud.prices.targets import scopes_of
from cloud.prices.timeline import Entry, in_force, live_entries, manifests

_LOOKED_AT = 200


@dataclass(slots=True)
class TakenBack:
    """What came of it."""

    withdrawn: list[int] = field(default_factory=list)
    """Versions that waited."""
    drafts: list[str] = field(default_factory=list)
    """The price changes that brought earlier rows back; several where stores sold by different ones."""
    restored: int = 0
    """Rows; those that a later publication had changed are left alone."""


@dataclass(slots=True)
class _Group:
    """Stores in which the same rows come back."""

    stores: list[str]
    rows: DraftChanges


def standing(session: Session, draft_id: str) -> list[TimelineEntryRow]:
    """Return where the versions of a draft stand on timelines, whatever took over since."""
    query = (
        select(TimelineEntryRow)
        .join(PriceVersion, col(PriceVersion.version) == col(TimelineEntryRow.version))
        .where(col(PriceVersion.draft_id) == draft_id, col(TimelineEntryRow.status) == EntryStatus.STAGED)
        .order_by(col(TimelineEntryRow.version), col(TimelineEntryRow.store_id))
    )
    return list(session.exec(query))


def taking_back(session: Session, draft_id: str) -> list[PriceDraft]:
    """Return the price changes that took this one back."""
    query = select(PriceDraft).where(col(PriceDraft.takes_back) == draft_id)
    return list(session.exec(query.order_by(col(PriceDraft.id))))


def selling(session: Session, draft_id: str, books: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of the books (store and version) that hold any of a change's rows as it wrote them.

    A long change is judged by the first rows of each of its bodies.
    """
    first: dict[str, int] = {}
    for entry in standing(session, draft_id):
        first.setdefault(entry.store_id, entry.version)
    looked_at = {body: dict(sorted(put.items())[:_LOOKED_AT]) for body, put in draft_changes(session, draft_id).items()}
    stores = session.exec(select(Store).where(col(Store.id).in_({store for store, _ in books} & first.keys()))).all()
    scopes = {store.id: [body for body in scopes_of(store).items() if body in looked_at] for store in stores}
    reader = _Reader(session)
    return {
        (store, version)
        for store, version in books
        if store in scopes
        and version >= first[store]
        and any(reader.has_any(store, version, body, looked_at[body]) for body in scopes[store])
    }


def take_back(session: Session, draft_id: str, mint: Callable[[], UUID], act: Act) -> TakenBack:
    """Take a published price change back, everywhere and at once. It waits for no second person.

    Raise PriceRefusal when it is not published, or was the first prices of a store, which then would sell by nothing.
    """
    lock_publication(session)
    draft = get_draft(session, draft_id)
    entries = standing(session, draft_id)
    if draft.status != DraftStatus.PUBLISHED or not entries:
        raise PriceRefusal("not_published", f"price change {draft.title!r} is not published")
    done = TakenBack()
    groups = _restoring(session, draft_id, [one for one in entries if one.activates_ms <= act.now_ms], act, done)
    for version in sorted({one.version for one in entries if one.activates_ms > act.now_ms}):
        stores = [f"store:{one.store_id}" for one in entries if one.version == version]
        revert.withdraw(session, version, act, targets=stores)
        done.withdrawn.append(version)
    for group in groups:
        done.drafts.append(_publish_back(session, draft, group, mint(), act))
    draft.status = DraftStatus.STOPPED
    session.add(draft)
    detail = f"{draft.title}; rows restored: {done.restored}"
    record(session, act, "prices.take_back", draft_id, detail)
    return done


def _restoring(
    session: Session, draft_id: str, begun: Sequence[TimelineEntryRow], act: Act, done: TakenBack
) -> list[_Group]:
    """Return which rows come back where, for stores in which the change is in force."""
    stores = {one.store_id for one in begun}
    if not stores:
        return []
    changes, reader = draft_changes(session, draft_id), _Reader(session)
    timelines = live_entries(session, stores)
    first = {store: min(one.version for one in begun if one.store_id == store) for store in stores}
    groups: list[_Group] = []
    for store in session.exec(select(Store).where(col(Store.id).in_(stores)).order_by(col(Store.id))):
        before, now = _around(store.id, timelines[store.id], first[store.id], act.now_ms)
        mine = {key: changes[key] for key in scopes_of(store).items() if key in changes}
        rows = {body: reader.back(store.id, body, put, before=before, now=now) for body, put in mine.items()}
        if not any(rows.values()):
            continue
        group = next((one for one in groups if _agree(one.rows, rows)), None)
        if group is None:
            groups.append(_Group([store.id], rows))
        else:
            group.stores.append(store.id)
            group.rows |= rows
    done.restored = len({(body, key) for group in groups for body, rows in group.rows.items() for key in rows})
    return groups


def _around(store: str, entries: Sequence[Entry], first: int, now_ms: int) -> tuple[int, int]:
    """Return the version a store sold by before a change came, and the one it sells by now."""
    before = max((one.version for one in entries if one.version < first), default=None)
    now = in_force(entries, now_ms)
    if before is None or now is None:
        raise PriceRefusal("never_in_force", f"store {store} sold by nothing before it", [store])
    return before, now.version


def _agree(one: DraftChanges, other: DraftChanges) -> bool:
    """Tell whether two stores can get their rows back by one publication: what they share has to be the same."""
    return all(one[body] == rows for body, rows in other.items() if body in one)


class _Reader:
    """Reads rows of stores' versions; stores that share a body share the reading."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._manifests: dict[tuple[str, int], StoreManifest] = {}
        self._read: dict[tuple[BodyKey, str], dict[str, bytes]] = {}

    def back(
        self, store: str, body: BodyKey, put: Mapping[str, bytes | None], *, before: int, now: int
    ) -> dict[str, bytes | None]:
        """Return what has to be written so that rows are as they were; not those that somebody changed since."""
        was, has = self._rows(store, before, body, put), self._rows(store, now, body, put)
        return {key: was.get(key) for key, row in put.items() if has.get(key) == row and was.get(key) != has.get(key)}

    def has_any(self, store: str, version: int, body: BodyKey, put: Mapping[str, bytes | None]) -> bool:
        """Tell whether a store's version has any of these rows as they were put; one nobody knows has none."""
        if (store, version) not in self._manifests and not manifests(self._session, [(store, version)]):
            return False
        has = self._rows(store, version, body, put)
        return any(has.get(key) == row for key, row in put.items())

    def _rows(self, store: str, version: int, body: BodyKey, keys: Mapping[str, object]) -> dict[str, bytes]:
        place = (store, version)
        if place not in self._manifests:
            self._manifests |= manifests(self._session, [place])
        hash_ = bodies_of(self._manifests[place]).hashes.get(body)
        if hash_ is None:
            return {}
        kept = (body, hash_)
        if kept not in self._read:
            tree = body_tree(self._session, *body)
            self._read[kept] = rows_of(self._session, tree.lineage(tree.version_of(hash_)), list(keys))
        return self._read[kept]


def _publish_back(session: Session, draft: PriceDraft, group: _Group, id_: UUID, act: Act) -> str:
    targets = [f"store:{store}" for store in group.stores]
    made = create_draft(session, id_, draft.title, actor=act.actor, wall_ms=act.wall_ms, targets=targets)
    made.takes_back = draft.id
    put_rows(
        session,
        made.id,
        [DraftRow(kind, scope, key, row) for (kind, scope), rows in group.rows.items() for key, row in rows.items()],
        actor=act.actor,
    )
    if approvals.needs_second_person(session):
        approvals.approve(session, made.id, actor="rule:stop", wall_ms=act.wall_ms, reason=act.reason)
    publish(session, made.id, act, takes_back=True)
    return made.id
