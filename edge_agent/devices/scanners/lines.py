"""Scanners that send text and a terminator: serial ones, and USB ones in serial mode."""

from __future__ import annotations

from edge_agent.devices.ports import Reading, ScanCut, Scanned

_TERMINATORS = b"\r\n\t"
_MAX_BYTES = 512


class LineScanner:
    """Bytes in, readings out, however the stream is cut. CR, LF and TAB end a code, in any combination."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._overlong = False

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        readings: list[Reading] = []
        for byte in content:
            if byte in _TERMINATORS:
                readings += self._end()
            elif len(self._pending) >= _MAX_BYTES:
                self._overlong = True
            else:
                self._pending.append(byte)
        return readings

    def request(self) -> None:
        """Return None: a scanner speaks when it reads."""

    def lost(self) -> list[Reading]:
        """Return what becomes of a code that was under way when the device went; the next one starts clean."""
        cut = bool(self._pending) or self._overlong
        self._pending.clear()
        self._overlong = False
        return [ScanCut("scan_cut")] if cut else []

    def _end(self) -> list[Reading]:
        content, overlong = bytes(self._pending), self._overlong
        self._pending.clear()
        self._overlong = False
        if overlong:
            return [ScanCut("scan_too_long")]
        if not content:
            return []  # CR LF, or a terminator pressed twice
        return [Scanned(content.decode("utf-8", "replace"))]
