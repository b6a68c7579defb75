"""Which devices stand at the store's tills, by the ports they are plugged into, as head office is told."""

from __future__ import annotations

from typing import Any

SCANNER, PRINTER, SCALE = "usb_keyboard", "pos_80xx", "cas_ap1"
_KEYS = {"keys.end_gap_ms": 5_000}
"""An emulated machine may stand still for longer than a scanner pauses within a code."""
DEVICES: dict[str, list[dict[str, Any]]] = {
    "t1": [
        {"device": "scanner", "profile": SCANNER, "transport": "evdev", "address": "usb:1-1", "settings": _KEYS},
        {"device": "printer", "profile": PRINTER, "transport": "usb", "address": "usb:1-3"},
        {"device": "scale", "profile": SCALE, "transport": "serial", "address": "usb:1-4"},
    ],
    "t2": [{"device": "scanner", "profile": SCANNER, "transport": "evdev", "address": "usb:1-2", "settings": _KEYS}],
}
"""By till. Both scanners are of one make without a serial number."""
