"""Enrolment: a claim code and a key made here become an identity; and the certificate's later renewals."""

from __future__ import annotations

import re
import ssl
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.hq import identity
from edge_agent.hq.https import HqApi
from edge_agent.hq.identity import Enrolment, Identity, IdentityMissing, Renewal
from edge_agent.hq.tls import certificate_fault, client_context
from edge_agent.terminals.certificate import PagesCertificate

_CODE = re.compile(r"^[a-z2-7]{16,64}\.[0-9a-f]{32,64}$")
_TIMEOUT_SECONDS = 20.0


class EnrolmentRefused(ValueError):
    """This device cannot be enrolled; the text says why and what to do."""


class _Words(msgspec.Struct):
    message: str = ""


def enrol(state_dir: Path, cloud: str, code: str) -> Identity:
    """Enrol this device with the cloud at `cloud` (https://host:port). Raise EnrolmentRefused.

    The code's second half is the fingerprint of HQ's root certificate: the first half, a secret, is sent only over
    a connection that this root vouches for.
    """
    code = code.strip().lower()
    if not _CODE.match(code):
        raise EnrolmentRefused("a claim code looks like <letters and digits>.<fingerprint>; copy it as a whole from HQ")
    _check_address(cloud)
    _refuse_second_time(state_dir)
    try:
        chain = _pinned_chain(cloud, code.partition(".")[2])
        key = identity.make_key(state_dir)
        content = msgspec.json.encode({"code": code, "csr": identity.request_for(key)})
        with httpx.Client(verify=client_context(chain), timeout=_TIMEOUT_SECONDS) as http:
            answer = http.post(
                f"{cloud.rstrip('/')}/api/v1/enrol", content=content, headers={"Content-Type": "application/json"}
            )
        if answer.is_error:
            raise EnrolmentRefused(f"HQ refuses: {_words(answer)}")
        return identity.keep(state_dir, msgspec.json.decode(answer.content, type=Enrolment), key)
    except httpx.HTTPError as error:
        raise EnrolmentRefused(_unreached(cloud, error)) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise error if isinstance(error, EnrolmentRefused) else EnrolmentRefused(str(error)) from error


async def renew(api: HqApi, current: Identity) -> Identity:
    """Get the next certificate for the same key and keep it. Raise LinkLost, or ValueError for a wrong answer."""
    answer = await api.post_json("/api/v1/agent/renew", msgspec.json.encode({"csr": current.request()}))
    return current.renewed(msgspec.json.decode(answer, type=Renewal))


async def certify_pages(api: HqApi, csr: str) -> PagesCertificate:
    """Have HQ sign the certificate of the till pages. Raise LinkLost, or ValueError for a wrong answer."""
    answer = await api.post_json("/api/v1/agent/pages-certificate", msgspec.json.encode({"csr": csr}))
    return msgspec.json.decode(answer, type=PagesCertificate)


def _check_address(cloud: str) -> None:
    wanted = "the cloud's address starts with https://, as in https://hq.example.com:8443"
    try:
        address = urlsplit(cloud)
        fits = address.scheme == "https" and bool(address.hostname) and address.port != 0
    except ValueError:
        fits = False
    if not fits or not address.netloc.isascii():
        raise EnrolmentRefused(f"{wanted}; got {cloud!r}")


def _unreached(cloud: str, error: httpx.HTTPError) -> str:
    if (fault := certificate_fault(error)) is not None:
        return f"{cloud}: {fault}"
    if "WRONG_VERSION_NUMBER" in str(error):
        return f"{cloud} answers without TLS: is that the port for stores, 8443 unless HQ says otherwise?"
    reason = str(error).partition("] ")[2] or error or type(error).__name__  # without the number of an OSError
    return f"{cloud} cannot be reached ({reason}); check the address, the network cable and HQ"


def _refuse_second_time(state_dir: Path) -> None:
    try:
        present = identity.load(state_dir)
    except IdentityMissing:
        return
    raise EnrolmentRefused(
        f"{state_dir} already belongs to agent {present.agent} of store {present.store}; it renews its certificate"
        " by itself. For another agent use another --state"
    )


def _pinned_chain(cloud: str, fingerprint: str) -> str:
    """Fetch HQ's CA chain over a connection nobody vouches for, and prove its root by the fingerprint."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with httpx.Client(verify=blind, timeout=_TIMEOUT_SECONDS) as http:
        answer = http.get(f"{cloud.rstrip('/')}/api/v1/ca")
    if answer.is_error:
        raise EnrolmentRefused(f"{cloud} is no Storewire cloud: it answers {answer.status_code}")
    for certificate in x509.load_pem_x509_certificates(answer.content):
        if sha256(certificate.public_bytes(Encoding.DER)).hexdigest().startswith(fingerprint):
            # Only the root is taken: whatever else was sent must be vouched for by it.
            return certificate.public_bytes(Encoding.PEM).decode()
    raise EnrolmentRefused(f"{cloud} is not the cloud that this claim code is for; check address and code with HQ")


def _words(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content, type=_Words).message
    except msgspec.DecodeError:
        said = ""
    return said or f"{answer.status_code} {answer.reason_phrase}"
