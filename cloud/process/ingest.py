"""The ingest process: one worker, put together from the settings."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

import structlog

from cloud.broker.adapter import INGEST
from cloud.clock import SystemMachineClock
from cloud.deployment import ports
from cloud.deployment.clocks import clocks_of
from cloud.deployment.opening import open_database, open_vault
from cloud.identity import keys
from cloud.ingest.inbox import Inbox
from cloud.ingest.leases import Leases
from cloud.ingest.roster import Roster
from cloud.ingest.worker import Worker
from cloud.mqtt import Bus, BusAddress
from cloud.prices.bodies import BodyFiles
from cloud.process.certificates import CertificateWatch
from cloud.process.parts import build_exchange
from cloud.settings import CloudSettings

log = structlog.get_logger()


def build_worker(settings: CloudSettings, owner: str) -> Worker:
    """Build a worker; `owner` tells it from every other worker of the deployment."""
    clocks = clocks_of(settings)
    database = open_database(settings)
    address = ingest_address(settings, f"ingest-{owner}")

    def make_bus(heard: Callable[[str, bytes], None], connected: Callable[[], None]) -> Bus:
        return Bus(address, heard, connected)

    return Worker(
        make_bus=make_bus,
        exchange=build_exchange(
            database, clocks, keys.load(settings.keys_dir), open_vault(settings), BodyFiles(settings.bodies_dir)
        ),
        leases=Leases(database, clocks.machine, owner),
        roster=Roster(database, clocks.machine),
        inbox=Inbox(max_bytes=settings.inbox_bytes),
        group=settings.ingest_group,
        look_every_s=settings.look_every_s,
    )


def ingest_address(settings: CloudSettings, client_id: str) -> BusAddress:
    """Return how our own services reach the broker."""
    return BusAddress(
        urls=ports.resolve(settings).ingest_urls,
        ca_file=settings.keys_dir / "root-ca.crt",
        cert_file=settings.keys_dir / "ingest.crt",
        key_file=settings.keys_dir / "ingest.key",
        client_id=client_id,
        username=INGEST if settings.broker == "external" else None,
    )


def main(settings: CloudSettings) -> None:
    """Run one ingest worker until SIGTERM."""
    owner = f"{socket.gethostname()[:24]}-{os.getpid()}-{os.urandom(4).hex()}"
    worker = build_worker(settings, owner)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    watch, ended = CertificateWatch(settings, SystemMachineClock(), "ingest"), threading.Event()
    threading.Thread(target=watch.run, args=(ended,), name="certificates", daemon=True).start()
    log.info("ingest starts", pid=os.getpid(), owner=owner)
    worker.run()
    ended.set()
