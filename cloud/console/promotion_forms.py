"""What a promotion's page shows: its form as typed, what is wrong with it, its sentence, a receipt, its conflicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sqlmodel import Session

from cloud.console.targets import choices
from cloud.coupons.choices import coupon_promotions
from cloud.errors import CloudError
from cloud.loyalty import rules
from cloud.members import segments
from cloud.org.models import Store
from cloud.org.zones import house_day
from cloud.prices.books import StoreBooks
from cloud.prices.naming import Names, item_names
from cloud.prices.targets import resolve_targets
from cloud.promotions.conflicts import Clash, Conflicts, check
from cloud.promotions.fields import Field, Node, Section, Shape, form_of
from cloud.promotions.models import PlanStatus, PromotionPlan
from cloud.promotions.naming import names_for
from cloud.promotions.plans import Titled, titled, typed
from cloud.promotions.reading import Problem, read, rows_shown
from cloud.promotions.saying_who import TILLS
from cloud.promotions.sentence import sentence
from cloud.promotions.trying import Sample, sample
from shared.pricing.layers import REASONS
from shared.pricing.promotion import Money, Promotion

Known = Mapping[str, Mapping[str, Names]]
"""What fields by the last part of their path are chosen from: codes and their names by language."""
_PAIRED = {"tier_minor": "tiers", "weights": "stores"}
_FOUND = frozenset({"items", "gifts", "gift", "item", "categories", "brands", "suppliers", "tags"})


@dataclass(frozen=True)
class Filled:
    """A form with what was typed: what the template asks."""

    kind: str
    typed: Mapping[str, str]
    problems: Mapping[str, Problem]
    known: Known = field(default_factory=dict)

    def offered(self, node: Field) -> Mapping[str, Names] | None:
        """Return what a field is chosen from; None where it is typed, as when it holds what nobody knows any more."""
        if node.shape not in {Shape.WORDS, Shape.TEXT}:
            return None
        parts = node.path.split(".")
        of = _PAIRED.get(parts[-3], "") if parts[-1] == "key" and len(parts) > 2 else parts[-1]
        found = self.known.get(of)
        return found if found and self.chosen(node) <= found.keys() else None

    def is_found(self, node: Field) -> bool:
        """Tell whether a field is filled by looking for items, or for what they say of themselves."""
        return node.path.rpartition(".")[2] in _FOUND and node.shape in {Shape.WORDS, Shape.PHRASES, Shape.TEXT}

    @property
    def nodes(self) -> Sequence[Node]:
        """The form."""
        return form_of(self.kind)

    def rows(self, section: Section) -> list[Section]:
        """Return the occurrences of a repeated section to show; in the spare one nothing has to be filled in."""
        found = [section.row(number) for number in range(rows_shown(section, self.typed))]
        if len(found) > 1 or not section.required:
            found[-1] = _spare(found[-1])
        return found

    def value(self, node: Field) -> str:
        """Return what was typed into a field."""
        return self.typed.get(node.path, "")

    def chosen(self, node: Field) -> set[str]:
        """Return what was chosen of several."""
        return set(self.value(node).split())

    def is_touched(self, section: Section) -> bool:
        """Tell whether anything in a section was typed or is wrong."""
        here = (section.path, f"{section.path}.")
        return any(name == here[0] or name.startswith(here[1]) for name in (*self.typed, *self.problems))

    def is_section(self, node: Node) -> bool:
        """Tell a section from a field."""
        return isinstance(node, Section)

    @property
    def shown(self) -> set[str]:
        """Paths at which the form itself says what is wrong."""
        return _paths(self.nodes, self)

    @property
    def elsewhere(self) -> list[Problem]:
        """Return problems that belong to no single field."""
        return [problem for path, problem in self.problems.items() if path not in self.shown]


def _spare(row: Section) -> Section:
    nodes = [replace(node, required=False) if isinstance(node, Field) else node for node in row.nodes]
    return replace(row, nodes=nodes)


def _paths(nodes: Sequence[Node], filled: Filled) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        found.add(node.path)
        if isinstance(node, Section):
            for row in filled.rows(node) if node.repeated else [node]:
                found |= {row.path} | _paths(row.nodes, filled)
    return found


@dataclass(frozen=True)
class Said:
    """A promotion in words, once it makes sense."""

    sentence: Mapping[str, str] = field(default_factory=dict)
    sample: Sample | None = None
    store: Store | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    conflicts: Conflicts | None = None
    promotion: str = ""
    """The id under which the sample's discounts name it; others keep their own reasons."""
    gifts: Mapping[str, Names] = field(default_factory=dict)
    """What the sample's gifts are called."""
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the promotions it runs into say, by their id."""

    titles: Mapping[str, Titled] = field(default_factory=dict)
    """What those of them that were planned here are called at head office."""

    @property
    def places(self) -> set[str]:
        """The stores that what it runs into speaks of, as targets of publications name them."""
        low = [*self.conflicts.below_cost, *self.conflicts.held_back] if self.conflicts else []
        return {f"store:{one.store}" for one in low}


def known(session: Session, now_ms: int, exponent: int) -> Known:
    """Return what tiers, segments, stores, kinds of till and coupons are called. `now_ms` is business time."""
    tiers = {tier.code: tier.names for tier in rules.load(session).tier_on(house_day(session, now_ms)).tiers}
    stores = {store.id: {"en": store.name, "zh": store.name} for store in choices(session).stores}
    said_by = coupon_promotions(session, now_ms, exponent)
    coupons: dict[str, Names] = {one: {"en": said["en"], "zh": said["zh"]} for one, said in said_by.items()}
    return {
        "tiers": tiers,
        "segments": segments.names(session),
        "stores": stores,
        "till_kinds": {kind: {"en": english, "zh": chinese} for kind, (english, chinese) in TILLS.items()},
        "coupon": coupons,
    }


def filled_of(
    plan: PromotionPlan, exponent: int, offered: Known = MappingProxyType({})
) -> tuple[Filled, Promotion | None]:
    """Return a plan's form, with what its fields are chosen from. An untouched one has no problems yet."""
    given = typed(plan)
    found = read(plan.kind, plan.promotion, given, exponent)
    return Filled(plan.kind, given, found.problems if given else {}, offered), found.promotion


def said_of(
    session: Session, plan: PromotionPlan, promotion: Promotion | None, now_ms: int, *, with_conflicts: bool = True
) -> Said:
    """Put a plan into words, with the first of its stores for an example."""
    if promotion is None:
        return Said()
    try:
        stores = resolve_targets(session, plan.targets.split())
    except CloudError:
        return Said(sentence=sentence(promotion, Money(), names_for(session, [promotion])))
    books, first = StoreBooks(), stores[0]
    shown = sentence(promotion, Money(first.exponent), names_for(session, [promotion]))
    kind = str(promotion.__struct_config__.tag)
    reasons = {language: promotion.names.get(language) or REASONS[kind][language] for language in ("en", "zh")}
    found = check(session, books, stores, promotion, now_ms) if with_conflicts else None
    if found is not None and plan.status == PlanStatus.PUBLISHED:  # what is at work under its id is itself
        found = replace(found, overlaps=[one for one in found.overlaps if one.clash is not Clash.SAME_ID])
    met = [] if found is None else [one.other for one in found.overlaps]
    called = names_for(session, met)
    others = {one.promotion: sentence(one, Money(first.exponent), called) for one in met}
    example = sample(session, books, first, promotion, now_ms)
    gifts = item_names(session, {one.item for one in example.outcome.gifts} if example else ())
    return Said(shown, example, first, reasons, found, promotion=promotion.promotion, gifts=gifts, others=others,
                titles=titled(session, others))  # fmt: skip
