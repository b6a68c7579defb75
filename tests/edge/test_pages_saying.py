"""What the till says in small things: agreeing, finding nothing, a refusal's value, a member without a name."""

from __future__ import annotations

from gettext import NullTranslations
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest

from edge_agent.till.commands import refused
from edge_agent.till.service.consents import consents_of
from edge_agent.web.rendering import render
from edge_agent.web.screen.asking import Asked, Open
from edge_agent.web.screen.flows_joining import enrol
from edge_agent.web.screen.hand import Hand
from edge_agent.web.screen.saying import refusal, said
from edge_agent.web.screen.talking import Talk
from shared.web.words import Speech
from tests.edge.person import person
from tests.edge.tills import APPLES, MILK

EN = Speech("en", NullTranslations())


async def test_enter_alone_agrees_to_no_text(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        talk = Talk("desk_enrol", ("13800138000",))
        hand = Hand(at.till, at.store.settings, at.store.business)
        assert consents_of(at.store.settings.policies)
        with pytest.raises(Open) as open_:
            await enrol(Asked([]), hand, "13800138000")
        talk.question = open_.value.question
        at.screen.talk = talk
        await at.screen.enter("", at.seen)
        assert (at.asked, at.told, talk.answers) == ("consent", "not_said", [])
        assert "aria-current" not in (await at.shown())["pane"]
        await at.types("1")
        assert talk.answers[:1] == ["yes"]


async def test_a_search_without_a_hit_says_so_and_what_to_do(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.screen.start("search", ("zzz",))
        question = at.screen.question
        assert question is not None
        assert said(question.title, EN) == "Nothing found for “zzz”"
        assert "shorter" in said(question.note, EN)


@pytest.mark.parametrize(
    ("code", "detail", "what"),
    [("wrong_pin", "5", ""), ("refund_waiting", str(UUID(int=7)), ""), ("unknown_item", "4711", "4711")],
)
def test_a_refusal_names_only_a_value_that_says_something(code: str, detail: str, what: str) -> None:
    assert refusal(refused(code, detail)).what == what


async def test_what_was_refused_stands_in_quotes(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.types("999999")
        text = unescape("".join((await at.shown()).values()))
        assert "“<code>999999</code>”" in text


def test_a_member_without_a_name_is_set_apart_from_the_points() -> None:
    member = {"name": "", "tier": "", "known": True, "points": 35, "source": "", "missing": "", "blocks": []}
    member |= {"brings": ""}
    basket = {"due": "0.00", "saved": "", "dropped": "", "pieces": 0, "paid": "", "spent": [], "hints": []}
    basket |= {"member": member, "to_choose": 0}
    html = render(
        "_sum.html",
        "en",
        screen={"paid": None, "hand_out_minor": 0},
        view=None,
        question=None,
        sign="",
        basket=basket,
        say=str,
        money=str,
    )
    assert "Member card · Points 35" in " ".join(html.split())


async def test_cents_dropped_are_said_once_beside_the_total_and_leave_the_rows_as_they_were(tmp_path: Path) -> None:
    async with person(tmp_path, round_off_step=10, round_off_max=99) as at:
        await at.scans(APPLES, MILK)
        before = (await at.shown())["lines"]
        await at.presses("F8")
        shown = await at.shown()
        assert "其中抹零 0.09" in shown["sum"], shown["sum"]
        assert shown["lines"] == before
        await at.presses("Delete")
        assert "已删除" in (await at.shown())["banner"], "what was taken out is named"
