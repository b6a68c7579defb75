"""Swipes: a member card was shown at a till, with or without a sale after it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import Refusals, Unfit, business_day, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.sales.models import Swipe
from shared.wire.events import MemberSwiped

_COLUMNS = (
    "id", "commit_no", "agent_id", "store_id", "till_id", "till_kind", "cashier", "business_date", "at_ms",
    "member_id", "card_id", "basket_id",
)  # fmt: skip


def apply_swipes(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take swipes HQ has not seen before."""
    refused: Refusals = {}
    fit = []
    for one in events:
        swipe = expect(one.event, MemberSwiped)
        try:
            fit.append((one, swipe, business_day(swipe)))
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
    shown = intake.downstream.resolve(session, [swipe.member for _, swipe, _ in fit], intake.now_ms) if fit else []
    insert_tuples(
        session,
        Swipe,
        _COLUMNS,
        [
            (swipe.id, intake.commit_no, one.agent, one.store, swipe.till, swipe.till_kind, swipe.cashier, day,
             swipe.at_ms, member.member_id, member.card_id, swipe.basket)
            for (one, swipe, day), member in zip(fit, shown, strict=True)
        ],
    )  # fmt: skip
    came = [
        (member.member_id, one.store, swipe.at_ms)
        for (one, swipe, _), member in zip(fit, shown, strict=True)
        if member.member_id is not None
    ]
    intake.downstream.saw(session, intake.commit_no, came)
    return refused
