"""The link over MQTT 3.1.1: the one module on this side that imports the MQTT client."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

import aiomqtt
import structlog

from edge_agent.hq.link import Link, LinkLost, LinkRefused
from shared.topics import Up, subscribe_rights, up_topic
from shared.wire.messages import DownlinkMessage, Message, MessageError, decode_downlink, encode_message

_KEEPALIVE_SECONDS = 30
_IN_FLIGHT = 20
_INCOMING = 1_000
_NO_LIMIT_OF_ITS_OWN = math.inf
"""The library's limits are `asyncio.wait_for`, which on Python 3.11 loses a cancellation that comes together with the
answer: the session would go on in a task that everybody believes ended, and the agent would never connect again."""
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_REFUSED_CODES = {4, 5}
_SUBSCRIPTION_REFUSED = 0x80
_log = structlog.get_logger(__name__)


class MqttLink:
    """One MQTT connection of an agent."""

    name = "mqtt"

    def __init__(self, client: aiomqtt.Client, agent: str, connection: UUID, step_seconds: float) -> None:
        self.connection = connection
        self._client = client
        self._agent = agent
        self._step_seconds = step_seconds

    async def send(self, message: Message) -> None:
        """Publish and wait for the broker's PUBACK, which only sets the pace."""
        content = encode_message(message)
        try:
            async with asyncio.timeout(self._step_seconds):
                await self._client.publish(
                    _topic(self._agent, message), content, qos=message.QOS, timeout=_NO_LIMIT_OF_ITS_OWN
                )
        except TimeoutError as error:
            raise LinkLost("the broker did not take a message in time") from error
        except aiomqtt.MqttError as error:
            raise LinkLost(f"the broker did not take a message: {error}") from error

    async def messages(self) -> AsyncIterator[DownlinkMessage]:
        """Yield what HQ says; bytes that are no message of ours are logged and passed over."""
        try:
            async for received in self._client.messages:
                try:
                    message = decode_downlink(bytes(received.payload))
                except MessageError as error:
                    _log.warning("downlink_unreadable", topic=str(received.topic), reason=str(error))
                    continue
                yield message
        except aiomqtt.MqttError as error:
            raise LinkLost(f"the connection to the broker ended: {error}") from error


class MqttConnector:
    """Reaches HQ by its brokers, in an order of its own for each attempt."""

    name = "mqtt"

    def __init__(
        self,
        agent: str,
        brokers: Callable[[], Sequence[str]],
        tls: Callable[[], ssl.SSLContext | None],
        *,
        step_seconds: float = 10.0,
    ) -> None:
        """Take brokers as `mqtts://host:port` (or `mqtt://` without TLS, for tests) and a maker of TLS contexts."""
        self._agent = agent
        self._brokers = brokers
        self._tls = tls
        self._step_seconds = step_seconds

    @asynccontextmanager
    async def connect(self, connection: UUID, will: Message) -> AsyncIterator[Link]:
        """Connect to a broker, hear this agent's topics, then yield the link. Raise LinkLost or LinkRefused."""
        client = self._client(secrets.choice(self._brokers()), will)
        try:
            async with asyncio.timeout(3 * self._step_seconds):
                await client.__aenter__()
        except aiomqtt.MqttError as error:
            raise _lost(error) from error
        except TimeoutError as error:
            raise LinkLost("the broker did not answer in time") from error
        try:
            await self._subscribe(client)
            yield MqttLink(client, self._agent, connection, self._step_seconds)
        finally:
            await _leave(client, self._step_seconds)

    def _client(self, broker: str, will: Message) -> aiomqtt.Client:
        address = urlsplit(broker)
        encrypted = address.scheme == "mqtts"
        return aiomqtt.Client(
            address.hostname or "",
            address.port or (8883 if encrypted else 1883),
            # The suffix keeps another connection under this agent's name from being knocked off by ours.
            identifier=f"{self._agent}-{secrets.token_hex(4)}",
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=_KEEPALIVE_SECONDS,
            timeout=self._step_seconds,
            will=aiomqtt.Will(_topic(self._agent, will), encode_message(will), qos=1),
            tls_context=self._tls() if encrypted else None,
            max_inflight_messages=_IN_FLIGHT,
            max_queued_outgoing_messages=_IN_FLIGHT,
            max_queued_incoming_messages=_INCOMING,
            max_concurrent_outgoing_calls=_IN_FLIGHT,
            socket_options=[_NO_DELAY],
            logger=logging.getLogger("edge_agent.hq.mqtt.client"),
        )

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        try:
            async with asyncio.timeout(self._step_seconds):
                granted = await client.subscribe(
                    [(topic, 0) for topic in subscribe_rights(self._agent)], timeout=_NO_LIMIT_OF_ITS_OWN
                )
        except TimeoutError as error:
            raise LinkLost("the broker did not confirm the subscriptions in time") from error
        except aiomqtt.MqttError as error:
            raise LinkLost(f"the broker did not confirm the subscriptions: {error}") from error
        # paho gives numbers or objects with a value, by version of the protocol
        if any(getattr(code, "value", code) >= _SUBSCRIPTION_REFUSED for code in granted):
            raise LinkRefused("the broker refused this agent its topics")


def _topic(agent: str, message: Message) -> str:
    if not isinstance(message.KIND, Up):
        raise TypeError(f"an agent does not send {message.KIND}")
    return up_topic(agent, message.KIND)


async def _leave(client: aiomqtt.Client, step_seconds: float) -> None:
    """Say goodbye if that is still possible; a dead connection must not hold up the next one."""
    try:
        async with asyncio.timeout(step_seconds):
            await client.__aexit__(None, None, None)
    except (aiomqtt.MqttError, TimeoutError, OSError) as error:
        _log.debug("mqtt_goodbye_failed", reason=str(error))


def _lost(error: aiomqtt.MqttError) -> LinkLost:
    code = getattr(error, "rc", None)
    number = getattr(code, "value", code)
    if number in _REFUSED_CODES:
        return LinkRefused(f"the broker refuses this agent: {error}")
    return LinkLost(f"no connection to the broker: {error}")
