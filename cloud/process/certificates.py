"""Certificates of our own services: made at first start, renewed a month before they end, while everything runs."""

from __future__ import annotations

import asyncio
import fcntl
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import structlog

from cloud.broker.adapter import INGEST, KEEPER
from cloud.identity import ca, ca_renewal
from cloud.identity.keys import KeysMissing
from cloud.settings import CloudSettings
from shared.clock import MachineClock

LOOK_EVERY_S = 60.0

log = structlog.get_logger()


def ensure_certificates(settings: CloudSettings, now_ms: int) -> None:
    """Make or renew what is absent, ends soon, or does not name the host by which stores reach us; the CA first."""
    with _alone(settings.keys_dir):
        ca_renewal.renew_if_due(settings.keys_dir, now_ms)
        authority = ca.load(settings.keys_dir)
        hosts = [settings.public_host]
        ca.ensure_server(authority, settings.keys_dir, "api", hosts, now_ms)
        ca.ensure_server(authority, settings.keys_dir, "broker", hosts, now_ms, is_peer=True)
        for name, common_name in (("ingest", INGEST), ("keeper", KEEPER)):
            ca.ensure_service(authority, settings.keys_dir, name, common_name, now_ms)


class CertificateWatch:
    """Renews our certificates in time, and notices when one that its process uses is another by now.

    Every process has one: whichever looks first renews, all of them see it.
    """

    def __init__(self, settings: CloudSettings, clock: MachineClock, name: str) -> None:
        self._settings = settings
        self._clock = clock
        self._path = settings.keys_dir / f"{name}.crt"
        self._seen = self._digest()

    def turn(self) -> bool:
        """Renew what is due; tell whether this process has to take up a new certificate."""
        try:
            ensure_certificates(self._settings, self._clock.wall_ms())
        except (OSError, KeysMissing) as error:
            log.warning("certificates not renewed, trying again", reason=str(error))
        found = self._digest()
        if found in {self._seen, b""}:
            return False
        self._seen = found
        log.info("certificate renewed", file=self._path.name)
        return True

    def run(self, stopping: threading.Event, look_every_s: float = LOOK_EVERY_S) -> None:
        """Renew until stopped, for a process that reads its certificate anew at each connection anyway."""
        while not stopping.wait(look_every_s):
            self.turn()

    def _digest(self) -> bytes:
        with suppress(OSError):
            return sha256(self._path.read_bytes()).digest()
        return b""


async def keep_fresh(
    context: ssl.SSLContext, watch: CertificateWatch, stem: Path, look_every_s: float = LOOK_EVERY_S
) -> None:
    """Give a listener each new certificate: connections made from then on get it, those that are open stay open."""
    while True:
        await asyncio.sleep(look_every_s)
        if await asyncio.to_thread(watch.turn):
            await _until_it_works(lambda: load(context, stem), look_every_s)


async def _until_it_works(act: Callable[[], None], look_every_s: float) -> None:
    """The key is written a moment before its certificate: between the two they do not fit."""
    while True:
        try:
            return act()
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate not taken up, trying again", reason=str(error))
            await asyncio.sleep(min(1.0, look_every_s))


def load(context: ssl.SSLContext, stem: Path) -> None:
    """Read `stem.crt` and `stem.key` into a context."""
    context.load_cert_chain(stem.with_suffix(".crt"), stem.with_suffix(".key"))


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Several processes share the directory: one at a time writes certificates there."""
    with (directory / "certificates.lock").open("a") as file:
        (directory / "certificates.lock").chmod(0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
