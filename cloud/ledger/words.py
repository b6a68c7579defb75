"""What accounts, journals and findings are called on the pages (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.web.tables import Cell
from shared.web.words import marked

KIND: Mapping[str, str] = {
    "member_points": marked("Points"),
    "member_points_held": marked("Points set aside"),
    "member_debt": marked("Points owed"),
    "points_issued": marked("Points given out"),
    "points_spent": marked("Points spent"),
    "points_expired": marked("Points that ended"),
    "points_rewarded": marked("Points given as rewards"),
    "purse_principal": marked("Stored value"),
    "purse_principal_held": marked("Stored value set aside"),
    "purse_gift": marked("Gift money"),
    "purse_gift_held": marked("Gift money set aside"),
    "purse_debt": marked("Money owed"),
    "value_sold": marked("Stored value sold"),
    "value_granted": marked("Gift money given"),
    "value_taken": marked("Stored value taken for goods"),
    "value_paid_back": marked("Stored value paid back"),
    "value_fees": marked("Fees of cards given back"),
    "value_forfeited": marked("Gift money that ended"),
    "coupons_issued": marked("Coupons given out"),
    "coupons_open": marked("Coupons that can be used"),
    "coupons_used": marked("Coupons used"),
    "coupons_ended": marked("Coupons that ended"),
    "corrected": marked("Put right by hand"),
    "shortfall": marked("Short at a store"),
    "opening": marked("Brought over from elsewhere"),
}
PURPOSE: Mapping[str, str] = {
    "earn": marked("Points of a sale"),
    "tier": marked("A sale's points by the member's tier of that day"),
    "return": marked("Points taken back by a return"),
    "hold": marked("Set aside"),
    "capture": marked("Spent"),
    "draw": marked("Spent without a network"),
    "free": marked("Set aside and not used"),
    "void": marked("Set aside and let go"),
    "time_out": marked("Set aside and timed out"),
    "settle": marked("Came back and settled points owed"),
    "top_up": marked("Topped up"),
    "undo_top_up": marked("Top-up undone"),
    "card_return": marked("Given back and paid out"),
    "correction": marked("Put right by hand"),
    "points_review": marked("Promise of a till honoured"),
    "shortfall": marked("Short at a store"),
    "back": marked("Given back by a return"),
    "beyond": marked("Put onto a card beyond what it paid"),
    "undo": marked("Undone"),
    "opening": marked("Brought over"),
    "unopening": marked("Taking over undone"),
    "merge": marked("Moved by making two one"),
    "unmerge": marked("Moved back"),
    "forfeit": marked("Given up on leaving"),
    "profile_reward": marked("Points for a full profile"),
    "expire": marked("Ended by age"),
    "undo_expire": marked("Ending by age undone"),
    "gift": marked("Gift ordered"),
    "undo_gift": marked("Gift undone"),
    "prize_draw": marked("Took part in a prize draw"),
    "prize": marked("Won in a draw"),
    "birthday": marked("Birthday gift"),
    "referral": marked("For bringing a friend"),
    "referral_friend": marked("Brought by a friend"),
    "referral_back": marked("Taken back: the friend's purchase came back"),
    "transfer": marked("Points handed on"),
    "rebate": marked("Year-end rebate"),
    "undo_rebate": marked("Rebate taken back"),
    "give": marked("Coupons given"),
    "end": marked("Coupons ended"),
    "coupon": marked("Coupon used"),
    "coupon_back": marked("Coupon given back"),
    "beside_earn": marked("Points at another till"),
    "beside_reverse": marked("Taken back at another till"),
}
AGE: Mapping[str, str] = {
    "month": marked("under 30 days"),
    "quarter": marked("30 to 90 days"),
    "half": marked("91 to 181 days"),
    "year": marked("182 to 364 days"),
    "two": marked("1 to 2 years"),
    "older": marked("over 2 years"),
}
WRONG: Mapping[str, str] = {
    "units_off": marked("Postings do not add up to zero"),
    "unbalanced_journals": marked("Journals do not balance"),
    "wrong_balances": marked("Balances are not the sum of their postings"),
    "strays": marked("Postings or journals are astray"),
    "broken_seal": marked("The hash chain breaks"),
    "wrong_lots": marked("Lots do not add up to their account"),
    "wrong_holds": marked("More or less is set aside than holds say"),
    "wrong_reversals": marked("More of a journal was undone than it moved"),
    "wrong_counts": marked("Coupons, gifts or prizes are not as many as the books say"),
    "report_off": marked("The report by age misses what is held"),
}
COUNT: Mapping[str, str] = {
    "coupons_open": marked("coupons that can be used"),
    "coupons_used": marked("coupons used in a store"),
    "coupons_given": marked("coupons given"),
    "coupons_set_aside": marked("coupons set aside for a draw"),
    "gift": marked("gift in a store"),
    "prize": marked("prize of a draw"),
}
"""What is counted beside the ledger."""
HOLD: Mapping[str, tuple[str, str]] = {
    "held": (marked("set aside"), "warn"),
    "captured": (marked("spent"), "good"),
    "voided": (marked("let go"), "quiet"),
    "timed_out": (marked("timed out"), "quiet"),
}
HOLD_KIND: Mapping[str, str] = {
    "points": marked("points at a till"),
    "value": marked("stored value at a till"),
    "allowance": marked("allowance of a store"),
    "beside": marked("points at another till"),
}


UNIT: Mapping[str, str] = {"POINTS": marked("Points"), "COUPONS": marked("Coupons")}
"""Units that are no currency; a currency is called by its code."""


def unit_cell(unit: str) -> Cell:
    """Return what a unit is called, as a table shows it."""
    return Cell(value=UNIT[unit], say=True) if unit in UNIT else Cell(value=unit)


def purpose(code: str) -> str:
    """Return what a journal's purpose is called; what follows its colon names no kind of movement."""
    return PURPOSE.get(code.partition(":")[0], code)
