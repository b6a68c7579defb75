"""A coupon's way through a sale: reserved for its basket, used by it, released when it never came. Exactly once.

Each step is one conditional change of the coupon's row: of fifty who try at the same moment one finds it as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session

from cloud.coupons.batches import count_of, lock_batch, open_account
from cloud.coupons.models import (
    ISSUED,
    PUBLIC,
    RESERVED,
    USED,
    Coupon,
    CouponBatch,
    CouponConflict,
)
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.kinds import COUPONS, COUPONS_ISSUED, COUPONS_USED
from shared import coupon_code

_SHARED = "~"
"""Stands between a public code and the basket that uses it."""
_COLUMNS = (
    "code", "batch", "state", "member_id", "starts", "ends", "given_ms", "basket_id", "agent_id", "reserved_until_ms",
    "used_store", "off_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A basket wants a coupon. `today` is the store's business date, `until_ms` HQ's wall time."""

    code: str
    basket: UUID
    agent: str
    store: str
    today: date
    at_ms: int
    until_ms: int
    member: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reserved:
    """What the till has to know of a coupon that is now its basket's."""

    code: str
    promotion: str
    given_ms: int
    until_ms: int


def reserve(session: Session, wanted: Reservation) -> Reserved:
    """Reserve a coupon for a basket; the same basket again gets the same coupon, for as long anew.

    Refused, by what is wrong with it: `coupon_malformed`, `coupon_unknown`, `coupon_used`, `coupon_reserved` (by
    another basket), `coupon_voided`, `coupon_expired`, `coupon_not_yet`, `coupon_not_yours`, `coupon_closed`,
    `coupon_spent` and `coupon_per_member` of a public code.
    """
    code = coupon_code.read(wanted.code)
    if code is None:
        raise Refused("coupon_malformed", "this is no code of ours: it was misread or mistyped")
    row = session.get(Coupon, code, populate_existing=True) or _of_public(session, code, wanted)
    batch = session.get_one(CouponBatch, row.batch)
    _require(row, batch, wanted)
    table = table_of(Coupon)
    if row.state == RESERVED:
        # The same basket asks again: a long sale, or an answer that got lost. It keeps its coupon for as long anew.
        again = (table.c.code == row.code, table.c.state == RESERVED, table.c.basket_id == wanted.basket)
        session.execute(update(table).where(*again).values(reserved_until_ms=wanted.until_ms))
        session.refresh(row)
        if row.state != RESERVED or row.basket_id != wanted.basket:
            raise Refused(f"coupon_{row.state}", f"coupon {code} is {row.state}")
        return Reserved(code, batch.promotion, row.given_ms, wanted.until_ms)
    done = session.execute(
        update(table)
        .where(table.c.code == row.code, table.c.state == ISSUED)
        .values(state=RESERVED, basket_id=wanted.basket, agent_id=wanted.agent, reserved_until_ms=wanted.until_ms)
        .returning(table.c.code)
    ).all()
    session.refresh(row)
    if not done and row.basket_id != wanted.basket:
        raise Refused(f"coupon_{row.state}", f"coupon {code} is {row.state}")
    return Reserved(code, batch.promotion, row.given_ms, wanted.until_ms)


def _of_public(session: Session, code: str, wanted: Reservation) -> Coupon:
    """Return this basket's use of a public code, made now if there is room for it."""
    table = table_of(CouponBatch)
    found = session.execute(select(table.c.id).where(table.c.public_code == code)).scalar_one_or_none()
    if found is None:
        raise Refused("coupon_unknown", f"there is no coupon {code}")
    batch = lock_batch(session, found)
    own = f"{code}{_SHARED}{wanted.basket}"
    known = session.get(Coupon, own, populate_existing=True)
    if known is not None:
        return known
    if batch.taken >= batch.most:
        raise Refused("coupon_spent", f"code {code} has been used as often as it may")
    if batch.per_member:
        if wanted.member is None:
            raise Refused("coupon_member_needed", "this code is for members")
        if count_of(session, batch.id, wanted.member) >= batch.per_member:
            raise Refused("coupon_per_member", f"a member may use code {code} {batch.per_member} times")
    batch.taken += 1
    session.add(batch)
    row = (own, batch.id, ISSUED, wanted.member, batch.starts, batch.ends, wanted.at_ms, None, "", None, "", 0)
    bulk.insert_tuples(session, Coupon, _COLUMNS, [row])
    session.flush()
    return session.get_one(Coupon, own)


def _require(row: Coupon, batch: CouponBatch, wanted: Reservation) -> None:
    if row.state == RESERVED and row.basket_id == wanted.basket:
        return
    if row.state != ISSUED:
        raise Refused(f"coupon_{row.state}", f"coupon {row.code} is {row.state}")
    if batch.closed:
        raise Refused("coupon_closed", f"coupon {row.code} does not count any more")
    if wanted.today < row.starts:
        raise Refused("coupon_not_yet", f"coupon {row.code} counts from {row.starts}")
    if wanted.today > row.ends:
        raise Refused("coupon_expired", f"coupon {row.code} counted until {row.ends}")
    if batch.kind != PUBLIC and row.member_id is not None and row.member_id != wanted.member:
        raise Refused("coupon_not_yours", f"coupon {row.code} is another member's")


def release(session: Session, basket: UUID, *, but: Collection[str] = (), only: str = "") -> int:
    """Release what is reserved for a basket, except these; `only`: that one code. Return how many."""
    table = table_of(Coupon)
    reserved = [table.c.basket_id == basket, table.c.state == RESERVED, table.c.code.not_in(list(but))]
    if only:
        reserved.append(table.c.code.in_([only, f"{only}{_SHARED}{basket}"]))
    codes = session.execute(select(table.c.code).where(*reserved).order_by(table.c.code).with_for_update()).scalars()
    return set_free(session, list(codes), RESERVED)


def set_free(session: Session, codes: Sequence[str], state: str) -> int:
    """Let coupons in a state be used again; one use of a public code is nobody's and goes. Return how many."""
    if not codes:
        return 0
    table, batch = table_of(Coupon), table_of(CouponBatch)
    own = [code for code in codes if _SHARED not in code]
    freed = session.execute(
        update(table)
        .where(table.c.code.in_(own), table.c.state == state)
        .values(
            state=ISSUED, basket_id=None, agent_id="", reserved_until_ms=None, used_sale=None, used_ms=None,
            used_store="", off_minor=0,
        )
        .returning(table.c.code)
    ).all()  # fmt: skip
    public = [code for code in codes if _SHARED in code]
    gone = session.execute(
        delete(table).where(table.c.code.in_(public), table.c.state == state).returning(table.c.batch)
    ).scalars()
    uses = Counter(gone)
    for name, count in sorted(uses.items()):
        session.execute(update(batch).where(batch.c.id == name).values(taken=batch.c.taken - count))
    session.expire_all()
    return len(freed) + uses.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A sale took money off for a coupon: `off_minor` of it, in the store's money."""

    code: str
    sale: UUID
    store: str
    at_ms: int
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    off_minor: int = 0


def use(session: Session, commit_no: int, wanted: Use) -> bool:
    """Use a coupon for a sale, once. False where it was not the sale's to use: that stands as a conflict.

    A sale is a fact: it stands either way.
    """
    code = coupon_code.read(wanted.code) or wanted.code[:50]
    table = table_of(Coupon)
    mine = (table.c.state == ISSUED) | ((table.c.state == RESERVED) & (table.c.basket_id == wanted.sale))
    names = or_(table.c.code == code, table.c.code == f"{code}{_SHARED}{wanted.sale}")
    done = session.execute(
        update(table)
        .where(names, mine)
        .values(
            state=USED, used_sale=wanted.sale, used_ms=wanted.at_ms, basket_id=None, reserved_until_ms=None,
            used_store=wanted.store, off_minor=wanted.off_minor,
        )
        .returning(table.c.code, table.c.batch)
    ).one_or_none()  # fmt: skip
    if done is None:
        return _used_already(session, code, wanted)
    legs = (Leg(_source(done), -1), Leg(AccountKey(COUPONS_USED, wanted.store, COUPONS), 1))
    journal = Journal(
        cause=wanted.sale, purpose=f"coupon:{code}"[:32], at_ms=wanted.at_ms, store=wanted.store, till=wanted.till,
        cashier=wanted.cashier, receipt=wanted.receipt, legs=legs,
    )  # fmt: skip
    post(session, commit_no, [journal])
    return True


def _used_already(session: Session, code: str, wanted: Use) -> bool:
    table = table_of(Coupon)
    names = or_(table.c.code == code, table.c.code == f"{code}{_SHARED}{wanted.sale}")
    row = session.execute(select(table.c.state, table.c.used_sale).where(names)).first()
    if row is not None and row.used_sale == wanted.sale:
        return True
    reason = "unknown" if row is None else row.state
    conflict = (wanted.sale, code, wanted.store, reason, wanted.at_ms, "", "")
    columns = ("sale_id", "code", "store_id", "reason", "at_ms", "decision", "note")
    bulk.insert_new_tuples(session, CouponConflict, columns, [conflict])
    return False


def give_back(session: Session, commit_no: int, sale: UUID, *, cause: UUID, store: str, at_ms: int) -> int:
    """Let the coupons of a sale of `store` be used again, as their batches allow: everything it sold came back."""
    table, batch = table_of(Coupon), table_of(CouponBatch)
    allowed = select(batch.c.id).where(batch.c.released_by_return, ~batch.c.closed)
    used = (table.c.used_sale == sale, table.c.state == USED, table.c.batch.in_(allowed))
    rows = session.execute(
        select(table.c.code, table.c.batch).where(*used).order_by(table.c.code).with_for_update()
    ).all()
    set_free(session, [row.code for row in rows], USED)
    for row in rows:
        legs = (Leg(AccountKey(COUPONS_USED, store, COUPONS), -1), Leg(_source(row), 1))
        purpose = f"coupon_back:{row.code}"[:32]
        post(session, commit_no, [Journal(cause=cause, purpose=purpose, at_ms=at_ms, store=store, legs=legs)])
    return len(rows)


def _source(row: Any) -> AccountKey:
    """Return where a coupon comes from when it is used: uses of a public code are not open before."""
    if _SHARED in row.code:
        return AccountKey(COUPONS_ISSUED, row.batch, COUPONS)
    return open_account(row.batch)
