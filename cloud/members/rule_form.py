"""The rules about members as a form asks for them: which fields, what they are called, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.errors import Invalid
from cloud.identity.people import Right
from cloud.members import rules
from cloud.members.profile import PROFILE
from cloud.web.amounts import read_minor
from cloud.web.figures import money
from cloud.web.signing_in import Posted
from shared.web.words import marked


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of a form."""

    name: str
    title: str
    form: str = "number"
    """`number`, `money`, `choice`, or `fields` (of the profile)."""
    choices: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rule's part of the page: its title, its fields, and the least right that may change it."""

    title: str
    right: Right
    fields: Sequence[Asked]


_JOIN = {
    "free": marked("anybody"),
    "spend": marked("who spent so much with the card before"),
    "receipt": marked("who shows one receipt of so much"),
}
SHEETS: Mapping[type[rules.Rule], Sheet] = {
    rules.Entry: Sheet(
        marked("Who may join"),
        Right.PUBLISH,
        (
            Asked("by", marked("Who may join"), "choice", _JOIN),
            Asked("minor", marked("So much (money)"), "money"),
            Asked("within_days", marked("Spent within days before joining")),
        ),
    ),
    rules.Cards: Sheet(
        marked("Cards"),
        Right.PUBLISH,
        (
            Asked("valid_months", marked("Valid for months (0: without end)")),
            Asked("notice_days", marked("Members are told so many days before")),
        ),
    ),
    rules.Notices: Sheet(
        marked("Messages about points that end"),
        Right.PUBLISH,
        (Asked("points_days", marked("Days before the points end (0: no message)")),),
    ),
    rules.ProfileReward: Sheet(
        marked("Reward for a full profile"),
        Right.PUBLISH,
        (
            Asked("points", marked("Points, once (0: none)")),
            Asked("fields", marked("For telling all of these"), "fields"),
        ),
    ),
    rules.Merging: Sheet(
        marked("Making two members one"),
        Right.PUBLISH,
        (Asked("undo_days", marked("Can be undone for days")),),
    ),
    # What guards against the chain's own people is not changed by those it watches.
    rules.Watch: Sheet(
        marked("What goes to the review desk"),
        Right.PEOPLE,
        (
            Asked("baskets_per_card", marked("Baskets a day with one card")),
            Asked("baskets_per_card_and_cashier", marked("Of them at one cashier")),
            Asked("claims_per_cashier", marked("Points claimed afterwards a day, by one cashier")),
            Asked("claims_per_member", marked("Points claimed afterwards a day, by one member")),
            Asked("own_card_baskets", marked("Baskets a day rung up with one's own card")),
            Asked("claim_days", marked("A receipt can be claimed for days")),
        ),
    ),
    rules.PhoneLooks: Sheet(
        marked("Looking for members by phone, per till"),
        Right.PEOPLE,
        (Asked("in_a_minute", marked("Times a minute")), Asked("in_an_hour", marked("Times an hour"))),
    ),
    rules.WalletLooks: Sheet(
        marked("Asking what a member has to spend, per till"),
        Right.PEOPLE,
        (Asked("in_a_minute", marked("Times a minute")), Asked("in_an_hour", marked("Times an hour"))),
    ),
}
"""Every rule that has a form here; those of the club have theirs beside what they bring."""
BY_KIND: Mapping[str, type[rules.Rule]] = {kind.KIND: kind for kind in SHEETS}


def shown(rule: rules.Rule, exponent: int) -> dict[str, Any]:
    """Return a rule's values as its form shows them."""
    return {field.name: _shown(field, getattr(rule, field.name), exponent) for field in SHEETS[type(rule)].fields}


def read(kind: type[rules.Rule], posted: Posted, exponent: int) -> rules.Rule:
    """Return the rule that a form makes, without its version. Raise Invalid for what makes no sense."""
    facts = {field.name: _read(field, posted, exponent) for field in SHEETS[kind].fields}
    rule = rules.read(kind.KIND, facts)
    rule.check()
    return rule


def _shown(field: Asked, value: Any, exponent: int) -> Any:
    if field.form == "money":
        return money(value, exponent).replace(",", "")
    return set(value) if field.form == "fields" else str(value)


def _read(field: Asked, posted: Posted, exponent: int) -> Any:
    if field.form == "fields":
        return [name for name in PROFILE if name in posted.all(field.name)]
    text = posted.get(field.name)
    if field.form == "choice":
        return text
    if not text.strip():
        raise Invalid(f"{field.name}: write a number")
    return read_minor(text, exponent if field.form == "money" else 0, field.name)
