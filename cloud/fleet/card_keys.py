"""The key under which an agent knows cards: made here, told the agent once, kept encrypted like personal fields."""

from __future__ import annotations

import os

from cloud.privacy import Vault

_BYTES = 32


def context(agent: str) -> str:
    """Return what an agent's encrypted card key is bound to."""
    return f"agent/{agent}/card_key"


def make() -> bytes:
    """Return a fresh card key."""
    return os.urandom(_BYTES)


def close(vault: Vault, agent: str, card_key: bytes) -> bytes:
    """Return a card key as the database may hold it."""
    return vault.encrypt(card_key.hex(), context(agent))


def opened(vault: Vault, agent: str, closed: bytes) -> bytes:
    """Return the card key of an agent from what the database holds. Raise CannotOpen."""
    return bytes.fromhex(vault.decrypt(closed, context(agent)))
