"""Planned promotions: written, cloned, approved, published, stopped. Each act is in the audit log."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec
from sqlmodel import Session, col, func, select

from cloud import audit
from cloud.errors import Invalid, NotFound
from cloud.prices import approvals
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow, create_draft, put_rows
from cloud.prices.errors import PriceRefusal
from cloud.prices.publish import Act, Publication, publish
from cloud.prices.revert import withdraw
from cloud.prices.rows import rows_of
from cloud.prices.standing import newest_body
from cloud.prices.targets import CHAIN, check_targets, resolve_targets
from cloud.promotions.holding import listed_in_a_book, standing, where
from cloud.promotions.models import OPEN, PlanStatus, PromotionPlan, promotion_id
from cloud.promotions.reading import Read, read
from cloud.promotions.writing import typed_of
from shared.body import BodyKind
from shared.pricing import KINDS
from shared.pricing.promotion import Promotion
from shared.pricing.promotion_rows import read_promotion
from shared.web.phrases import Phrase

Typed = Mapping[str, str]
MAX_TITLE = 200
_COPY = re.compile(r" \(\d{1,3}\)$")
_MOST_COPIES = " (999)"


def create(session: Session, id_: UUID, kind: str, title: str, act: Act) -> PromotionPlan:
    """Start a plan of a kind. The id is the caller's. Raise Invalid for a kind that is none."""
    if kind not in KINDS:
        raise Invalid(f"there is no kind of promotion called {kind!r}")
    plan = PromotionPlan(
        id=str(id_),
        promotion=promotion_id(id_),
        kind=kind,
        title=_title(title),
        typed="{}",
        created_by=act.actor,
        created_ms=act.wall_ms,
        changed_by=act.actor,
        changed_ms=act.wall_ms,
    )
    session.add(plan)
    session.flush()
    return plan


def find(session: Session, plan_id: str) -> PromotionPlan:
    """Return a plan. Raise NotFound."""
    plan = session.get(PromotionPlan, plan_id)
    if plan is None:
        raise NotFound(f"there is no planned promotion {plan_id!r}")
    return plan


def counts(session: Session) -> dict[str, int]:
    """Return how many plans there are in each state."""
    query = select(col(PromotionPlan.status), func.count()).group_by(col(PromotionPlan.status))
    return dict.fromkeys(map(str, PlanStatus), 0) | dict(session.exec(query).all())


class Titled(NamedTuple):
    """A promotion's plan, and what head office calls it."""

    plan: str
    title: str


def titled(session: Session, promotions: Collection[str], *, alive: bool = False) -> dict[str, Titled]:
    """Return the newest plans of these promotions and their titles, by their id in price books.

    `alive`: only plans that something can still be done with, not those that were stopped or given up.
    """
    query = select(PromotionPlan).where(col(PromotionPlan.promotion).in_(promotions))
    if alive:
        query = query.where(col(PromotionPlan.status).in_((*OPEN, PlanStatus.PUBLISHED)))
    rows = session.exec(query.order_by(col(PromotionPlan.changed_ms)))
    return {plan.promotion: Titled(plan.id, plan.title) for plan in rows}


def typed(plan: PromotionPlan) -> dict[str, str]:
    """Return what was typed into a plan's form."""
    found: dict[str, str] = msgspec.json.decode(plan.typed, type=dict[str, str])
    return found


def read_plan(plan: PromotionPlan, exponent: int) -> Read:
    """Return the promotion that a plan comes to, or what is wrong with it."""
    return read(plan.kind, plan.promotion, typed(plan), exponent)


def digest(plan: PromotionPlan) -> str:
    """Return what stands for exactly what a plan says and where it goes."""
    said = (plan.kind, plan.promotion, sorted(typed(plan).items()), plan.targets, plan.activates_local)
    return sha256(msgspec.json.encode(said)).hexdigest()


def writers_of(plan: PromotionPlan) -> set[str]:
    """Return everybody who wrote something of a plan."""
    return {plan.created_by, plan.changed_by, *filter(None, plan.writers.split("\n"))}


def check_seen(plan: PromotionPlan, seen: str) -> None:
    """Raise PriceRefusal where a plan is not what somebody read (`seen`: its digest then; empty: they do not say)."""
    if seen and seen != digest(plan):
        raise PriceRefusal("changed_since", f"promotion {plan.title!r} was changed since it was read: read it again")


def save(
    session: Session, plan_id: str, act: Act, *, title: str, given: Typed, targets: Sequence[str], activates: str = ""
) -> PromotionPlan:
    """Keep what was typed, whether it makes sense yet or not. An approval is for what was approved: it is gone.

    Raise PriceRefusal for a moment that is none.
    """
    plan = open_plan(session, plan_id)
    check_targets(targets)
    before = digest(plan), plan.title
    plan.title = _title(title)
    plan.typed = msgspec.json.encode(dict(sorted(given.items()))).decode()
    plan.targets = " ".join(dict.fromkeys(targets))
    plan.activates_local = _moment(activates)
    if (digest(plan), plan.title) != before:
        plan.status, plan.approved_by, plan.approved_ms, plan.asked_ms = PlanStatus.DRAFT, "", None, None
        plan.changed_by, plan.changed_ms = act.actor, act.wall_ms
        if act.actor not in writers_of(plan):
            plan.writers = "\n".join([*plan.writers.split("\n"), act.actor]).strip()
        note(session, act, "promotions.save", plan)
    session.add(plan)
    session.flush()
    return plan


def leave_out(session: Session, plan_id: str, act: Act, stores: Collection[str]) -> PromotionPlan:
    """Leave some stores out of those a plan is for. Raise PriceRefusal where none would be left."""
    plan = open_plan(session, plan_id)
    kept = [store.id for store in resolve_targets(session, plan.targets.split()) if store.id not in stores]
    if not kept:
        raise PriceRefusal("no_target", "no store would be left")
    targets = [f"store:{store}" for store in kept]
    moment = plan.activates_local
    return save(session, plan_id, act, title=plan.title, given=typed(plan), targets=targets, activates=moment)


def clone(session: Session, plan_id: str, id_: UUID, act: Act) -> PromotionPlan:
    """Start a plan with what another says; its title is numbered, so that a list tells the two apart."""
    other = find(session, plan_id)
    plan = create(session, id_, other.kind, _numbered(session, other.title), act)
    plan.typed, plan.targets, plan.cloned_from = other.typed, other.targets, other.id
    note(session, act, "promotions.clone", plan)
    return plan


def discard(session: Session, plan_id: str, act: Act) -> None:
    """Give a plan up; it stays readable."""
    plan = open_plan(session, plan_id)
    plan.status = PlanStatus.DISCARDED
    session.add(plan)
    note(session, act, "promotions.discard", plan)


def push(session: Session, plan_id: str, draft_id: UUID, act: Act, exponent: int, *, seen: str = "") -> Publication:
    """Publish a plan as part of a price book of its stores.

    Raise PriceRefusal when it makes no sense yet, lacks a second person's approval, is not what was read (`seen`), or
    a till there is too old for it.
    """
    plan = open_plan(session, plan_id)
    check_seen(plan, seen)
    promotion = promotion_of(plan, exponent)
    if approvals.needs_second_person(session) and plan.status != PlanStatus.APPROVED:
        raise PriceRefusal("approval_missing", "a second person has to approve this promotion before it is published")
    content = encode_row(BodyKind.PROMOTIONS, plan.promotion, msgspec.to_builtins(promotion))
    done = _publish_row(session, plan, draft_id, content, act=act, targets=plan.targets.split())
    plan.status, plan.price_draft, plan.version = PlanStatus.PUBLISHED, str(draft_id), done.version
    session.add(plan)
    note(session, act, "promotions.push", plan)
    session.flush()
    return done


def stop(session: Session, plan_id: str, draft_id: UUID, act: Act) -> list[int]:
    """Take a promotion back everywhere, at once: withdrawn where it waits, published without where it is in force.

    One that a price book brought along is taken out of every book that has it, whether its plan was published or not.
    Return the new versions. Raise PriceRefusal when it is not published.
    """
    plan = find(session, plan_id)
    if plan.status != PlanStatus.PUBLISHED and not (plan.is_open and where(session, plan, act.now_ms)):
        raise PriceRefusal("not_published", f"promotion {plan.title!r} is not published")
    if not plan.is_taken_up:
        waiting = where(session, plan, act.now_ms).waiting
        for version in sorted(waiting):
            withdraw(session, version, act, targets=[f"store:{store}" for store in sorted(waiting[version])])
    made = _take_out(session, plan, draft_id, act)
    plan.status = PlanStatus.STOPPED
    plan.price_draft = plan.price_draft or str(draft_id)  # of one never published here: which tills are to drop it
    session.add(plan)
    note(session, act, "promotions.stop", plan)
    session.flush()
    return made


def _take_out(session: Session, plan: PromotionPlan, draft_id: UUID, act: Act) -> list[int]:
    """Publish books without a promotion wherever one has it: in force now, then each that would bring it later.

    What is staged is rebuilt on top of the first, without it; only one whose own changes bring it has it still.
    """
    made: list[int] = []
    now = [
        store
        for store, entries in standing(session, plan.promotion, act.now_ms).items()
        if entries[0].moment.at_ms <= act.now_ms
    ]
    if now:
        targets = [f"store:{store}" for store in now]
        made += _publish_row(session, plan, draft_id, None, act=act, targets=targets).versions
    done = ""
    while later := _brought_after(session, plan.promotion, act.now_ms, done):
        done = min(later.values())
        targets = [f"store:{store}" for store, local in later.items() if local == done]
        name, local = uuid5(draft_id, done), datetime.fromisoformat(done)
        made += _publish_row(session, plan, name, None, act=act, targets=targets, local=local).versions
    return sorted(made)


def _brought_after(session: Session, promotion: str, now_ms: int, local: str) -> dict[str, str]:
    """Return by store the next local time, after one, at which a waiting book brings a promotion."""
    found: dict[str, str] = {}
    for store, entries in standing(session, promotion, now_ms).items():
        after = [one.moment.local for one in entries if one.moment.at_ms > now_ms and one.moment.local > local]
        if after:
            found[store] = min(after)
    return found


def adopt(session: Session, id_: UUID, promotion: Promotion, act: Act, exponent: int) -> PromotionPlan:
    """Start a plan from a promotion that is in a price book already, under its own id."""
    kind = str(promotion.__struct_config__.tag)
    plan = create(session, id_, kind, promotion.names.get("zh") or promotion.promotion, act)
    plan.promotion = promotion.promotion
    plan.typed = msgspec.json.encode(typed_of(promotion, exponent)).decode()
    note(session, act, "promotions.adopt", plan)
    return plan


def take_up(session: Session, id_: UUID, promotion: str, act: Act, exponent: int) -> PromotionPlan:
    """Return the open plan of a promotion that price books have, started now where there is none.

    Raise NotFound for one that no store's price book has.
    """
    mine = col(PromotionPlan.status).in_((*OPEN, PlanStatus.PUBLISHED))
    known = session.exec(select(PromotionPlan).where(col(PromotionPlan.promotion) == promotion, mine)).first()
    if known is not None:
        return known
    row = rows_of(session, newest_body(session, BodyKind.PROMOTIONS, CHAIN), [promotion]).get(promotion)
    found = listed_in_a_book(session, promotion, act.now_ms) if row is None else read_promotion(row)
    if found is None:
        raise NotFound(f"there is no promotion {promotion!r} in any price book that stores hold")
    return adopt(session, id_, found, act, exponent)


def _publish_row(
    session: Session,
    plan: PromotionPlan,
    draft_id: UUID,
    content: bytes | None,
    *,
    act: Act,
    targets: Sequence[str],
    local: datetime | None = None,
) -> Publication:
    """Publish the plan's row, or its end, at a local time or at once.

    Stopping waits for no second person: it takes nothing from anybody's till.
    """
    create_draft(
        session, draft_id, plan.title, actor=plan.changed_by, wall_ms=act.wall_ms, targets=targets, of_plan=plan.id
    )
    row = DraftRow(BodyKind.PROMOTIONS, CHAIN, plan.promotion, content)
    put_rows(session, str(draft_id), [row], actor=plan.changed_by)
    if approvals.needs_second_person(session):
        approver = "rule:stop" if content is None else plan.approved_by
        approvals.approve(session, str(draft_id), actor=approver, wall_ms=act.wall_ms, reason=act.reason)
    if content is not None and plan.activates_local:
        local = datetime.fromisoformat(plan.activates_local)
    return publish(session, str(draft_id), act, activates_local=local, takes_back=content is None)


def promotion_of(plan: PromotionPlan, exponent: int) -> Promotion:
    """Return what a plan comes to. Raise PriceRefusal while it makes no sense yet."""
    found = read_plan(plan, exponent).promotion
    if found is None:
        raise PriceRefusal("plan_incomplete", f"promotion {plan.title!r} is not complete: mend the fields that say so")
    return found


def open_plan(session: Session, plan_id: str) -> PromotionPlan:
    """Return a plan that can still be written, and lock it. Raise NotFound, or PriceRefusal for one that is closed."""
    find(session, plan_id)
    plan = session.get_one(PromotionPlan, plan_id, with_for_update=True, populate_existing=True)
    if not plan.is_open:
        raise PriceRefusal("plan_closed", f"promotion {plan.title!r} is {plan.status}: clone it to change it")
    return plan


def _numbered(session: Session, title: str) -> str:
    """Return a title that no plan has yet: "Weekend" becomes "Weekend (2)", and that "Weekend (3)"."""
    stem = _COPY.sub("", title)[: MAX_TITLE - len(_MOST_COPIES)]
    taken = set(
        session.exec(select(PromotionPlan.title).where(col(PromotionPlan.title).startswith(stem, autoescape=True)))
    )
    return next((named for n in range(2, 1000) if (named := f"{stem} ({n})") not in taken), title)


def _moment(local: str) -> str:
    """Return a local moment as it was typed; empty is none."""
    try:
        return datetime.fromisoformat(local).replace(tzinfo=None).isoformat(timespec="minutes") if local else ""
    except ValueError:
        raise PriceRefusal("bad_moment", f"{local!r} is no date and time") from None


def _title(title: str) -> str:
    if not title.strip() or len(title) > MAX_TITLE:
        raise Invalid(Phrase("a promotion needs a title of 1 to {most} characters", most=MAX_TITLE))
    return title.strip()


def note(session: Session, act: Act, action: str, plan: PromotionPlan) -> None:
    """Write an act on a plan into the audit log."""
    audit.record(
        session,
        at_ms=act.wall_ms,
        actor=act.actor,
        action=action,
        subject=plan.id,
        reason=act.reason,
        detail=f"{plan.title}; {plan.targets}",
    )
