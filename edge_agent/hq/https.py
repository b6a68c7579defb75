"""HQ over HTTPS: body files always, and the same messages as MQTT where a network blocks that."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import httpx
import structlog

from edge_agent.hq.identity import Identity
from edge_agent.hq.link import Link, LinkLost, LinkRefused
from edge_agent.prices.keeper import BodyMissing, BodyUnreachable
from shared.clock import MachineClock
from shared.pictures import MOST_BYTES
from shared.wire import framing
from shared.wire.framing import FramingError
from shared.wire.messages import DownlinkMessage, Message, MessageError, decode_downlink, encode_message

_POLL_SECONDS = 25
_WAITING = 1_000
_MAX_BODY_BYTES = 512 * 1024 * 1024
_ATTEMPTS = 2
IDLE_SECONDS = 45.0
"""A connection that was idle for so long is not used again: longer than heartbeats are apart, so that neither they nor
what follows a change begin with a handshake. HQ keeps connections longer still, so it never closes one in use."""
_THIS_MESSAGE_ALONE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
"""Answers that say something about one message and nothing about the link."""
_log = structlog.get_logger(__name__)


class HqApi:
    """HQ's API as one agent calls it: every request carries a fresh token signed by the device key."""

    def __init__(
        self,
        identity: Callable[[], Identity],
        tls: Callable[[], ssl.SSLContext],
        clock: MachineClock,
        *,
        step_seconds: float = 10.0,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._skew_ms = 0
        timeout = httpx.Timeout(step_seconds, read=_POLL_SECONDS + step_seconds)
        limits = httpx.Limits(keepalive_expiry=IDLE_SECONDS)
        self._http = httpx.AsyncClient(verify=tls(), timeout=timeout, limits=limits, base_url=identity().enrolment.api)

    async def __aenter__(self) -> HqApi:
        """Enter; connections are made when needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self._http.aclose()

    @asynccontextmanager
    async def request(
        self, method: str, path: str, *, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and yield its answer, unread. Raise LinkLost when HQ cannot be reached or fails.

        A token refused for its time is made anew by the clock that the answer's Date shows, since a mini PC's own
        may be years off after its battery died.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            token = self._identity().token(self._clock.wall_ms() + self._skew_ms)
            wanted = {"Authorization": f"Bearer {token}", **(headers or {})}
            try:
                async with self._http.stream(method, path, content=content, headers=wanted) as answer:
                    if answer.status_code == HTTPStatus.UNAUTHORIZED and attempt < _ATTEMPTS and self._learn(answer):
                        continue
                    yield answer
                    return
            except httpx.HTTPError as error:
                raise LinkLost(f"HQ's API cannot be reached: {error or type(error).__name__}") from error

    async def post_json(self, path: str, content: bytes) -> bytes:
        """Post JSON and return the answer's bytes. Raise LinkRefused or LinkLost."""
        async with self.request("POST", path, content=content, headers={"Content-Type": "application/json"}) as answer:
            check(answer)
            return await answer.aread()

    def _learn(self, answer: httpx.Response) -> bool:
        try:
            hq_ms = int(parsedate_to_datetime(answer.headers["date"]).timestamp() * 1000)
        except (KeyError, ValueError):
            return False
        self._skew_ms = hq_ms - self._clock.wall_ms()
        return True


class HttpsLink:
    """Messages by POST, answers with it, and what HQ says unasked by long poll."""

    name = "https"

    def __init__(self, api: HqApi, connection: UUID) -> None:
        self.connection = connection
        self._api = api
        self._heard: deque[DownlinkMessage] = deque(maxlen=_WAITING)
        self._arrived = asyncio.Event()
        self._failure: LinkLost | None = None

    async def send(self, message: Message) -> None:
        """Post a message; what HQ answers is heard by `messages`."""
        content = encode_message(message)
        async with self._api.request("POST", "/api/v1/agent/messages", content=content) as answer:
            if answer.status_code in _THIS_MESSAGE_ALONE:
                # As by MQTT, where nobody says so: whoever waits for an answer sends again or does without.
                _log.warning("message_not_taken", kind=str(message.KIND), status=answer.status_code)
                return
            check(answer)
            self._hear(await answer.aread())

    async def messages(self) -> AsyncIterator[DownlinkMessage]:
        """Yield what HQ says, until a poll fails."""
        while True:
            while self._heard:
                yield self._heard.popleft()
            if self._failure is not None:
                raise self._failure
            self._arrived.clear()
            await self._arrived.wait()

    async def poll(self) -> None:
        """Ask for what HQ has to say, over and over; ends by noting why it could not go on."""
        path = f"/api/v1/agent/messages?wait={_POLL_SECONDS}"
        try:
            while True:
                async with self._api.request("GET", path) as answer:
                    check(answer)
                    self._hear(await answer.aread())
        except LinkLost as error:
            self._failure = error
        except Exception as error:
            # A link on which nobody asks any more would live on its heartbeats and hear of nothing.
            _log.exception("poll_failed")
            self._failure = LinkLost(f"asking HQ failed: {type(error).__name__}")
        self._arrived.set()

    def _hear(self, content: bytes) -> None:
        try:
            self._heard.extend(decode_downlink(part) for part in framing.split(content))
        except (MessageError, FramingError) as error:
            _log.warning("downlink_unreadable", reason=str(error))
        self._arrived.set()


class HttpsConnector:
    """Reaches HQ by HTTPS."""

    name = "https"

    def __init__(self, api: HqApi) -> None:
        self._api = api

    @asynccontextmanager
    async def connect(self, connection: UUID, will: Message) -> AsyncIterator[Link]:
        """Yield a link and poll beside it. There is no broker to hold a will: HQ goes by the age of the last words."""
        del will
        link = HttpsLink(self._api, connection)
        poll = asyncio.create_task(link.poll(), name="https poll")
        try:
            yield link
        finally:
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)


class HttpsBodies:
    """Body files from HQ's API, or from any proxy or CDN between: each is named by its content."""

    def __init__(self, api: HqApi) -> None:
        self._api = api

    async def fetch(self, name: str, into: Path) -> None:
        """Fetch `<hash>` or `<base>..<hash>`; a part that came before is kept and gone on from.

        Raise BodyMissing or BodyUnreachable.
        """
        part = into.with_name(f"{into.name}.part")
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            async with self._api.request("GET", f"/api/v1/bodies/{name}.zst", headers=headers) as answer:
                if answer.status_code == HTTPStatus.NOT_FOUND:
                    raise BodyMissing(f"HQ has no body file {name[:12]}")
                if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    check(answer)
                    await _save(answer, part, have if answer.status_code == HTTPStatus.PARTIAL_CONTENT else 0)
        except LinkLost as error:
            raise BodyUnreachable(str(error)) from error
        part.replace(into)

    async def picture(self, name: str) -> bytes:
        """Fetch a picture of an item by its name, unchecked. Raise BodyMissing or BodyUnreachable."""
        content = bytearray()
        try:
            async with self._api.request("GET", f"/api/v1/pictures/{name}.webp") as answer:
                if answer.status_code == HTTPStatus.NOT_FOUND:
                    raise BodyMissing(f"HQ has no picture {name[:12]}")
                check(answer)
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        break  # too long to be one: whoever checks it refuses it
        except LinkLost as error:
            raise BodyUnreachable(str(error)) from error
        return bytes(content)


def check(answer: httpx.Response) -> None:
    """Raise LinkRefused or LinkLost for an answer that is no success."""
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise LinkRefused(f"HQ refuses this agent: {answer.status_code} {answer.reason_phrase}")
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        raise LinkLost(f"HQ answered {answer.status_code} {answer.reason_phrase}")


async def _save(answer: httpx.Response, part: Path, start: int) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        size = start
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > _MAX_BODY_BYTES:
                raise BodyUnreachable(f"body file exceeds {_MAX_BODY_BYTES} bytes")
            file.write(piece)
        file.truncate()
