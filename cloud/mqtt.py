"""The cloud's side of the MQTT wire: the one module here that knows the client library.

Callbacks only hand on what came; everything else happens in the threads of whoever owns the `Bus`.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_KEEPALIVE_S = 30
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 15.0
_MAX_IN_FLIGHT = 1000
_MAX_QUEUED = 50_000

log = structlog.get_logger()


@dataclass(frozen=True)
class BusAddress:
    """Where the broker is and who we are there. `urls` are `mqtts://host:port`, tried in turn."""

    urls: tuple[str, ...]
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    client_id: str = ""
    username: str | None = None
    password: str | None = None


class Bus:
    """A connection that stays: it reconnects with full jitter, and subscribes anew whenever it has.

    `heard(topic, payload)` is called in the network thread and must not block. `connected()` is called
    there too after each (re)connection, once the subscriptions were asked for.
    """

    def __init__(
        self,
        address: BusAddress,
        heard: Callable[[str, bytes], None],
        connected: Callable[[], None] | None = None,
    ) -> None:
        self._address = address
        self._heard = heard
        self._connected = connected
        self._filters: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._context = self._tls()
        self._client = self._build()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._lost.set()
        self._client.disconnect()
        self._thread.join(timeout=5)

    @property
    def is_connected(self) -> bool:
        """Tell whether the broker has accepted us and we have not heard otherwise."""
        return self._client.is_connected()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> bool:
        """Hand a message to the broker; False when there is none to take it (the library would hoard it)."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=qos).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def subscribe(self, filters: Iterable[str]) -> None:
        """Hear these filters (QoS 0) from now on, over every reconnection."""
        with self._lock:
            fresh = [one for one in filters if one not in self._filters]
            self._filters.update(fresh)
        self._ask(fresh)

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Stop hearing these filters."""
        with self._lock:
            gone = [one for one in filters if one in self._filters]
            self._filters.difference_update(gone)
        if gone and self._client.is_connected():
            self._client.unsubscribe(gone)

    def _ask(self, filters: list[str]) -> None:
        if filters and self._client.is_connected():
            self._client.subscribe([(one, 0) for one in filters])

    def _build(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(_MAX_IN_FLIGHT)
        client.max_queued_messages_set(_MAX_QUEUED)
        if self._context is not None:
            client.tls_set_context(self._context)
        if self._address.username:
            client.username_pw_set(self._address.username, self._address.password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = _without_delay
        return client

    def _tls(self) -> ssl.SSLContext | None:
        if not self._address.ca_file:
            return None
        context = ssl.create_default_context(cafile=str(self._address.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _show_identity(self) -> None:
        """Read our certificate for each connection: it may have been renewed since the last one."""
        if self._context is not None and self._address.cert_file and self._address.key_file:
            self._context.load_cert_chain(self._address.cert_file, self._address.key_file)

    def _run(self) -> None:
        failures = 0
        turn = random.randrange(len(self._address.urls))  # noqa: S311 - spreads workers over brokers
        while not self._stop.is_set():
            url = urlsplit(self._address.urls[turn % len(self._address.urls)])
            turn += 1
            self._lost.clear()
            try:
                self._show_identity()
                self._client.connect(url.hostname or "localhost", url.port or 8883, keepalive=_KEEPALIVE_S)
                self._client.loop_forever()
                failures = 0 if self._was_up else failures + 1
            except (OSError, ssl.SSLError, ValueError) as error:
                failures += 1
                log.info("broker not reached", url=url.geturl(), reason=str(error))
            self._was_up = False
            ceiling = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(failures, 10))
            self._stop.wait(random.uniform(0.05, ceiling))  # noqa: S311 - jitter, not a secret

    _was_up = False

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del userdata, flags, properties
        if reason.is_failure:
            log.warning("broker refused us", reason=str(reason))
            client.disconnect()
            return
        self._was_up = True
        with self._lock:
            filters = sorted(self._filters)
        self._ask(filters)
        log.info("broker connected", filters=len(filters))
        if self._connected:
            self._connected()

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, flags, properties
        self._lost.set()
        if not self._stop.is_set():
            log.warning("broker lost", reason=str(reason))

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        self._heard(message.topic, bytes(message.payload))


def _without_delay(client: Client, userdata: Any, sock: Any) -> None:
    """Send small packets at once: with Nagle's algorithm a round trip costs 40 ms."""
    del client, userdata
    with suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
