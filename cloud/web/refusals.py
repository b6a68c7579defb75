"""What a page says where a form was refused, by the code in its address: value, points and coupons share these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.web.words import marked

DECIDED = "decided"

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


def refusal(code: str) -> dict[str, Any]:
    """Return what a page says where the last form was refused."""
    return {"refused": REFUSALS.get(code, ELSE_REFUSED) if code else ""}
