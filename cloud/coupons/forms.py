"""What somebody typed to make a batch of coupons, read into one; and said back as a sentence before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cloud.coupons.batches import MOST_AT_ONCE, NewBatch
from cloud.coupons.models import CODES
from cloud.errors import Invalid
from shared.web.phrases import Phrase
from shared.web.words import marked

Said = tuple[str, dict[str, object]]
"""A marked text and the values in its braces."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A batch as the form has it, and how many codes are made at once with it."""

    batch: NewBatch
    codes: int


def read(get: Callable[[str], str], id_: UUID) -> Typed:
    """Read the form. Raise Invalid, naming the field; the text is marked."""
    kind = get("kind")
    most = _number(get("most"), Phrase("How many at most: a whole number from 1 on."), least=1)
    batch = NewBatch(
        id=f"c-{id_.hex[-12:]}",
        kind=kind,
        promotion=get("promotion_other") or get("promotion"),
        starts=_day(get("starts"), Phrase("From: choose a day.")),
        ends=_day(get("ends"), Phrase("Until: choose a day.")),
        most=most,
        days_valid=_number(get("days_valid") or "0", Phrase("Days valid: a whole number, or nothing.")),
        per_member=_number(get("per_member") or "0", Phrase("For each member: a whole number, or nothing.")),
        released_by_return=get("released_by_return") == "yes",
        title=get("title"),
    )
    if not batch.promotion:
        raise Invalid(Phrase("Choose what the coupon gives."))
    if not kind:
        raise Invalid(Phrase("Choose a kind."))
    if batch.ends < batch.starts:
        raise Invalid(Phrase("Until: not before it starts."))
    codes = _number(get("codes") or "0", Phrase("Codes to make now: a whole number, or nothing."))
    if codes > min(most, MOST_AT_ONCE) or (codes and kind != CODES):
        raise Invalid(Phrase("Codes to make now: only of codes to hand out, and no more than there may be."))
    return Typed(batch, codes)


def said(batch: NewBatch) -> list[Said]:
    """Return what a batch will be, clause by clause."""
    many: dict[str, object] = {"count": f"{batch.most:,}"}
    clauses: list[Said] = [
        {
            "codes": (marked("up to {count} codes, each good once for whoever has it"), many),
            "personal": (marked("up to {count} coupons, each one member's own"), many),
            "public": (marked("one code for everybody, good {count} times in all"), many),
            "next_visit": (marked("up to {count} coupons, given by sales to members"), many),
        }[batch.kind],
        (marked("from {first} to {last}, both days included"), {"first": batch.starts, "last": batch.ends}),
    ]
    if batch.days_valid:
        clauses.append((marked("each for {days} days from the day it is given"), {"days": batch.days_valid}))
    if batch.per_member:
        clauses.append((marked("at most {count} for one member"), {"count": batch.per_member}))
    back = marked("open again when everything bought with it comes back")
    clauses.append((back if batch.released_by_return else marked("gone for good once used"), {}))
    return clauses


def _number(text: str, wrong: Phrase, least: int = 0) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise Invalid(wrong)
    return int(text)


def _day(text: str, wrong: Phrase) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(wrong) from None
