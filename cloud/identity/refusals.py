"""The refusal of somebody who has not proven who they are."""

from __future__ import annotations

from cloud.errors import Refused


class Unproven(Refused):
    """No valid token, or one that no longer counts. The code says which."""
