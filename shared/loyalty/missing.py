"""What is missing to the next tier, in words: the same on a receipt, at a till, on the member's own page."""

from __future__ import annotations

from collections.abc import Mapping

from shared.loyalty.tiers import NextTier

_WORDS: Mapping[str, Mapping[str, str]] = {
    "spend": {"en": "{amount} more", "zh": "再消费 {amount}"},
    "visit": {"en": "1 more visit", "zh": "再到店 1 次"},
    "visits": {"en": "{amount} more visits", "zh": "再到店 {amount} 次"},
    "growth": {"en": "{amount} more growth value", "zh": "再得成长值 {amount}"},
    "all": {"en": "{one} and {other}", "zh": "{one}并{other}"},
    "any": {"en": "{one} or {other}", "zh": "{one}或{other}"},
}


def missing_words(lacks: NextTier, language: str, amount: str) -> str:
    """Return what is missing, such as "120.00 more and 2 more visits"; empty for nothing.

    `amount` is its `spend_minor` as the caller writes money. Another language than English or Chinese gets English.
    """
    parts = []
    if lacks.spend_minor:
        parts.append(_say("spend", language, amount=amount))
    if lacks.visits:
        parts.append(_say("visit" if lacks.visits == 1 else "visits", language, amount=lacks.visits))
    if lacks.growth:
        parts.append(_say("growth", language, amount=f"{lacks.growth:,}"))
    if len(parts) < 2:
        return parts[0] if parts else ""
    return _say("any" if lacks.either else "all", language, one=parts[0], other=parts[1])


def _say(key: str, language: str, **values: object) -> str:
    said = _WORDS[key]
    return said.get(language, said["en"]).format(**values)
