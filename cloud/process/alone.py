"""One of a kind in a data directory: a second `serve` would end the first one's broker, and the first the second's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.errors import Conflict


@contextmanager
def alone(data_dir: Path, what: str, *, patient: bool = False) -> Iterator[None]:
    """Be the only `what` in a data directory while the block runs. Raise Conflict where there is one already.

    `patient`: wait until that one has ended instead, as a child does whose predecessor is just told to. The kernel lets
    go of the lock with the process that holds it, however that ends.
    """
    path = data_dir / f"{what}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
            raise Conflict(
                f"`{what}` runs already in {data_dir} (process {holder}): stop it first, or name another --data-dir"
            ) from None
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
