"""`storewire-cloud rules ...`: what members earn and which tier they reach, said back in words before it counts."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import Session

from cloud.command import actor, database_of, now_ms, settings_of
from cloud.deployment.clocks import clocks_of
from cloud.errors import Invalid
from cloud.loyalty import deciding, drafting, rules
from cloud.loyalty.tier_words import tier_words
from cloud.loyalty.words import Language, earning_words, no_rule_words
from cloud.org.stores import stores
from cloud.org.zones import house_day, set_zone
from shared.ids import check_slug
from shared.loyalty import EarningRule, Tier, TierRule

app = typer.Typer(no_args_is_help=True, help="Rules of points and tiers.")

_LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LARGEST = 10**15


class Needed(StrEnum):
    """Whether a second person is asked."""

    ON = "on"
    OFF = "off"


Publish = Annotated[
    bool,
    typer.Option("--publish", help="Publish it, or leave it for approval; without it only say what it would mean."),
]
Alone = Annotated[
    str, typer.Option("--alone", metavar="REASON", help="Publish it without a second person; the reason is kept.")
]


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
    alone: Alone = "",
) -> None:
    """Publish the next earning rule, or leave it for a second person."""
    with database_of(context) as database, database.session() as session:
        rule = EarningRule(
            version=max((rule.version for rule in rules.load(session).earning), default=0) + 1,
            valid_from=date(start.year, start.month, start.day),
            points=points,
            per_minor=per,
            excluded_categories=exclude or [],
            spent_points="refused" if refuse_spent else "owed",
        )
        _say([earning_words(rule, language, _exponent(session)) for language in _LANGUAGES])
        sent = _send(context, session, rule, alone) if publish else None
    _say_sent(sent, "earning")


@app.command("tiers")
def tiers(
    context: typer.Context,
    tier: Annotated[
        list[str] | None, typer.Argument(help="code:minor units a year:English name:Chinese name, for each tier.")
    ] = None,
    *,
    publish: Publish = False,
    alone: Alone = "",
) -> None:
    """Publish the next tiers, or leave them for a second person; none at all makes all members equal again."""
    with database_of(context) as database, database.session() as session:
        version = rules.load(session).tier_version + 1
        rule = TierRule(version=version, tiers=_tiers(tier or []))
        _say([tier_words(rule, language, _exponent(session)) for language in _LANGUAGES])
        sent = _send(context, session, rule, alone) if publish else None
    _say_sent(sent, "tier")
    if sent is not None and sent.draft is None:
        typer.echo(f"{sent.members} members stand in another tier now.")


@app.command("second-person")
def second_person(
    context: typer.Context,
    needed: Annotated[Needed, typer.Argument(help="Whether somebody else has to approve these rules.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit log.")],
) -> None:
    """Say whether rules of points and tiers need a second person's approval."""
    with database_of(context) as database, database.session() as session:
        deciding.set_alone(session, on=needed == "off", actor=actor(), reason=reason, now_ms=now_ms())
    typer.echo("A second person approves." if needed == "on" else "One person is enough from now on.")


@app.command("zone")
def zone(context: typer.Context, name: Annotated[str, typer.Argument(help="Such as Asia/Shanghai.")]) -> None:
    """Choose the zone of the chain: of members without a home store, and of head office where stores differ."""
    with database_of(context) as database, database.session() as session:
        set_zone(session, name, actor=actor(), now_ms=now_ms())
    typer.echo(f"The chain counts its days by {name}.")


def _send(context: typer.Context, session: Session, rule: drafting.Rule, alone: str) -> drafting.Sent:
    today = house_day(session, clocks_of(settings_of(context)).business.now_ms())
    return drafting.send(session, rule, actor=actor(), today=today, now_ms=now_ms(), alone_because=alone)


def _say_sent(sent: drafting.Sent | None, kind: str) -> None:
    if sent is None:
        typer.echo("Nothing is published yet: add --publish.")
    elif sent.draft is None:
        typer.echo(f"Published as {kind} rule {sent.version}.")
    else:
        typer.echo("Nothing is published yet: head office asks for a second person, and it waits as a draft.")
        typer.echo(f"Somebody else tries and approves it at /loyalty/drafts/{sent.draft}, or add --alone REASON.")


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
