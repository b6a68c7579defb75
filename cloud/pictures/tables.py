"""The table of items that have a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.pictures.models import ItemPicture
from cloud.prices.naming import item_names
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from cloud.web.who import who_cell
from shared.web.words import marked


@dataclass(frozen=True, slots=True)
class PictureRow:
    """An item's picture, and what the item is called."""

    picture: ItemPicture
    names: Mapping[str, str] = field(default_factory=dict)


def _columns() -> Sequence[Column[PictureRow]]:
    return (
        Column(
            key="picture",
            title=marked("Picture"),
            kind=Kind.PICTURE,
            cell=lambda row: f"/prices/pictures/{row.picture.picture}.webp",
        ),
        Column(
            key="item",
            title=marked("Item"),
            kind=Kind.WRAP,
            order=col(ItemPicture.item),
            cell=lambda row: Cell(
                value=row.picture.item,
                href=f"/prices/pictures/of/{quote(row.picture.item)}",
                note=" · ".join(name for name in row.names.values() if name),
            ),
        ),
        Column(key="by", title=marked("By"), cell=lambda row: who_cell(row.picture.set_by)),
        Column(
            key="at",
            title=marked("Set"),
            kind=Kind.MOMENT,
            order=col(ItemPicture.set_ms),
            cell=lambda row: row.picture.set_ms,
        ),
    )


def _query(asked: Asked) -> Query:
    query = select(ItemPicture)
    if wanted := asked.get("item"):
        query = query.where(col(ItemPicture.item).startswith(wanted, autoescape=True))
    return query


def _row(row: Any) -> PictureRow:
    return PictureRow(row.ItemPicture)


def _named(session: Session, rows: list[PictureRow]) -> list[PictureRow]:
    names = item_names(session, [row.picture.item for row in rows])
    return [replace(row, names=names.get(row.picture.item, {})) for row in rows]


PICTURES: Listing[PictureRow] = Listing(
    name="pictures",
    title=marked("Items with a picture"),
    columns=_columns(),
    source=SqlSource(query=_query, row=_row, columns=_columns, last=(col(ItemPicture.item),), enrich=_named),
    order="-at",
    filters=(Filter(key="item", title=marked("Item number begins with")),),
    empty=marked("No item has a picture yet. Displays show the first letters of its name."),
)
