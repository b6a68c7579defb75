"""Year-end rebate: points for what members spent in a year, or for what they hold; worked out, approved, posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Invalid
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_REWARDED
from cloud.ledger.lots import NewLot
from cloud.ledger.models import Account, Balance
from cloud.ledger.reversing import Undo
from cloud.loyalty import debts
from cloud.loyalty.earning import member_legs, points_account
from cloud.loyalty.models import MemberYear
from cloud.members import one_person
from cloud.members.models import ACTIVE, Member
from cloud.members.reversals import reverse
from cloud.org.stores import house_money
from cloud.rewards.kinds import Item, Moved
from cloud.web.figures import money, with_sign
from shared.money import BASIS_POINTS
from shared.web.phrases import Phrase

REBATE = "rebate"
UNDO = "undo_rebate"
HEAD_OFFICE = "hq"
_MOST_BP = 100 * BASIS_POINTS
_MOST = 10**12


class Rebate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rate_bp` points per point held, or per whole unit of money spent in `year`, rounded down.

    `at_least` on either is needed to take part. `expires_on`: the first date on which the points are worth nothing.
    """

    year: int
    on: Literal["spend", "points"] = "spend"
    rate_bp: int
    at_least: int = 0
    expires_on: date | None = None


def items(session: Session, parameters: Mapping[str, Any]) -> list[Item]:
    """Return each member's points and what they are for."""
    rebate, house = _read(parameters), house_money(session)
    found: list[Item] = []
    for member, base in _bases(session, rebate):
        counted = base // 10 ** house[1] if rebate.on == "spend" else base
        points = counted * rebate.rate_bp // BASIS_POINTS
        if base >= rebate.at_least and points > 0:
            found.append((member, points, _why(rebate, base, house)))
    return found


def _why(rebate: Rebate, base: int, house: tuple[str, int]) -> Phrase:
    """Return in words what a member's points are for; money in that of the house (currency, exponent)."""
    rate = money(rebate.rate_bp, 2)
    if rebate.on == "points":
        return Phrase("{rate} points for each 100 of {base} points held", rate=rate, base=f"{base:,}")
    spent = with_sign(base, house[1], house[0])
    return Phrase("{rate} points for each 100 of {base} spent in {year}", rate=rate, base=spent, year=rebate.year)


def _bases(session: Session, rebate: Rebate) -> list[tuple[UUID, int]]:
    """Return what each member's points are counted by; whoever has left or was made one with another gets none."""
    member = table_of(Member)
    if rebate.on == "spend":
        row = table_of(MemberYear)
        query = select(row.c.member_id, row.c.spend_minor).join(member, member.c.id == row.c.member_id)
        query = query.where(row.c.year == rebate.year, member.c.status == ACTIVE)
        return [(one.member_id, int(one.spend_minor)) for one in session.execute(query.order_by(row.c.member_id))]
    account, balance = table_of(Account), table_of(Balance)
    rows = session.execute(
        select(account.c.owner, balance.c.amount)
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind == MEMBER_POINTS, account.c.unit == POINTS, balance.c.amount > 0)
        .order_by(account.c.owner)
    ).all()
    active = set(session.execute(select(member.c.id).where(member.c.status == ACTIVE)).scalars())
    return [(UUID(one.owner), int(one.amount)) for one in rows if UUID(one.owner) in active]


def post_items(
    session: Session, commit_no: int, run: UUID, parameters: Mapping[str, Any], found: Sequence[Any], *, at_ms: int
) -> Moved:
    """Give members their points, each in a lot of their own: to whom they are by now, and nothing to who has left.

    What they owe is settled first.
    """
    expires_on = _read(parameters).expires_on
    people = one_person.look(session, [item.subject for item in found])
    owed = debts.lock(session, {person.id for person in people.values() if not person.has_left})
    journals, new, given = [], [], {}
    for item in found:
        person = people.get(item.subject)
        if person is None or person.has_left:
            continue
        given[item.subject] = person.id
        recovered = debts.settled(owed, person.id, int(item.amount))
        given_by = Leg(AccountKey(POINTS_REWARDED, REBATE, POINTS), -item.amount)
        journal = Journal(
            cause=uuid5(run, str(item.subject)), purpose=REBATE, at_ms=at_ms, store=HEAD_OFFICE, member=person.id,
            legs=(*member_legs(person.id, int(item.amount) - recovered, recovered), given_by),
        )  # fmt: skip
        journals.append(journal)
        new.append(
            NewLot(
                account=points_account(person.id),
                key=journal.key,
                store=HEAD_OFFICE,
                amount=item.amount - recovered,
                expires_on=expires_on,
            )
        )
    post(session, commit_no, journals)
    lots.bring(session, new)
    amounts = {item.subject: int(item.amount) if item.subject in given else 0 for item in found}
    return Moved(amounts, set(given.values()))


def undo_items(session: Session, commit_no: int, run: UUID, found: Sequence[Any], *, at_ms: int, force: bool) -> Moved:
    """Take members' points back. Refused (`value_gone`) when some are spent, unless by force."""
    for item in found:
        cause = uuid5(run, str(item.subject))
        undo = Undo(cause=cause, purpose=UNDO, of=(cause, REBATE), at_ms=at_ms, store=HEAD_OFFICE, force=force)
        reverse(session, commit_no, undo)
    return Moved({item.subject: int(item.posted) for item in found}, {item.subject for item in found})


def _read(parameters: Mapping[str, Any]) -> Rebate:
    try:
        rebate = msgspec.convert(parameters, Rebate)
    except msgspec.ValidationError as error:
        raise Invalid(f"rebate: {error}") from None
    if not 1 <= rebate.rate_bp <= _MOST_BP or not 0 <= rebate.at_least <= _MOST:
        raise Invalid(Phrase("rebate: rate_bp is 1 to {bp}, at_least 0 to {most}", bp=_MOST_BP, most=_MOST))
    return rebate
