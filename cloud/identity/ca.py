"""The deployment's certificate authority: a root that may be kept offline, and the issuing CA below it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.identity.keys import KeysExist, KeysMissing, private_directory, write_private
from shared.calendar import local_time

FINGERPRINT_DIGITS = 32
_ROOT_DAYS = 365 * 20
_ISSUING_DAYS = 365 * 5
_SERVER_DAYS = 397
_RENEW_SERVER_DAYS = 30
_BACKDATE = timedelta(days=1)
"""Certificates start a day early: a store's clock may be behind."""
_MAX_CSR_BYTES = 8 * 1024
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


class CaEnded(KeysMissing):
    """The issuing CA's own certificate has ended: nothing can be signed; the text says what to do."""


class CsrRefused(ValueError):
    """A certificate request that is not what an agent sends; the text says why."""


@dataclass(frozen=True)
class Issued:
    """A certificate as signed: PEM of the certificate alone, its serial (hex) and end."""

    pem: str
    serial: str
    not_after_ms: int
    public_key: bytes
    """SubjectPublicKeyInfo, DER."""


@dataclass(frozen=True)
class Authority:
    """The issuing CA and the chain up to the root."""

    root: x509.Certificate
    issuing: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def chain(self) -> str:
        """PEM of the issuing CA and the root, in that order."""
        return pem(self.issuing) + pem(self.root)

    @property
    def fingerprint(self) -> str:
        """The first 32 hex digits of the root certificate's SHA-256: what a claim code pins."""
        return sha256(self.root.public_bytes(serialization.Encoding.DER)).hexdigest()[:FINGERPRINT_DIGITS]

    def sign_agent(self, csr: str, agent: str, *, days: int, now_ms: int) -> Issued:
        """Sign an agent's request. Its name is ours, whatever it asked for. Raise CsrRefused."""
        public = _checked(csr)
        builder = (
            self._builder(public, now_ms, days)
            .subject_name(_name(agent))
            .add_extension(x509.SubjectAlternativeName([agent_uri(agent)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        )
        return self._issued(builder, public)

    def sign_pages(self, csr: str, hosts: list[str], *, days: int, now_ms: int) -> Issued:
        """Sign a store's request for the server certificate of its till pages, for these hosts. Raise CsrRefused."""
        public = _checked(csr)
        builder = (
            self._builder(public, now_ms, days)
            .subject_name(_name(hosts[0]))
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        return self._issued(builder, public)

    def issue_server(self, directory: Path, name: str, hosts: list[str], now_ms: int, *, is_peer: bool = False) -> None:
        """Make a server key and certificate `name.key`, `name.crt` (with the whole chain) for these hosts.

        A peer of a cluster is also a client of its like.
        """
        names = [_general_name(host) for host in dict.fromkeys([*hosts, "localhost", "127.0.0.1", "::1"])]
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if is_peer else [])]
        self._issue(directory / name, hosts[0], names, usage=usage, now_ms=now_ms)

    def issue_service(self, directory: Path, name: str, common_name: str, now_ms: int) -> None:
        """Make a client key and certificate for one of our own services (its name has a colon: no agent's can)."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:storewire:{common_name}")]
        self._issue(directory / name, common_name, names, usage=[ExtendedKeyUsageOID.CLIENT_AUTH], now_ms=now_ms)

    def _issue(
        self,
        stem: Path,
        common_name: str,
        names: list[x509.GeneralName],
        *,
        usage: list[x509.ObjectIdentifier],
        now_ms: int,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            self._builder(key.public_key(), now_ms, _SERVER_DAYS)
            .subject_name(_name(common_name))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=True)
        )
        certificate = _leaf(builder, self).sign(self.key, SHA256())
        write_private(stem.with_suffix(".key"), key_pem(key))
        write_private(stem.with_suffix(".crt"), (pem(certificate) + self.chain).encode())

    def _issued(self, builder: x509.CertificateBuilder, public: ec.EllipticCurvePublicKey) -> Issued:
        certificate = _leaf(builder, self).sign(self.key, SHA256())
        return Issued(
            pem=pem(certificate),
            serial=f"{certificate.serial_number:x}",
            not_after_ms=int(certificate.not_valid_after_utc.timestamp() * 1000),
            public_key=public_der(public),
        )

    def _builder(self, public: ec.EllipticCurvePublicKey, now_ms: int, days: int) -> x509.CertificateBuilder:
        """Begin a certificate that ends before its issuer does: one that outlived it would be refused from then on."""
        end = self.issuing.not_valid_after_utc
        if end.timestamp() * 1000 <= now_ms:
            raise CaEnded(f"the issuing CA ended on {end:%Y-%m-%d}; run `storewire-cloud ca renew`")
        return _builder(self.issuing.subject, public, now_ms, days, latest=end)


def agent_uri(agent: str) -> x509.UniformResourceIdentifier:
    """Return the URI that names an agent in its certificate."""
    return x509.UniformResourceIdentifier(f"urn:storewire:agent:{agent}")


def create(directory: Path, now_ms: int) -> Authority:
    """Make root and issuing CA. Afterwards `root-ca.key` may be moved offline: daily work needs only the other."""
    if (directory / "root-ca.crt").exists():
        raise KeysExist(f"{directory / 'root-ca.crt'} exists; a CA is never written over")
    private_directory(directory)
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _ca(_name("Storewire root CA"), root_key.public_key(), None, root_key, now_ms=now_ms, days=_ROOT_DAYS)
    write_private(directory / "root-ca.key", key_pem(root_key))
    write_private(directory / "root-ca.crt", pem(root).encode())
    issuing, issuing_key = issuing_below(root, root_key, now_ms)
    keep_issuing(directory, issuing, issuing_key)
    write_private(directory / "ca-chain.crt", (pem(issuing) + pem(root)).encode())
    return load(directory)


def keep_issuing(directory: Path, issuing: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Make this the issuing CA: key and certificate in one file, so that no power cut leaves one without the other."""
    write_private(directory / "issuing-ca.key", key_pem(key) + pem(issuing).encode())
    write_private(directory / "issuing-ca.crt", pem(issuing).encode())


def issuing_below(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, now_ms: int
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make an issuing CA that the root vouches for, with a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Storewire issuing CA")
    return _ca(name, key.public_key(), root, root_key, now_ms=now_ms, days=_ISSUING_DAYS), key


def load(directory: Path) -> Authority:
    """Read the CA. Raise KeysMissing."""
    try:
        root = x509.load_pem_x509_certificate((directory / "root-ca.crt").read_bytes())
        content = (directory / "issuing-ca.key").read_bytes()
        issuing = x509.load_pem_x509_certificate(content[content.find(_CERTIFICATE) :])
        key = serialization.load_pem_private_key(content, None)
    except FileNotFoundError as error:
        raise KeysMissing(f"no {error.filename}; run `storewire-cloud init`, or put the backup there") from None
    except (ValueError, PermissionError) as error:
        raise KeysMissing(f"the CA in {directory} cannot be read: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != issuing.public_key():
        raise KeysMissing(f"{directory / 'issuing-ca.key'} does not hold a key with its certificate")
    return Authority(root=root, issuing=issuing, key=key)


def ensure_server(
    authority: Authority, directory: Path, name: str, hosts: list[str], now_ms: int, *, is_peer: bool = False
) -> bool:
    """Make or renew a server certificate that is absent, ends within 30 days or lacks a host; tell whether it did."""
    if _still_good(directory / f"{name}.crt", now_ms) and not _lacks(directory / f"{name}.crt", hosts):
        return False
    authority.issue_server(directory, name, hosts, now_ms, is_peer=is_peer)
    return True


def ensure_service(authority: Authority, directory: Path, name: str, common_name: str, now_ms: int) -> bool:
    """Make or renew a service's client certificate that is absent or ends within 30 days."""
    if _still_good(directory / f"{name}.crt", now_ms):
        return False
    authority.issue_service(directory, name, common_name, now_ms)
    return True


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PKCS #8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_der(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as SubjectPublicKeyInfo, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _checked(csr: str) -> ec.EllipticCurvePublicKey:
    if len(csr) > _MAX_CSR_BYTES:
        raise CsrRefused(f"certificate request is longer than {_MAX_CSR_BYTES} bytes")
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        public = request.public_key()
        proven = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise CsrRefused("certificate request is not PEM of a PKCS #10 request") from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise CsrRefused("certificate request must carry a P-256 key")
    if not proven:
        raise CsrRefused("certificate request is not signed by the key it carries")
    return public


def _builder(
    issuer: x509.Name, public: ec.EllipticCurvePublicKey, now_ms: int, days: int, *, latest: datetime | None = None
) -> x509.CertificateBuilder:
    now = local_time(now_ms, UTC).replace(microsecond=0)  # certificates know whole seconds
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(end if latest is None else min(end, latest))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _leaf(builder: x509.CertificateBuilder, authority: Authority) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .add_extension(_key_usage(ca=False), critical=True)
    )


def _ca(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    signing_key: ec.EllipticCurvePrivateKey,
    *,
    now_ms: int,
    days: int,
) -> x509.Certificate:
    builder = (
        _builder(
            issuer.subject if issuer else subject,
            public,
            now_ms,
            days,
            latest=issuer.not_valid_after_utc if issuer else None,
        )
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    return builder.sign(signing_key, SHA256())


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _still_good(path: Path, now_ms: int) -> bool:
    if not path.exists():
        return False
    end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    return end.timestamp() * 1000 > now_ms + _RENEW_SERVER_DAYS * 86_400_000


def _lacks(path: Path, hosts: list[str]) -> bool:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return not {_general_name(host) for host in hosts} <= names
