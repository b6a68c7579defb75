"""The tables of budgets: what each promotion may give and has given, and every store's share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlmodel import Session

from cloud.promotions.budget_figures import Part, Standing, parts, promotions, standings
from cloud.promotions.words import CHOICES
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource, toned
from shared.pricing.promotion import Promotion
from shared.web.words import marked

R = TypeVar("R")
_STATES = {
    "over": (marked("went over"), "bad"),
    "spent": (marked("used up"), "warn"),
    "running": (marked("running"), "good"),
    "gone": (marked("of an earlier disk"), "quiet"),
    "short": (marked("asks for more"), "warn"),
    "telling": (marked("on its way to the store"), "quiet"),
}


def name_of(promotion: Promotion, language: str) -> str:
    """Return what people call a promotion, its id where it has no name."""
    return promotion.names.get(language) or promotion.names.get("zh") or promotion.promotion


def budgets(language: str, exponent: int) -> Listing[Standing]:
    """Return the table of budgets."""

    def columns() -> Sequence[Column[Standing]]:
        return (
            Column(
                key="promotion",
                title=marked("Promotion"),
                kind=Kind.WRAP,
                order=lambda row: row.promotion.promotion,
                cell=lambda row: Cell(value=name_of(row.promotion, language), note=row.promotion.promotion),
            ),
            Column(key="per", title=marked("Counted per"), cell=_per),
            Column(key="state", title=marked("State"), cell=lambda row: toned(_STATES[_standing(row)])),
            Column(key="uses", title=marked("Times allowed"), kind=Kind.NUMBER, cell=lambda row: row.limit.uses),
            Column(key="used", title=marked("Times given"), kind=Kind.NUMBER, cell=lambda row: row.used.uses),
            _money("minor", marked("Money allowed"), exponent, lambda row: row.limit.minor),
            _money("given", marked("Money given"), exponent, lambda row: row.used.minor),
            Column(key="over", title=marked("Went over"), kind=Kind.NUMBER, cell=lambda row: row.over or None),
        )

    return Listing(
        name="budgets",
        title=marked("Budgets"),
        columns=columns(),
        source=ListSource(lambda session, _asked: standings(session), columns),
        order="promotion",
        empty=marked("No promotion that runs has a limit. Give one a limit in its form, and it is counted here."),
    )


def shares(language: str, exponent: int) -> Listing[Part]:
    """Return the table of stores' shares."""

    def columns() -> Sequence[Column[Part]]:
        return (
            Column(
                key="store",
                title=marked("Store"),
                order=lambda row: row.share.store_id,
                cell=lambda row: Cell(value=row.share.store_id, href=f"/stores/{row.share.store_id}"),
            ),
            Column(
                key="promotion",
                title=marked("Promotion"),
                kind=Kind.WRAP,
                order=lambda row: (row.share.promotion, row.share.closed, row.share.store_id),
                cell=lambda row: name_of(row.promotion, language),
            ),
            Column(key="state", title=marked("State"), cell=lambda row: toned(_STATES[_part(row)])),
            Column(key="uses", title=marked("Times it may give"), kind=Kind.NUMBER, cell=_most),
            Column(key="used", title=marked("Times given"), kind=Kind.NUMBER, cell=lambda row: row.share.used_uses),
            Column(
                key="left", title=marked("Times left"), kind=Kind.NUMBER,
                order=lambda row: row.left_uses or 0, cell=lambda row: None if row.share.closed else row.left_uses,
            ),
            _money("minor", marked("Money it may give"), exponent, lambda row: row.share.most_minor),
            _money("given", marked("Money given"), exponent, lambda row: row.share.used_minor),
            _money("money_left", marked("Money left"), exponent,
                   lambda row: None if row.share.closed else row.left_minor),
        )  # fmt: skip

    def chosen(session: Session) -> Sequence[tuple[str, str]]:
        return [(name, name_of(one, language)) for name, one in promotions(session).items()]

    def read(session: Session, asked: Asked) -> list[Part]:
        return parts(session, asked.get("promotion"))

    return Listing(
        name="shares",
        title=marked("Stores' shares"),
        columns=columns(),
        source=ListSource(read, columns),
        order="promotion",
        filters=(Filter(key="promotion", title=marked("Promotion"), options=chosen),),
        empty=marked("No store has a share: no promotion that runs has a limit per chain."),
    )


def _money(key: str, title: str, exponent: int, read: Callable[[R], int | None]) -> Column[R]:
    def cell(row: R) -> Cell | None:
        minor = read(row)
        return None if minor is None else Cell(value=minor, exponent=exponent)

    return Column(key=key, title=title, kind=Kind.MONEY, cell=cell)


def _per(row: Standing) -> Cell:
    return Cell(value=CHOICES["per"][row.limit.per], say=True)


def _most(row: Part) -> int | None:
    return row.share.ceiling_uses if row.share.closed else row.share.most_uses


def _standing(row: Standing) -> str:
    return "over" if row.over else "spent" if row.spent else "running"


def _part(row: Part) -> str:
    if row.share.closed:
        return "gone"
    if 0 in {row.left_uses, row.left_minor}:
        return "spent"
    return "short" if row.share.short else "running" if row.told else "telling"
