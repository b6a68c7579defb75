"""The till pages over this agent's tills: what the composition root hands to the web server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette

from edge_agent.station import Station
from edge_agent.till.till import Till
from edge_agent.tills import Tills
from edge_agent.web.app import make_app
from edge_agent.web.shop import Counter, DeviceSeen, Shop, Standing
from shared.clock import BusinessClock

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _StationCounter:
    station: Station

    @property
    def till(self) -> Till:
        return self.station.till

    @property
    def seen(self) -> list[DeviceSeen]:
        return [DeviceSeen(device.device, device.state.value) for device in self.station.devices]


class _Counters(Mapping[str, Counter]):
    """The tills that are open now; more may come while the pages are served."""

    def __init__(self, tills: Tills) -> None:
        self._tills = tills

    def __getitem__(self, till: str) -> Counter:
        return _StationCounter(self._tills.served[till].station)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tills.served)

    def __len__(self) -> int:
        return len(self._tills.served)


def pages_of(tills: Tills, clock: BusinessClock, standing: Callable[[], Awaitable[Standing]], port: int) -> Starlette:
    """Return the application that shows these tills on a loopback port."""
    shop = Shop(counters=_Counters(tills), settings=lambda: tills.settings, clock=clock, standing=standing)
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    return make_app(shop, hosts=hosts, key=os.urandom(_KEY_BYTES), make_visit=lambda: secrets.token_urlsafe(32))
