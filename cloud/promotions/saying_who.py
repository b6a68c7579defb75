"""For whom a promotion is, where, and who bears it, in both languages; and what sentences call what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.pricing.kinds.extra_points import ExtraPoints
from shared.pricing.kinds.member_price import MemberPrice
from shared.pricing.kinds.points_multiplier import PointsMultiplier
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.pricing.kinds.tier_price import TierPrice
from shared.pricing.promotion import Audience, Promotion, percent

Clause = tuple[str, str]
"""English and Chinese."""
NameOf = Callable[[str, str], str]
"""What something is called, by its id and a language."""

TILLS: dict[str, Clause] = {"staffed": ("staffed", "人工"), "self_checkout": ("self-checkout", "自助")}
"""Kinds of till, as a sentence calls them."""
_PAYERS: dict[str, Clause] = {
    "chain": ("chain", "总部"),
    "store": ("store", "门店"),
    "supplier": ("supplier", "供应商"),
}


_MEMBERS_OWN = (MemberPrice, TierPrice, PointsRedemption, PointsMultiplier, ExtraPoints)
"""Kinds whose own words say that they are for members."""


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


def beside(name: str, *, after: bool = False) -> str:
    """Return a name to stand after a Chinese word (before one: `after`): Latin letters and digits keep a space off."""
    edge = name[-1:] if after else name[:1]
    if not edge.isascii():
        return name
    return f"{name} " if after else f" {name}"


def who_words(promotion: Promotion, called: Called) -> list[Clause]:
    """Return for which customers it is; nothing where it is for everybody."""
    who, tier, segment, found = promotion.who, called.tier, called.segment, []
    if who.tiers:
        found.append(
            (
                f"tier {several(who.tiers, tier, 'en')}",
                f"限{beside(beside(several(who.tiers, tier, 'zh')), after=True)}会员",
            )
        )
    if who.segments:
        english, chinese = (several(who.segments, segment, language) for language in ("en", "zh"))
        found.append((f"segment {english}", f"限人群 {chinese}"))
    if who.purchases:
        numbers = ", ".join(map(str, who.purchases))
        first = who.purchases in ([1], (1,))
        found.append(
            ("on the first purchase", "限首次消费")
            if first
            else (f"on purchase {numbers}", f"限第 {'、'.join(map(str, who.purchases))} 次消费")
        )
    if who.audience is Audience.NON_MEMBERS:
        found.append(("without a member card", "仅限非会员"))
    elif promotion.members_only and not found and (who.needs_member or not isinstance(promotion, _MEMBERS_OWN)):
        found.append(("members only", "仅限会员"))
    return found


def several(ids: Iterable[str], name_of: NameOf, language: str) -> str:
    """Return several by their names."""
    return ("、" if language == "zh" else ", ").join(name_of(one, language) for one in ids)


def where_words(promotion: Promotion, store: NameOf) -> list[Clause]:
    """Return in which stores and at which tills it is on; nothing where at all of them."""
    where, found = promotion.where, []
    if where.stores:
        found.append(
            (f"in {several(where.stores, store, 'en')}", f"限门店{beside(several(where.stores, store, 'zh'))}")
        )
    if where.till_kinds:
        kinds = [TILLS.get(kind, (kind, kind)) for kind in where.till_kinds]
        found.append((f"at {', '.join(en for en, _ in kinds)} tills", f"限{'、'.join(zh for _, zh in kinds)}收银台"))
    return found


def payer_words(promotion: Promotion) -> list[Clause]:
    """Return who bears it; nothing where the chain does alone."""
    shares = [(name, bp) for name, bp in promotion.payers.items() if bp]
    if not shares or [str(name) for name, _ in shares] == ["chain"]:
        return []
    english = ", ".join(f"{_PAYERS[name][0]} {percent(bp)}" for name, bp in shares)
    chinese = "、".join(f"{_PAYERS[name][1]} {percent(bp)}" for name, bp in shares)
    return [(f"borne by {english}", f"费用承担：{chinese}")]
