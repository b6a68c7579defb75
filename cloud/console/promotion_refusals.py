"""What acts on promotions and prices are refused for, as their pages say it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

REFUSALS: Mapping[str, str] = {
    "approval_missing": marked("A second person has to approve it first."),
    "approved_for_others": marked("The second person approved it for other stores. Draft it anew for these."),
    "changed_since": marked("Somebody changed it since you opened this page: it is shown as it is now. Read it again."),
    "not_sent": marked("Nobody sent it for approval."),
    "reason_missing": marked("Say why: whoever wrote it reads your reason."),
    "bad_moment": marked("That is no date and time. Choose one from the calendar, or none for at once."),
    "own_approval": marked("Who wrote it cannot approve it. Ask a second person."),
    "plan_incomplete": marked("It is not complete. Mend the fields that say so."),
    "plan_closed": marked("It is no longer a draft. Clone it to change it."),
    "draft_closed": marked("It is no longer a draft. Clone it to change it."),
    "stray_scope": marked("It changes prices of a zone that none of its stores sells by."),
    "not_staged": marked("It is not waiting there any more. Load the page again."),
    "never_had": marked("Some of these stores never had that price book."),
    "bad_weeks": marked("Choose between 1 and 13 weeks."),
    "already_active": marked("Tills already sell by it. Roll back instead."),
    "not_published": marked("It is not published."),
    "engine_too_old": marked("It was not published: some tills there are too old for it."),
    "activation_past": marked("Its moment is already past in some stores. Choose a later one, or none for at once."),
    "bad_target": marked("Choose all stores, groups, or name stores by their ids."),
    "no_target": marked("Choose all stores, groups, or name stores by their ids."),
    "no_store": marked("There is no such store."),
    "bad_title": marked("Give it a title."),
    "never_in_force": marked("There is no earlier price book to go back to."),
    "empty_draft": marked("It changes nothing."),
}
"""What is refused, as a page says it (marked); what it is about follows."""
