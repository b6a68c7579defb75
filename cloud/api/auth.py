"""Who calls: an agent by its device token, a person or program by an API token with a scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Header

from cloud.api.services import Here
from cloud.database import Database
from cloud.errors import Refused
from cloud.fleet.device_tokens import accept_all
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.identity.refusals import Unproven
from cloud.identity.tokens import TokenHolder
from shared.clock import MachineClock

_BEARER = "Bearer "
_SCOPES: dict[object, str] = {}
"""What each dependency made here asks for, so that a test can hold every route to it."""

Authorization = Annotated[str | None, Header()]


async def current_agent(services: Here, authorization: Authorization = None) -> Agent:
    """Return the agent whose device token this is, and use the token up."""
    return await services.gate.ask(_bearer(authorization))


def admit(database: Database, clock: MachineClock, device_tokens: Sequence[str]) -> list[Agent | Exception]:
    """Return whose each device token is, or why it is refused, and use all of them up in one transaction."""
    with database.session() as session:
        return [*accept_all(session, device_tokens, clock.wall_ms())]


def holder_with(scope: str) -> Callable[..., TokenHolder]:
    """Return a dependency that yields the API token's holder if the token has this scope."""

    def current_holder(services: Here, authorization: Authorization = None) -> TokenHolder:
        now_ms = services.clocks.machine.wall_ms()
        with services.database.snapshot() as session:
            holder = tokens.accept(session, _bearer(authorization), now_ms)
        if not holder.may(scope):
            raise Refused("scope_missing", f"this API token lacks the scope {scope!r}")
        return holder

    _SCOPES[current_holder] = scope
    return current_holder


def scope_of(dependency: object) -> str | None:
    """Return the scope that one of our dependencies asks for, None for any other function."""
    return _SCOPES.get(dependency)


CurrentAgent = Annotated[Agent, Depends(current_agent)]


def _bearer(authorization: str | None) -> str:
    if not authorization or not authorization.startswith(_BEARER):
        raise Unproven("token_missing", "this needs the header `Authorization: Bearer <token>`")
    return authorization.removeprefix(_BEARER).strip()
