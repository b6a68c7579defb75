"""What an entry of the audit log about a member says in detail, in words: which card act, which block, which fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloud.members.profile import PROFILE
from shared.web.words import Language, marked

_CARD: Mapping[str, str] = {
    "issue": marked("a card was given"),
    "freeze": marked("frozen"),
    "thaw": marked("in use again"),
    "lost": marked("reported lost"),
}
_BLOCKS: Mapping[str, str] = {
    "block buy": marked("may not buy"),
    "block points": marked("may not collect or spend points"),
    "block coupons": marked("may not use coupons"),
    "unblock buy": marked("may buy again"),
    "unblock points": marked("may collect and spend points again"),
    "unblock coupons": marked("may use coupons again"),
}
_FAMILY: Mapping[str, str] = {"left": marked("left the family")}
CHANNEL: Mapping[str, str] = {
    "membership": marked("membership"),
    "sms": marked("text messages"),
    "email": marked("e-mail"),
    "wechat": marked("WeChat"),
}
"""What members agree to, by the channel's code; a chain's own channel is called by its code."""
_WHOLE = {**_CARD, **_BLOCKS, **_FAMILY}
_DECIDED: Mapping[str, str] = {
    "different": marked("two people"),
    "merged": marked("one person"),
    "fine": marked("in order"),
    "misuse": marked("misuse"),
}
_REASONS: Mapping[str, str] = {
    "asked for at the till": marked("asked for at the till"),
    "asked for on the member's page": marked("asked for on the member's page"),
    "cancelled while it was loaded": marked("cancelled while it was loaded"),
}
_APPROVED = re.compile(r"asked for at the till, approved by (\S+)")
_HOME = re.compile(r"(\S+) to (\S+)")
_TEXT = re.compile(r"(\S+), text (\S+)")
_NOBODY = "none"


@dataclass(frozen=True, slots=True)
class Said:
    """One part of a detail: a marked text with its values, or names by language."""

    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[Language, str] = field(default_factory=dict)


def said(action: str, detail: str) -> Sequence[Said]:
    """Return what an entry says; what nobody has words for is a name and says itself."""
    match action:
        case "member.card" | "member.block" | "member.family" if detail in _WHOLE:
            found = [Said(text=_WHOLE[detail])]
        case "member.home" if home := _HOME.fullmatch(detail):
            found = [_moved(*home.groups())]
        case "member.change" | "member.reveal":
            found = [_field(name) for name in detail.split(", ") if name]
        case "consent.give" | "consent.withdraw" if text := _TEXT.fullmatch(detail):
            known = CHANNEL.get(text[1])
            named = Said(text=known) if known else Said(text="{name}", values={"name": text[1]})
            found = [named, Said(text=marked("text {version}"), values={"version": text[2]})]
        case "member.duplicate" | "member.review":
            decided = _DECIDED.get(detail.rpartition(" ")[2])
            found = [Said(text=decided)] if decided else []
        case "member.merge" | "member.unmerge":
            found = []  # the other id; the page lists merges with their names
        case _:
            found = [Said(text="{name}", values={"name": detail})] if detail else []
    return found


def reason(text: str) -> Said | None:
    """Return a reason that the program itself gave, in words; None for what a person wrote."""
    approved = _APPROVED.fullmatch(text)
    if approved:
        return Said(text=marked("asked for at the till, approved by {who}"), values={"who": approved[1]})
    return Said(text=_REASONS[text]) if text in _REASONS else None


def _moved(before: str, after: str) -> Said:
    if before == _NOBODY:
        return Said(text=marked("to {store}"), values={"store": after})
    if after == _NOBODY:
        return Said(text=marked("from {store}, to none"), values={"store": before})
    return Said(text=marked("from {before} to {after}"), values={"before": before, "after": after})


def _field(name: str) -> Said:
    gone, bare = name.startswith("no "), name.removeprefix("no ")
    known = PROFILE.get(bare)
    if known is None:
        return Said(text="{name}", values={"name": name})
    return Said(text=marked("removed:") if gone else "", names=known.names)
