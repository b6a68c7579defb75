"""What somebody could pay with just now, for a till that is about to ask for it: read, and nothing set aside."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from cloud.coupons.models import ISSUED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.errors import Invalid
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.reading import balance_of_account, points_of
from cloud.members import blocks, cards, one_person
from cloud.members.models import ACTIVE, CLOSED, PENDING, Member
from cloud.org.models import Store
from cloud.privacy import CannotOpen, Vault, normal
from cloud.value import purses
from cloud.value.models import OPEN
from shared.calendar import business_date
from shared.wire.asks import Refused
from shared.wire.wallet_asks import AskWallet, Wallet, WalletCoupon

MOST_COUPONS = 50
"""Of more, the first to end are listed: nobody reads on at a till."""


class _Owner(NamedTuple):
    member: UUID | None
    card: UUID | None


def wallet_of(session: Session, vault: Vault, store: str, ask: AskWallet, *, now_ms: int) -> Wallet | Refused:
    """Say what a member, or the card that carries it, can spend at a store. `now_ms` is business time.

    Refused: `nobody`, `card_unreadable`, `card_unknown`, `card_lost` and its like, `member_closed`.
    """
    owner = _owner(session, vault, ask)
    if isinstance(owner, Refused):
        return owner
    shop = session.get_one(Store, store)
    value = _value(session, owner, shop.currency)
    if owner.member is None:
        return Wallet(value_minor=value or 0, has_value=value is not None, named=False)
    person = session.get(Member, owner.member)
    if person is None or person.status in (CLOSED, PENDING):
        return Refused(code="member_closed")
    today = business_date(now_ms, ZoneInfo(shop.time_zone), shop.day_cutoff_minutes)
    return Wallet(
        value_minor=value or 0,
        has_value=value is not None,
        points=points_of(session, [owner.member])[owner.member],
        blocks=sorted(blocks.standing(session, [owner.member]).get(owner.member, ())),
        coupons=_coupons(session, owner.member, today) if ask.coupons else [],
    )


def _owner(session: Session, vault: Vault, ask: AskWallet) -> _Owner | Refused:
    if ask.member is not None:
        return _Owner(one_person.now_of(session, ask.member), None)
    if ask.sealed_card is None:
        return Refused(code="nobody")
    try:
        found = cards.find(session, vault, normal.card(vault.unseal(ask.sealed_card)))
    except (CannotOpen, Invalid):
        return Refused(code="card_unreadable")
    if found is None:
        return Refused(code="card_unknown")
    if found.status != ACTIVE:
        return Refused(code=f"card_{found.status}")
    return _Owner(found.member, None if found.member else found.card)


def _value(session: Session, owner: _Owner, currency: str) -> int | None:
    """Return what a purse has that is not set aside, None where there is no purse; a closed one has nothing."""
    purse = purses.find(session, member=owner.member, card=owner.card, currency=currency)
    if purse is None:
        return None
    if purse.state != OPEN:
        return 0
    return sum(balance_of_account(session, purses.account(purse, kind).id) for kind in (PURSE_PRINCIPAL, PURSE_GIFT))


def _coupons(session: Session, member: UUID, today: date) -> list[WalletCoupon]:
    """Return the coupons a member can use today, the first to end first."""
    coupon, batch = table_of(Coupon), table_of(CouponBatch)
    rows = session.execute(
        select(coupon.c.code, coupon.c.ends, batch.c.promotion)
        .join(batch, batch.c.id == coupon.c.batch)
        .where(
            coupon.c.member_id == member,
            coupon.c.state == ISSUED,
            coupon.c.starts <= today,
            coupon.c.ends >= today,
            ~batch.c.closed,
        )
        .order_by(coupon.c.ends, coupon.c.code)
        .limit(MOST_COUPONS)
    )
    # A use of a public code is listed under a code of its own, which nobody can type.
    return [WalletCoupon(code=row.code, promotion=row.promotion, ends=row.ends) for row in rows if "~" not in row.code]
