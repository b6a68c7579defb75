"""Cash drawers that were opened without an event of their own saying so."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from shared.wire.event_base import Event


class DrawerReason(StrEnum):
    """Why a drawer was opened."""

    SALE = "sale"
    RETURN = "return"
    CASH_MOVE = "cash_move"
    NO_SALE = "no_sale"
    SHIFT = "shift"
    TEST = "test"
    BY_HAND = "by_hand"
    """Nobody ordered it: the drawer's switch told. By key, or by force."""


class DrawerOpened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="drawer"):
    """A drawer was opened for a reason that no other event tells: a test, or by hand. `cashier` is who stood there.

    An opening for a sale, a return or cash moved is told by that event, which says who and why, and makes none of
    these, unless the drawer could not be told to open (`kicked` false): somebody then used the key. `cause` is the
    event behind it.
    """

    reason: DrawerReason
    cause: UUID | None = None
    kicked: bool = True
