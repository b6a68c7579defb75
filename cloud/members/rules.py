"""The chain's rules about members, each a type of its own: who may join, cards, a full profile, what is odd.

A version is never changed; the highest counts. Without one the default of the type counts, which asks for nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid
from cloud.members.care_models import MemberRule
from cloud.members.profile import PROFILE, SEEDS

_LONGEST_JSON = 4_000


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rule has."""

    KIND: ClassVar[str]
    version: int = 0

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""


class Entry(Rule, frozen=True, kw_only=True):
    """Who may become a member: `free`, `spend` (so much with the card before) or `receipt` (one receipt of so much)."""

    KIND: ClassVar[str] = "entry"
    by: str = "free"
    minor: int = 0
    within_days: int = 30
    """How old the purchases may be, counted back from the day of joining."""

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        if self.by not in ("free", "spend", "receipt"):
            raise Invalid(f"by is free, spend or receipt, got {self.by!r}")
        _between("minor", self.minor, 0 if self.by == "free" else 1, 10**9)
        _between("within_days", self.within_days, 1, 3_660)


class Cards(Rule, frozen=True, kw_only=True):
    """How long a card lives. 0 months: it does not end. The notice goes out so many days ahead."""

    KIND: ClassVar[str] = "cards"
    valid_months: int = 0
    notice_days: int = 30

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("valid_months", self.valid_months, 0, 240)
        _between("notice_days", self.notice_days, 0, 365)


class Notices(Rule, frozen=True, kw_only=True):
    """Whether members are told, by message, of points that end: so many days before. 0: they see it on their page."""

    KIND: ClassVar[str] = "notices"
    points_days: int = 0

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("points_days", self.points_days, 0, 365)


class ProfileReward(Rule, frozen=True, kw_only=True):
    """Points for whoever has told all of `fields`, once in a membership. 0 points: no reward."""

    KIND: ClassVar[str] = "profile_reward"
    points: int = 0
    fields: tuple[str, ...] = SEEDS

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("points", self.points, 0, 1_000_000)
        unknown = sorted(set(self.fields) - set(PROFILE))
        if unknown or not self.fields:
            raise Invalid(f"fields are of {', '.join(PROFILE)}; got {', '.join(unknown) or 'none'}")


class Watch(Rule, frozen=True, kw_only=True):
    """How much of something is odd in one business day, so that a person looks at it. Nothing is stopped by it.

    `claim_days` is how old a receipt may be whose points are claimed, and that is a limit.
    """

    KIND: ClassVar[str] = "watch"
    baskets_per_card: int = 5
    baskets_per_card_and_cashier: int = 3
    claims_per_cashier: int = 20
    claims_per_member: int = 3
    own_card_baskets: int = 0
    """Baskets that somebody rings up themselves with their own card."""
    claim_days: int = 14

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        for name in ("baskets_per_card", "baskets_per_card_and_cashier", "claims_per_cashier", "claims_per_member"):
            _between(name, getattr(self, name), 1, 10_000)
        _between("own_card_baskets", self.own_card_baskets, 0, 10_000)
        _between("claim_days", self.claim_days, 0, 365)


class PhoneLooks(Rule, frozen=True, kw_only=True):
    """How often one till may look for a member by phone. More is no queue of customers but somebody who collects."""

    KIND: ClassVar[str] = "phone_looks"
    in_a_minute: int = 10
    in_an_hour: int = 120

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("in_a_minute", self.in_a_minute, 1, 1_000)
        _between("in_an_hour", self.in_an_hour, 1, 10_000)


class WalletLooks(Rule, frozen=True, kw_only=True):
    """How often one till may ask what somebody has to spend: more than a queue needs, too little to try numbers."""

    KIND: ClassVar[str] = "wallet_looks"
    in_a_minute: int = 30
    in_an_hour: int = 600

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("in_a_minute", self.in_a_minute, 1, 1_000)
        _between("in_an_hour", self.in_an_hour, 1, 10_000)


class Merging(Rule, frozen=True, kw_only=True):
    """For how many days two members made one can be taken apart again."""

    KIND: ClassVar[str] = "merging"
    undo_days: int = 7

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("undo_days", self.undo_days, 0, 90)


class Referral(Rule, frozen=True, kw_only=True):
    """What bringing a friend is worth: points for both, when the friend's first purchase of enough has stayed bought.

    0 points for both: there is no such reward. More friends a month than `most_in_a_month` go to the review desk.
    """

    KIND: ClassVar[str] = "referral"
    points: int = 0
    friend_points: int = 0
    least_minor: int = 1
    """What the purchase comes to at least, less what came back of it."""
    within_days: int = 90
    """How long after joining the friend may buy."""
    pending_days: int = 14
    most_in_a_month: int = 5

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        _between("points", self.points, 0, 1_000_000)
        _between("friend_points", self.friend_points, 0, 1_000_000)
        _between("least_minor", self.least_minor, 1, 10**9)
        _between("within_days", self.within_days, 1, 3_660)
        _between("pending_days", self.pending_days, 0, 365)
        _between("most_in_a_month", self.most_in_a_month, 1, 1_000)

    @property
    def is_on(self) -> bool:
        """Whether anything is given."""
        return bool(self.points or self.friend_points)


class Leaderboard(Rule, frozen=True, kw_only=True):
    """A table of the members who did most in a period, masked, of those alone who agreed to stand in it."""

    KIND: ClassVar[str] = "leaderboard"
    on: bool = False
    by: str = "spend"
    """`spend`, `visits` or `points` (earned, less what returns took back)."""
    period: str = "month"
    """`month`, `quarter` or `year` of business dates."""
    places: int = 20

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        if self.by not in ("spend", "visits", "points") or self.period not in ("month", "quarter", "year"):
            raise Invalid("by is spend, visits or points, and period is month, quarter or year")
        _between("places", self.places, 3, 100)


class Transfers(Rule, frozen=True, kw_only=True):
    """Whether members may hand points to each other: to `nobody` (the default), within the `family`, or to `all`.

    `fee_bp` of what is given stays with the chain, rounded up; points keep their date.
    """

    KIND: ClassVar[str] = "transfers"
    to: str = "nobody"
    least: int = 1
    most_at_once: int = 10_000
    most_in_a_month: int = 20_000
    fee_bp: int = 0

    def check(self) -> None:
        """Raise Invalid where its figures cannot be."""
        if self.to not in ("nobody", "family", "all"):
            raise Invalid(f"to is nobody, family or all, got {self.to!r}")
        _between("least", self.least, 1, 10**9)
        _between("most_at_once", self.most_at_once, self.least, 10**9)
        _between("most_in_a_month", self.most_in_a_month, self.least, 10**9)
        _between("fee_bp", self.fee_bp, 0, 9_999)


_KINDS: tuple[type[Rule], ...] = (
    Entry, Cards, Notices, ProfileReward, Watch, PhoneLooks, WalletLooks, Merging, Referral, Leaderboard, Transfers,
)  # fmt: skip
RULES: dict[str, type[Rule]] = {one.KIND: one for one in _KINDS}
"""Every kind of rule; a new one is a class and its name here."""

R = TypeVar("R", bound=Rule)


def newest(session: Session, kind: type[R]) -> R:
    """Return the version of a rule that counts."""
    query = select(MemberRule.rule).where(col(MemberRule.kind) == kind.KIND)
    found = session.exec(query.order_by(col(MemberRule.version).desc()).limit(1)).first()
    return kind() if found is None else msgspec.json.decode(found, type=kind)


def publish(session: Session, rule: Rule, *, actor: str, now_ms: int, reason: str = "") -> None:
    """Add a version of a rule. Raise Invalid for figures that cannot be, Conflict unless it is the next version."""
    rule.check()
    following = newest(session, type(rule)).version + 1
    if rule.version != following:
        raise Conflict(f"the next version of the rule {rule.KIND!r} is {following}, got {rule.version}")
    written = msgspec.json.encode(rule).decode()
    session.add(MemberRule(kind=rule.KIND, version=rule.version, rule=written, author=actor, made_ms=now_ms))
    subject = f"{rule.KIND} {rule.version}"
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.rule", subject=subject, reason=reason, detail=written
    )
    session.flush()


def read(kind: str, facts: dict[str, Any]) -> Rule:
    """Make a rule of plain facts, as an API receives them. Raise Invalid."""
    if kind not in RULES:
        raise Invalid(f"there is no rule {kind!r}; there are {', '.join(RULES)}")
    try:
        rule = msgspec.convert(facts, RULES[kind])
    except msgspec.ValidationError as error:
        raise Invalid(f"rule {kind}: {error}") from error
    if len(msgspec.json.encode(rule)) > _LONGEST_JSON:
        raise Invalid(f"rule {kind} is longer than {_LONGEST_JSON} bytes")
    return rule


def _between(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Invalid(f"{name} is {least} to {most}, got {value}")
