"""The set-up sheet as a page: two codes, what to do with them, in English and Chinese."""

from __future__ import annotations

from edge_agent.devices.scanners.sheet.code128 import FNC1, widths
from edge_agent.devices.scanners.sheet.pdf import PAGE_HEIGHT, POINTS_PER_MM, Page

LETTERS = "SWyzYZaqwmAM0189-/_@#=+:;"
"""What the first code says: characters that lie on other keys in other layouts, and letters of both cases."""
GS1 = f"{FNC1}0109506000134352" + f"10SW{FNC1}17991231"
"""What the second code says: a GS1-128 with a separator, which many scanners lose."""

_MARGIN = 20 * POINTS_PER_MM
_MODULE = 0.42 * POINTS_PER_MM
_HEIGHT = 18 * POINTS_PER_MM
_QUIET_MODULES = 10

_INTRODUCTION = (
    "Storewire: find out how a scanner is set",
    "Storewire：检测扫描枪设置",
    "1. Record what is scanned:  录制扫描：",
    "   storewire-edge devices record setup.txt --profile usb_keyboard --address PLUG",
    "2. Scan code A once, wait a second, scan code B once.",
    "   扫描条码 A 一次，等一秒，再扫描条码 B 一次。",
    "3. Read it, and enter at head office what it says:  分析，并在总部录入给出的设置：",
    "   storewire-edge devices setup setup.txt",
)
_CODES = (
    ("A", LETTERS, "Code A: layout, Caps Lock, prefix, suffix", "条码 A：键盘布局、大小写、前缀、后缀"),
    ("B", GS1, "Code B: GS1 separator and AIM identifier", "条码 B：GS1 分隔符与 AIM 标识"),
)
_LINE = 15


def sheet_pdf() -> bytes:
    """Return the sheet as a PDF file."""
    page = Page()
    y = PAGE_HEIGHT - _MARGIN
    for at, line in enumerate(_INTRODUCTION):
        page.text(_MARGIN, y, line, 15 if at < 2 else 9)
        y -= 1.6 * _LINE if at < 2 else _LINE
    for _, content, en, zh in _CODES:
        y -= 3 * _LINE
        page.text(_MARGIN, y, en, 11)
        page.text(_MARGIN, y - _LINE, zh, 11)
        y -= 2 * _LINE + _HEIGHT
        _bars(page, _MARGIN + _QUIET_MODULES * _MODULE, y, content)
        y -= _LINE
        page.text(_MARGIN, y, content.replace(FNC1, " "), 9)
    return page.to_pdf()


def _bars(page: Page, x: float, y: float, content: str) -> None:
    for at, width in enumerate(widths(content)):
        if at % 2 == 0:
            page.rectangle(x, y, width * _MODULE, _HEIGHT)
        x += width * _MODULE
