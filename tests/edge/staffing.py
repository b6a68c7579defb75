"""A store with people, shifts and policies, for tests of the till: cheap PINs, everything decided."""

from __future__ import annotations

import msgspec

from edge_agent.till.asks import Approve
from shared.pins import card_digest, hash_secret
from shared.wire.desired import StoreSettings
from shared.wire.policies import Reason, StaffMember, StaffRole, TillPolicies
from tests.edge.tills import Store

CHEAP = (4, 1, 1)
SALT = bytes(16)
ANNA_CARD = "770001"


def pin(digits: str) -> str:
    """Return a PIN's hash that takes no time."""
    return hash_secret(digits, SALT, CHEAP)


def member(code: str, digits: str, role: StaffRole = StaffRole.CASHIER, *, adult: bool = True) -> StaffMember:
    card = card_digest(ANNA_CARD, SALT) if code == "anna" else b""
    return StaffMember(code=code, name=code.title(), role=role, pin=pin(digits), card=card, adult=adult)


STAFF = [
    member("anna", "2580"),
    member("young", "1472", adult=False),
    member("sue", "3690", StaffRole.SUPERVISOR),
    member("max", "7531", StaffRole.MANAGER),
]
SUE = Approve(staff="sue", pin="3690")
MAX = Approve(staff="max", pin="7531")


def reasons(*codes: str) -> list[Reason]:
    return [Reason(code=code, words={"en": code, "zh": "原因"}) for code in codes]


def staffed(store: Store, **policies: object) -> StoreSettings:
    """Give the store people who sign in; `policies` are those of the store."""
    chosen = TillPolicies(**{"sign_in": "pin", **policies})  # type: ignore[arg-type]
    store.settings = msgspec.structs.replace(
        store.settings, staff=STAFF, staff_card_salt=SALT, policies=chosen, locale="zh"
    )
    return store.settings


def open_to_all(store: Store, **policies: object) -> StoreSettings:
    """Give the store policies, and nobody who has to sign in."""
    store.settings = msgspec.structs.replace(
        store.settings,
        policies=TillPolicies(**policies),
        staff_card_salt=SALT,  # type: ignore[arg-type]
    )
    return store.settings
