"""A promotion as one plain sentence in both languages: 满 100 减 15，每单最多 3 次，等级 金卡，周五至周日."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.pricing import Per
from shared.pricing.kinds.bundle_price import BundlePrice
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase
from shared.pricing.kinds.buy_x_get_y import BuyXGetY
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.kinds.free_gift import FreeGift
from shared.pricing.kinds.spend_and_get import SpendAndGet, reward_words
from shared.pricing.kinds.tier_price import TierPrice
from shared.pricing.promotion import Audience, Divide, Limit, Money, PricePromotion, Promotion, percent
from shared.pricing.scope import Except, Scope
from shared.pricing.window import When

Clause = tuple[str, str]
"""English and Chinese."""
NameOf = Callable[[str, str], str]
"""What something is called, by its id and a language."""

MOST_NAMED = 3
_PER: dict[Per, Clause] = {
    Per.BASKET: ("per basket", "每单"),
    Per.CHAIN: ("in the chain", "全部门店共"),
    Per.STORE: ("per store", "每店"),
    Per.DAY: ("per store and day", "每店每天"),
    Per.MEMBER: ("per member", "每位会员"),
    Per.MEMBER_DAY: ("per member and day", "每位会员每天"),
}
_DIVIDED: dict[Divide, Clause] = {
    Divide.EQUAL: ("each store an equal share", "各店均分"),
    Divide.SALES: ("each store a share by its sales", "按各店销售额分配"),
    Divide.WEIGHTS: ("each store a share by its weight", "按设定比例分配到店"),
}
_WEEKDAYS: tuple[Clause, ...] = (
    ("Monday", "周一"),
    ("Tuesday", "周二"),
    ("Wednesday", "周三"),
    ("Thursday", "周四"),
    ("Friday", "周五"),
    ("Saturday", "周六"),
    ("Sunday", "周日"),
)
TILLS: dict[str, Clause] = {"staffed": ("staffed", "人工"), "self_checkout": ("self-checkout", "自助")}
"""Kinds of till, as a sentence calls them."""
_PAYERS: dict[str, Clause] = {
    "chain": ("chain", "总部"),
    "store": ("store", "门店"),
    "supplier": ("supplier", "供应商"),
}


def _id_only(id_: str, language: str) -> str:
    del language
    return id_


@dataclass(frozen=True, slots=True)
class Called:
    """What a sentence calls what a promotion names by id; without more, by these ids."""

    item: NameOf = _id_only
    tier: NameOf = _id_only
    store: NameOf = _id_only
    segment: NameOf = _id_only


_BY_ID = Called()


def sentence(promotion: Promotion, money: Money, called: Called = _BY_ID) -> dict[str, str]:
    """Return the sentence by language."""
    clauses = [_gives(promotion, money, called), *_goods(promotion.scope, called.item), *_need(promotion, money)]
    clauses += _caps(promotion, money)
    clauses += [_limit(limit, money) for limit in promotion.limits]
    clauses += [
        *_code(promotion),
        *_who(promotion, called),
        *_where(promotion, called.store),
        *_when(promotion.when),
        *_payers(promotion),
    ]
    return {"en": ", ".join(en for en, _ in clauses), "zh": "，".join(zh for _, zh in clauses)}


def offer(promotion: Promotion, money: Money, called: Called = _BY_ID) -> dict[str, str]:
    """Return by language what whoever holds a coupon of it gets, and on what; not when, who and borne by whom."""
    clauses = [_gives(promotion, money, called), *_goods(promotion.scope, called.item), *_need(promotion, money)]
    clauses += _caps(promotion, money)
    return {"en": ", ".join(en for en, _ in clauses), "zh": "，".join(zh for _, zh in clauses)}


def _gives(promotion: Promotion, money: Money, called: Called) -> Clause:
    match promotion:
        case SpendAndGet():
            found = _steps(promotion, money, called.item)
        case FreeGift():
            ((english, chinese),) = _named("gifts", "赠品", promotion.gifts, called.item)
            found = f"{promotion.quantity} × {english} free", f"送 {chinese} {promotion.quantity} 件"
        case TierPrice():
            found = _tier_prices(promotion, money, called.tier)
        case BundlePrice():
            found = _bundle(promotion, money, called.item)
        case BuyWithPurchase():
            found = _offers(promotion, money, called.item)
        case _:
            said = promotion.gives(money)
            found = said["en"], said["zh"]
    if isinstance(promotion, BuyXGetY) and promotion.get_scope is not None:
        english, chinese = _what(promotion.get_scope, called.item)
        return f"{found[0]} ({english})", f"{found[1]}（{chinese}）"
    return found


def _steps(promotion: SpendAndGet, money: Money, name_of: NameOf) -> Clause:
    english, chinese = [], []
    for step in promotion.steps:
        said = reward_words(step, money)
        if step.gift:
            said = {
                "en": f"{step.gift_quantity} × {name_of(step.gift, 'en')} free",
                "zh": f"送 {name_of(step.gift, 'zh')} {step.gift_quantity} 件",
            }
        at, short = money(step.at_minor), money(step.at_minor, short=True)
        english.append(f"{'for every' if promotion.repeating else 'from'} {at} spent {said['en']}")
        chinese.append(f"{'每满' if promotion.repeating else '满'} {short} {said['zh']}")
    return ", ".join(english), "，".join(chinese)


def _tier_prices(promotion: TierPrice, money: Money, tier: NameOf) -> Clause:
    prices = [(code, money(minor)) for code, minor in promotion.tier_minor.items()]
    return (
        "for " + ", ".join(f"{price} ({tier(code, 'en')})" for code, price in prices),
        "等级价 " + "、".join(f"{tier(code, 'zh')} {price}" for code, price in prices),
    )


def _bundle(promotion: BundlePrice, money: Money, name_of: NameOf) -> Clause:
    said, parts = promotion.gives(money), [(_what(part.scope, name_of), part.quantity) for part in promotion.parts]
    english = " + ".join(f"{quantity} × {what[0]}" for what, quantity in parts)
    chinese = "＋".join(f"{what[1]} {quantity} 件" for what, quantity in parts)
    return f"{english} {said['en']}", f"{chinese}，{said['zh']}"


def _offers(promotion: BuyWithPurchase, money: Money, name_of: NameOf) -> Clause:
    first, more = promotion.offers[:MOST_NAMED], len(promotion.offers) - MOST_NAMED
    english, chinese = [], []
    for offer in first:
        points = (f" and {offer.points} points", f"加 {offer.points} 积分") if offer.points else ("", "")
        english.append(f"{name_of(offer.item, 'en')} for {money(offer.price_minor)}{points[0]}")
        chinese.append(f"{name_of(offer.item, 'zh')} {money(offer.price_minor, short=True)} 元{points[1]}")
    others = (f" or one of {more} more", f"等 {len(promotion.offers)} 种") if more > 0 else ("", "")
    most = promotion.most_pieces
    limit = (f", up to {most}", f"，最多 {most} 件") if most > 1 else ("", "")
    return f"{' or '.join(english)}{others[0]}{limit[0]}", f"换购 {'、'.join(chinese)}{others[1]}{limit[1]}"


def _goods(scope: Scope, name_of: NameOf) -> list[Clause]:
    if scope.everything and scope.leave_out is None:
        return []
    english, chinese = _what(scope, name_of)
    return [(f"on {english}", f"限{chinese}")]


def _what(scope: Scope, name_of: NameOf) -> Clause:
    """Return what a scope takes in, as a noun."""
    parts = [*_named("items", "商品", scope.items, name_of), *_listed(scope)]
    english, chinese = " and ".join(en for en, _ in parts), "、".join(zh for _, zh in parts)
    left = scope.leave_out
    if left is None:
        return english or "any item", chinese or "任意商品"
    without = [*_named("items", "商品", left.items, name_of), *_listed(left)]
    but = " and ".join(en for en, _ in without), "、".join(zh for _, zh in without)
    return f"{english or 'everything'} except {but[0]}", f"{chinese or '全部商品'}（{but[1]}除外）"


def _named(english: str, chinese: str, items: Sequence[str], name_of: NameOf) -> list[Clause]:
    if not items:
        return []
    first = items[:MOST_NAMED]
    more = len(items) - len(first)
    said = [", ".join(name_of(item, "en") for item in first), "、".join(name_of(item, "zh") for item in first)]
    return [
        (
            said[0] + (f" and {more} more {english}" if more else ""),
            said[1] + (f"等 {len(items)} 种{chinese}" if more else ""),
        )
    ]


def _listed(scope: Scope | Except) -> list[Clause]:
    lists = (
        ("category", "分类", scope.categories),
        ("brand", "品牌", scope.brands),
        ("supplier", "供应商", scope.suppliers),
        ("tag", "标签", scope.tags),
    )
    return [(f"{en} {', '.join(given)}", f"{zh} {'、'.join(given)}") for en, zh, given in lists if given]


def _need(promotion: Promotion, money: Money) -> list[Clause]:
    need, found = promotion.need, []
    if need.quantity:
        found.append((f"from {need.quantity} pieces on", f"满 {need.quantity} 件"))
    if need.spend_minor:
        found.append((f"from {money(need.spend_minor)} spent", f"消费满 {money(need.spend_minor, short=True)}"))
    return found


def _caps(promotion: Promotion, money: Money) -> list[Clause]:
    found: list[Clause] = []
    cap = getattr(promotion, "cap_minor", None)
    if cap is not None:
        found.append((f"at most {money(cap)} off", f"最多减 {money(cap, short=True)}"))
    if isinstance(promotion, PricePromotion) and promotion.most_pieces is not None:
        found.append((f"at most {promotion.most_pieces} pieces a basket", f"每单限购 {promotion.most_pieces} 件"))
    if isinstance(promotion, PricePromotion) and promotion.exclusive:
        found.append(("not with other offers", "不与其他优惠同享"))
    return found


def _limit(limit: Limit, money: Money) -> Clause:
    english, chinese = _most(limit, money)
    if limit.per is not Per.CHAIN:
        return english, chinese
    divided = _DIVIDED[limit.divide]
    return f"{english}, {divided[0]}", f"{chinese}，{divided[1]}"


def _most(limit: Limit, money: Money) -> Clause:
    english, chinese = _PER[limit.per]
    if limit.uses is not None:
        times = "once" if limit.uses == 1 else f"{limit.uses} times"
        both = f" and {money(limit.minor)}" if limit.minor is not None else ""
        beside = f"、{money(limit.minor, short=True)} 元" if limit.minor is not None else ""
        return f"at most {times}{both} {english}", f"{chinese}最多 {limit.uses} 次{beside}"
    minor = limit.minor or 0
    return f"at most {money(minor)} {english}", f"{chinese}最多优惠 {money(minor, short=True)} 元"


def _code(promotion: Promotion) -> list[Clause]:
    code = promotion.code if isinstance(promotion, CouponOff) else ""
    return [(f"with the code {code}", f"凭券码 {code}")] if code else []


def _who(promotion: Promotion, called: Called) -> list[Clause]:
    who, tier, segment, found = promotion.who, called.tier, called.segment, []
    if who.tiers:
        found.append((f"tier {_several(who.tiers, tier, 'en')}", f"等级 {_several(who.tiers, tier, 'zh')}"))
    if who.segments:
        english, chinese = (_several(who.segments, segment, language) for language in ("en", "zh"))
        found.append((f"segment {english}", f"人群 {chinese}"))
    if who.purchases:
        numbers = ", ".join(map(str, who.purchases))
        found.append((f"on purchase {numbers}", f"第 {'、'.join(map(str, who.purchases))} 次消费"))
    if who.audience is Audience.NON_MEMBERS:
        found.append(("without a member card", "仅限非会员"))
    elif promotion.members_only and not found:
        found.append(("members only", "仅限会员"))
    return found


def _several(ids: Iterable[str], name_of: NameOf, language: str) -> str:
    return ("、" if language == "zh" else ", ").join(name_of(one, language) for one in ids)


def _where(promotion: Promotion, store: NameOf) -> list[Clause]:
    where, found = promotion.where, []
    if where.stores:
        found.append((f"in {_several(where.stores, store, 'en')}", f"限门店 {_several(where.stores, store, 'zh')}"))
    if where.till_kinds:
        kinds = [TILLS.get(kind, (kind, kind)) for kind in where.till_kinds]
        found.append((f"at {', '.join(en for en, _ in kinds)} tills", f"限{'、'.join(zh for _, zh in kinds)}收银台"))
    return found


def _when(when: When) -> list[Clause]:
    found: list[Clause] = []
    first, last = when.first, when.last
    if first and last and first == last:
        found.append((f"on {first}", f"{first.month}月{first.day}日"))
    elif first and last:
        found.append((f"{first} to {last}", f"{first.year}年{first.month}月{first.day}日至{last.month}月{last.day}日"))
    elif first:
        found.append((f"from {first}", f"{first.year}年{first.month}月{first.day}日起"))
    elif last:
        found.append((f"until {last}", f"至{last.year}年{last.month}月{last.day}日"))
    found += _weekdays(when.weekdays)
    if when.days:
        days = sorted(set(when.days))
        found.append((f"on day {', '.join(map(str, days))} of the month", f"每月 {'、'.join(map(str, days))} 日"))
    if when.hours:
        spans = [f"{one.start}-{one.end}" for one in when.hours]
        found.append((", ".join(spans), "、".join(spans)))
    if when.birthday_month:
        found.append(("in the birthday month", "会员生日当月"))
    return found


def _weekdays(weekdays: Iterable[int]) -> list[Clause]:
    days = sorted(set(weekdays))
    if not days or len(days) == len(_WEEKDAYS):
        return []
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    english, chinese = [], []
    for run in runs:
        (en, zh), (en_last, zh_last) = _WEEKDAYS[run[0] - 1], _WEEKDAYS[run[-1] - 1]
        english.append(en if len(run) == 1 else f"{en} to {en_last}")
        chinese.append(zh if len(run) == 1 else f"{zh}至{zh_last}")
    return [(", ".join(english), "、".join(chinese))]


def _payers(promotion: Promotion) -> list[Clause]:
    shares = [(name, bp) for name, bp in promotion.payers.items() if bp]
    if not shares or [str(name) for name, _ in shares] == ["chain"]:
        return []
    english = ", ".join(f"{_PAYERS[name][0]} {percent(bp)}" for name, bp in shares)
    chinese = "、".join(f"{_PAYERS[name][1]} {percent(bp)}" for name, bp in shares)
    return [(f"borne by {english}", f"费用承担：{chinese}")]
