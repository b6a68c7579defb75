"""Members: households with one card each. No names are invented; the source has none."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from deploy.demo import draws

CARD_PREFIX = "88"
CARD_DIGITS = 10
"""No GTIN has ten digits, so a card is never taken for an item."""
_LATE_BP = 500


def card_number(household: int) -> str:
    """Return the card of a household."""
    return f"{CARD_PREFIX}{household:08d}"


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


def import_file(households: Iterable[int]) -> bytes:
    """Return the CSV file of members that head office imports."""
    rows = [f"{member_reference(household)},{card_number(household)}" for household in households]
    return "\n".join(("reference,cards", *rows, "")).encode()
