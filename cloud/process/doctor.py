"""A deployment examined: what is there, what answers, what ends soon."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from cloud.audit.models import AUDIT_CHAIN
from cloud.deployment import ports
from cloud.deployment.opening import open_database, require_file
from cloud.errors import CloudError
from cloud.identity import ca, ca_renewal, keys
from cloud.process.setup import check_database
from cloud.settings import CloudSettings

_DAY_MS = 86_400_000
_SOON_DAYS = 30


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    ok: bool
    what: str
    words: str


def examine(settings: CloudSettings, now_ms: int) -> list[Finding]:
    """Look at everything that can be looked at from here; nothing is changed."""
    return [
        *_keys(settings),
        *(_certificate(settings.keys_dir / f"{name}.crt", now_ms) for name in ("api", "broker", "ingest")),
        *_authority(settings, now_ms),
        _database(settings),
        *_audit_log(settings),
        *_ports(settings),
    ]


def _keys(settings: CloudSettings) -> Iterator[Finding]:
    try:
        ring = keys.load(settings.keys_dir)
        fingerprint = ca.load(settings.keys_dir).fingerprint
        yield Finding(ok=True, what="keys", words=f"signing key {ring.signing.current}, root CA {fingerprint}")
    except keys.KeysMissing as error:
        yield Finding(ok=False, what="keys", words=str(error))
    loose = [path.name for path in settings.keys_dir.glob("*") if path.stat().st_mode & 0o077]
    yield Finding(ok=not loose, what="key files", words=f"others may read {loose}" if loose else "ours alone")


def _authority(settings: CloudSettings, now_ms: int) -> Iterator[Finding]:
    try:
        status, problem = (ca_renewal.status(settings.keys_dir), ca_renewal.problem(settings.keys_dir, now_ms))
    except keys.KeysMissing:
        return  # said of the keys already
    days = (status.issuing_until_ms - now_ms) // _DAY_MS
    advice = "" if problem is None else "; see `storewire-cloud ca status`"
    yield Finding(ok=problem is None, what="issuing-ca.crt", words=f"{days} days left{advice}")


def _certificate(path: Path, now_ms: int) -> Finding:
    try:
        end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except FileNotFoundError:
        return Finding(ok=False, what=path.name, words="is not there; `storewire-cloud certificates` makes it")
    except OSError as error:
        return Finding(ok=False, what=path.name, words=f"cannot be read: {error.strerror}")
    except ValueError:
        return Finding(
            ok=False, what=path.name, words="is no certificate; remove it, then `storewire-cloud certificates`"
        )
    days = int(end.timestamp() * 1000 - now_ms) // _DAY_MS
    return Finding(ok=days > _SOON_DAYS, what=path.name, words=f"{days} days left")


def _database(settings: CloudSettings) -> Finding:
    database = open_database(settings)
    try:
        require_file(settings)
        return Finding(ok=True, what="database", words=check_database(database))
    except (SQLAlchemyError, CloudError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return Finding(ok=False, what="database", words=reason)
    finally:
        database.close()


def _audit_log(settings: CloudSettings) -> Iterator[Finding]:
    if settings.embedded is not None and not settings.embedded.is_file():
        return  # said of the database already
    database = open_database(settings)
    try:
        with database.snapshot() as session:
            proof = AUDIT_CHAIN.follow(session)
        words = f"{proof.links} acts as they were written"
        yield Finding(ok=not proof.fault, what="audit log", words=proof.fault or words)
    except SQLAlchemyError:
        return  # said of the database already
    finally:
        database.close()


def _ports(settings: CloudSettings) -> Iterator[Finding]:
    for what, port in ports.listeners(settings).items():
        if not port:
            yield Finding(ok=False, what=what, words="has no port yet; the first `storewire-cloud serve` chooses one")
            continue
        try:
            socket.create_connection((settings.bind_host, port), timeout=2).close()
            yield Finding(ok=True, what=what, words=f"answers on {settings.bind_host}, port {port}")
        except OSError as error:
            reason = error.strerror or error
            words = f"nothing answers on {settings.bind_host}, port {port}: {reason}; does `storewire-cloud serve` run?"
            yield Finding(ok=False, what=what, words=words)
