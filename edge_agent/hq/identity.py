"""Who this agent is: a key pair made on this device, the certificate HQ gave it, and the HQ keys it trusts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from shared.calendar import local_time
from shared.ids import check_slug
from shared.signing import key_id

TOKEN_AUDIENCE = "storewire-cloud"  # noqa: S105 - a name, not a secret
TOKEN_SECONDS = 60
_PUBLIC_KEY_BYTES = 32


class IdentityMissing(LookupError):
    """This state directory belongs to no enrolled agent."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What HQ answers an enrolment with, as kept beside the key. PEM texts; keys as raw bytes."""

    agent: str
    store: str
    certificate: str
    ca: str
    brokers: list[str]
    api: str
    signing_keys: dict[str, bytes]
    sealing_key: bytes
    card_key: bytes

    def __post_init__(self) -> None:
        check_slug(self.agent, "agent")
        check_slug(self.store, "store")
        for name, public in self.signing_keys.items():
            if len(public) != _PUBLIC_KEY_BYTES or key_id(public) != name:
                raise ValueError(f"signing key {name!r} is not the key of that name")
        if len(self.sealing_key) != _PUBLIC_KEY_BYTES or not self.card_key:
            raise ValueError("enrolment lacks HQ's sealing key or this agent's card key")


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """HQ's answer to a renewal: the next certificate, and what may have changed since enrolment."""

    certificate: str
    ca: str
    brokers: list[str]
    signing_keys: dict[str, bytes]
    sealing_key: bytes


class Identity:
    """An enrolled agent's identity, kept in `<state>/identity` and readable by its own user only."""

    def __init__(self, directory: Path, enrolment: Enrolment, key: ec.EllipticCurvePrivateKey) -> None:
        self.directory = directory
        self.enrolment = enrolment
        self._key = key

    @property
    def agent(self) -> str:
        """The agent's id."""
        return self.enrolment.agent

    @property
    def store(self) -> str:
        """The id of the store it serves."""
        return self.enrolment.store

    @property
    def certificate_path(self) -> Path:
        """PEM file of the agent's certificate and the CA's chain."""
        return self.directory / "certificate.pem"

    @property
    def key_path(self) -> Path:
        """PEM file of the private key."""
        return self.directory / "key.pem"

    @property
    def not_before_ms(self) -> int:
        """When the certificate begins, in milliseconds since 1970 UTC."""
        return int(self._certificate().not_valid_before_utc.timestamp() * 1000)

    @property
    def not_after_ms(self) -> int:
        """When the certificate ends, in milliseconds since 1970 UTC."""
        return int(self._certificate().not_valid_after_utc.timestamp() * 1000)

    def renewal_due(self, wall_ms: int) -> bool:
        """Tell whether two thirds of the certificate's life are over."""
        certificate = self._certificate()
        life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        return local_time(wall_ms, UTC) >= certificate.not_valid_after_utc - life / 3

    def request(self) -> str:
        """Return a certificate request (PEM) signed by the agent's key."""
        return _request(self._key, self.agent)

    def renewed(self, renewal: Renewal) -> Identity:
        """Keep a renewal on disk and return the identity that has it. Raise ValueError if it is not for this key."""
        enrolment = msgspec.structs.replace(self.enrolment, **msgspec.structs.asdict(renewal))
        return keep(self.directory.parent, enrolment, self._key)

    def token(self, wall_ms: int, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
        """Return a device token for one request: ES256, for one minute from `wall_ms` on, usable once."""
        claims: dict[str, Any] = {
            "aud": TOKEN_AUDIENCE,
            "sub": self.agent,
            "jti": random_bytes(16).hex(),
            "iat": wall_ms // 1000,
            "exp": wall_ms // 1000 + TOKEN_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="ES256")

    def _certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.enrolment.certificate.encode())


def make_key(state_dir: Path) -> ec.EllipticCurvePrivateKey:
    """Return this device's private key, made and synced to disk on first use. It never leaves the device."""
    path = state_dir / "identity" / "key.pem"
    if path.exists():
        return _load_key(path)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, pem)
    return key


def request_for(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a certificate request (PEM) of an agent that does not know its name yet."""
    return _request(key, "unnamed")


def keep(state_dir: Path, enrolment: Enrolment, key: ec.EllipticCurvePrivateKey) -> Identity:
    """Write an enrolment to disk and return the identity it makes. Raise ValueError if it is not for this key."""
    if not _certifies(enrolment.certificate, key):
        raise ValueError("the certificate HQ sent is not for this agent's key")
    directory = state_dir / "identity"
    # With the CA's chain behind it, because a broker may know only the root.
    _write(directory / "certificate.pem", (enrolment.certificate.rstrip() + "\n" + enrolment.ca).encode())
    _write(directory / "enrolment.json", msgspec.json.encode(enrolment))
    return Identity(directory, enrolment, key)


def load(state_dir: Path) -> Identity:
    """Read the identity. Raise IdentityMissing when the agent was never enrolled or a file of it is damaged."""
    directory = state_dir / "identity"
    try:
        enrolment = msgspec.json.decode((directory / "enrolment.json").read_bytes(), type=Enrolment)
        return _fitting(directory, enrolment, _load_key(directory / "key.pem"))
    except FileNotFoundError:
        raise IdentityMissing(f"no agent is enrolled in {state_dir}; run `storewire-edge enroll` first") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise IdentityMissing(
            f"the identity in {directory} is damaged ({error}); call HQ for a new claim code, move that folder aside,"
            " and enrol again: the sales in the database stay"
        ) from error
    except OSError as error:
        raise IdentityMissing(
            f"the identity in {directory} cannot be read ({error.strerror or error}); run this as the agent's user,"
            " with the agent's --state"
        ) from error


def _fitting(directory: Path, enrolment: Enrolment, key: ec.EllipticCurvePrivateKey) -> Identity:
    if not _certifies(enrolment.certificate, key):
        raise ValueError("key and certificate do not belong together")
    return Identity(directory, enrolment, key)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} is not an elliptic-curve key")  # noqa: TRY004 - the file is wrong, not the program
    return key


def _request(key: ec.EllipticCurvePrivateKey, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _certifies(certificate_pem: str, key: ec.EllipticCurvePrivateKey) -> bool:
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    return certificate.public_key() == key.public_key()


def _write(path: Path, content: bytes) -> None:
    """Replace a file durably, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
