"""`storewire-cloud members ...`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from cloud import audit
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.database.commits import open_commit
from cloud.deployment.clocks import clocks_of
from cloud.deployment.opening import open_vault
from cloud.members import consent, finding, segments
from cloud.members.home_days import HomeDays

app = typer.Typer(no_args_is_help=True, help="Members and their cards.")

MemberId = Annotated[UUID, typer.Argument(help="As `members find` names them.")]


@app.command("segment")
def change_segment(
    context: typer.Context,
    segment: Annotated[str, typer.Argument(help="The segment's code: a-z, 0-9 and '-'.")],
    *,
    add: Annotated[list[UUID] | None, typer.Option(help="A member who is in it from now on.")] = None,
    remove: Annotated[list[UUID] | None, typer.Option(help="A member who is in it no more.")] = None,
    name_en: Annotated[str, typer.Option("--name-en", help="What pages call it in English.")] = "",
    name_zh: Annotated[str, typer.Option("--name-zh", help="What pages call it in Chinese.")] = "",
) -> None:
    """Put members into a segment that offers are made to, or take them out; stores are told the code alone."""
    with database_of(context) as database, database.session() as session:
        if name_en or name_zh:
            names = dict(segments.names(session).get(segment, {})) | {
                language: name for language, name in (("en", name_en), ("zh", name_zh)) if name
            }
            segments.called(session, segment, names, actor=actor(), now_ms=now_ms())
        commit_no = open_commit(session, now_ms())
        came = segments.put_in(session, segment, add or [], commit_no=commit_no, now_ms=now_ms())
        went = segments.take_out(session, segment, remove or [], commit_no=commit_no)
        detail = f"{came} came, {went} went"
        audit.record(session, at_ms=now_ms(), actor=actor(), action="member.segment", subject=segment, detail=detail)
    typer.echo(f"{segment}: {detail}.")


@app.command("find")
def find(
    context: typer.Context,
    card: Annotated[str, typer.Option(prompt=True, help="Asked for when not given, so that it stays out of history.")],
) -> None:
    """Show the member behind a card: masked name, tier, points. The look-up is recorded."""
    settings = settings_of(context)
    today = HomeDays(clocks_of(settings).business.now_ms())
    with database_of(context) as database, database.session() as session:
        member, found = finding.by_card(session, open_vault(settings), card, today)
        audit.record(session, at_ms=now_ms(), actor=actor(), action="member.find", subject=str(member))
    state = " (has left)" if found.closed else ""
    typer.echo(f"{member}\t{found.masked_name}{state}\t{found.tier or 'no tier'}\t{found.points} points")


@app.command("withdraw")
def withdraw_consent(
    context: typer.Context, member: MemberId, channel: Annotated[str, typer.Argument(help="Such as sms or email.")]
) -> None:
    """Note that a member takes a consent back."""
    with database_of(context) as database, database.session() as session:
        consent.withdraw(session, member, channel, actor=actor(), now_ms=now_ms())
    typer.echo(f"Member {member} no longer agrees to {channel}.")
