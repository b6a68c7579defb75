"""Requests that are handled together: alone at once, many in few groups, none hurt by what is wrong with another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from cloud.api.together import Together
from cloud.errors import Unavailable

Handled = Sequence[str | Exception]


@dataclass
class Office:
    """Notes the groups it was given; the first one waits until the rest are there."""

    groups: list[list[str]] = field(default_factory=list)
    answers: Callable[[str], str | Exception] = str.upper
    began: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)

    def handle(self, group: Sequence[str]) -> Handled:
        self.groups.append(list(group))
        self.began.set()
        assert self.may_go_on.wait(5)
        return [self.answers(one) for one in group]


def _ask_all(office: Office, asked: Sequence[str], most: int = 50) -> list[str | BaseException]:
    """Ask for the first, and for the rest while it is being handled."""

    async def live() -> list[str | BaseException]:
        together = Together(office.handle, whose=lambda one: one[0], most=most)
        first = asyncio.create_task(together.ask(asked[0]))
        await asyncio.to_thread(office.began.wait, 5)
        rest = [asyncio.create_task(together.ask(one)) for one in asked[1:]]
        await asyncio.sleep(0)
        office.may_go_on.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    return asyncio.run(live())


def test_one_that_comes_alone_is_handled_at_once_and_what_waits_shares_the_next() -> None:
    office = Office()
    assert _ask_all(office, ["a", "b", "c", "d", "e"], most=3) == ["A", "B", "C", "D", "E"]
    assert office.groups == [["a"], ["b", "c", "d"], ["e"]]


def test_two_of_the_same_are_never_in_one_group_and_keep_their_order() -> None:
    office = Office()
    assert _ask_all(office, ["a", "b1", "b2", "c", "b3"]) == ["A", "B1", "B2", "C", "B3"]
    assert office.groups == [["a"], ["b1", "c"], ["b2"], ["b3"]]


def test_a_refusal_is_its_own_and_what_fails_alone_fails_alone() -> None:
    def answers(one: str) -> str | Exception:
        if one == "c":
            raise ValueError("nobody understands this")
        return PermissionError(one) if one == "e" else one.upper()

    office = Office(answers=answers)
    told = _ask_all(office, ["a", "b", "c", "d", "e"])
    assert [told[0], told[1], told[3]] == ["A", "B", "D"]
    assert [type(told[2]), type(told[4])] == [ValueError, PermissionError]


def test_a_database_that_is_away_is_not_asked_again_for_each() -> None:
    def answers(one: str) -> str:
        raise Unavailable("away")

    office = Office(answers=answers)
    assert all(isinstance(one, Unavailable) for one in _ask_all(office, ["a", "b", "c"]))
    assert office.groups == [["a"], ["b", "c"]]


def test_whoever_hangs_up_holds_up_nobody() -> None:
    async def live() -> None:
        office = Office()
        together = Together(office.handle, whose=str)
        gone, stays = (asyncio.create_task(together.ask(one)) for one in "ab")
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        office.may_go_on.set()
        assert await stays == "B"
        assert await together.ask("c") == "C"

    asyncio.run(live())
