"""The till pages as HTTP: who may read and press, what the stream says, what a page says when there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from edge_agent.till.results import LineAdded
from edge_agent.web.figures import money, quantity, signed_money, to_grams, to_minor, unit_price
from edge_agent.web.standing import Standing
from edge_agent.web.till_page import PARTS
from shared.money import UnitPrice
from shared.pricing import Unit
from tests.edge.screens import Screens, served_screens
from tests.edge.tills import APPLES, MILK


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    with served_screens(tmp_path) as made:
        yield made


@pytest.fixture
def browser(screens: Screens) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=screens.address) as client:
        yield client


def token(page: str) -> str:
    return page.split('data-token="')[1].split('"', maxsplit=1)[0]


def typed(text: str) -> dict[str, str]:
    return {"kind": "enter", "text": text, "turn": "0"}


def ring(screens: Screens, *codes: str) -> None:
    for code in codes:
        assert isinstance(screens.do(screens.counters["t1"].till.scan(code)), LineAdded)


def test_foot_says_what_is_wrong_in_the_cashiers_language_red_only_what_stops_selling(
    screens: Screens, browser: httpx.Client
) -> None:
    screens.standing = Standing(
        "", 0, 3, ("disk_full: no room", "price_book: 7 is refused", "price_book: 8 too", "x: y")
    )
    page = browser.get("/tills/t1", params={"language": "zh"}).text
    for red, words in (
        (False, "总部正在处理 3 笔"),
        (True, "磁盘已满，无法收银，请联系 IT。"),
        (False, "新价格未完整收到，仍按原价销售，请告知 IT。"),
        (False, "门店与总部之间有异常，请告知 IT。"),
    ):
        assert page.count(f'<span class="{"bad" if red else "warn"}">{words}</span>') == 1, words
    assert "no room" not in page


def test_page_shows_the_basket_in_both_languages(screens: Screens, browser: httpx.Client) -> None:
    assert "Scan the first item." in browser.get("/tills/t1", params={"language": "en"}).text
    ring(screens, APPLES, MILK)
    english = browser.get("/tills/t1").text
    assert "To pay" in english
    chinese = browser.get("/tills/t1", params={"language": "zh"}).text
    assert 'lang="zh-Hans"' in chinese
    assert "应收" in chinese
    assert "To pay" not in chinese


def test_typed_code_rings_up_and_a_refusal_says_what_to_do(screens: Screens, browser: httpx.Client) -> None:
    page = browser.get("/tills/t1", params={"language": "en"}).text
    headers = {"X-Token": token(page), "Origin": screens.address}
    assert browser.post("/tills/t1/press", data=typed(APPLES), headers=headers).json()["count"] > 0
    assert screens.do(screens.counters["t1"].till.view()) is not None
    browser.post("/tills/t1/press", data=typed("6901234567893"), headers=headers)
    assert "Scan it again or type it in." in browser.get("/tills/t1").text
    assert browser.post("/tills/t1/press", data={"kind": "shout"}, headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Origin": "http://127.0.0.1:1", "X-Token": "ok"}, "elsewhere"),
        ({"X-Token": "ok"}, "elsewhere"),
        ({"Origin": "own"}, "out of date"),
        ({"Origin": "own", "X-Token": "0" * 64}, "out of date"),
        ({"Origin": "own", "X-Token": "é"}, "out of date"),
        ({"Origin": "own", "X-Token": "ok", "Host": "evil.example"}, "own name"),
        ({"Origin": "own", "X-Token": "ok", "Cookie": ""}, "out of date"),
    ],
)
def test_nobody_elsewhere_presses_our_keys(
    screens: Screens, browser: httpx.Client, headers: dict[str, str], words: str
) -> None:
    good = token(browser.get("/tills/t1").text)
    sent = {name: {"own": screens.address, "ok": good}.get(value, value).encode() for name, value in headers.items()}
    answer = browser.post("/tills/t1/press", data=typed(APPLES), headers=sent)
    assert answer.status_code == 403
    assert words in answer.text
    assert screens.do(screens.counters["t1"].till.view()) is None


def test_another_name_for_this_machine_reads_nothing(browser: httpx.Client) -> None:
    answer = browser.get("/tills/t1", headers={"Host": "rebound.example"})
    assert answer.status_code == 403
    assert "basket" not in answer.text


def test_stream_sends_what_changed_and_nothing_twice(screens: Screens, browser: httpx.Client) -> None:
    with browser.stream("GET", "/tills/t1/stream", params={"language": "en"}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry: ")
        assert heard_until(lines, "state") == list(PARTS)
        ring(screens, APPLES)
        assert heard_until(lines, "state") == ["head", "lines", "sum", "state"]


def heard_until(lines: Iterator[str], last: str) -> list[str]:
    heard: list[str] = []
    while not heard or heard[-1] != last:
        line = next(lines)
        if line.startswith("event: "):
            heard.append(line.removeprefix("event: "))
    return heard


def test_streams_end_with_the_agent_and_nothing_is_cut_off(tmp_path: Path) -> None:
    with httpx.Client() as client:
        with served_screens(tmp_path) as screens:
            opened = client.stream("GET", f"{screens.address}/tills/t1/stream")
            lines = opened.__enter__().iter_lines()
            heard_until(lines, "state")
        ended = list(lines)  # raises when the connection was cut in the middle of the answer
        opened.__exit__(None, None, None)
    assert [line for line in ended if line.startswith("event")] == []


def test_till_that_is_not_there_is_said_in_words(browser: httpx.Client) -> None:
    answer = browser.get("/tills/t9")
    assert answer.status_code == 404
    assert "t9" in answer.text


def test_nothing_may_be_loaded_from_elsewhere(browser: httpx.Client) -> None:
    policy = browser.get("/tills/t1").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (money(1234567, 2), "12,345.67"),
        (money(-5, 2), "-0.05"),
        (money(1200, 0), "1,200"),
        (signed_money(1234567, 2, "CNY"), "￥12,345.67"),
        (signed_money(-500, 2, "CHF"), "-CHF 5.00"),
        (signed_money(1200, 0, "JPY"), "￥1,200"),
        (quantity(1236, Unit.GRAM), "1.236 kg"),
        (quantity(12, Unit.EACH), "12"),
        (unit_price(UnitPrice(598, 1000), Unit.GRAM, 2), "5.98/kg"),
        (unit_price(UnitPrice(500, 3), Unit.EACH, 2), "5.00/3"),
        (unit_price(UnitPrice(299, 500), Unit.GRAM, 2), "2.99/500 g"),
    ],
)
def test_figures_are_written_as_people_read_them(written: str, text: str) -> None:
    assert written == text


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.3", 1230), ("1,000", 100_000), (".5", 50), ("12。30", 1230), ("0", 0), ("1.234", None), ("x", None),
     ("-5", None), ("", None), (".", None), ("٣", None), ("9" * 20, None)],
)  # fmt: skip
def test_amounts_are_read_as_people_type_them(text: str, minor: int | None) -> None:
    assert to_minor(text, 2) == minor


def test_weights_are_read_in_kilograms() -> None:
    assert (to_grams("1.236"), to_grams("0.5 kg"), to_grams("12 g")) == (1236, 500, None)
