"""The groups of `storewire-cloud`'s commands, each read when somebody asks for it.

A run needs one of them, and all of them together take longer to read than most commands take to do their work; so
do the processes of head office, which are commands as well.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

GROUPS: dict[str, tuple[str, ...]] = {
    "store": ("cloud.org.commands:store_app", "cloud.fleet.terminal_commands:app"),
    "till": ("cloud.org.commands:till_app",),
    "claim": ("cloud.fleet.claim_commands:claim_app",),
    "token": ("cloud.identity.commands:token_app",),
    "person": ("cloud.identity.people_commands:person_app",),
    "keys": ("cloud.process.key_commands:keys_app",),
    "ca": ("cloud.identity.ca_commands:ca_app",),
    "agent": ("cloud.fleet.commands:agent_app",),
    "audit": ("cloud.audit.commands:audit_app",),
    "prices": ("cloud.prices.commands:app",),
    "pictures": ("cloud.pictures.commands:app",),
    "members": (
        "cloud.members.commands:app",
        "cloud.member_import.commands:app",
        "cloud.member_lifecycle.commands:app",
    ),
    "messages": ("cloud.channels.commands:app",),
    "coupons": ("cloud.coupons.commands:app",),
    "rewards": ("cloud.rewards.commands:app",),
    "parked": ("cloud.ingest.commands:app", "cloud.receipt_series.commands:app"),
    "ledger": ("cloud.process.ledger_commands:app",),
    "value": ("cloud.value.commands:app",),
    "rules": ("cloud.loyalty.commands:app",),
    "staff": ("cloud.store_days.commands:staff_app",),
    "policies": ("cloud.store_days.commands:policies_app",),
}
"""Each group by name: where its commands stand, as `module:name`; what follows the first adds to it."""


class Groups(TyperGroup):
    """The program's own commands, and `GROUPS` beside them."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for name in GROUPS:  # so that they are listed, and suggested to whoever mistypes one
            self.commands.setdefault(name, TyperGroup(name=name))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command or a group by name, None where there is none."""
        return _read(cmd_name) if cmd_name in GROUPS else super().get_command(ctx, cmd_name)


@cache
def _read(name: str) -> TyperGroup:
    first, *more = (_found(place) for place in GROUPS[name])
    for app in more:
        first.add_typer(app)
    group = typer.main.get_group(first)
    group.name = name
    return group


def _found(place: str) -> typer.Typer:
    module, _, name = place.partition(":")
    found: typer.Typer = getattr(import_module(module), name)
    return found
