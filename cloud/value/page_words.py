"""What states, refusals and fields of stored value are called on the pages (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

PURSE: Mapping[str, tuple[str, str]] = {
    "open": (marked("in use"), "good"),
    "frozen": (marked("frozen: being given back"), "warn"),
    "returned": (marked("given back"), "quiet"),
}
RETURN: Mapping[str, tuple[str, str]] = {
    "applied": (marked("waits for approval"), "warn"),
    "paid": (marked("approved"), "good"),
    "refused": (marked("refused"), "quiet"),
}
CORRECTION: Mapping[str, tuple[str, str]] = {
    "asked": (marked("waits for a second person"), "warn"),
    "posted": (marked("posted"), "good"),
    "refused": (marked("refused"), "quiet"),
}
DRAFT: Mapping[str, tuple[str, str]] = {
    "draft": (marked("draft"), "quiet"),
    "published": (marked("published"), "good"),
    "discarded": (marked("given up"), "quiet"),
}
CORRECTED: Mapping[str, str] = {
    "purse_principal": marked("Stored value (what was paid in)"),
    "purse_gift": marked("Gift money"),
    "purse_debt": marked("Forgive money owed"),
    "member_points": marked("Points"),
    "member_debt": marked("Forgive points owed"),
}
"""The accounts that can be put right by hand."""

ORDER: Mapping[str, str] = {
    "principal_first": marked("what was paid in first"),
    "gift_first": marked("gift money first"),
    "in_proportion": marked("both in proportion"),
}
FIELD: Mapping[str, str] = {
    "named_cap_minor": marked("Most on a card in a member's name (0: no limit)"),
    "unnamed_cap_minor": marked("Most on a card in nobody's name (0: no limit)"),
    "identity_from_minor": marked("Identity card asked for from a top-up of (0: never)"),
    "order_of_use": marked("What is spent first"),
    "campaigns": marked("Top-up campaigns"),
    "hold_minutes": marked("Minutes a till has to sell with what was set aside"),
    "return_fee_bp": marked("Fee of giving a card back, percent"),
    "return_fee_minor": marked("Fee of giving a card back, fixed"),
    "recover_debt": marked("Take what a card owes from its next top-up"),
    "allowance_minor": marked("Without a network: money of each member at most"),
    "allowance_points": marked("Without a network: points of each member at most"),
    "allowance_percent": marked("Without a network: of what a member has, percent at most"),
    "allowance_hours": marked("Without a network: for so many hours"),
    "allowance_members": marked("Without a network: for so many members of a store"),
}
