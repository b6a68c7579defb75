"""The page of budgets: what promotions may still give, per store, in both languages, and what went over."""

from __future__ import annotations

import html

from cloud.database import Database
from cloud.promotions.budget_models import BudgetedPromotion
from cloud.promotions.fields import form_of
from cloud.promotions.reading import fields_of, read, typed_from
from cloud.promotions.writing import typed_of
from shared.pricing import Per
from shared.pricing.promotion import Divide, Limit
from shared.wire.budgets import AskBudgets
from tests.cloud.calling import call
from tests.cloud.console_data import console
from tests.cloud.test_budget_sharing import Chain, promotion, sale_with
from tests.factories import new_id


def page(database: Database, language: str = "en") -> str:
    found = call(console(database), "GET", "/budgets", headers={"Accept-Language": language})
    assert found.status_code == 200
    return html.unescape(found.text)


def test_each_store_s_share_is_shown_with_what_is_left(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    weights = Limit(per=Per.CHAIN, uses=100, minor=500_000, divide=Divide.WEIGHTS, weights={"s1": 3, "s2": 1})
    chain.publish(promotion(weights))
    chain.keep()
    chain.says("s1", 68, 6_800)
    chain.answers.answer("s1-a", "s1", AskBudgets(basket=new_id(), till="t1", short=["spring"]))
    chain.says("s2", 3, 300)
    chain.keep()
    shown = page(sqlite_database)
    for fact in (
        "1 limit of a promotion is counted",
        "none is used up",
        "on its way to the store",
        "running",
        "5,000.00",
        "19",
        "Store 1",
        "each store a share by its weight",
    ):
        assert fact in shown, fact
    chinese = page(sqlite_database, "zh")
    for fact in ("正在统计 1 项活动上限", "下发中", "剩余次数", "全部门店"):
        assert fact in chinese, fact


def test_what_went_over_is_said_first(sqlite_database: Database) -> None:
    rule = promotion(Limit(per=Per.MEMBER, uses=1), Limit(per=Per.CHAIN, uses=1))
    chain = Chain(sqlite_database)
    chain.publish(rule)
    chain.keep()
    chain.count(sale_with(rule), sale_with(rule, "s2"))
    shown = page(sqlite_database)
    assert "2 limits of promotions are counted" in shown
    assert "2 cases went over." in shown
    assert "went over" in shown


def test_a_promotion_of_a_newer_program_hides_no_other(sqlite_database: Database) -> None:
    chain = Chain(sqlite_database)
    chain.publish(promotion(Limit(per=Per.STORE, uses=9)))
    chain.keep()
    with sqlite_database.session() as session:
        session.add(BudgetedPromotion(promotion="future", content=b'{"kind":"future"}', since_ms=0))
    assert "1 limit of a promotion is counted" in page(sqlite_database)


def test_weights_of_many_stores_are_typed_and_read_back() -> None:
    weights = {f"s{number:03d}": number for number in range(1, 40)}
    rule = promotion(Limit(per=Per.CHAIN, uses=100, divide=Divide.WEIGHTS, weights=weights))
    typed = typed_of(rule, 2)
    assert typed["limits.0.weights.38.value"] == "39"
    posted = typed_from("spend_and_get", list(typed.items()))
    found = read("spend_and_get", "spring", posted, 2)
    assert (found.promotion, found.problems) == (rule, {})
    shown = {field.path for field in fields_of(form_of("spend_and_get"), posted)}
    assert {"limits.0.weights.38.key", "limits.0.weights.39.key"} <= shown
