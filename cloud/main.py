"""The API process: the app, its services for a lifetime, and the two ports it listens on."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypedDict

import structlog
import uvicorn
from fastapi import FastAPI

from cloud.api import agent, answers, body_limit, health, parked
from cloud.api.body_limit import BodyLimit
from cloud.api.headers import SecurityHeaders
from cloud.api.services import Services
from cloud.beside import api as beside
from cloud.broker.listening import why_not_listening
from cloud.console import registry
from cloud.coupons import api as coupons
from cloud.e_receipts import api as e_receipts
from cloud.fleet import api as fleet
from cloud.fleet import enrolment_api, provisioning_api, terminals_api
from cloud.ledger import api as ledger_api
from cloud.loyalty import api as loyalty
from cloud.loyalty import club_api as loyalty_club
from cloud.member_import import api as member_import
from cloud.member_lifecycle import personal_api
from cloud.member_page.app import create_member_app
from cloud.members import api as members
from cloud.members import care_api, segments_api
from cloud.pictures import api as pictures
from cloud.pictures.fitting import MOST_FILE_BYTES
from cloud.pictures.loading import MOST_ARCHIVE_BYTES
from cloud.prices import api as prices
from cloud.prices import bodies_api, codes_api, publication_api
from cloud.prices.sheets import MAX_FILE_BYTES
from cloud.process import many_connections
from cloud.process.certificates import CertificateWatch, keep_fresh
from cloud.process.parts import build_services
from cloud.promotions import previews_api
from cloud.rewards import api as rewards
from cloud.rewards import draw_api
from cloud.settings import CloudSettings
from cloud.store_days import api as store_days
from cloud.value import api as value_api
from cloud.value import reviews_api
from cloud.value import rules_api as value_rules_api
from cloud.web import signing_in
from shared.codec import MAX_OPENED_BYTES

_GRACE_S = 5
_PEOPLE_KEEP_ALIVE_S = 5
KEEP_ALIVE_S = 60
"""Agents stop using an idle connection before that (`edge_agent.hq.https.IDLE_SECONDS`), so none is cut in use."""
_ROUTERS = (
    health.router,
    enrolment_api.router,
    agent.router,
    bodies_api.router,
    provisioning_api.router,
    terminals_api.router,
    fleet.router,
    prices.router,
    publication_api.router,
    previews_api.router,
    codes_api.router,
    pictures.router,
    beside.router,
    care_api.router,
    segments_api.router,
    members.router,
    member_import.router,
    personal_api.router,
    loyalty.router,
    loyalty_club.router,
    ledger_api.router,
    value_api.router,
    value_rules_api.router,
    reviews_api.router,
    parked.router,
    store_days.router,
    e_receipts.router,
    coupons.router,
    rewards.router,
    draw_api.router,
)
_KIB, _MIB = 1024, 1024**2
_FILE_BYTES = MAX_FILE_BYTES + 128 * _KIB
"""A file and what its form has beside it; the route itself says what is wrong with a file that is too large."""
_BODIES = {
    "/api/v1/enrol": 32 * _KIB,
    "/sign-in": 64 * _KIB,
    "/api/v1/prices/drafts/{draft}/rows": 16 * _MIB,
    "/api/v1/prices/drafts/{draft}/import": _FILE_BYTES,
    "/api/v1/members/import": _FILE_BYTES,
    "/api/v1/members/segments/{segment}": 24 * _MIB,
    "/api/v1/parked/{event}/repair": 2 * MAX_OPENED_BYTES + 64 * _KIB,
    "/members/openings/uploads": _FILE_BYTES,
    "/prices/pictures": MOST_FILE_BYTES + 128 * _KIB,
    "/api/v1/pictures/items/{item:path}": MOST_FILE_BYTES + 128 * _KIB,
    "/api/v1/pictures/load": MOST_ARCHIVE_BYTES,
}
"""Bytes that a request to these addresses may bring; `body_limit.MOST_BYTES` to any other."""

log = structlog.get_logger()


class LifespanState(TypedDict):
    """What every request finds in `request.state`."""

    services: Services


def create_app(settings: CloudSettings, services: Services | None = None, *, console: bool = False) -> FastAPI:
    """Build the app, with the pages for people if wanted: those belong on loopback.

    `services` are made from the settings when the app starts, unless given.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[LifespanState]:
        made = services or build_services(settings)
        try:
            yield {"services": made}
        finally:
            if services is None:
                made.database.close()

    app = FastAPI(title="Storewire", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    answers.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    if console:
        registry.mount(app)
    app.add_middleware(
        BodyLimit, limits=_BODIES, most_bytes=signing_in.MOST_BYTES if console else body_limit.MOST_BYTES
    )
    app.add_middleware(SecurityHeaders)
    return app


async def serve(settings: CloudSettings) -> None:
    """Listen for agents (HTTPS by our CA) and, if wanted, for people on loopback (plain HTTP), until SIGTERM."""
    many_connections.prepare()
    services = build_services(settings)
    api = create_app(settings, services)
    most = settings.most_connections
    port = services.places.api_port
    config = _config(api, settings.bind_host, port, most_connections=most, tls=settings, keep_alive_s=KEEP_ALIVE_S)
    servers = [_Server(config)]
    if settings.console:
        people = create_app(settings, services, console=True)
        servers.append(_Server(_config(people, "127.0.0.1", services.places.console_port, most_connections=most)))

    if settings.member_page.url:
        servers.append(_Server(_member_config(settings, services)))

    def stop() -> None:
        if settings.console:
            people.state.streams.close()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as group:
            fresh = group.create_task(_keep_fresh(config, settings, services), name="certificates")
            async with asyncio.TaskGroup() as listening:
                for server in servers:
                    listening.create_task(server.run_once(stop), name="listener")
            fresh.cancel()
    finally:
        services.database.close()


async def _keep_fresh(config: uvicorn.Config, settings: CloudSettings, services: Services) -> None:
    if config.ssl is not None:
        watch = CertificateWatch(settings, services.clocks.machine, "api")
        await keep_fresh(config.ssl, watch, settings.keys_dir / "api")


class _Server(uvicorn.Server):
    """A listener among several: signals belong to the process, and one that cannot listen ends the others."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_once(self, stop_all: object) -> None:
        with suppress(SystemExit):
            await self.serve()
        if not self.started:
            host, port = self.config.host, self.config.port
            raise OSError(f"cannot listen on {host}, port {port}: {why_not_listening(host, port) or 'try again'}")
        if callable(stop_all):
            stop_all()


def _member_config(settings: CloudSettings, services: Services) -> uvicorn.Config:
    """Return the listener of the members' page: plain HTTP for what speaks TLS with the internet before it."""
    place = settings.member_page
    most = services.settings.most_connections
    return _config(create_member_app(services), place.bind, place.port, most_connections=most, proxies=place.proxies)


def _config(
    app: FastAPI,
    host: str,
    port: int,
    *,
    most_connections: int,
    tls: CloudSettings | None = None,
    proxies: list[str] | None = None,
    keep_alive_s: int = _PEOPLE_KEEP_ALIVE_S,
) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=keep_alive_s,
        server_header=False,
        limit_concurrency=most_connections,
        forwarded_allow_ips=proxies,
        ssl_certfile=str(tls.keys_dir / "api.crt") if tls else None,
        ssl_keyfile=str(tls.keys_dir / "api.key") if tls else None,
        h11_max_incomplete_event_size=64 * 1024,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


def main(settings: CloudSettings) -> None:
    """Run the API process."""
    log.info("api starts", pid=os.getpid())
    asyncio.run(serve(settings))
