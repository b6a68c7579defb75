"""Scanners that send text and a terminator: serial ones, and USB ones in serial mode."""

from __future__ import annotations

from edge_agent.devices.ports import Reading, Scanned
from edge_agent.devices.scanners.buffer import MAX_CHARACTERS, CodeBuffer

_TERMINATORS = b"\r\n\t"


class LineScanner:
    """Bytes in, readings out, however the stream is cut. CR, LF and TAB end a code, in any combination.

    Bytes that are no UTF-8 are kept as replacement signs, so that a damaged code is seen to be one.
    """

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._buffer = CodeBuffer(max_characters)

    @property
    def waiting(self) -> bool:
        """Whether a code is under way."""
        return self._buffer.waiting

    @property
    def needs_suffix(self) -> bool:
        """Whether codes come without a terminator."""
        return self._buffer.needs_suffix

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        readings: list[Reading] = []
        for byte in content:
            if byte in _TERMINATORS:
                readings += self._buffer.finish()
            else:
                self._buffer.add(chr(byte))
        return [_decoded(reading) for reading in readings]

    def request(self) -> None:
        """Return None: a scanner speaks when it reads."""

    def ended(self) -> list[Reading]:
        """Return what a pause completes."""
        return [_decoded(reading) for reading in self._buffer.pause()]

    def lost(self) -> list[Reading]:
        """Return what becomes of a code that was under way when the device went; the next one starts clean."""
        return self._buffer.lost()


def _decoded(reading: Reading) -> Reading:
    """Turn the bytes of a code, kept one a character, into its text."""
    if not isinstance(reading, Scanned):
        return reading
    return Scanned(reading.text.encode("latin-1").decode("utf-8", "replace"))
