"""The server certificate of the till pages: its key is made here, head office signs it for the store's names."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.disk.durable_file import replace_file
from edge_agent.hq.identity import request_for

_NAME = "pages.pem"
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


class PagesCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """Head office's answer: the certificate for the hosts that it names, and the chain up to its root. PEM."""

    certificate: str
    ca: str
    hosts: list[str]


Ask = Callable[[str], Awaitable[PagesCertificate]]
"""Sends a certificate request to head office. Raises LinkLost, or ValueError for a wrong answer."""


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate on this disk: key, certificate and chain in one file, so that a power cut parts none of them."""

    path: Path
    hosts: tuple[str, ...]
    serial: int
    not_before_ms: int
    not_after_ms: int

    def covers(self, hosts: Sequence[str]) -> bool:
        """Tell whether it is for all of these names."""
        return set(hosts) <= set(self.hosts)

    def due(self, wall_ms: int) -> bool:
        """Tell whether two thirds of its life are over."""
        return wall_ms >= self.not_after_ms - (self.not_after_ms - self.not_before_ms) // 3

    def tls(self) -> ssl.SSLContext:
        """Return the context to serve by."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.path)
        return context


def load(directory: Path) -> Held | None:
    """Return what is held in the identity's folder; None when there is nothing that can be used."""
    path = directory / _NAME
    try:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificates(content[content.index(_CERTIFICATE) :])[0]
        held = _held(path, certificate)
        held.tls()
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None  # head office is asked for another
    return held


async def renewed(directory: Path, ask: Ask) -> Held:
    """Make a key, have it certified, and keep both. Raise what `ask` raises, or ValueError."""
    key = ec.generate_private_key(ec.SECP256R1())
    answer = await ask(request_for(key))
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    if certificate.public_key() != key.public_key():
        raise ValueError("the certificate HQ sent is not for the pages' key")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / _NAME
    replace_file(path, private + (answer.certificate.rstrip() + "\n" + answer.ca).encode())
    return _held(path, certificate)


def root_of(chain_pem: str) -> x509.Certificate:
    """Return the root of HQ's chain: what a terminal has to trust. Raise ValueError when there is none."""
    for certificate in x509.load_pem_x509_certificates(chain_pem.encode()):
        if certificate.issuer == certificate.subject:
            return certificate
    raise ValueError("HQ's chain has no root certificate")


def fingerprint(certificate: x509.Certificate) -> str:
    """Return a certificate's SHA-256 as browsers show it, in groups of four digits."""
    digits = sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def _held(path: Path, certificate: x509.Certificate) -> Held:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return Held(
        path=path,
        hosts=(*names.get_values_for_type(x509.DNSName), *addresses),
        serial=certificate.serial_number,
        not_before_ms=_ms(certificate.not_valid_before_utc),
        not_after_ms=_ms(certificate.not_valid_after_utc),
    )


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
