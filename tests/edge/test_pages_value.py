"""Members' value at the till's page in a real browser: by keys alone, in both languages, on and off line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.till.till import Till
from shared.loyalty import NextTier
from shared.pricing import AnyPromotion
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.kinds.free_gift import FreeGift
from shared.pricing.promotion import Need
from shared.value import POINTS
from tests.edge.screens import Screens, served_screens
from tests.edge.test_pages_browser import CONTRAST, SIZES, asked, keys, page, show
from tests.edge.test_till_offers import books
from tests.edge.tills import APPLES, CARD, MILK, Store
from tests.edge.value_hq import GIFT_CARD, Person, ValueHq, trust_clock
from tests.edge.value_tills import CODE, LI_PHONE, POINTS_RULE, WANG_PHONE, till_of, wang
from tests.provision.browser import Page

__all__ = ["page"]
RULES: tuple[AnyPromotion, ...] = (
    POINTS_RULE,
    CouponOff(promotion="off", off_minor=200, names={"en": "Two off", "zh": "立减两元"}),
    FreeGift(promotion="gift", gifts=["1001"], need=Need(spend_minor=1_000), names={"en": "Fruit", "zh": "送水果"}),
)
SCREENS = {
    "member": [("F2",)],
    "people": [("F2",), ("8000", "Enter")],
    "offers": [("F11",)],
    "points": [("F11",), ("1", "Enter")],
    "own_coupon": [("F11",), ("2", "Enter")],
    "value_amount": [("+",), ("F6",)],
    "value_card": [("+",), ("F7",)],
    "weigh": [("1003", "Enter")],
}
"""The questions about value, and the keys that lead to each; the last leaves a line that waits for its weight."""
DUE = "document.querySelector('.due').textContent.trim()"


@contextmanager
def valued(folder: Path, *people: Person, rules: tuple[AnyPromotion, ...] = RULES) -> Iterator[tuple[Screens, ValueHq]]:
    """Serve a till of a store whose members HQ knows."""
    made: list[ValueHq] = []

    def build(store: Store, till: str) -> Till:
        store.books.books.clear()
        store.books.add(books(*rules).books[1])
        made.append(ValueHq(store.machine, *people, gift_cards={GIFT_CARD: 300}))
        return till_of(store, made[0], till)

    with served_screens(folder, build=build) as screens:
        screens.do(trust_clock(screens.store))
        yield screens, made[0]


def wang_in_full() -> Person:
    return wang(coupons={CODE: "off"}, next_tier=NextTier(tier="diamond", spend_minor=12_000))


def test_phone_coupon_points_stored_value_cash_and_change_by_keys_alone(page: Page, tmp_path: Path) -> None:
    li = Person(name="李*", phone=LI_PHONE)
    with valued(tmp_path, wang_in_full(), li) as (screens, hq):
        show(page, screens, "zh")
        keys(page, APPLES, "Enter", MILK, "Enter", MILK, "Enter", "F2")
        page.until(asked("member"))
        keys(page, "8000", "Enter")
        page.until(asked("people"))
        keys(page, "1", "Enter")
        page.until("document.querySelector('.till-member')?.textContent.includes('王**')")
        assert "升级diamond：再消费 ￥120.00" in page.evaluate("document.querySelector('.till-sum').textContent")
        assert "总部实时数据" in page.evaluate("document.querySelector('.till-sum').textContent")
        before = page.evaluate(DUE)
        keys(page, "F11")
        page.until(asked("offers"))
        keys(page, "2", "Enter")
        page.until(asked("own_coupon"))
        keys(page, "1", "Enter")
        page.until(f"{DUE} !== '{before}'")
        coupon = page.evaluate(DUE)
        keys(page, "F11")
        page.until(asked("offers"))
        keys(page, "1", "Enter")
        page.until(asked("points"))
        assert "1,000 积分" in page.evaluate("document.querySelector('.ask').textContent")
        keys(page, "500", "Enter")
        page.until(f"{DUE} !== '{coupon}'")
        assert hq.aside(POINTS) == 500
        keys(page, "+")
        page.until(asked("pay"))
        keys(page, "5", "F6")
        page.until(asked("value_amount"))
        assert "50.00" in page.evaluate("document.querySelector('.wallet').textContent")
        keys(page, "Enter")
        page.until(f"{asked('pay')} && document.querySelector('.given')")
        assert hq.aside() == 500
        keys(page, "100", "Enter")
        page.until("document.querySelector('[data-change]')")
        change = page.evaluate("document.querySelector('[data-change]').textContent.trim()")
        total = 2 * 1_299 - 200 - 500  # the apples are a gift of this order
        assert change == f"￥{(10_500 - total) / 100:.2f}"
        assert page.errors == []


def test_gift_card_is_shown_with_its_balance_and_pays_a_part(page: Page, tmp_path: Path) -> None:
    with valued(tmp_path) as (screens, hq):
        show(page, screens)
        keys(page, MILK, "Enter", "+")
        page.until(asked("pay"))
        keys(page, "F7")
        page.until(asked("value_card"))
        screens.do(screens.counters["t1"].scan(GIFT_CARD))
        page.until(asked("value_amount"))
        assert "3.00" in page.evaluate("document.querySelector('.wallet').textContent")
        keys(page, "Enter")
        page.until(f"{asked('pay')} && document.querySelector('.given')")
        assert hq.aside() == 300
        keys(page, "Delete")
        page.until(f"{asked('')} && {DUE} === '￥12.99'")
        screens.do(screens.counters["t1"].till.releases.step())
        assert hq.aside() == 0


def test_gift_is_chosen_and_rung_up(page: Page, tmp_path: Path) -> None:
    with valued(tmp_path) as (screens, _hq):
        show(page, screens)
        keys(page, MILK, "Enter", "F11")
        page.until(asked("offers"))
        keys(page, "4", "Enter")
        page.until(asked("gifts"))
        keys(page, "1", "Enter")
        page.until("document.querySelectorAll('.till-lines tbody tr').length === 2")
        assert page.evaluate(DUE) == "￥12.99"


def test_offline_the_page_says_what_is_limited_and_the_sale_goes_on(page: Page, tmp_path: Path) -> None:
    with valued(tmp_path, wang_in_full()) as (screens, hq):
        hq.online = False
        show(page, screens, "zh")
        keys(page, MILK, "Enter", "F2")
        page.until(asked("member"))
        keys(page, WANG_PHONE, "Enter")
        page.until("document.querySelector('[data-refused=phone_needs_hq]')")
        assert "手机号只保存在总部" in page.evaluate("document.querySelector('.refusal').textContent")
        screens.do(screens.counters["t1"].scan(CARD))
        keys(page, "Escape", "+")
        page.until(asked("pay"))
        keys(page, "F6")
        page.until("document.querySelector('[data-refused=value_offline]')")
        page.until(asked("pay"))
        keys(page, "Enter")
        page.until("document.querySelector('[data-change]')")
        assert page.errors == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_screen_of_value_is_open_to_everybody(page: Page, tmp_path: Path, language: str) -> None:
    with valued(tmp_path, wang_in_full(), Person(name="李*", phone=LI_PHONE)) as (screens, _hq):
        at = screens.counters["t1"]
        for code in (APPLES, MILK, CARD):
            screens.do(at.scan(code))
        show(page, screens, language)
        for question, steps in SCREENS.items():
            for step in steps:
                keys(page, *step)
            page.until(asked(question))
            assert page.accessibility_faults() == [], question
            assert page.evaluate(CONTRAST) == [], f"{question}: less than 7:1"
            assert page.evaluate("document.documentElement.scrollHeight") <= SIZES["till"][1], question
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["till"][0], question
            while page.evaluate("document.querySelector('[data-state]').dataset.question"):
                turn = page.evaluate("document.querySelector('[data-state]').dataset.turn")
                keys(page, "Escape")
                page.until(f"document.querySelector('[data-state]').dataset.turn !== '{turn}'")
        assert page.errors == []
