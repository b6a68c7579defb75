"""`storewire-cloud messages ...`: how each channel is set, and a trial of one before members are sent anything."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from cloud import audit
from cloud.channels.choosing import channels_of
from cloud.channels.ports import ChannelName, Delivery, Message, Outcome
from cloud.channels.reading import ways
from cloud.channels.reasons import reason
from cloud.channels.texts import TEMPLATES, template
from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, said_plainly, settings_of
from cloud.errors import Invalid, Refused
from cloud.members.profile import EMAIL, PHONE, checked
from shared.web.words import Language

app = typer.Typer(no_args_is_help=True, help="Messages to members: channels, and trying them.")

_SAMPLES = {"code": "000000", "minutes": "5", "day": "2030-01-01", "points": "100", "title": "TEST"}
_SAID = {
    Delivery.SENT: "The provider took it. Whether it arrives, see the telephone.",
    Delivery.DELIVERED: "It arrived, the provider says.",
    Delivery.UNKNOWN: "It may have gone: the provider's answer was lost.",
}


@app.command("channels")
def show_channels(context: typer.Context) -> None:
    """Show by what each channel goes, and which texts lack a registered template."""
    for one in ways(settings_of(context).channels):
        lacking = f"; no registered template for {', '.join(one.lacking)}" if one.lacking else ""
        typer.echo(f"{one.channel}: {one.way}{lacking}")


@app.command("try")
def try_channel(
    context: typer.Context,
    channel: Annotated[ChannelName, typer.Argument(help="sms, email or wechat.")],
    to: Annotated[str, typer.Argument(help="Your own number, address or openid: a real message goes there.")],
    *,
    name: Annotated[str, typer.Option("--template", help=f"One of {', '.join(TEMPLATES)}.")] = "sign_in_code",
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Send one message with made-up values by a channel as it is set, and say what its provider answers."""
    with said_plainly():
        message = _sample(channel, to, name, "en" if language == "en" else "zh")
        settings = settings_of(context)
        ports = channels_of(settings.channels, settings.messages_dir, SystemMachineClock())
        port = ports.get(channel)
        if port is None:
            raise Refused("channel_off", f"{channel} is off: set channels.{channel} in the settings")
    with database_of(context) as database, database.session() as session:
        audit.record(session, at_ms=now_ms(), actor=actor(), action="message.try", subject=channel, detail=name)
    with said_plainly():
        typer.echo(_words(port.send(message)))


def _sample(channel: ChannelName, to: str, name: str, language: Language) -> Message:
    fields = {ChannelName.SMS: PHONE, ChannelName.EMAIL: EMAIL}
    recipient = checked(fields[channel], to) if channel in fields else to.strip()
    if not recipient:
        raise Invalid("say to whom")
    parameters = {key: _SAMPLES[key] for key in template(name).parameters}
    return Message(
        id=uuid4(), channel=channel, template=name, language=language, recipient=recipient, parameters=parameters
    )


def _words(outcome: Outcome) -> str:
    """Return what became of it. Raise Refused where it did not go."""
    if outcome.state in _SAID:
        number = f" Its number there: {outcome.reference}." if outcome.reference else ""
        return f"{_SAID[outcome.state]}{number}"
    text, values = reason(outcome.code)
    again = " Trying later may help." if outcome.again else ""
    raise Refused(outcome.code, f"not sent ({outcome.code}): {text.format(**values)}.{again}")
