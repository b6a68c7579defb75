"""The doctor: looks at everything the agent needs and says what to do about what is wrong."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from edge_agent.clock import SystemMachineClock
from edge_agent.disk.agent_row import store_settings
from edge_agent.disk.state_lock import is_running
from edge_agent.hq import identity
from edge_agent.hq.identity import Identity, IdentityMissing
from edge_agent.hq.tls import certificate_fault, client_context
from edge_agent.moments import day_text
from edge_agent.settings import EdgeSettings
from edge_agent.terminals import certificate

_ENOUGH_BYTES = 1024**3
_SKEW_MS = 60_000
_DAY_MS = 24 * 3600 * 1000
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined: how it is and, where it is bad, what to do."""

    what: str
    good: bool
    words: str


def examine(settings: EdgeSettings) -> list[Finding]:
    """Examine disk, identity, database, clock and the ways to HQ. Changes nothing."""
    findings = [_disk(settings), _database(settings), _process(settings)]
    try:
        who = identity.load(settings.state_dir)
    except IdentityMissing as error:
        return [*findings, Finding("identity", good=False, words=str(error))]
    findings += [_certificate(who), _key_file(who), *_terminals(settings, who)]
    api = _guarded("api and clock", lambda: _api(who))
    findings += [api, *([_guarded("head office", lambda: _standing(who))] if api.good else [])]
    findings += [_guarded(f"broker {broker}", partial(_broker, who, broker)) for broker in who.enrolment.brokers]
    return findings


def _disk(settings: EdgeSettings) -> Finding:
    if not settings.state_dir.is_dir():
        return Finding("disk", good=False, words=f"{settings.state_dir} is no directory here; is --state right?")
    free = shutil.disk_usage(settings.state_dir).free
    words = f"{free // 1024**2} MiB free"
    if free < _ENOUGH_BYTES:
        words += f" where {settings.state_dir} lies; make room: selling stops when it is full"
    return Finding("disk", free >= _ENOUGH_BYTES, words)


def _process(settings: EdgeSettings) -> Finding:
    runs = is_running(settings.state_dir)
    return Finding("agent", good=True, words="it runs" if runs else "it does not run now")


def _database(settings: EdgeSettings) -> Finding:
    path = settings.database_path
    if not path.exists():
        return Finding("database", good=True, words="none yet; the first run makes it")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    return Finding(
        "database", found == "ok", "sound" if found == "ok" else f"{path}: {found}; keep the file and call support"
    )


def _certificate(who: Identity) -> Finding:
    now_ms = SystemMachineClock().wall_ms()
    clock = f"this machine's clock says {day_text(now_ms)}"
    if now_ms < who.not_before_ms:
        words = f"begins {day_text(who.not_before_ms)}, but {clock}; set the clock (set up NTP)"
        return Finding("certificate", good=False, words=words)
    if now_ms >= who.not_after_ms:
        remedy = "if that is right, run the agent: it renews its certificate as soon as it reaches HQ's API"
        return Finding("certificate", good=False, words=f"ended {day_text(who.not_after_ms)} and {clock}; {remedy}")
    return Finding("certificate", good=True, words=f"until {day_text(who.not_after_ms)}")


def _key_file(who: Identity) -> Finding:
    mode = who.key_path.stat().st_mode & 0o777
    good = not mode & 0o077
    return Finding("private key", good, f"mode {mode:04o}" + ("" if good else f"; run chmod 600 {who.key_path}"))


def _terminals(settings: EdgeSettings, who: Identity) -> list[Finding]:
    """Say how the door to the store's network stands, where head office has opened it."""
    try:
        with closing(sqlite3.connect(f"{settings.database_path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            said = store_settings(db)
    except sqlite3.DatabaseError:
        return []  # what is wrong with the database was said
    if said is None or not said.terminals.hosts:
        return []
    names = ", ".join(said.terminals.addresses)
    held = certificate.load(who.directory)
    if settings.web_port is None:
        words = "head office has opened this store to terminals, but no pages are served: set web_port in edge.toml"
    elif held is None or not held.covers(said.terminals.hosts):
        words = f"no certificate for {names} yet; the agent asks head office for one as soon as it reaches its API"
    elif SystemMachineClock().wall_ms() >= held.not_after_ms:
        ended = day_text(held.not_after_ms)
        words = f"the pages' certificate ended {ended}; the agent renews it as soon as it reaches HQ"
    else:
        return [Finding("terminals", good=True, words=f"{names}, certificate until {day_text(held.not_after_ms)}")]
    return [Finding("terminals", good=False, words=words)]


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        fault = certificate_fault(error)
        if fault is not None:
            return Finding(what, good=False, words=f"{fault}; selling goes on without it")
        reason = str(error) or type(error).__name__
        words = f"cannot be reached ({reason}); check cable and router, then call HQ; selling goes on without it"
        return Finding(what, good=False, words=words)


def _api(who: Identity) -> Finding:
    with _http(who) as http:
        answer = http.get("/api/v1/ca")
    if not answer.is_success:
        words = f"{who.enrolment.api} answers {answer.status_code}; HQ has trouble, call it; selling goes on without it"
        return Finding("api and clock", good=False, words=words)
    off_ms = SystemMachineClock().wall_ms() - _hq_ms(answer)
    if abs(off_ms) > _SKEW_MS:
        way = "ahead of" if off_ms > 0 else "behind"
        words = f"reached, but this machine's clock is {_span(abs(off_ms))} {way} HQ's; set the clock (set up NTP)"
        return Finding("api and clock", good=False, words=words)
    return Finding("api and clock", good=True, words=f"{who.enrolment.api} answers, and its clock agrees")


def _standing(who: Identity) -> Finding:
    """Ask for a body file that nobody has: a refusal of this agent comes before the answer that it is missing."""
    with _http(who) as http:
        token = who.token(_hq_ms(http.get("/api/v1/ca")))
        answer = http.get(f"/api/v1/bodies/{'0' * 64}.zst", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        words = f"refuses agent {who.agent} ({answer.status_code}): revoked, replaced or unknown there; call HQ"
        return Finding("head office", good=False, words=f"{words}; selling goes on without it")
    return Finding("head office", good=True, words=f"knows agent {who.agent} of store {who.store}")


def _http(who: Identity) -> httpx.Client:
    context = client_context(who.enrolment.ca)
    return httpx.Client(verify=context, timeout=_TIMEOUT_SECONDS, base_url=who.enrolment.api)


def _hq_ms(answer: httpx.Response) -> int:
    """Return what HQ's clock says; without a word of it what this machine's does."""
    if "date" not in answer.headers:
        return SystemMachineClock().wall_ms()
    return int(parsedate_to_datetime(answer.headers["date"]).timestamp() * 1000)


def _span(ms: int) -> str:
    return f"{(ms + _DAY_MS // 2) // _DAY_MS} days" if ms >= 2 * _DAY_MS else f"{ms // 1000} s"


def _broker(who: Identity, broker: str) -> Finding:
    address = urlsplit(broker)
    context = client_context(who.enrolment.ca, certificate=who.certificate_path, key=who.key_path)
    host, port = address.hostname or "", address.port or 8883
    with (
        socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        return Finding(f"broker {broker}", good=True, words="answers with a certificate of our CA")
