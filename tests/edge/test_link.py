"""Which way to HQ is tried when, and how long between tries; body files by HTTPS that go on where they broke off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import jwt
import msgspec
import pytest

from edge_agent.clock import SystemMachineClock
from edge_agent.hq.https import HqApi, HttpsBodies, HttpsConnector, HttpsLink
from edge_agent.hq.identity import Identity
from edge_agent.hq.link import LinkChoice, LinkLost, LinkRefused, Pauses, fallback_within
from edge_agent.prices.keeper import BodyMissing, BodyUnreachable
from shared.wire.framing import join
from shared.wire.messages import Ack, Gone, State, encode_message
from tests.edge.agents import enrolled
from tests.factories import AGENT, START_MS, DrivenMachineClock, new_id

STAY_SECONDS = 600.0


class Way:
    """A way to HQ by name only."""

    def __init__(self, name: str) -> None:
        self.name = name


def choice() -> LinkChoice:
    ways = [Way("mqtt"), Way("https")]
    return LinkChoice(ways, stay_seconds=STAY_SECONDS)  # type: ignore[arg-type]


def tried(made: LinkChoice, now: float, *, heard: bool) -> str:
    way = made.next(now)
    made.tried(way, heard_hq=heard)
    return way.name


def test_second_way_after_repeated_failures_and_back_again() -> None:
    made = choice()
    assert [tried(made, now, heard=False) for now in range(4)] == ["mqtt"] * 3 + ["https"]
    assert [tried(made, now, heard=False) for now in range(4, 8)] == ["mqtt"] * 3 + ["https"]
    made = choice()
    for now in range(3):
        tried(made, now, heard=False)
    assert tried(made, 3, heard=True) == "https"
    assert tried(made, 100, heard=True) == "https"
    https = made.next(101)
    assert not made.is_time_to_return(https, 101)
    assert made.is_time_to_return(https, 3 + STAY_SECONDS)
    assert tried(made, 4 + STAY_SECONDS, heard=False) == "mqtt"
    assert tried(made, 5 + STAY_SECONDS, heard=True) == "https", "one failed try of the first way is enough"
    assert tried(made, 6 + 2 * STAY_SECONDS, heard=True) == "mqtt"
    assert [tried(made, now, heard=False) for now in range(2000, 2004)] == ["mqtt"] * 3 + ["https"]


def test_fallback_takes_no_longer_than_is_said() -> None:
    assert fallback_within(20.0, 10.0) < 270


def test_one_failure_does_not_change_the_way() -> None:
    made = choice()
    assert [tried(made, now, heard=now % 2 == 0) for now in range(8)] == ["mqtt"] * 8


def test_pauses_double_to_a_cap_and_start_small_after_a_good_connection() -> None:
    pauses = Pauses(lambda: 1.0)
    assert [pauses.after(0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses.after(3600) == 1
    assert Pauses(lambda: 0.25).after(0) == 0.25


@dataclass
class Api:
    """A plain HTTP server that answers as told and remembers what it was asked."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    break_after: int | None = None
    answers: list[bytes] = field(default_factory=list)
    refuse: int = 0
    refuse_posts: list[int] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    date_ms: int = START_MS

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append((head[0], headers, body))
        status, content, extra = self._answer(head[0].split()[1], headers)
        if head[0].startswith("POST") and self.refuse_posts:
            status, content = self.refuse_posts.pop(0), b'{"code":"x","message":"no"}'
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close", *extra]
        lines.append(f"Date: {formatdate(self.date_ms / 1000, usegmt=True)}")
        sent = content if self.break_after is None else content[: self.break_after]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
        await writer.drain()
        writer.close()

    def _answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes, Iterable[str]]:
        if self.refuse:
            return self.refuse, b"", ()
        if path.startswith("/api/v1/agent/messages"):
            return 200, self.answers.pop(0) if self.answers else b"", ()
        content = self.bodies.get(path)
        if content is None:
            return 404, b"", ()
        start = int(headers["range"].removeprefix("bytes=").rstrip("-")) if "range" in headers else 0
        return (206, content[start:], ()) if start else (200, content, ())


@asynccontextmanager
async def served(folder: Path, clock: DrivenMachineClock | None = None) -> AsyncIterator[tuple[Api, HqApi, Identity]]:
    api = Api()
    server = await asyncio.start_server(api.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    who = enrolled(folder)
    who.enrolment = msgspec.structs.replace(who.enrolment, api=f"http://127.0.0.1:{port}")
    async with server, HqApi(lambda: who, ssl.create_default_context, clock or SystemMachineClock()) as hq:
        yield api, hq, who


async def test_body_fetch_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    async with served(tmp_path) as (api, hq, _):
        content = bytes(range(256)) * 40
        api.bodies["/api/v1/bodies/abc.zst"] = content
        api.break_after = 4000
        target = tmp_path / "abc"
        with pytest.raises(BodyUnreachable):
            await HttpsBodies(hq).fetch("abc", target)
        assert not target.exists()
        api.break_after = None
        await HttpsBodies(hq).fetch("abc", target)
        assert target.read_bytes() == content
        assert api.asked[-1][1]["range"] == "bytes=4000-"
        with pytest.raises(BodyMissing):
            await HttpsBodies(hq).fetch("nothing", tmp_path / "nothing")


async def test_p3_what_hq_says_of_one_message_ends_no_link_and_what_it_says_of_the_link_does(tmp_path: Path) -> None:
    async with served(tmp_path) as (api, hq, _):
        connection = new_id()
        link = HttpsLink(hq, connection)
        message = State(id=new_id(), agent=AGENT, connection=connection, at_ms=1, sent_ms=1)
        api.refuse_posts = [400, 413, 422, 500]
        for _ in range(5):
            await link.send(message)
        assert len(api.asked) == 5
        for status in (429, 502, 503, 504):
            api.refuse_posts = [status]
            with pytest.raises(LinkLost):
                await link.send(message)
        api.refuse_posts = [403]
        with pytest.raises(LinkRefused):
            await link.send(message)


async def test_a_poll_that_fails_in_a_way_nobody_thought_of_ends_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as (_, hq, _):
        gone = Gone(id=new_id(), agent=AGENT, connection=new_id(), at_ms=1, sent_ms=1)
        monkeypatch.setattr(hq, "request", None)
        async with HttpsConnector(hq).connect(gone.connection, gone) as link, asyncio.timeout(5):
            with pytest.raises(LinkLost):
                await anext(link.messages())


async def test_messages_by_post_and_poll(tmp_path: Path) -> None:
    acks = [
        Ack(id=new_id(), agent=AGENT, connection=new_id(), at_ms=1, sent_ms=1, incarnation=new_id(), seq=seq)
        for seq in range(3)
    ]
    async with served(tmp_path) as (api, hq, who):
        api.answers = [join(encode_message(ack) for ack in acks[:2]), join([encode_message(acks[2])])]
        message = State(id=new_id(), agent=AGENT, connection=new_id(), at_ms=1, sent_ms=1)
        gone = Gone(id=new_id(), agent=AGENT, connection=message.connection, at_ms=1, sent_ms=1)
        async with HttpsConnector(hq).connect(message.connection, gone) as link, asyncio.timeout(5):
            await link.send(message)
            heard = link.messages()
            assert [await anext(heard) for _ in acks] == acks
        posted = next(body for line, _, body in api.asked if line.startswith("POST"))
        assert posted == encode_message(message)
        token = api.asked[0][1]["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, who._key.public_key(), algorithms=["ES256"], audience="storewire-cloud")
        assert claims["sub"] == AGENT
        assert claims["exp"] - claims["iat"] <= 60


async def test_token_is_made_by_hqs_clock_when_ours_is_wrong(tmp_path: Path) -> None:
    clock = DrivenMachineClock(START_MS - 10 * 365 * 86_400_000)
    async with served(tmp_path, clock) as (api, hq, _):
        api.refuse = 401
        with pytest.raises(LinkRefused):
            await hq.post_json("/x", b"{}")
        first, second = [
            jwt.decode(headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})["exp"]
            for _, headers, _ in api.asked
        ]
        assert first < second
        assert second == START_MS // 1000 + 60


@pytest.mark.parametrize(("status", "error"), [(403, LinkRefused), (503, LinkLost), (422, LinkLost)])
async def test_refusals_of_the_api(tmp_path: Path, status: int, error: type[LinkLost]) -> None:
    async with served(tmp_path) as (api, hq, _):
        api.refuse = status
        with pytest.raises(error):
            await hq.post_json("/x", b"{}")
