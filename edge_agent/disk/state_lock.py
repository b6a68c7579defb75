"""One process per state directory: two agents on one database would give every number twice."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class StateInUse(RuntimeError):
    """Another agent process runs on this state directory."""


class StateLock:
    """Holds the state directory's lock while the block runs; the kernel frees it when the process dies."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "agent.lock"
        self._descriptor: int | None = None

    def __enter__(self) -> StateLock:
        """Take the lock. Raise StateInUse when somebody holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StateInUse(
                f"another agent runs on {self._path.parent}; stop it first: two would give every number twice"
            ) from None
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_running(state_dir: Path) -> bool:
    """Tell whether an agent runs on a state directory."""
    if not (state_dir / "agent.lock").exists():
        return False  # and looking makes no file
    try:
        with StateLock(state_dir):
            return False
    except StateInUse:
        return True
