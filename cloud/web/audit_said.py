"""What acts were done to, and their details, as people read them: in the reader's language, with a way there.

The log keeps short codes for programs (`version 53`, `4 came, 0 went`). Whatever no pattern fits stands as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cloud.audit.models import AuditEntry
from cloud.web.said import ROLE
from cloud.web.tables import Cell
from shared.web.words import marked

Pattern = tuple[str, re.Pattern[str], str, str]
"""How an act begins (empty: any), what its code looks like, its words (marked), and the address it leads to."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SHOWN = 8
"""Of an id, so many signs are enough to tell it from its neighbours."""


def _rows(*rows: tuple[str, str, str, str]) -> Sequence[Pattern]:
    return [(act, re.compile(code), words, href) for act, code, words, href in rows]


_SUBJECTS = _rows(
    ("", r"version (?P<number>\d+)", marked("price book {number}"), "/prices"),
    ("loyalty.", r"earning(?: rule)? (?P<number>\d+)", marked("rule of earning, version {number}"), "/loyalty"),
    ("loyalty.", r"(?:tier rule|tiers) (?P<number>\d+)", marked("rule of tiers, version {number}"), "/loyalty"),
    ("", r"value rule (?P<number>\d+)", marked("rule of stored value, version {number}"), "/value/rules"),
    ("member.rule", r"entry (?P<number>\d+)", marked("who may join, version {number}"), "/members/rules"),
    ("member.rule", r"cards (?P<number>\d+)", marked("rule of cards, version {number}"), "/members/rules"),
    ("member.rule", r"profile_reward (?P<number>\d+)", marked("reward for a full profile, version {number}"),
     "/members/rules"),
    ("member.rule", r"watch (?P<number>\d+)", marked("what is odd, version {number}"), "/members/rules"),
    ("member.rule", r"phone_looks (?P<number>\d+)", marked("looks by phone, version {number}"), "/members/rules"),
    ("member.rule", r"wallet_looks (?P<number>\d+)", marked("looks at wallets, version {number}"), "/members/rules"),
    ("member.rule", r"merging (?P<number>\d+)", marked("rule of merging, version {number}"), "/members/rules"),
    ("member.rule", r"referral (?P<number>\d+)", marked("bringing friends, version {number}"), "/loyalty/referrals"),
    ("member.rule", r"transfers (?P<number>\d+)", marked("handing points on, version {number}"), "/loyalty/referrals"),
    ("member.rule", r"leaderboard (?P<number>\d+)", marked("leaderboard, version {number}"), "/loyalty/leaderboard"),
    ("loyalty.", rf"draft (?P<id>{_UUID})", marked("draft {short}"), ""),
    ("value.", rf"draft (?P<id>{_UUID})", marked("draft {short}"), "/value/rules"),
    ("", r"batch (?P<id>[\w-]+)", marked("batch {id}"), "/coupons/{id}"),
    ("", r"coupon (?P<id>.+)", marked("coupon {id}"), ""),
    ("", rf"member (?P<id>{_UUID}): (?P<tier>.+)", marked("member {short}, tier {tier}"), "/members/{id}"),
    ("", rf"member (?P<id>{_UUID})", marked("member {short}"), "/members/{id}"),
    ("", rf"sale (?P<id>{_UUID})", marked("sale {short}"), "/sales/{id}"),
    ("", rf"return (?P<id>{_UUID})", marked("return {short}"), ""),
    ("", r"gift (?P<id>[\w-]+)", marked("gift {id}"), "/rewards/gifts/{id}"),
    ("", r"draw (?P<id>[\w-]+)", marked("prize draw {id}"), "/rewards/draws/{id}"),
    ("", rf"purse (?P<id>{_UUID})", marked("purse {short}"), "/value/purses/{id}"),
    ("", r"order (?P<id>[\w-]+)", marked("order {id}"), ""),
    ("", r"hold (?P<id>[\w-]+)", marked("amount set aside {id}"), ""),
    ("", r"item (?P<id>.+)", marked("item {id}"), ""),
    ("run.", rf"expiry (?P<id>{_UUID})", marked("expiry {short}"), "/rewards/runs/{id}"),
    ("run.", rf"rebate (?P<id>{_UUID})", marked("year-end rebate {short}"), "/rewards/runs/{id}"),
    ("run.", rf"coupons (?P<id>{_UUID})", marked("coupons for a segment {short}"), "/rewards/runs/{id}"),
    ("run.", rf"draw_refund (?P<id>{_UUID})", marked("refund of a draw {short}"), "/rewards/runs/{id}"),
    ("member.import", r"(?P<count>\d+) rows", marked("{count} rows"), ""),
    ("member.segment", r"(?P<id>[a-z0-9-]+)", marked("segment {id}"), "/members/segments?open={id}"),
    ("member.opening", rf"(?P<id>{_UUID})", marked("base taken over {short}"), "/members/openings"),
    ("member.upload", rf"(?P<id>{_UUID})", marked("file {short}"), ""),
    ("member.", rf"(?P<id>{_UUID})", marked("member {short}"), "/members/{id}"),
    ("points.transfer", rf"(?P<id>{_UUID})", marked("member {short}"), "/members/{id}"),
    ("consent.", rf"(?P<id>{_UUID})", marked("member {short}"), "/members/{id}"),
    ("parked.", rf"(?P<id>{_UUID})", marked("event {short}"), "/parked/{id}"),
    ("promotions.", rf"(?P<id>{_UUID})", marked("promotion {short}"), "/promotions/{id}"),
    ("prices.", rf"(?P<id>{_UUID})", marked("price change {short}"), "/prices/changes/{id}"),
    ("store.", r"(?P<id>[a-z0-9-]+)", marked("store {id}"), "/stores/{id}"),
    ("", r"(?P<id>[a-z0-9-]+)/(?P<till>[a-z0-9-]+)", marked("store {id}, till {till}"), "/stores/{id}"),
    ("", r"chain", marked("the chain"), ""),
    ("keys.", r"fields", marked("fields of members"), ""),
    ("picture.", r"items", marked("items"), ""),
)  # fmt: skip
_DETAILS = _rows(
    ("", r"needed", marked("needed"), ""),
    ("", r"not needed", marked("not needed"), ""),
    ("person.", r"own password", marked("their own password"), ""),
    ("person.", r"password", marked("a new first password"), ""),
    ("person.", r"role \w+, password", marked("role and a new first password"), ""),
    *(("person.", rf"(?:role )?{role}", name, "") for role, name in ROLE.items()),
    ("person.", r"(?P<count>\d+) sessions", marked("{count} sessions ended"), ""),
    ("prices.write", r"rows written: (?P<count>\d+)", marked("{count} rows written"), ""),
    ("prices.write", r"rows taken out: (?P<count>\d+)", marked("{count} rows taken out"), ""),
    ("prices.write", r"rows written: (?P<count>\d+); rows taken out: (?P<out>\d+)",
     marked("{count} rows written, {out} taken out"), ""),
    ("prices.", r"(?P<title>.+); (?P<count>\d+) stores", marked("{title}; {count} stores"), ""),
    ("prices.", r"(?P<title>.+); rows restored: (?P<count>\d+)", marked("{title}; {count} prices brought back"), ""),
    ("promotions.", r"(?P<title>.+); all", marked("{title}; all stores"), ""),
    ("promotions.", r"(?P<title>.+); $", marked("{title}; no stores yet"), ""),
    ("", r"(?P<came>\d+) came, (?P<went>\d+) went", marked("{came} came, {went} went"), ""),
    ("coupons.", r"(?P<count>\d+) coupons", marked("{count} coupons"), ""),
    ("coupons.conflict", r"coupon (?P<id>.+): (?P<decision>\w+)", marked("coupon {id}: {decision}"), ""),
    ("loyalty.", r"tiers from (?P<day>\S+)", marked("tiers from {day} on"), ""),
    ("loyalty.", r"earning from (?P<day>\S+)", marked("earning from {day} on"), ""),
    ("loyalty.", r"referral", marked("bringing friends"), ""),
    ("loyalty.", r"transfers", marked("handing points on"), ""),
    ("loyalty.", r"leaderboard", marked("leaderboard"), ""),
    ("points.review", r"(?P<points>-?\d+) given", marked("{points} points given"), ""),
    ("points.review", r"(?P<stand>-?\d+) stand, (?P<promised>-?\d+) promised",
     marked("{stand} points stand, {promised} were promised"), ""),
    ("points.transfer", rf"(?P<points>\d+) points to (?P<id>{_UUID}), fee (?P<fee>\d+)",
     marked("{points} points to member {short}, fee {fee}"), ""),
    ("gift.stock", r"(?P<store>\S+) (?P<delta>[+-]\d+), (?P<left>-?\d+) left",
     marked("store {store}: {delta}, {left} left"), ""),
    ("draw.open", r"commitment (?P<hash>[0-9a-f]+)", marked("mark of the seed {hash}"), ""),
    ("member.family", r"left", marked("left the family"), ""),
    ("member.", rf"with (?P<id>{_UUID})", marked("with member {short}"), ""),
    ("member.home", r"(?P<was>\S+) to (?P<now>\S+)", marked("from {was} to {now}"), ""),
    ("member.upload", r"load", marked("load"), ""),
    ("member.upload", r"cancel", marked("cancel"), ""),
    ("member.upload", r"(?P<name>.+), (?P<count>\d+) bytes", marked("{name}, {count} bytes"), ""),
    ("parked.", r"applied", marked("applied"), ""),
    ("", r"store (?P<store>\S+), certificate (?P<id>\w+)", marked("store {store}, certificate {id}"), ""),
    ("", r"certificate (?P<id>\w+)", marked("certificate {id}"), ""),
    ("", r"store (?P<store>\S+)", marked("store {store}"), ""),
    ("keys.", r"(?P<count>\d+) values", marked("{count} values"), ""),
)  # fmt: skip


def subject_cell(entry: AuditEntry) -> Cell:
    """Return what an act was done to."""
    return _cell(_SUBJECTS, entry.action, entry.subject)


def detail_cell(entry: AuditEntry) -> Cell:
    """Return an act's details; nothing where there are none."""
    return _cell(_DETAILS, entry.action, entry.detail)


def _cell(patterns: Sequence[Pattern], action: str, code: str) -> Cell:
    for act, pattern, words, href in patterns:
        found = pattern.fullmatch(code) if action.startswith(act) else None
        if found is not None:
            values: dict[str, object] = dict(found.groupdict())
            if "id" in values:
                values["short"] = str(values["id"])[-_SHOWN:]
            return Cell(value=words, say=True, values=values, href=href.format(**values))
    return Cell(value=code or None)
