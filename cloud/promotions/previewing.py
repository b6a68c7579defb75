"""Tries of promotions and price changes as long work: asked for, run slice by slice, watched, cancelled, begun again.

A slice is a few ingest commits in a transaction that only reads. Whoever runs a try says so with a beat; without one
for a minute the try is begun again by another process, from the start: what was counted before is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy import ColumnElement, and_, func, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cloud import audit
from cloud.database import Database
from cloud.org.models import Store
from cloud.prices.approvals import digest_of
from cloud.prices.books import StoreBooks
from cloud.prices.drafts import draft_changes, get_draft
from cloud.prices.errors import PriceRefusal
from cloud.prices.publish import Act
from cloud.prices.targets import resolve_targets
from cloud.pricing_audit.records import sales_of
from cloud.promotions.models import PreviewStatus, PromotionPreview
from cloud.promotions.plans import digest, find, read_plan
from cloud.promotions.replaying import BasketReplay, Replay, Tally
from cloud.promotions.replaying_prices import PriceReplay
from cloud.sales.models import Sale
from shared.calendar import local_time
from shared.clock import MachineClock
from shared.pricing.promotion_rows import read_promotion

SLICE = 4
"""Ingest commits at a time: up to some hundred sales each."""
SILENT_MS = 60_000
MOST_STARTS = 3
MOST_WEEKS = 13
_OPEN = (PreviewStatus.WAITING, PreviewStatus.RUNNING)

log = structlog.get_logger()


def ask(session: Session, id_: UUID, plan_id: str, weeks: int, *, act: Act, exponent: int) -> PromotionPreview:
    """Ask for a try of a plan on the last weeks of its stores. Raise PriceRefusal when it makes no sense yet."""
    plan = find(session, plan_id)
    promotion = read_plan(plan, exponent).promotion
    if promotion is None:
        raise PriceRefusal("plan_incomplete", f"promotion {plan.title!r} is not complete: mend the fields that say so")
    row = PromotionPreview(
        id=str(id_),
        plan_id=plan_id,
        row=msgspec.json.encode(promotion),
        digest=digest(plan),
        targets=plan.targets,
        weeks=weeks,
        asked_by=act.actor,
        asked_ms=act.wall_ms,
    )
    return _asked(session, row, act)


def ask_prices(session: Session, id_: UUID, draft_id: str, weeks: int, act: Act) -> PromotionPreview:
    """Ask for a try of a price change on the last weeks of its stores. Raise PriceRefusal when it changes nothing."""
    draft, changes = get_draft(session, draft_id), draft_changes(session, draft_id)
    if not changes:
        raise PriceRefusal("empty_draft", f"draft {draft.title!r} changes nothing", [draft_id])
    row = PromotionPreview(
        id=str(id_),
        draft_id=draft_id,
        digest=digest_of(changes),
        targets=draft.targets,
        weeks=weeks,
        asked_by=act.actor,
        asked_ms=act.wall_ms,
    )
    return _asked(session, row, act)


def _asked(session: Session, row: PromotionPreview, act: Act) -> PromotionPreview:
    if not 1 <= row.weeks <= MOST_WEEKS:
        raise PriceRefusal("bad_weeks", f"a try looks at 1 to {MOST_WEEKS} weeks")
    resolve_targets(session, row.targets.split())
    for other in open_of(session, row.plan_id or row.draft_id or ""):
        cancel(session, other.id, act)
    session.add(row)
    session.flush()
    return row


def cancel(session: Session, preview_id: str, act: Act) -> None:
    """End a try that is not finished; whoever runs it notices at the next slice."""
    ended = session.execute(
        update(PromotionPreview)
        .where(col(PromotionPreview.id) == preview_id, col(PromotionPreview.status).in_(_OPEN))
        .values(status=PreviewStatus.CANCELLED, finished_ms=act.wall_ms)
        .returning(func.coalesce(col(PromotionPreview.plan_id), col(PromotionPreview.draft_id)))
    ).scalar_one_or_none()
    if ended is not None:
        audit.record(session, at_ms=act.wall_ms, actor=act.actor, action="promotions.cancel_preview", subject=ended)


def open_of(session: Session, subject: str) -> list[PromotionPreview]:
    """Return the tries of a plan or a price draft that are not finished."""
    return list(session.exec(_of(subject).where(col(PromotionPreview.status).in_(_OPEN))))


def _of(subject: str) -> SelectOfScalar[PromotionPreview]:
    """Select the tries of a plan or a price draft; their ids are never the same."""
    mine = or_(col(PromotionPreview.plan_id) == subject, col(PromotionPreview.draft_id) == subject)
    return select(PromotionPreview).where(mine)


def newest(session: Session, subject: str, limit: int = 5) -> list[PromotionPreview]:
    """Return the newest tries of a plan or a price draft, newest first."""
    query = _of(subject)
    order = (col(PromotionPreview.asked_ms).desc(), col(PromotionPreview.id).desc())
    return list(session.exec(query.order_by(*order).limit(limit)))


def tally_of(preview: PromotionPreview) -> Tally | None:
    """Return what a finished try found."""
    return None if preview.result is None else msgspec.json.decode(preview.result, type=Tally)


@dataclass(slots=True)
class _Running:
    """A try at work in this process."""

    id: str
    replay: BasketReplay
    since: dict[str, date]
    commits: list[int]
    books: StoreBooks = field(default_factory=StoreBooks)
    done: int = 0


class Previewing:
    """Runs tries, one slice a call, so that a process that is to end waits for no more than a slice."""

    def __init__(self, database: Database, clock: MachineClock, runner: UUID) -> None:
        self._database = database
        self._clock = clock
        self._runner = str(runner)
        self._running: _Running | None = None

    def __call__(self) -> bool:
        """Do a slice of work; tell whether there may be more."""
        if self._running is None:
            self._running = self._claimed()
            return self._running is not None
        running = self._running
        try:
            self._slice(running)
        except Exception:
            self._running = None
            self._end(running, PreviewStatus.FAILED, problem="failed")
            raise
        return True

    def _claimed(self) -> _Running | None:
        now_ms = self._clock.wall_ms()
        free = or_(
            col(PromotionPreview.status) == PreviewStatus.WAITING,
            and_(
                col(PromotionPreview.status) == PreviewStatus.RUNNING,
                col(PromotionPreview.beat_ms) < now_ms - SILENT_MS,
            ),
        )
        with self._database.snapshot() as session:
            oldest = session.exec(
                select(col(PromotionPreview.id)).where(free).order_by(col(PromotionPreview.asked_ms)).limit(1)
            ).first()
        return None if oldest is None else self._begin(oldest, free, now_ms)

    def _begin(self, preview_id: str, free: ColumnElement[bool], now_ms: int) -> _Running | None:
        with self._database.session() as session:
            claimed = session.execute(
                update(PromotionPreview)
                .where(col(PromotionPreview.id) == preview_id, free)
                .values(
                    status=PreviewStatus.RUNNING,
                    runner=self._runner,
                    beat_ms=now_ms,
                    starts=col(PromotionPreview.starts) + 1,
                    done=0,
                )
                .returning(col(PromotionPreview.starts))
            ).scalar_one_or_none()
            if claimed is None:
                return None
            if claimed > MOST_STARTS:
                self._say(session, preview_id, status=PreviewStatus.FAILED, problem="restarts", finished_ms=now_ms)
                return None
            return self._made(session, session.get_one(PromotionPreview, preview_id, populate_existing=True), now_ms)

    def _made(self, session: Session, row: PromotionPreview, now_ms: int) -> _Running:
        stores = resolve_targets(session, row.targets.split())
        since = {store.id: _since(store, row.weeks, self._latest(session, store, now_ms)) for store in stores}
        wanted = or_(
            *(and_(col(Sale.store_id) == store, col(Sale.business_date) > day) for store, day in since.items())
        )
        commits = list(session.exec(select(col(Sale.commit_no)).where(wanted).distinct().order_by(col(Sale.commit_no))))
        total = session.exec(select(func.count()).select_from(Sale).where(wanted)).one()
        self._say(session, row.id, total=int(total))
        return _Running(row.id, self._replay(session, row, stores), since, commits)

    def _replay(self, session: Session, row: PromotionPreview, stores: Sequence[Store]) -> BasketReplay:
        """Return what prices baskets: the promotion as it was asked for, or the prices that the draft has now."""
        if row.draft_id is None:
            return Replay(read_promotion(bytes(row.row)))
        changes = draft_changes(session, row.draft_id)
        self._say(session, row.id, digest=digest_of(changes))
        return PriceReplay(changes, stores)

    @staticmethod
    def _latest(session: Session, store: Store, now_ms: int) -> int:
        """Return the last moment anything was sold there: a store that was shut is tried on its last weeks too."""
        query = select(func.max(col(Sale.at_ms))).where(col(Sale.store_id) == store.id)
        return session.exec(query).one() or now_ms

    def _slice(self, running: _Running) -> None:
        numbers, running.commits = running.commits[:SLICE], running.commits[SLICE:]
        if numbers:
            with self._database.snapshot() as session:
                for found in sales_of(session, numbers):
                    since = running.since
                    sales = [one for one in found if one.store in since and one.business_date > since[one.store]]
                    running.replay.add(session, running.books, sales)
                    running.done += len(sales)
        if running.commits:
            with self._database.session() as session:
                kept = self._say(session, running.id, done=running.done, beat_ms=self._clock.wall_ms())
            if not kept:
                self._running = None
            return
        self._running = None
        self._end(running, PreviewStatus.DONE)

    def _end(self, running: _Running, status: PreviewStatus, problem: str = "") -> None:
        result = msgspec.json.encode(running.replay.tally) if status is PreviewStatus.DONE else None
        with self._database.session() as session:
            now_ms = self._clock.wall_ms()
            self._say(
                session,
                running.id,
                status=status,
                result=result,
                done=running.done,
                finished_ms=now_ms,
                problem=problem,
            )
        log.info("promotion preview ended", preview=running.id, status=str(status), baskets=running.done)

    def _say(self, session: Session, preview_id: str, **facts: object) -> bool:
        """Write down how far a try is, if it is still ours and wanted."""
        mine = update(PromotionPreview).where(
            col(PromotionPreview.id) == preview_id,
            col(PromotionPreview.runner) == self._runner,
            col(PromotionPreview.status) == PreviewStatus.RUNNING,
        )
        changed = session.execute(mine.values(**facts).returning(col(PromotionPreview.id)))
        return changed.scalar_one_or_none() is not None


def _since(store: Store, weeks: int, at_ms: int) -> date:
    day = local_time(at_ms, ZoneInfo(store.time_zone)).date()
    return day - timedelta(weeks=weeks)
