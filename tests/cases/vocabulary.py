"""What the rules of a case file mean in our models: the one adapter between the neutral vocabulary and ours.

`promotion` is that adapter. What each word means is said in `README.md` beside this file, for whoever writes one of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from typing import Any

import msgspec

from shared.pricing import AnyPromotion

Rule = Mapping[str, Any]
Row = dict[str, Any]


def minor(text: str) -> int:
    """Return an amount of a case in minor units. Raise ValueError when it has more digits than the currency."""
    try:
        amount = Decimal(text) * 100
        whole = int(amount)
    except (ArithmeticError, ValueError, TypeError):
        raise ValueError(f"{text!r} is not an amount; one is '12.50'") from None
    if amount != whole:
        raise ValueError(f"{text!r} is not a whole number of minor units")
    return whole


def basis_points(percent: float) -> int:
    """Return a percentage of a case in basis points."""
    return int(Decimal(str(percent)) * 100)


def promotion(name: str, rule: Rule) -> AnyPromotion:
    """Return our promotion for a rule of a case file. Raise ValueError that says which word makes no sense."""
    if rule.get("type") not in TYPES:
        raise ValueError(f"type {rule.get('type')!r} is not known; types are {', '.join(TYPES)}")
    kind, adapt, own = TYPES[rule["type"]]
    _only(rule, RULE_WORDS | own | {"type"}, f"a {rule['type']!r} rule")
    try:
        row = {"kind": kind, "promotion": name, **_shared(rule), **adapt(rule)}
    except KeyError as missing:
        raise ValueError(f"a {rule['type']!r} rule needs {missing}") from None
    except (AttributeError, TypeError, ArithmeticError) as error:
        raise ValueError(f"a word of this {rule['type']!r} rule has a value of another form: {error}") from error
    adapted: AnyPromotion = msgspec.convert(row, AnyPromotion)
    return adapted


def _only(words: Rule, known: Set[str], where: str) -> None:
    """Raise ValueError for words that mean nothing there."""
    strange = sorted(set(words) - known)
    if strange:
        raise ValueError(f"{strange} are not words of {where}; it has {', '.join(sorted(known))}")


_SCOPE = {"items", "categories", "brands", "suppliers", "tags", "except"}
_WHEN = {
    "first day": "first",
    "last day": "last",
    "hours": "hours",
    "weekdays": "weekdays",
    "days of month": "days",
    "birthday month": "birthday_month",
}
RULE_WORDS = {
    *_SCOPE, *_WHEN, "members only", "without card only", "tiers", "segments", "purchases", "stores", "tills",
    "at least", "from", "of", "looks at", "limits", "group", "together", "payers", "names",
}  # fmt: skip
"""What every rule may say."""


def _scope(words: Rule) -> Row:
    _only(words.get("except", {}), _SCOPE - {"except"}, "'except'")
    scope = {word: words[word] for word in _SCOPE - {"except"} if word in words}
    return {**scope, "leave_out": words["except"]} if "except" in words else scope


def _scope_of(words: Rule, where: str) -> Row:
    _only(words, _SCOPE, where)
    return _scope(words)


def _shared(rule: Rule) -> Row:
    row: Row = {"scope": _scope(rule), "when": {ours: rule[word] for word, ours in _WHEN.items() if word in rule}}
    who = {word: rule[word] for word in ("tiers", "segments", "purchases") if word in rule}
    if rule.get("members only") or rule.get("without card only"):
        who["audience"] = "members" if rule.get("members only") else "non_members"
    where = {ours: rule[word] for word, ours in (("stores", "stores"), ("tills", "till_kinds")) if word in rule}
    need: Row = {"quantity": rule.get("at least", 0), "spend_minor": minor(rule.get("from", "0"))}
    if "of" in rule:
        need["scope"] = _scope_of(rule["of"], "'of'")
    if "looks at" in rule:
        need["basis"] = rule["looks at"]
    limits = [_limit(*limit) for limit in rule.get("limits", [])]
    row |= {"who": who, "where": where, "need": need, "limits": limits}
    row |= {ours: rule[word] for word, ours in (("group", "group"), ("together", "stacking")) if word in rule}
    if "payers" in rule:
        row["payers"] = {payer: basis_points(share) for payer, share in rule["payers"].items()}
    return {**row, "names": rule["names"]} if "names" in rule else row


def _limit(per: str, uses: int | None, amount: str | None, strict: bool = False) -> Row:
    return {"per": per, "uses": uses, "minor": None if amount is None else minor(amount), "strict": strict}


def _off(rule: Rule) -> Row:
    """Read `off` (an amount), `percent off` and `at most` (a cap)."""
    row: Row = {}
    if "off" in rule:
        row["off_minor"] = minor(rule["off"])
    if "percent off" in rule:
        row["off_bp"] = basis_points(rule["percent off"])
    if "at most" in rule:
        row["cap_minor"] = minor(rule["at most"])
    return row


def _percent(rule: Rule) -> Row:
    return {"off_bp": basis_points(rule["percent off"]), **_off(rule)}


def _price(rule: Rule) -> Row:
    row: Row = {"price_minor": minor(rule["price"]), "basis": rule.get("for units", 1)}
    row |= {"most_pieces": rule["most pieces"]} if "most pieces" in rule else {}
    return row | ({"exclusive": rule["shuts out the rest"]} if "shuts out the rest" in rule else {})


def _tier_price(rule: Rule) -> Row:
    return {"tier_minor": {tier: minor(price) for tier, price in rule["prices"].items()}}


def _amount(rule: Rule) -> Row:
    return {
        "off_minor": minor(rule["off"]),
        **_off(rule),
        "each": rule.get("each", "unit"),
        "basis": rule.get("for units", 1),
    }


def _n_for(rule: Rule) -> Row:
    return {"n": rule["pieces"], "price_minor": minor(rule["price"]), "same_item": rule.get("same article", False)}


def _buy_get(rule: Rule) -> Row:
    row: Row = {"buy": rule["buy"], "get": rule.get("get", 1), "same_item": rule.get("same article", False)}
    row |= {"off_bp": basis_points(rule["percent off"])} if "percent off" in rule else {}
    row |= {"get_scope": _scope_of(rule["get of"], "'get of'")} if "get of" in rule else {}
    row |= {"given_bear": True} if rule.get("discount stays on the given") else {}
    return row | ({"which": rule["which"]} if "which" in rule else {})


def _nth(rule: Rule) -> Row:
    row: Row = {"n": rule.get("n", 2), "off_bp": basis_points(rule["percent off"])}
    row |= {"which": rule["which"]} if "which" in rule else {}
    return {**row, "same_item": rule.get("same article", False)}


def _cheapest(rule: Rule) -> Row:
    return {"n": rule["of every"], "free": rule.get("free", 1), "each_set": rule.get("in each set", False)}


def _bundle(rule: Rule) -> Row:
    for part in rule["parts"]:
        _only(part, _SCOPE | {"pieces"}, "a part")
    parts = [{"scope": _scope(part), "quantity": part.get("pieces", 1)} for part in rule["parts"]]
    price = {"price_minor": minor(rule["price"])} if "price" in rule else {}
    return {"parts": parts, **price, **_off(rule)}


def _step(step: Rule) -> Row:
    _only(step, {"from", "off", "percent off", "gift", "gift pieces", "points", "coupon"}, "a step")
    row: Row = {"at_minor": minor(step["from"]), **_off(step)}
    for word, ours in (("gift", "gift"), ("gift pieces", "gift_quantity"), ("points", "points"), ("coupon", "coupon")):
        if word in step:
            row[ours] = step[word]
    return row


def _spend(rule: Rule) -> Row:
    row: Row = {"steps": [_step(step) for step in rule["steps"]], "repeating": rule.get("again and again", False)}
    row |= {"cap_minor": minor(rule["at most"])} if "at most" in rule else {}
    return {**row, "add_gifts": rule.get("till adds it", False)}


def _gift(rule: Rule) -> Row:
    row: Row = {"gifts": rule["gifts"], "quantity": rule.get("pieces", 1)}
    return {**row, "add": rule.get("till adds it", False), "every": rule.get("again and again", False)}


def _exchange(rule: Rule) -> Row:
    for offer in rule["offers"].values():
        _only(offer, {"price", "points"}, "an offer")
    offers = [
        {"item": item, "price_minor": minor(offer["price"]), "points": offer.get("points", 0)}
        for item, offer in rule["offers"].items()
    ]
    return {"offers": offers, "most_pieces": rule.get("most pieces", 1)}


def _coupon(rule: Rule) -> Row:
    row: Row = {**_off(rule), "issue": rule.get("issue", "issued"), "code": rule.get("code", "")}
    return {**row, "stackable": rule.get("stackable", False), "per_basket": rule.get("per basket", 1)}


def _redeem(rule: Rule) -> Row:
    row: Row = {
        "points": rule["points"],
        "worth_minor": minor(rule["are worth"]),
        "step_points": rule.get("steps of", 1),
    }
    return row | ({"cap_bp": basis_points(rule["at most percent"])} if "at most percent" in rule else {})


def _multiply(rule: Rule) -> Row:
    return {"multiplier_bp": int(Decimal(str(rule["times"])) * 10_000)}


def _extra(rule: Rule) -> Row:
    row: Row = {"points": rule["points"], "once": rule.get("each", "order")}
    return row | ({"per_minor": minor(rule["amount"])} if "amount" in rule else {})


_OFF_WORDS = {"off", "percent off", "at most"}
_PERCENT_WORDS = {"percent off", "at most"}
_PRICE_WORDS = {"price", "for units", "most pieces", "shuts out the rest"}

TYPES: Mapping[str, tuple[str, Callable[[Rule], Row], set[str]]] = {
    "special price": ("special_price", _price, _PRICE_WORDS),
    "member price": ("member_price", _price, _PRICE_WORDS),
    "flash price": ("time_limited_price", _price, _PRICE_WORDS),
    "tier price": ("tier_price", _tier_price, {"prices"}),
    "percent off": ("percent_off", _percent, _PERCENT_WORDS),
    "amount off": ("amount_off", _amount, {"off", "at most", "each", "for units"}),
    "pieces for a price": ("n_for_price", _n_for, {"pieces", "price", "same article"}),
    "buy and get": (
        "buy_x_get_y",
        _buy_get,
        {"buy", "get", "percent off", "get of", "which", "same article", "discount stays on the given"},
    ),
    "every n-th piece": ("nth_piece", _nth, {"n", "percent off", "which", "same article"}),
    "cheapest free": ("cheapest_free", _cheapest, {"of every", "free", "in each set"}),
    "bundle": ("bundle_price", _bundle, {"off", "percent off", "parts", "price"}),
    "spend": ("spend_and_get", _spend, {"steps", "again and again", "at most", "till adds it"}),
    "gift": ("free_gift", _gift, {"gifts", "pieces", "till adds it", "again and again"}),
    "exchange": ("buy_with_purchase", _exchange, {"offers", "most pieces"}),
    "order percent": ("order_percent", _percent, _PERCENT_WORDS),
    "coupon": ("coupon", _coupon, {*_OFF_WORDS, "issue", "code", "stackable", "per basket"}),
    "points as money": ("points_redemption", _redeem, {"points", "are worth", "steps of", "at most percent"}),
    "points times": ("points_multiplier", _multiply, {"times"}),
    "extra points": ("extra_points", _extra, {"points", "each", "amount"}),
}
"""Rule types of the vocabulary: our kind, how the rule's own words become its fields, and which words these are."""
