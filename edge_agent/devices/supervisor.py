"""The supervisor of one device: open, serve, and when it is gone open it again, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from edge_agent.devices.ports import DeviceMisconfigured, DeviceState, DeviceUnavailable, Driver, Transport

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
"""A replugged device is back well within the two seconds that a cashier is promised."""
_log = structlog.get_logger(__name__)


class Supervisor:
    """Owns one device. Says once that it went and once that it is back, however often it was tried between."""

    def __init__(
        self, device: str, transport: Transport[Any], driver: Driver[Any], changed: Callable[[], None]
    ) -> None:
        self.device = device
        self.state = DeviceState.CLOSED
        self._transport = transport
        self._driver = driver
        self._changed = changed
        self._reason = ""

    async def run(self) -> None:
        """Keep the device going until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._transport.opened() as stream:
                    pause = _FIRST_PAUSE_SECONDS
                    self._enter(DeviceState.IDLE, "")
                    await self._driver.serve(stream)
            except DeviceUnavailable as error:
                self._enter(DeviceState.CLOSED, str(error))
            except DeviceMisconfigured as error:
                self._enter(DeviceState.ERROR, str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _enter(self, state: DeviceState, reason: str) -> None:
        if state is self.state and reason == self._reason:
            return
        self.state, self._reason = state, reason
        if state is DeviceState.IDLE:
            _log.info("device_ready", device=self.device, transport=self._transport.name)
        else:
            _log.warning("device_away", device=self.device, state=state.value, reason=reason)
        self._changed()
