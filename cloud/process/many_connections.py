"""What a process that holds thousands of connections needs set, beside what it is shipped with."""

from __future__ import annotations

import gc
from asyncio.sslproto import SSLProtocol

READ_AT_ONCE_BYTES = 32 * 1024
"""Two TLS records: more in one read saves nothing, since each is opened by itself.

asyncio keeps a buffer of what it reads at once for each connection, 256 kB as shipped. A thousand waiting agents with
two connections each would make half a gigabyte of that.
"""
_COLLECT_AFTER = (25_000, 10, 10)
"""Objects made, and collections of the younger kind, before the cycle collector walks again.

As shipped it walks after 700, and what waits is a few hundred objects a connection: while a change reaches a thousand
agents it would take a fifth of the time.
"""


def prepare() -> None:
    """Set both, for connections that are made from now on."""
    SSLProtocol.max_size = READ_AT_ONCE_BYTES
    gc.set_threshold(*_COLLECT_AFTER)
