"""What members' states, sources and acts are called on the pages (marked), each with its tone where it has one."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.members import act_words
from shared.web.words import marked

CHANNEL: Mapping[str, str] = act_words.CHANNEL
STATUS: Mapping[str, tuple[str, str]] = {
    "active": (marked("active member"), "good"),
    "closed": (marked("has left"), "quiet"),
    "unknown": (marked("not known at head office"), "warn"),
    "pending": (marked("waits for a signature"), "warn"),
    "merged": (marked("made one with another"), "quiet"),
}
CARD: Mapping[str, tuple[str, str]] = {
    "active": (marked("in use"), "good"),
    "frozen": (marked("frozen"), "warn"),
    "lost": (marked("lost"), "bad"),
    "replaced": (marked("replaced"), "quiet"),
    "expired": (marked("expired"), "quiet"),
    "erased": (marked("erased"), "quiet"),
}
SOURCE: Mapping[str, str] = {
    "till": marked("at a till"),
    "import": marked("from a file"),
    "service_desk": marked("at the service desk"),
    "api": marked("by another system"),
    "store": marked("named by a store"),
    "head_office": marked("at head office"),
    "member_page": marked("on their own page"),
}
BLOCK: Mapping[str, str] = {
    "buy": marked("buying"),
    "points": marked("points"),
    "coupons": marked("coupons"),
}
CASE: Mapping[str, str] = {
    "card_uses": marked("One card on many baskets"),
    "card_at_cashier": marked("One card on many baskets of one cashier"),
    "own_card": marked("A cashier's own card on baskets they rang up"),
    "cashier_claims": marked("Many receipts claimed at one cashier"),
    "member_claims": marked("Many receipts claimed by one member"),
    "referral": marked("A friend brought in a way that looks odd"),
}
DECIDED: Mapping[str, tuple[str, str]] = {
    "open": (marked("to be looked at"), "warn"),
    "fine": (marked("in order"), "good"),
    "misuse": (marked("misuse"), "bad"),
}
SHARES: Mapping[str, str] = {
    "phone": marked("the same phone"),
    "email": marked("the same e-mail"),
    "name_birthday": marked("the same name and birthday"),
}
KIND: Mapping[str, str] = {
    "member_points": marked("Points"),
    "member_points_held": marked("Points set aside"),
    "member_debt": marked("Points owed"),
    "purse_principal": marked("Stored value"),
    "purse_gift": marked("Gift money"),
    "purse_principal_held": marked("Stored value set aside"),
    "purse_gift_held": marked("Gift money set aside"),
    "purse_debt": marked("Money owed"),
}
ACT: Mapping[str, str] = {
    "member.change": marked("Profile changed"),
    "member.card": marked("Card"),
    "member.block": marked("Block"),
    "member.home": marked("Home store changed"),
    "member.family": marked("Family"),
    "member.reveal": marked("Somebody looked at personal fields"),
    "member.export": marked("Everything held was exported"),
    "member.erase": marked("Erased"),
    "member.merge": marked("Two made one"),
    "member.unmerge": marked("Taken apart again"),
    "member.review": marked("Case decided"),
    "member.staff": marked("Known as staff"),
    "member.find": marked("Looked up"),
    "member.enrol": marked("Joined"),
    "member.duplicate": marked("May be here twice: decided"),
    "consent.give": marked("Agreed"),
    "consent.withdraw": marked("Took consent back"),
}
REFUSALS: Mapping[str, str] = {
    "decided": marked("Somebody decided this before you."),
    "too_late": marked("The days in which this could be undone are over."),
    "value_gone": marked("Some of what was moved has been spent. It stays as it is."),
    "undone": marked("This was undone before."),
    "merged_on": marked("That member was made one with somebody else since. Undo that first."),
    "member_closed": marked("They have left since. It stays as it is."),
    "reason": marked("Say why: it is kept in the audit log."),
    "nobody_fits": marked("Nobody else fits what you typed. Look at the card, the phone or the name once more."),
    "several_fit": marked("Several members fit what you typed. Type the card or the whole phone number."),
    "two_families": marked("Each of the two has a family already. Take one out of theirs first."),
    "holds_pending": marked("Something is set aside or owed. Settle that first."),
    "holds_money": marked("There is stored value: it is paid back at a service desk first."),
    "holds_points": marked("There are points: have them say that they give them up, and tick it."),
    "not_open": marked("A till has a coupon of theirs set aside at this moment. Try again in a few minutes."),
    "member_merged": marked("They were made one with another member: go on there."),
    "card_taken": marked("This card is another member's. Take another."),
    "card_lost": marked("This card was reported lost and is never taken again."),
    "card_frozen": marked("This card is frozen: have it taken again, or give another number."),
    "card_replaced": marked("This card was replaced and is not given again. Take another."),
    "card_expired": marked("This card is over. Take another."),
    "store": marked("There is no store with this code."),
    "typed": marked("What you typed is not this member's id. Nothing was done."),
    "field": marked("One of the fields is not written as it has to be. Nothing was changed."),
    "field_phone": marked("This is no phone number: type it as it is dialled; abroad, with + and the country."),
    "field_email": marked("This is no e-mail address."),
    "field_birthday": marked("A birthday is written as 1990-05-17, or as 05-17 without the year."),
}
ELSE_REFUSED = marked("This cannot be done now. Load the page again.")
