"""What a member holds that is worth money or a gift, read from the tables of whoever keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.ledger.kinds import PURSE_GIFT, PURSE_GIFT_HELD, PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD
from cloud.ledger.models import Balance
from cloud.member_page.rendering import Money
from cloud.org.models import Store
from cloud.value import purses
from cloud.value.models import FROZEN, RETURNED, Purse


@dataclass(frozen=True, slots=True)
class PurseShown:
    """A member's stored value in one currency."""

    principal: Money
    gift: Money
    held: Money
    total: Money
    frozen: bool

    @property
    def currency(self) -> str:
        """Return which money it is."""
        return self.total.currency

    def signed(self, minor: int) -> str:
        """Write what came or went of this money, with its sign."""
        return f"{'+' if minor > 0 else ''}{Money(minor, self.total.currency, self.total.exponent)}"


def purses_of(session: Session, member: UUID) -> Sequence[PurseShown]:
    """Return a member's stored value, a purse for each currency that has or had some."""
    row = table_of(Purse)
    query = select(Purse).where(row.c.member_id == member, row.c.state != RETURNED).order_by(row.c.currency)
    return [_shown(session, purse) for purse in session.execute(query).scalars()]


def _shown(session: Session, purse: Purse) -> PurseShown:
    exponent = session.execute(
        select(col(Store.exponent)).where(col(Store.currency) == purse.currency).limit(1)
    ).scalar_one_or_none()
    digits = 2 if exponent is None else exponent

    def amount(*kinds: str) -> Money:
        return Money(sum(_balance(session, purse, kind) for kind in kinds), purse.currency, digits)

    return PurseShown(
        principal=amount(PURSE_PRINCIPAL),
        gift=amount(PURSE_GIFT),
        held=amount(PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD),
        total=amount(PURSE_PRINCIPAL, PURSE_GIFT, PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD),
        frozen=purse.state == FROZEN,
    )


def _balance(session: Session, purse: Purse, kind: str) -> int:
    balance = table_of(Balance)
    account = purses.account(purse, kind).id
    found = session.execute(select(balance.c.amount).where(balance.c.account_id == account)).scalar_one_or_none()
    return int(found or 0)
