"""Receipt printers as a class of device: what fits a driver to a model."""

from __future__ import annotations

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import DeviceMisconfigured
from edge_agent.devices.printers.driver import PrinterDriver

PROTOCOLS = ("escpos",)
"""Which languages of printers are spoken. Star printers speak it after a switch of theirs is set."""


def fit(fitting: Fitting) -> PrinterDriver:
    """Return the driver of a printer. Raise DeviceMisconfigured when its profile asks for another language."""
    if fitting.profile.protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise DeviceMisconfigured(
            f"profile {fitting.profile.model}: protocol {fitting.profile.protocol!r} is no printer's, known: {known}"
        )
    return PrinterDriver(fitting.profile.prints, fitting.reporter, fitting.clock)
