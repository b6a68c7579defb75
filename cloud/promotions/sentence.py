"""A promotion as one plain sentence in both languages: 满 100 减 15，每单最多 3 次，限金卡会员，周五至周日."""

from __future__ import annotations

from collections.abc import Sequence

from cloud.promotions.saying_when import when_words
from cloud.promotions.saying_who import Called, Clause, NameOf, beside, payer_words, where_words, who_words
from shared.money import BASIS_POINTS
from shared.pricing import Per
from shared.pricing.kinds.amount_off import AmountOff, Each
from shared.pricing.kinds.bundle_price import BundlePrice
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase
from shared.pricing.kinds.buy_x_get_y import BuyXGetY
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.kinds.extra_points import ExtraPoints, Once
from shared.pricing.kinds.free_gift import FreeGift
from shared.pricing.kinds.order_percent import OrderPercent
from shared.pricing.kinds.percent_off import PercentOff
from shared.pricing.kinds.points_multiplier import PointsMultiplier
from shared.pricing.kinds.spend_and_get import SpendAndGet, reward_words
from shared.pricing.kinds.tier_price import TierPrice
from shared.pricing.promotion import Divide, Limit, Money, PricePromotion, Promotion, percent, tenths
from shared.pricing.scope import Except, Scope

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
_BY_ID = Called()


_WHICH: dict[str, Clause] = {
    "dearest": ("the dearest", "按最贵的优惠"),
    "chosen": ("those the customer chooses", "由顾客指定"),
    "each_set": ("the cheapest of each set", "每组最低价"),
}
"""Which pieces are given, where not the cheapest."""


def sentence(promotion: Promotion, money: Money, called: Called = _BY_ID) -> dict[str, str]:
    """Return the sentence by language."""
    clauses = _offer(promotion, money, called)
    clauses += [_limit(limit, money) for limit in promotion.limits]
    clauses += [
        *_code(promotion),
        *who_words(promotion, called),
        *where_words(promotion, called.store),
        *when_words(promotion.when),
        *payer_words(promotion),
    ]
    return _joined(clauses)


def offer(promotion: Promotion, money: Money, called: Called = _BY_ID) -> dict[str, str]:
    """Return by language what whoever holds a coupon of it gets, and on what; not when, who and borne by whom."""
    return _joined(_offer(promotion, money, called))


def _joined(clauses: Sequence[Clause]) -> dict[str, str]:
    """Return the clauses in a row; one may be empty in a language that says it elsewhere."""
    return {"en": ", ".join(en for en, _ in clauses if en), "zh": "，".join(zh for _, zh in clauses if zh)}


def _offer(promotion: Promotion, money: Money, called: Called) -> list[Clause]:
    """Return what it gives, on what and from how much on. Chinese says the threshold first: 满 15 减 3."""
    english, chinese = _gives(promotion, money, called)
    need = _need(promotion, money, called.item)
    if need is not None:
        chinese = _with_threshold(promotion, need[1], chinese)
    clauses = [(english, chinese)]
    if not (isinstance(promotion, BuyXGetY) and promotion.get_scope is not None):  # it names what is bought
        clauses += _goods(promotion.scope, called.item)
    clauses += [(need[0], "")] if need is not None else []
    return [*clauses, *_caps(promotion, money)]


def _with_threshold(promotion: Promotion, need: str, gives: str) -> str:
    """Return in Chinese a threshold and what it brings: 满 15 减 3, 满 15 享 8折, 满 15，买2送1."""
    match promotion:
        case CouponOff(off_minor=0) | PricePromotion() | PercentOff() | PointsMultiplier():
            return f"{beside(need, after=True)}享{beside(gives)}"
        case AmountOff() | FreeGift() | BuyWithPurchase() | OrderPercent() | ExtraPoints() | CouponOff():
            return f"{beside(need, after=True)}{gives}"
        case _:
            return f"{need}，{gives}"


def _gives(promotion: Promotion, money: Money, called: Called) -> Clause:
    match promotion:
        case AmountOff():
            found = _amount(promotion, money)
        case ExtraPoints():
            found = _points(promotion, money)
        case SpendAndGet():
            found = _steps(promotion, money, called.item)
        case FreeGift():
            found = _gift(promotion, called.item)
        case BuyXGetY(get_scope=Scope()):
            return _bought_and_given(promotion, called.item)
        case TierPrice():
            found = _tier_prices(promotion, money, called.tier)
        case BundlePrice():
            found = _bundle(promotion, money, called.item)
        case BuyWithPurchase():
            found = _offers(promotion, money, called.item)
        case _:
            said = promotion.gives(money)
            found = said["en"], said["zh"]
    return _exactly(promotion, found)


def _exactly(promotion: Promotion, found: Clause) -> Clause:
    """Add for what quantity, of which pieces."""
    basis = getattr(promotion, "basis", 1)
    if isinstance(promotion, PricePromotion) and not isinstance(promotion, TierPrice):
        found = found[0], f"{found[1]} 元"
    if isinstance(promotion, PricePromotion) and basis > 1:
        found = f"{found[0]} per {basis} g", f"{found[1]}（每 {basis} 克）"
    if getattr(promotion, "same_item", False):
        found = f"{found[0]} (of the same item)", f"{found[1]}（同款商品）"
    which = _WHICH.get("each_set" if getattr(promotion, "each_set", False) else getattr(promotion, "which", ""))
    return (f"{found[0]} ({which[0]})", f"{found[1]}（{which[1]}）") if which else found


def _gift(promotion: FreeGift, name_of: NameOf) -> Clause:
    """Return gifts: of several sorts the customer takes any; once, or again for each amount spent."""
    ((english, chinese),) = _named("gifts", "赠品", promotion.gifts, name_of)
    any_of = (" of any of", "任选 ") if len(promotion.gifts) > 1 else (" ×", "")
    again = " each time" if promotion.every else ""
    return (
        f"{promotion.quantity}{any_of[0]} {english} free{again}",
        f"送{beside(chinese)} {any_of[1]}{promotion.quantity} 件",
    )


def _bought_and_given(promotion: BuyXGetY, name_of: NameOf) -> Clause:
    """Return what is bought and what comes with it, by their names: 买牛奶 2 件，送酸奶 1 件."""
    bought, given = _what(promotion.scope, name_of), _what(promotion.get_scope or promotion.scope, name_of)
    english, chinese = f"buy {promotion.buy} of {bought[0]}", f"买{beside(bought[1])} {promotion.buy} 件"
    what = f"{given[1]} {promotion.get} 件"
    if promotion.off_bp == BASIS_POINTS:
        return f"{english}, get {promotion.get} of {given[0]} free", f"{chinese}，送{beside(what)}"
    off, fold = percent(promotion.off_bp), tenths(promotion.off_bp)
    return f"{english}, get {promotion.get} of {given[0]} at {off} off", f"{chinese}，{what}享 {fold}"


def _amount(promotion: AmountOff, money: Money) -> Clause:
    """Return an amount with what it comes off of."""
    off, short = f"{money(promotion.off_minor)} off", f"减 {money(promotion.off_minor, short=True)}"
    if promotion.each is Each.UNIT and promotion.basis > 1:
        return f"{off} for every {promotion.basis} g", f"每 {promotion.basis} 克{short}"
    each: dict[Each, Clause] = {
        Each.UNIT: ("each piece", "每件"),
        Each.LINE: ("each item, however many pieces", "每种商品"),
        Each.SCOPE: ("these items together", "合计"),
        Each.ORDER: ("the order", "整单"),
    }
    english, chinese = each[promotion.each]
    return f"{off} {english}", f"{chinese}{short}"


def _points(promotion: ExtraPoints, money: Money) -> Clause:
    """Return extra points with what they are given for."""
    said, per = promotion.gives(money), promotion.per_minor
    each: dict[Once, Clause] = {
        Once.ORDER: ("", ""),
        Once.PIECE: (" for each piece", "每件"),
        Once.SPEND: (f" for every {money(per)} paid", f"每消费 {money(per, short=True)} 元"),
    }
    english, chinese = each[promotion.once]
    return f"{said['en']}{english}", f"{chinese}{said['zh']}"


def _steps(promotion: SpendAndGet, money: Money, name_of: NameOf) -> Clause:
    english, chinese = [], []
    for step in promotion.steps:
        said = reward_words(step, money)
        if step.gift:
            said = {
                "en": f"{step.gift_quantity} × {name_of(step.gift, 'en')} free",
                "zh": f"送{beside(name_of(step.gift, 'zh'))} {step.gift_quantity} 件",
            }
        elif step.off_bp:
            said = {**said, "zh": f"享 {said['zh']}"}
        at, short = money(step.at_minor), money(step.at_minor, short=True)
        english.append(f"{'for every' if promotion.repeating else 'from'} {at} spent {said['en']}")
        chinese.append(f"{'每满' if promotion.repeating else '满'} {short} {said['zh']}")
    return ", ".join(english), "，".join(chinese)


def _tier_prices(promotion: TierPrice, money: Money, tier: NameOf) -> Clause:
    prices = [(code, money(minor)) for code, minor in promotion.tier_minor.items()]
    return (
        "for " + ", ".join(f"{price} ({tier(code, 'en')})" for code, price in prices),
        "等级价 " + "、".join(f"{tier(code, 'zh')} {price} 元" for code, price in prices),
    )


def _bundle(promotion: BundlePrice, money: Money, name_of: NameOf) -> Clause:
    said, parts = promotion.gives(money), [(_what(part.scope, name_of), part.quantity) for part in promotion.parts]
    english = " + ".join(f"{quantity} × {what[0]}" for what, quantity in parts)
    chinese = "＋".join(f"{what[1]} {quantity} 件" for what, quantity in parts)
    yuan = " 元" if promotion.price_minor is not None else ""
    return f"{english} {said['en']}", f"{chinese}，{said['zh']}{yuan}"


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
    return [(f"on {english}", f"限{beside(chinese)}")]


def _what(scope: Scope, name_of: NameOf) -> Clause:
    """Return what a scope takes in, as a noun."""
    parts = [*_named("items", "商品", scope.items, name_of), *_listed(scope)]
    english, chinese = " and ".join(en for en, _ in parts), "、".join(zh for _, zh in parts)
    left = scope.leave_out
    if left is None:
        return english or "any item", chinese or "任意商品"
    without = [*_named("items", "商品", left.items, name_of), *_listed(left)]
    but = " and ".join(en for en, _ in without), "、".join(zh for _, zh in without)
    return f"{english or 'everything'} except {but[0]}", f"{chinese or '全部商品'}（{beside(but[1], after=True)}除外）"


def _named(english: str, chinese: str, items: Sequence[str], name_of: NameOf) -> list[Clause]:
    if not items:
        return []
    first = items[:MOST_NAMED]
    more = len(items) - len(first)
    said = [", ".join(name_of(item, "en") for item in first), "、".join(name_of(item, "zh") for item in first)]
    return [
        (
            said[0] + (f" and {more} more {english}" if more else ""),
            (beside(said[1], after=True) + f"等 {len(items)} 种{chinese}") if more else said[1],
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


def _need(promotion: Promotion, money: Money, name_of: NameOf) -> Clause | None:
    """Return from how much on it counts."""
    need = promotion.need
    if not need.quantity and not need.spend_minor:
        return None
    english, chinese = [], []
    if need.quantity:
        english.append(f"{need.quantity} pieces")
        chinese.append(f"满 {need.quantity} 件")
    if need.spend_minor:
        english.append(f"{money(need.spend_minor)} spent")
        again = isinstance(promotion, FreeGift) and promotion.every
        chinese.append(f"{'每满' if again else '满'} {money(need.spend_minor, short=True)}")
    said = f"from {' and '.join(english)}", "且".join(chinese)
    if need.scope is None or need.scope.everything:
        return said
    what = _what(need.scope, name_of)
    return f"{said[0]} on {what[0]}", f"买{beside(beside(what[1]), after=True)}{said[1]}"


def _caps(promotion: Promotion, money: Money) -> list[Clause]:
    found: list[Clause] = []
    cap = getattr(promotion, "cap_minor", None)
    if cap is not None:
        found.append((f"at most {money(cap)} off", f"最多减 {money(cap, short=True)}"))
    if isinstance(promotion, CouponOff) and promotion.per_basket > 1:
        found.append((f"up to {promotion.per_basket} coupons a basket", f"每单限用 {promotion.per_basket} 张"))
    if isinstance(promotion, CouponOff) and promotion.stackable:
        found.append(("together with other coupons", "可与其他券同用"))
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
