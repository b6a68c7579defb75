"""Ids for what people at HQ make."""

from __future__ import annotations

import os

from cloud.deployment.clocks import Clocks
from shared.ids import UuidMint


def mint_of(clocks: Clocks) -> UuidMint:
    """Return what makes ids in the order of time."""
    return UuidMint(clocks.machine.wall_ms, os.urandom)
