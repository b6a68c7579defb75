"""Devices on the wire: how HQ binds them and how an agent reports them."""

from __future__ import annotations

from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport, FoundDevice, LabelReport, TerminalReport

BINDINGS = [
    DeviceBinding(
        device="scanner",
        profile="usb_keyboard",
        transport="evdev",
        address="usb:1-1.2",
        settings={"keys.layout": "de", "keys.terminators": ["enter"], "keys.end_gap_ms": 80},
    ),
    DeviceBinding(
        device="cards",
        profile="serial_card",
        transport="serial",
        address="/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0",
        role="member_card",
    ),
]

REPORTS = [
    DeviceReport(
        device="t1/printer",
        profile="epson_tm_t88iii",
        state="error",
        power="online",
        reason="the cover is open",
        code="cover_open",
        conditions=["paper_near_end"],
        statistics={"hours": 12, "jobs_printed": 340, "unplugs": 1},
    ),
    DeviceReport(device="t1/scanner", profile="serial_line", state="idle", power="online"),
]

STANDING = [
    DeviceReport(
        device="t1/scanner",
        profile="usb_keyboard",
        state="idle",
        power="online",
        transport="evdev",
        address="usb:1-1.2",
        since_ms=1_767_225_600_000,
        heard_ms=1_767_229_200_000,
    ),
]

PLUGGED = [
    FoundDevice(
        address="usb:1-1.2",
        usb="05e0:1200",
        name="Symbol Technologies Bar Code Scanner",
        transports=["evdev", "character"],
        models=["usb_keyboard"],
    ),
    FoundDevice(address="/dev/ttyS0", name="serial port of this machine", transports=["serial"]),
]

LABELS = [
    LabelReport(business_date="2026-01-02", format="weight_price_18", finding="label_price_old", times=12),
    LabelReport(business_date="2026-01-01", format="weight_5", finding="check_ignored", times=3),
]

TERMINALS = [
    TerminalReport(
        number=2,
        till="t1",
        name="counter tablet",
        paired_by="sue",
        paired_ms=1_767_225_600_000,
        seen_ms=1_767_229_200_000,
        seen_from="192.168.1.23",
    ),
]
