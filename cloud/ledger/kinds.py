"""Account kinds: which accounts there are, whose they are, and whether they may stand below zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

POINTS = "POINTS"
"""The unit of points. Any other unit is an ISO 4217 currency code, counted in minor units."""

COUPONS = "COUPONS"
"""The unit of coupons: one each, whatever it is worth."""

MEMBER_POINTS = "member_points"
MEMBER_POINTS_HELD = "member_points_held"
MEMBER_DEBT = "member_debt"
POINTS_ISSUED = "points_issued"
POINTS_SPENT = "points_spent"
POINTS_EXPIRED = "points_expired"
POINTS_REWARDED = "points_rewarded"

PURSE_PRINCIPAL = "purse_principal"
PURSE_PRINCIPAL_HELD = "purse_principal_held"
PURSE_GIFT = "purse_gift"
PURSE_GIFT_HELD = "purse_gift_held"
PURSE_DEBT = "purse_debt"
VALUE_SOLD = "value_sold"
VALUE_GRANTED = "value_granted"
VALUE_TAKEN = "value_taken"
VALUE_PAID_BACK = "value_paid_back"
VALUE_FEES = "value_fees"
VALUE_FORFEITED = "value_forfeited"

COUPONS_ISSUED = "coupons_issued"
COUPONS_OPEN = "coupons_open"
COUPONS_USED = "coupons_used"
COUPONS_ENDED = "coupons_ended"

CORRECTED = "corrected"
SHORTFALL = "shortfall"
OPENING = "opening"


@dataclass(frozen=True, slots=True)
class AccountKind:
    """What all accounts of a kind have in common.

    `owner` says what an owner id means. `keeps_balance`: a balance row is kept and locked by every posting;
    the rest are contra accounts, summed when somebody asks, so that no row is hot. `may_owe`: the balance may fall
    below zero. `held_in`: the kind that holds of this one move to. `debt_in`: the kind that shows what was taken by
    force and was not there. `lots`: what it holds lies in lots, each with its own date.
    """

    owner: str
    keeps_balance: bool
    may_owe: bool
    held_in: str = ""
    debt_in: str = ""
    lots: bool = False


def _contra(owner: str) -> AccountKind:
    return AccountKind(owner=owner, keeps_balance=False, may_owe=True)


def _held(owner: str) -> AccountKind:
    return AccountKind(owner=owner, keeps_balance=True, may_owe=False)


def _spendable(owner: str, *, held_in: str, debt_in: str) -> AccountKind:
    return AccountKind(owner=owner, keeps_balance=True, may_owe=False, held_in=held_in, debt_in=debt_in, lots=True)


def _debt(owner: str) -> AccountKind:
    return AccountKind(owner=owner, keeps_balance=True, may_owe=True)


KINDS: Mapping[str, AccountKind] = {
    MEMBER_POINTS: _spendable("member", held_in=MEMBER_POINTS_HELD, debt_in=MEMBER_DEBT),
    MEMBER_POINTS_HELD: _held("member"),
    MEMBER_DEBT: _debt("member"),
    POINTS_ISSUED: _contra("store"),
    POINTS_SPENT: _contra("store"),
    POINTS_EXPIRED: _contra("store"),
    POINTS_REWARDED: _contra("reward"),
    PURSE_PRINCIPAL: _spendable("purse", held_in=PURSE_PRINCIPAL_HELD, debt_in=PURSE_DEBT),
    PURSE_PRINCIPAL_HELD: _held("purse"),
    PURSE_GIFT: _spendable("purse", held_in=PURSE_GIFT_HELD, debt_in=PURSE_DEBT),
    PURSE_GIFT_HELD: _held("purse"),
    PURSE_DEBT: _debt("purse"),
    VALUE_SOLD: _contra("store"),
    VALUE_GRANTED: _contra("store"),
    VALUE_TAKEN: _contra("store"),
    VALUE_PAID_BACK: _contra("store"),
    VALUE_FEES: _contra("store"),
    VALUE_FORFEITED: _contra("store"),
    COUPONS_ISSUED: _contra("batch"),
    COUPONS_OPEN: _contra("batch"),
    COUPONS_USED: _contra("store"),
    COUPONS_ENDED: _contra("batch"),
    CORRECTED: _contra("store"),
    SHORTFALL: _contra("store"),
    OPENING: _contra("import"),
}
"""Every kind. A new one is a line here; it needs no migration."""
