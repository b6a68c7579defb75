"""The till's page in a real browser: whole sales by keys alone, two tabs, what fits, what is said when cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.results import LineAdded
from edge_agent.till.simulated_gateway import SimulatedGateway
from shared.pricing import Price
from shared.wire.events import TenderKind
from tests.edge.screens import Screens, served_screens
from tests.edge.staffing import staffed
from tests.edge.tills import APPLES, CARD, MILK
from tests.provision.browser import Page, browsing, find_browser

SIZES = {"till": (1366, 768), "phone": (390, 844)}
KEYS = {"+": ("+", "NumpadAdd", 107), "Delete": ("Delete", "Delete", 46)} | {
    f"F{number}": (f"F{number}", f"F{number}", 111 + number) for number in range(1, 13)
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    with served_screens(tmp_path) as made:
        yield made


def ring(screens: Screens, *codes: str) -> None:
    for code in codes:
        assert isinstance(screens.do(screens.counters["t1"].scan(code)), LineAdded)


def show(page: Page, screens: Screens, language: str = "en", path: str = "/tills/t1", size: str = "till") -> None:
    page.load("about:blank")  # the page before may still ask for a store that is gone
    page.resize(*SIZES[size])
    page.errors.clear()
    page.requested.clear()
    page.load(f"{screens.address}{path}?language={language}", language)


def key(page: Page, name: str) -> None:
    """Press a key of the till's keyboard."""
    if name not in KEYS:
        page.press(name)
        return
    sign, code, number = KEYS[name]
    for kind in ("rawKeyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=sign, code=code, windowsVirtualKeyCode=number)


def keys(page: Page, *names: str) -> None:
    """Type text and press keys, as fast as the browser takes them."""
    for name in names:
        if name in KEYS or name in {"Enter", "Escape", "ArrowUp", "ArrowDown"}:
            key(page, name)
        else:
            page.write(name)


def asked(question: str) -> str:
    return f"document.querySelector('[data-state]').dataset.question === '{question}'"


def test_whole_sale_by_keyboard_alone(page: Page, screens: Screens) -> None:
    show(page, screens)
    keys(page, APPLES, "Enter", "3*", "Enter", MILK, "Enter")
    page.until("document.querySelectorAll('.till-lines tbody tr').length === 2")
    keys(page, "*2", "Enter", "ArrowUp")
    page.until("document.querySelector('.chosen')")
    keys(page, "F4", "Enter")
    page.until("!document.querySelector('.till-lines')")
    keys(page, "F5")
    page.until(asked("held"))
    keys(page, "1", "Enter", "+")
    page.until(asked("pay"))
    assert page.evaluate("document.querySelector('.due').textContent.trim()") == "￥30.98"
    keys(page, "50", "Enter")
    page.until("document.querySelector('[data-change]')")
    assert page.evaluate("document.querySelector('[data-change]').textContent.trim()") == "￥19.02"
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('[data-change]')).fontSize)") >= 72
    assert page.evaluate("document.body.dataset.sounded") == "paid"
    assert page.errors == []


def test_scan_is_on_the_page_without_a_touch_and_without_focus(page: Page, screens: Screens) -> None:
    show(page, screens)
    page.evaluate("document.activeElement.blur()")
    ring(screens, APPLES)
    page.until("document.querySelector('.last .name')?.textContent.trim() === 'Apples'")
    ring(screens, MILK)
    page.until("document.querySelector('.last .name')?.textContent.includes('Milk')")
    assert page.evaluate("document.querySelector('.due').textContent.trim()") == "￥17.99"
    assert page.errors == []


def test_what_is_typed_goes_to_the_command_line_wherever_the_focus_is(page: Page, screens: Screens) -> None:
    show(page, screens)
    page.evaluate("document.querySelector('.language').focus()")
    page.press("a")
    assert page.evaluate("document.activeElement.id") == "entry"


def test_refusal_is_heard_and_leaves_the_next_one_free(page: Page, screens: Screens) -> None:
    show(page, screens, "zh")
    keys(page, "6901234567893", "Enter")
    page.until("document.querySelector('[data-refused=check_digit]')")
    assert page.evaluate("document.body.dataset.sounded") == "refused"
    width = page.evaluate("document.querySelector('.refusal').getBoundingClientRect().width")
    assert width == page.evaluate("document.querySelector('.till-main').getBoundingClientRect().width")
    keys(page, APPLES, "Enter")
    page.until("document.querySelector('.last .name')?.textContent.trim() === '苹果'")
    assert not page.evaluate("!!document.querySelector('[data-refused]')")
    assert page.evaluate("document.activeElement.id") == "entry"


def test_pin_is_not_shown_while_it_is_typed(page: Page, screens: Screens) -> None:
    staffed(screens.store)
    show(page, screens)
    page.until(asked("staff"))
    keys(page, "anna", "Enter")
    page.until(asked("pin"))
    assert page.evaluate("document.querySelector('#entry').type") == "password"
    keys(page, "2580", "Enter")
    page.until(asked(""))
    assert page.evaluate("document.querySelector('#entry').type") == "text"


def test_two_tabs_show_the_same_question(page: Page, screens: Screens) -> None:
    ring(screens, APPLES)
    show(page, screens)
    elsewhere = screens.counters["t1"]
    from edge_agent.web.screen.screen import Seen  # noqa: PLC0415

    screens.do(elsewhere.screen.press("pay", "", Seen(elsewhere.screen.turn)))
    page.until(asked("pay"))
    screens.do(elsewhere.screen.enter("", Seen(elsewhere.screen.turn)))
    page.until("document.querySelector('[data-change]')")


def test_unknown_payment_fills_the_page_until_it_is_known(page: Page, tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    gateway.answering.clear()
    with served_screens(tmp_path, gateways={TenderKind.WECHAT: gateway}) as screens:
        ring(screens, APPLES)
        show(page, screens, "zh")
        keys(page, "+")
        page.until(asked("pay"))
        keys(page, "F3")
        page.until(asked("waiting"))
        assert "正在查询，请勿重复收款" in page.evaluate("document.querySelector('.ask').textContent")
        keys(page, "Escape", "+", "Enter")
        assert page.evaluate(asked("waiting"))
        assert page.accessibility_faults() == []
        screens.loop.call_soon_threadsafe(gateway.answering.set)
        page.until("document.querySelector('[data-change]')")
        assert len(gateway.taken) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_page_fits_and_can_be_touched(page: Page, screens: Screens, size: str, language: str) -> None:
    ring(screens, *[APPLES, MILK] * 50)
    screens.do(screens.counters["t1"].till.attach_card(CARD))
    show(page, screens, language, size=size)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    small = "[...document.querySelectorAll('button, input, a')].filter(one => one.offsetParent).filter(one =>"
    assert page.evaluate(small + " one.getBoundingClientRect().height < 56).map(one => one.outerHTML)") == []
    if size == "till":
        seen = page.evaluate("document.querySelector('.last').getBoundingClientRect().bottom")
        entry = page.evaluate("document.querySelector('#entry').getBoundingClientRect().top")
        assert seen <= entry, "the line just scanned is out of sight"
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.due')).fontSize)") >= 72
        assert page.evaluate("document.documentElement.scrollHeight") <= 768
    assert [url for url in page.requested if not url.startswith(screens.address)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("press", ["", "+", "F1", "F2", "F4", "F6", "F9", "F10", "1003 Enter"])
def test_every_screen_is_open_to_everybody(page: Page, screens: Screens, press: str, language: str) -> None:
    ring(screens, APPLES, MILK)
    show(page, screens, language)
    if press:
        keys(page, *press.split())
        page.until("document.querySelector('[data-asks]')")
    assert page.accessibility_faults() == []
    assert page.errors == []
    page.evaluate("new Promise(done => setTimeout(done, 700))")  # the new line's colour has faded
    low = page.evaluate(CONTRAST)
    assert low == [], "less than 7:1"


CONTRAST = """(() => {
  const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (one) => { for (; one; one = one.parentElement) { const found = getComputedStyle(one).backgroundColor;
    if (!found.endsWith(', 0)')) return found; } return 'rgb(255, 255, 255)'; };
  const texts = [...document.querySelectorAll('body *')].filter(one => one.offsetParent && !one.disabled
    && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  const pair = one => [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
  return texts.filter(one => { const [a, b] = pair(one);
    return (a + 0.05) / (b + 0.05) < 7; }).map(one => one.outerHTML.slice(0, 90));
})()"""


def test_long_names_and_large_sums_stay_on_the_page(page: Page, screens: Screens) -> None:
    name = "内蒙古锡林郭勒大草原有机认证全脂纯牛奶家庭装" * 3
    items = screens.store.books.books[1].items
    item = msgspec.structs.replace(items["1001"], names={"en": "Wholemilk" * 14, "zh": name})
    items["1001"] = item
    screens.store.books.books[1].prices["1001"] = Price(item="1001", regular_minor=1_234_567_89)
    ring(screens, APPLES)
    for language in ("zh", "en"):
        show(page, screens, language)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        right = page.evaluate("document.querySelector('.due').getBoundingClientRect().right")
        assert right <= SIZES["till"][0]
        inside = "(() => { const due = document.querySelector('.due'); return due.scrollWidth <= due.clientWidth; })()"
        assert page.evaluate(inside)


def test_customer_sees_the_last_item_and_at_the_end_the_change(page: Page, screens: Screens) -> None:
    show(page, screens, "zh", "/tills/t1/display")
    assert "欢迎光临" in page.evaluate("document.body.textContent")
    ring(screens, APPLES, MILK)
    page.until("document.querySelector('.newest .name')?.textContent === '牛奶'")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.sum b')).fontSize)") >= 90
    assert page.accessibility_faults() == []

    async def pay() -> None:
        from edge_agent.web.screen.screen import Seen  # noqa: PLC0415

        screen = screens.counters["t1"].screen
        await screen.press("pay", "", Seen(screen.turn))
        await screen.enter("50", Seen(screen.turn))

    screens.do(pay())
    page.until("document.body.textContent.includes('谢谢惠顾')")
    assert "32.01" in page.evaluate("document.body.textContent")
    assert page.errors == []


@pytest.mark.parametrize("path", ["/tills/t1/keys", "/?all", "/tills/t9"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_beside_the_till_are_open_to_everybody(page: Page, screens: Screens, path: str, language: str) -> None:
    page.resize(*SIZES["till"])
    mark = "&" if "?" in path else "?"
    page.load(f"{screens.address}{path}{mark}language={language}", language)
    assert page.accessibility_faults() == []


def test_page_says_when_it_is_cut_off_and_keeps_what_was_typed(page: Page, tmp_path: Path) -> None:
    with served_screens(tmp_path) as screens:
        show(page, screens)
        assert page.evaluate("document.querySelector('[data-cut]').hidden") is True
    page.until("!document.querySelector('[data-cut]').hidden")
    keys(page, APPLES, "Enter")
    page.until(f"document.querySelector('#entry').value === '{APPLES}'")


def test_nothing_moves_for_whoever_asked_for_that(page: Page, screens: Screens) -> None:
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    try:
        show(page, screens)
        ring(screens, APPLES)
        page.until("document.querySelector('.last.new, .last')")
        assert page.evaluate("getComputedStyle(document.querySelector('.last')).animationName") == "none"
    finally:
        page.call("Emulation.setEmulatedMedia", features=[])


def test_who_approves_a_long_return_turns_its_pages_by_keys_and_always_sees_the_sum(
    page: Page, screens: Screens
) -> None:
    staffed(screens.store, approvals={"return": "supervisor"})
    show(page, screens, "zh")
    page.until(asked("staff"))
    keys(page, "young", "Enter", "1472", "Enter")
    page.until(asked(""))
    ring(screens, *[APPLES, MILK] * 12)
    keys(page, "+", "Enter")
    page.until("document.querySelector('[data-change]')")
    receipt = screens.counters["t1"].screen.paid.receipt  # type: ignore[union-attr]
    keys(page, "F9", "1", "Enter", f"t1/{receipt}", "Enter", "0", "Enter")
    page.until(asked("staff"))
    sees = "(() => { const seen = document.querySelector('.ask').getBoundingClientRect(), at ="
    sees += " document.querySelector('%s').getBoundingClientRect();"
    sees += " return at.top >= seen.top - 1 && at.bottom <= seen.bottom + 1; })()"
    first, last, total = (sees % row for row in ("tbody tr", "tbody tr:last-child", "tfoot tr"))
    assert [page.evaluate(row) for row in (first, last, total)] == [True, False, True]
    assert page.accessibility_faults() == []
    for _ in range(4):
        page.call(
            "Input.dispatchKeyEvent", type="rawKeyDown", key="PageDown", code="PageDown", windowsVirtualKeyCode=34
        )
    page.until(last)
    assert page.evaluate(total)
    assert page.evaluate("document.querySelector('tfoot td').textContent").endswith("215.88")
