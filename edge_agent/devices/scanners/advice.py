"""What to say of a scanner that works and could be set up better."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.printers.problems import Advice
from edge_agent.devices.scanner import NEEDS_SUFFIX

CONDITIONS: Mapping[str, Advice] = {
    NEEDS_SUFFIX: Advice(
        "The scanner sends no Enter after a code.",
        "Set its suffix to Enter: each code is heard a moment late until then.",
        "扫描枪扫码后未发送回车。",
        "请将扫描枪后缀设为回车，否则每次扫码都会稍有延迟。",
    ),
}
"""By the condition that a scanner's driver reports."""
