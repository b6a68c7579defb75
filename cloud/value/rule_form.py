"""The form of the rules of stored value: from fields as people fill them in to a rule, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cloud.errors import Invalid
from cloud.web.amounts import read_minor
from cloud.web.figures import money
from cloud.web.signing_in import Posted
from shared.value import TopUpCampaign, ValueRule

MORE = 2
"""Empty rows for further campaigns."""
_MONEY = ("named_cap_minor", "unnamed_cap_minor", "identity_from_minor", "return_fee_minor", "allowance_minor")
_COUNTS = ("hold_minutes", "allowance_points", "allowance_percent", "allowance_hours", "allowance_members")
_PERCENT = "return_fee_bp"
_PERCENT_DIGITS = 2


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign as the form shows it."""

    start: str = ""
    gift: str = ""
    starts: str = ""
    ends: str = ""
    repeating: bool = False
    months: str = ""


def filled(rule: ValueRule, exponent: int) -> Mapping[str, str]:
    """Return the form's plain fields for a rule."""
    found = {name: money(getattr(rule, name), exponent).replace(",", "") for name in _MONEY}
    found |= {name: str(getattr(rule, name)) for name in _COUNTS}
    return {**found, _PERCENT: money(rule.return_fee_bp, _PERCENT_DIGITS)}


def campaign_rows(rule: ValueRule, exponent: int) -> list[CampaignRow]:
    """Return a row for each campaign, and empty ones to add more."""
    rows = [
        CampaignRow(
            money(one.from_minor, exponent).replace(",", ""), money(one.gift_minor, exponent).replace(",", ""),
            one.starts.isoformat(), one.ends.isoformat(), one.repeating, str(one.gift_months or ""),
        )
        for one in rule.campaigns
    ]  # fmt: skip
    return [*rows, *(CampaignRow() for _ in range(MORE))]


def read(posted: Posted, version: int, exponent: int) -> ValueRule:
    """Read a rule from a form. Raise Invalid, beginning with the field or with `rule` or `campaign`."""
    plain: dict[str, int] = {name: read_minor(posted.get(name) or "0", exponent, "amount") for name in _MONEY}
    plain |= {name: read_minor(posted.get(name) or "0", 0, "rule") for name in _COUNTS}
    plain[_PERCENT] = read_minor(posted.get(_PERCENT) or "0", _PERCENT_DIGITS, "rule")
    order = posted.get("order_of_use")
    if order not in ("principal_first", "gift_first", "in_proportion"):
        raise Invalid("rule: say what is spent first")
    try:
        return ValueRule(
            version=version,
            order_of_use=order,  # type: ignore[arg-type]
            recover_debt=bool(posted.get("recover_debt")),
            campaigns=_campaigns(posted, exponent),
            **plain,
        )
    except ValueError as error:
        raise Invalid(f"rule: {error}") from None


def _campaigns(posted: Posted, exponent: int) -> list[TopUpCampaign]:
    columns = [posted.all(f"campaign_{name}") for name in ("from", "gift", "starts", "ends", "repeating", "months")]
    rows = zip(*columns, strict=False)
    return [_campaign(row, exponent) for row in rows if any(row[:4])]


def _campaign(row: tuple[str, ...], exponent: int) -> TopUpCampaign:
    start, gift, starts, ends, repeating, months = row
    try:
        return TopUpCampaign(
            from_minor=read_minor(start, exponent, "campaign"), gift_minor=read_minor(gift, exponent, "campaign"),
            starts=date.fromisoformat(starts), ends=date.fromisoformat(ends), repeating=repeating == "yes",
            gift_months=read_minor(months or "0", 0, "campaign"),
        )  # fmt: skip
    except ValueError as error:
        raise Invalid(f"campaign: {error}") from None
