"""A child's tether to its supervisor: when the supervisor is gone, standard input ends, and the child does too."""

from __future__ import annotations

import os
import signal
import sys
import threading


def hold() -> None:
    """End this process by SIGTERM when its standard input ends."""
    threading.Thread(target=_watch, name="tether", daemon=True).start()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
