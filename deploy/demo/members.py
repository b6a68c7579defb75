"""Members: households with one card and one telephone each. No names are invented; the source has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from deploy.demo import draws
from deploy.demo.dataset import SourceBasket

CARD_PREFIX = "88"
CARD_DIGITS = 10
"""No GTIN has ten digits, so a card is never taken for an item."""
_LATE_BP = 500
_FIRST_AREA = 201
_HUNDRED = 100


def card_number(household: int) -> str:
    """Return the card of a household."""
    return f"{CARD_PREFIX}{household:08d}"


def phone_number(household: int) -> str:
    """Return a telephone of a household that nobody can have, in E.164.

    The North American Numbering Plan keeps 555-0100 to 555-0199 of every area code free for stories: household 845
    has +1 209 555 0145.
    """
    area, last = divmod(household, _HUNDRED)
    return f"+1{_FIRST_AREA + area}55501{last:02d}"


def member_reference(household: int) -> str:
    """Return the name by which head office's import knows a household."""
    return f"household-{household}"


def is_late(household: int, seed: int) -> bool:
    """Tell whether a household is registered only half-way, so that its first sales carry an unknown card."""
    return draws.chance(_LATE_BP, seed, "late", household)


def split_by_registration(households: Iterable[int], mailed: Collection[int], seed: int) -> tuple[list[int], list[int]]:
    """Return the households registered from the start, and those registered half-way.

    Head office knows whoever it has mailed a campaign to: they are never late.
    """
    everybody = sorted(set(households))
    late = {one for one in everybody if one not in mailed and is_late(one, seed)}
    return [one for one in everybody if one not in late], sorted(late)


def regular(rung: Iterable[SourceBasket], mailed: Collection[int], seed: int) -> int:
    """Return the household that spends most of those registered from the start, ties to the lower number."""
    spent: Counter[int] = Counter()
    for basket in rung:
        spent[basket.household] += sum(row.sales_minor for row in basket.rows)
    early, _ = split_by_registration(spent, mailed, seed)
    return max(early, key=lambda household: (spent[household], -household))


def import_file(households: Iterable[int]) -> bytes:
    """Return the CSV file of members that head office imports."""
    rows = [
        f"{member_reference(household)},{card_number(household)},{phone_number(household)}" for household in households
    ]
    return "\n".join(("reference,cards,phone", *rows, "")).encode()
