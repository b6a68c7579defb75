"""A basket's member written out for the page: masked, with tier, points, what is missing to the next tier, blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.till.cards import POINTS
from edge_agent.till.results import BasketView, MemberAttached
from edge_agent.web.figures import signed_money
from edge_agent.web.screen.saying import Joined, Sayable, named, says
from edge_agent.web.screen.words import BLOCKS, CARDS_OUT_OF_USE, TENDERS
from shared.loyalty import NextTier
from shared.web.words import marked
from shared.wire.desired import StoreSettings
from shared.wire.events import TenderKind

POINTS_FOLLOW = marked("The points of this purchase follow from head office.")


@dataclass(frozen=True, slots=True)
class MemberShown:
    """What a till shows of a member. `source`: whether HQ has just said so, or this store only has a copy.

    `brings` is what the basket brings them in points as it is; None while it brings none.
    """

    name: str
    tier: Sayable | None
    points: str
    known: bool
    source: Sayable
    missing: Sayable | None
    blocks: tuple[Sayable, ...]
    brings: Sayable | None = None


def shown_with(view: BasketView, settings: StoreSettings) -> MemberShown | None:
    """Write a basket's member out, with the points it will bring them; None for nobody's basket."""
    if view.member is None:
        return None
    return replace(member_shown(view.member, settings), brings=_brings(view, view.member))


def _brings(view: BasketView, member: MemberAttached) -> Sayable | None:
    points = view.brings_points
    if points:
        ways = [says(TENDERS[TenderKind(one)]) for one in view.no_points_by if one in set(TenderKind)]
        if not ways:
            return says(marked("Points for this purchase {points}"), points=f"{points:,}")
        text = marked("Points for this purchase {points} (none for what is paid by: {ways})")
        return says(text, points=f"{points:,}", ways=Joined(tuple(ways)))
    unsaid = points is None and member.known and POINTS not in member.blocks and not view.practice
    return says(POINTS_FOLLOW) if unsaid and view.priced.lines else None


def member_shown(member: MemberAttached, settings: StoreSettings) -> MemberShown:
    """Write a member out."""
    source = marked("as HQ says now") if member.by_hq else marked("as this store knows it")
    return MemberShown(
        name=member.masked_name,
        tier=tier_named(member.tier, settings) if member.tier else None,
        points=f"{member.points:,}",
        known=member.known,
        source=says(source),
        missing=None if member.next_tier is None else _missing(member.next_tier, settings),
        blocks=_in_the_way(member),
    )


def _in_the_way(member: MemberAttached) -> tuple[Sayable, ...]:
    """Say what HQ blocks them from, and why their card is in nobody's use."""
    blocks = tuple(says(BLOCKS[one]) for one in member.blocks if one in BLOCKS)
    refused = CARDS_OUT_OF_USE.get(member.refused)
    return (*blocks, says(refused)) if refused else blocks


def tier_named(tier: str, settings: StoreSettings) -> Sayable:
    """Return what the chain calls a tier."""
    return named(settings.tier_names.get(tier, {}), tier)


def spent_shown(view: BasketView, settings: StoreSettings) -> tuple[Sayable, ...]:
    """Write out what of the member's is on the basket: points that pay, coupons, and why one does not count."""
    found: list[Sayable] = [
        says(marked("Coupon not used · {why}"), why=named(one.why_not))
        if one.why_not
        else says(marked("Coupon {name}"), name=named(one.names, one.code))
        for one in view.coupons
    ]
    if view.points:
        amount = signed_money(view.points_minor, settings.exponent, settings.currency)
        found.insert(0, says(marked("{points} points pay {amount}"), points=f"{view.points:,}", amount=amount))
    return tuple(found)


def _missing(next_tier: NextTier, settings: StoreSettings) -> Sayable:
    parts: list[Sayable] = []
    if next_tier.spend_minor:
        amount = signed_money(next_tier.spend_minor, settings.exponent, settings.currency)
        parts.append(says(marked("spend {amount} more"), amount=amount))
    if next_tier.visits:
        parts.append(says(marked("{count} more visits"), count=next_tier.visits))
    if next_tier.growth:
        parts.append(says(marked("{count} more growth value"), count=f"{next_tier.growth:,}"))
    link = marked("{first} or {second}") if next_tier.either else marked("{first} and {second}")
    what: Sayable = parts[0] if parts else says(marked("nothing more"))
    for part in parts[1:]:
        what = says(link, first=what, second=part)
    tier = tier_named(next_tier.tier, settings)
    if next_tier.until:
        return says(marked("To {tier} until {date}: {what}"), tier=tier, what=what, date=next_tier.until)
    return says(marked("To {tier}: {what}"), tier=tier, what=what)
