"""Every action of a till, opened on the real page one after the other, is usable by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.web.screen.actions import ACTIONS, Action
from edge_agent.web.screen.screen import Seen
from shared.wire.events import TenderKind, TillKind
from shared.wire.policies import QuickKey
from tests.edge.screens import Screens, served_screens
from tests.edge.staffing import reasons, staffed
from tests.edge.test_pages_browser import CONTRAST, SIZES, ring
from tests.edge.tills import APPLES, CARD, MILK
from tests.provision.browser import Page, browsing, find_browser

_LEAVES = frozenset({"sign_out", "lock", "take_break", "practise"})
"""These take whoever stands there away: they come last, each from a till that is signed in again."""
_DEEPEST = 4


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        made.resize(*SIZES["till"])
        yield made


@pytest.fixture(params=[TillKind.STAFFED, TillKind.SERVICE_DESK])
def screens(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Screens]:
    with served_screens(tmp_path, build=lambda store, name: store.till(name, kind=request.param)) as made:
        lists = {name: reasons("one", "two") for name in ("override_reasons", "void_reasons", "return_reasons")}
        keys = [QuickKey(item="1001", words={"en": "Apples", "zh": "苹果"}, page="a")]
        staffed(
            made.store, shifts="required", cash_reasons=reasons("safe"), quick_keys=keys, round_off_step=10, **lists
        )
        yield made


def at_work(screens: Screens) -> None:
    """Somebody who may do everything stands there: an open shift, a sale made, one held, a basket with a member."""
    till = screens.counters["t1"].till
    screens.do(till.people.sign_in("max", "7531"))
    screens.do(till.drawer.open(10_000))
    ring(screens, APPLES)
    screens.do(till.tender(TenderKind.CASH))
    ring(screens, MILK)
    screens.do(till.hold())
    ring(screens, APPLES, MILK)
    screens.do(till.attach_card(CARD))


def fair(page: Page, screens: Screens, where: str) -> None:
    """What is on the page now can be used by everybody."""
    counter = screens.counters["t1"]
    count = counter.till.changes.count
    page.until(f"Number(document.querySelector('[data-state]').dataset.count) >= {count}")
    assert page.accessibility_faults() == [], where
    assert page.evaluate(CONTRAST) == [], f"less than 7:1 at {where}"
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, where
    assert page.errors == [], where


def look_into(page: Page, screens: Screens, action: Action) -> set[str]:
    """Open an action and look at it; then back out of it as people do. Return what it asked."""
    screen = screens.counters["t1"].screen
    screens.do(screen.press(action.name, "", Seen(screen.turn)))
    fair(page, screens, action.name)
    asked = {screen.question.id} if screen.question is not None else set()
    for _ in range(_DEEPEST):
        if screen.question is None:
            break
        screens.do(screen.press("Escape", "", Seen(screen.turn)))
    return asked


def test_every_action_of_a_till_is_open_to_everybody(page: Page, screens: Screens) -> None:
    page.load("about:blank")
    page.errors.clear()
    page.load(f"{screens.address}/tills/t1?language=en")
    fair(page, screens, "sign in")
    at_work(screens)
    here = [one for one in ACTIONS if screens.counters["t1"].till.kind in one.kinds and one.name not in _LEAVES]
    asked: set[str] = set()
    # Half of them in either language: what is tested is markup and colours, of which both have the same.
    for language, some in (("en", here[::2]), ("zh", here[1::2])):
        page.load(f"{screens.address}/tills/t1?language={language}", language)
        for action in some:
            asked |= look_into(page, screens, action)
    assert len(asked) > len(here) // 2, f"most actions ask something, and only these did: {sorted(asked)}"
