"""HQ's signature over documents it sends down: Ed25519 over a purpose and the document's exact bytes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.wire.desired import DesiredState, MemberStep, Signed, SignedDesired, SignedMembers

S = TypeVar("S", bound=Signed)
D = TypeVar("D", DesiredState, MemberStep)


class SignatureRefused(ValueError):
    """A document that no HQ key this agent trusts has signed, or that is not what it claims."""


def key_id(public: bytes) -> str:
    """Return the short name of a public key: the first 16 hex digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def sign_desired(document: DesiredState, private: bytes) -> SignedDesired:
    """Sign a desired state with an Ed25519 private key (32 raw bytes)."""
    return _sign(SignedDesired, msgspec.json.encode(document), private)


def content_hash(document: bytes | msgspec.Raw) -> str:
    """Return a short name for a signed document's exact bytes, by which both sides know that they mean the same."""
    return sha256(bytes(document)).hexdigest()[:16]


def sign_members(document: MemberStep, private: bytes) -> SignedMembers:
    """Sign a step of a member set."""
    return _sign(SignedMembers, msgspec.json.encode(document), private)


def open_desired(signed: SignedDesired, trusted: Mapping[str, bytes]) -> DesiredState:
    """Return the document if a trusted key signed it. `trusted` maps key ids to public keys (32 raw bytes)."""
    return _read(_verified(signed, trusted), DesiredState)


def open_members(signed: SignedMembers, trusted: Mapping[str, bytes]) -> MemberStep:
    """Return the step if a trusted key signed it."""
    return _read(_verified(signed, trusted), MemberStep)


def _read(document: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SignatureRefused(f"signed {kind.__name__} cannot be read: {error}") from error


def _sign(kind: type[S], document: bytes, private: bytes) -> S:
    key = Ed25519PrivateKey.from_private_bytes(private)
    return kind(
        document=msgspec.Raw(document),
        key=key_id(key.public_key().public_bytes_raw()),
        signature=key.sign(_purpose(kind) + document),
    )


def _verified(signed: Signed, trusted: Mapping[str, bytes]) -> bytes:
    document = bytes(signed.document)
    try:
        public = Ed25519PublicKey.from_public_bytes(trusted[signed.key])
        public.verify(signed.signature, _purpose(type(signed)) + document)
    except KeyError:
        raise SignatureRefused(f"signing key {signed.key!r} is not one this agent trusts") from None
    except InvalidSignature:
        raise SignatureRefused("signature does not match the document") from None
    return document


def _purpose(kind: type[Signed]) -> bytes:
    return f"storewire {kind.__name__} 1\n".encode()
