"""Personal data at rest: fields encrypted under a rotating key, people found by keyed hashes."""

from cloud.privacy.vault import CannotOpen, Vault

__all__ = ["CannotOpen", "Vault"]
