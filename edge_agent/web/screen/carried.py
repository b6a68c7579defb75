"""What one flow has found out and hands to the next, as text.

A flow is run anew from its answers for each further one. HQ must not be asked again each time, so the flow that asks
ends with what it found, and the one after it starts from that.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def carry(found: object) -> str:
    """Write something down for the next flow."""
    return msgspec.json.encode(found).decode()


def carried(text: str, kind: type[T]) -> T:
    """Read what the flow before wrote down."""
    return msgspec.json.decode(text, type=kind)
