"""What every promotion has: when, for whom, where, on what, from how much, who pays, how often, and how it stacks."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import ClassVar, Literal

import msgspec

from shared.money import BASIS_POINTS, UnitPrice, money_text
from shared.pricing.context import Per
from shared.pricing.effect import Effect, Miss, Portion
from shared.pricing.model import Payer
from shared.pricing.scope import ALL, Scope
from shared.pricing.window import NO_WHEN, When


class Layer(IntEnum):
    """The steps of pricing, in order. Each takes what the one before left."""

    PRICE = 1
    ITEM = 2
    SET = 3
    ORDER = 4
    COUPON = 5
    POINTS = 6
    REWARD = 7
    """What the basket earns; no money comes off any more."""


class Stacking(StrEnum):
    """What happens when several promotions of one group could apply."""

    BEST = "best"
    """The combination that saves most; no unit is in two of them."""
    EXCLUSIVE = "exclusive"
    """The one promotion that saves most, alone."""
    STACK_ALL = "stack_all"
    """All, the one that saves most first, each on what those before it left."""


class Audience(StrEnum):
    """Who a promotion is for at all."""

    ALL = "all"
    MEMBERS = "members"
    NON_MEMBERS = "non_members"


class Who(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """For whom: every list given must fit. `purchases`: only on these purchases of a member, 1 being the first."""

    audience: Audience = Audience.ALL
    tiers: list[str] = []
    segments: list[str] = []
    purchases: list[int] = []

    @property
    def needs_member(self) -> bool:
        """Whether only a member can fit."""
        return self.audience is Audience.MEMBERS or bool(self.tiers or self.segments or self.purchases)


class Where(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """In which stores and at which kinds of till; empty means all."""

    stores: list[str] = []
    till_kinds: list[str] = []


class Basis(StrEnum):
    """Which amount a spend threshold looks at."""

    RUNNING = "running"
    """What the layers before left."""
    ORIGINAL = "original"
    """What the goods cost at regular price."""


class Need(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From how much on: pieces and spend within `scope` (None: the promotion's own).

    `basis` None: the running total, for coupons the original price. A weighed line counts as one piece.
    """

    quantity: int = 0
    spend_minor: int = 0
    basis: Basis | None = None
    scope: Scope | None = None

    def __post_init__(self) -> None:
        if self.quantity < 0 or self.spend_minor < 0:
            raise ValueError("a threshold is not negative")


class Divide(StrEnum):
    """How head office divides a chain's budget into its stores' shares."""

    EQUAL = "equal"
    SALES = "sales"
    """By what each store sold in the last weeks."""
    WEIGHTS = "weights"
    """By weights that somebody wrote down."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A budget: at most so many uses and so much money, counted per what.

    `strict`: refuse where the till cannot count it now (a chain's budget without a share of it, a member's without HQ's
    answer); otherwise what is not known was not used. A chain's budget reaches stores as shares that head office
    divides by `divide`, with `weights` by store where it says so (a store that is not named has none), and that any
    till can count offline.
    """

    LEVEL: ClassVar[int] = 3
    """The engine level from which on tills know shares and how they are divided."""

    per: Per
    uses: int | None = None
    minor: int | None = None
    strict: bool = False
    divide: Divide = Divide.EQUAL
    weights: dict[str, int] = {}

    def __post_init__(self) -> None:
        if (self.uses is None and self.minor is None) or min(self.uses or 0, self.minor or 0) < 0:
            raise ValueError("a limit has uses or money, not below 0")
        if self.divide is not Divide.EQUAL and self.per is not Per.CHAIN:
            raise ValueError("only a chain's budget is divided among stores")
        if (self.divide is Divide.WEIGHTS) != bool(self.weights):
            raise ValueError("weights belong to a budget divided by weights, and it needs some")
        if self.weights and (min(self.weights.values()) < 0 or not any(self.weights.values())):
            raise ValueError("weights are not below 0, and one is above it")

    @property
    def level(self) -> int:
        """The engine level a till needs to read this limit."""
        return 2 if self.divide is Divide.EQUAL else self.LEVEL


NO_WHO, NO_WHERE, NO_NEED = Who(), Where(), Need()


class Promotion(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", forbid_unknown_fields=True
):
    """A row of a price book's `promotions` body. A field this program does not know refuses the book: never guessed.

    `names` by language. `group` within the layer ('' is the kind's own); all promotions of a group say the same
    `stacking` (the strictest counts if they do not). `payers` bear each discount in basis points; empty: the chain.
    `engine` is the level the row needs at least, beside what its kind needs.
    """

    LAYER: ClassVar[Layer]
    FAMILY: ClassVar[str] = ""
    """The group of promotions that name none."""
    LEVEL: ClassVar[int] = 2
    """The engine level from which on tills know the kind."""
    BY_PIECE: ClassVar[bool] = False
    """Whether one of the order's promotions uses single pieces, so that several can share an article."""

    promotion: str
    names: dict[str, str] = {}
    scope: Scope = ALL
    when: When = NO_WHEN
    who: Who = NO_WHO
    where: Where = NO_WHERE
    need: Need = NO_NEED
    limits: list[Limit] = []
    group: str = ""
    stacking: Stacking = Stacking.BEST
    payers: dict[Payer, int] = {}
    engine: int = 2

    def __post_init__(self) -> None:
        if not self.promotion:
            raise ValueError("a promotion has an id")
        if self.payers and (min(self.payers.values()) < 0 or sum(self.payers.values()) != BASIS_POINTS):
            raise ValueError(f"the payers' shares add up to {BASIS_POINTS} basis points")
        self.check()

    @property
    def layer(self) -> Layer:
        """The step of pricing it belongs to."""
        return self.LAYER

    @property
    def family(self) -> str:
        """The group it is in when it names none."""
        return self.FAMILY

    @property
    def members_only(self) -> bool:
        """Whether only a member can get it."""
        return self.who.needs_member

    def check(self) -> None:
        """Raise ValueError when the kind's own fields make no sense."""

    def scopes(self) -> list[Scope]:
        """Return every scope the promotion looks at: its own first, then those of its kind, in a fixed order."""
        return [self.scope]

    def face(self) -> int:
        """Return what the promotion promises as one number (minor units, or basis points): the first tie-break."""
        return 0

    def threshold(self) -> int:
        """Return from how much on it applies (minor units, else pieces): the second tie-break."""
        return self.need.spend_minor or self.need.quantity

    def effect(self, portion: Portion) -> Effect | Miss:
        """Return what the promotion does to its portion of the basket, once every condition of it holds."""
        raise NotImplementedError

    def aside(self, portion: Portion) -> list[tuple[int, int]]:
        """Return pieces, as (row, pieces), that do not count towards the promotion's own threshold."""
        del portion
        return []

    def gives(self, money: Money) -> dict[str, str]:
        """Return what it gives in words by language; `money` writes an amount."""
        raise NotImplementedError


class PricePromotion(Promotion, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A price below the regular one. Of all that a customer is eligible for, each piece gets the lowest.

    At most `most_pieces` of a basket get it (限购). `exclusive`: an article of which any piece gets it is left alone by
    every later layer. Groups mean nothing here: a piece has one price.
    """

    LAYER: ClassVar[Layer] = Layer.PRICE
    FAMILY: ClassVar[str] = "price"

    most_pieces: int | None = None
    exclusive: bool = False

    def unit_price(self, tier: str) -> UnitPrice | None:
        """Return the price for a customer of a tier ('' without one), None where it has none for them."""
        raise NotImplementedError


class Money:
    """Writes amounts of one currency."""

    __slots__ = ("_exponent",)

    def __init__(self, exponent: int = 2) -> None:
        self._exponent = exponent

    def __call__(self, minor: int, *, short: bool = False) -> str:
        """Write an amount with its digits; `short` leaves out a fraction of zeros."""
        text = money_text(minor, self._exponent)
        return text.removesuffix("." + "0" * self._exponent) if short else text


Which = Literal["cheapest", "dearest", "chosen", "each_set"]
"""Which units of a set are the given ones: the cheapest of all, the dearest, those the customer chose (else the
cheapest), or the cheapest of each set when the units are lined up from the dearest."""


def percent(bp: int) -> str:
    """Write basis points as a percentage."""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%" if rest else f"{whole}%"


def tenths(bp_off: int) -> str:
    """Write a percentage off as Chinese shops do: what is paid, in tenths (20% off is 8 折)."""
    paid = BASIS_POINTS - bp_off
    whole, rest = divmod(paid, 1000)
    return f"{whole}折" if not rest else f"{whole}.{rest:03d}".rstrip("0") + "折"


def times_words(bp: int) -> str:
    """Write basis points as a multiple: 20,000 is 2, 15,000 is 1.5."""
    whole, rest = divmod(bp, BASIS_POINTS)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)
