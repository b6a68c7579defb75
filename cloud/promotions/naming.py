"""Names where a promotion's page would have numbers: of the items its sentence speaks of, and of promotions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlmodel import Session, col, select

from cloud.loyalty import rules
from cloud.members import segments
from cloud.org.models import Store
from cloud.prices.naming import Names, item_names, name_of, named
from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN
from cloud.promotions import plans
from cloud.promotions.saying_who import Called
from cloud.promotions.sentence import MOST_NAMED
from shared.body import BodyKind
from shared.pricing.promotion import Promotion
from shared.pricing.promotion_rows import read_promotion


def names_for(session: Session, promotions: Iterable[Promotion]) -> Called:
    """Return what the items, tiers, segments and stores of promotions are called, read at once."""
    found = list(promotions)
    return called(session, found, item_names(session, {item for one in found for item in spoken_of(one)}))


def called(session: Session, promotions: Collection[Promotion], items: Mapping[str, Names]) -> Called:
    """Return the same where the names of items were read already; what nobody knows keeps its id."""
    places = {store for promotion in promotions for store in promotion.where.stores}
    stores = dict(session.exec(select(col(Store.id), col(Store.name)).where(col(Store.id).in_(places))).all())
    tiers = {tier.code: tier for rule in rules.load(session).tiers for tier in rule.tiers}
    groups = segments.names(session) if any(promotion.who.segments for promotion in promotions) else {}
    return Called(
        item=lambda item, language: named(items.get(item, {}), item, language),
        tier=lambda code, language: tiers[code].name(language) if code in tiers else code,
        store=lambda store, _language: stores.get(store) or store,
        segment=lambda code, language: name_of(groups.get(code, {}), code, language),
    )


def spoken_of(promotion: Promotion) -> Iterator[str]:
    """Yield the items that a sentence names: the first few of each list, and gifts."""
    scopes = [promotion.scope, *(part.scope for part in getattr(promotion, "parts", []))]
    if promotion.need.scope is not None:
        scopes.append(promotion.need.scope)
    given = getattr(promotion, "get_scope", None)
    for scope in (*scopes, given) if given is not None else scopes:
        for part in (scope, scope.leave_out):
            if part is not None:
                yield from part.items[:MOST_NAMED]
    yield from (offer.item for offer in getattr(promotion, "offers", [])[:MOST_NAMED])
    yield from getattr(promotion, "gifts", [])[:MOST_NAMED]
    yield from (step.gift for step in getattr(promotion, "steps", []) if step.gift)


def promotion_names(session: Session, promotions: Collection[str]) -> dict[str, dict[str, str]]:
    """Return what promotions are called by language: by their plan's title, else as receipts call them.

    One that head office does not know any more is absent.
    """
    titles = plans.titled(session, promotions)
    found = {one: {"en": known.title, "zh": known.title} for one, known in titles.items()}
    others = sorted(set(promotions) - found.keys())
    rows = rows_of(session, newest_body(session, BodyKind.PROMOTIONS, CHAIN), others)
    return found | {one: dict(read_promotion(row).names) for one, row in rows.items()}
