"""Card numbers leave a store only sealed to HQ's public key, and stay there only as keyed hashes.

Sealing is X25519 to a one-time key, HKDF-SHA256, ChaCha20-Poly1305: the construction of HPKE's base mode
(RFC 9180) with the two public keys bound into the derivation. The one-time key is given by the caller, since
this package has no randomness.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE = bytes(12)
_INFO = b"storewire sealed card 1"


class SealError(ValueError):
    """A sealed value that this key cannot open, or that was changed on the way."""


def card_hash(card: str, agent_key: bytes) -> bytes:
    """Return the hash by which one agent knows a card: HMAC-SHA256 under that agent's own key, 16 bytes."""
    return hmac.new(agent_key, card.encode(), sha256).digest()[:16]


def seal(content: bytes, hq_public: bytes, one_time_private: bytes) -> bytes:
    """Seal bytes to HQ's X25519 key. `one_time_private` is 32 fresh random bytes, used once and thrown away."""
    one_time = X25519PrivateKey.from_private_bytes(one_time_private)
    public = one_time.public_key().public_bytes_raw()
    key = _derive(one_time.exchange(X25519PublicKey.from_public_bytes(hq_public)), public, hq_public)
    return public + ChaCha20Poly1305(key).encrypt(_NONCE, content, None)


def unseal(sealed: bytes, hq_private: bytes) -> bytes:
    """Open what was sealed to this private key. Raise SealError."""
    private = X25519PrivateKey.from_private_bytes(hq_private)
    public = sealed[:_KEY_BYTES]
    try:
        shared_secret = private.exchange(X25519PublicKey.from_public_bytes(public))
        key = _derive(shared_secret, public, private.public_key().public_bytes_raw())
        return ChaCha20Poly1305(key).decrypt(_NONCE, sealed[_KEY_BYTES:], None)
    except (ValueError, InvalidTag) as error:
        raise SealError("sealed value cannot be opened with this key") from error


def _derive(secret: bytes, one_time_public: bytes, hq_public: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO + one_time_public + hq_public).derive(
        secret
    )
