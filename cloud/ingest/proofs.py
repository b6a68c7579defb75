"""Proofs of acks: what lets an agent show that HQ did say what the agent remembers, even to an HQ that forgot it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud.identity.keys import Keyring
from shared.wire.events import HeldAck

PROOF_BYTES = 16
_KEY_BYTES = 32
_INFO = b"storewire ack proof 1"
_MAX_HEAD_BYTES = 32
_MAX_SEQ = 1 << 63


class AckProofs:
    """Makes and checks proofs: HMAC-SHA256 over agent, incarnation, epoch, number and chain head, 16 bytes of it.

    The key outlives a restore: it is derived from secrets that are kept apart from the database. With several
    secrets new proofs are of the first, and any of them is good enough for an old one.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = [
            HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO).derive(secret) for secret in secrets
        ]

    @classmethod
    def of(cls, ring: Keyring) -> AckProofs:
        """Derive from a keyring; the blind index's, which no rotation takes from a process that is running."""
        return cls([ring.secret, *(secret for name, secret in ring.secrets.items() if name != ring.current)])

    def make(self, agent: str, epoch: UUID, incarnation: UUID, seq: int, head: bytes) -> bytes:
        """Return the proof of an ack, as its message carries it."""
        return _proof(self._keys[0], _statement(agent, epoch, incarnation, seq, head))

    def holds(self, agent: str, epoch: UUID, held: HeldAck) -> bool:
        """Tell whether HQ once said to this agent what it holds of this epoch."""
        if not 0 <= held.seq < _MAX_SEQ or len(held.head) > _MAX_HEAD_BYTES:
            return False
        statement = _statement(agent, epoch, held.incarnation, held.seq, held.head)
        return any(hmac.compare_digest(_proof(key, statement), held.proof) for key in self._keys)


def _statement(agent: str, epoch: UUID, incarnation: UUID, seq: int, head: bytes) -> bytes:
    """Every part but the last has a length that is fixed or said, so no two statements are the same bytes."""
    return b"".join(
        [epoch.bytes, incarnation.bytes, seq.to_bytes(8, "big"), len(head).to_bytes(1, "big"), head, agent.encode()]
    )


def _proof(key: bytes, statement: bytes) -> bytes:
    return hmac.digest(key, statement, sha256)[:PROOF_BYTES]
