"""The console's pages: every one in both languages with nothing, something and too much; fast; and closed to others."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from cloud.console import rendering
from cloud.console.parked_event import remedy_of
from cloud.console.words import LANGUAGES, WORDS
from cloud.database import Database
from cloud.ingest import received
from cloud.ingest.handlers import base, returned
from tests.cloud.calling import call
from tests.cloud.console_data import PARKED_JUNK, PARKED_SALE, a_normal_day, console, too_much

CONSOLE = Path(rendering.__file__).parent
FILLED = {"nothing": lambda _: None, "normal": a_normal_day, "too much": too_much}
ALWAYS = ("/", "/prices", "/parked", "/ledger")
THERE = (*ALWAYS, "/?every=1", "/stores/s001", "/stores/s002", f"/parked/{PARKED_SALE}", f"/parked/{PARKED_JUNK}")


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    return call(app, "GET", path, headers=headers)


@pytest.mark.parametrize("amount", FILLED)
def test_every_page_in_both_languages(database: Database, amount: str) -> None:
    fill: Callable[[Database], None] = FILLED[amount]
    fill(database)
    app = console(database)
    for path in ALWAYS if amount == "nothing" else THERE:
        for language in LANGUAGES:
            page = get(app, path, **{"Accept-Language": language})
            assert page.status_code == 200, f"{path}: {page.text[:300]}"
            assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in page.text
            assert page.text.count("<h1>") == 1, path
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", page.text), path
            assert "http://" not in page.text.replace("http://www.w3.org", ""), path


def test_what_needs_somebody_is_said_first(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app = console(sqlite_database)
    today = get(app, "/").text
    assert "2 of 2 stores need you." in today
    assert 'href="/stores/s001"' in today
    store = get(app, "/stores/s001").text
    for fact in ("numbers 3 to 4", "arithmetic", "up to date", "pruned", "Grand Flagship", f"/parked/{PARKED_SALE}"):
        assert fact in store, fact
    other = get(app, "/stores/s002").text
    for fact in ("disk_full", "12 GB", "never reported"):
        assert fact in other, fact


def test_a_large_chain_shows_who_needs_somebody_and_the_rest_on_demand(sqlite_database: Database) -> None:
    too_much(sqlite_database)
    app = console(sqlite_database)
    assert get(app, "/").text.count('<th scope="row">') == 50
    assert get(app, "/?every=1").text.count('<th scope="row">') == 122
    assert "The oldest 50 are shown." in get(app, "/parked").text


def test_p7_a_parked_event_is_decoded_without_what_leads_to_a_person(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app = console(sqlite_database)
    page = get(app, f"/parked/{PARKED_SALE}").text
    for fact in ("t1-1-9", "22.99 CNY", "1002", "cash", "Its figures do not add up", "parked repair"):
        assert fact in page, fact
    assert "c1" not in re.findall(r"[\w-]+", re.sub(r"<style.*?</style>", "", page))
    assert '"cashier": "…"' in page.replace("&#34;", '"')
    junk = get(app, f"/parked/{PARKED_JUNK}").text
    assert "6 B" in junk
    assert "<pre" not in junk


def test_every_reason_to_park_has_a_remedy_in_words() -> None:
    codes = {value for name, value in vars(received).items() if name.isupper() and isinstance(value, str)}
    codes |= {base.RECEIPT_CONFLICT, base.ARITHMETIC, base.MALFORMED, returned.RETURN_EXCEEDS}
    assert len(codes) == 10
    assert [code for code in codes if remedy_of(code) == "remedy_other"] == []
    assert remedy_of("something new") == "remedy_other"


def test_what_is_not_there_is_said_as_a_page(sqlite_database: Database) -> None:
    app = console(sqlite_database)
    for path in ("/stores/nowhere", f"/parked/{PARKED_SALE}"):
        page = get(app, path)
        assert page.status_code == 404
        assert "There is nothing here." in page.text


def test_the_live_part_comes_alone(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    for path in THERE:
        part = get(console(sqlite_database), path, **{"X-Partial": "live"}).text
        assert "<h1>" in part
        assert "<html" not in part


def test_a_browser_is_told_to_run_and_frame_nothing_else(sqlite_database: Database) -> None:
    app = console(sqlite_database)
    for path in ("/", "/static/console.css", "/static/nothing", "/stores/nowhere", "/api/v1/stores", "/healthz"):
        answer = get(app, path)
        assert "default-src 'self'" in answer.headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-content-type-options"] == "nosniff", path


def test_a_name_that_is_not_ours_reads_nothing(sqlite_database: Database) -> None:
    assert get(console(sqlite_database), "/", Host="evil.example:8080").status_code == 400
    assert get(console(sqlite_database), "/", Host="localhost:8080").status_code == 200


def test_no_word_is_left_over() -> None:
    pages = "".join(path.read_text() for path in [*CONSOLE.rglob("*.html"), *CONSOLE.glob("*.py")])
    built = ("drift_", "resolution_", "remedy_", "epoch_", "draining", "revoked")
    used = {found for pair in re.findall(r"""t\('(\w+)'|"(\w+)"(?!: \{)""", pages) for found in pair}
    assert [key for key in WORDS if key not in used and not key.startswith(built)] == []


def test_no_page_reads_what_grows_with_every_sale(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app = console(sqlite_database)
    read: list[str] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    for path in ("/", "/prices", "/ledger", "/stores/s001"):
        get(app, path)
    assert len(read) > 20
    assert [sql for sql in read if re.search(r"(FROM|JOIN) (sale|sale_line|sale_return|journal|posting)\b", sql)] == []


LIGHT, DARK = range(2)
PAIRS = [
    ("ink", "ground"), ("ink", "sheet"), ("ink-soft", "ground"), ("ink-soft", "sheet"), ("accent", "ground"),
    ("accent", "sheet"), ("accent", "accent-soft"), ("warn", "warn-soft"), ("warn", "sheet"), ("bad", "bad-soft"),
    ("bad", "sheet"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_can_be_read(scheme: int, ink: str, ground: str) -> None:
    css = (CONSOLE / "static" / "tokens.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css.split("prefers-color-scheme: dark")[scheme]))
    assert contrast(colours[ink], colours[ground]) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 computes it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_colour_is_named_outside_the_tokens() -> None:
    assert re.findall(r"#[0-9a-f]{3,6}\b|rgb|hsl", (CONSOLE / "static" / "console.css").read_text()) == []
