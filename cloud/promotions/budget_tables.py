"""The tables of budgets: what each promotion may give and has given, and every store's share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.promotions.budget_figures import Part, Standing, parts, promotions, standings
from cloud.promotions.models import PromotionPlan
from cloud.promotions.naming import names_for
from cloud.promotions.sentence import sentence
from cloud.promotions.words import CHOICES
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, ListSource, toned
from shared.pricing.promotion import Money, Promotion
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


@dataclass(frozen=True, slots=True)
class Known:
    """What people call promotions and stores in one language, and where promotions have a page."""

    exponent: int
    says: Mapping[str, str]
    """Each promotion as a sentence."""
    titles: Mapping[str, str]
    plans: Mapping[str, str]
    stores: Mapping[str, str]

    def name_of(self, promotion: Promotion) -> str:
        """Return head office's title of a promotion, else its name on receipts, else what it says."""
        one = promotion.promotion
        return self.titles.get(one) or promotion.names.get("zh") or self.says.get(one) or one

    def cell(self, promotion: Promotion) -> Cell:
        """Return a promotion by name, with what it says; it leads to its page where it has one."""
        plan, name = self.plans.get(promotion.promotion), self.name_of(promotion)
        says = self.says.get(promotion.promotion, "")
        return Cell(value=name, href=f"/promotions/{plan}" if plan else "", note=says if says != name else "")

    def store(self, store: str) -> Cell:
        """Return a store by name; it leads to its page."""
        return Cell(value=self.stores.get(store) or store, href=f"/stores/{store}")


def known(session: Session, language: str, exponent: int) -> Known:
    """Return what the promotions with a budget, and all stores, are called."""
    found = promotions(session)
    names, money = names_for(session, found.values()), Money(exponent)
    of_these = col(PromotionPlan.promotion).in_(found)
    rows = session.exec(select(PromotionPlan).where(of_these).order_by(col(PromotionPlan.changed_ms))).all()
    own = {one: promotion.names.get(language, "") for one, promotion in found.items()}
    return Known(
        exponent,
        {one: sentence(promotion, money, names)[language] for one, promotion in found.items()},
        own | {plan.promotion: plan.title for plan in rows},
        {plan.promotion: plan.id for plan in rows},
        dict(session.exec(select(col(Store.id), col(Store.name))).all()),
    )


def budgets(known: Known) -> Listing[Standing]:
    """Return the table of budgets."""

    def columns() -> Sequence[Column[Standing]]:
        return (
            Column(
                key="promotion",
                title=marked("Promotion"),
                kind=Kind.WRAP,
                order=lambda row: row.promotion.promotion,
                cell=lambda row: known.cell(row.promotion),
            ),
            Column(key="per", title=marked("Counted per"), cell=_per),
            Column(key="state", title=marked("State"), cell=lambda row: toned(_STATES[_standing(row)])),
            Column(key="uses", title=marked("Times allowed"), kind=Kind.NUMBER, cell=lambda row: row.limit.uses),
            Column(key="used", title=marked("Times given"), kind=Kind.NUMBER, cell=lambda row: row.used.uses),
            _money("minor", marked("Money allowed"), known.exponent, lambda row: row.limit.minor),
            _money("given", marked("Money given"), known.exponent, lambda row: row.used.minor),
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


def shares(known: Known) -> Listing[Part]:
    """Return the table of stores' shares."""

    def columns() -> Sequence[Column[Part]]:
        return (
            Column(
                key="store",
                title=marked("Store"),
                order=lambda row: row.share.store_id,
                cell=lambda row: known.store(row.share.store_id),
            ),
            Column(
                key="promotion",
                title=marked("Promotion"),
                kind=Kind.WRAP,
                order=lambda row: (row.share.promotion, row.share.closed, row.share.store_id),
                cell=lambda row: known.name_of(row.promotion),
            ),
            Column(key="state", title=marked("State"), cell=lambda row: toned(_STATES[_part(row)])),
            Column(key="uses", title=marked("Times it may give"), kind=Kind.NUMBER, cell=_most),
            Column(key="used", title=marked("Times given"), kind=Kind.NUMBER, cell=lambda row: row.share.used_uses),
            Column(
                key="left", title=marked("Times left"), kind=Kind.NUMBER,
                order=lambda row: row.left_uses or 0, cell=lambda row: None if row.share.closed else row.left_uses,
            ),
            _money("minor", marked("Money it may give"), known.exponent, lambda row: row.share.most_minor),
            _money("given", marked("Money given"), known.exponent, lambda row: row.share.used_minor),
            _money("money_left", marked("Money left"), known.exponent,
                   lambda row: None if row.share.closed else row.left_minor),
        )  # fmt: skip

    def chosen(session: Session) -> Sequence[tuple[str, str]]:
        return [(name, known.name_of(one)) for name, one in promotions(session).items()]

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
