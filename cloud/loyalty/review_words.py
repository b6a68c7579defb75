"""Why a till's points and head office's differ, in words: a few for a row of a table, and a whole sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cloud.loyalty import promises
from shared.web.words import marked


class CauseWords(NamedTuple):
    """A cause in short and at length; `{till}` and `{hq}` are versions of a rule."""

    short: str
    long: str


KINDS = (marked("sale"), marked("return"))
"""What it is about: by whether goods came back."""

CAUSES: Mapping[str, CauseWords] = {
    promises.BLOCKED: CauseWords(
        marked("member blocked"),
        marked("The member may not collect points. The store had not heard of it when the sale was made."),
    ),
    promises.NO_RULE: CauseWords(
        marked("no rule at head office"),
        marked("Head office has no rule of earning for that day; the till worked by version {till}."),
    ),
    promises.OTHER_EARNING: CauseWords(
        marked("other earning rule"),
        marked("The till worked by version {till} of the earning rule; for that day head office has version {hq}."),
    ),
    promises.OTHER_TIERS: CauseWords(
        marked("other tier rule"),
        marked("The till worked by version {till} of the tiers; for that day head office has version {hq}."),
    ),
    promises.OTHER_CONTENT: CauseWords(
        marked("same version, other content"),
        marked("Both name version {hq} of the rule, with other content: was it published anew after a restore?"),
    ),
    promises.NOT_SAID: CauseWords(
        marked("till did not say"),
        marked("The till did not say by which rule it worked; for that day head office has version {hq}."),
    ),
    promises.SAME_RULES: CauseWords(
        marked("same rules, other figure"),
        marked("Both worked by the same rules, and so the figures should be the same: tell support."),
    ),
    promises.SALE_DIFFERED: CauseWords(
        marked("its sale differed"),
        marked("The sale itself was given other points than its till had promised; what came back is a share of them."),
    ),
    promises.RETURN: CauseWords(
        marked("return counted otherwise"),
        marked("The sale's own points agree; the till counted otherwise what came back of it."),
    ),
}  # fmt: skip
