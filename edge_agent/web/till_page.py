"""The till's page: what it shows of the open basket, and the live stream that keeps it so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from edge_agent.till.results import BasketView, MemberAttached
from edge_agent.web.figures import clock_time, money, quantity, unit_price
from edge_agent.web.shop import Counter, DeviceSeen, Shop, Standing
from shared.pricing import PricedLine
from shared.pricing.layers import REASONS
from shared.wire.desired import StoreSettings
from shared.wire.desired import Till as TillSettings


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line costs less, and by how much, in words."""

    words: str
    amount: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the basket, written out."""

    n: int
    name: str
    quantity: str
    price: str
    net: str
    reasons: tuple[Reason, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class BasketShown:
    """The open basket, written out; `rows` is empty while nothing is rung up."""

    rows: tuple[Row, ...]
    due: str
    saved: str
    items: int
    paid: str
    member: MemberAttached | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """The strip at the head and the foot: who, when, how things stand."""

    number: int
    cashier: str
    time: str
    version: int | None
    standing: Standing
    devices: tuple[DeviceSeen, ...]


def basket_shown(view: BasketView | None, settings: StoreSettings, language: str) -> BasketShown:
    """Write the basket out in a language (`en` or `zh`)."""
    exponent = settings.exponent
    if view is None:
        return BasketShown((), money(0, exponent), "", 0, "", None, None)
    lines = view.priced.lines
    last = lines[-1].n if lines else 0
    return BasketShown(
        rows=tuple(_row(line, view, exponent, language, is_last=line.n == last) for line in lines),
        due=money(view.due_minor, exponent),
        saved=money(view.priced.saved_minor, exponent) if view.priced.saved_minor else "",
        items=len(lines),
        paid=money(view.paid_minor, exponent) if view.paid_minor else "",
        member=view.member,
        version=view.version,
    )


def _row(line: PricedLine, view: BasketView, exponent: int, language: str, *, is_last: bool) -> Row:
    names = view.names.get(line.n, {})
    return Row(
        n=line.n,
        name=names.get(language) or next(iter(names.values()), line.item),
        quantity=quantity(line.quantity, line.unit),
        price=unit_price(line.price, line.unit, exponent),
        net=money(line.net_minor, exponent),
        reasons=tuple(
            Reason(REASONS.get(one.reason, {}).get(language, one.reason), money(-one.minor, exponent))
            for one in line.discounts
        ),
        is_last=is_last,
    )


async def status(shop: Shop, counter: Counter, settings: StoreSettings) -> Status:
    """Return how the till stands now."""
    view, standing = await asyncio.gather(counter.till.view(), shop.standing())
    return Status(
        number=_of(settings, counter.till.id).number,
        cashier=counter.till.cashier,
        time=clock_time(shop.clock.now_ms(), settings.time_zone),
        version=view.version if view else None,
        standing=standing,
        devices=tuple(counter.seen),
    )


def _of(settings: StoreSettings, till: str) -> TillSettings:
    return next((one for one in settings.tills if one.till == till), TillSettings(till=till, number=0))
