"""What the console's pages say of sales and returns: one meaning of a word on every page, and each slip findable."""

from __future__ import annotations

import re

import pytest

from cloud.database import Database
from tests.cloud.calling import call
from tests.cloud.console_data import a_normal_day, console


def get(database: Database, path: str, language: str = "en") -> str:
    answer = call(console(database), "GET", path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


@pytest.mark.parametrize("path", ["/", "/stores", "/days"])
def test_takings_are_sales_less_returns_on_every_page(sqlite_database: Database, path: str) -> None:
    a_normal_day(sqlite_database)  # two sales of 22.99, one of them came back
    page = get(sqlite_database, path)
    assert "akings" in page
    assert re.search(r"\b22\.99\b", page)
    assert "45.98" not in page


def test_the_sales_page_tells_sales_from_takings(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    page = get(sqlite_database, "/sales")
    assert "2 sales for 45.98 CNY on 2026-01-01" in page
    assert "22.99 CNY came back: takings are 22.99." in page
    assert "退货 22.99 CNY" in get(sqlite_database, "/sales", "zh")
