"""What states, refusals and fields of stored value are called on the pages (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

DECIDED = "decided"

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
    "allowance_hours": marked("Without a network: for so many hours"),
    "allowance_members": marked("Without a network: for so many members of a store"),
}
REFUSALS: Mapping[str, str] = {
    DECIDED: marked("Somebody decided or changed this before you. Look at it again."),
    "same_person": marked("Whoever asked does not decide. Ask somebody else."),
    "value_held": marked(
        "Some of it is set aside for a sale or for a store without a network. Wait, or free it first."
    ),
    "value_gone": marked("What is to be taken is not there any more. Ask for less."),
    "cap_exceeded": marked("The card would hold more than the rules allow."),
    "no_debt": marked("So much is not owed. Forgive at most what is."),
    "purse_frozen": marked("This card is being given back: decide that first."),
    "purse_returned": marked("This card was given back and paid out: nothing moves on it any more."),
    "purse_open": marked("Nobody is giving this card back any more."),
    "not_approved": marked("This was not approved: no money is handed over."),
    "how": marked("Say how the money was given: cash, or the reference of a transfer."),
    "reason": marked("Say why: without a reason nothing happens."),
    "note": marked("Say what you found: without it nothing happens."),
    "amount": marked("Write an amount such as 12.50, and not 0."),
    "hold_ended": marked("This is not set aside any more."),
    "nothing_missing": marked("The till promised no more than was given: there is nothing to add."),
    "member_gone": marked("Whose points they would be is no member any more."),
    "campaign": marked("A campaign needs its amounts and both dates, and ends after it starts."),
    "rule": marked("These figures do not fit together. Check amounts, minutes and hours."),
}
ELSE_REFUSED = marked("This cannot be done now. Load the page again.")
