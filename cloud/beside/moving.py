"""What tills that are not ours do: give and take points, use coupons, take back. Each request once, under its own id.

The request's id follows from who asks and the id they made: two holders never meet. What they sent is kept as a keyed
hash of each field, enough to name the field in which a repeat differs, and nothing of the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from cloud.beside.undoing import WHOLE, Part, may_be_owed, read_earning, undo_coupon, undo_earning
from cloud.coupons import using
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger import AccountKey, lots
from cloud.ledger.holding import HoldRequest, place
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_SPENT
from cloud.ledger.models import LedgerRequest
from cloud.ledger.reading import points_of
from cloud.ledger.requests import Answered, RequestChanged, once
from cloud.ledger.reversing import Undo
from cloud.ledger.settling import CAPTURE, Ending, capture
from cloud.loyalty import crediting, tiers
from cloud.loyalty import rules as loyalty_rules
from cloud.loyalty.facts import LineFacts, SaleFacts
from cloud.loyalty.years import add_spend
from cloud.members import blocks, changing, dirt, one_person
from cloud.members.care_models import ReceiptElsewhere
from cloud.members.reversals import reverse
from cloud.org.models import Store
from cloud.privacy import Vault
from shared.calendar import business_date
from shared.loyalty import points_earned

EARN = "beside_earn"
SPEND = "beside_spend"
COUPON = "beside_coupon"
REVERSE = "beside_reverse"
NO_POINTS = "points_blocked"
NO_RULE = "no_rule"
"""Said of a receipt whose business day has no earning rule: nobody earns before the first one starts."""
"""Why a receipt that counts brings no points: its member may collect none for now."""
_REQUESTS = UUID("8f7d0cf6-93c8-5d1e-9f9b-5c8b1f0e2ad4")
_MINUTE_MS = 60_000
_Work = Callable[[UUID], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something happens: a store of the chain, a till of somebody else's, their receipt."""

    store: str
    till: str = ""
    cashier: str = ""
    receipt: str = ""


class Quoted(NamedTuple):
    """What a receipt would bring, what may be spent now, and why it would bring nothing."""

    earns: int
    spendable: int
    not_given: str | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """A holder of an API key that speaks for tills. `business_ms` and `now_ms` are business and HQ's wall time."""

    vault: Vault
    holder: str
    business_ms: int
    now_ms: int

    def earn(self, session: Session, key: str, member: UUID, minor: int, at: Place) -> Answered:
        """Count a receipt of `minor` and give its points by the rule of its day. The answer says how many.

        Whoever is blocked from points is given none, and `not_given` says so: what they bought counts all the same.
        """
        asked = {"member": str(member), "minor": minor, **_facts(at)}
        return self._once(session, key, EARN, asked, lambda request: self._earn(session, request, member, minor, at))

    def spend(self, session: Session, key: str, member: UUID, points: int, at: Place) -> Answered:
        """Take points; `insufficient` where there are not so many that may be spent."""
        asked = {"member": str(member), "points": points, **_facts(at)}
        return self._once(session, key, SPEND, asked, lambda request: self._spend(session, request, member, points, at))

    def coupon(self, session: Session, key: str, code: str, member: UUID | None, at: Place) -> Answered:
        """Use a coupon, once; the answer names the promotion it stands for. Refused as `cloud.coupons.using` says."""
        asked = {"code": code, "member": str(member or ""), **_facts(at)}
        return self._once(session, key, COUPON, asked, lambda request: self._coupon(session, request, code, member, at))

    def undo(self, session: Session, key: str, of: str, part: Part, at: Place) -> Answered:
        """Take back an earning, a spending or a coupon's use of this holder, whole or a part of it."""
        asked = {"of": of, "points": part.points, "minor": part.minor, **_facts(at)}
        return self._once(session, key, REVERSE, asked, lambda request: self._undo(session, request, of, part, at))

    def quote(self, session: Session, member: UUID, minor: int, store: str) -> Quoted:
        """Return what a receipt would bring and what may be spent. Refused as earning it would be."""
        today = self._today(session, store)
        member = _may(session, member, blocks.BUY, lock=False)
        if _collects_none(session, member):
            return Quoted(0, 0, NO_POINTS)
        account = AccountKey(MEMBER_POINTS, str(member), POINTS)
        earned = self._earned(session, self._receipt(member, minor, Place(store=store), today, _REQUESTS))
        spendable = lots.spendable(session, account, lots.Pick(today))
        return Quoted(earned.points, spendable) if earned else Quoted(0, spendable, NO_RULE)

    def _once(self, session: Session, key: str, kind: str, asked: Mapping[str, Any], work: _Work) -> Answered:
        if not 0 < len(key) <= 64 or not key.isprintable():
            raise Invalid("the header Idempotency-Key holds an id of 1 to 64 characters that you made for this request")
        content = {name: self.vault.blind_index("beside", f"{name}\n{value}").hex() for name, value in asked.items()}
        request = self._request(key)
        try:
            return once(session, request, kind, content, lambda: work(request), now_ms=self.now_ms)
        except RequestChanged as changed:
            what = "for something else" if changed.field == "kind" else f"with another {changed.field}"
            raise Conflict(f"the id {key!r} was used before, {what}: each request has an id of its own") from None

    def _request(self, key: str) -> UUID:
        return uuid5(_REQUESTS, f"{self.holder}\n{key}")

    def _earn(self, session: Session, request: UUID, member: UUID, minor: int, at: Place) -> Mapping[str, Any]:
        member = _may(session, member, blocks.BUY)
        today = self._today(session, at.store)
        barred = _collects_none(session, member)
        earned = None if barred else self._earned(session, self._receipt(member, minor, at, today, request))
        points = earned.points if earned else 0
        commit_no = open_commit(session, self.now_ms)
        if earned:
            crediting.give(session, commit_no, [earned], EARN)
        told = ReceiptElsewhere(
            id=request, member_id=member, store_id=at.store, till=at.till, cashier=at.cashier, receipt=at.receipt,
            business_date=today, total_minor=minor, points=points, at_ms=self.business_ms,
        )  # fmt: skip
        session.add(told)
        add_spend(session, member, today, minor, visits=1)
        dirt.note(session, commit_no, [(member, at.store, self.business_ms)])
        return {
            "points": points,
            "balance": points_of(session, [member])[member],
            "not_given": NO_POINTS if barred else None if earned else NO_RULE,
            "minor": minor,
            "member": str(member),
            "day": today.isoformat(),
        }

    def _spend(self, session: Session, request: UUID, member: UUID, points: int, at: Place) -> Mapping[str, Any]:
        member = _may(session, member, blocks.POINTS)
        commit_no = open_commit(session, self.now_ms)
        hold = HoldRequest(
            id=_hold(request), kind="beside", unit=POINTS, amount=points, owner=member, kinds=(MEMBER_POINTS,),
            store=at.store, at_ms=self.business_ms, valid_until_ms=self.now_ms + _MINUTE_MS,
            today=self._today(session, at.store), member=member, till=at.till, cashier=at.cashier,
        )  # fmt: skip
        placed = place(session, commit_no, hold, now_ms=self.now_ms)
        if placed.code:
            raise Refused(placed.code, placed.reason)
        ending = Ending(
            store=at.store, at_ms=self.business_ms, into=lambda _kind: AccountKey(POINTS_SPENT, at.store, POINTS),
            till=at.till, cashier=at.cashier, receipt=at.receipt,
        )  # fmt: skip
        capture(session, commit_no, hold.id, points, ending, now_ms=self.now_ms)
        dirt.note(session, commit_no, [(member, at.store, self.business_ms)])
        return {"points": points, "balance": points_of(session, [member])[member], "member": str(member)}

    def _coupon(self, session: Session, request: UUID, code: str, member: UUID | None, at: Place) -> Mapping[str, Any]:
        if member is not None:
            member = _may(session, member, blocks.COUPONS)
        wanted = using.Reservation(
            code=code, basket=request, agent="", store=at.store, today=self._today(session, at.store),
            at_ms=self.business_ms, until_ms=self.now_ms + _MINUTE_MS, member=member,
        )  # fmt: skip
        reserved = using.reserve(session, wanted)
        commit_no = open_commit(session, self.now_ms)
        use = using.Use(
            code=reserved.code, sale=request, store=at.store, at_ms=self.business_ms, till=at.till,
            cashier=at.cashier, receipt=at.receipt,
        )  # fmt: skip
        using.use(session, commit_no, use)
        return {"promotion": reserved.promotion}

    def _undo(self, session: Session, request: UUID, of: str, part: Part, at: Place) -> Mapping[str, Any]:
        original = self._request(of)
        # Whoever takes back a part of it waits for whoever takes back another.
        made = session.get(LedgerRequest, original, with_for_update=True)
        if made is None or made.code or made.kind not in (EARN, SPEND, COUPON):
            raise Refused("original_unknown", "nothing of yours went through under this id")
        done = msgspec.json.decode(made.answer)
        self._today(session, at.store)
        commit_no = open_commit(session, self.now_ms)
        if made.kind == COUPON:
            if part != WHOLE:
                raise Invalid("points, minor: a coupon is given back whole")
            undo_coupon(session, commit_no, original, cause=request, at_ms=self.business_ms)
            return {"promotion": done["promotion"]}
        if made.kind == SPEND and part.minor is not None:
            raise Invalid("minor: points that were taken are given back by how many, as points")
        key = (original, EARN) if made.kind == EARN else (_hold(original), CAPTURE)
        undo = Undo(
            cause=request, purpose=REVERSE, of=key, at_ms=self.business_ms, amount=part.points,
            force=made.kind == EARN and may_be_owed(session, key), store=at.store, till=at.till, cashier=at.cashier,
            receipt=at.receipt,
        )  # fmt: skip
        if made.kind == EARN:
            moved = undo_earning(session, commit_no, read_earning(original, EARN, done), part, undo)
        else:
            moved = sum(leg.amount for leg in reverse(session, commit_no, undo).legs if leg.amount > 0)
        member = one_person.now_of(session, UUID(str(done["member"])))
        dirt.note(session, commit_no, [(member, at.store, self.business_ms)])
        return {"points": moved, "balance": points_of(session, [member])[member], "member": str(member)}

    def _receipt(self, member: UUID, minor: int, at: Place, today: date, request: UUID) -> SaleFacts:
        """Return a receipt of so much as one line; its member's tier is for `_earned` to find."""
        return SaleFacts(
            sale=request, member=member, business_date=today, at_ms=self.business_ms, lines=[LineFacts(1, 1, minor)],
            store=at.store, till=at.till, cashier=at.cashier, receipt=at.receipt,
        )  # fmt: skip

    def _earned(self, session: Session, receipt: SaleFacts) -> crediting.Earned | None:
        """Return what a receipt brings as one of ours would: by the rule of its day and its member's tier."""
        rules = loyalty_rules.load(session)
        rule = rules.earning_on(receipt.business_date)
        if rule is None:
            return None
        stands = tiers.outlooks(session, [receipt.member], receipt.business_date).get(receipt.member)
        receipt = msgspec.structs.replace(receipt, tier=stands.standing.tier if stands else "")
        points = points_earned(receipt, rule, crediting.tier_times(receipt, rules))
        return crediting.Earned(receipt, rule, points)

    def _today(self, session: Session, store: str) -> date:
        shop = session.get(Store, store)
        if shop is None:
            raise NotFound(f"there is no store {store!r}")
        return business_date(self.business_ms, ZoneInfo(shop.time_zone), shop.day_cutoff_minutes)


def _may(session: Session, member: UUID, kind: str, *, lock: bool = True) -> UUID:
    """Return whom an id means by now, where nothing is against it. Raise NotFound, Refused."""
    member = one_person.now_of(session, member)
    changing.active(session, member, lock=lock)
    blocks.require_free(session, member, kind)
    return member


def _collects_none(session: Session, member: UUID) -> bool:
    return blocks.POINTS in blocks.standing(session, [member]).get(member, frozenset())


def _facts(at: Place) -> dict[str, str]:
    return {"store": at.store, "till": at.till, "cashier": at.cashier, "receipt": at.receipt}


def _hold(request: UUID) -> UUID:
    return uuid5(request, "hold")
