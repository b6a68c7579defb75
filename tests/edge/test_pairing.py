"""Terminals of the store's network over real TLS: paired by a code, bound to a till, and what nobody else gets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from edge_agent.configuration import load
from edge_agent.doctor import examine
from edge_agent.terminals import certificate
from edge_agent.terminals.register import Register
from shared.wire.events import decode_event
from shared.wire.terminal_events import TerminalActed
from tests.edge.hq import MemoryHq, entry
from tests.edge.store_network import (
    HOST,
    WHY,
    Network,
    StoreCa,
    free_port,
    make_ca,
    open_network,
    open_settings,
    paired,
    pressing,
)
from tests.edge.test_agent import MILK, book
from tests.edge.waiting import until
from tests.factories import START_MS


@pytest.fixture(scope="module")
def store_ca() -> StoreCa:
    return make_ca()


@pytest.fixture
async def network(tmp_path: Path, store_ca: StoreCa) -> AsyncIterator[Network]:
    async with open_network(tmp_path, StoreCa(store_ca.authority)) as made:
        await up(made)
        yield made


@pytest.fixture
async def terminal(network: Network) -> AsyncIterator[httpx.AsyncClient]:
    async with paired(network) as client:
        yield client


TYPED = {"kind": "enter", "text": MILK, "turn": "0"}


async def answers(client: httpx.AsyncClient, path: str = "/pair") -> bool:
    try:
        return (await client.get(path)).status_code < 500
    except httpx.HTTPError:
        return False


async def up(network: Network) -> None:
    async with network.terminal() as client:
        await until(lambda: answers(client), "the door to the network")


async def test_unpaired_terminal_sees_the_pairing_page_and_nothing_else(network: Network) -> None:
    async with network.terminal() as client:
        pages = ("/tills/t1", "/tills/t1/display", "/tills/t1/bench", "/terminals", "/openapi.json")
        for path in ("/", *pages, "/pictures/x.webp"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/pair"), path
        assert (await client.get("/tills/t1/stream")).status_code == 403
        page = (await client.get("/pair", params={"language": "zh"})).text
        assert "配对" in page
        assert "Test store" not in page
        answer = await client.post("/tills/t1/press", data=TYPED, headers=pressing(network, page))
        assert answer.status_code == 403


async def test_paired_terminal_sells_at_its_till_and_at_no_other(network: Network) -> None:
    async with paired(network, "t2") as client:
        assert (await client.get("/")).headers["location"] == "/tills/t2"
        page = (await client.get("/tills/t2")).text
        done = await client.post("/tills/t2/press", data=TYPED, headers=pressing(network, page))
        assert done.json()["count"] > 0
        for path in ("/tills/t1", "/tills/t1/stream", "/tills/t2/bench", "/tills/t2/bench/stream", "/terminals"):
            answer = await client.get(path)
            assert answer.status_code == 403, path
            assert "paired with till t2" in answer.text
        assert (await client.get(f"/pictures/{'ab' * 32}.webp")).status_code == 404, "goods are shown at every till"
        stolen = await client.post("/tills/t1/press", data=TYPED, headers=pressing(network, page))
        assert stolen.status_code == 403


async def test_cookie_is_for_this_host_and_tls_alone(network: Network) -> None:
    async with network.terminal() as client:
        page = (await client.get("/pair")).text
        answer = await client.post("/pair", data={"code": await network.code()}, headers=pressing(network, page))
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-till=")
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie
        token = cookie.split("=", 1)[1].split(";", 1)[0]
        kept = await network.agent.database.read(lambda db: db.execute("SELECT * FROM terminal").fetchone())
        assert token not in str(tuple(kept)), "the disk holds what a thief of the disk could show"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Host": "rebound.example"}, "own name"),
        ({"Host": f"{HOST}:1"}, "own name"),
        ({"Origin": "https://evil.example", "X-Token": "ok"}, "elsewhere"),
        ({"Origin": f"http://{HOST}:PORT", "X-Token": "ok"}, "elsewhere"),
        ({"X-Token": "ok"}, "elsewhere"),
        ({"Origin": "own", "X-Token": "0" * 64}, "out of date"),
        ({"Origin": "own"}, "out of date"),
    ],
)
async def test_nobody_elsewhere_presses_a_paired_terminals_keys(
    network: Network, terminal: httpx.AsyncClient, headers: dict[str, str], words: str
) -> None:
    page = (await terminal.get("/tills/t1")).text
    own = pressing(network, page)
    said = {"own": network.address, "ok": own["X-Token"]}
    sent = {name: said.get(value, value).replace("PORT", str(network.port)) for name, value in headers.items()}
    answer = await terminal.post("/tills/t1/press", data=TYPED, headers=sent)
    assert answer.status_code == 403
    assert words in answer.text


async def test_code_pairs_once(network: Network) -> None:
    async with network.terminal() as first, network.terminal() as second:
        code = await network.code()
        for client, status in ((first, 200), (second, 422)):
            page = (await client.get("/pair", params={"language": "en"})).text
            answer = await client.post("/pair", data={"code": code}, headers=pressing(network, page))
            assert answer.status_code == status
        assert "a code that is open" in answer.json()["error"]
        assert (await second.get("/tills/t1")).headers["location"] == "/pair"


async def test_who_guesses_is_locked_out_and_the_right_code_helps_no_more(network: Network) -> None:
    async with network.terminal() as client:
        headers = pressing(network, (await client.get("/pair", params={"language": "en"})).text)
        code = await network.code()
        wrong = "0000 0000" if code != "0000 0000" else "1111 1111"
        status = [(await client.post("/pair", data={"code": wrong}, headers=headers)).status_code for _ in range(5)]
        assert status == [422, 422, 422, 422, 429]
        answer = await client.post("/pair", data={"code": code}, headers=headers)
        assert answer.status_code == 429
        assert "Wait ten minutes" in answer.json()["error"]


async def test_unpaired_in_the_middle_of_looking_ends_the_stream(network: Network, terminal: httpx.AsyncClient) -> None:
    desk = network.agent.agent._doors._desk
    async with terminal.stream("GET", "/tills/t1/stream") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        await desk.unpair(desk.terminals[0].number, WHY)
        assert "Apples" not in "".join([line async for line in lines])
    assert (await terminal.get("/tills/t1")).headers["location"] == "/pair"


async def test_terminal_stays_paired_over_a_restart_and_codes_do_not(tmp_path: Path) -> None:
    store_ca = make_ca()
    async with open_network(tmp_path, store_ca) as network:
        await up(network)
        async with paired(network) as client:
            cookies = dict(client.cookies)
        code = await network.code("t2")
    async with open_network(tmp_path, store_ca, network.hq) as network, network.terminal() as again:
        await up(network)
        again.cookies.update({name: value for name, value in cookies.items() if name == "__Host-till"})
        assert (await again.get("/tills/t1")).status_code == 200
        answer = await again.post(
            "/pair", data={"code": code}, headers=pressing(network, (await again.get("/pair")).text)
        )
        assert answer.status_code == 422
    assert len(store_ca.asked) == 1, "the certificate was kept"


async def test_head_office_unpairs_everybody_and_shuts_the_door(network: Network, terminal: httpx.AsyncClient) -> None:
    assert (await terminal.get("/tills/t1")).status_code == 200
    network.hq.publish(settings=open_settings(network.port, HOST, generation=1))

    async def turned_away() -> bool:
        return bool((await terminal.get("/tills/t1")).headers.get("location") == "/pair")

    await until(turned_away, "the terminal to be unpaired by head office")
    network.hq.publish(settings=open_settings(network.port, generation=1))

    async def shut() -> bool:
        return not await answers(terminal)

    await until(shut, "the door to be shut")


async def test_door_follows_the_port_and_the_names_that_head_office_gives(network: Network) -> None:
    port = free_port()
    network.ca.hosts = [HOST, "localhost"]
    network.hq.publish(settings=open_settings(port, HOST, "localhost"))
    async with httpx.AsyncClient(verify=network.ca.trusting()) as client:
        for host in (HOST, "localhost"):
            await until(lambda host=host: answers(client, f"https://{host}:{port}/pair"), f"the door as {host}")
    assert len(network.ca.asked) == 2


async def test_certificate_that_head_office_cannot_sign_yet_is_said_and_comes(tmp_path: Path) -> None:
    store_ca = make_ca()
    store_ca.hosts = []
    async with open_network(tmp_path, store_ca) as network:

        async def said() -> bool:
            problems = (await network.agent.agent.status())["problems"]
            return any("terminals_certificate" in one and "away" in one for one in problems)

        await until(said, "the problem to be reported")
        store_ca.hosts = [HOST]
        network.agent.agent._doors.ring()
        await up(network)
        assert not await said()


async def test_certificate_is_renewed_in_the_last_third_of_its_life(tmp_path: Path) -> None:
    store_ca = make_ca()
    store_ca.days = 0  # backdated by a day as all are, it ends at once
    async with open_network(tmp_path, store_ca) as network:
        await until(lambda: bool(store_ca.asked), "the first")
        store_ca.days = 90
        network.agent.agent._doors.ring()
        await up(network)
        network.agent.agent._doors.ring()
        await up(network)
        assert len(store_ca.asked) == 2


async def test_terminal_that_does_not_trust_our_ca_is_warned(network: Network) -> None:
    async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(network.address)
    async with network.terminal() as client:
        page = (await client.get("/trust", params={"language": "en"})).text
        given = await client.get("/trust/storewire-ca.crt")
        assert given.headers["content-type"] == "application/x-x509-ca-cert"
        assert ssl.PEM_cert_to_DER_cert(given.text)
        assert "SHA-256" in page


async def test_plain_http_gets_nothing(network: Network) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.HTTPError):
            await client.get(f"http://{HOST}:{network.port}/pair")


@pytest.mark.parametrize("change", ["hosts", "generation", "tills"])
async def test_what_head_office_takes_away_counts_at_once(network: Network, change: str) -> None:
    doors = network.agent.agent._doors
    async with paired(network, "t2"):
        (terminal,) = doors._desk.terminals
    settings = network.agent.agent._tills.settings
    assert settings is not None
    other = {
        "hosts": open_settings(network.port),
        "generation": open_settings(network.port, HOST, generation=3),
        "tills": open_settings(network.port, HOST, tills=1),
    }[change]
    network.agent.agent._tills.settings = other
    assert not doors._desk.still(terminal)
    network.agent.agent._tills.settings = msgspec.structs.replace(settings)
    assert doors._desk.still(terminal)


async def test_number_of_a_terminal_is_never_used_again(network: Network) -> None:
    register: Register = network.agent.agent._doors._register
    first, token = await register.add("t1", "a", generation=0, why=WHY, address="y")
    await register.remove(first.number, WHY)
    second, _ = await register.add("t1", "b", generation=0, why=WHY, address="y")
    assert second.number > first.number
    assert register.holder(token) is None


async def test_terminal_comes_in_by_ipv6_as_by_ipv4(tmp_path: Path, store_ca: StoreCa) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    hosts = [HOST, "::1"]
    hq = MemoryHq(open_settings(free_port(), *hosts))
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    async with open_network(tmp_path, StoreCa(store_ca.authority, hosts=hosts), hq) as network:
        await up(network)
        desk = network.agent.agent._doors._desk
        assert desk.addresses == [f"https://127.0.0.1:{network.port}/", f"https://[::1]:{network.port}/"]
        async with paired(network), paired(network, "t2", host="[::1]") as six:
            assert (await six.get("/tills/t2")).status_code == 200
            assert (await six.get("/tills/t2", headers={"Host": f"[::2]:{network.port}"})).status_code == 403
        assert [one.seen_from for one in desk.terminals] == ["127.0.0.1", "::1"], "an IPv4 address is one as ever"


async def test_head_office_hears_of_each_pairing_and_unpairing_at_once(network: Network) -> None:
    def told() -> list[str]:
        return [one.name for one in network.hq.reported.terminals] if network.hq.reported else []

    async with paired(network, "t2", "counter tablet"):
        await until(lambda: told() == ["counter tablet"], "head office to hear of it")
        desk = network.agent.agent._doors._desk
        await desk.unpair(desk.terminals[0].number, WHY)
        await until(lambda: told() == [], "head office to hear of its end")

    def acts() -> list[tuple[str, str, str, str, str]]:
        found = [one for one in map(decode_event, network.hq.events.values()) if isinstance(one, TerminalActed)]
        return [(one.act.value, one.till, one.name, one.by, one.reason) for one in found]

    wanted = [(act, "t2", "counter tablet", "somebody", "new tablet") for act in ("paired", "unpaired")]
    await until(lambda: acts() == wanted, "head office to know who did it and why")


async def test_head_office_is_told_of_those_whom_it_has_not_unpaired_the_door_closed_too(network: Network) -> None:
    def told(generation: int, *hosts: str) -> list[str] | None:
        said, now = network.hq.reported, network.agent.agent._tills.settings
        if said is None or now is None or (now.terminals.generation, now.terminals.hosts) != (generation, list(hosts)):
            return None
        return [one.name for one in said.terminals] if said.desired_serial == network.hq.serial else None

    async with paired(network, "t2", "counter tablet"):
        network.hq.publish(settings=open_settings(network.port))
        await until(lambda: told(0) == ["counter tablet"], "head office to hear of it behind the closed door")
        network.hq.publish(settings=open_settings(network.port, generation=1))
        await until(lambda: told(1) == [], "head office to hear that nobody is paired any more")


async def test_doctor_says_how_the_door_stands(network: Network, tmp_path: Path) -> None:
    def said(**settings: object) -> str:
        found = [one for one in examine(load(tmp_path, **settings)) if one.what == "terminals"]
        return f"{found[0].good} {found[0].words}"

    assert await asyncio.to_thread(said, web_port=0) == f"True {network.address}/, certificate until {_until(tmp_path)}"
    assert "set web_port" in await asyncio.to_thread(said)
    (tmp_path / "identity" / "pages.pem").unlink()
    assert "no certificate for" in await asyncio.to_thread(said, web_port=0)


def _until(folder: Path) -> str:
    held = certificate.load(folder / "identity")
    assert held is not None
    return datetime.fromtimestamp(held.not_after_ms / 1000, UTC).strftime("%Y-%m-%d")


async def test_cookie_of_a_terminal_in_use_never_runs_out(terminal: httpx.AsyncClient) -> None:
    for path in ("/tills/t1", "/tills/t1/display"):
        said = (await terminal.get(path)).headers.get_list("set-cookie")
        (again,) = [one for one in said if one.startswith("__Host-till=")]
        assert f"Max-Age={400 * 24 * 3600}" in again
        assert again.split(";")[0].split("=", 1)[1] == terminal.cookies["__Host-till"]
