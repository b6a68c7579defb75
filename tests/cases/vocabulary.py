"""The neutral vocabulary of the case files, and what it means in our models: the one adapter between the two.

A case file is JSON that another program can run too. Amounts are decimal texts in the currency ("12.50"), percentages
plain numbers (10 is ten per cent *off*), weights in grams, times local to the store ("2026-01-05 18:00:00").

```
{"about": "...", "zone": "Asia/Shanghai",
 "items": {"milk": {"price": "5.00", "member price": "4.50", "category": "food/dairy", "brand": "Cow",
                     "supplier": "s", "tags": ["x"], "floor": "3.00", "weighed": true (price is per kilogram)}},
 "rules": {"spring": {"type": "spend", "steps": [{"from": "100.00", "off": "10.00"}], ...}},
 "cases": [{"name": "...", "source": "rules.md ...", "rules": ["spring"], "basket": [["milk", 3]], "at": "...",
            "member": {"tier": "gold", "segments": [], "birthday month": 5, "purchases": 2},
            "store": "s1", "till": "staffed", "coupons": [["code", "rule"]], "points": {"may spend": 500, "use": 300},
            "choices": {"rule": ["item"]}, "used before": [["rule", "member", 1, "0.00"]], "uncounted": ["chain"],
            "round down to": "0.10",
            "expect": {"total": "90.00", "discounts": {"spring": "10.00"}, "lines": ["30.00", ...],
                       "points": {"spring": 50}, "spent points": {}, "gifts": {"spring": {"mug": 1}},
                       "issued": {"spring": ["next"]}, "reasons": {"spring": "not_now"}, "near": {"spring": "3.00"},
                       "says": {"spring": ["English", "Chinese"]}}}]}
```

`rules` of a case: those of the file that are in its book; without it, all. Rule types and their own words are the keys
of `TYPES` below. Every rule may say: `items`, `categories`, `brands`, `suppliers`, `tags`, `except` (a scope itself),
`first day`, `last day`, `hours` ([["22:00", "02:00"]]), `weekdays` (1 is Monday), `days of month`, `birthday month`,
`members only`, `without card only`, `tiers`, `segments`, `purchases`, `stores`, `tills`, `at least` (pieces),
`from` (an amount), `of` (a scope: what these two look at), `looks at` ("original" or "running"),
`limits` ([[per, uses, amount]], `null` for none, a fourth `true` for strict), `group`, `together` ("best", "exclusive",
"stack_all"), `payers` ({"chain": 50, "supplier": 50}), `names`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.pricing import AnyPromotion

Rule = Mapping[str, Any]
Row = dict[str, Any]


def minor(text: str) -> int:
    """Return an amount of a case in minor units. Raise ValueError when it has more digits than the currency."""
    amount = Decimal(text) * 100
    if amount != int(amount):
        raise ValueError(f"{text!r} is not a whole number of minor units")
    return int(amount)


def basis_points(percent: float) -> int:
    """Return a percentage of a case in basis points."""
    return int(Decimal(str(percent)) * 100)


def promotion(name: str, rule: Rule) -> AnyPromotion:
    """Return our promotion for a rule of a case file."""
    said = set(rule)
    kind, adapt, own = TYPES[rule["type"]]
    strange = said - _EVERY - own - {"type"}
    if strange:
        raise ValueError(f"rule {name!r}: {sorted(strange)} are not words of a {rule['type']!r} rule")
    row = {"kind": kind, "promotion": name, **_shared(rule), **adapt(rule)}
    return msgspec.convert(row, AnyPromotion)


_SCOPE = {"items", "categories", "brands", "suppliers", "tags", "except"}
_WHEN = {
    "first day": "first",
    "last day": "last",
    "hours": "hours",
    "weekdays": "weekdays",
    "days of month": "days",
    "birthday month": "birthday_month",
}
_EVERY = {
    *_SCOPE, *_WHEN, "members only", "without card only", "tiers", "segments", "purchases", "stores", "tills",
    "at least", "from", "of", "looks at", "limits", "group", "together", "payers", "names",
}  # fmt: skip


def _scope(words: Rule) -> Row:
    scope = {word: words[word] for word in _SCOPE - {"except"} if word in words}
    return {**scope, "leave_out": words["except"]} if "except" in words else scope


def _shared(rule: Rule) -> Row:
    row: Row = {"scope": _scope(rule), "when": {ours: rule[word] for word, ours in _WHEN.items() if word in rule}}
    who = {word: rule[word] for word in ("tiers", "segments", "purchases") if word in rule}
    if rule.get("members only") or rule.get("without card only"):
        who["audience"] = "members" if rule.get("members only") else "non_members"
    where = {ours: rule[word] for word, ours in (("stores", "stores"), ("tills", "till_kinds")) if word in rule}
    need: Row = {"quantity": rule.get("at least", 0), "spend_minor": minor(rule.get("from", "0"))}
    if "of" in rule:
        need["scope"] = _scope(rule["of"])
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


def _price(rule: Rule) -> Row:
    row: Row = {"price_minor": minor(rule["price"]), "basis": rule.get("for units", 1)}
    row |= {"most_pieces": rule["most pieces"]} if "most pieces" in rule else {}
    return row | ({"exclusive": rule["shuts out the rest"]} if "shuts out the rest" in rule else {})


def _tier_price(rule: Rule) -> Row:
    return {"tier_minor": {tier: minor(price) for tier, price in rule["prices"].items()}}


def _amount(rule: Rule) -> Row:
    return {**_off(rule), "each": rule.get("each", "unit"), "basis": rule.get("for units", 1)}


def _n_for(rule: Rule) -> Row:
    return {"n": rule["pieces"], "price_minor": minor(rule["price"]), "same_item": rule.get("same article", False)}


def _buy_get(rule: Rule) -> Row:
    row: Row = {"buy": rule["buy"], "get": rule.get("get", 1), "same_item": rule.get("same article", False)}
    row |= {"off_bp": basis_points(rule["percent off"])} if "percent off" in rule else {}
    row |= {"get_scope": _scope(rule["get of"])} if "get of" in rule else {}
    row |= {"given_bear": True} if rule.get("discount stays on the given") else {}
    return row | ({"which": rule["which"]} if "which" in rule else {})


def _nth(rule: Rule) -> Row:
    row: Row = {"n": rule.get("n", 2), "off_bp": basis_points(rule["percent off"])}
    row |= {"which": rule["which"]} if "which" in rule else {}
    return {**row, "same_item": rule.get("same article", False)}


def _cheapest(rule: Rule) -> Row:
    return {"n": rule["of every"], "free": rule.get("free", 1), "each_set": rule.get("in each set", False)}


def _bundle(rule: Rule) -> Row:
    parts = [{"scope": _scope(part), "quantity": part.get("pieces", 1)} for part in rule["parts"]]
    price = {"price_minor": minor(rule["price"])} if "price" in rule else {}
    return {"parts": parts, **price, **_off(rule)}


def _step(step: Rule) -> Row:
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
_PRICE_WORDS = {"price", "for units", "most pieces", "shuts out the rest"}

TYPES: Mapping[str, tuple[str, Callable[[Rule], Row], set[str]]] = {
    "special price": ("special_price", _price, _PRICE_WORDS),
    "member price": ("member_price", _price, _PRICE_WORDS),
    "flash price": ("time_limited_price", _price, _PRICE_WORDS),
    "tier price": ("tier_price", _tier_price, {"prices"}),
    "percent off": ("percent_off", _off, _OFF_WORDS),
    "amount off": ("amount_off", _amount, {*_OFF_WORDS, "each", "for units"}),
    "pieces for a price": ("n_for_price", _n_for, {"pieces", "price", "same article"}),
    "buy and get": (
        "buy_x_get_y",
        _buy_get,
        {"buy", "get", "percent off", "get of", "which", "same article", "discount stays on the given"},
    ),
    "every n-th piece": ("nth_piece", _nth, {"n", "percent off", "which", "same article"}),
    "cheapest free": ("cheapest_free", _cheapest, {"of every", "free", "in each set"}),
    "bundle": ("bundle_price", _bundle, {*_OFF_WORDS, "parts", "price"}),
    "spend": ("spend_and_get", _spend, {"steps", "again and again", "at most", "till adds it"}),
    "gift": ("free_gift", _gift, {"gifts", "pieces", "till adds it", "again and again"}),
    "exchange": ("buy_with_purchase", _exchange, {"offers", "most pieces"}),
    "order percent": ("order_percent", _off, _OFF_WORDS),
    "coupon": ("coupon", _coupon, {*_OFF_WORDS, "issue", "code", "stackable", "per basket"}),
    "points as money": ("points_redemption", _redeem, {"points", "are worth", "steps of", "at most percent"}),
    "points times": ("points_multiplier", _multiply, {"times"}),
    "extra points": ("extra_points", _extra, {"points", "each", "amount"}),
}
"""Rule types of the vocabulary: our kind, how the rule's own words become its fields, and which words these are."""
