"""Account kinds: which accounts there are, whose they are, and whether they may stand below zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

POINTS = "POINTS"
"""The unit of points. Any other unit is an ISO 4217 currency code, counted in minor units."""

MEMBER_POINTS = "member_points"
POINTS_ISSUED = "points_issued"


@dataclass(frozen=True, slots=True)
class AccountKind:
    """What all accounts of a kind have in common.

    `owner` says what an owner id means. `keeps_balance`: a balance row is kept and locked by every posting;
    the rest are contra accounts, summed when somebody asks, so that no row is hot. `may_owe`: the balance may fall
    below zero.
    """

    owner: str
    keeps_balance: bool
    may_owe: bool


KINDS: Mapping[str, AccountKind] = {
    MEMBER_POINTS: AccountKind(owner="member", keeps_balance=True, may_owe=False),
    POINTS_ISSUED: AccountKind(owner="store", keeps_balance=False, may_owe=True),
}
"""Every kind. A new one is a line here; it needs no migration."""
