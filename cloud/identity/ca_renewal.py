"""The issuing CA's own end: seen long ahead, and met by a new issuing CA below the same root.

Stores trust the root, and everybody shows the issuing CA along with a certificate. So the certificates of both are
good side by side until each ends; agents get the new one with their next renewal, and nobody has to be told.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Literal

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.identity import ca
from cloud.identity.ca import Authority
from cloud.identity.keys import KeysMissing, write_private
from shared.calendar import local_time

RENEW_AHEAD_DAYS = 400
"""A little more than the longest certificate it signs lives: so none of them is ever cut short."""
WARN_AHEAD_DAYS = 365
_DAY_MS = 86_400_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaStatus:
    """How long the CA lasts (milliseconds since 1970 UTC).

    `former_until_ms`: the ends of issuing CAs that are accepted still. `has_root_key`: whether it can renew itself.
    """

    root_until_ms: int
    issuing_until_ms: int
    former_until_ms: tuple[int, ...]
    has_root_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaProblem:
    """What people have to be told: `ends` ends at `until_ms`, in `days_left` days (0: it has ended).

    An issuing CA ends this soon only where `root-ca.key` is kept elsewhere: `storewire-cloud ca renew --root-key FILE`.
    A root cannot be renewed: every agent enrols again below another one.
    """

    ends: Literal["issuing", "root"]
    until_ms: int
    days_left: int


def status(directory: Path) -> CaStatus:
    """Return how the CA stands. Raise KeysMissing."""
    authority = ca.load(directory)
    return CaStatus(
        root_until_ms=_until_ms(authority.root),
        issuing_until_ms=_until_ms(authority.issuing),
        former_until_ms=tuple(_until_ms(one) for one in _former(directory, authority)),
        has_root_key=(directory / "root-ca.key").exists(),
    )


def problem(directory: Path, now_ms: int) -> CaProblem | None:
    """Return what ends within a year, the sooner of the two; None when nothing does. Raise KeysMissing."""
    found = status(directory)
    ends: list[tuple[int, Literal["issuing", "root"]]] = [
        (found.issuing_until_ms, "issuing"),
        (found.root_until_ms, "root"),
    ]
    until_ms, which = min(ends)
    days = max((until_ms - now_ms) // _DAY_MS, 0)
    return CaProblem(ends=which, until_ms=until_ms, days_left=days) if days < WARN_AHEAD_DAYS else None


def renew(directory: Path, now_ms: int, root_key: Path | None = None) -> Authority:
    """Make a new issuing CA below the root and sign by it from now on; what the one before signed stays good.

    The root's key is read from `root_key` where it is kept elsewhere. Raise KeysMissing.
    """
    before = ca.load(directory)
    key = _root_key(root_key or directory / "root-ca.key", before.root)
    issuing, issuing_key = ca.issuing_below(before.root, key, now_ms)
    kept = [one for one in (before.issuing, *_former(directory, before)) if _until_ms(one) > now_ms]
    # Whoever reads the chain must find in it whatever is used, so it comes first.
    write_private(directory / "ca-chain.crt", "".join(map(ca.pem, [issuing, *kept, before.root])).encode())
    ca.keep_issuing(directory, issuing, issuing_key)
    log.info("issuing CA renewed", until=issuing.not_valid_after_utc.isoformat())
    return ca.load(directory)


def renew_if_due(directory: Path, now_ms: int) -> bool:
    """Renew the issuing CA in time where the root's key is at hand; tell whether that was done."""
    issuing_ends = _until_ms(ca.load(directory).issuing)
    if issuing_ends - now_ms > RENEW_AHEAD_DAYS * _DAY_MS or not (directory / "root-ca.key").exists():
        return False
    renew(directory, now_ms)
    return True


class LatestAuthority:
    """The CA as it is on disk now: a renewal by another process is taken up with the next certificate signed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen = self._stamp()
        self._authority = ca.load(directory)

    def current(self) -> Authority:
        """Return the CA to sign by; the last one known while its file is away or cannot be read."""
        stamp = self._stamp()
        if stamp is not None and stamp != self._seen:
            with suppress(KeysMissing):
                self._authority = ca.load(self._directory)
                self._seen = stamp
        return self._authority

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._directory / "issuing-ca.key").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _former(directory: Path, authority: Authority) -> list[x509.Certificate]:
    """Return issuing CAs that came before and are accepted still, the latest first."""
    try:
        chain = x509.load_pem_x509_certificates((directory / "ca-chain.crt").read_bytes())
    except (OSError, ValueError) as error:
        raise KeysMissing(f"{directory / 'ca-chain.crt'} cannot be read: {error}") from None
    return [one for one in chain if one not in (authority.issuing, authority.root)]


def _root_key(path: Path, root: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        reason = error.strerror or str(error)
        raise KeysMissing(f"{path}: {reason}; say where the root's key is kept with --root-key") from None
    except (ValueError, TypeError) as error:
        raise KeysMissing(f"{path} is no private key without a password: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != root.public_key():
        raise KeysMissing(f"{path} is not the key of this deployment's root CA")
    return key


def _until_ms(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp() * 1000)


def day_of(until_ms: int) -> str:
    """Return the day of an end for people, UTC."""
    return f"{local_time(until_ms, UTC):%Y-%m-%d}"
