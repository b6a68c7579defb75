"""How many of each gift each store has: counted down by orders, corrected by hand with a reason, never below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session, col
from sqlmodel import select as entities

from cloud import audit
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.org.models import Store
from cloud.rewards import gifts
from cloud.rewards.models import Gift, GiftMove, GiftOrder, GiftStock
from shared.web.phrases import Phrase

MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A gift in a store: `left` may still be reserved, `reserved` waits to be fetched, `fetched` is gone."""

    store: str
    store_name: str
    left: int
    reserved: int
    fetched: int

    @property
    def on_shelf(self) -> int:
        """Return how many somebody who counts there should find."""
        return self.left + self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """So many more (or fewer) of a gift in a store, and why. `id` is made by whoever asks: repeated, it counts once."""

    id: UUID
    gift: str
    store: str
    delta: int
    reason: str


def correct(session: Session, wanted: Correction, *, actor: str, now_ms: int) -> int:
    """Change by hand how many of a gift a store has. Return how many it has then.

    Raise Invalid, NotFound for a gift or store there is not, Refused (`stock_short`) where fewer are left than go,
    Conflict where the id was used for another correction.
    """
    if not wanted.delta or abs(wanted.delta) > MOST:
        raise Invalid(Phrase("say how many came or went, up to {most}", most=MOST))
    if not 0 < len(wanted.reason.strip()) <= 500:
        raise Invalid(Phrase("say why, in up to 500 characters"))
    if session.get(Store, wanted.store) is None:
        raise NotFound(f"there is no store {wanted.store!r}")
    gifts.find(session, wanted.gift, lock=True)  # a repeat that comes meanwhile waits, and finds it done
    before = session.get(GiftMove, wanted.id, populate_existing=True)
    if before is not None:
        return _again(before, wanted)
    row = (wanted.gift, wanted.store, 0)
    bulk.insert_new_tuples(session, GiftStock, ("gift_id", "store_id", "left"), [row])
    stock = table_of(GiftStock)
    after = stock.c.left + wanted.delta
    mine = (stock.c.gift_id == wanted.gift, stock.c.store_id == wanted.store, after >= 0)
    left = session.execute(update(stock).where(*mine).values(left=after).returning(stock.c.left)).scalar_one_or_none()
    if left is None:
        raise Refused("stock_short", f"store {wanted.store} has fewer than {-wanted.delta} that nobody has reserved")
    session.add(
        GiftMove(
            id=wanted.id, gift_id=wanted.gift, store_id=wanted.store, delta=wanted.delta, left_after=left,
            reason=wanted.reason.strip(), actor=actor, at_ms=now_ms,
        )
    )  # fmt: skip
    audit.record(
        session, at_ms=now_ms, actor=actor, action="gift.stock", subject=f"gift {wanted.gift}",
        reason=wanted.reason.strip(), detail=f"{wanted.store} {wanted.delta:+d}, {left} left",
    )  # fmt: skip
    session.flush()
    return int(left)


def _again(before: GiftMove, wanted: Correction) -> int:
    """Return what a correction came to that was made before. Raise Conflict where it was another."""
    for field, known, said in (
        ("gift", before.gift_id, wanted.gift),
        ("store", before.store_id, wanted.store),
        ("delta", before.delta, wanted.delta),
    ):
        if known != said:
            raise Conflict(f"correction {wanted.id} was made before and differs in {field}")
    return before.left_after


def by_store(session: Session, gift: str) -> Sequence[Held]:
    """Return every store that has or had a gift, by name."""
    order, stock, store = table_of(GiftOrder), table_of(GiftStock), table_of(Store)
    counted = select(order.c.store_id, order.c.state, func.count()).where(order.c.gift_id == gift)
    counts = {
        (row.store_id, row.state): int(row.count_1)
        for row in session.execute(counted.group_by(order.c.store_id, order.c.state))
    }
    rows = session.execute(
        select(stock.c.store_id, stock.c.left, store.c.name)
        .join(store, store.c.id == stock.c.store_id, isouter=True)
        .where(stock.c.gift_id == gift)
        .order_by(stock.c.store_id)
    )
    return [
        Held(
            store=row.store_id, store_name=row.name or row.store_id, left=row.left,
            reserved=counts.get((row.store_id, gifts.ORDERED), 0),
            fetched=counts.get((row.store_id, gifts.FETCHED), 0),
        )
        for row in rows
    ]  # fmt: skip


def offered(session: Session, store: str | None = None) -> Sequence[tuple[Gift, int]]:
    """Return the gifts that are open and how many are left, in a store or in all together, the cheapest first."""
    stock = table_of(GiftStock)
    left = select(stock.c.gift_id, func.sum(stock.c.left).label("left")).group_by(stock.c.gift_id)
    if store is not None:
        left = left.where(stock.c.store_id == store)
    counts = {row.gift_id: int(row.left) for row in session.execute(left)}
    found = session.exec(entities(Gift).where(col(Gift.open)).order_by(col(Gift.points), col(Gift.id)))
    return [(gift, counts.get(gift.id, 0)) for gift in found]


def moves(session: Session, gift: str, limit: int = 50) -> Sequence[GiftMove]:
    """Return the latest corrections of a gift's stock, newest first."""
    newest = entities(GiftMove).where(col(GiftMove.gift_id) == gift)
    return list(session.exec(newest.order_by(col(GiftMove.at_ms).desc(), col(GiftMove.id).desc()).limit(limit)))
