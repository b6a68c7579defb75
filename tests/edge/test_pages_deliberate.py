"""Which questions an Enter pressed once too often answers, and which only a number or a key does: all of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import edge_agent.web.screen
from edge_agent.web.screen import hand
from edge_agent.web.screen.asking import Option, Question
from edge_agent.web.screen.saying import Plain
from tests.edge.person import person, sold
from tests.edge.tills import APPLES, MILK

DELIBERATE = {
    "agree_back": "goods come back and money is paid out",
    "age": "somebody vouches that they have looked",
    "card_act": "a card goes out of use",
    "consent": "somebody agrees to have their data kept",
    "gifts/desk": "a gift is handed over",
    "held_choice": "a customer's basket is cancelled",
    "identity": "somebody vouches that they have looked",
    "join": "somebody becomes a member",
    "pay_out": "money is paid out",
    "people": "of several people one gets the points",
    "refund_how": "money is paid out, or a return is dropped",
    "settle": "a payment is said to be paid or not",
    "unchanged": "one thing on the scale may be paid twice",
    "undo_how": "money is paid out",
    "undo_top_up": "a top-up is undone",
    "void_basket": "a basket is given up",
    "weigh": "Enter takes the weight, and what else can be done at the scale is chosen",
    "who": "of several people one is served",
}
"""Questions whose answer cannot be taken back, with what it does: an empty line answers none of them."""
HARMLESS = {
    # lists and menus: what is chosen asks further, or is undone by the key beside it
    "coupon_off", "customer", "desk", "found", "gifts/offers", "held", "lines", "member", "more", "offers",
    "nobodys", "own_coupon", "past", "quick", "reason", "refunds", "report", "returns", "scale", "shift", "waiting",
    # money that comes in: Enter is the exact amount, as on every till
    "pay", "points", "value_amount", "value_pay",
    # an empty line is no answer to these, or says "none" or what is printed in the prompt
    "card_slip", "cash", "check", "count", "coupon", "coupon_code", "float", "gift_card", "goods",
    "goods_weight", "hold", "name", "new_card", "open_price", "part", "phone", "pieces", "pour", "price", "receipt",
    "reference", "referrer", "reprint", "return_reason", "top_up", "top_up_receipt", "value", "value_card", "whose",
    "pin", "staff",
}  # fmt: skip
"""Every other question."""
NAMES = {"STAFF": hand.STAFF, "PIN": hand.PIN}
TWICE = {"gifts": {"flows_desk": "gifts/desk", "flows_offers": "gifts/offers"}}
"""One id for two questions: which of them a module asks."""


def questions() -> dict[str, bool]:
    """Return every question of the screen's modules by its id, and whether it asks for a deliberate answer."""
    found: dict[str, bool] = {}
    for module in sorted(Path(edge_agent.web.screen.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Question"):
                continue
            fields = {one.arg: one.value for one in node.keywords}
            key = fields["id"]
            name = NAMES[key.id] if isinstance(key, ast.Name) else ast.literal_eval(key)
            name = TWICE.get(name, {}).get(module.stem, name)
            deliberate = "deliberate" in fields and ast.literal_eval(fields["deliberate"])
            found[name] = deliberate or found.get(name, False)
    return found


def test_every_question_is_judged_and_the_irreversible_ones_ask_for_more_than_enter() -> None:
    found = questions()
    assert set(found) == set(DELIBERATE) | HARMLESS
    assert {name for name, deliberate in found.items() if deliberate} == set(DELIBERATE)


def test_a_number_is_typed_as_it_is_printed_and_the_end_of_a_phone_number_is_none() -> None:
    plain = Question(id="x", title=Plain(""), prompt=Plain(""), options=(Option(value="a", words=Plain("a")),))
    assert set(plain.numbers()) == {"1"}
    own = (Option(value="a", words=Plain("a"), number=0), Option(value="b", words=Plain("b"), number=7))
    numbered = Question(id="x", title=Plain(""), prompt=Plain(""), options=own)
    assert {text: one.value for text, one in numbered.numbers().items()} == {"0": "a", "7": "b"}
    assert [numbered.key_of(one) for one in own] == ["0", "7"]


@pytest.mark.parametrize(("keys", "typed"), [(["void_basket"], []), (["F9"], ["4"])])
async def test_enter_alone_agrees_to_nothing(tmp_path: Path, keys: list[str], typed: list[str]) -> None:
    async with person(tmp_path) as at:
        if typed:
            await sold(at, APPLES)
        else:
            await at.scans(APPLES, MILK)
        await at.presses(*keys)
        await at.types(*typed)
        asked, before = at.asked, await at.lines()
        await at.types("", "")
        assert (at.asked, at.told, await at.lines()) == (asked, "not_said", before)
        await at.types("1")
        assert at.asked == ""
        assert await at.lines() == []
