"""PINs and staff cards as hashes that are slow to guess: scrypt, with its cost written in front."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import scrypt

COST = (13, 8, 4)
"""log2(N), r and p of new hashes: 8 MiB of a mini PC's memory for a moment, about a tenth of a second.

A PIN has few digits, so no cost makes its hash safe to publish: it reaches only the agents of its store, signed, on
a disk that only they read, and tries are counted there.
"""
_KEY_BYTES = 32
_MAX_MEMORY = 64 * 1024 * 1024


def hash_secret(secret: str, salt: bytes, cost: tuple[int, int, int] = COST) -> str:
    """Return `scrypt$ln$r$p$salt$key` of a PIN; `salt` is 16 fresh random bytes."""
    ln, r, p = cost
    key = _key(secret, salt, ln, r, p)
    return "$".join(("scrypt", str(ln), str(r), str(p), b64encode(salt).decode(), b64encode(key).decode()))


def fits(secret: str, hashed: str) -> bool:
    """Tell whether a PIN is the one that was hashed; a hash that cannot be read fits nothing."""
    try:
        kind, ln, r, p, salt, key = hashed.split("$")
        if kind != "scrypt":
            return False
        return hmac.compare_digest(_key(secret, b64decode(salt), int(ln), int(r), int(p)), b64decode(key))
    except ValueError:
        return False


def card_digest(number: str, salt: bytes) -> bytes:
    """Return what a staff card's number comes to under the chain's salt: one look finds its holder."""
    return _key(number, salt, *COST)[:16]


def _key(secret: str, salt: bytes, ln: int, r: int, p: int) -> bytes:
    return scrypt(secret.encode(), salt=salt, n=1 << ln, r=r, p=p, dklen=_KEY_BYTES, maxmem=_MAX_MEMORY)
