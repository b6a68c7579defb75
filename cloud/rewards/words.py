"""What kinds and states of rewards, and what is refused, are called on the console's pages (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

RUN_KINDS: Mapping[str, tuple[str, str]] = {
    "expiry": (
        marked("Expiry"),
        marked("Points and gift money whose last day is over are taken out: of each only what is left."),
    ),
    "rebate": (
        marked("Year-end rebate"),
        marked("Members get points for what they spent in a year, or for the points they hold."),
    ),
    "coupons": (marked("Coupons for a segment"), marked("Each member of a segment gets a coupon of their own.")),
    "draw_refund": (
        marked("Refund of a draw"),
        marked("Every ticket's points go back to whoever paid them. What was won stays won."),
    ),
}
RUN_STATES: Mapping[str, tuple[str, str]] = {
    "asked": (marked("being worked out"), "warn"),
    "dry": (marked("worked out, nothing moved"), "quiet"),
    "approved": (marked("approved, nothing moved"), "good"),
    "posting": (marked("being posted"), "warn"),
    "posted": (marked("posted"), "good"),
    "reversing": (marked("being reversed"), "warn"),
    "reversed": (marked("reversed"), "quiet"),
    "cancelled": (marked("given up"), "quiet"),
    "failed": (marked("failed"), "bad"),
}
ORDER_STATES: Mapping[str, tuple[str, str]] = {
    "ordered": (marked("waits to be fetched"), "warn"),
    "fetched": (marked("handed over"), "good"),
    "cancelled": (marked("cancelled, points back"), "quiet"),
}
GIFT_OPEN: tuple[str, str] = (marked("can be ordered"), "good")
GIFT_CLOSED: tuple[str, str] = (marked("not offered"), "quiet")
DRAW_OPEN: tuple[str, str] = (marked("going on"), "good")
DRAW_LATER: tuple[str, str] = (marked("not yet"), "quiet")
DRAW_ENDED: tuple[str, str] = (marked("ended, seed shown"), "quiet")

REFUSALS: Mapping[str, str] = {
    "same_person": marked("Whoever worked it out does not approve it. Ask somebody else."),
    "not_approved": marked("Somebody else has to approve it first."),
    "not_posted": marked("Nothing of it is posted."),
    "too_late": marked("It is too late for that: look at its state."),
    "value_gone": marked(
        "Some of what it gave is spent, or set aside: for a sale, or in stores for a time without a network. Wait "
        "until that comes back, reverse it by force, which leaves debts, or let it stand."
    ),
    "draw_open": marked("The draw is going on. End it first, so that nobody draws meanwhile."),
    "refund_stays": marked("Points given back for a draw stay with the members."),
    "batch_promised": marked("Coupons of this batch can be won in a draw that is going on. End the draw first."),
    "batch_kind": marked("Coupons of this batch cannot be given to members: choose one of personal coupons."),
    "day_ahead": marked("That day has not begun at every store yet: choose an earlier one."),
    "stopped": marked("It was stopped before everything was posted. Go on with it, or reverse what is posted."),
    "batch_closed": marked("This batch was withdrawn: nothing more is given of it."),
    "batch_spent": marked("There are not so many coupons left in this batch. Make a batch with more."),
    "fetched": marked("It was handed over already."),
    "stock_short": marked("The store has fewer than that which nobody has reserved."),
    "top_prize": marked("A prize is worth more than the law allows (the chain's setting, 50,000 yuan unless changed)."),
    "pickup_malformed": marked("This is no code to fetch something by: it was misread or mistyped."),
    "pickup_unknown": marked("Nothing waits behind this code."),
    "pickup_done": marked("This was handed over already."),
    "pickup_ended": marked("This does not wait any more: it was cancelled or its last day is over."),
    "pickup_elsewhere": marked("This lies in another store."),
}
RUN_BROKE = marked("A fault stopped it; the log of the jobs process says why. Ask IT before you start it again.")
"""Why a run stopped that no rule stopped."""
