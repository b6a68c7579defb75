"""One hash chain for everything that is chained: outbox, receipts, ledger seals, audit log.

`head(n) = SHA-256(head(n-1) || bytes(n))`, starting at 32 zero bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

GENESIS = bytes(32)


def link(previous: bytes, content: bytes) -> bytes:
    """Return the head after `content` was appended to a chain whose head was `previous`."""
    if len(previous) != len(GENESIS):
        raise ValueError(f"a chain head has {len(GENESIS)} bytes, got {len(previous)}")
    return sha256(previous + content).digest()


def link_all(previous: bytes, contents: Iterable[bytes]) -> bytes:
    """Return the head after every item of `contents` was appended in order."""
    head = previous
    for content in contents:
        head = link(head, content)
    return head
