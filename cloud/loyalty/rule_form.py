"""The forms of tiers and earning: from fields as people fill them in to a rule, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from cloud.errors import Invalid
from cloud.web.amounts import read_minor
from cloud.web.figures import money
from cloud.web.signing_in import Posted
from shared.loyalty import (
    Benefit,
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    EarningRule,
    MemberDay,
    OwnPrices,
    PointsTimes,
    Tier,
    TierRule,
)

MORE = 2
"""Empty rows for further tiers."""
_TIMES_DIGITS = 4
TIER_FIELDS = (
    "code", "en", "zh", "from", "visits", "times", "day_times", "month_days", "weekdays", "reach_batch", "reach_count",
    "reach_months", "month_batch", "month_count", "month_day", "birthday_batch", "birthday_count", "birthday_points",
    "birthday_before", "birthday_after", "birthday_leap", "own_prices",
)  # fmt: skip
_DEFAULTS = {
    "reach_count": "1", "reach_months": "0", "month_count": "1", "month_day": "1", "birthday_count": "1",
    "birthday_before": "7", "birthday_after": "7", "birthday_leap": "feb_28",
}  # fmt: skip
Row = Mapping[str, str]


def read_date(text: str) -> date:
    """Read the day from which a rule counts. Raise Invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("starts: choose the first day on which it counts") from None


def tier_rows(rule: TierRule, exponent: int) -> list[Row]:
    """Return a row for each tier, the lowest first, and empty ones to add more."""
    return [_row(tier, rule, exponent) for tier in rule.ladder] + [_empty() for _ in range(MORE)]


def _empty() -> dict[str, str]:
    return {name: _DEFAULTS.get(name, "") for name in TIER_FIELDS}


def _row(tier: Tier, rule: TierRule, exponent: int) -> Row:
    counted = tier.from_minor if rule.measure in ("visits", "growth") else None
    row = _empty() | {
        "code": tier.code,
        "en": tier.names.get("en", ""),
        "zh": tier.names.get("zh", ""),
        "from": str(counted) if counted is not None else money(tier.from_minor, exponent).replace(",", ""),
        "visits": str(tier.from_visits or ""),
    }
    for benefit in tier.benefits:
        row |= _benefit_fields(benefit)
    return row


def _benefit_fields(benefit: Benefit) -> dict[str, str]:
    match benefit:
        case OwnPrices():
            return {"own_prices": benefit.promotion}
        case PointsTimes():
            return {"times": _times(benefit.times_bp)}
        case MemberDay():
            days = {"month_days": benefit.month_days, "weekdays": benefit.weekdays}
            return {"day_times": _times(benefit.times_bp), **{k: " ".join(map(str, v)) for k, v in days.items()}}
        case CouponsOnReaching():
            months = str(benefit.every_months)
            return {"reach_batch": benefit.batch, "reach_count": str(benefit.count), "reach_months": months}
        case CouponsMonthly():
            return {"month_batch": benefit.batch, "month_count": str(benefit.count), "month_day": str(benefit.day)}
        case BirthdayGift():
            return {
                "birthday_batch": benefit.batch, "birthday_count": str(benefit.count),
                "birthday_points": str(benefit.points or ""), "birthday_before": str(benefit.days_before),
                "birthday_after": str(benefit.days_after), "birthday_leap": benefit.leap_day,
            }  # fmt: skip


def _times(times_bp: int) -> str:
    return money(times_bp, _TIMES_DIGITS).replace(",", "").rstrip("0").rstrip(".")


def read_tiers(posted: Posted, version: int, exponent: int) -> TierRule:
    """Read a tier rule from a form. Raise Invalid, beginning with what it is about: `tier`, `benefit` or `rule`."""
    measure = posted.get("measure")
    columns = [posted.all(f"tier_{name}") for name in TIER_FIELDS]
    rows = [dict(zip(TIER_FIELDS, row, strict=True)) for row in zip(*columns, strict=False)]
    facts: dict[str, Any] = {name: posted.get(name) for name in ("window", "measure", "mix", "downgrade", "step")}
    tiers = [_tier(row, measure, exponent) for row in rows if row["code"]]
    try:
        return msgspec.convert(
            {
                **facts,
                "version": version,
                "tiers": msgspec.to_builtins(tiers),
                "months": read_minor(posted.get("months") or "12", 0, "rule"),
                "growth_per_minor": read_minor(posted.get("growth_per") or "1", exponent, "rule"),
                "growth_per_visit": read_minor(posted.get("growth_visit") or "0", 0, "rule"),
                "initial": posted.get("initial"),
            },
            TierRule,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"rule: {error}") from None


def _tier(row: Row, measure: str, exponent: int) -> Tier:
    code = row["code"].strip()
    if not code.isascii() or not code.replace("-", "").isalnum() or code != code.lower():
        raise Invalid("tier: a code is small letters, digits and hyphens")
    digits = 0 if measure in ("visits", "growth") else exponent
    try:
        return Tier(
            code=code,
            names={"en": row["en"].strip() or code, "zh": row["zh"].strip() or row["en"].strip() or code},
            from_minor=read_minor(row["from"] or "0", digits, "tier"),
            from_visits=read_minor(row["visits"] or "0", 0, "tier"),
            benefits=_benefits(row),
        )
    except (TypeError, ValueError) as error:
        raise Invalid(f"benefit: {error}") from None


def _benefits(row: Row) -> list[Benefit]:
    """Return what a row's fields bring; what is empty brings nothing."""
    found: list[Benefit] = []
    if row["own_prices"].strip():
        found.append(OwnPrices(promotion=row["own_prices"].strip()))
    if row["times"].strip() not in ("", "1"):
        found.append(PointsTimes(times_bp=read_minor(row["times"], _TIMES_DIGITS, "benefit")))
    if row["day_times"].strip() not in ("", "1"):
        times = read_minor(row["day_times"], _TIMES_DIGITS, "benefit")
        found.append(
            MemberDay(times_bp=times, month_days=_numbers(row["month_days"]), weekdays=_numbers(row["weekdays"]))
        )
    if row["reach_batch"].strip():
        found.append(
            CouponsOnReaching(
                batch=row["reach_batch"].strip(), count=_count(row["reach_count"]),
                every_months=read_minor(row["reach_months"] or "0", 0, "benefit"),
            )
        )  # fmt: skip
    if row["month_batch"].strip():
        day = read_minor(row["month_day"] or "1", 0, "benefit")
        found.append(CouponsMonthly(batch=row["month_batch"].strip(), count=_count(row["month_count"]), day=day))
    if row["birthday_batch"].strip() or row["birthday_points"].strip():
        found.append(_birthday(row))
    return found


def _birthday(row: Row) -> BirthdayGift:
    return BirthdayGift(
        batch=row["birthday_batch"].strip(),
        count=_count(row["birthday_count"]),
        points=read_minor(row["birthday_points"] or "0", 0, "benefit"),
        days_before=read_minor(row["birthday_before"] or "0", 0, "benefit"),
        days_after=read_minor(row["birthday_after"] or "0", 0, "benefit"),
        leap_day="mar_1" if row["birthday_leap"] == "mar_1" else "feb_28",
    )


def _count(text: str) -> int:
    return read_minor(text or "1", 0, "benefit")


def _numbers(text: str) -> list[int]:
    return [read_minor(one, 0, "benefit") for one in text.replace(",", " ").replace("，", " ").split()]


def read_earning(posted: Posted, version: int, exponent: int) -> EarningRule:
    """Read an earning rule from a form. Raise Invalid, beginning with `rule`."""
    try:
        return msgspec.convert(
            {
                "version": version,
                "valid_from": read_date(posted.get("starts")).isoformat(),
                "points": read_minor(posted.get("points") or "0", 0, "rule"),
                "per_minor": read_minor(posted.get("per") or "1", exponent, "rule"),
                "excluded_categories": _paths(posted.get("categories")),
                "excluded_tenders": posted.all("tender"),
                "expiry": posted.get("expiry") or "never",
                "expiry_count": read_minor(posted.get("expiry_count") or "0", 0, "rule"),
                "spent_points": posted.get("spent_points") or "owed",
                "pending_days": read_minor(posted.get("pending_days") or "0", 0, "rule"),
            },
            EarningRule,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"rule: {error}") from None


def _paths(text: str) -> list[str]:
    """Read categories as people write them: commas between, blanks within, as `grocery/beers & ales` has them."""
    return [" ".join(part.split()) for part in re.split(r"[,，、;；\n]+", text) if part.strip()]
