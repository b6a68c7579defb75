"""The doctor: looks at everything the agent needs and says what to do about what is wrong."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

import httpx

from edge_agent import identity
from edge_agent.clock import SystemMachineClock
from edge_agent.identity import Identity, IdentityMissing
from edge_agent.settings import EdgeSettings
from edge_agent.tls import client_context

_ENOUGH_BYTES = 1024**3
_SKEW_SECONDS = 60
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined: how it is and, where it is bad, what to do."""

    what: str
    good: bool
    words: str


def examine(settings: EdgeSettings) -> list[Finding]:
    """Examine disk, identity, database, clock and the ways to HQ. Changes nothing."""
    findings = [_disk(settings), _database(settings)]
    try:
        who = identity.load(settings.state_dir)
    except IdentityMissing as error:
        return [*findings, Finding("identity", good=False, words=str(error))]
    findings += [_certificate(who), _key_file(who)]
    findings += [_guarded("api and clock", lambda: _api(who))]
    findings += [_guarded(f"broker {broker}", partial(_broker, who, broker)) for broker in who.enrolment.brokers]
    return findings


def _disk(settings: EdgeSettings) -> Finding:
    if not settings.state_dir.is_dir():
        return Finding("disk", good=False, words=f"{settings.state_dir} does not exist; enrol this agent")
    free = shutil.disk_usage(settings.state_dir).free
    words = f"{free // 1024**2} MiB free"
    return Finding("disk", free >= _ENOUGH_BYTES, words if free >= _ENOUGH_BYTES else f"{words}; make room")


def _database(settings: EdgeSettings) -> Finding:
    path = settings.database_path
    if not path.exists():
        return Finding("database", good=True, words="none yet; the first run makes it")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    return Finding("database", found == "ok", "sound" if found == "ok" else f"{found}; keep the file and call support")


def _certificate(who: Identity) -> Finding:
    end = datetime.fromtimestamp(who.not_after_ms / 1000, UTC)
    good = SystemMachineClock().wall_ms() < who.not_after_ms
    return Finding(
        "certificate", good, f"{'until' if good else 'ended'} {end:%Y-%m-%d}" + ("" if good else "; enrol anew")
    )


def _key_file(who: Identity) -> Finding:
    mode = who.key_path.stat().st_mode & 0o777
    good = not mode & 0o077
    return Finding("private key", good, f"mode {mode:04o}" + ("" if good else f"; run chmod 600 {who.key_path}"))


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (OSError, httpx.HTTPError, ssl.SSLError) as error:
        return Finding(what, good=False, words=f"cannot be reached: {error}; selling goes on without it")


def _api(who: Identity) -> Finding:
    with httpx.Client(verify=client_context(who.enrolment.ca), timeout=_TIMEOUT_SECONDS) as http:
        answer = http.get(f"{who.enrolment.api.rstrip('/')}/api/v1/ca")
    hq = parsedate_to_datetime(answer.headers["date"]).timestamp() if "date" in answer.headers else None
    off = None if hq is None else SystemMachineClock().wall_ms() / 1000 - hq
    if off is not None and abs(off) > _SKEW_SECONDS:
        return Finding("api and clock", good=False, words=f"reached, but this clock is {off:.0f} s off; set up NTP")
    return Finding("api and clock", good=answer.is_success, words=f"{who.enrolment.api} answers {answer.status_code}")


def _broker(who: Identity, broker: str) -> Finding:
    address = urlsplit(broker)
    context = client_context(who.enrolment.ca, certificate=who.certificate_path, key=who.key_path)
    host, port = address.hostname or "", address.port or 8883
    with (
        socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        return Finding(f"broker {broker}", good=True, words="answers with a certificate of our CA")
