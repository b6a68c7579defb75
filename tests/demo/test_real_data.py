"""On the real data: the facts the demo relies on, and that the checker computes the same run by its own arithmetic."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deploy.demo import baskets, dataset, weekly_prices
from deploy.demo.check import expected as checker
from deploy.demo.oddities import Skip, way_of

ROOT = Path(__file__).parents[2]
STORES, BASKETS, SEED = 2, 600, 7


@pytest.fixture(scope="module")
def folder():
    pytest.importorskip("pyarrow")
    try:
        return dataset.data_folder()
    except dataset.DatasetMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def year(folder):
    return dataset.load(STORES, BASKETS, SEED, folder)


@pytest.fixture(scope="module")
def expected(folder):
    return checker.expect(folder, STORES, BASKETS, SEED)


def test_the_sample_spreads_over_the_year(year):
    assert year.stores == (367, 406)
    assert len(year.rung) == BASKETS
    assert len({basket.week for basket in year.rung}) > 50


def test_every_row_is_a_line_a_coupon_or_skipped_by_name(year, expected):
    rows = sum(len(basket.rows) for basket in year.rung)
    reasons = [way_of(row) for basket in year.rung for row in basket.rows]
    assert expected.source_rows == rows
    without_lines = expected.skipped["basket_without_lines"]
    skipped = sum(expected.skipped.values()) - without_lines
    assert rows == expected.lines + expected.loose_coupons + skipped
    for reason in Skip:
        if reason is not Skip.COUPON_WITHOUT_LINE:
            assert expected.skipped[reason] == reasons.count(reason)
    assert len(expected.sales) == BASKETS - without_lines


def test_the_account_of_cents_closes(expected):
    taken = sum(sale.total_minor for sale in expected.sales.values())
    coupons_minor = expected.coupons.total_difference_minor
    assert taken == expected.source_tender_minor + expected.difference_minor + coupons_minor
    assert 0.02 < expected.difference_lines / expected.lines < 0.10


def test_checker_and_demo_ring_the_same_lines_under_the_same_ids(year, expected):
    rung = [found for basket in year.rung if (found := baskets.till_basket(basket, year, SEED)) is not None]
    assert {str(one.id) for one in rung} == set(expected.sales)
    for basket in year.rung:
        own = [(line.row.product, line.quantity) for line in baskets.lines_of(basket, year)]
        sale = expected.sales.get(str(baskets.sale_id(basket.at_ms, basket.id, SEED)))
        assert own == ([] if sale is None else [(line.product, line.quantity) for line in sale.lines])


def test_a_few_unit_prices_are_not_whole_cents(year):
    quotes = [quote for _, changes in weekly_prices.weekly_changes(year) for quote in changes.values()]
    rows = [weekly_prices.book_row(quote) for quote in quotes]
    broken = sum(row.basis > 1 for row in rows)
    assert 0.01 < broken / len(rows) < 0.05
    assert all(row.regular_minor > 0 for row in rows)
    assert all(row.member_minor is None or 0 < row.member_minor < row.regular_minor for row in rows)


DEMO = ROOT / "deploy" / "demo"


@pytest.mark.parametrize(
    "path", [DEMO / "report.py", *sorted((DEMO / "check").glob("*.py"))], ids=lambda path: path.name
)
def test_the_checker_shares_no_code_with_what_it_checks(path):
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in names if name.split(".")[0] in {"cloud", "edge_agent", "shared", "device_profiles"}]
    assert not [name for name in names if name.startswith("deploy") and not name.startswith("deploy.demo.check")]
