"""One item's prices in a draft, as a person types them: beside what counts now, for each zone and store it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from cloud.errors import CloudError, NotFound
from cloud.org.models import Store
from cloud.prices.columns import Bad, parse_row
from cloud.prices.content import RowError, encode_row
from cloud.prices.drafts import (
    DraftChanges,
    DraftRow,
    draft_changes,
    drop_rows,
    get_draft,
    open_draft,
    put_rows,
    record_writing,
)
from cloud.prices.finding import item_of
from cloud.prices.publish import Act
from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import resolve_targets
from shared.body import BodyKind
from shared.pricing import Item, Price
from shared.web.phrases import Phrase

_NAMED = 3
KINDS = (BodyKind.PRICES, BodyKind.OVERRIDES)
_price = msgspec.json.Decoder(Price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone, or a store with prices of its own: what the item costs there now, and what the draft says.

    `then` is the draft's price; `gone`: the draft takes the price away.
    """

    kind: BodyKind
    scope: str
    name: str
    """The store's name; for a zone those of its first stores."""
    exponent: int
    now: Price | None
    then: Price | None = None
    gone: bool = False

    @property
    def key(self) -> str:
        """Return how a form names the place."""
        return f"{self.kind}:{self.scope}"

    @property
    def drafted(self) -> bool:
        """Whether the draft says anything here."""
        return self.gone or self.then is not None


@dataclass(frozen=True, slots=True)
class Editing:
    """An item with the places its price can be changed in, and stores that may get a price of their own."""

    item: Item
    places: Sequence[Place]
    others: Sequence[Store]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What cannot be taken of a form: where, what it is, what to do."""

    place: str
    problem: Phrase
    remedy: Phrase


def editing(session: Session, draft_id: str, number: str, also: Iterable[str], now_ms: int) -> Editing:
    """Return an item's prices for a draft; stores in `also` are shown with a price of their own still to be typed.

    Raise NotFound for an item that neither the draft nor head office has.
    """
    draft, item = get_draft(session, draft_id), item_of(session, number, draft_id)
    if item is None:
        raise NotFound(Phrase("There is no item {item}.", item=number))
    stores, rows = _stores(session, draft.targets.split()), draft_changes(session, draft_id, key=number)
    reading, wanted = _Reading(session, rows, number, now_ms), set(also)
    places, others = [], []
    for zone in sorted({store.price_zone for store in stores}):
        inside = [store for store in stores if store.price_zone == zone]
        names = ", ".join(store.name for store in inside[:_NAMED]) + (" …" if len(inside) > _NAMED else "")
        places.append(reading.place(BodyKind.PRICES, zone, names, inside[0].exponent))
    for store in stores:
        place = reading.place(BodyKind.OVERRIDES, store.id, store.name, store.exponent)
        if place.now or place.drafted or store.id in wanted:
            places.append(place)
        else:
            others.append(store)
    return Editing(item, places, others)


def _stores(session: Session, targets: Sequence[str]) -> list[Store]:
    try:
        return resolve_targets(session, targets)
    except CloudError:  # its stores are chosen later: any of them may be meant
        return resolve_targets(session, ["all"])


@dataclass(frozen=True, slots=True)
class _Reading:
    """One item looked up in one zone or store after the other."""

    session: Session
    rows: DraftChanges
    number: str
    now_ms: int

    def place(self, kind: BodyKind, scope: str, name: str, exponent: int) -> Place:
        """Return what the item costs there, and what the draft says."""
        old = rows_of(self.session, newest_body(self.session, kind, scope, now_ms=self.now_ms), [self.number]).get(
            self.number
        )
        drafted = self.rows.get((kind, scope), {})
        then = drafted.get(self.number)
        return Place(
            kind=kind, scope=scope, name=name, exponent=exponent, now=None if old is None else _price.decode(old),
            then=None if then is None else _price.decode(then), gone=self.number in drafted and then is None,
        )  # fmt: skip


def change(session: Session, draft_id: str, it: Editing, get: Callable[[str], str], act: Act) -> list[Wrong]:
    """Put an item's prices into a draft as typed: all of them, or none where one is wrong.

    `get` returns what was typed by name: `regular:<place>`, `member:<place>`, `gone:<place>`. An empty price, or one
    that counts already, is no change; a price's basis and lowest price stay as they are. Raise PriceRefusal for a
    draft that is closed.
    """
    open_draft(session, draft_id)
    wrong: list[Wrong] = []
    put: list[DraftRow] = []
    dropped: list[Place] = []
    for place in it.places:
        try:
            row = _typed(it.item.item, place, get)
        except (Bad, RowError) as error:
            wrong.append(_wrong(place, error))
            continue
        if row is not None:
            put.append(row)
        elif place.drafted:
            dropped.append(place)
    if not wrong:
        put_rows(session, draft_id, put, actor=act.actor)
        for place in dropped:
            drop_rows(session, draft_id, place.kind, place.scope, [it.item.item], actor=act.actor)
        record_writing(session, draft_id, actor=act.actor, wall_ms=act.wall_ms, put=len(put), out=len(dropped))
    return wrong


def _typed(number: str, place: Place, get: Callable[[str], str]) -> DraftRow | None:
    """Return what a form says of a place; None for no change."""
    if place.kind is BodyKind.OVERRIDES and get(f"gone:{place.key}"):
        return DraftRow(place.kind, place.scope, number, None) if place.now else None
    regular, member = (get(f"{name}:{place.key}").replace(",", "").lstrip("¥￥ ") for name in ("regular", "member"))
    if not regular and not member:
        return None
    cells: Mapping[str, str] = {"item": number, "regular": regular, "member": member}
    read = parse_row(place.kind, cells, place.exponent)
    if not isinstance(read, Price):
        return None
    base = place.then or place.now
    price = read if base is None else msgspec.structs.replace(
        base, regular_minor=read.regular_minor, member_minor=read.member_minor
    )  # fmt: skip
    return (
        None if price == place.now else DraftRow(place.kind, place.scope, number, encode_row(place.kind, number, price))
    )


def _wrong(place: Place, error: Bad | RowError) -> Wrong:
    if isinstance(error, Bad):
        return Wrong(place.key, error.problem, error.remedy)
    return Wrong(place.key, error.phrase, Phrase("correct the row"))


def remove(session: Session, draft_id: str, kind: str, scope: str, number: str, *, act: Act) -> None:
    """Take one price change out of a draft. Raise PriceRefusal for a draft that is closed."""
    if kind in KINDS:
        drop_rows(session, draft_id, BodyKind(kind), scope, [number], actor=act.actor)
        record_writing(session, draft_id, actor=act.actor, wall_ms=act.wall_ms, out=1)
