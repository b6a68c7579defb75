"""Where a code grows until it ends: by a terminator, or by a pause where the device sends none."""

from __future__ import annotations

from edge_agent.devices.ports import Reading, ScanCut, Scanned

MAX_CHARACTERS = 512


class CodeBuffer:
    """Collects one code at a time; nothing of one code ever gets into the next.

    A device that has ended a code with a terminator is known to send one, so a pause then means that the code broke
    off. One that never has may be set to send none: its codes end with the pause, and `needs_suffix` says that somebody
    should set it up.
    """

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self.needs_suffix = False
        self._max = max_characters
        self._pending: list[str] = []
        self._overlong = False
        self._discarding = False
        self._terminates = False

    @property
    def waiting(self) -> bool:
        """Whether a code is under way, so that a pause means something."""
        return bool(self._pending) or self._overlong or self._discarding

    @property
    def last(self) -> str:
        """The last character of the code under way; empty when there is none."""
        return self._pending[-1] if self._pending else ""

    def add(self, character: str) -> None:
        """Take the next character."""
        if self._discarding:
            return
        if len(self._pending) >= self._max:
            self._overlong = True
        else:
            self._pending.append(character)

    def finish(self) -> list[Reading]:
        """Return what a terminator completes; one after nothing (CR LF, Enter pressed twice) completes nothing."""
        if not self.waiting:
            return []
        self._terminates, self.needs_suffix = True, False
        return self._take()

    def pause(self) -> list[Reading]:
        """Return what a pause completes, or that a code broke off."""
        if not self.waiting:
            return []
        if self._terminates and self._pending and not self._overlong:
            self._clear()
            return [ScanCut("scan_cut")]
        self.needs_suffix = self.needs_suffix or bool(self._pending)
        return self._take()

    def discard(self, reason: str) -> list[Reading]:
        """Throw the code under way away, and all that follows up to its end; say so once."""
        said = self._discarding
        self._clear()
        self._discarding = True
        return [] if said else [ScanCut(reason)]

    def lost(self) -> list[Reading]:
        """Return what becomes of the code under way when the device went."""
        cut = bool(self._pending) or self._overlong
        self._clear()
        return [ScanCut("scan_cut")] if cut else []

    def _take(self) -> list[Reading]:
        text, overlong, discarding = "".join(self._pending), self._overlong, self._discarding
        self._clear()
        if discarding:
            return []
        return [ScanCut("scan_too_long") if overlong else Scanned(text)]

    def _clear(self) -> None:
        self._pending.clear()
        self._overlong = self._discarding = False
