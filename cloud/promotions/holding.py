"""Whether price books hold a promotion: what is published may have gone with a roll-back of something else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from cloud import audit
from cloud.org.models import Store
from cloud.prices.books import StoreBooks
from cloud.prices.models import EntryStatus, PriceVersion, TimelineEntryRow
from cloud.prices.publish import Act
from cloud.prices.timeline import Entry, in_force, live_entries
from cloud.promotions.models import PlanStatus, PromotionPlan
from shared.pricing.promotion import Promotion

Book = tuple[str, int]
"""A store and a version of its prices."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a plan stands in stores' books: the stores by version."""

    waiting: dict[int, list[str]] = field(default_factory=dict)
    """It begins there later."""
    running: dict[int, list[str]] = field(default_factory=dict)
    """It is in force there."""

    def __bool__(self) -> bool:
        """Tell whether it stands anywhere."""
        return bool(self.waiting or self.running)


def holding(session: Session, promotion: str, books: Collection[Book], kept: StoreBooks | None = None) -> set[Book]:
    """Return those of the books that hold a promotion; one that head office does not know holds nothing."""
    kept = StoreBooks() if kept is None else kept
    found = ((book, kept.book(session, *book)) for book in books)
    return {place for place, book in found if book is not None and promotion in book.promotions().by_id}


def standing(session: Session, promotion: str, now_ms: int, kept: StoreBooks | None = None) -> dict[str, list[Entry]]:
    """Return by store what it sells by, and will, that holds a promotion, whoever published it.

    `now_ms` is business time; a store whose books do not hold it is absent.
    """
    stores = list(session.exec(select(col(Store.id)).order_by(col(Store.id))))
    timelines = live_entries(session, stores, now_ms)
    books = {(store, entry.version) for store, entries in timelines.items() for entry in entries}
    found = holding(session, promotion, books, kept)
    has = {store: [one for one in entries if (store, one.version) in found] for store, entries in timelines.items()}
    return {store: entries for store, entries in has.items() if entries}


def listed_in_a_book(session: Session, promotion: str, now_ms: int) -> Promotion | None:
    """Return a promotion as the newest of the books that hold it has it, None where none does."""
    kept = StoreBooks()
    found = standing(session, promotion, now_ms, kept)
    newest = max(((one.version, store) for store, entries in found.items() for one in entries), default=None)
    book = kept.book(session, newest[1], newest[0]) if newest else None
    return book.promotions().by_id[promotion].promotion if book else None


def published_to(session: Session, plan: PromotionPlan) -> list[TimelineEntryRow]:
    """Return where a plan stands or stood on timelines, whatever took over since; what was withdrawn is left out."""
    if plan.price_draft is None:
        return []
    query = (
        select(TimelineEntryRow)
        .join(PriceVersion, col(PriceVersion.version) == col(TimelineEntryRow.version))
        .where(col(PriceVersion.draft_id) == plan.price_draft, col(TimelineEntryRow.status) == EntryStatus.STAGED)
        .order_by(col(TimelineEntryRow.version), col(TimelineEntryRow.store_id))
    )
    return list(session.exec(query))


def where(session: Session, plan: PromotionPlan, now_ms: int, kept: StoreBooks | None = None) -> Whereabouts:
    """Return the stores by version where a plan still waits, and where it is in force: where the book has it.

    One that was taken up from price books runs and waits where these have it, published from here or not.
    """
    if plan.is_taken_up:
        return _where_books_have_it(session, plan, now_ms, kept)
    waiting: dict[int, list[str]] = {}
    begun: dict[str, int] = {}
    for entry in published_to(session, plan):
        if entry.activates_ms > now_ms:
            waiting.setdefault(entry.version, []).append(entry.store_id)
        else:
            begun[entry.store_id] = entry.version
    timelines = live_entries(session, sorted(begun), now_ms) if begun else {}
    sells = {(store, now.version) for store in begun if (now := in_force(timelines[store], now_ms)) is not None}
    running: dict[int, list[str]] = {}
    for store, _ in sorted(holding(session, plan.promotion, sells, kept)):
        running.setdefault(begun[store], []).append(store)
    return Whereabouts(waiting, running)


def _where_books_have_it(session: Session, plan: PromotionPlan, now_ms: int, kept: StoreBooks | None) -> Whereabouts:
    if plan.status in {PlanStatus.STOPPED, PlanStatus.DISCARDED}:
        return Whereabouts()
    waiting: dict[int, list[str]] = {}
    running: dict[int, list[str]] = {}
    for store, entries in standing(session, plan.promotion, now_ms, kept).items():
        begun = in_force(entries, now_ms)
        if begun is not None:
            running.setdefault(begun.version, []).append(store)
        else:
            waiting.setdefault(entries[0].version, []).append(store)
    return Whereabouts(waiting, running)


def end_what_is_gone(session: Session, act: Act) -> list[str]:
    """Mark every published plan that stands in no store's book any more as stopped; return their ids.

    A roll-back brings back whole books, so that promotions published later go with it, whoever rolled back and why.
    """
    kept, gone = StoreBooks(), []
    query = select(PromotionPlan).where(
        col(PromotionPlan.status) == PlanStatus.PUBLISHED, col(PromotionPlan.price_draft).is_not(None)
    )
    for plan in session.exec(query.order_by(col(PromotionPlan.id))).all():
        if where(session, plan, act.now_ms, kept):
            continue
        plan.status = PlanStatus.STOPPED
        session.add(plan)
        gone.append(plan.id)
        audit.record(
            session,
            at_ms=act.wall_ms,
            actor=act.actor,
            action="promotions.gone",
            subject=plan.id,
            reason=act.reason,
            detail=f"{plan.title}; {plan.targets}",
        )
    session.flush()
    return gone
