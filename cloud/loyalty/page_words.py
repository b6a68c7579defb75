"""What states, fields and refusals of rules are called on the pages of tiers and earning (marked)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

DRAFT: Mapping[str, tuple[str, str]] = {
    "draft": (marked("draft"), "quiet"),
    "approved": (marked("approved"), "good"),
    "published": (marked("published"), "good"),
    "dropped": (marked("given up"), "quiet"),
}
TRIAL: Mapping[str, tuple[str, str]] = {
    "waiting": (marked("waiting"), "quiet"),
    "running": (marked("running"), "quiet"),
    "done": (marked("done"), "good"),
    "cancelled": (marked("cancelled"), "quiet"),
    "failed": (marked("failed"), "bad"),
}
KIND: Mapping[str, str] = {"tiers": marked("Tiers"), "earning": marked("Earning")}
WINDOW: Mapping[str, str] = {
    "calendar_year": marked("the calendar year"),
    "anniversary_year": marked("the year from the day of joining"),
    "rolling": marked("the last months"),
}
MEASURE: Mapping[str, str] = {
    "spend": marked("spend"),
    "visits": marked("visits"),
    "growth": marked("growth value"),
    "mix": marked("spend and visits"),
}
MIX: Mapping[str, str] = {"all": marked("both"), "any": marked("either")}
DOWNGRADE: Mapping[str, str] = {
    "period_end": marked("at the end of the next period"),
    "rolling": marked("on the day it is reached no more"),
    "never": marked("never"),
}
STEP: Mapping[str, str] = {"to_earned": marked("to what is reached"), "one": marked("one tier at a time")}
EXPIRY: Mapping[str, str] = {
    "never": marked("never"),
    "months": marked("after so many months"),
    "year_end": marked("at the end of a year"),
}
SPENT_POINTS: Mapping[str, str] = {
    "owed": marked("may come back: the points are owed"),
    "refused": marked("do not come back where head office can be asked"),
}
LEAP: Mapping[str, str] = {"feb_28": marked("28 February"), "mar_1": marked("1 March")}
REFERRAL: Mapping[str, tuple[str, str]] = {
    "waiting": (marked("waits"), "quiet"),
    "rewarded": (marked("rewarded"), "good"),
    "review": (marked("at the review desk"), "warn"),
    "refused": (marked("refused"), "quiet"),
    "taken_back": (marked("taken back"), "warn"),
}
REASON: Mapping[str, str] = {
    "": "",
    "too_many": marked("more friends this month than the rule lets pass"),
    "own_cashier": marked("enrolled by the referrer as cashier"),
    "family": marked("of the same family"),
    "returned": marked("the purchase came back"),
    "misuse": marked("called misuse"),
    "referrer_gone": marked("the referrer has left"),
}
BY: Mapping[str, str] = {"spend": marked("spend"), "visits": marked("visits"), "points": marked("points earned")}
PERIOD: Mapping[str, str] = {"month": marked("month"), "quarter": marked("quarter"), "year": marked("year")}
WHOM: Mapping[str, str] = {
    "nobody": marked("nobody"),
    "family": marked("members of the same family"),
    "all": marked("all members"),
}
GIFT_PROBLEM: Mapping[str, str] = {
    "batch_spent": marked("the batch is spent"),
    "batch_closed": marked("the batch is closed"),
    "batch_over": marked("the batch's last day is over"),
    "batch_kind": marked("the batch cannot be given to members"),
    "batch_unknown": marked("there is no such batch"),
    "per_member": marked("the member has as many as one may have"),
}
REFUSALS: Mapping[str, str] = {
    "second_person": marked("Somebody else approves what you wrote."),
    "not_tried": marked("Try it first: as it stands it was not tried."),
    "reason": marked("Say why: it is kept in the audit log."),
    "not_approved": marked("A second person approves it first."),
    "starts_past": marked("The day on which it starts is over: choose another one."),
    "draft_closed": marked("This draft is published or given up already."),
    "tier": marked("Look at the tiers: a code is small letters, digits and hyphens, an amount such as 1000 or 12.50."),
    "benefit": marked(
        "Look at what the tiers bring: times above 1, days of a month or week, 1 to 100 coupons at a time."
    ),
    "rule": marked("These fields do not make a rule together: look at them once more."),
    "starts": marked("Choose the first day on which it counts."),
    "conflict": marked("Somebody else changed this meanwhile: look at it once more."),
}
ELSE_REFUSED = marked("This cannot be done as it stands.")
