"""Price changes as people look at them before and after: each row beside what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.prices.drafts import DraftRow, create_draft, draft_changes, draft_size, get_draft, put_rows
from cloud.prices.models import PriceDraft, PriceVersion
from cloud.prices.publish import Act
from cloud.prices.rows import Lineage, rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from shared.body import BodyKind
from shared.pricing import Item, Price

MOST_SHOWN = 500
_STEP_BP = 10_000
"""Twice as dear, or half as dear, is more often a slip of the finger than meant."""
_item, _price = msgspec.json.Decoder(Item), msgspec.json.Decoder(Price)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One price of a draft beside what it replaces; None: there is, was or will be none."""

    kind: BodyKind
    scope: str
    item: str
    names: dict[str, str]
    old: Price | None
    new: Price | None
    cost_minor: int | None
    zone: Price | None = None
    """What counts where a store has no price of its own."""
    zone_then: Price | None = None
    """What counts there with the draft, which may change the zone's price too."""

    @property
    def before(self) -> Price | None:
        """What the item costs there without this change."""
        return self.old or self.zone

    @property
    def after(self) -> Price | None:
        """What it costs there with it: a store that gives up its own price sells by its zone's."""
        return self.new or self.zone_then

    @property
    def checks(self) -> list[str]:
        """What somebody should look at before this is published, by the names that `cloud.web.said.LOW` says."""
        found = {
            "cost": self.below_cost,
            "floor": self.below_floor,
            "member": self.new is not None and (self.new.member_minor or 0) > self.new.regular_minor,
            "step": self.change_bp is not None and not -_STEP_BP // 2 < self.change_bp < _STEP_BP,
        }
        return [name for name, so in found.items() if so]

    @property
    def below_cost(self) -> bool:
        """Tell whether the item would be sold below what it costs."""
        return self.new is not None and self.cost_minor is not None and self.new.regular_minor < self.cost_minor

    @property
    def below_floor(self) -> bool:
        """Tell whether the regular price is below the lowest price: the new one, or the one it drops."""
        if self.new is None:
            return False
        before = self.before
        dropped = before.floor_minor if before is not None and before.basis == self.new.basis else None
        return self.new.regular_minor < (self.new.floor_minor or dropped or 0)

    @property
    def change_bp(self) -> int | None:
        """How far the price moves, in basis points of the old one."""
        old, new = self.before, self.after
        if old is None or new is None or not old.regular_minor or old.basis != new.basis:
            return None
        return (new.regular_minor - old.regular_minor) * 10_000 // old.regular_minor


def changes(session: Session, draft_id: str, now_ms: int) -> tuple[list[PriceChange], int]:
    """Return up to MOST_SHOWN price changes of a draft, by zone and item, and how many there are.

    A draft stands beside what is in force; what a published one replaced is what counted before it.
    """
    first = session.exec(select(func.min(col(PriceVersion.version))).where(PriceVersion.draft_id == draft_id)).one()
    standing = partial(newest_body, session, now_ms=now_ms) if first is None else partial(_before, session, first - 1)
    found = draft_changes(session, draft_id, kinds=_PRICED, most=MOST_SHOWN)
    sizes = draft_size(session, draft_id)
    count = sum(sizes.get(kind, 0) for kind in _PRICED)
    shown: list[PriceChange] = []
    for (kind, scope), rows in sorted(found.items()):
        keys = sorted(rows)
        old = rows_of(session, standing(kind, scope), keys)
        items = items_of(session, draft_id, keys)
        zone, then = _zone_prices(session, draft_id, (kind, scope), keys, standing)
        shown += [
            _change((kind, scope), key, (old.get(key), rows[key], zone.get(key), then.get(key)), items.get(key))
            for key in keys
        ]
    return shown, count


_PRICED = (BodyKind.PRICES, BodyKind.OVERRIDES)


def _before(session: Session, version: int, kind: BodyKind, scope: str) -> Lineage:
    return newest_body(session, kind, scope, version)


def _zone_prices(
    session: Session,
    draft_id: str,
    body: tuple[BodyKind, str],
    keys: Sequence[str],
    standing: Callable[[BodyKind, str], Lineage],
) -> tuple[dict[str, bytes], dict[str, bytes | None]]:
    """Return what a store's zone says of items without a draft and with it, for a change of the store's own prices."""
    store = session.get(Store, body[1]) if body[0] is BodyKind.OVERRIDES else None
    if store is None:
        return {}, {}
    now = rows_of(session, standing(BodyKind.PRICES, store.price_zone), keys)
    drafted = draft_changes(session, draft_id, scope=store.price_zone, kinds=[BodyKind.PRICES])
    return now, {**now, **drafted.get((BodyKind.PRICES, store.price_zone), {})}


def items_of(session: Session, draft_id: str, keys: Sequence[str]) -> dict[str, Item]:
    """Return items by number, as the draft would have them."""
    known = {
        key: _item.decode(row)
        for key, row in rows_of(session, newest_body(session, BodyKind.ITEMS, CHAIN), keys).items()
    }
    fresh, wanted = draft_changes(session, draft_id, kinds=[BodyKind.ITEMS]), set(keys)
    for key, row in fresh.get((BodyKind.ITEMS, CHAIN), {}).items():
        if row is not None and key in wanted:
            known[key] = _item.decode(row)
    return known


def _change(body: tuple[BodyKind, str], key: str, rows: tuple[bytes | None, ...], item: Item | None) -> PriceChange:
    old, new, zone, then = (None if row is None else _price.decode(row) for row in rows)
    return PriceChange(*body, key, item.names if item else {}, old, new, item.cost_minor if item else None, zone, then)


def clone(session: Session, draft_id: str, id_: UUID, act: Act) -> PriceDraft:
    """Start a draft with the changes of another."""
    other = get_draft(session, draft_id)
    made = create_draft(session, id_, other.title, actor=act.actor, wall_ms=act.wall_ms, targets=other.targets.split())
    rows = [
        DraftRow(kind, scope, key, row)
        for (kind, scope), body in draft_changes(session, draft_id).items()
        for key, row in body.items()
    ]
    if rows:
        put_rows(session, made.id, rows, actor=act.actor)
    return made
