"""`python -m tests.docs.pictures` retakes the pictures of the till in docs/images, from its pages in a real browser.

The pages are served as tests serve them, with a small shop's goods; behind the service desk is the real head office,
whose own pictures are not taken here.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from cloud.database import Database
from edge_agent.devices.ports import Weight
from edge_agent.till.till import Till
from edge_agent.web.shop import DeviceSeen
from shared.pricing import Price, Unit
from shared.wire.desired import KnownMember
from shared.wire.events import TillKind
from tests.cloud.members_data import vault
from tests.cloud.value_desk import DeskChain
from tests.edge.desk_hq import RealHq
from tests.edge.screens import Screens, served_screens
from tests.edge.test_desk_value import RULE
from tests.edge.test_pages_browser import asked, keys
from tests.edge.test_till_promise import BASE, earning
from tests.edge.tills import MemoryTillBook, Store
from tests.edge.value_hq import ValueHq, trust_clock
from tests.edge.value_tills import POINTS_RULE, till_of, wang
from tests.factories import make_item
from tests.provision import databases
from tests.provision.browser import Page, browsing, find_browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = (1366, 768)
GOODS = (
    ("2001", "Sunflower oil 5 l", "葵花籽油 5L", 6_990, 6_291),
    ("2002", "Milk 250 ml", "纯牛奶 250ml", 250, 225),
    ("2003", "Yoghurt, 8 cups", "原味酸奶 8 杯", 690, 621),
    ("2004", "Rice 5 kg", "五常稻花香大米 5kg", 5_980, 5_382),
    ("2005", "Cola 330 ml", "可乐 330ml 罐装", 300, 270),
)
PORK = ("1003", "Pork belly", "五花肉", 3_998, 3_598)
DEVICES = (("scanner", "scanners"), ("scale", "scales"), ("printer", "printers"))
_STILL = "document.getAnimations().forEach(one => { try { one.finish() } catch { one.cancel() } }); 0"
BASKET = ("2001", "12*2002", "2003", "2004", "2005")


def _book() -> MemoryTillBook:
    items = [make_item(item, name=name, zh=zh) for item, name, zh, _price, _member in GOODS]
    items.append(make_item(PORK[0], name=PORK[1], zh=PORK[2], unit=Unit.GRAM))
    prices = [Price(item=item, regular_minor=price, member_minor=member) for item, _en, _zh, price, member in GOODS]
    prices.append(Price(item=PORK[0], regular_minor=PORK[3], member_minor=PORK[4], basis=1_000))
    return MemoryTillBook(1, items, prices, (POINTS_RULE,))


def _till(store: Store, till: str) -> Till:
    customer = wang(points=1_200)
    store.books.books.clear()
    store.books.add(_book())
    store.members.known[customer.card] = KnownMember(
        member=customer.id, cards=[], masked_name=customer.name, tier=customer.tier, points=customer.points
    )
    tiers = {customer.tier: {"en": "Gold", "zh": "金卡"}}
    store.settings = msgspec.structs.replace(
        store.settings, name="Riverside", tier_names=tiers, points_rules=[earning(BASE)]
    )
    return till_of(store, ValueHq(store.machine, customer), till)


def _begin(screens: Screens) -> None:
    """Sign a cashier in, plug the devices in, ring five things up for a member."""
    counter = screens.counters["t1"]
    counter.seen[:] = [DeviceSeen(name, "idle", kind) for name, kind in DEVICES]
    screens.do(trust_clock(screens.store))
    screens.do(_rung(counter.till))


async def _rung(till: Till) -> None:
    for code in BASKET:
        await till.scan(code)
    await till.scan("8800000001")


def _weighed(screens: Screens) -> None:
    counter = screens.counters["t1"]
    screens.do(counter.weigh(1_236))
    screens.do(counter.scan(PORK[0]))


async def _say(screens: Screens, weight: Weight) -> None:
    counter = screens.counters["t1"]
    counter.till.scaled.note(weight)
    counter.screen.weighed()


def _sells(screens: Screens, _page: Page) -> None:
    _weighed(screens)


def _pays(screens: Screens, page: Page) -> None:
    _weighed(screens)
    keys(page, "+")


def _weighs(screens: Screens, page: Page) -> None:
    keys(page, PORK[0], "Enter", "-0.036", "Enter")
    page.until("document.querySelector('[data-state]').dataset.question === 'weigh'")
    screens.do(_say(screens, Weight(1_236, stable=False)))


def _uses_points(_screens: Screens, page: Page) -> None:
    keys(page, "F11")
    page.until("document.querySelector('[data-state]').dataset.question === 'offers'")
    keys(page, "1", "Enter")


PICTURES: Mapping[str, tuple[str, str, Callable[[Screens, Page], None], str]] = {
    "till-zh": ("zh", "", _sells, ""),
    "till-en": ("en", "", _sells, ""),
    "till-pay-zh": ("zh", "", _pays, "pay"),
    "till-pay-en": ("en", "", _pays, "pay"),
    "till-weigh-zh": ("zh", "", _weighs, "weigh"),
    "till-points-zh": ("zh", "", _uses_points, "points"),
    "till-display-zh": ("zh", "/display", _sells, ""),
    "till-display-en": ("en", "/display", _sells, ""),
}
"""Each picture: its language, the page below the till's, what is done there, and the question that is then asked."""


def _desk_till(database: Database) -> Callable[[Store, str], Till]:
    """Return what makes a service desk with the real head office behind it."""
    hq = RealHq(DeskChain(database, **RULE))
    return lambda store, till: store.till(till, hq=hq, kind=TillKind.SERVICE_DESK, hq_public=vault().sealing_public)


def _tops_up(page: Page) -> None:
    """Sign somebody up and top up their card, up to where it is paid."""
    steps = (
        (("F12",), "desk"), (("1", "Enter"), "phone"), (("13800138000", "Enter"), "consent"),
        (("1", "Enter", "2", "Enter"), "new_card"), (("Enter",), "name"), (("王小明", "Enter"), "customer"),
        (("1", "Enter"), "top_up"), (("200", "Enter"), "value_pay"),
    )  # fmt: skip
    for typed, question in steps:
        keys(page, *typed)
        page.until(asked(question))


def _retake_desk(page: Page, folder: Path) -> None:
    """Take the service desk's picture anew."""
    database = databases.new_sqlite(folder / "cloud.db")
    with served_screens(folder, build=_desk_till(database)) as screens:
        screens.counters["t1"].seen[:] = [DeviceSeen(name, "idle", kind) for name, kind in DEVICES]
        page.load(f"{screens.address}/tills/t1?language=zh", "zh")
        _tops_up(page)
        (IMAGES / "desk-top-up-zh.png").write_bytes(_taken(page))
        page.load("about:blank")
    database.close()


def _taken(page: Page) -> bytes:
    page.evaluate(_STILL)
    shot: dict[str, Any] = page.call("Page.captureScreenshot", format="png")
    return base64.b64decode(shot["data"])


def retake() -> None:
    """Take every picture anew."""
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium on this machine: `apt-get install chromium`")
    with tempfile.TemporaryDirectory(prefix="sw-pictures-") as name, browsing(program, Path(name) / "browser") as page:
        page.resize(*SIZE)
        for picture, (language, below, act, question) in PICTURES.items():
            with served_screens(Path(name) / picture, build=_till) as screens:
                _begin(screens)
                page.load(f"{screens.address}/tills/t1{below}?language={language}", language)
                act(screens, page)
                if question:
                    page.until(f"document.querySelector('[data-state]').dataset.question === '{question}'")
                if act is not _uses_points:
                    page.until("document.body.innerText.includes('1.236')")
                (IMAGES / f"{picture}.png").write_bytes(_taken(page))
                page.load("about:blank")
        desk = Path(name) / "desk"
        desk.mkdir()
        _retake_desk(page, desk)


if __name__ == "__main__":
    retake()
