"""What a refused command asks for before it can be done: shown in place, answered by the same command again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.wire.policies import Approval, Reason, StaffRole


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """Somebody of this role has to approve `what`, which `by` wants to do."""

    what: Approval
    role: StaffRole
    by: str


@dataclass(frozen=True, slots=True)
class AgeAsked:
    """The buyer must be `years` old: born on or before this date (YYYY-MM-DD). Confirm, and ring `code` up again."""

    years: int
    born_by: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAsked:
    """What a piece of this costs has to be asked for: usually `suggested_minor`, freely between the other two."""

    code: str
    names: dict[str, str]
    least_minor: int
    most_minor: int
    suggested_minor: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class ReasonAsked:
    """One of these reasons has to be named."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class HeldAsked:
    """Each of these held baskets has to move to the next shift or be cancelled."""

    baskets: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ReceiptAsked:
    """One of these tills' receipts is meant."""

    tills: tuple[str, ...]


Ask = ApprovalAsked | AgeAsked | PriceAsked | ReasonAsked | HeldAsked | ReceiptAsked


@dataclass(frozen=True, slots=True)
class Approve:
    """Somebody approves in place: by code and PIN, or by staff card."""

    staff: str = ""
    pin: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody whose PIN or card was right."""

    code: str
    role: StaffRole


@dataclass(frozen=True, slots=True)
class Expects:
    """What whoever gives a command sees: this basket at this step (None and 0: none open)."""

    basket: UUID | None
    steps: int
