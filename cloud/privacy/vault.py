"""HQ's keys at work: encrypt a field, find by blind index, open a sealed card. Keys never leave this object."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloud.identity.keys import Keys
from shared import sealing

_FORM = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEADER_BYTES = len(_FORM) + _KEY_ID_BYTES + _NONCE_BYTES


class CannotOpen(ValueError):
    """Encrypted bytes that none of our keys opens, that belong elsewhere, or that were changed."""


class Vault:
    """Everything that needs a secret of HQ's, and nothing else.

    An encrypted field is: form (1 byte), key id (8), nonce (12), AES-256-GCM ciphertext with tag. The `context`, say
    `member/<id>/phone`, is bound in: bytes moved to another row or column do not open.
    """

    def __init__(self, keys: Keys, again: Callable[[], Keys] | None = None) -> None:
        """Use these keys; `again` reads them anew when something was closed with one made since."""
        self._again = again
        self._use(keys)

    def _use(self, keys: Keys) -> None:
        # The keys before the name of the one to use: other threads encrypt meanwhile.
        self._fields = {bytes.fromhex(name): AESGCM(secret) for name, secret in keys.fields.secrets.items()}
        self._current = bytes.fromhex(keys.fields.current)
        self._index_key = keys.blind_index.secret
        self._seals = _newest_first(keys.sealing.current, keys.sealing.secrets)
        self.sealing_public = X25519PrivateKey.from_private_bytes(self._seals[0]).public_key().public_bytes_raw()
        """The key to which stores seal now, 32 raw bytes."""

    def encrypt(self, plaintext: str, context: str) -> bytes:
        """Encrypt a field under the current key."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._fields[self._current].encrypt(nonce, plaintext.encode(), _FORM + context.encode())
        return _FORM + self._current + nonce + sealed

    def decrypt(self, content: bytes, context: str) -> str:
        """Open a field under whichever key it was encrypted with. Raise CannotOpen."""
        name, nonce = content[1 : 1 + _KEY_ID_BYTES], content[1 + _KEY_ID_BYTES : _HEADER_BYTES]
        if content[:1] == _FORM and name not in self._fields and self._again is not None:
            self._use(self._again())  # rotated while this process runs
        if content[:1] != _FORM or name not in self._fields:
            raise CannotOpen(f"{context}: encrypted in a form or under a key this keyring does not hold")
        try:
            return self._fields[name].decrypt(nonce, content[_HEADER_BYTES:], _FORM + context.encode()).decode()
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{context}: damaged, or moved from another place") from None

    @property
    def current_prefix(self) -> bytes:
        """How everything encrypted under the current key begins; the rotation job encrypts the rest anew."""
        return _FORM + self._current

    def blind_index(self, kind: str, value: str) -> bytes:
        """Return the keyed hash (HMAC-SHA256, 32 bytes) by which an exact value of a kind is found."""
        return hmac.new(self._index_key, f"{kind}\n{value}".encode(), sha256).digest()

    def unseal(self, sealed: bytes) -> str:
        """Open what a store sealed to one of HQ's keys, older keys included. Raise CannotOpen."""
        for private in self._seals:
            try:
                return sealing.unseal(sealed, private).decode()
            except (sealing.SealError, UnicodeDecodeError):
                continue
        raise CannotOpen("a sealed card that none of HQ's sealing keys opens")


def _newest_first(current: str, secrets: Mapping[str, bytes]) -> list[bytes]:
    return [secrets[current], *(secret for name, secret in reversed(list(secrets.items())) if name != current)]
