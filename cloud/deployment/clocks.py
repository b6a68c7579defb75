"""The two clocks of a process, and business time that one file drives for all processes of a demonstration."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cloud.clock import SystemBusinessClock, SystemMachineClock
from cloud.identity.keys import write_private
from cloud.settings import CloudSettings
from shared.clock import BusinessClock, MachineClock

_FILE = "business-clock"


@dataclass(frozen=True)
class Clocks:
    """What a process tells time by."""

    machine: MachineClock
    business: BusinessClock


class FileBusinessClock:
    """Business time as a file says, in milliseconds; the wall's until somebody writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._system = SystemBusinessClock()

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._path.read_text())
        return self._system.now_ms()

    def set(self, now_ms: int) -> None:
        """Move every process that reads this file."""
        write_private(self._path, str(now_ms).encode())


def clocks_of(settings: CloudSettings) -> Clocks:
    """Return the clocks that the settings ask for."""
    driven = settings.business_clock == "driven"
    business = FileBusinessClock(settings.data_dir / _FILE) if driven else SystemBusinessClock()
    return Clocks(machine=SystemMachineClock(), business=business)
