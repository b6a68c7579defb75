"""What a driver is made from: one device of one till, with what its model's profile says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from edge_agent.devices.ports import DeviceMisconfigured, Reporter, ScanRole
from shared.clock import MachineClock
from shared.device_profile import DeviceProfile, TransportKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fitting:
    """A device as its driver is fitted to it.

    `device` is its full name (`t1/scanner`). `transport` says what kind of stream the driver will be served:
    keys from `evdev`, bytes from every other.
    """

    device: str
    profile: DeviceProfile
    transport: TransportKind
    role: ScanRole
    reporter: Reporter
    clock: MachineClock

    def options(self, kind: type[T]) -> T:
        """Return the profile's `options` as the protocol's own class. Raise DeviceMisconfigured naming what is not."""
        try:
            return msgspec.convert(self.profile.options, kind)
        except msgspec.ValidationError as error:
            raise DeviceMisconfigured(f"profile {self.profile.model}, [options]: {error}") from error
