"""Which item has which picture: set, taken away, and named to the stores as one body by hash.

The body is made of the same temporal rows as a price book's, so agents fetch it whole or as what changed. It counts
its own versions and stands on no timeline: a picture is there as soon as it is set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from cloud import audit
from cloud.database.rowset import upsert_into
from cloud.errors import Invalid, NotFound
from cloud.pictures.models import ItemPicture, Picture
from cloud.prices.models import Body
from cloud.prices.naming import item_names
from cloud.prices.placing import BodyKey, Edit, make_body
from cloud.prices.settings import lock_publication
from cloud.prices.targets import CHAIN
from shared.body import BodyKind, empty_hash
from shared.pictures import picture_name, write_row
from shared.web.phrases import Phrase
from shared.wire.desired import BodyReference

KEY: BodyKey = (BodyKind.PICTURES, CHAIN)
_UNUSED_MS = 24 * 3600 * 1000
"""How long a picture that nobody has taken is kept: somebody may still be looking at it."""
_LISTS = 100
"""How many lists back an agent may be and still fetch only what changed since."""
_SOME = 500


def reference(session: Session) -> BodyReference | None:
    """Return what stores are to follow, None while no item ever had a picture."""
    newest = _newest(session)
    return None if newest is None else BodyReference(kind=str(KEY[0]), scope=KEY[1], hash=newest[1])


def keep(session: Session, contents: Collection[bytes], *, now_ms: int) -> list[str]:
    """Keep pictures that were fitted, for somebody to look at or to use; return their names."""
    _sweep(session, now_ms)
    rows = {picture_name(content): content for content in contents}
    for name, content in rows.items():
        values = {"hash": name, "size": len(content), "content": content, "made_ms": now_ms}
        query = upsert_into(session, Picture).values(values)
        session.execute(query.on_conflict_do_update(index_elements=["hash"], set_={"made_ms": now_ms}))
    return [picture_name(content) for content in contents]


def content_of(session: Session, name: str) -> bytes:
    """Return a picture. Raise NotFound."""
    found = session.execute(select(col(Picture.content)).where(col(Picture.hash) == name)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"there is no picture {name[:64]!r}")
    return bytes(found)


def picture_of(session: Session, item: str) -> ItemPicture | None:
    """Return which picture an item has."""
    return session.get(ItemPicture, item)


def use(
    session: Session, wanted: Mapping[str, str], *, actor: str, now_ms: int, reason: str = "", source: str = ""
) -> int:
    """Give items these kept pictures, by name; return how many that changes.

    Raise Invalid for an item that no price book names, NotFound for a picture that is not kept (any more).
    """
    unknown = sorted(set(wanted) - set(item_names(session, list(wanted))))
    if unknown:
        raise Invalid(Phrase("no price book names item {item}: publish it first", item=unknown[0]))
    lock_publication(session)
    sizes = _sizes(session, set(wanted.values()))
    missing = sorted(set(wanted.values()) - set(sizes))
    if missing:
        raise NotFound(f"there is no picture {missing[0]!r}: send it again")
    had = _pictures(session, list(wanted))
    changed = {item: name for item, name in wanted.items() if had.get(item) != name}
    for item, name in changed.items():
        session.merge(ItemPicture(item=item, picture=name, set_by=actor, set_ms=now_ms))
    _follow(session, {item: write_row(name, sizes[name]) for item, name in changed.items()})
    if len(changed) == 1:
        ((item, name),) = changed.items()
        audit.record(session, at_ms=now_ms, actor=actor, action="picture.use", subject=f"item {item}", reason=reason,
                     detail=name[:12])  # fmt: skip
    elif changed:
        audit.record(session, at_ms=now_ms, actor=actor, action="picture.load", subject="items", reason=reason,
                     detail=f"{len(changed)} {source}".strip())  # fmt: skip
    session.flush()
    return len(changed)


def remove(session: Session, item: str, *, actor: str, now_ms: int, reason: str = "") -> None:
    """Take an item's picture away. Raise NotFound when it has none."""
    lock_publication(session)
    found = picture_of(session, item)
    if found is None:
        raise NotFound(f"item {item!r} has no picture")
    session.delete(found)
    _follow(session, {item: None})
    audit.record(session, at_ms=now_ms, actor=actor, action="picture.remove", subject=f"item {item}", reason=reason,
                 detail=found.picture[:12])  # fmt: skip
    session.flush()
    _sweep(session, now_ms)


def _newest(session: Session) -> tuple[int, str] | None:
    query = (
        select(col(Body.version), col(Body.hash))
        .where(col(Body.kind) == KEY[0], col(Body.scope) == KEY[1])
        .order_by(col(Body.version).desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def _follow(session: Session, rows: Mapping[str, bytes | None]) -> None:
    """Bring the body that stores follow to what was changed. The caller holds the publication's lock."""
    version, hash_ = _newest(session) or (0, empty_hash(*KEY))
    made, _ = make_body(session, KEY, hash_, Edit(rows), version + 1)
    if made != hash_:
        _forget_lists(session, version + 1 - _LISTS)


def _forget_lists(session: Session, until: int) -> None:
    """Let go of lists up to a version: nobody prices by them, and whoever still has one takes the newest whole."""
    ours = (col(Body.kind) == KEY[0], col(Body.scope) == KEY[1])
    if until > 0:
        session.execute(delete(Body).where(*ours, col(Body.version) <= until))
        session.execute(update(Body).where(*ours, col(Body.version) == until + 1).values(base=None))


def _pictures(session: Session, items: Sequence[str]) -> dict[str, str]:
    """Return which of these items have which picture."""
    found: dict[str, str] = {}
    for some in _slices(items):
        query = select(col(ItemPicture.item), col(ItemPicture.picture)).where(col(ItemPicture.item).in_(some))
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def _sizes(session: Session, names: Collection[str]) -> dict[str, int]:
    """Return the size of each of these pictures that is kept, and hold on to it."""
    found: dict[str, int] = {}
    for some in _slices(sorted(names)):
        query = select(col(Picture.hash), col(Picture.size)).where(col(Picture.hash).in_(some)).with_for_update()
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def _sweep(session: Session, now_ms: int) -> None:
    """Let go of pictures that no item has and nobody sent lately."""
    used = select(col(ItemPicture.picture))
    old = col(Picture.made_ms) < now_ms - _UNUSED_MS
    session.execute(delete(Picture).where(old, col(Picture.hash).not_in(used)))


def _slices(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + _SOME] for start in range(0, len(names), _SOME)]
