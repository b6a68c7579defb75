"""Moments at which a process of the product dies, for the entries that arm one (`tests.failpoint_agent`, `_cloud`)."""

from __future__ import annotations

import os
import signal
import sys
from types import ModuleType


def arm(failpoints: ModuleType, moment: str) -> None:
    """Make this process kill itself at `NAME` or `NAME:NTH`, as a power cut would.

    Call it before the product is imported, or after: modules that hold the harmless function get the deadly one.
    """
    name, _, nth = moment.partition(":")
    left = int(nth or 1)
    harmless = failpoints.reached

    def deadly(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    vars(failpoints)["reached"] = deadly
    for module in list(sys.modules.values()):
        if getattr(module, "reached", None) is harmless:
            vars(module)["reached"] = deadly
