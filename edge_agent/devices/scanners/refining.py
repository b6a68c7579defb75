"""From what a device read to what is handed on: its prefix, suffix and identifier taken off, its digits made a card's.

Scanners may be set to put things around a code, and card readers say one card in many ways; each device's profile
says what, and HQ may say it of a single device.
"""

from __future__ import annotations

from dataclasses import replace

from edge_agent.devices.cards.transforms import CardUnreadable, Transform, parse_transform
from edge_agent.devices.ports import DeviceMisconfigured, Reading, ScanCut, Scanned, ScanRole
from shared.codes.aim import BY_IDENTIFIER
from shared.device_profile import Scans

_IDENTIFIER_CHARACTERS = 3


class Refinement:
    """What a device's readings go through. Raise DeviceMisconfigured for a transform that nobody knows."""

    def __init__(self, scans: Scans, role: ScanRole) -> None:
        self._scans = scans
        self._role = role
        try:
            self._transform: Transform | None = parse_transform(scans.transform)
        except ValueError as error:
            raise DeviceMisconfigured(str(error)) from error

    def refine(self, reading: Reading) -> Reading | None:
        """Return what to hand on; None for what holds nothing, such as a stripe's other track."""
        if not isinstance(reading, Scanned):
            return reading
        text = reading.text.removeprefix(self._scans.prefix).removesuffix(self._scans.suffix)
        symbology = reading.symbology
        if self._scans.symbology == "aim" and text[:_IDENTIFIER_CHARACTERS] in BY_IDENTIFIER:
            symbology, text = text[1:_IDENTIFIER_CHARACTERS], text[_IDENTIFIER_CHARACTERS:]
        if len(text) > self._scans.max_length:
            return ScanCut("scan_too_long")
        if self._transform is not None:
            try:
                text = self._transform(text.strip())
            except CardUnreadable as error:
                return ScanCut(error.reason)
        return replace(reading, text=text, symbology=symbology, role=self._role) if text else None
