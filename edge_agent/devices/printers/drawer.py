"""The cash drawer on a printer's connector: how it is kicked, and what its switch says once its wiring is known."""

from __future__ import annotations

from collections.abc import Callable

from shared.clock import MachineClock
from shared.device_profile import Prints

_STEP_MS = 2
_LONGEST_STEPS = 255
_CONNECTORS = {2: 0, 5: 1}
_REAL_TIME_STEPS = 2
"""DLE DC4 counts in 100 ms."""
_ORDERED_SECONDS = 10.0
"""An opening this soon after a kick is the kick's; the switch of some drawers is slow, and so are people's hands."""


def pulse(pin: int, prints: Prints) -> bytes:
    """Return ESC p m t1 t2: on for t1 x 2 ms, off for t2 x 2 ms. An off-time shorter than on counts as long as on."""
    on = min(prints.drawer_on_ms // _STEP_MS, _LONGEST_STEPS)
    off = min(max(prints.drawer_off_ms // _STEP_MS, on), _LONGEST_STEPS)
    return b"\x1bp" + bytes([_connector(pin), on, off])


def real_time_pulse(pin: int) -> bytes:
    """Return DLE DC4 1 m t, which a printer obeys also when it is off-line or out of paper."""
    return b"\x10\x14\x01" + bytes([_connector(pin), _REAL_TIME_STEPS])


def _connector(pin: int) -> int:
    try:
        return _CONNECTORS[pin]
    except KeyError:
        raise ValueError(f"a drawer is on pin 2 or 5, not {pin}") from None


class DrawerWatch:
    """Follows the drawer's switch. `open_when_high` is how it is wired; None until somebody learnt it."""

    def __init__(self, clock: MachineClock) -> None:
        self.level: bool | None = None
        self.open_when_high: bool | None = None
        self.heard: Callable[[], None] | None = None
        """Called when the drawer was opened and nobody had ordered it: by key, or by force."""
        self._clock = clock
        self._ordered_at: float | None = None

    def ordered(self) -> None:
        """Note that the drawer is being kicked."""
        self._ordered_at = self._clock.monotonic()

    def learn(self, *, open_when_high: bool) -> None:
        """Take what a kick has just shown of the wiring; that kick's opening is not waited for any more."""
        self.open_when_high = open_when_high
        self._ordered_at = None

    def take(self, level: bool) -> None:  # noqa: FBT001 - it is the one thing said
        """Take the switch's level; an opening that nobody ordered is told to whoever listens."""
        before, self.level = self.level, level
        if before is None or before is level or level is not self.open_when_high:
            return
        recently = self._ordered_at is not None and self._clock.monotonic() - self._ordered_at < _ORDERED_SECONDS
        self._ordered_at = None
        if not recently and self.heard is not None:
            self.heard()
