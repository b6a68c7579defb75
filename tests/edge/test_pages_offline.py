"""What the till's page says of an action without a network: on its key, on each answer of a menu, and in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_agent.till.offline import ACTIONS as OFFLINE
from edge_agent.till.offline import Offline
from edge_agent.web.screen.actions import ACTIONS, FLOWS, USE_CASES
from edge_agent.web.screen.offline_marks import FLOW_USE_CASES, MENUS, mark_of
from shared.wire.events import TillKind
from tests.edge.person import Person, person
from tests.edge.tills import APPLES

SIGNS = {Offline.YES: "", Offline.LIMITED: "◐", Offline.NO: "✕"}
SPOKEN = {Offline.YES: "", Offline.LIMITED: "离线时受限", Offline.NO: "离线时不可用"}
MARKED = {
    "returns": {"take_back": "◐", "exchange": "◐", "no_receipt": "", "undo_sale": "◐", "refund_cash": ""},
    "offers": {"points": "◐", "own_coupons": "◐", "coupon_code": "◐", "gifts": "", "coupon": ""},
    "desk": {"desk_enrol": "✕", "desk_gift_card": "✕", "desk_undo": "✕"},
    "shift": {"open_shift": "", "past": ""},
}
"""Menus whose answers are flows, with the mark of each: a person's decisions, read from works-offline.md."""


def shown(pane: str) -> dict[str, str]:
    """Return the answers of a pane with the mark that stands beside each."""
    found = {}
    for value, inside in re.findall(r'data-(?:choose|key)="([^"]+)"(.*?)</button>', pane, re.DOTALL):
        marks = re.findall(r'class="limited".*?> ([◐✕])<span class="unseen">(.*?)</span>', inside)
        assert len(marks) <= 1
        assert all(spoken in SPOKEN.values() for _sign, spoken in marks)
        found[value] = marks[0][0] if marks else ""
    return found


async def opened(at: Person, menu: str) -> dict[str, str]:
    await at.presses(menu)
    assert at.asked == menu
    return await at.shown()


@pytest.mark.parametrize("menu", [*MARKED, "more"])
async def test_p2_each_answer_of_a_menu_carries_its_mark(tmp_path: Path, menu: str) -> None:
    async with person(tmp_path, kind=TillKind.SERVICE_DESK) as at:
        await at.scans(APPLES)
        found = shown((await opened(at, menu))["pane"])
        question = at.screen.question
        assert question is not None
        assert found == {one.value: SIGNS[mark_of(question, one, USE_CASES).offline] for one in question.options}
        assert found == MARKED.get(menu, found)


async def test_p2_marks_and_the_reason_stand_there_without_a_pointer(tmp_path: Path) -> None:
    async with person(tmp_path, kind=TillKind.SERVICE_DESK) as at:
        keys = shown((await at.shown())["keys"])
        front = {one.name: SIGNS[one.offline.offline] for one in ACTIONS if one.front}
        assert {name: keys[name] for name in front} == front
        for menu in ("returns", "desk", "offers"):
            limits = OFFLINE[USE_CASES[menu]].limits
            assert limits is not None
            pane = re.sub(r'title="[^"]*"', "", (await opened(at, menu))["pane"])
            assert limits.zh in pane
            assert limits.next_zh in pane
        await at.presses("Escape")
        await at.scans(APPLES)
        await at.presses("+")
        ways = shown((await at.shown())["pane"])
        assert (ways["F1"], ways["F2"], ways["F3"], ways["F6"]) == ("", "", "◐", "◐")


def test_p2_marks_are_of_flows_and_use_cases_that_are_there() -> None:
    flows = {name for name in FLOW_USE_CASES if not name.startswith("cash_")}
    assert flows <= set(FLOWS)
    assert set(FLOW_USE_CASES.values()) <= set(OFFLINE)
    assert set(MARKED) | {"more", "customer"} == MENUS
