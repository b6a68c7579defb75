"""Scanners in HID POS mode: whole codes in reports, with the symbology, and no keyboard layout.

Source: HID Point of Sale Usage Tables 1.02, usage page 0x8C; the report as scanners send it: Access-IS LSR118 product
manual, appendix B (id 2, length, AIM identifier of 3 bytes, 56 bytes of data, further identifier, reserved, bit 0 of
the last byte: the code goes on in the next report). A Honeywell Voyager answers in the same form.
"""

from __future__ import annotations

from edge_agent.devices.ports import Reading, ScanCut, Scanned

REPORT_BYTES = 64
REPORT_ID = 2
DATA_BYTES = 56
_AIM = slice(2, 5)
_DATA = 5
_GOES_ON = 0x01


class HidPosScanner:
    """Reports in, readings out, however the stream of them is cut. A code of many reports is one reading."""

    needs_suffix = False

    def __init__(self, max_characters: int = 512) -> None:
        self._max = max_characters
        self._pending = bytearray()
        self._code = bytearray()
        self._aim = ""
        self._open = False

    @property
    def waiting(self) -> bool:
        """Whether a code is under way."""
        return self._open or bool(self._pending)

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        self._pending += content
        readings: list[Reading] = []
        while self._pending:
            if self._pending[0] != REPORT_ID:
                del self._pending[0]  # another report of the device, or noise: look for the next start
                continue
            if len(self._pending) < REPORT_BYTES:
                break
            report = bytes(self._pending[:REPORT_BYTES])
            if not _plausible(report):
                del self._pending[0]
                continue
            del self._pending[:REPORT_BYTES]
            readings += self._report(report)
        return readings

    def request(self) -> None:
        """Return None: a scanner speaks when it reads."""

    def ended(self) -> list[Reading]:
        """Return that a code broke off, when its next report does not come."""
        return self.lost()

    def lost(self) -> list[Reading]:
        """Return what becomes of a code that was under way when the device went; the next one starts clean."""
        cut = self._open
        self._pending.clear()
        self._code.clear()
        self._open = False
        return [ScanCut("scan_cut")] if cut else []

    def _report(self, report: bytes) -> list[Reading]:
        if not self._open:
            self._code.clear()
            self._aim = report[_AIM].decode("ascii", "replace")
        self._code += report[_DATA : _DATA + report[1]]
        self._open = bool(report[-1] & _GOES_ON)
        if self._open:
            return []
        if len(self._code) > self._max:
            return [ScanCut("scan_too_long")]
        text = self._code.decode("utf-8", "replace").rstrip("\r\n\t")
        aim = self._aim[1:] if self._aim.startswith("]") else ""
        return [Scanned(text, aim)] if text else []


def _plausible(report: bytes) -> bool:
    return 0 < report[1] <= DATA_BYTES and (report[2] in (0, 0x5D))
