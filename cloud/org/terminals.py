"""Other terminals of a store's network that may show its tills: where they reach the agent, decided by head office."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

import msgspec
from sqlmodel import Session, col, select

from cloud.errors import Invalid
from cloud.fleet import audit
from cloud.fleet.models import Agent
from cloud.org.models import StoreTerminals
from cloud.org.stores import find_store
from cloud.settings import CloudSettings
from shared.wire.desired import TerminalSettings
from shared.wire.messages import Reported, TerminalReport

MAX_HOSTS = 8
_LOWEST_PORT = 1024
"""Below it a service needs a privilege that the agent does not have."""
_HIGHEST_PORT = 65_535
_NAME = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")
_reported = msgspec.json.Decoder(Reported)
_settings = msgspec.json.Decoder(TerminalSettings)


def own_names(settings: CloudSettings) -> set[str]:
    """Return the names under which head office itself is reached."""
    urls = (urlsplit(url).hostname for url in settings.broker_urls)
    return {"localhost", settings.public_host.lower(), *(host for host in urls if host)}


def terminals_of(session: Session, store: str) -> TerminalSettings:
    """Return how terminals reach a store's agent; no hosts: none may. Raise NotFound."""
    find_store(session, store)
    return terminals_by_store(session, [store]).get(store, TerminalSettings())


def terminals_by_store(session: Session, stores: Collection[str]) -> dict[str, TerminalSettings]:
    """Return the same for these stores; one that was never asked about is absent."""
    rows = session.exec(select(StoreTerminals).where(col(StoreTerminals.store_id).in_(stores)))
    return {row.store_id: _settings.decode(row.content) for row in rows}


def paired(session: Session, store: str) -> list[TerminalReport]:
    """Return the terminals that a store's active agent last reported as paired, by number."""
    active = select(Agent).where(col(Agent.store_id) == store, col(Agent.status) == "active")
    row = session.exec(active).first()
    return [] if row is None or row.reported is None else _reported.decode(row.reported).terminals


def open_to(
    session: Session, store: str, hosts: Sequence[str], port: int, *, ours: Collection[str], actor: str, now_ms: int
) -> TerminalSettings:
    """Let paired terminals of the store's network reach its agent under these names; none closes the door again.

    `ours` are `own_names`: a store gets no certificate for one of them. Raise NotFound or Invalid.
    """
    wanted = [host.strip().lower().rstrip(".") for host in hosts]
    _check(wanted, port, ours)
    before = terminals_of(session, store)
    said = TerminalSettings(hosts=list(dict.fromkeys(wanted)), port=port, generation=before.generation)
    return _keep(session, store, said, action="store.terminals", actor=actor, now_ms=now_ms)


def unpair_all(session: Session, store: str, *, reason: str, actor: str, now_ms: int) -> TerminalSettings:
    """Unpair every terminal of a store, as when one was stolen: each needs a new code. Raise NotFound or Invalid."""
    if not reason.strip():
        raise Invalid("say why every terminal of the store is unpaired: it is kept in the audit log")
    before = terminals_of(session, store)
    said = msgspec.structs.replace(before, generation=before.generation + 1)
    return _keep(session, store, said, action="store.terminals.unpair", actor=actor, now_ms=now_ms, detail=reason)


def _keep(
    session: Session, store: str, said: TerminalSettings, *, action: str, actor: str, now_ms: int, detail: str = ""
) -> TerminalSettings:
    content = msgspec.json.encode(said).decode()
    row = session.get(StoreTerminals, store, with_for_update=True)
    if row is None:
        row = StoreTerminals(store_id=store, content=content)
    elif row.content != content:
        row.content, row.revision = content, row.revision + 1
    session.add(row)
    where = ", ".join(said.hosts) or "closed"
    audit.record(session, at_ms=now_ms, actor=actor, action=action, subject=store, detail=detail or where)
    session.flush()
    return said


def _check(hosts: Sequence[str], port: int, ours: Collection[str]) -> None:
    if len(hosts) > MAX_HOSTS:
        raise Invalid(f"a store's agent has at most {MAX_HOSTS} names, got {len(hosts)}")
    if not _LOWEST_PORT <= port <= _HIGHEST_PORT:
        raise Invalid(f"the port must be {_LOWEST_PORT} to {_HIGHEST_PORT}, got {port}")
    for host in hosts:
        if host in ours:
            raise Invalid(f"{host!r} is head office's own name; give the name or address of the store's machine")
        _check_host(host)


def _check_host(host: str) -> None:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        if not _NAME.match(host) or host.rpartition(".")[2].isdigit():
            raise Invalid(
                f"{host!r} is neither a name nor an IPv4 address, such as till-pc.lan or 192.168.1.10"
            ) from None
        return
    if not address.is_private or address.is_loopback or address.is_unspecified:
        raise Invalid(f"{host} is no address of a store's own network; such begin with 10., 172.16-31. or 192.168.")
