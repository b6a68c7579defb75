"""What pages ask of the pictures on this machine."""

from __future__ import annotations

from typing import Protocol


class Pictures(Protocol):
    """Pictures of items on this machine's disk. Nothing here ever waits for the network."""

    async def of(self, item: str) -> str:
        """Return the name (SHA-256) of an item's picture, empty while it is not here."""
        ...

    async def content(self, name: str) -> bytes | None:
        """Return a picture (WebP), None when it is not here or no longer what its name says."""
        ...
