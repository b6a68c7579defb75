"""One coupon's life: given, set aside, used on which receipt, given back, ended; each step where it left a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as entities

from cloud.audit.models import AuditEntry
from cloud.coupons.batches import open_account
from cloud.coupons.models import RESERVED, Coupon, CouponBatch, CouponConflict
from cloud.coupons.next_visit import ENDED
from cloud.database.rowset import table_of
from cloud.errors import NotFound
from cloud.ledger.journal import AccountKey
from cloud.ledger.kinds import COUPONS, COUPONS_ISSUED
from cloud.ledger.models import JournalRow, Posting
from cloud.sales.models import Sale
from cloud.sales.naming import printed_name, receipt_name
from shared import coupon_code
from shared.web.words import marked

_OWN = "~"
"""Stands between a public code and the basket that used it."""
_GIVEN = marked("Given out")
_GIVEN_BY_RUN = marked("Given by a run")
_SET_ASIDE = marked("Set aside for a basket until then")
_USED = marked("Used")
_BACK = marked("Everything came back: open again")
_ENDED = marked("The purchase that gave it came back: over")
_TAKEN_BACK = marked("Taken back")
_CONFLICT = marked("A sale took it off although it was not its to use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happened to a coupon; the title is marked."""

    at_ms: int
    title: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A coupon, its batch, and what happened to it, the latest first."""

    coupon: Coupon
    batch: CouponBatch
    receipt: str
    """On which it was used, as printed; empty while it was not."""
    steps: Sequence[Step]


def find(session: Session, text: str) -> Coupon:
    """Return the coupon behind a code, however it was typed. Raise NotFound."""
    code = coupon_code.read(text) or text.strip()[:50]
    row = session.get(Coupon, code)
    if row is None:
        raise NotFound(f"there is no coupon {code}")
    return row


def life_of(session: Session, text: str) -> Life:
    """Return everything known of a coupon. Raise NotFound."""
    row = find(session, text)
    batch = session.get_one(CouponBatch, row.batch)
    by = f"/rewards/runs/{row.run_id}" if row.run_id else f"/sales/{row.given_sale}" if row.given_sale else ""
    steps = [Step(at_ms=row.given_ms, title=_GIVEN_BY_RUN if row.run_id else _GIVEN, href=by)]
    if row.state == RESERVED and row.reserved_until_ms is not None:
        detail = f"{row.agent_id} · {row.basket_id}"
        steps.append(Step(at_ms=row.reserved_until_ms, title=_SET_ASIDE, detail=detail))
    sale = session.get(Sale, row.used_sale) if row.used_sale else None
    receipt = f"{sale.store_id} · {receipt_name(sale)}" if sale else ""
    steps += _journals(session, row)
    steps += _acts(session, row)
    return Life(coupon=row, batch=batch, receipt=receipt, steps=sorted(steps, key=lambda one: -one.at_ms))


def _journals(session: Session, row: Coupon) -> list[Step]:
    """Return uses and give-backs, as the books have them: also of uses that were undone since."""
    code = row.code.partition(_OWN)[0]
    account = AccountKey(COUPONS_ISSUED, row.batch, COUPONS) if _OWN in row.code else open_account(row.batch)
    posting, journal = table_of(Posting), table_of(JournalRow)
    purposes = {f"coupon:{code}"[:32]: _USED, f"coupon_back:{row.code}"[:32]: _BACK, f"{ENDED}:{row.code}"[:32]: _ENDED}
    same = (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose)
    # By the account, which has an index: looking for a purpose alone would read the whole ledger.
    query = select(journal).join(posting, same).where(posting.c.account_id == account.id)
    query = query.where(posting.c.purpose.in_(purposes))
    if _OWN in row.code:
        query = query.where(journal.c.cause == row.used_sale)
    return [_moved(one, purposes[one.purpose]) for one in session.execute(query)]


def _moved(journal: Any, title: str) -> Step:
    receipt = printed_name(journal.till, journal.receipt) or journal.till
    detail = " · ".join(part for part in (journal.store_id, receipt, journal.cashier) if part)
    return Step(
        at_ms=journal.at_ms, title=title, detail=detail, href=f"/sales/{journal.cause}" if title == _USED else ""
    )


def _acts(session: Session, row: Coupon) -> list[Step]:
    found = entities(AuditEntry).where(col(AuditEntry.subject) == f"coupon {row.code}")
    steps = [
        Step(at_ms=one.at_ms, title=_TAKEN_BACK, detail=" · ".join(part for part in (one.reason, one.actor) if part))
        for one in session.exec(found)
    ]
    odd = entities(CouponConflict).where(col(CouponConflict.code) == row.code)
    steps += [
        Step(at_ms=one.at_ms, title=_CONFLICT, detail=one.store_id, href=f"/sales/{one.sale_id}")
        for one in session.exec(odd)
    ]
    return steps
