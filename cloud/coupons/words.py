"""What kinds and states of coupons, and what is refused, are called on the pages (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

KINDS: Mapping[str, tuple[str, str]] = {
    "codes": (
        marked("Codes to hand out"),
        marked("Each code counts once, for whoever has it: print them, send them, put them into parcels."),
    ),
    "personal": (
        marked("Personal coupons"),
        marked("Each is one member's own: given to a segment, shown on the member's page, used with their card."),
    ),
    "public": (
        marked("One public code"),
        marked("One code for everybody, on a poster or a post; it counts as often as you say."),
    ),
    "next_visit": (
        marked("For the next visit"),
        marked("A sale gives it to the member by itself, where a promotion says so; it counts from that day."),
    ),
}
STATES: Mapping[str, tuple[str, str]] = {
    "issued": (marked("open"), "good"),
    "reserved": (marked("set aside at a till"), "warn"),
    "used": (marked("used"), "quiet"),
    "voided": (marked("withdrawn"), "bad"),
    "expired": (marked("over"), "quiet"),
}
OPEN: tuple[str, str] = (marked("running"), "good")
WITHDRAWN: tuple[str, str] = (marked("withdrawn"), "warn")
OVER: tuple[str, str] = (marked("over"), "quiet")
LATER: tuple[str, str] = (marked("not yet"), "quiet")

REFUSALS: Mapping[str, str] = {
    "batch_promised": marked("Coupons of this batch can be won in a draw that is going on. End the draw first."),
    "batch_closed": marked("This batch was withdrawn: nothing more is given of it."),
    "batch_over": marked("The last day of this batch is over: make another one."),
    "batch_spent": marked("There are not so many left in this batch. Make a batch with more."),
    "batch_kind": marked("This kind of batch does not do that."),
    "not_open": marked("It is used, withdrawn or set aside at a till: it cannot be taken back now."),
    "per_member": marked("A member may not have so many of this batch."),
}
ELSE_REFUSED = marked("This cannot be done: check what you typed.")
"""What a page says of a refusal that has no words of its own; the words of the refusal follow."""
