"""`storewire-cloud rules ...`: what members earn and which tier they reach, said back in words before it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer
from sqlmodel import Session

from cloud.command import actor, database_of, now_ms, settings_of
from cloud.errors import Invalid
from cloud.loyalty import publishing, rules
from cloud.loyalty.tier_words import tier_words
from cloud.loyalty.words import Language, earning_words, no_rule_words
from cloud.org.stores import stores
from cloud.process.clocks import clocks_of
from shared.ids import check_slug
from shared.loyalty import EarningRule, Tier, TierRule

app = typer.Typer(no_args_is_help=True, help="Rules of points and tiers.")

_LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LARGEST = 10**15

Publish = Annotated[bool, typer.Option("--publish", help="Publish it; without it only say what it would mean.")]


@app.command("show")
def show(context: typer.Context) -> None:
    """Say in words which rules count."""
    with database_of(context) as database, database.snapshot() as session:
        found, exponent = rules.load(session), _exponent(session)
    for rule in found.earning:
        typer.echo(f"Earning rule {rule.version}")
        _say([earning_words(rule, language, exponent) for language in _LANGUAGES])
    if not found.earning:
        _say([[no_rule_words(language)] for language in _LANGUAGES])
    for tier_rule in found.tiers:
        typer.echo(f"Tier rule {tier_rule.version}")
        _say([tier_words(tier_rule, language, exponent) for language in _LANGUAGES])
    if not found.tiers:
        _say([tier_words(TierRule(version=0), language) for language in _LANGUAGES])


@app.command("earning")
def earning(
    context: typer.Context,
    *,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First business date it counts on.")],
    points: Annotated[int, typer.Option(min=0, max=_LARGEST, help="Points given; 0 gives none.")],
    per: Annotated[int, typer.Option(min=1, max=_LARGEST, help="For every full so much, in minor units (100 = 1.00).")],
    exclude: Annotated[list[str] | None, typer.Option(help="A category path that earns nothing; repeatable.")] = None,
    refuse_spent: Annotated[
        bool, typer.Option("--refuse-spent", help="Refuse returns whose points are spent, where a till can ask.")
    ] = False,
    publish: Publish = False,
) -> None:
    """Publish the next earning rule."""
    with database_of(context) as database, database.session() as session:
        version = max((rule.version for rule in rules.load(session).earning), default=0) + 1
        rule = EarningRule(
            version=version,
            valid_from=date(start.year, start.month, start.day),
            points=points,
            per_minor=per,
            excluded_categories=exclude or [],
            spent_points="refused" if refuse_spent else "owed",
        )
        _say([earning_words(rule, language, _exponent(session)) for language in _LANGUAGES])
        if publish:
            publishing.publish_earning(session, rule, actor=actor(), now_ms=now_ms())
    typer.echo(f"Published as earning rule {version}." if publish else "Nothing is published yet: add --publish.")


@app.command("tiers")
def tiers(
    context: typer.Context,
    tier: Annotated[
        list[str] | None, typer.Argument(help="code:minor units a year:English name:Chinese name, for each tier.")
    ] = None,
    *,
    publish: Publish = False,
) -> None:
    """Publish the next tiers; none at all makes all members equal again."""
    today = datetime.fromtimestamp(clocks_of(settings_of(context)).business.now_ms() // 1000, UTC).date()
    with database_of(context) as database, database.session() as session:
        version = rules.load(session).tier_version + 1
        rule = TierRule(version=version, tiers=_tiers(tier or []))
        _say([tier_words(rule, language, _exponent(session)) for language in _LANGUAGES])
        changed = (
            publishing.publish_tiers(session, rule, actor=actor(), now_ms=now_ms(), today=today) if publish else set()
        )
    if publish:
        typer.echo(f"Published as tier rule {version}; {len(changed)} members stand in another tier now.")
    else:
        typer.echo("Nothing is published yet: add --publish.")


def _tiers(texts: list[str]) -> list[Tier]:
    found = [_tier(text) for text in texts]
    for what, values in (("code", [one.code for one in found]), ("spend", [one.from_minor for one in found])):
        if len(set(values)) < len(values):
            raise Invalid(f"two tiers have the same {what}")
    return found


def _tier(text: str) -> Tier:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 4 or not all(parts) or not parts[1].isascii() or not parts[1].isdigit():
        raise Invalid(f"a tier is written code:minor:English:Chinese, such as gold:500000:Gold:金卡, got {text!r}")
    try:
        code = check_slug(parts[0], "a tier's code")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if int(parts[1]) > _LARGEST:
        raise Invalid(f"a tier's spend is at most {_LARGEST}, got {parts[1]}")
    return Tier(code=code, names={"en": parts[2], "zh": parts[3]}, from_minor=int(parts[1]))


def _exponent(session: Session) -> int:
    """Return how the chain writes its money: as its first store does."""
    return next((store.exponent for store in stores(session)), 2)


def _say(by_language: list[list[str]]) -> None:
    for lines in by_language:
        for line in lines:
            typer.echo(f"  {line}")
