"""Rolling back: the price books of a promotion's stores become again what each had just before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, func, select

from cloud.prices.errors import PriceRefusal
from cloud.prices.models import EntryStatus, TimelineEntryRow
from cloud.prices.publish import Act, Publication
from cloud.prices.revert import rollback
from cloud.promotions.holding import end_what_is_gone, where
from cloud.promotions.models import PlanStatus
from cloud.promotions.plans import find, note


def roll_back(session: Session, plan_id: str, act: Act) -> Publication:
    """Bring the stores' whole price books back to what they were before a plan, under a new number.

    Other promotions that were published since go with them, and are stopped where no book has them any more.
    Raise PriceRefusal when it is not published, or there was no book before it.
    """
    plan = find(session, plan_id)
    if plan.status != PlanStatus.PUBLISHED or plan.version is None:
        raise PriceRefusal("not_published", f"promotion {plan.title!r} is not published")
    before = _before(session, where(session, plan, act.now_ms).running, act.now_ms)
    if not before:
        raise PriceRefusal("never_in_force", "there is no earlier price book to go back to")
    parts = [
        rollback(session, version, act, targets=[f"store:{store}" for store in stores])
        for version, stores in sorted(before.items())
    ]
    done = Publication(
        min(part.version for part in parts),
        {version: stores for part in parts for version, stores in part.versions.items()},
        rebuilt=[one for part in parts for one in part.rebuilt],
    )
    plan.status = PlanStatus.STOPPED
    session.add(plan)
    note(session, act, "promotions.roll_back", plan)
    session.flush()
    end_what_is_gone(session, act)
    return done


def _before(session: Session, running: Mapping[int, Sequence[str]], now_ms: int) -> dict[int, list[str]]:
    """Return the stores by what each sold by just before a version of `running`; empty where one sold by nothing.

    Stores of one publication may have had different books before it, and its versions then have different numbers.
    """
    found: dict[int, list[str]] = {}
    for version, stores in running.items():
        query = select(col(TimelineEntryRow.store_id), func.max(col(TimelineEntryRow.version))).where(
            col(TimelineEntryRow.store_id).in_(stores),
            col(TimelineEntryRow.version) < version,
            col(TimelineEntryRow.status) == EntryStatus.STAGED,
            col(TimelineEntryRow.activates_ms) <= now_ms,
        )
        had = dict(session.exec(query.group_by(col(TimelineEntryRow.store_id))).all())
        if had.keys() != set(stores):
            return {}
        for store, earlier in had.items():
            found.setdefault(earlier, []).append(store)
    return found
