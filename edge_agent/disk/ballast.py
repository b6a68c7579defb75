"""A file that holds disk space in reserve.

On a full disk SQLite cannot even delete: a DELETE and a checkpoint need room too. So the agent keeps a file of
real blocks beside its database and lets go of it when the disk is full. Selling is allowed only while it is whole.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Ballast:
    """The reserve beside one database file."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size = size_bytes

    def is_whole(self) -> bool:
        """Say whether the reserve has its full size in blocks on the disk."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._size == 0
        return status.st_size >= self._size and status.st_blocks * 512 >= self._size

    def restore(self) -> bool:
        """Take the reserve again; return whether there was room for it."""
        if self.is_whole():
            return True
        try:
            self._fill()
        except OSError:
            self.release()
            return False
        return True

    def _fill(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the reserved space back to the disk."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
