"""What people agree to at the service desk when they join: the words of `shared.consents`."""

from __future__ import annotations

from shared.consents import AS_SHIPPED, consents_of

__all__ = ["AS_SHIPPED", "consents_of"]
