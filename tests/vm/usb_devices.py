"""What is plugged into the virtual store PC: scanners that type, and a receipt printer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge_agent.devices.printers.simulated import SimulatedPrinter
from shared.device_profile import DeviceProfile
from tests.vm.usb_redirection import BULK, INTERRUPT, Endpoint, Made, Plug

# A boot keyboard's report descriptor, HID 1.11 appendix E.6.
_KEYBOARD_REPORT = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150025650507"
    "190029658100c0"
)
_HID = bytes((9, 0x21, 0x11, 0x01, 0, 1, 0x22, len(_KEYBOARD_REPORT), 0))
_ENTER = 0x28
_INTERVAL_MS = 10
"""How often the machine asks a scanner for its next key, and so how fast one types: 28 reports are a code of 13 digits.

Common scanners ask for 10 ms. At 2 ms an emulated machine does not get round to draining the kernel's ring of 64
events in time, and the agent rightly tells of codes that were cut.
"""


class UsbScanner(Plug):
    """A scanner in keyboard mode. All are alike: no serial number, one vendor and product id."""

    def __init__(self, path: Path) -> None:
        answers = {(0x81, 6, 0x2200): _KEYBOARD_REPORT, (0xA1, 1, 0x0100): bytes(8)}
        super().__init__(
            path,
            Made(
                vendor=0x05E0,
                product=0x1200,
                names=("Storewire tests", "USB Barcode Scanner"),
                interface=(3, 1, 1),
                endpoints=(Endpoint(0x81, INTERRUPT, 8, _INTERVAL_MS),),
                extra=_HID,
                answers=answers,
            ),
        )

    async def scan(self, code: str, *, keys: int = -1) -> None:
        """Type a code and Enter, or only so many of its keys."""
        usages = [_ENTER if sign == "\r" else 0x27 if sign == "0" else 0x1D + int(sign) for sign in f"{code}\r"]
        for usage in usages[: keys if keys >= 0 else None]:
            for report in (bytes((0, 0, usage, 0, 0, 0, 0, 0)), bytes(8)):
                self.interrupt(0x81, report)
                await asyncio.sleep(_INTERVAL_MS / 1000)


class UsbPrinter(Plug):
    """A printer-class device whose inside is the product's simulated printer."""

    def __init__(self, path: Path, profile: DeviceProfile) -> None:
        self.printer = SimulatedPrinter(profile)
        self._waiting: list[tuple[int, int, int]] = []
        self._unsaid = bytearray()
        name = b"MFG:Storewire;MDL:Receipt;CLS:PRINTER;"
        device_id = (2 + len(name)).to_bytes(2, "big") + name
        super().__init__(
            path,
            Made(
                vendor=0x0416,
                product=0x5011,
                names=("Storewire tests", "Receipt printer"),
                interface=(7, 1, 2),
                endpoints=(Endpoint(0x01, BULK, 64), Endpoint(0x82, BULK, 64)),
                answers={(0xA1, 0, 0): device_id, (0xA1, 1, 0): b"\x18"},
            ),
        )

    def written(self, content: bytes) -> None:
        """Print, and say what the printer answers."""
        self._unsaid += self.printer.receive(content)
        self._speak()

    def wanted(self, number: int, endpoint: int, at_most: int) -> None:
        """The machine listens."""
        self._waiting.append((number, endpoint, at_most))
        self._speak()

    def given_up(self, number: int) -> bool:
        """The machine listens no more."""
        before = len(self._waiting)
        self._waiting = [one for one in self._waiting if one[0] != number]
        return len(self._waiting) < before

    def _speak(self) -> None:
        while self._unsaid and self._waiting:
            number, endpoint, at_most = self._waiting.pop(0)
            self.answer_bulk(number, endpoint, bytes(self._unsaid[:at_most]))
            del self._unsaid[:at_most]
