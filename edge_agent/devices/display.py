"""Line displays as a class of device: what fits a driver to a model."""

from __future__ import annotations

from edge_agent.devices.displays.commands import PROTOCOLS
from edge_agent.devices.displays.driver import LineDisplay
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import DeviceMisconfigured


def fit(fitting: Fitting) -> LineDisplay:
    """Return the driver of a display. Raise DeviceMisconfigured when its profile asks for another command set."""
    profile = fitting.profile
    commands = PROTOCOLS.get(profile.protocol)
    if commands is None:
        known = ", ".join(PROTOCOLS)
        raise DeviceMisconfigured(
            f"profile {profile.model}: protocol {profile.protocol!r} is no display's, known: {known}"
        )
    return LineDisplay(commands(profile.shows), profile.shows)
