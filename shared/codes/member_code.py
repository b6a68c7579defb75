"""A member's code on a telephone: a card number that HQ signed for a minute or so, checked without a network.

`SWM1.` and the base64url (without padding) of a MessagePack array `[key, card, issued_s, valid_s]` and the 64 bytes of
its Ed25519 signature over the purpose and that array. `key` names the signing key; agents hold public keys only, so
none of them can make a code. A picture of a code works until it ends, as one of a plastic card does for ever: the
window is kept short.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.codes.answers import MEMBER_CODE_PREFIX
from shared.signing import key_id

CLOCK_TOLERANCE_MS = 120_000
"""How far a till's clock may be from HQ's: a code counts from so long before it was made to so long after it ends."""
LONGEST_SECONDS = 600
"""A code that claims to last longer is refused whoever signed it."""
_SIGNATURE_BYTES = 64
_PURPOSE = b"storewire member code 1\n"
_MAX_CARD_CHARACTERS = 64


class MemberCodeRefusal(StrEnum):
    """Why a code does not count; codes the till has words for."""

    UNREADABLE = "member_code_unreadable"
    UNKNOWN_KEY = "member_code_unknown_key"
    FORGED = "member_code_forged"
    TOO_OLD = "member_code_too_old"
    TOO_EARLY = "member_code_too_early"


@dataclass(frozen=True, slots=True)
class VerifiedMember:
    """The card a code stands for."""

    card: str


class _Claim(msgspec.Struct, frozen=True, array_like=True):
    """What is signed: times are seconds since 1970 UTC by HQ's clock."""

    key: str
    card: str
    issued_s: int
    valid_s: int


def make_member_code(card: str, issued_s: int, valid_s: int, private: bytes) -> str:
    """Return the text of a code, signed with an Ed25519 private key (32 raw bytes)."""
    if not 0 < valid_s <= LONGEST_SECONDS:
        raise ValueError(f"a member code is valid for 1 to {LONGEST_SECONDS} seconds, got {valid_s}")
    signer = Ed25519PrivateKey.from_private_bytes(private)
    claim = _Claim(key_id(signer.public_key().public_bytes_raw()), card, issued_s, valid_s)
    content = msgspec.msgpack.encode(claim)
    signed = content + signer.sign(_PURPOSE + content)
    return MEMBER_CODE_PREFIX + base64.urlsafe_b64encode(signed).decode().rstrip("=")


def verify(text: str, trusted: Iterable[bytes], now_ms: int) -> VerifiedMember | MemberCodeRefusal:
    """Return the card of a code that a trusted key signed and whose time it is, or why not.

    `trusted` are HQ's public keys (32 raw bytes each), `now_ms` the till's best estimate of HQ's time.
    """
    try:
        signed = base64.b64decode(_padded(text.removeprefix(MEMBER_CODE_PREFIX)), altchars=b"-_", validate=True)
        claim = msgspec.msgpack.decode(signed[:-_SIGNATURE_BYTES], type=_Claim)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return MemberCodeRefusal.UNREADABLE
    if not (
        text.startswith(MEMBER_CODE_PREFIX) and 0 < len(claim.card) <= _MAX_CARD_CHARACTERS and claim.card.isprintable()
    ):
        return MemberCodeRefusal.UNREADABLE
    public = {key_id(key): key for key in trusted}.get(claim.key)
    if public is None:
        return MemberCodeRefusal.UNKNOWN_KEY
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            signed[-_SIGNATURE_BYTES:], _PURPOSE + signed[:-_SIGNATURE_BYTES]
        )
    except InvalidSignature:
        return MemberCodeRefusal.FORGED
    return _in_time(claim, now_ms)


def _in_time(claim: _Claim, now_ms: int) -> VerifiedMember | MemberCodeRefusal:
    starts_ms = claim.issued_s * 1000 - CLOCK_TOLERANCE_MS
    ends_ms = (claim.issued_s + min(claim.valid_s, LONGEST_SECONDS)) * 1000 + CLOCK_TOLERANCE_MS
    if now_ms < starts_ms:
        return MemberCodeRefusal.TOO_EARLY
    return MemberCodeRefusal.TOO_OLD if now_ms > ends_ms else VerifiedMember(claim.card)


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
