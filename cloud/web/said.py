"""What codes are called for people: texts marked for the catalogue, each said where it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from shared.pricing.layers import REASONS
from shared.web.words import marked

AGENT: Mapping[str, tuple[str, str]] = {
    "online": (marked("online"), "good"),
    "offline": (marked("offline, sells normally"), "quiet"),
    "never": (marked("not enrolled"), "quiet"),
    "revoked": (marked("revoked"), "bad"),
    "draining": (marked("replaced, still sending"), "warn"),
}
"""How an agent stands: what it is called, and in which tone."""

DRIFT: Mapping[str, tuple[str, str]] = {
    "active": (marked("up to date"), "good"),
    "waiting": (marked("next one on its way"), "quiet"),
    "staged": (marked("holds it, still sells by an older one"), "warn"),
    "behind": (marked("behind"), "warn"),
    "ahead": (marked("ahead of its time"), "warn"),
    "silent": (marked("never reported"), "quiet"),
    "no_book": (marked("no price book yet"), "quiet"),
}
"""How a till stands to its store's timeline."""

VERSION: Mapping[str, tuple[str, str]] = {
    "active": (marked("in force"), "good"),
    "staged": (marked("staged"), "quiet"),
    "superseded": (marked("replaced"), "quiet"),
    "past": (marked("replaced"), "quiet"),
    "withdrawn": (marked("withdrawn"), "warn"),
}
"""What a price-book version is at the moment."""

VERDICT: Mapping[str, tuple[str, str]] = {
    "same": (marked("head office comes to the same price"), "good"),
    "waiting": (marked("not checked yet"), "quiet"),
    "differs": (marked("head office comes to another price"), "warn"),
    "book_unknown": (marked("this store never had that price book"), "warn"),
    "price_missing": (marked("the price book has no price for an item"), "warn"),
    "engine_newer": (marked("the till is newer than head office"), "quiet"),
    "arithmetic": (marked("the receipt does not add up"), "bad"),
    "failed": (marked("head office could not price it again"), "bad"),
}
"""What the audit says of a sale's price."""

SHOWN_CARD: Mapping[str, str] = {
    "card_unreadable": marked("nobody can read its number: ask the store which card it was"),
    "unknown_member": marked("head office does not know this member: the points are kept until it does"),
    "member_closed": marked("the member has left: nothing is credited"),
}
"""Why a card that was shown leads to nobody, by `Resolution.problem`, and what follows from it."""

EPOCH: Mapping[str, str] = {
    "first": marked("first start"),
    "restored": marked("disk was put back to an earlier state"),
    "cloned": marked("disk was copied to another machine"),
    "forked": marked("numbers were used twice"),
    "new_disk": marked("new disk"),
    "hq_restored": marked("head office was restored"),
}
"""Why an agent's numbering began anew."""

RESOLUTION: Mapping[str, str] = {"replayed": marked("applied"), "dismissed": marked("dismissed")}
"""What became of a parked event."""

KIND: Mapping[str, str] = {
    "sale": marked("sale"),
    "return": marked("return"),
    "void": marked("void"),
    "swipe": marked("card shown"),
}
"""What kinds of event are called; others are shown by their code."""

TENDER: Mapping[str, str] = {
    "cash": marked("cash"),
    "bank_card": marked("bank card"),
    "wechat": marked("WeChat Pay"),
    "alipay": marked("Alipay"),
    "stored_value": marked("stored value"),
    "gift_card": marked("gift card"),
    "exchange": marked("exchange"),
    "other": marked("other"),
}
"""How something was paid."""

CLOCK: Mapping[str, str] = {
    "synced": marked("set by the network"),
    "held": marked("running on by itself"),
    "unknown": marked("not known"),
}
"""How far a till's clock can be trusted."""

REMEDY: Mapping[str, str] = {
    "original_missing": marked("This return waits for its sale and is applied by itself when that arrives."),
    "undecodable": marked("This program cannot read the event: upgrade head office, then replay it."),
    "failed": marked("A fault of this program kept the event out: upgrade head office, then replay it."),
    "database": marked("The database refused the event: see the reason, mend it, then replay."),
    "event_conflict": marked(
        "Head office has another event of this id: compare the two; dismiss a copy, give a real sale a new id."
    ),
    "receipt_conflict": marked(
        "Its receipt number is taken: ask the store for both receipts, then repair the number or dismiss it."
    ),
    "store_mismatch": marked(
        "It names another store than its agent's: find out where it was sold before you repair it."
    ),
    "arithmetic": marked("Its figures do not add up: compare with the paper receipt, repair the wrong figure."),
    "malformed": marked("A field of it cannot be right: repair that field."),
    "return_exceeds": marked("More came back than was sold: ask the store which return is true, dismiss the other."),
}
"""What to do about events parked for a reason."""
REMEDY_OTHER = marked("This event waits for a decision.")

ROLE: dict[str, str] = {
    "marketer": marked("Marketer"),
    "support": marked("Member support"),
    "it": marked("IT"),
    "auditor": marked("Auditor"),
    "admin": marked("Admin"),
}
"""What somebody of the console is."""

PLAN: dict[str, tuple[str, str]] = {
    "draft": (marked("draft"), "quiet"),
    "asked": (marked("waits for approval"), "warn"),
    "approved": (marked("approved"), "good"),
    "published": (marked("published"), "good"),
    "stopped": (marked("stopped"), "warn"),
    "discarded": (marked("discarded"), "quiet"),
}
"""What became of a planned promotion."""
CLASH: dict[str, tuple[str, str]] = {
    "competes": (marked("competes: the customer gets the better one"), "warn"),
    "excludes": (marked("only one of the two applies"), "warn"),
    "stacks": (marked("both come off"), "warn"),
    "same_code": (marked("same code: tills take only one of the two"), "bad"),
    "shuts_out": (marked("one price shuts the other out"), "bad"),
    "same_id": (marked("this takes its place"), "quiet"),
}
"""How two promotions get on."""
LOW: dict[str, tuple[str, str]] = {
    "cost": (marked("below cost"), "bad"),
    "floor": (marked("lowest price"), "warn"),
    "member": (marked("members pay more"), "bad"),
    "step": (marked("large step"), "warn"),
    "displaced": (marked("surprise"), "warn"),
    "deep": (marked("surprise"), "warn"),
}
"""What of prices and other promotions somebody should know before publishing."""
ARRIVAL: dict[str, tuple[str, str]] = {
    "sells": (marked("sells by it"), "good"),
    "holds": (marked("holds it, waits for its moment"), "quiet"),
    "under_way": (marked("not there yet"), "warn"),
    "leaving": (marked("still sells by it"), "warn"),
    "silent": (marked("never heard of"), "bad"),
}
"""How far a promotion has come to a till."""
PREVIEW: dict[str, tuple[str, str]] = {
    "waiting": (marked("waiting"), "quiet"),
    "running": (marked("running"), "good"),
    "done": (marked("done"), "good"),
    "cancelled": (marked("cancelled"), "quiet"),
    "failed": (marked("failed"), "bad"),
}
"""How far a try of a promotion has come."""
PREVIEW_PROBLEM: dict[str, str] = {
    "failed": marked("The try failed; the log of the jobs process says why. Ask again, or ask IT."),
    "restarts": marked("The try was interrupted three times and given up. Ask for fewer weeks."),
}

OUTCOME: dict[str, tuple[str, str]] = {
    "applied": (marked("applied"), "good"),
    "near": (marked("near"), "warn"),
    "offered": (marked("offered"), "warn"),
    "refused": (marked("not applied"), "quiet"),
}
"""What became of a promotion in a basket."""
PAYER: dict[str, str] = {"chain": marked("Chain"), "store": marked("Store"), "supplier": marked("Supplier")}


def reason(code: str, language: str) -> str:
    """Return what a discount is called."""
    return REASONS.get(code, {}).get(language) or code
