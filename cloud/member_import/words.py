"""What bases taken over and their uploads are called, and why something was not done with one: marked texts."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

OPENING: Mapping[str, tuple[str, str]] = {
    "loading": (marked("loading"), "warn"),
    "loaded": (marked("waits for a signature"), "warn"),
    "signed": (marked("signed"), "good"),
    "taking_back": (marked("being taken back"), "warn"),
    "refused": (marked("taken back"), "quiet"),
}
"""How far a base that is taken over is, and in which tone."""

STATUS: Mapping[str, tuple[str, str]] = {
    "waiting": (marked("waits to be checked"), "quiet"),
    "checking": (marked("being checked"), "good"),
    "bad": (marked("rows are wrong"), "bad"),
    "checked": (marked("checked, waits for you"), "warn"),
    "to_load": (marked("waits to be loaded"), "quiet"),
    "loading": (marked("being loaded"), "good"),
    "loaded": (marked("loaded"), "good"),
    "cancelled": (marked("cancelled"), "quiet"),
    "expired": (marked("let go: nobody loaded it within a day"), "quiet"),
    "failed": (marked("failed"), "bad"),
}
"""How far an upload is, and in which tone."""

PROBLEM: Mapping[str, str] = {
    "here_already": marked("This very file was loaded before: see it among those taken over."),
    "restarts": marked("It was interrupted three times and given up. Upload it again, or split it."),
    "no_table": marked("It is no table of members that can be read: see below why."),
    "failed": marked("A fault of this program stopped it; the log of the jobs process says why. Ask IT."),
}
"""Why an upload failed."""

REFUSAL: Mapping[str, str] = {
    "same_person": marked("Whoever loaded a file does not sign it. Ask somebody else."),
    "totals_differ": marked("File and ledger differ. Take it back and load it anew."),
    "cards_taken": marked("Cards of this file belong to others by now. Take it back and load it anew."),
    "opening_taking_back": marked("It is being taken back already."),
    "decided": marked("Somebody decided this before you."),
    "value_gone": marked("Some of what was moved has been spent. It stays as it is."),
    "reason": marked("Say why: it is kept in the audit log."),
    "file": marked("Choose a file: CSV or XLSX, one member a row, at most {size} MB."),
}
ELSE = marked("This cannot be done now. Load the page again.")

HOLDS: Mapping[str, str] = {
    "member_points": marked("Points"),
    "purse_principal": marked("Stored value"),
    "purse_gift": marked("Gift money"),
}
"""What members hold by a file, by kind of account."""
