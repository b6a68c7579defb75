"""The form of each kind: every field has words, what is typed becomes the promotion, and what is wrong says where."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import shared.pricing
from cloud.promotions import words
from cloud.promotions.fields import COMMON, Field, Section, form_of, own_fields
from cloud.promotions.reading import fields_of, kinds, read, typed_from
from cloud.promotions.sentence import sentence
from cloud.promotions.writing import typed_of
from cloud.web.speaking import speech
from shared.pricing import KINDS
from shared.pricing.promotion import Money

MONEY = Money(2)
DEFAULTS = {"get": "1"}
TYPED: dict[str, dict[str, str]] = {
    "special_price": {"price_minor": "4", "most_pieces": "2", "scope.items": "1001 1002"},
    "member_price": {"price_minor": "3.5", "exclusive": "yes"},
    "tier_price": {"tier_minor.0.key": "gold", "tier_minor.0.value": "4", "tier_minor.1.key": "silver",
                   "tier_minor.1.value": "4.5"},
    "time_limited_price": {"price_minor": "3", "when.hours": "18:00-20:00 22:00-02:00"},
    "percent_off": {"off_bp": "12.5", "scope.categories": "food/dairy, beers & ales", "scope.leave_out.brands": "Cow"},
    "amount_off": {"off_minor": "1", "each": "line", "cap_minor": "5"},
    "n_for_price": {"n": "3", "price_minor": "10", "same_item": "yes"},
    "buy_x_get_y": {"buy": "2", "get": "1", "which": "dearest"},
    "nth_piece": {"n": "2", "off_bp": "50"},
    "cheapest_free": {"n": "3"},
    "bundle_price": {"parts.0.scope.items": "1001", "parts.1.scope.items": "1002", "parts.1.quantity": "2",
                     "price_minor": "15"},
    "spend_and_get": {"steps.0.at_minor": "100", "steps.0.off_minor": "15", "limits.0.per": "basket",
                      "limits.0.uses": "3", "who.tiers": "gold", "when.weekdays": "5 6 7"},
    "free_gift": {"gifts": "1003", "need.spend_minor": "50", "add": "yes"},
    "buy_with_purchase": {"offers.0.item": "1004", "offers.0.price_minor": "19.9", "need.spend_minor": "50"},
    "order_percent": {"off_bp": "10", "when.first": "2027-03-01", "when.last": "2027-03-31"},
    "coupon": {"issue": "public", "code": "SPRING", "off_minor": "5"},
    "points_redemption": {"points": "100", "worth_minor": "1", "cap_bp": "50"},
    "points_multiplier": {"multiplier_bp": "2", "when.birthday_month": "yes"},
    "extra_points": {"points": "10", "once": "spend", "per_minor": "10", "payers.chain": "60", "payers.supplier": "40"},
}  # fmt: skip


def test_every_kind_has_a_form_and_words() -> None:
    assert kinds() == list(KINDS) == list(TYPED)
    for kind in KINDS:
        form = form_of(kind)
        assert {node.path.split(".")[0] for node in form} == {"names", *own_fields(kind), *COMMON}
        for field in fields_of(form, TYPED[kind]):
            assert field.label in {*words.LABELS.values()}, f"{kind}: {field.path} has no label"


def test_which_amount_counts_has_a_hint_of_its_own() -> None:
    """A price per 500 g and the amount that counts are both called `basis`."""
    for kind in KINDS:
        need = next(one for one in form_of(kind) if one.path == "need")
        assert isinstance(need, Section)
        basis = next(one for one in need.nodes if one.path == "need.basis")
        assert isinstance(basis, Field)
        assert basis.hint.startswith("Empty: what is left to pay"), kind


@pytest.mark.parametrize("kind", TYPED)
def test_what_is_typed_is_the_promotion_and_the_way_back_is_the_same(kind: str) -> None:
    found = read(kind, "p1", TYPED[kind], 2)
    assert found.problems == {}
    assert found.promotion is not None
    back = typed_of(found.promotion, 2)
    assert back.items() <= TYPED[kind].items() | DEFAULTS.items()
    assert read(kind, "p1", back, 2).promotion == found.promotion
    said = sentence(found.promotion, MONEY)
    assert said["en"]
    assert said["zh"]
    for field in fields_of(form_of(kind), back):
        assert isinstance(field, Field)


@pytest.mark.parametrize(
    ("kind", "typed", "english", "chinese"),
    [
        (
            "spend_and_get",
            TYPED["spend_and_get"],
            "from 100.00 spent 15.00 off, at most 3 times per basket, tier gold, Friday to Sunday",
            "满 100 减 15，每单最多 3 次，限 gold 会员，周五至周日",
        ),
        (
            "spend_and_get",
            {"steps.0.at_minor": "100", "steps.0.off_minor": "10", "repeating": "yes", "cap_minor": "50"},
            "for every 100.00 spent 10.00 off, at most 50.00 off",
            "每满 100 减 10，最多减 50",
        ),
        (
            "percent_off",
            {"off_bp": "20", "scope.categories": "food/dairy", "when.first": "2027-03-01", "when.last": "2027-03-08"},
            "20% off, on category food/dairy, 2027-03-01 to 2027-03-08",
            "8折，限分类 food/dairy，2027年3月1日至3月8日",
        ),
        (
            "percent_off",
            {"off_bp": "20", "scope.categories": "grocery/beers  & ales，wine", "scope.leave_out.brands": "Old Cow"},
            "20% off, on category grocery/beers & ales, wine except brand Old Cow",
            "8折，限分类 grocery/beers & ales、wine（品牌 Old Cow 除外）",
        ),
        (
            "bundle_price",
            {
                "parts.0.scope.items": "1001",
                "parts.1.scope.categories": "food/dairy",
                "parts.1.quantity": "2",
                "price_minor": "15",
            },
            "1 × 1001 + 2 × category food/dairy together 15.00",
            "1001 1 件＋分类 food/dairy 2 件，组合价 15 元",
        ),
        (
            "buy_with_purchase",
            {
                "offers.0.item": "oil",
                "offers.0.price_minor": "19.9",
                "offers.1.item": "salt",
                "offers.1.price_minor": "1",
                "offers.1.points": "50",
                "need.spend_minor": "50",
                "most_pieces": "2",
            },
            "oil for 19.90 or salt for 1.00 and 50 points, up to 2, from 50.00 spent",
            "满 50 换购 oil 19.90 元、salt 1 元加 50 积分，最多 2 件",
        ),
        (
            "buy_x_get_y",
            {"buy": "2", "get": "1", "scope.items": "1001", "get_scope.items": "1002"},
            "buy 2 of 1001, get 1 of 1002 free",
            "买 1001 2 件，送 1002 1 件",
        ),
        (
            "coupon",
            {"issue": "public", "code": "SPRING", "off_minor": "5"},
            "5.00 off, with the code SPRING",
            "减 5，凭券码 SPRING",
        ),
        (
            "nth_piece",
            {"scope.items": "1 2 3 4 5", "who.audience": "members", "when.days": "8 18 28"},
            "50% off piece 2, on 1, 2, 3 and 2 more items, members only, on day 8, 18, 28 of the month",
            "第二件半价，限 1、2、3 等 5 种商品，仅限会员，每月 8、18、28 日",
        ),
        *(
            (kind, typed | {"need.spend_minor": "15"}, english, chinese)
            for kind, typed, english, chinese in (
                ("amount_off", {"off_minor": "3"}, "3.00 off each piece, from 15.00 spent", "满 15 每件减 3"),
                (
                    "amount_off",
                    {"off_minor": "3", "each": "order"},
                    "3.00 off the order, from 15.00 spent",
                    "满 15 整单减 3",
                ),
                (
                    "amount_off",
                    {"off_minor": "3", "each": "scope", "scope.brands": "光明"},
                    "3.00 off these items together, on brand 光明, from 15.00 spent",
                    "满 15 合计减 3，限品牌 光明",
                ),
                (
                    "amount_off",
                    {"off_minor": "3", "basis": "500"},
                    "3.00 off for every 500 g, from 15.00 spent",
                    "满 15 每 500 克减 3",
                ),
                (
                    "coupon",
                    {"issue": "issued", "off_minor": "3", "per_basket": "2"},
                    "3.00 off, from 15.00 spent, up to 2 coupons a basket",
                    "满 15 减 3，每单限用 2 张",
                ),
                ("coupon", {"issue": "issued", "off_bp": "20"}, "20% off, from 15.00 spent", "满 15 享 8折"),
                (
                    "percent_off",
                    {"off_bp": "20", "need.scope.categories": "奶制品"},
                    "20% off, from 15.00 spent on category 奶制品",
                    "买分类 奶制品满 15 享 8折",
                ),
                (
                    "percent_off",
                    {"off_bp": "20", "need.quantity": "3"},
                    "20% off, from 3 pieces and 15.00 spent",
                    "满 3 件且满 15 享 8折",
                ),
                ("order_percent", {"off_bp": "10"}, "10% off the order, from 15.00 spent", "满 15 整单9折"),
                (
                    "special_price",
                    {"price_minor": "4", "basis": "500"},
                    "for 4.00 per 500 g, from 15.00 spent",
                    "满 15 享特价 4 元（每 500 克）",
                ),
                (
                    "time_limited_price",
                    {"price_minor": "4", "when.first": "2026-12-30", "when.last": "2027-01-03"},
                    "for 4.00 now, from 15.00 spent, 2026-12-30 to 2027-01-03",
                    "满 15 享限时价 4 元，2026年12月30日至2027年1月3日",
                ),
                (
                    "member_price",
                    {"price_minor": "4"},
                    "for 4.00 with a member card, from 15.00 spent",
                    "满 15 享会员价 4 元",
                ),
                (
                    "tier_price",
                    {"tier_minor.0.key": "gold", "tier_minor.0.value": "4"},
                    "for 4.00 (gold), from 15.00 spent",
                    "满 15 享等级价 gold 4.00 元",
                ),
                (
                    "n_for_price",
                    {"n": "3", "price_minor": "10", "same_item": "yes"},
                    "3 for 10.00 (of the same item), from 15.00 spent",
                    "满 15，3件10元（同款商品）",
                ),
                ("buy_x_get_y", {"buy": "2"}, "buy 2 get 1 free, from 15.00 spent", "满 15，买2送1"),
                ("nth_piece", {}, "50% off piece 2, from 15.00 spent", "满 15，第二件半价"),
                ("cheapest_free", {"n": "3"}, "the cheapest of 3 free, from 15.00 spent", "满 15，3件免最低价1件"),
                (
                    "bundle_price",
                    TYPED["bundle_price"],
                    "1 × 1001 + 2 × 1002 together 15.00, from 15.00 spent",
                    "满 15，1001 1 件＋1002 2 件，组合价 15 元",
                ),
                ("free_gift", {"gifts": "1003"}, "1 × 1003 free, from 15.00 spent", "满 15 送 1003 1 件"),
                (
                    "points_redemption",
                    {"points": "100", "worth_minor": "1"},
                    "100 points pay 1.00, from 15.00 spent",
                    "满 15，100 积分抵 1 元",
                ),
                (
                    "points_multiplier",
                    {"multiplier_bp": "2"},
                    "2 times the points, from 15.00 spent",
                    "满 15 享 2 倍积分",
                ),
                (
                    "extra_points",
                    {"points": "10", "who.purchases": "1"},
                    "10 points more, from 15.00 spent, on the first purchase",
                    "满 15 加赠 10 积分，限首次消费",
                ),
                (
                    "extra_points",
                    {"points": "10", "once": "piece"},
                    "10 points more for each piece, from 15.00 spent",
                    "满 15 每件加赠 10 积分",
                ),
                (
                    "free_gift",
                    {"gifts": "1001 1002", "quantity": "1", "every": "yes"},
                    "1 of any of 1001, 1002 free each time, from 15.00 spent",
                    "每满 15 送 1001、1002 任选 1 件",
                ),
                (
                    "coupon",
                    {"off_minor": "3", "stackable": "yes"},
                    "3.00 off, from 15.00 spent, together with other coupons",
                    "满 15 减 3，可与其他券同用",
                ),
            )
        ),
    ],
)
def test_a_promotion_is_one_sentence(kind: str, typed: dict[str, str], english: str, chinese: str) -> None:
    promotion = read(kind, "p1", typed, 2).promotion
    assert promotion is not None
    assert sentence(promotion, MONEY) == {"en": english, "zh": chinese}


@pytest.mark.parametrize(
    ("kind", "typed", "problems"),
    [
        ("percent_off", {}, {"off_bp": words.MISSING}),
        ("percent_off", {"off_bp": "20.555"}, {"off_bp": words.NOT_PERCENT}),
        ("percent_off", {"off_bp": "120"}, {"off_bp": "The percentage is above 0 and at most 100."}),
        ("special_price", {"price_minor": "4.999"}, {"price_minor": words.NOT_MONEY}),
        ("special_price", {"price_minor": "-4"}, {"price_minor": words.NOT_MONEY}),
        ("special_price", {"price_minor": "four"}, {"price_minor": words.NOT_MONEY}),
        ("cheapest_free", {"n": "3.5"}, {"n": words.NOT_A_NUMBER}),
        ("points_multiplier", {"multiplier_bp": "x"}, {"multiplier_bp": words.NOT_TIMES}),
        ("spend_and_get", {}, {"steps.0.at_minor": words.MISSING}),
        ("spend_and_get", {"steps.0.at_minor": "100"},
         {"steps.0.at_minor": "A step says from how much, and gives exactly one thing."}),
        ("bundle_price", {"parts.0.scope.items": "1"},
         {"price_minor": "Give exactly one: a price, an amount off, or a percentage off."}),
        ("order_percent", {"off_bp": "10", "when.first": "soon"}, {"when.first": words.NOT_A_DAY}),
        ("order_percent", {"off_bp": "10", "when.first": "2027-03-08", "when.last": "2027-03-01"},
         {"when.last": "The last day is not before the first."}),
        ("order_percent", {"off_bp": "10", "when.hours": "evening"}, {"when.hours": words.NOT_HOURS}),
        ("order_percent", {"off_bp": "10", "when.hours": "18:00-25:00"},
         {"when.hours": "Times are written as 18:00 and lie between 00:00 and 24:00."}),
        ("order_percent", {"off_bp": "10", "payers.chain": "60"}, {"payers": "The shares add up to 100 percent."}),
        ("time_limited_price", {"price_minor": "4"}, {"when": "Say when it is on: days, hours or weekdays."}),
        ("coupon", {"off_minor": "3", "issue": "public"},
         {"code": "A coupon for everybody names its code; the others have codes of their own."}),
        ("order_percent", {"off_bp": "10", "stacking": "maybe"}, {"stacking": words.NOT_A_CHOICE}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(kind: str, typed: dict[str, str], problems: dict[str, str]) -> None:
    found = read(kind, "p1", typed, 2)
    assert found.promotion is None
    assert {path: problem.text for path, problem in found.problems.items()} == problems


def test_whatever_the_model_refuses_is_said_in_plain_words_of_both_languages() -> None:
    room = Path(shared.pricing.__file__).parent
    said = {*words.PROBLEMS}
    for path in (*(room / "kinds").glob("*.py"), room / "promotion.py", room / "window.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and ast.unparse(node.exc.func) == "ValueError"
            ):
                given = node.exc.args[0]
                if isinstance(given, ast.Constant) and given.value != "a promotion has an id":
                    assert given.value in said, path.name
    chinese = speech("zh")
    for table in (
        words.LABELS,
        words.HINTS,
        words.PROBLEMS,
        {key: text for key, (text, _) in words.PROBLEM_STARTS.items()},
        *words.CHOICES.values(),
    ):
        for text in table.values():
            assert chinese.t(text) != text, text


def test_a_form_keeps_only_its_own_fields() -> None:
    posted = [("off_bp", " 20 "), ("when.weekdays", "5"), ("when.weekdays", "6"), ("mark", "x"), ("evil", "y"),
              ("limits.0.uses", "3"), ("limits.x.uses", "3"), ("cap_minor", "")]  # fmt: skip
    assert typed_from("percent_off", posted) == {"off_bp": "20", "when.weekdays": "5 6", "limits.0.uses": "3"}
