"""A real agent under the page: killed in the middle of a sale, started again, and the sale goes on where it was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.rig.shop import barcode, open_shop
from edge_agent.web.server import bound
from tests.edge.test_pages_browser import SIZES, asked, keys
from tests.provision.browser import browsing, find_browser
from tests.provision.patience import until
from tests.provision.processes import Process, command


@contextmanager
def running(state: Path, port: int) -> Iterator[Process]:
    """Run an agent whose HQ does not answer, until the block ends."""
    process = Process("agent", state.parent / "agent.log")
    process.start([command("storewire-edge"), "run", "--state", str(state)])
    try:
        until(lambda: "/tills/t1" in said(port), "the till's page")
        yield process
    finally:
        process.send(signal.SIGTERM)
        process.ended()


def said(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/?all").text
    except httpx.HTTPError:
        return ""


def test_sale_goes_on_after_the_agent_was_killed_under_the_open_page(tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    state = tmp_path / "state"
    open_shop(state, 100, 5)
    with bound(0) as free:
        port = free.getsockname()[1]
    (state / "edge.toml").write_text(f'web_port = {port}\nlink = "mqtt"\n')
    with browsing(program, tmp_path / "browser") as page:
        page.resize(*SIZES["till"])
        with running(state, port) as agent:
            page.load(f"http://127.0.0.1:{port}/tills/t1?language=en")
            keys(page, barcode(1), "Enter", "3*", "Enter", barcode(2), "Enter")
            page.until("document.querySelectorAll('.till-lines tbody tr').length === 2")
            due = page.evaluate("document.querySelector('.due').textContent")
            agent.send(signal.SIGKILL)
            agent.ended()
            page.until("!document.querySelector('[data-cut]').hidden")
            agent.start([command("storewire-edge"), "run", "--state", str(state)])
            # The page comes back by itself, with the basket, and no key is lost on an agent that does not know it yet.
            page.until("document.querySelector('[data-cut]').hidden", 20)
            assert page.evaluate("document.querySelector('.due').textContent") == due
            assert "Offline" in page.evaluate("document.querySelector('.till-head').textContent")
            keys(page, "+")
            page.until(asked("pay"))
            keys(page, "Enter")
            page.until("document.querySelector('[data-change]')")
        log = (tmp_path / "agent.log").read_text()
    assert "Traceback" not in log
    assert "agent_ended" in log
