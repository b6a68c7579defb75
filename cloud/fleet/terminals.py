"""Other terminals of a store's network that may show its tills: where they reach the agent, decided by head office."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Invalid
from cloud.fleet.models import Agent
from cloud.org.models import StoreTerminals
from cloud.org.stores import find_store
from cloud.settings import CloudSettings
from shared.web.words import marked
from shared.wire.desired import TerminalSettings
from shared.wire.messages import Reported, TerminalReport

MAX_HOSTS = 8
LOWEST_PORT = 1024
"""Below it a service needs a privilege that the agent does not have."""
HIGHEST_PORT = 65_535
_NAME = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")
_reported = msgspec.json.Decoder(Reported)
_settings = msgspec.json.Decoder(TerminalSettings)


_TOO_MANY = marked("A store's PC has at most {most} names; these are {count}.")
_PORT = marked("The port is a number from {lowest} to {highest}, not {port}.")
_OURS = marked("{host} is head office's own name: give the name or address of the store's PC.")
_NO_NAME = marked("'{host}' is neither a name nor an address, such as till-pc.lan, 192.168.1.10 or fd12:3456:789a::10.")
_ELSEWHERE = marked(
    "{host} is no address of a store's own network; such begin with 10., 172.16-31., 192.168. or, in IPv6, with fd."
)
_LOCAL_IPV6 = ipaddress.IPv6Network("fd00::/8")
"""Addresses of a network's own making (RFC 4193): they stay when the provider changes, and lead nowhere outside."""
_SHOWN = 80
"""How much of a wrong name is said back."""


class BadDoor(Invalid):
    """Hosts or a port that cannot be; `words` and `values` say it in other languages."""

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words.format(**values))
        self.words = words
        self.values = values


class Heard(NamedTuple):
    """The terminals that a store's active agent last reported as paired, by number, and when it was last heard of."""

    terminals: list[TerminalReport]
    at_ms: int | None


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


def heard(session: Session, store: str) -> Heard:
    """Return what a store's active agent last said of its terminals; nothing and never where there is no agent."""
    active = select(Agent).where(col(Agent.store_id) == store, col(Agent.status) == "active")
    row = session.exec(active).first()
    if row is None:
        return Heard([], None)
    return Heard([] if row.reported is None else _reported.decode(row.reported).terminals, row.seen_ms)


def paired(session: Session, store: str) -> list[TerminalReport]:
    """Return the terminals that a store's active agent last reported as paired, by number."""
    return heard(session, store).terminals


def port_of(text: str) -> int:
    """Read a port as people type it. Raise BadDoor for what is no number; `open_to` says which numbers may be."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(HIGHEST_PORT)):
        raise BadDoor(_PORT, lowest=LOWEST_PORT, highest=HIGHEST_PORT, port=f"'{text[:_SHOWN]}'")
    return int(text)


def open_to(
    session: Session,
    store: str,
    hosts: Sequence[str],
    port: int,
    *,
    ours: Collection[str],
    actor: str,
    now_ms: int,
    reason: str,
) -> TerminalSettings:
    """Let paired terminals of the store's network reach its agent under these names; none closes the door again.

    `ours` are `own_names`: a store gets no certificate for one of them. Raise NotFound, Invalid or BadDoor.
    """
    if not reason.strip():
        raise Invalid("say why the store's door for terminals is changed: it is kept in the audit log")
    wanted = [_plain(host) for host in hosts]
    _check(wanted, port, ours)

    def opened(before: TerminalSettings) -> TerminalSettings:
        return TerminalSettings(hosts=list(dict.fromkeys(wanted)), port=port, generation=before.generation)

    said = _keep(session, store, opened)
    where = ", ".join(said.places) or "closed"
    why = reason.strip()
    audit.record(session, at_ms=now_ms, actor=actor, action="store.terminals", subject=store, reason=why, detail=where)
    return said


def unpair_all(session: Session, store: str, *, reason: str, actor: str, now_ms: int) -> TerminalSettings:
    """Unpair every terminal of a store, as when one was stolen: each needs a new code. Raise NotFound or Invalid."""
    if not reason.strip():
        raise Invalid("say why every terminal of the store is unpaired: it is kept in the audit log")

    def unpaired(before: TerminalSettings) -> TerminalSettings:
        return msgspec.structs.replace(before, generation=before.generation + 1)

    said = _keep(session, store, unpaired)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="store.terminals.unpair", subject=store, reason=reason.strip()
    )
    return said


def _keep(session: Session, store: str, change: Callable[[TerminalSettings], TerminalSettings]) -> TerminalSettings:
    """Change what is kept, the row held meanwhile: opening the door beside an unpairing must not undo it."""
    find_store(session, store)
    row = session.get(StoreTerminals, store, with_for_update=True, populate_existing=True)
    said = change(TerminalSettings() if row is None else _settings.decode(row.content))
    content = msgspec.json.encode(said).decode()
    if row is None:
        row = StoreTerminals(store_id=store, content=content)
    elif row.content != content:
        row.content, row.revision = content, row.revision + 1
    session.add(row)
    session.flush()
    return said


def _check(hosts: Sequence[str], port: int, ours: Collection[str]) -> None:
    if len(hosts) > MAX_HOSTS:
        raise BadDoor(_TOO_MANY, most=MAX_HOSTS, count=len(hosts))
    if not LOWEST_PORT <= port <= HIGHEST_PORT:
        raise BadDoor(_PORT, lowest=LOWEST_PORT, highest=HIGHEST_PORT, port=port)
    for host in hosts:
        if host in ours:
            raise BadDoor(_OURS, host=host)
        _check_host(host)


def _check_host(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _NAME.match(host) or host.rpartition(".")[2].isdigit():
            raise BadDoor(_NO_NAME, host=host[:_SHOWN]) from None
        return
    if isinstance(address, ipaddress.IPv6Address):
        if address not in _LOCAL_IPV6 or address.scope_id is not None:
            raise BadDoor(_ELSEWHERE, host=host[:_SHOWN])
    elif not address.is_private or address.is_loopback or address.is_unspecified:
        raise BadDoor(_ELSEWHERE, host=host)


def _plain(host: str) -> str:
    """Return a name or address as browsers say it: in small letters, an IPv6 address in its shortest form."""
    said = host.strip().lower().rstrip(".")
    bare = said.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.IPv6Address(bare))
    except ValueError:
        return said
