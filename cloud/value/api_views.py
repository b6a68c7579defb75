"""What the API of stored value takes and answers. Amounts are minor units or, of points, whole."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_MOST = 1_000_000_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IssuerView(BaseModel):
    """What one legal entity owes in a currency, in minor units; `held_minor` of it is set aside just now."""

    issuer: str
    currency: str
    principal_minor: int
    gift_minor: int
    held_minor: int
    purses: int


class MonthView(BaseModel):
    """What happened to stored value in a month (`2026-01`) and a currency, in minor units."""

    month: str
    currency: str
    sold_minor: int
    granted_minor: int
    drawn_minor: int
    paid_back_minor: int


class OwedView(BaseModel):
    """The chain's liability by issuer and its last twelve months, as the ledger last proved them.

    `as_of_ms` is the wall time of that proof, null (and nothing listed) before the first. `holds` is false while a
    later proof does not bear these figures out: see `/ledger/proofs/newest`.
    """

    as_of_ms: int | None = None
    holds: bool = True
    issuers: list[IssuerView]
    months: list[MonthView]


class PurseView(BaseModel):
    """A purse and what it holds, in minor units. `member` is null for a card that is nobody's."""

    id: UUID
    member: UUID | None
    card: UUID | None
    state: str
    currency: str
    issuer: str | None
    principal_minor: int
    gift_minor: int
    principal_held_minor: int
    gift_held_minor: int
    owed_minor: int


class NewTopUp(_Body):
    """Money for a purse. `receipt` is what its buyer got; `identified`: their identity was taken down."""

    minor: int = Field(ge=1, le=_MOST)
    at_ms: int = Field(ge=0, description="When the money was taken, business time in milliseconds.")
    store: str = Field(max_length=32)
    till: str = Field(default="", max_length=64)
    cashier: str = Field(default="", max_length=64)
    receipt: str = Field(default="", max_length=64)
    identified: bool = False


class ToppedUp(BaseModel):
    """What a top-up brought: to the purse, as gift money, and against what the purse owed."""

    principal_minor: int
    gift_minor: int
    recovered_minor: int


class NewReturn(_Body):
    """Somebody wants a purse paid back; it is frozen from now on."""

    purse: UUID
    store: str = Field(max_length=32)
    reason: str = Field(min_length=1, max_length=500)


class ReturnView(BaseModel):
    """An application: `applied`, `paid` or `refused`; amounts are final from the decision on (minor units)."""

    id: UUID
    purse: UUID
    state: str
    store: str
    reason: str
    applied_by: str
    decided_by: str | None
    fee_minor: int
    recovered_minor: int
    paid_minor: int
    forfeited_minor: int
    handed_by: str | None
    handed_how: str


class Decision(_Body):
    """Yes or no, and what whoever decides has to say."""

    approve: bool
    note: str = Field(default="", max_length=500)


class HandOver(_Body):
    """How the money was given: `cash`, or the reference of a transfer."""

    how: str = Field(min_length=1, max_length=100)


class NewCorrection(_Body):
    """So much more (or, below zero, less) of an account of somebody's; `owner` is the member's or the purse's owner."""

    kind: str = Field(pattern="^(purse_principal|purse_gift|purse_debt|member_points|member_debt)$")
    owner: str = Field(max_length=36)
    unit: str = Field(max_length=8)
    amount: int = Field(ge=-_MOST, le=_MOST)
    store: str = Field(max_length=32)
    receipt: str = Field(default="", max_length=64)
    reason: str = Field(min_length=1, max_length=500)


class CorrectionView(BaseModel):
    """A correction: `asked`, `posted` or `refused`."""

    id: UUID
    kind: str
    owner: str
    unit: str
    amount: int
    state: str
    reason: str
    asked_by: str
    decided_by: str | None
    note: str


class SettledView(BaseModel):
    """What one store took of what another sold in a month, less what came back in it (minor units)."""

    sold_by: str
    sold_by_company: str
    taken_by: str
    taken_by_company: str
    currency: str
    principal_minor: int
    gift_minor: int


class DebtView(BaseModel):
    """Who owes how much: a member (points), a purse (money), or the shortfall of a store."""

    kind: str
    owner: str
    unit: str
    amount: int


class Freeing(_Body):
    """Why a hold is freed by force."""

    reason: str = Field(min_length=1, max_length=500)
