"""The console's pages: every one in both languages with nothing, something and too much; fast; and closed to others."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from sqlalchemy import event, update
from sqlmodel import Session, col, select

import shared.web
from cloud import audit
from cloud.console.parked_event import remedy_of
from cloud.console.registry import ENTRIES
from cloud.database import Database
from cloud.identity.people import Right
from cloud.ingest import received
from cloud.ingest.handlers import base, returned
from cloud.prices.adoption import Drift
from cloud.pricing_audit.models import PriceAudit, Verdict
from cloud.sales.models import Sale, SaleTender
from cloud.web import rendering, said
from cloud.web.live import event as sent_event
from shared.web.words import LANGUAGES
from shared.wire.event_base import TenderKind, TimeQuality
from tests.cloud.calling import call
from tests.cloud.console_data import PARKED_JUNK, PARKED_SALE, a_normal_day, console, too_much
from tests.factories import START_MS

TOKENS = Path(shared.web.__path__[0]) / "static" / "tokens.css"
CONSOLE = Path(rendering.__file__).parent
FILLED = {"nothing": lambda _: None, "normal": a_normal_day, "too much": too_much}
ALWAYS = (*(entry.path for entry in ENTRIES if entry.right is Right.READ), "/search", "/search?q=1")
"""What can be read before anybody has a sign-in."""
THERE = (*ALWAYS, "/stores?state=need&sort=-sales", "/parked?state=all&page=2", "/stores/s001", "/stores/s002",
         "/stores/s001/terminals", "/stores/s002/terminals",
         f"/parked/{PARKED_SALE}", f"/parked/{PARKED_JUNK}")  # fmt: skip


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
    for fact in ('href="/stores/s001"', "receipts missing", "Busiest hour", "price book 1", "t1-1-5", "arithmetic"):
        assert fact in today, fact
    store = get(app, "/stores/s001").text
    for fact in ("numbers 3 to 4", "arithmetic", "up to date", "pruned", "Grand Flagship", f"/parked/{PARKED_SALE}"):
        assert fact in store, fact
    other = get(app, "/stores/s002").text
    for fact in ("disk_full", "12 GB", "never reported"):
        assert fact in other, fact


def test_a_large_chain_shows_who_needs_somebody_and_the_rest_by_pages(sqlite_database: Database) -> None:
    too_much(sqlite_database)
    app = console(sqlite_database)
    assert get(app, "/").text.count('<th scope="row" class="wrap">') == 12
    assert "Show all 122 stores" in get(app, "/").text
    assert "1 to 50 of 122" in get(app, "/stores").text
    assert "101 to 122 of 122" in get(app, "/stores?page=3").text
    assert "101 to 122 of 122" in get(app, "/stores?page=999999").text
    assert "1 to 50 of 1,002" in get(app, "/parked").text


def test_an_address_is_a_saved_view(sqlite_database: Database) -> None:
    too_much(sqlite_database)
    app = console(sqlite_database)
    view = get(app, "/parked?code=arithmetic&store=s001&sort=-since").text
    assert "1 to 1 of 1" in view
    assert 'aria-sort="descending"' in view
    assert 'name="store" value="s001"' in view
    assert re.search(r'<option value="arithmetic" selected>', view)
    assert 'value="-since"' in view, "filtering keeps the order"
    assert "Nothing fits this filter." in get(app, "/parked?store=nowhere").text
    assert "1 to 50 of" in get(app, "/parked?sort=nonsense&page=x").text


def test_a_table_is_had_as_a_file(sqlite_database: Database) -> None:
    too_much(sqlite_database)
    app = console(sqlite_database)
    answer = get(app, "/parked?code=receipt_conflict&export=csv&table=parked", **{"Accept-Language": "zh"})
    assert answer.headers["content-disposition"] == 'attachment; filename="parked.csv"'
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["起始时间", "事件", "门店", "类别", "原因", "编号"]
    assert len(rows) == 1 + 1000
    assert rows[1][:4] == ["2026-01-01T08:00:00+08:00", "销售", "s001", "receipt_conflict"]
    book = load_workbook(BytesIO(get(app, "/sales?export=xlsx&table=sales").content))
    lines = list(book.active.iter_rows(values_only=True))
    assert lines[0][:2] == ("Sold (store time)", "Receipt")
    assert [line[1:4] for line in lines[1:]] == [
        ("t1/t1-1-2", -22.99, "return"), ("t1/t1-1-5", 22.99, "sale"), ("t1/t1-1-1", 22.99, "sale")
    ], "amounts to count with"  # fmt: skip
    sold = next(book.active.iter_rows(min_row=2))[0]
    assert (sold.is_date, sold.number_format) == (True, "yyyy-mm-dd hh:mm:ss")
    shown = get(app, "/sales").text
    assert f"<time>{sold.value}</time>" in shown, "the moment that the page shows"
    assert lines[0][-4:] == ("Currency", "Price book", "Business day", "Till"), (
        "a file has what the page has no room for"
    )
    assert get(app, "/sales?export=csv&table=stores").status_code == 404
    assert get(app, "/sales?export=exe&table=sales").status_code == 422


def test_a_name_that_looks_like_a_formula_is_text_in_a_file(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        audit.record(session, at_ms=START_MS, actor="=cmd|'/c calc'!A1", action="store.add", subject="s9", reason="new")
    app = console(sqlite_database)
    rows = list(csv.reader(StringIO(get(app, "/audit?export=csv&table=audit-log").text)))
    assert rows[1][1] == "'=cmd|'/c calc'!A1"
    book = load_workbook(BytesIO(get(app, "/audit?export=xlsx&table=audit-log").content))
    assert (book.active["B2"].value, book.active["B2"].data_type) == ("=cmd|'/c calc'!A1", "s")


def test_the_audit_log_says_who_did_what_and_why(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        audit.record(session, at_ms=START_MS, actor="mei", action="agent.revoke", subject="s001-a", reason="stolen 50%")
        audit.record(session, at_ms=START_MS, actor="lin", action="store.add", subject="s002")
    app = console(sqlite_database)
    everything = get(app, "/audit").text
    assert everything.index("store.add") < everything.index("agent.revoke")
    for found in ("?actor=mei", "?action=agent", "?q=50%25"):
        page = get(app, f"/audit{found}").text
        assert "stolen 50%" in page, found
        assert "store.add" not in page, found


def test_gaps_are_shown_for_the_whole_chain(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app = console(sqlite_database)
    page = get(app, "/gaps").text
    assert "1 gap in receipt numbers, 1 declared by stores." in page
    for fact in ("t1-1", "pruned", "s001-a"):
        assert fact in page, fact
    assert "Nothing fits this filter." in get(app, "/gaps?store=s002").text


def the_sale(database: Database) -> UUID:
    with database.snapshot() as session:
        return session.exec(select(col(Sale.id)).where(col(Sale.receipt_number) == 5)).one()


def test_a_receipt_says_why_each_price(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    sale = the_sale(sqlite_database)
    app = console(sqlite_database)
    page = get(app, f"/sales/{sale}").text
    for fact in ("Receipt t1/t1-1-5: 22.99 CNY", "2 × 5.00", "not checked yet", "cash 22.99"):
        assert fact in page, fact
    with sqlite_database.session() as session:
        session.execute(update(SaleTender).values(reference="slip-4711"))
        session.add(
            PriceAudit(
                sale_id=sale, store_id="s001", business_date=date(2026, 1, 1), book_version=1, verdict=Verdict.DIFFERS,
                difference='[{"line": 2, "field": "net_minor", "till": 1299, "hq": 1199}]', charged_minor=2299,
                expected_minor=2199, audited_ms=START_MS,
            )
        )  # fmt: skip
    page = get(app, f"/sales/{sale}").text
    for fact in ("head office comes to another price", "net_minor", "1199", "<code>slip-4711</code>"):
        assert fact in page, fact
    assert "charged 22.99, expected 21.99" in get(app, "/").text
    assert f"/sales/{sale}" in get(app, "/differences?verdict=differs").text


def test_search_finds_anything_by_its_name(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    sale = the_sale(sqlite_database)
    app = console(sqlite_database)
    for wanted, href in (
        ("t1-1-5", f"/sales/{sale}"), (str(sale), f"/sales/{sale}"), (str(PARKED_SALE), f"/parked/{PARKED_SALE}"),
        ("ledg", "/ledger"), ("账本", "/ledger"), ("S002", "/stores/s002"), ("缺口", "/gaps"),
    ):  # fmt: skip
        found = get(app, f"/search?q={wanted}", **{"HX-Request": "true", "Accept-Language": "zh"}).text
        assert f'href="{href}"' in found, wanted
        assert "<html" not in found
    for nothing in ("t1-1-999", "%", "-" * 200, "\u0000"):
        assert call(app, "GET", "/search", params={"q": nothing}).status_code == 200, nothing


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


def test_every_code_that_people_see_has_a_name() -> None:
    for kinds, names in (
        (TenderKind, said.TENDER), (TimeQuality, said.CLOCK), (Verdict, said.VERDICT), (Drift, said.DRIFT),
    ):  # fmt: skip
        assert {str(kind) for kind in kinds} - set(names) == set(), kinds


def test_every_reason_to_park_has_a_remedy_in_words() -> None:
    codes = {value for name, value in vars(received).items() if name.isupper() and isinstance(value, str)}
    codes |= {base.RECEIPT_CONFLICT, base.ARITHMETIC, base.MALFORMED, returned.RETURN_EXCEEDS}
    assert len(codes) == 10
    assert [code for code in codes if remedy_of(code) == said.REMEDY_OTHER] == []
    assert remedy_of("something new") == said.REMEDY_OTHER


def test_what_is_not_there_is_said_as_a_page(sqlite_database: Database) -> None:
    app = console(sqlite_database)
    nowhere = ("/nowhere", "/sales/abc", "/ledger/seals/x", f"/ledger/proofs/{10**20}")
    for path in ("/stores/nowhere", f"/parked/{PARKED_SALE}", *nowhere):
        page = get(app, path)
        assert page.status_code == 404, path
        assert "There is nothing here." in page.text, path


def test_every_region_of_a_page_is_what_its_stream_sends(sqlite_database: Database) -> None:
    """What is shown and what keeps it live are one template: each region's name stands once in each."""
    templates = rendering.environment("en")
    for name in templates.list_templates(filter_func=lambda name: not name.startswith(("_", "components", "base"))):
        source = Path(templates.get_template(name).filename or "").read_text()
        shown = re.findall(r'sse-swap="(\w+)"', source)
        sent = [
            block.removeprefix("live_") for block in templates.get_template(name).blocks if block.startswith("live_")
        ]
        assert sorted(shown) == sorted(sent), name
        assert bool(shown) == ("set live = true" in source), name


def test_an_event_of_many_lines_is_one_event() -> None:
    assert sent_event("sales", "<p>\none</p>") == "event: sales\ndata: <p>\ndata: one</p>\n\n"


def test_static_files_are_kept_for_ever_under_their_content(sqlite_database: Database) -> None:
    app = console(sqlite_database)
    (address,) = re.findall(r'href="(/static/tokens\.css\?v=\w+)"', get(app, "/").text)
    assert "immutable" in get(app, address).headers["cache-control"]
    for other in ("/static/tokens.css", "/static/tokens.css?v=old"):
        assert get(app, other).headers["cache-control"] == "no-cache"
    mark = get(app, address).headers["etag"]
    assert get(app, address, **{"If-None-Match": mark}).status_code == 304
    packed = get(app, re.findall(r'src="(/static/vendor/htmx.min.js[^"]+)"', get(app, "/").text)[0])
    assert packed.headers["content-encoding"] == "gzip"
    for outside in ("/static/../rendering.py", "/static/%2e%2e/rendering.py", "/static/templates/base.html"):
        assert get(app, outside).status_code == 404


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


BIG = ("sale", "sale_line", "sale_discount", "sale_tender", "sale_return", "goods_return", "receipt_number", "journal",
       "posting", "inbox_event")  # fmt: skip
"""Tables that grow with every sale."""


def test_no_page_reads_through_what_grows_with_every_sale(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app, sale = console(sqlite_database), the_sale(sqlite_database)
    read: list[tuple[str, object]] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: read.append((given[2], given[3])))
    for path in ("/", "/stores", "/sales", "/sales?store=s001&day=2026-01-01", "/gaps", "/prices", "/ledger",
                 "/stores/s001", "/search?q=t1-1-5", "/search?q=1/5", f"/sales/{sale}"):  # fmt: skip
        assert get(app, path).status_code == 200
    assert len(read) > 60
    with Session(sqlite_database.engine) as session:
        connection = session.connection()
        for sql, values in read:
            if not sql.startswith("SELECT") or "LIMIT" in sql.rsplit("FROM", 1)[-1]:
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
            scans = [row[3] for row in plan if re.match(rf"SCAN ({'|'.join(BIG)})\b(?!.*INDEX)", row[3])]
            assert scans == [], sql


LIGHT, DARK = range(2)
PAIRS = [
    ("ink", "ground"), ("ink", "sheet"), ("ink-soft", "ground"), ("ink-soft", "sheet"), ("accent", "ground"),
    ("accent", "sheet"), ("accent", "accent-soft"), ("warn", "warn-soft"), ("warn", "sheet"), ("bad", "bad-soft"),
    ("bad", "sheet"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_can_be_read(scheme: int, ink: str, ground: str) -> None:
    css = TOKENS.read_text()
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css.split("prefers-color-scheme: dark")[scheme]))
    assert contrast(colours[ink], colours[ground]) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 computes it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "ink-soft", "accent", "warn", "bad"])
def test_a_till_is_read_at_arms_length(scheme: int, ink: str) -> None:
    css = TOKENS.read_text().split("prefers-color-scheme: dark")[scheme]
    house, till = css.split('[data-surface="till"] {')
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", house)) | dict(
        re.findall(r"--([\w-]+): (#[0-9a-f]{6});", till.split("}")[0])
    )
    for ground in ("ground", "sheet"):
        assert contrast(colours[ink], colours[ground]) >= 7, ground


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_six_series_are_told_apart_by_any_eyes(scheme: int) -> None:
    css = TOKENS.read_text().split("prefers-color-scheme: dark")[scheme]
    series = re.findall(r"--series-\d: (#[0-9a-f]{6});", css)
    (sheet,) = re.findall(r"--sheet: (#[0-9a-f]{6});", css)
    assert len(series) == 6
    for one in series:
        assert contrast(one, sheet) >= 3, one
    for eyes, matrix in EYES.items():
        seen = {one: as_seen(one, matrix) for one in series}
        for one, other in itertools.combinations(series, 2):
            apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
            assert apart > 15, f"{one} and {other} look alike to {eyes}"


EYES = {
    "most": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopes": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Machado, Oliveira and Fernandes 2009, severity 1: what a linear colour becomes."""


def as_seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """The colour in CIELAB (D65), after it went through somebody's eyes."""
    light = linear(colour)
    red, green, blue = (min(1, max(0, sum(m * part for m, part in zip(row, light, strict=True)))) for row in matrix)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def test_no_colour_is_named_outside_the_tokens() -> None:
    sheets = [CONSOLE / "static" / "console.css", TOKENS.with_name("components.css")]
    scripts = list((CONSOLE / "static").glob("*.js"))
    for path in (*sheets, *scripts):
        assert re.findall(r"#[0-9a-f]{3}(?:[0-9a-f]{3})?\b|\brgb|\bhsl", path.read_text()) == [], path
