"""The points of a purchase on the till's page and on the customer's side: while it is rung, and once it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from edge_agent.web import display_page
from edge_agent.web.screen.screen import Screen
from shared.loyalty import PointsRule
from shared.web.words import Language
from tests.edge.person import Person
from tests.edge.screens import OpenCounter
from tests.edge.test_till_promise import BASE, GOLD, earning, store_with, tiers
from tests.edge.tills import CARD, MILK, OTHER_CARD

KNOWN = [earning(BASE), tiers(GOLD)]
NOT_BY_GIFT = earning(msgspec.structs.replace(BASE, excluded_tenders=["gift_card", "unheard_of"]))
NOT_ALL = (
    "Points for this purchase 12 (none for what is paid by: Gift card)",
    "本单可得积分 12（以下方式支付的部分不积分：购物卡）",
)
FOLLOW = "The points of this purchase follow from head office."
FOLLOW_ZH = "本单积分由总部稍后入账。"


@pytest.mark.parametrize(
    ("rules", "card", "blocks", "rung", "paid"),
    [
        (KNOWN, CARD, [], ("Points for this purchase 19", "本单可得积分 19"), ("Points earned 19", "本次积分 19")),
        ([NOT_BY_GIFT], CARD, [], NOT_ALL, ("Points earned 12", "本次积分 12")),
        ([], CARD, [], (FOLLOW, FOLLOW_ZH), (FOLLOW, FOLLOW_ZH)),
        (KNOWN, CARD, ["points"], None, None),
        (KNOWN, OTHER_CARD, [], None, (FOLLOW, FOLLOW_ZH)),
        (KNOWN, "", [], None, None),
    ],
    ids=["promised", "excluded", "no rule", "blocked", "unknown card", "nobody"],
)
async def test_both_sides_see_the_points_or_that_they_follow(
    tmp_path: Path,
    rules: list[PointsRule],
    card: str,
    blocks: Sequence[str],
    rung: tuple[str, str] | None,
    paid: tuple[str, str] | None,
) -> None:
    async with store_with(tmp_path, *rules, tier="gold", blocks=blocks) as (store, till):
        screen = Screen(till, lambda: store.settings, store.business)
        await screen.attend()
        at = Person(store, till, screen)
        await at.scans(MILK, *([card] if card else []))
        await says(at, rung)
        await at.presses("+", "F1")
        assert at.screen.paid is not None, at.told
        await says(at, paid)
        screen.end()


async def says(at: Person, wanted: tuple[str, str] | None) -> None:
    """See what is said of points, in both languages, to the cashier and to the customer; None: nothing."""
    languages: tuple[Language, ...] = ("en", "zh")
    for n, language in enumerate(languages):
        page = " ".join((await at.shown(language=language)).values())
        customer = (await display_page.parts(OpenCounter(at.till, at.screen, []), at.store.settings, language))[
            "display"
        ]
        for side in (page, customer):
            assert ("data-points" in side) is (wanted is not None)
            if wanted is not None:
                words = side.replace('<b class="figures-only">', "").replace("</b>", "")
                assert wanted[n] in words
