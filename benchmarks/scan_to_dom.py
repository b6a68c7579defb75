"""Scan to line on the till's page: from the bytes on the scanner's cable to the line in a real browser's document.

The agent is the product's process with a large price book and active promotions; a code is pressed into its simulated
scanner over the bench's socket, and Chromium says when the page's list shows one line more. Beside it, in the same
browser and run: an EventSource echo of the same HTML from a bare server, which is what the way through the browser
costs without a till behind it.
"""

from __future__ import annotations

import argparse
import http.server
import queue
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.agent_size import Panel, panel, running
from benchmarks.rig.disks import mint
from benchmarks.rig.figures import latency, now, report
from benchmarks.rig.processes import until
from benchmarks.rig.shop import barcode, open_shop
from edge_agent.web.server import bound
from tests.provision.browser import Page, browsing, find_browser

BUDGET = "p99 100 ms to the browser"
_BASKET = 50
_COUNT = "document.querySelectorAll('.till-lines tbody tr').length"
_WAITS = (
    "window.seen = new Promise(done => {{ const look = () => {condition} ? done(true) : 0;"
    " new MutationObserver(look).observe(document.body, {{childList: true, subtree: true}}); look(); }}); 0"
)


def timed(page: Page, condition: str, act: Callable[[], object]) -> float:
    """Return the seconds from an act until a condition holds in the page, watched by its mutations."""
    page.evaluate(_WAITS.format(condition=condition))
    began = now()
    act()
    page.evaluate("window.seen")
    return now() - began


def scans(page: Page, at: Panel, draw: random.Random, items: int, count: int) -> list[float]:
    """Return the seconds of each scan, over baskets of fifty lines that are given up."""
    seconds: list[float] = []
    while len(seconds) < count:
        for line in range(1, _BASKET + 1):
            code = barcode(draw.randint(1, items)) + "\r"
            seconds.append(timed(page, f"{_COUNT} === {line}", lambda: at.ask(do="scanner", till="t1", press=code)))  # noqa: B023
        at.ask(do="void", till="t1")
        timed(page, f"{_COUNT} === 0", lambda: None)
    return seconds


@contextmanager
def echo() -> Iterator[tuple[str, Callable[[str], None]]]:
    """Serve a page and an event stream that repeats what it is told."""
    said: queue.Queue[str] = queue.Queue()
    script = "new EventSource('/s').onmessage = event => { document.querySelector('p').innerHTML = event.data }"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            stream = self.path == "/s"
            self.send_header("Content-Type", "text/event-stream" if stream else "text/html")
            self.end_headers()
            if not stream:
                self.wfile.write(f"<!doctype html><title>echo</title><p></p><script>{script}</script>".encode())
                return
            while html := said.get():
                self.wfile.write(f"data: {html}\n\n".encode())
                self.wfile.flush()

        def log_message(self, *_ignored: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", said.put
    finally:
        said.put("")
        server.shutdown()


def echoes(page: Page, html: str, count: int) -> list[float]:
    """Return the seconds that the same HTML takes from a bare server into the page."""
    with echo() as (address, say):
        page.load(address)
        say("<i id=n0></i>")
        timed(page, "document.querySelector('#n0')", lambda: None)
        return [
            timed(page, f"document.querySelector('#n{n}')", lambda: say(f"<i id=n{n}></i>{html}"))  # noqa: B023
            for n in range(1, count + 1)
        ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--promotions", type=int, default=500)
    parser.add_argument("--scans", type=int, default=500)
    options = parser.parse_args(arguments)
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium on this machine: `apt-get install chromium`")
    folder = Path(tempfile.mkdtemp(prefix="sw-dom-"))
    try:
        state = folder / "state"
        open_shop(state, options.items, options.promotions)
        with bound(0) as free:
            port = free.getsockname()[1]
        draw = random.Random(1)
        with (
            running(state, port) as (process, bench),
            panel(process, bench) as at,
            browsing(program, folder / "browser") as page,
        ):
            until(lambda: bool(at.ask(do="status")["tills"]), "the till", process)
            page.resize(1366, 768)
            at.ask(do="basket", till="t1", id=str(mint()), steps=[{"scan": barcode(1)}, {"tender": {"method": "cash"}}])
            page.load(f"http://127.0.0.1:{port}/tills/t1")
            seconds = scans(page, at, draw, options.items, options.scans)
            html = page.evaluate("document.querySelector('.till').innerHTML").replace("\n", " ")
            bare = echoes(page, html, options.scans)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(
        "scan_to_dom",
        BUDGET,
        items=options.items,
        promotions=options.promotions,
        scan_to_dom=latency(seconds),
        compared_with={"a bare event stream's echo of the same page": latency(bare)},
    )


if __name__ == "__main__":
    main()
