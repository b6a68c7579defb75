"""Batches of coupons: made, given to members, counted, voided. Every change of how many are open is a journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Uuid, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from cloud import audit
from cloud.coupons.models import CODES, ISSUED, NEXT_VISIT, PERSONAL, PUBLIC, VOIDED, Coupon, CouponBatch
from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.kinds import COUPONS, COUPONS_ENDED, COUPONS_ISSUED, COUPONS_OPEN
from cloud.members import one_person
from cloud.members.home_days import Days, chain_day, days_of
from shared import coupon_code
from shared.ids import check_slug
from shared.web.phrases import Phrase

KINDS = (CODES, PERSONAL, PUBLIC, NEXT_VISIT)
HEAD_OFFICE = "hq"
MOST_AT_ONCE = 100_000
MOST = 10**9
MOST_DAYS = 3_650

RandomBits = Callable[[int], int]
"""Returns so many random bits, as `secrets.randbits`."""

_COLUMNS = (
    "code", "batch", "state", "member_id", "starts", "ends", "given_ms", "agent_id", "used_store", "off_minor",
    "run_id", "given_sale",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a batch is to be; see `cloud.coupons.models.CouponBatch`."""

    id: str
    kind: str
    promotion: str
    starts: date
    ends: date
    most: int
    promotion_kind: str = ""
    days_valid: int = 0
    per_member: int = 0
    released_by_return: bool = True
    title: str = ""


def create(session: Session, wanted: NewBatch, random_bits: RandomBits, *, actor: str, now_ms: int) -> CouponBatch:
    """Make a batch; a public one gets its code. Raise Invalid, or Conflict where the id is taken."""
    _check(wanted)
    if session.get(CouponBatch, wanted.id) is not None:
        raise Conflict(f"there is a batch {wanted.id!r} already")
    row = CouponBatch(
        id=wanted.id, kind=wanted.kind, promotion=wanted.promotion, promotion_kind=wanted.promotion_kind,
        starts=wanted.starts, ends=wanted.ends, days_valid=wanted.days_valid, most=wanted.most,
        per_member=wanted.per_member, released_by_return=wanted.released_by_return, title=wanted.title.strip()[:200],
        author=actor, made_ms=now_ms,
        public_code=coupon_code.make(random_bits(coupon_code.RANDOM_BITS)) if wanted.kind == PUBLIC else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="coupons.batch", subject=f"batch {wanted.id}")
    return row


def _check(wanted: NewBatch) -> None:
    try:
        check_slug(wanted.id, "a batch's id")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if wanted.kind not in KINDS:
        raise Invalid(f"kind is one of {', '.join(KINDS)}, got {wanted.kind!r}")
    if not wanted.promotion:
        raise Invalid(Phrase("promotion: a coupon stands for a promotion of the price book"))
    if wanted.ends < wanted.starts or wanted.most < 1 or min(wanted.days_valid, wanted.per_member) < 0:
        raise Invalid(Phrase("a batch has at least one coupon, and does not end before it starts"))
    if max(wanted.most, wanted.per_member) > MOST or wanted.days_valid > MOST_DAYS:
        too_many = Phrase("a batch has at most {most} coupons, each good for {days} days", most=MOST, days=MOST_DAYS)
        raise Invalid(too_many)


def give(
    session: Session,
    commit_no: int,
    batch_id: str,
    members: Sequence[UUID | None],
    random_bits: RandomBits,
    *,
    cause: UUID,
    today: Days,
    at_ms: int,
    store: str = HEAD_OFFICE,
    run: UUID | None = None,
    sale: UUID | None = None,
    promised: bool = False,
) -> list[str]:
    """Make a coupon for each of these (None: whoever has the code), under `cause`, and return their codes.

    The caller sees to it that one cause gives once; `run` is the run over many members that gives them, `sale` the
    sale that does. Days count from `today`, each member's own where it says so. `promised`: these were set aside
    before (`promise`) and are given whatever became of the batch's limits since. Refused: `batch_closed`,
    `batch_spent` (beyond `most`), `per_member`, `batch_kind`, `batch_over` (for any of them: nobody could use it).
    """
    if not members:
        return []
    batch = lock_batch(session, batch_id)
    if not promised:
        _require_room(session, batch, members)
    days = days_of(session, {one for one in members if one is not None}, today)
    for_nobody = chain_day(session, today)
    if not promised and any((days[one] if one else for_nobody) > batch.ends for one in members):
        raise Refused("batch_over", f"the last day of batch {batch.id} was {batch.ends}")
    codes = [coupon_code.make(random_bits(coupon_code.RANDOM_BITS)) for _ in members]
    rows = [
        (
            code, batch.id, ISSUED, member, *_valid(batch, days[member] if member else for_nobody), at_ms, "", "", 0,
            run, sale,
        )
        for code, member in zip(codes, members, strict=True)
    ]  # fmt: skip
    bulk.insert_tuples(session, Coupon, _COLUMNS, rows)
    batch.taken += len(codes)
    batch.promised -= len(codes) if promised else 0
    session.add(batch)
    session.flush()
    legs = (
        Leg(AccountKey(COUPONS_ISSUED, batch.id, COUPONS), -len(codes)),
        Leg(open_account(batch.id), len(codes)),
    )
    post(
        session, commit_no, [Journal(cause=cause, purpose=f"give:{batch.id}"[:32], at_ms=at_ms, store=store, legs=legs)]
    )
    return codes


def promise(session: Session, batch_id: str, count: int, *, today: Days) -> None:
    """Set coupons of a batch for members aside, to be given later; below 0 lets go of some.

    Raise NotFound, Refused: `batch_closed`, `batch_spent`, `batch_kind`, `batch_over` (nobody could use them).
    """
    batch = lock_batch(session, batch_id)
    if count > 0:
        if chain_day(session, today) > batch.ends:
            raise Refused("batch_over", f"the last day of batch {batch.id} was {batch.ends}")
        if batch.closed:
            raise Refused("batch_closed", f"batch {batch.id} is closed")
        if batch.kind not in (PERSONAL, CODES):
            raise Refused("batch_kind", f"batch {batch.id} is {batch.kind}: its coupons are not given like this")
        if batch.taken + batch.promised + count > batch.most:
            left = batch.most - batch.taken - batch.promised
            raise Refused("batch_spent", f"batch {batch.id} has {left} coupons left")
    batch.promised += count
    session.add(batch)
    session.flush()


def _valid(batch: CouponBatch, today: date) -> tuple[date, date]:
    """Return the first and the last day of a coupon that is given today."""
    ends = min(batch.ends, today + timedelta(days=batch.days_valid - 1)) if batch.days_valid else batch.ends
    return max(batch.starts, today), ends


def _require_room(session: Session, batch: CouponBatch, members: Sequence[UUID | None]) -> None:
    if batch.closed:
        raise Refused("batch_closed", f"batch {batch.id} is closed")
    if batch.kind == PUBLIC or (batch.kind != CODES and None in members):
        raise Refused("batch_kind", f"batch {batch.id} is {batch.kind}: its coupons are not given like this")
    if len(members) > MOST_AT_ONCE or batch.taken + batch.promised + len(members) > batch.most:
        left = batch.most - batch.taken - batch.promised
        raise Refused("batch_spent", f"batch {batch.id} has {left} coupons left")
    if batch.per_member:
        wanted = Counter(one for one in members if one is not None)
        has = counts_of(session, batch.id, list(wanted))
        if any(has.get(member, 0) + count > batch.per_member for member, count in wanted.items()):
            raise Refused("per_member", f"a member has at most {batch.per_member} of batch {batch.id}")


def count_of(session: Session, batch: str, member: UUID) -> int:
    """Return how many coupons of a batch a member has or had, voided ones aside."""
    return counts_of(session, batch, [member]).get(member, 0)


def counts_of(session: Session, batch: str, members: Sequence[UUID]) -> Mapping[UUID, int]:
    """Return how many coupons of a batch members have or had, voided ones aside; whoever has none is absent.

    Those had under the id of somebody who was made one with them count too.
    """
    if not members:
        return {}
    row = table_of(Coupon)
    ids = one_person.ids_of(session, members)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(ids)])
    query = select_columns(row.c.member_id, func.count()).join(wanted, wanted.c.id == row.c.member_id)
    query = query.where(row.c.batch == batch, row.c.state != VOIDED).group_by(row.c.member_id)
    counted: Counter[UUID] = Counter()
    for member, count in session.execute(query):
        counted[ids[member]] += int(count)
    return counted


def lock_batch(session: Session, batch_id: str) -> CouponBatch:
    """Return a batch, locked: what is counted against it is counted by one at a time. Raise NotFound."""
    batch = session.get(CouponBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(f"there is no batch {batch_id!r}")
    return batch


def void(session: Session, commit_no: int, code: str, *, cause: UUID, actor: str, at_ms: int, reason: str = "") -> None:
    """Take an unused coupon out of use. Raise NotFound, Refused where it is used or reserved, Invalid for no code."""
    row = session.get(Coupon, code)
    if row is None:
        raise NotFound(f"there is no coupon {code}")
    table = table_of(Coupon)
    voided = update(table).where(table.c.code == code, table.c.state == ISSUED).values(state=VOIDED)
    if session.execute(voided.returning(table.c.code)).one_or_none() is None:
        raise Refused("not_open", f"coupon {code} is {row.state}")
    end(session, commit_no, row.batch, 1, cause=cause, at_ms=at_ms)
    audit.record(session, at_ms=at_ms, actor=actor, action="coupons.void", subject=f"coupon {code}", reason=reason)
    session.expire(row)


def end(session: Session, commit_no: int, batch: str, count: int, *, cause: UUID, at_ms: int) -> None:
    """Post that so many coupons of a batch are open no more, without having been used."""
    legs = (Leg(open_account(batch), -count), Leg(AccountKey(COUPONS_ENDED, batch, COUPONS), count))
    journal = Journal(cause=cause, purpose=f"end:{batch}"[:32], at_ms=at_ms, store=HEAD_OFFICE, legs=legs)
    post(session, commit_no, [journal])


def open_account(batch: str) -> AccountKey:
    """Return the account that counts a batch's coupons that can still be used."""
    return AccountKey(COUPONS_OPEN, batch, COUPONS)


def of_member(session: Session, member: UUID) -> list[Coupon]:
    """Return the coupons a member can use, the first to end first."""
    usable = (col(Coupon.member_id) == member, col(Coupon.state) == ISSUED)
    return list(session.exec(select(Coupon).where(*usable).order_by(col(Coupon.ends), col(Coupon.code))))
