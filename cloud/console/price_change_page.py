"""The page of one price change: its prices beside what they replace, the item being typed, its tries, its arrival."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from cloud.api.services import Services
from cloud.console import approving
from cloud.console.arrival import Arrival, Book, arrival
from cloud.console.targets import place_names
from cloud.errors import NotFound
from cloud.org.models import Store
from cloud.org.stores import house_money
from cloud.prices import approvals, changes, taking_back
from cloud.prices.columns import HEADS
from cloud.prices.drafts import bodies_in, draft_changes, draft_size, get_draft
from cloud.prices.engines import TooOld
from cloud.prices.finding import find_items
from cloud.prices.imports import ImportResult
from cloud.prices.models import DraftStatus, PriceDraft, PriceVersion, TimelineEntryRow
from cloud.prices.overlapping import overlaps
from cloud.prices.publish import Act
from cloud.prices.row_editing import Wrong, editing
from cloud.prices.targets import resolve_targets
from cloud.prices.timeline import in_force, live_entries
from cloud.promotions import previewing
from cloud.promotions.models import PreviewStatus
from cloud.promotions.naming import promotion_names
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted
from shared.body import BodyKind

_PROBLEMS = 50
_COUNTS = (DraftStatus.DRAFT, DraftStatus.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which item's prices are typed: looked for by `q`, chosen as `item`, for `stores` of its own besides.

    `typed` is what a form said that could not be taken, by its fields' names.
    """

    q: str = ""
    item: str = ""
    stores: Sequence[str] = ()
    typed: Mapping[str, str] = field(default_factory=dict)


_NOTHING = Asked()


def act_of(services: Services, form: Posted) -> Act:
    """Return who does what a form asks for, when, and why."""
    return Act(
        actor=form.who.actor,
        now_ms=services.clocks.business.now_ms(),
        wall_ms=services.clocks.machine.wall_ms(),
        reason=form.get("reason")[:500],
    )


def asked_of(request: Request) -> Asked:
    """Read the address: it says which item is open, so that a link leads to it."""
    query = request.query_params
    return Asked(query.get("q", "").strip(), query.get("item", "").strip(), query.getlist("store"))


def show(
    request: Request,
    services: Services,
    draft_id: str,
    *,
    refused: str = "",
    old: Sequence[TooOld] = (),
    result: ImportResult | None = None,
    asked: Asked = _NOTHING,
    wrong: Sequence[Wrong] = (),
) -> Response:
    """Answer with the page of a draft, with what was refused, or what is wrong with a row, if anything was."""

    def read(session: Session, _now_ms: int) -> Context:
        draft = get_draft(session, draft_id)
        now_ms = services.clocks.business.now_ms()
        found, count = changes.changes(session, draft_id, now_ms)
        back = taking_back.taking_back(session, draft_id)
        tried = _tried(session, draft_id)
        spoken = {place for _, told in tried["previews"] if told for place in told.places}
        spoken |= {f"store:{one.store}" for one in old} | {
            f"store:{one.scope}" for one in found if one.kind is BodyKind.OVERRIDES
        }
        return {
            **tried,
            "arrival": _arrival(session, draft, now_ms),
            "was_published": draft.status in {DraftStatus.PUBLISHED, DraftStatus.STOPPED},
            "taken_back_by": back,
            "overlaps": overlaps(session, draft_id, now_ms) if draft.status in _COUNTS else [],
            "takes_back": get_draft(session, draft.takes_back) if draft.takes_back else None,
            "draft": draft,
            "changes": found,
            "count": count,
            "flagged": sum(bool(one.checks) for one in found),
            "kinds": draft_size(session, draft_id),
            "taken": result.rows if result and result.stored else 0,
            "versions": list(session.exec(select(PriceVersion).where(col(PriceVersion.draft_id) == draft_id))),
            "stores": _labelled(session, draft),
            "second": approving.of_draft(session, draft, ready=count > 0),
            "exponent": house_money(session)[1],
            "refused": refused,
            "old": old,
            "problems": result.problems[:_PROBLEMS] if result else [],
            "open": draft.status == "draft",
            "places": place_names(session, [draft.targets, *(one.targets for one in back), *spoken]),
            "columns": HEADS,
            **_one_item(session, draft, asked, wrong, now_ms),
        }

    return page(request, services, "price_change", read)


def _labelled(session: Session, draft: PriceDraft) -> list[Store]:
    """Return the stores of a draft that have a price in it: those that may have labels to change."""
    if session.exec(select(Store).limit(1)).first() is None:
        return []
    touched = bodies_in(session, draft.id)
    return [
        store
        for store in resolve_targets(session, draft.targets.split())
        if (BodyKind.PRICES, store.price_zone) in touched or (BodyKind.OVERRIDES, store.id) in touched
    ]


def _one_item(session: Session, draft: PriceDraft, asked: Asked, wrong: Sequence[Wrong], now_ms: int) -> Context:
    """Return what is shown of the item whose prices are typed: itself, or those that fit what was looked for."""
    edited, missing = None, ""
    if asked.item and draft.status == DraftStatus.DRAFT:
        try:
            edited = editing(session, draft.id, asked.item, asked.stores, now_ms)
        except NotFound as error:
            missing = error.phrase or ""
    return {
        "asked": asked,
        "edited": edited,
        "missing": missing,
        "found": find_items(session, asked.q, draft.id) if asked.q else [],
        "wrong": {one.place: one for one in wrong},
    }


def _tried(session: Session, draft_id: str) -> Context:
    """Return the tries of a draft, as the part of the page that shows them needs them."""
    previews = [(one, previewing.tally_of(one)) for one in previewing.newest(session, draft_id)]
    spoken = {one for _, told in previews if told for one in told.promotions}
    return {
        "previews": previews,
        "of_prices": True,
        "digest": approvals.digest_of(draft_changes(session, draft_id)) if previews else "",
        "names": promotion_names(session, spoken),
        "busy": any(one.status in {PreviewStatus.WAITING, PreviewStatus.RUNNING} for one, _ in previews),
    }


def _arrival(session: Session, draft: PriceDraft, now_ms: int) -> list[Arrival]:
    """Return how every till stands that is to sell by a published draft, or does so although it was taken back."""
    ever: dict[str, TimelineEntryRow] = {}
    for entry in taking_back.standing(session, draft.id):
        ever[entry.store_id] = entry
    back = {
        entry.store_id: entry.version
        for other in taking_back.taking_back(session, draft.id)
        for entry in taking_back.standing(session, other.id)
    }

    def holding(books: Collection[Book]) -> set[Book]:
        """Return the books that have it and are older than what took it back there."""
        older = [(store, version) for store, version in books if version < back.get(store, version + 1)]
        return taking_back.selling(session, draft.id, older)

    timelines = live_entries(session, sorted(ever), now_ms) if ever else {}
    current = {(store, now.version) for store, entries in timelines.items() if (now := in_force(entries, now_ms))}
    has = {store for store, _ in holding(current)}
    goal = {store: one.version for store, one in ever.items() if one.activates_ms > now_ms or store in has}
    return arrival(session, goal, ever, holding, now_ms)
