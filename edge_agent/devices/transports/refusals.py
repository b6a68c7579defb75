"""What the system's refusal to open a device means, in the words of the agent."""

from __future__ import annotations

import errno

from edge_agent.devices.ports import DeviceError, DeviceMisconfigured, DeviceUnavailable, ErrorName

_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ESHUTDOWN, errno.EPIPE, errno.EPROTO}
_TAKEN = {errno.EBUSY, errno.EWOULDBLOCK}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


def not_opened(device: str, place: str, error: OSError) -> DeviceError:
    """Return the error that opening a device raised, as one that says who does something about it."""
    if error.errno in _FORBIDDEN:
        return DeviceMisconfigured(
            f"{device}: this user may not open {place}; the device rules (udev) of the product are not installed",
            code=ErrorName.NO_SERVICE,
        )
    if error.errno in _TAKEN:
        return DeviceUnavailable(f"{device}: another program holds {place}", code=ErrorName.CLAIMED)
    if error.errno in _ABSENT or error.errno is None:
        return DeviceUnavailable(f"{device}: nothing is plugged in at {place}")
    return DeviceUnavailable(f"{device}: {place} cannot be opened: {error.strerror or error}", code=ErrorName.FAILURE)
