"""P1 and P4 under any history of a till: what it shows adds up and survives a restart, what it sold is what it said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.till.results import BasketView, HeldNow, Paid
from edge_agent.till.till import Till
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from tests.edge.tills import APPLES, CARD, MILK, PORK, Store, opened_store


async def weigh_pork(till: Till) -> object:
    await till.scan(PORK)
    return await till.weigh(777)


async def hold_and_recall(till: Till) -> object:
    held = await till.hold("x")
    return await till.recall(held.basket) if isinstance(held, HeldNow) else held


DEEDS: dict[str, Callable[[Till], Awaitable[object]]] = {
    "apples": lambda till: till.scan(APPLES),
    "milk": lambda till: till.scan(MILK),
    "pork": weigh_pork,
    "junk": lambda till: till.scan("junk"),
    "quantity": lambda till: till.set_quantity(4),
    "coupon": lambda till: till.coupon("c", supplier_minor=120, chain_minor=30),
    "card": lambda till: till.attach_card(CARD),
    "void line": lambda till: till.void_line(),
    "void": lambda till: till.void_basket(),
    "hold": hold_and_recall,
    "part": lambda till: till.tender(TenderKind.CASH, 1),
    "back": lambda till: till.take_back_tenders(),
    "pay": lambda till: till.tender(TenderKind.BANK_CARD),
}
STEPS = st.sampled_from(sorted(DEEDS))


def check(view: BasketView | None) -> None:
    if view is None:
        return
    lines = view.priced.lines
    assert view.priced.total_minor == sum(line.net_minor for line in lines)
    assert all(line.net_minor == line.gross_minor - sum(one.minor for one in line.discounts) >= 0 for line in lines)
    assert 0 <= view.paid_minor <= view.priced.total_minor
    assert len({line.n for line in lines}) == len(lines)


async def sales_of(store: Store) -> list[SaleCompleted]:
    rows = await store.database.read(
        lambda db: db.execute("SELECT content FROM event WHERE kind = 'sale' ORDER BY n").fetchall()
    )
    return [sale for (content,) in rows if isinstance(sale := decode_event(content), SaleCompleted)]


async def history(folder: Path, before: list[str], after: list[str]) -> None:
    answers = []
    async with opened_store(folder) as store:
        for step in before:
            answers.append(await DEEDS[step](store.till()))
            check(await store.till().view())
        shown = await store.till().view()
    async with opened_store(folder, seed=2) as store:
        assert await store.till().view() == shown
        till = store.till()
        for step in after:
            answers.append(await DEEDS[step](till))
            check(await till.view())
        sales = await sales_of(store)
    paid = {answer.sale: answer.total_minor for answer in answers if isinstance(answer, Paid)}
    assert paid == {sale.id: sale.total_minor for sale in sales}
    for sale in sales:
        assert sum(tender.minor for tender in sale.tenders) == sale.total_minor
        assert sum(line.net_minor for line in sale.lines) == sale.total_minor


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=14), st.lists(STEPS, max_size=8))
def test_p1_any_history_of_a_till_adds_up(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    asyncio.run(history(tmp_path_factory.mktemp("till"), before, after))
