"""A return as it is decided: which lines of which sale, what for, and how the money goes back."""

from __future__ import annotations

from uuid import UUID

import msgspec

from shared.wire.events import ReturnedLine, TenderKind


class RefundPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money back by one way. `of_tender` is the place of the sale's tender it goes back to, None for none of them.

    `attempt` names the asking of a gateway, `pays_back` the gateway's reference of the payment. `of_hold` is what HQ
    had set aside for that tender, where it was members' value: it goes back to the very account it came from.
    """

    method: TenderKind
    minor: int
    of_tender: int | None = None
    attempt: UUID | None = None
    pays_back: str = ""
    of_hold: UUID | None = None


class ReturnPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A return on its way: everything its event will say, stored before any money is asked to move.

    `seen` is what had come back of each of its lines when it was planned: (line, quantity, minor units paid back).
    """

    id: UUID
    original: UUID
    lines: list[ReturnedLine]
    refunds: list[RefundPart]
    total_minor: int
    cashier: str = ""
    approved_by: str = ""
    void: bool = False
    exchange: UUID | None = None
    shift: UUID | None = None
    seen: list[tuple[int, int, int]] = []
