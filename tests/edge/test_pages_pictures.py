"""The picture space of the customer's side in a real browser: its place never changes, whatever comes or is missing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import msgspec
import pytest
from PIL import Image

from edge_agent.till.results import LineAdded
from edge_agent.web.picture_space import TINTS, letters_of, tint_of
from edge_agent.web.screen.screen import Seen
from shared.pictures import picture_name
from shared.wire.desired import ReceiptSettings
from tests.edge.screens import Screens, served_screens
from tests.edge.tills import APPLES, MILK
from tests.provision.browser import Page, browsing, find_browser

SIZES = ((1024, 600), (1366, 768))
LONG = {"en": "Wholemilk" * 14, "zh": "内蒙古锡林郭勒大草原有机认证全脂纯牛奶家庭装" * 3}
PLACES = """[...document.querySelectorAll('.space, .newest .name, .newest .net, .sum b')].map(one => {
  const {x, y, width, height} = one.getBoundingClientRect(); return [x, y, width, height].map(Math.round); })"""


class Shelf:
    """Pictures that are here, or not yet."""

    def __init__(self) -> None:
        out = BytesIO()
        Image.new("RGB", (400, 250), (200, 40, 40)).save(out, "WEBP")
        self.picture = out.getvalue()
        self.here: set[str] = set()
        self.gone = False

    async def of(self, item: str) -> str:
        return picture_name(self.picture) if item in self.here else ""

    async def content(self, name: str) -> bytes | None:
        return self.picture if name == picture_name(self.picture) and not self.gone else None


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def screens(tmp_path: Path, shelf: Shelf) -> Iterator[Screens]:
    with served_screens(tmp_path, pictures=shelf) as made:
        made.store.settings = msgspec.structs.replace(made.store.settings, receipt=ReceiptSettings(url="https://r/"))
        yield made


def ring(screens: Screens, *codes: str) -> None:
    for code in codes:
        assert isinstance(screens.do(screens.counters["t1"].scan(code)), LineAdded)


def show(page: Page, screens: Screens, language: str, size: tuple[int, int] = SIZES[0]) -> None:
    page.load("about:blank")
    page.resize(*size)
    page.errors.clear()
    page.load(f"{screens.address}/tills/t1/display?language={language}", language)


def in_view(page: Page, size: tuple[int, int]) -> bool:
    seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    return seen[0] <= size[0] and seen[1] <= size[1]


def test_a_picture_that_arrives_moves_nothing(page: Page, screens: Screens, shelf: Shelf) -> None:
    ring(screens, MILK, APPLES)
    for language in ("en", "zh"):
        shelf.here.clear()
        show(page, screens, language)
        assert page.evaluate("document.querySelector('.space img')") is None
        assert page.evaluate("document.querySelector('.letters').textContent") == ("Ap" if language == "en" else "苹果")
        before = page.evaluate(PLACES)
        shelf.here.add("1001")
        screens.loop.call_soon_threadsafe(screens.counters["t1"].till.changes.note)
        page.until("document.querySelector('.space img')?.naturalWidth === 400")
        assert page.evaluate(PLACES) == before
        assert page.evaluate("document.querySelector('.space img').alt") == ("Apples" if language == "en" else "苹果")
        assert page.accessibility_faults() == []
        assert page.errors == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_space_stands_at_every_stage_and_all_fits(
    page: Page, screens: Screens, shelf: Shelf, size: tuple[int, int], language: str
) -> None:
    shelf.here.add("1002")
    items = screens.store.books.books[1].items
    items["1001"] = msgspec.structs.replace(items["1001"], names=LONG)
    show(page, screens, language, size)
    space = "document.querySelector('.space').getBoundingClientRect().width"
    assert page.evaluate("document.querySelector('.space.drawn svg') !== null")
    assert page.accessibility_faults() == []
    ring(screens, MILK, MILK, MILK, APPLES, APPLES)
    page.until("document.querySelectorAll('.rows li').length === 4")
    assert in_view(page, size)
    assert page.evaluate(space) >= 300, "seen from two metres"
    amounts = "[...document.querySelectorAll('.net')].map(one => one.getBoundingClientRect().right)"
    right = page.evaluate(f"{amounts}[0]")
    assert right <= size[0]
    top = "document.querySelector('.sum').getBoundingClientRect().top"
    shown = "[...document.querySelectorAll('.rows li')].filter(one => one.getBoundingClientRect().right <= innerWidth)"
    lowest = page.evaluate(f"Math.max(...{shown}.map(one => one.getBoundingClientRect().bottom))")
    assert lowest <= page.evaluate(top), "no row lies under the total"
    assert page.accessibility_faults() == []

    async def pay() -> None:
        screen = screens.counters["t1"].screen
        await screen.press("pay", "", Seen(screen.turn))
        await screen.enter("100", Seen(screen.turn))

    screens.do(pay())
    page.until("document.querySelector('figure.space svg')")
    assert page.evaluate(space) >= 400, "a code that is scanned from a step away"
    assert in_view(page, size)
    assert page.accessibility_faults() == []
    assert page.errors == []


def test_pictures_are_given_out_by_name_and_kept_by_the_browser(screens: Screens, shelf: Shelf) -> None:
    name = picture_name(shelf.picture)
    with httpx.Client(base_url=screens.address) as browser:
        found = browser.get(f"/pictures/{name}.webp")
        assert (found.content, found.headers["content-type"]) == (shelf.picture, "image/webp")
        assert "immutable" in found.headers["cache-control"]
        assert "img-src 'self'" in found.headers["content-security-policy"]
        shelf.gone = True
        for path in (f"{name}.webp", "..%2Fagent.db.webp", "x.webp"):
            assert browser.get(f"/pictures/{path}").status_code == 404


def test_a_category_has_one_tint_and_many_have_many() -> None:
    paths = [f"{room}/{shelf}" for room in ("food", "drinks", "home") for shelf in ("a", "b", "c", "d", "e")]
    assert {tint_of(path) for path in paths} <= set(range(TINTS))
    assert len({tint_of(path) for path in paths}) >= TINTS - 2
    assert tint_of("food/dairy/milk") == tint_of("food/dairy/yoghurt")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("蒙牛 纯牛奶 250ml", "蒙牛"),
        ("Fluid milk white only", "FM"),
        ("Milk 1 l", "Mi"),
        ("2% milk", "Mi"),
        ("éclair", "Éc"),
        ("7up", "7"),
        ("250ml", "2"),
        ("— !", ""),
        ("可口可乐", "可口"),
        ("A", "A"),
    ],
)
def test_letters_say_what_and_not_how_much(name: str, letters: str) -> None:
    assert letters_of(name) == letters
