"""Every scale protocol by the name a profile calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.devices.scales.ads import Ads
from edge_agent.devices.scales.cas import CasOptions, CasRequest
from edge_agent.devices.scales.lines import CasContinuous, StatusLines
from edge_agent.devices.scales.magellan import Magellan
from edge_agent.devices.scales.nci import Nci
from edge_agent.devices.scales.protocol import ScaleOptions, ScaleProtocol
from edge_agent.devices.scales.toledo_8217 import Toledo8217, ToledoOptions
from edge_agent.devices.scales.xk3190 import Xk3190, Xk3190Options


@dataclass(frozen=True, slots=True)
class ScaleKind:
    """A protocol: what a profile may choose of it, and how it is made from that."""

    options: type[ScaleOptions]
    make: Callable[[Any], ScaleProtocol]


PROTOCOLS: Mapping[str, ScaleKind] = {
    "cas_request": ScaleKind(CasOptions, CasRequest),
    "status_lines": ScaleKind(ScaleOptions, lambda _: StatusLines()),
    "cas_continuous": ScaleKind(ScaleOptions, lambda _: CasContinuous()),
    "xk3190": ScaleKind(Xk3190Options, Xk3190),
    "toledo_8217": ScaleKind(ToledoOptions, Toledo8217),
    "nci": ScaleKind(ScaleOptions, lambda _: Nci()),
    "ads": ScaleKind(ScaleOptions, Ads),
    "magellan": ScaleKind(ScaleOptions, lambda _: Magellan()),
}
