"""P1: the power goes at any keystroke and the basket is there again: each kind of change, each key of a whole sale."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.till import baskets, changes
from edge_agent.till.basket import Basket
from edge_agent.till.changes import AnyChange
from edge_agent.till.results import BasketView
from edge_agent.till.returning.plan import ReturnPlan
from edge_agent.web.screen.screen import Screen, Seen
from shared.adjustments import PriceChange, RoundOff
from shared.money import UnitPrice
from shared.pricing import Choice, Counter, Coupon, Per, PointsOffer
from shared.wire.events import MemberOnSale, Tender, TenderKind
from shared.wire.policies import QuickKey
from shared.wire.till_events import AgeCheck, AgeProof
from tests.edge.staffing import open_to_all, reasons
from tests.edge.tills import APPLES, CARD, MILK, Store, opened_store
from tests.factories import START_MS

_ID, _OTHER = UUID(int=7), UUID(int=8)
_CASH = Tender(method=TenderKind.CASH, minor=100)
_POINTS = Tender(method=TenderKind.STORED_VALUE, minor=50, attempt=_ID)
_PLAN = ReturnPlan(id=_ID, original=_OTHER, lines=[], refunds=[], total_minor=300)

EXAMPLES: tuple[AnyChange, ...] = (
    changes.LineRung(at_ms=1, item="1001", quantity=2, code=APPLES, deposit="1002"),
    changes.LineRung(at_ms=2, item="1003", quantity=0, asked_minor=250, by="c1", approved_by="sue"),
    changes.QuantitySet(at_ms=3, line=1, quantity=5, label_minor=990),
    changes.CouponGiven(at_ms=4, line=1, code="P1", supplier_minor=30),
    changes.PriceSet(at_ms=5, to=PriceChange(line=1, price=UnitPrice(400), reason="r", by="c1")),
    changes.RoundedOff(at_ms=6, off=RoundOff(minor=3, by="c1")),
    changes.AgeChecked(at_ms=7, check=AgeCheck(years=18, proof=AgeProof.SEEN, by="c1")),
    changes.CardShown(at_ms=8, member=MemberOnSale(member=_ID, tier="gold"), masked_name="Z**", points=12),
    changes.CardRefused(at_ms=8, code="card_lost"),
    changes.MemberNamed(at_ms=9, masked_name="Zh**", tier="gold", points=13),
    changes.CardPutBack(at_ms=10),
    changes.PointsOffered(at_ms=11, offer=PointsOffer(500, 300), hold=_ID),
    changes.HoldRenewed(at_ms=12, old=_ID, new=_OTHER),
    changes.HoldLost(at_ms=13, hold=_OTHER),
    changes.PointsPutBack(at_ms=14),
    changes.CouponEntered(at_ms=15, coupon=Coupon("C1", "p1", 9)),
    changes.CouponPutBack(at_ms=16, code="C1"),
    changes.ItemsChosen(at_ms=17, choice=Choice("p2", ["1001", "1002"])),
    changes.BudgetsSeen(at_ms=18, counters=[Counter("p1", Per.STORE, 1, 2)], uncounted=[Per.CHAIN]),
    changes.BudgetsAnswered(at_ms=19, member=_ID, elsewhere=[Counter("p1", Per.MEMBER, 3, 4)]),
    changes.ExchangePlanned(at_ms=20, plan=_PLAN, tender=Tender(method=TenderKind.EXCHANGE, minor=300)),
    changes.TenderGiven(at_ms=21, tender=_CASH),
    changes.TenderGiven(at_ms=22, tender=_POINTS),
    changes.TendersReturned(at_ms=23),
    changes.LineVoided(at_ms=24, line=1),
    changes.Recalled(at_ms=25, version=3),
)
"""At least one of each kind that a till stores, in an order that makes sense: a new kind has to be added here."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path / "till") as store:
        yield store


def as_left(folder: Path, into: Path) -> Path:
    """Return a copy of the disk as a process that is killed just now leaves it: nobody closes anything."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    for name in ("agent.db", "agent.db-wal", "witness.json"):
        if (folder / name).exists():
            shutil.copy(folder / name, into / name)
    return into


def test_every_kind_of_change_has_an_example() -> None:
    assert {type(one) for one in EXAMPLES} == set(get_args(AnyChange))


async def test_p1_each_kind_of_change_is_there_after_the_power_went(store: Store, tmp_path: Path) -> None:
    """After every single change: what a killed process leaves is replayed to what stood on the screen."""
    made = await store.database.run(lambda db: baskets.create(db, _ID, "t1", START_MS))
    for number, change in enumerate(EXAMPLES, 1):
        await store.database.run(partial(baskets.add, basket=made, change=change))
        left = as_left(tmp_path / "till", tmp_path / "left")
        found = _read(left)
        assert found is not None
        found.version = made.version  # the basket's own row says it, and whoever recalls one writes it there
        assert found == made, type(change).__name__
        assert found.stored == number


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(EXAMPLES), cut=st.integers(0, len(EXAMPLES)))
def test_p1_changes_in_any_order_and_cut_anywhere_replay_to_the_same(order: list[AnyChange], cut: int) -> None:
    """Also an order that no till would make: replay asks nothing of it, so nothing can stop a start."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE basket (id, till, state DEFAULT 'open', opened_ms, book_version, name DEFAULT '')")
        db.execute("CREATE TABLE basket_change (basket, n, content)")
        made = baskets.create(db, _ID, "t1", START_MS)
        for change in order[:cut]:
            baskets.add(db, made, change)
        found = baskets.load_open(db, "t1")
        assert found is not None
        found.version = made.version
        assert found == made


def _read(folder: Path) -> Basket | None:
    with closing(sqlite3.connect(folder / "agent.db")) as db:
        return baskets.load_open(db, "t1")


KEYS: tuple[tuple[str, str], ...] = (
    ("enter", APPLES), ("enter", "3*"), ("enter", MILK), ("enter", "*2"), ("key", "ArrowUp"), ("key", "F7"),
    ("enter", "4.50"), ("enter", "1"), ("key", "F3"), ("enter", "1"), ("key", "Delete"), ("enter", "1"), ("key", "F2"),
    ("enter", CARD), ("key", "F4"), ("enter", "Anna"), ("enter", APPLES), ("key", "F4"), ("enter", "Bob"),
    ("key", "F5"), ("enter", "1"), ("key", "F8"), ("key", "+"), ("enter", "5"), ("key", "Escape"), ("key", "+"),
    ("enter", "100"),
)  # fmt: skip
"""A whole sale as somebody types it: codes, quantities, a price, a quick key, a line taken out, a member, two baskets
held, one taken up, cents dropped, two payments."""


async def test_p1_power_cut_at_any_keystroke_of_a_sale_resumes_the_basket(store: Store, tmp_path: Path) -> None:
    keys = [QuickKey(item="1001", words={"en": "Apples"})]
    lists = {name: reasons("one") for name in ("override_reasons", "void_reasons")}
    open_to_all(store, quick_keys=keys, round_off_step=10, **lists)
    till = store.till()
    screen = Screen(till, lambda: store.settings, store.business)
    seen = set[str]()
    for number, (kind, text) in enumerate(KEYS):
        if kind == "enter":
            await screen.enter(text, Seen(screen.turn))
        else:
            await screen.press(text, "", Seen(screen.turn))
        seen.add(screen.question.id if screen.question else "")
        shown = await till.view()
        left = as_left(tmp_path / "till", tmp_path / "left")
        async with opened_store(left, seed=number + 2) as again:
            again.settings = store.settings
            found = await again.till().view()
            assert _of(found) == _of(shown), f"after key {number}: {text}"
            assert await _sold(again) == await _sold(store)
            assert [one.name for one in await again.till().held()] == [one.name for one in await till.held()]
    screen.end()
    assert await _sold(store) == 1
    assert seen >= {"", "held", "hold", "member", "pay", "price"}, seen


def _of(view: BasketView | None) -> object:
    """What must be the same of a basket: not what is read anew from the clock."""
    return (
        None
        if view is None
        else (view.basket, view.steps, view.priced, view.tenders, view.adjustments, view.paid_minor)
    )


async def _sold(store: Store) -> int:
    rows = await store.database.read(lambda db: db.execute("SELECT count(*) FROM receipt").fetchone())
    return int(rows[0])
