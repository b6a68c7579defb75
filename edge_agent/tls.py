"""TLS contexts of this agent: our own CA and nothing else, at least TLS 1.2, with or without its certificate."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(ca_pem: str, *, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts only the given CA; with a certificate and key it also shows who the agent is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
