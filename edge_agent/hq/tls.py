"""TLS contexts of this agent: our own CA and nothing else, at least TLS 1.2, with or without its certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

_NOT_YET_VALID = 9
_EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


def certificate_fault(error: BaseException) -> str | None:
    """Return in words why a server's certificate was refused, None when the error is about something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if cause.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        when = "has ended" if cause.verify_code == _EXPIRED else "has not begun"
        return f"by this machine's clock its certificate {when}; check the clock first (set up NTP), then ask HQ"
    return (
        f"its certificate is not HQ's ({cause.verify_message}); something between here and HQ may be answering for it"
    )


def client_context(ca_pem: str, *, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts only the given CA; with a certificate and key it also shows who the agent is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
