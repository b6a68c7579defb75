"""What a request may use, built once when the process starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from cloud.api.limits import FailureLimit
from cloud.api.together import Together
from cloud.api.waiting_room import WaitingRoom
from cloud.database import Database
from cloud.deployment.clocks import Clocks
from cloud.deployment.ports import Places
from cloud.fleet.models import Agent
from cloud.identity.ca import Authority
from cloud.identity.ca_renewal import LatestAuthority
from cloud.identity.keys import Keys
from cloud.ingest.exchange import Addressed, Exchange
from cloud.ingest.intake import Downstream
from cloud.ingest.restores import Restores
from cloud.privacy import Vault
from cloud.settings import CloudSettings
from shared.wire.messages import DownlinkMessage


@dataclass(frozen=True)
class Services:
    """The process's parts, as the lifespan made them."""

    settings: CloudSettings
    places: Places
    database: Database
    clocks: Clocks
    keys: Keys
    vault: Vault
    authorities: LatestAuthority
    downstream: Downstream
    exchange: Exchange
    room: WaitingRoom
    gate: Together[str, Agent]
    """Device tokens: many that come at once are proven and used up in one transaction."""
    desk: Together[Addressed, list[DownlinkMessage]]
    """Agents' hellos and reports, of which many come at once after a change."""
    restores: Restores
    enrolments: FailureLimit
    strangers: FailureLimit
    """How often one API token may ask for members who are none: whoever holds a key does not try numbers."""

    @property
    def authority(self) -> Authority:
        """The CA as it is now: it may have been renewed since the process began."""
        return self.authorities.current()


def services_of(request: Request) -> Services:
    """Return the services from the request's lifespan state."""
    found: Services = request.state.services
    return found


Here = Annotated[Services, Depends(services_of)]
