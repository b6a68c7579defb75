"""Points handed from one member to another, where the chain allows it: each part keeps its date, both sides at once.

What the taker owes is settled by them first. Asked for under an id that its asker made: done once, however often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Uuid, func, select
from sqlmodel import Session

from cloud import audit, ledger
from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots
from cloud.ledger.kinds import POINTS, POINTS_REWARDED
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import Part, Pick
from cloud.ledger.models import Lot
from cloud.ledger.reading import points_of
from cloud.ledger.requests import Answered, once
from cloud.loyalty import debts
from cloud.loyalty.club_models import PointsTransfer
from cloud.loyalty.earning import debt_account, member_legs, points_account
from cloud.members import blocks, changing, dirt, one_person, rules
from cloud.members.models import FamilyMember
from shared.money import BASIS_POINTS, allocate

KIND = "points_transfer"
PURPOSE = "transfer"
FEE = "transfer_fee"
HEAD_OFFICE = "hq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Who hands how many points to whom, and on which day."""

    id: UUID
    giver: UUID
    taker: UUID
    points: int
    today: date
    actor: str


def transfer(session: Session, wanted: Transfer, *, now_ms: int, business_ms: int) -> Answered:
    """Hand points on, once. The answer has `points`, `fee`, `received` and the giver's `balance`.

    Refused by code: `transfers_off`, `not_family`, `too_few`, `too_many`, `month_full`, `points_short`,
    `points_blocked`, `points_owed`, and those of members who have left.
    """
    content = {
        "giver": str(wanted.giver), "taker": str(wanted.taker), "points": wanted.points, "actor": wanted.actor,
    }  # fmt: skip
    return once(session, wanted.id, KIND, content, lambda: _do(session, wanted, now_ms, business_ms), now_ms=now_ms)


def _do(session: Session, wanted: Transfer, now_ms: int, business_ms: int) -> Mapping[str, Any]:
    rule = rules.newest(session, rules.Transfers)
    if wanted.giver == wanted.taker:
        raise Invalid("points go from one member to another")
    for member in sorted((wanted.giver, wanted.taker)):
        changing.active(session, member)
    check(session, wanted, rule)
    fee = fee_of(rule, wanted.points)
    giver, taker = points_account(wanted.giver), points_account(wanted.taker)
    held = lock_balances(session, [giver, taker, debt_account(wanted.giver), debt_account(wanted.taker)])
    if held[debt_account(wanted.giver)] < 0:
        raise Refused("points_owed", "this member owes points: what they collect settles that first")
    if lots.spendable(session, giver, Pick(today=wanted.today)) < wanted.points:
        raise Refused("points_short", "the member has fewer points that can be spent today")
    parts, _ = lots.take(session, giver, wanted.points, Pick(today=wanted.today))
    commit_no = open_commit(session, now_ms)
    split = _Split(parts, fee, max(-held[debt_account(wanted.taker)], 0))
    _post(session, commit_no, wanted, split, rule_version=rule.version, at_ms=business_ms)
    session.add(
        PointsTransfer(
            id=wanted.id, giver_id=wanted.giver, taker_id=wanted.taker, points=wanted.points, fee=fee,
            day=wanted.today, rule_version=rule.version, actor=wanted.actor, at_ms=now_ms,
        )
    )  # fmt: skip
    dirt.note(session, commit_no, [(one, dirt.HEAD_OFFICE, 0) for one in (wanted.giver, wanted.taker)])
    audit.record(
        session, at_ms=now_ms, actor=wanted.actor, action="points.transfer", subject=str(wanted.giver),
        detail=f"{wanted.points} points to {wanted.taker}, fee {fee}",
    )  # fmt: skip
    session.flush()
    balance = points_of(session, [wanted.giver])[wanted.giver]
    return {"points": wanted.points, "fee": fee, "received": wanted.points - fee, "balance": balance}


def fee_of(rule: rules.Transfers, points: int) -> int:
    """Return how many of the points handed on stay with the chain, rounded up."""
    return -(-points * rule.fee_bp // BASIS_POINTS)


def given_in_month(session: Session, giver: UUID, today: date) -> int:
    """Return how many points a member has handed on in the month of a day so far, under whichever of their ids."""
    transfer_, ids = table_of(PointsTransfer), one_person.ids_of(session, [giver])
    query = select(func.coalesce(func.sum(transfer_.c.points), 0)).where(
        transfer_.c.giver_id.in_(sorted(ids)), transfer_.c.day >= today.replace(day=1)
    )
    return int(session.execute(query).scalar_one())


def check(session: Session, wanted: Transfer, rule: rules.Transfers) -> None:
    """Raise Refused where the rule or a block is against it, with the codes of `transfer`; points are not looked at."""
    if rule.to == "nobody":
        raise Refused("transfers_off", "this chain does not let members hand points on")
    if rule.to == "family" and not same_family(session, wanted.giver, wanted.taker):
        raise Refused("not_family", "points are handed on within a family only")
    if wanted.points < rule.least:
        raise Refused("too_few", f"at least {rule.least} points are handed on at a time")
    if wanted.points > rule.most_at_once:
        raise Refused("too_many", f"at most {rule.most_at_once} points are handed on at a time")
    given = given_in_month(session, wanted.giver, wanted.today)
    if given + wanted.points > rule.most_in_a_month:
        raise Refused("month_full", f"at most {rule.most_in_a_month} points a month; {given} have gone already")
    barred = blocks.standing(session, [wanted.giver, wanted.taker])
    not_buying = blocks.BUY in barred.get(wanted.giver, ())  # spends nothing of theirs, points handed on included
    if not_buying or any(blocks.POINTS in kinds for kinds in barred.values()):
        raise Refused("points_blocked", "one of the two may neither collect nor spend points for now")


def same_family(session: Session, one: UUID, other: UUID) -> bool:
    """Tell whether two members belong to one family."""
    mine, theirs = table_of(FamilyMember).alias("mine"), table_of(FamilyMember).alias("theirs")
    query = select(mine.c.family_id).join(theirs, theirs.c.family_id == mine.c.family_id)
    return session.execute(query.where(mine.c.member_id == one, theirs.c.member_id == other)).first() is not None


class _Split(NamedTuple):
    """The parts of lots that go, the fee that is taken of them, and what the taker owes."""

    parts: list[Part]
    fee: int
    owed: int


def _post(session: Session, commit_no: int, wanted: Transfer, split: _Split, *, rule_version: int, at_ms: int) -> None:
    """Post a journal for each part, so that each comes as a lot with the date it had."""
    giver, taker = points_account(wanted.giver), points_account(wanted.taker)
    fees = allocate(split.fee, [part.amount for part in split.parts])
    dates, owed = _dates(session, split.parts), {wanted.taker: split.owed}
    for part, kept in zip(split.parts, fees, strict=True):
        key = (uuid5(wanted.id, str(part.lot)), PURPOSE)
        recovered = debts.settled(owed, wanted.taker, part.amount - kept)
        coming = part.amount - kept - recovered
        legs = [Leg(giver, -part.amount), *member_legs(wanted.taker, coming, recovered), Leg(_fees(), kept)]
        journal = Journal(
            cause=key[0], purpose=key[1], at_ms=at_ms, store=HEAD_OFFICE, rule_version=rule_version,
            member=wanted.giver, legs=tuple(leg for leg in legs if leg.amount),
        )  # fmt: skip
        ledger.post(session, commit_no, [journal])
        lots.used(session, key, [part], HEAD_OFFICE)
        new = lots.NewLot(account=taker, key=key, store=HEAD_OFFICE, amount=coming, expires_on=dates[part.lot])
        lots.bring(session, [new])


def _dates(session: Session, parts: list[Part]) -> dict[UUID, date | None]:
    lot = table_of(Lot)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(part.lot,) for part in parts])
    rows = session.execute(select(lot.c.id, lot.c.expires_on).join(wanted, wanted.c.id == lot.c.id))
    return {row.id: row.expires_on for row in rows}


def _fees() -> AccountKey:
    """Return where the fee goes: what rewards cost the chain is so much less."""
    return AccountKey(POINTS_REWARDED, FEE, POINTS)
