"""Which driver serves which class of device. Its code is loaded when a till has such a device: memory is short."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import DeviceMisconfigured, Driver
from shared.device_profile import DeviceClass

DRIVERS: Mapping[DeviceClass, str] = {
    DeviceClass.SCANNER: "edge_agent.devices.scanner",
    DeviceClass.CARD_READER: "edge_agent.devices.scanner",
    DeviceClass.SCALE: "edge_agent.devices.scale",
    DeviceClass.PRINTER: "edge_agent.devices.printer",
    DeviceClass.DISPLAY: "edge_agent.devices.display",
}
"""The module of each class; its `fit(fitting)` returns the driver."""


def fit(fitting: Fitting) -> Driver[Any]:
    """Return the driver for a device. Raise DeviceMisconfigured when its profile asks for what nobody knows."""
    device_class = fitting.profile.device_class
    module = DRIVERS.get(device_class)
    if module is None:
        raise DeviceMisconfigured(f"there is no driver for {device_class.value}")
    make: Callable[[Fitting], Driver[Any]] = import_module(module).fit
    return make(fitting)
