"""What the law says of prize draws, as a setting: it changes, and a lawyer confirms it before use."""

from __future__ import annotations

import msgspec
from sqlmodel import Session

from cloud import audit
from cloud.errors import Invalid, Refused
from cloud.org.models import ChainSetting
from shared.draws import DrawRules

TOP_PRIZE_MINOR = 5_000_000
"""50,000 yuan: the most a prize may be worth (Provisions on Regulating Promotional Activities, 2020, article 17)."""
_NAME = "top_prize_minor"


def top_prize_minor(session: Session) -> int:
    """Return the most a prize may be worth, in minor units."""
    found = session.get(ChainSetting, _NAME)
    return TOP_PRIZE_MINOR if found is None else int(msgspec.json.decode(found.value))


def set_top_prize(session: Session, minor: int, *, actor: str, reason: str, now_ms: int) -> None:
    """Change the most a prize may be worth. Draws that are open stay as they are. Raise Invalid."""
    if minor < 1 or not reason.strip():
        raise Invalid("the most a prize may be worth is at least 1, and the reason is kept")
    session.merge(ChainSetting(name=_NAME, value=msgspec.json.encode(minor)))
    audit.record(
        session, at_ms=now_ms, actor=actor, action="draw.cap", subject="chain", reason=reason, detail=str(minor)
    )
    session.flush()


def check_prizes(session: Session, rules: DrawRules) -> None:
    """Raise Refused (`top_prize`) where a prize is worth more than the law allows."""
    most = top_prize_minor(session)
    if any(one.worth_minor > most for one in rules.prizes):
        raise Refused("top_prize", f"a prize is worth at most {most}")
