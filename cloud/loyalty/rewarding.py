"""Points that a chain gives for something else than a purchase: a journal with a reason, a lot with its dates, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from cloud import ledger
from cloud.ledger import AccountKey, Journal, Leg, lots
from cloud.ledger.kinds import POINTS, POINTS_REWARDED
from cloud.ledger.reading import journals_by_key
from cloud.loyalty import debts, rules
from cloud.loyalty.earning import member_legs, points_account

HEAD_OFFICE = "hq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """Points for a member. `cause` and `purpose` make it one for ever; `source` is whose cost it is (`birthday`)."""

    cause: UUID
    purpose: str
    member: UUID
    points: int
    source: str
    at_ms: int
    day: date
    store: str = HEAD_OFFICE
    rule_version: int | None = None

    @property
    def key(self) -> tuple[UUID, str]:
        """Return what its journal is known by."""
        return self.cause, self.purpose


def give(session: Session, commit_no: int, reward: Reward) -> bool:
    """Give points that end as those earned on that day do; what their member owes is settled first.

    Return False where they had been given before.
    """
    if journals_by_key(session, [reward.key]):
        return False
    recovered = debts.settled(debts.lock(session, {reward.member}), reward.member, reward.points)
    given_by = Leg(AccountKey(POINTS_REWARDED, reward.source, POINTS), -reward.points)
    journal = Journal(
        cause=reward.cause,
        purpose=reward.purpose,
        at_ms=reward.at_ms,
        store=reward.store,
        rule_version=reward.rule_version,
        member=reward.member,
        legs=(*member_legs(reward.member, reward.points - recovered, recovered), given_by),
    )
    if not ledger.post(session, commit_no, [journal]):
        return False
    rule = rules.load(session).earning_on(reward.day)
    lot = lots.NewLot(
        account=points_account(reward.member),
        key=reward.key,
        store=reward.store,
        amount=reward.points - recovered,
        expires_on=None if rule is None else rule.expires_on(reward.day),
    )
    lots.bring(session, [lot])
    return True
