"""What somebody typed to open a prize draw, read into one; and its odds said back before it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cloud.errors import Invalid
from cloud.rewards.drawing import NewDraw
from shared.draws import NOTHING, DrawRules, Prize
from shared.web.phrases import Phrase

ROWS = 6
"""Prizes that the form has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """A prize as it is published: how likely, how many, worth what."""

    prize: str
    names: dict[str, str]
    weight: int
    whole: int
    stock: int
    worth_minor: int
    points: int

    @property
    def per_million(self) -> int:
        """Return how often of a million, rounded down; the exact odds are `weight` in `whole`."""
        return self.weight * 1_000_000 // self.whole


def read(get: Callable[[str], str], id_: UUID, exponent: int) -> NewDraw:
    """Read the form. Raise Invalid, naming the field; the text is marked where it can be."""
    prizes, stock = [], {}
    for row in range(1, ROWS + 1):
        names = {
            language: get(f"prize_{row}_{language}") for language in ("zh", "en") if get(f"prize_{row}_{language}")
        }
        if not names:
            continue
        name = f"prize-{row}"
        stock[name] = _number(get(f"stock_{row}"), Phrase("How many there are of a prize: a whole number."))
        prizes.append(
            Prize(
                prize=name,
                names=names,
                weight=_number(get(f"weight_{row}"), Phrase("Weight: a whole number from 1 on."), least=1),
                worth_minor=_money(get(f"worth_{row}") or "0", exponent),
                points=_number(get(f"points_{row}") or "0", Phrase("Points of a prize: a whole number, or nothing.")),
                batch=get(f"batch_{row}"),
            )
        )
    if not prizes:
        raise Invalid(Phrase("Name one prize at least."))
    if any(one.points and one.batch for one in prizes):
        raise Invalid(Phrase("A prize is points or a coupon, not both."))
    nothing = _number(get("nothing") or "0", Phrase("Weight of nothing: a whole number."))
    names = {language: get(f"name_{language}") for language in ("zh", "en") if get(f"name_{language}")}
    if not names:
        raise Invalid(Phrase("Say what the draw is called, in one language at least."))
    return NewDraw(
        id=f"d-{id_.hex[-12:]}",
        names=names,
        rules=DrawRules(prizes=prizes, nothing_weight=nothing),
        stock=stock,
        points=_number(get("points") or "0", Phrase("Points for one draw: a whole number, or nothing.")),
        per_member=_number(get("per_member") or "0", Phrase("For each member: a whole number, or nothing.")),
        starts=_day(get("starts")),
        ends=_day(get("ends")),
    )


def odds_of(rules: DrawRules, stock: dict[str, int]) -> list[Odds]:
    """Return every prize with its odds, in the order of the rules, nothing last."""
    found = [
        Odds(
            prize=one.prize, names=one.names, weight=one.weight, whole=rules.whole, stock=stock.get(one.prize, 0),
            worth_minor=one.worth_minor, points=one.points,
        )
        for one in rules.prizes
    ]  # fmt: skip
    if rules.nothing_weight:
        found.append(
            Odds(
                prize=NOTHING,
                names={},
                weight=rules.nothing_weight,
                whole=rules.whole,
                stock=0,
                worth_minor=0,
                points=0,
            )
        )
    return found


def _number(text: str, wrong: Phrase, least: int = 0) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise Invalid(wrong)
    return int(text)


def _money(text: str, exponent: int) -> int:
    whole, _, rest = text.partition(".")
    if not whole.isdecimal() or len(whole) > 9 or len(rest) > exponent or (rest and not rest.isdecimal()):
        raise Invalid(Phrase("Worth: an amount such as 59.90."))
    unit: int = 10**exponent
    return int(whole) * unit + int(rest.ljust(exponent, "0") or "0")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(Phrase("From and until: choose a day, or none.")) from None
