"""Value put right by hand: one person asks with a reason, another posts it. What is taken must be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.identity.people import require_second
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import CORRECTED, KINDS, MEMBER_DEBT, MEMBER_POINTS, POINTS, PURSE_DEBT, PURSE_GIFT
from cloud.ledger.kinds import PURSE_PRINCIPAL as PRINCIPAL_KIND
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import NewLot
from cloud.ledger.reversing import VALUE_GONE, debt_account
from cloud.loyalty import rules as loyalty_rules
from cloud.members import dirt, one_person
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.value import purses, rules
from cloud.value.models import RETURNED, Purse, ValueCorrection
from cloud.value.topping_up import require_room
from shared.calendar import business_date

ASKED = "asked"
POSTED = "posted"
REFUSED = "refused"
PURPOSE = "correction"
OF_PURSES = (PRINCIPAL_KIND, PURSE_GIFT, PURSE_DEBT)
OF_MEMBERS = (MEMBER_POINTS, MEMBER_DEBT)
DEBTS = (PURSE_DEBT, MEMBER_DEBT)
MOST = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is to be put right: so much more (or, below zero, less) of one account. `id` is its maker's.

    `kind` is one of OF_PURSES or OF_MEMBERS; a debt is only ever forgiven. `owner`: the member's or the purse's.
    """

    id: UUID
    kind: str
    owner: str
    unit: str
    amount: int
    store: str
    reason: str
    by: str
    receipt: str = ""

    @property
    def account(self) -> AccountKey:
        """The account it is about."""
        return AccountKey(self.kind, self.owner, self.unit)


def ask(session: Session, wanted: Correction, *, now_ms: int) -> ValueCorrection:
    """Write a correction down, once; nothing moves yet. Raise Invalid, NotFound, Conflict for a known id."""
    known = session.get(ValueCorrection, wanted.id)
    if known is not None:
        said = (known.kind, known.owner, known.unit, known.amount, known.store_id, known.asked_by)
        if said != (wanted.kind, wanted.owner, wanted.unit, wanted.amount, wanted.store, wanted.by):
            raise Conflict(f"correction {wanted.id} was asked for before, for something else")
        return known
    member = _check(session, wanted)
    row = ValueCorrection(
        id=wanted.id, kind=wanted.kind, owner=wanted.owner, unit=wanted.unit, amount=wanted.amount, member_id=member,
        store_id=wanted.store, receipt=wanted.receipt, reason=wanted.reason.strip(), state=ASKED, asked_by=wanted.by,
        asked_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "value.ask_correction", by=wanted.by, reason=row.reason, now_ms=now_ms)
    return row


def _check(session: Session, wanted: Correction) -> UUID | None:
    """Return whose it is, None for an unnamed card's."""
    if not wanted.amount or abs(wanted.amount) > MOST:
        raise Invalid(f"amount: a correction moves something, and at most {MOST}")
    if not wanted.reason.strip():
        raise Invalid("reason: say what went wrong and what the correction rests on")
    if wanted.kind in DEBTS and wanted.amount < 0:
        raise Invalid("amount: a debt can be forgiven, not made by hand")
    if session.get(Store, wanted.store) is None:
        raise NotFound(f"there is no store {wanted.store!r}")
    if wanted.kind in OF_PURSES:
        return _purse_of(session, wanted.owner, wanted.unit).member_id
    if wanted.kind not in OF_MEMBERS or wanted.unit != POINTS:
        raise Invalid(f"kind: one of {', '.join((*OF_PURSES, *OF_MEMBERS))}, and points are {POINTS}")
    try:
        member = UUID(wanted.owner)
    except ValueError:
        raise Invalid("owner: a member's id") from None
    if session.get(Member, member) is None:
        raise NotFound(f"there is no member {member}")
    return member


def decide(
    session: Session, commit_no: int, correction: UUID, *, by: str, approve: bool, note: str, at_ms: int, now_ms: int
) -> ValueCorrection:
    """Post a correction or refuse it, once; whoever asked cannot decide (`same_person`, `person_needed`).

    Refused also where what is to be taken, or forgiven, is not there (`value_gone`, `no_debt`), or a purse would hold
    too much (`cap_exceeded`). Raise NotFound, Conflict where somebody decided before.
    """
    row = session.get(ValueCorrection, correction, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no correction {correction}")
    wanted = POSTED if approve else REFUSED
    if row.state != ASKED:
        if (row.state, row.decided_by) == (wanted, by):
            return row
        raise Conflict(f"correction {correction} is {row.state}")
    require_second(session, by, row.asked_by)
    if approve:
        _post(session, commit_no, row, at_ms=at_ms)
    row.state, row.decided_by, row.decided_ms, row.note = wanted, by, now_ms, note.strip()
    session.add(row)
    session.flush()
    if approve and row.member_id is not None:
        dirt.note(session, commit_no, [(one_person.now_of(session, row.member_id), dirt.HEAD_OFFICE, 0)])
    _note(session, row, f"value.correction_{wanted}", by=by, reason=row.note, now_ms=now_ms)
    return row


def waiting(session: Session) -> Sequence[ValueCorrection]:
    """Return the corrections that nobody has decided, the oldest first."""
    query = select(ValueCorrection).where(ValueCorrection.state == ASKED)
    return session.exec(query.order_by(col(ValueCorrection.asked_ms), col(ValueCorrection.id))).all()


def _post(session: Session, commit_no: int, row: ValueCorrection, *, at_ms: int) -> None:
    account = AccountKey(row.kind, _owner_now(session, row), row.unit)
    if row.kind in OF_PURSES:
        _require_purse(session, row, account.owner)
    stands, recovered = _locked(session, account, row.amount)
    if row.kind in DEBTS and row.amount > -stands:
        raise Refused("no_debt", f"only {max(-stands, 0)} {row.unit} are owed")
    legs = [Leg(account, row.amount - recovered), Leg(AccountKey(CORRECTED, row.store_id, row.unit), -row.amount)]
    if recovered:
        legs.append(Leg(debt_account(account), recovered))
    journal = Journal(
        cause=row.id, purpose=PURPOSE, at_ms=at_ms, store=row.store_id, member=row.member_id, receipt=row.receipt,
        legs=tuple(leg for leg in legs if leg.amount),
    )  # fmt: skip
    parts: list[lots.Part] = []
    if row.amount < 0:
        parts, rest = lots.take(session, account, -row.amount)
        if rest:
            raise Refused(VALUE_GONE, f"{rest} {row.unit} of what is to be taken are not there")
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, row.store_id)
    if row.amount > 0 and KINDS[row.kind].lots:
        ends = _expires_on(session, row, at_ms) if row.kind == MEMBER_POINTS else None
        new = NewLot(
            account=account, key=journal.key, store=row.store_id, amount=row.amount - recovered, expires_on=ends
        )
        lots.bring(session, [new])


def _locked(session: Session, account: AccountKey, amount: int) -> tuple[int, int]:
    """Lock an account; return what it holds, and how much of what is given settles points owed: first, as everywhere.

    What a purse owes is a correction of its own.
    """
    if account.kind != MEMBER_POINTS or amount < 1:
        return lock_balances(session, [account])[account], 0
    debt = debt_account(account)
    held = lock_balances(session, [account, debt])
    return held[account], min(max(-held[debt], 0), amount)


def _expires_on(session: Session, row: ValueCorrection, at_ms: int) -> date | None:
    """Return when points end that are given now: as those earned today at the store that they belong to."""
    shop = session.get_one(Store, row.store_id)
    today = business_date(at_ms, ZoneInfo(shop.time_zone), shop.day_cutoff_minutes)
    rule = loyalty_rules.load(session).earning_on(today)
    return None if rule is None else rule.expires_on(today)


def _owner_now(session: Session, row: ValueCorrection) -> str:
    """Return whose account it is by now: nobody can spend of one who was made one with another.

    Raise Refused (`member_closed`) where it would give something to somebody who has left.
    """
    if row.member_id is None:
        return row.owner
    look = one_person.asked_about if row.amount > 0 else one_person.now_of
    return str(look(session, row.member_id))


def _require_purse(session: Session, row: ValueCorrection, owner: str) -> None:
    purse, holding = purses.lock(session, _purse_of(session, owner, row.unit).id)
    if purse.state == RETURNED:
        raise Refused("purse_returned", f"purse {purse.id} was given back and paid out")
    if row.amount > 0 and row.kind != PURSE_DEBT:
        require_room(rules.current(session), purse, holding, row.amount)


def _purse_of(session: Session, owner: str, unit: str) -> Purse:
    found = session.exec(select(Purse).where(Purse.owner == owner, Purse.currency == unit)).first()
    if found is None:
        raise NotFound(f"{owner} has no purse in {unit}")
    return found


def _note(session: Session, row: ValueCorrection, action: str, *, by: str, reason: str, now_ms: int) -> None:
    audit.record(
        session, at_ms=now_ms, actor=by, action=action, subject=row.owner, reason=reason,
        detail=f"correction {row.id}: {row.amount:+d} {row.unit} ({row.kind})",
    )  # fmt: skip
