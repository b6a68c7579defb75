"""A terminal in real Chromium that is given our CA: paired by the command's code, sells, is turned away."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from benchmarks.rig.shop import barcode, open_shop
from edge_agent.cli import app
from edge_agent.disk.agent_row import keep_settings, store_settings
from edge_agent.hq import identity
from edge_agent.terminals import certificate
from shared.wire.desired import TerminalSettings
from tests.edge.store_network import HOST, StoreCa, free_port, make_ca
from tests.edge.test_pages_browser import CONTRAST, SIZES, asked, keys
from tests.provision.browser import Page, browsing, find_browser
from tests.provision.patience import until
from tests.provision.processes import Process, command

pytestmark = pytest.mark.processes


@dataclass
class Machine:
    """The store's PC as its terminals and its people meet it."""

    state: Path
    ca: StoreCa
    port: int
    web_port: int

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    def command(self, *arguments: str) -> str:
        done = CliRunner().invoke(app, ["terminals", *arguments, "--state", str(self.state)])
        assert done.exit_code == 0, done.output
        return done.output

    def code(self, till: str = "t1") -> str:
        """The code that the command shows."""
        return self.command("pair", till, "--name", "counter tablet", "--reason", "new tablet").split("    ")[0]


async def _installed(state: Path, store_ca: StoreCa, port: int) -> None:
    """Put on the disk what head office has given: its CA, the pages' certificate, the door in the settings."""
    who = identity.load(state)
    key = identity.make_key(state)
    identity.keep(state, msgspec.structs.replace(who.enrolment, ca=store_ca.authority.chain), key)
    await certificate.renewed(who.directory, store_ca.certify)
    with closing(sqlite3.connect(state / "agent.db")) as db, db:
        settings = store_settings(db)
        assert settings is not None
        keep_settings(db, msgspec.structs.replace(settings, terminals=TerminalSettings(hosts=[HOST], port=port)))


@contextmanager
def running(machine: Machine) -> Iterator[Process]:
    process = Process("agent", machine.state.parent / "agent.log")
    process.start([command("storewire-edge"), "run", "--state", str(machine.state)])

    def answers() -> bool:
        try:
            return httpx.get(f"{machine.address}/pair", verify=machine.ca.trusting()).is_success
        except httpx.HTTPError:
            return False

    try:
        until(answers, "the door to the network")
        yield process
    finally:
        process.send(signal.SIGTERM)
        process.ended()


def trusted(root: x509.Certificate) -> str:
    """Chromium's option that takes this authority for good, as an installed one is."""
    info = root.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(hashlib.sha256(info).digest()).decode()}"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    made = Machine(tmp_path_factory.mktemp("pc") / "state", make_ca(), free_port(), free_port())
    open_shop(made.state, 100, 5)
    asyncio.run(_installed(made.state, made.ca, made.port))
    (made.state / "edge.toml").write_text(f'web_port = {made.web_port}\nlink = "mqtt"\n')
    return made


@pytest.fixture(scope="module")
def agent(machine: Machine) -> Iterator[Process]:
    with running(machine) as process:
        yield process


@pytest.fixture(scope="module")
def page(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    folder = tmp_path_factory.mktemp("browser")
    with browsing(program, folder, trusted(machine.ca.authority.root)) as made:
        made.resize(*SIZES["till"])
        yield made


def fair(page: Page) -> None:
    """The page is open to everybody, fits a till's screen and a telephone's, and nothing of it went wrong."""
    for size in SIZES.values():
        page.resize(*size)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.accessibility_faults() == []
    assert page.evaluate(CONTRAST) == [], "less than 7:1"
    assert page.errors == []
    page.resize(*SIZES["till"])


def lands(page: Page, condition: str) -> None:
    """Wait for a condition on whatever page comes next."""

    def there() -> bool:
        try:
            return bool(page.evaluate(f"document.readyState === 'complete' && !!({condition})"))
        except AssertionError:
            return False  # between two pages

    until(there, condition)


def pair(page: Page, code: str) -> None:
    page.evaluate("document.querySelector('#code').select()")
    page.write(code)
    page.press("Enter")


@pytest.mark.usefixtures("agent")
def test_people_at_the_pc_pair_and_unpair_on_its_page(machine: Machine, page: Page) -> None:
    at_pc = f"http://127.0.0.1:{machine.web_port}/terminals"
    page.load(f"{at_pc}?language=en")
    page.evaluate("document.querySelector('#name').focus()")
    page.write("phone of Anna")
    page.press("Tab")
    page.write("no till free")
    page.press("Enter")
    lands(page, "document.querySelector('[data-code]')")
    code = page.evaluate("document.querySelector('[data-code] strong').textContent")
    for language in ("en", "zh"):
        for path in ("/pair", "/trust"):
            page.load(f"{machine.address}{path}?language={language}", language)
            fair(page)
    page.load(f"{machine.address}/pair?language=en")
    pair(page, code)
    lands(page, "location.pathname === '/tills/t1'")
    machine.code()
    for language in ("en", "zh"):
        page.load(f"{at_pc}?language={language}", language)
        assert "phone of Anna" in page.evaluate("document.querySelector('table').textContent")
        fair(page)
    page.evaluate("document.querySelector('#reason-unpair').focus()")
    page.write("Anna went home")
    page.evaluate("document.querySelector('.danger').click()")
    lands(page, "!document.querySelector('table')")


def test_terminal_is_paired_sells_through_a_restart_and_is_turned_away(
    machine: Machine, agent: Process, page: Page
) -> None:
    page.load(f"{machine.address}/?language=en")
    assert page.evaluate("location.pathname") == "/pair"
    page.load(f"{machine.address}/pair?language=en")
    pair(page, "1234 5678")
    page.until("document.querySelector('[data-error]').textContent.includes('a code that is open')")
    page.errors.clear()  # the browser notes that the answer was a refusal
    pair(page, machine.code())
    lands(page, "location.pathname === '/tills/t1'")
    keys(page, barcode(1), "Enter")
    page.until("document.querySelectorAll('.till-lines tbody tr').length === 1")
    agent.send(signal.SIGKILL)
    agent.ended()
    page.until("!document.querySelector('[data-cut]').hidden")
    agent.start([command("storewire-edge"), "run", "--state", str(machine.state)])
    page.until("document.querySelector('[data-cut]').hidden", 20)
    keys(page, barcode(2), "Enter")
    page.until("document.querySelectorAll('.till-lines tbody tr').length === 2")
    keys(page, "+")
    page.until(asked("pay"))
    keys(page, "100", "Enter")
    page.until("document.querySelector('[data-change]')")
    (listed,) = machine.command("list").splitlines()
    assert "counter tablet\ttill t1\t" in listed
    assert "is unpaired" in machine.command("revoke", listed.split("\t")[0], "--reason", "tablet stolen")
    lands(page, "location.pathname === '/pair'")
    assert machine.command("list").strip() == "No terminal is paired."
