"""An agent with a large price book: memory, cold start, scan to line, re-pricing, searching, and idle with devices.

The agent is the product's process, `storewire-edge run`, on a disk that has the book in force; no HQ answers, so all it
sells stays as backlog. Scans go through the simulated scanner to the till and onto the disk; the time includes the
bench's socket. The comparisons: an empty Python that has imported the agent's libraries, and the same work on a book
of 100 items.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.rig.disks import CLOCKS, mint
from benchmarks.rig.figures import latency, now, report, rss_mib, spread
from benchmarks.rig.processes import Process, cpu_seconds, started, until
from benchmarks.rig.shop import barcode, open_shop
from edge_agent.devices import logbook
from edge_agent.prices import search
from edge_agent.prices.books import PriceBooks
from edge_agent.web.server import bound
from shared.pricing import BasketLine, MemberFacts, PricingContext, price_basket
from shared.wire.desired import DeviceBinding, StoreSettings

BUDGET = "80 MiB RSS (goal 70), 2 s to the first sale; scan p99 50 ms; re-price 50 lines 1 ms median; search 100 ms"
_LINES = 10
_BASKET = 50
_SHOWN = 20
"""How many of the items found are described, as on the till's page."""
FOUR_DEVICES = tuple(
    DeviceBinding(device=device, profile=f"simulated_{device}", transport="simulated")
    for device in ("scanner", "scale", "printer", "display")
)


class Panel:
    """The simulated devices' front panel of a running agent."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")

    def ask(self, **command: Any) -> dict[str, Any]:
        """Do something at the till and return the answer."""
        self._file.write(json.dumps(command).encode() + b"\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


@contextmanager
def running(state: Path, port: int | None = None) -> Iterator[tuple[Process, Path]]:
    """Run the agent until the block ends, with pages on a port; yields its process and its bench's socket."""
    bench = state / "bench.sock"
    pages = "" if port is None else f"web_port = {port}\n"
    (state / "edge.toml").write_text(f'bench_socket = "{bench}"\nlink = "mqtt"\nlog_level = "error"\n{pages}')
    with started(
        "agent", ["-c", "from edge_agent.cli import app; app()", "run", "--state", str(state)], state
    ) as process:
        yield process, bench


@contextmanager
def panel(process: Process, bench: Path) -> Iterator[Panel]:
    """Connect as soon as the agent listens."""
    until(bench.exists, "the bench", process)
    opened: list[Panel] = []

    def connected() -> bool:
        try:
            opened.append(Panel(bench))
        except OSError:
            return False
        return True

    until(connected, "the bench to answer", process)
    try:
        yield opened[0]
    finally:
        opened[0].close()


def basket(draw: random.Random, items: int) -> list[dict[str, Any]]:
    """Return the steps of a basket of ten scans and its payment."""
    scans = [{"scan": barcode(draw.randint(1, items))} for _ in range(_LINES)]
    return [*scans, {"tender": {"method": "cash"}}]


def sell(at: Panel, draw: random.Random, items: int, count: int) -> None:
    """Ring up and pay baskets."""
    for _ in range(count):
        answer = at.ask(do="basket", till="t1", id=str(mint()), cashier="c1", steps=basket(draw, items))
        if not answer["ok"]:
            raise SystemExit(f"the till refused: {answer}")


def cold_start(state: Path, draw: random.Random, items: int) -> float:
    """Return the seconds from starting the process to the first sale it has answered."""
    steps = basket(draw, items)
    began = now()
    with running(state) as (process, bench), panel(process, bench) as at:
        answer: dict[str, Any] = {"ok": False}
        while not answer["ok"]:
            answer = at.ask(do="basket", till="t1", id=str(mint()), cashier="c1", steps=steps)
            if not answer["ok"] and answer["code"] != "till_unknown":  # the tills open a moment after the bench
                raise SystemExit(f"the till refused: {answer}")
        return now() - began


def scans(at: Panel, draw: random.Random, items: int, count: int) -> list[float]:
    """Return the seconds from each scan to the line, over baskets of fifty lines that are given up."""
    seconds: list[float] = []
    while len(seconds) < count:
        steps: list[dict[str, Any]] = []
        id_ = str(mint())
        for _ in range(_BASKET):
            steps.append({"scan": barcode(draw.randint(1, items))})
            began = now()
            answer = at.ask(do="basket", till="t1", id=id_, cashier="c1", steps=steps)
            seconds.append(now() - began)
            if not answer["ok"]:
                raise SystemExit(f"the till refused: {answer}")
        at.ask(do="void", till="t1")
    return seconds


def repricing(state: Path, items: int, rounds: int) -> list[float]:
    """Return the seconds that pricing a basket of fifty lines takes the engine, on the agent's own book."""
    draw = random.Random(5)
    seconds = []
    with closing(sqlite3.connect(state / "agent.db")) as db:
        book = PriceBooks(CLOCKS.business).at(db, 1)
        context = PricingContext(at_ms=CLOCKS.business.now_ms(), time_zone="Asia/Shanghai", member=MemberFacts())
        for _ in range(rounds // 10):
            lines = [
                BasketLine(n=n, item=f"i{draw.randint(1, items)}", quantity=1 + n % 3) for n in range(1, _BASKET + 1)
            ]
            price_basket(lines, book, context, [])  # as the scans have: each looked its item up
            for _ in range(10):
                began = now()
                price_basket(lines, book, context, [])
                seconds.append(now() - began)
    return seconds


def searching(state: Path, items: int, rounds: int) -> list[float]:
    """Return the seconds that looking an item up by text takes: by number, by a part of its name, by what is not there.

    It is what a till's search does: the walk over the names, then each item shown with its price.
    """
    draw = random.Random(7)
    seconds = []
    with closing(sqlite3.connect(state / "agent.db")) as db:
        book = PriceBooks(CLOCKS.business).at(db, 1)
        for _ in range(rounds):
            number = draw.randint(1, items)
            for text in (f"i{number}", f"tem {number}", f"品 {number}", "500", "500 克", "nothing such"):
                began = now()
                for found in search.candidates(db, text, 3 * _SHOWN)[:_SHOWN]:
                    if book.item(found) is not None:
                        book.price(found)
                seconds.append(now() - began)
    return seconds


def with_devices(state: Path, seconds: float) -> dict[str, float]:
    """Return the agent's memory and share of one CPU while it is idle with four simulated devices of its till."""
    with closing(sqlite3.connect(state / "agent.db")) as db, db:
        (content,) = db.execute("SELECT settings FROM agent").fetchone()
        settings = msgspec.json.decode(content, type=StoreSettings)
        (till,) = settings.tills
        tills = [msgspec.structs.replace(till, devices=list(FOUR_DEVICES))]
        db.execute(
            "UPDATE agent SET settings = ?", (msgspec.json.encode(msgspec.structs.replace(settings, tills=tills)),)
        )
    with running(state) as (process, bench), panel(process, bench) as at:
        until(lambda: bool(at.ask(do="status")["tills"]), "the till", process)
        until(lambda: _are_idle(state), "four devices to be ready", process)
        used, began = cpu_seconds(process.pid), now()
        until(lambda: now() - began >= seconds, "its idle time to pass", process, seconds + 60.0)
        spent, passed = cpu_seconds(process.pid) - used, now() - began
        return {"rss_mib": round(rss_mib(process.pid), 1), "cpu_percent": round(100 * spent / passed, 2)}


def _are_idle(state: Path) -> bool:
    with closing(sqlite3.connect(f"file:{state / 'agent.db'}?mode=ro", uri=True)) as db:
        kept = {one.report.device: one.report.state for one in logbook.entries_kept(db)}
    return all(kept.get(f"t1/{one.device}") == "idle" for one in FOUR_DEVICES)


def imports_only_mib() -> float:
    """Return the memory of a Python that has imported what the agent imports, and nothing else."""
    code = "import sys; sys.modules['rich'] = None; import edge_agent.agent; print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("started with pipes")
        process.stdout.readline()
        return rss_mib(process.pid)


def with_pages(state: Path, draw: random.Random, items: int, options: argparse.Namespace) -> dict[str, float]:
    """Return the agent's memory with pages on: before anybody looks, and while a page follows its sales."""
    with bound(0) as free:
        port = free.getsockname()[1]
    with running(state, port) as (process, bench), panel(process, bench) as at:
        until(lambda: bool(at.ask(do="status")["tills"]), "the till", process)
        sell(at, draw, items, 10)
        unseen = rss_mib(process.pid)
        with httpx.stream("GET", f"http://127.0.0.1:{port}/tills/t1/stream") as page:
            next(page.iter_raw())
            sell(at, draw, items, options.sales)
            return {"unseen": round(unseen, 1), "seen": round(rss_mib(process.pid), 1)}


def measure(folder: Path, items: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure an agent with so many items."""
    state = folder / str(items)
    open_shop(state, items, options.promotions)
    draw = random.Random(1)
    starts = [cold_start(state, draw, items) for _ in range(options.starts)]
    with running(state) as (process, bench), panel(process, bench) as at:
        until(lambda: bool(at.ask(do="status")["tills"]), "the till", process)
        idle = rss_mib(process.pid)
        sell(at, draw, items, options.sales)
        sold = rss_mib(process.pid)
        seconds = scans(at, draw, items, options.scans)
        backlog = at.ask(do="status")["backlog"]
        last = rss_mib(process.pid)
    pages = with_pages(state, draw, items, options)
    searches = latency(searching(state, items, options.searches))
    devices = with_devices(state, options.idle_seconds)
    return {
        "rss_mib_with_pages": pages,
        f"idle with four simulated devices, {options.idle_seconds:.0f} s": devices,
        "rss_mib": {"idle": round(idle, 1), f"after {options.sales} sales": round(sold, 1), "last": round(last, 1)},
        "backlog": backlog,
        "database_mib": round((state / "agent.db").stat().st_size / 2**20, 1),
        "cold_start_to_first_sale_seconds": spread(starts),
        "scan_to_line": latency(seconds),
        "search": searches,
        "reprice_50_lines": latency(repricing(state, items, options.rounds)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--promotions", type=int, default=500, help="promotion rows in the book")
    parser.add_argument("--sales", type=int, default=1_000)
    parser.add_argument("--scans", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=2_000, help="how often the long basket is priced")
    parser.add_argument("--searches", type=int, default=100, help="rounds of six texts each")
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="how long the idle agent is watched")
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sw-size-") as name:
        large = measure(Path(name), options.items, options)
        small = measure(Path(name), 100, options)
    report(
        "agent_size",
        BUDGET,
        items=options.items,
        **large,
        compared_with={"a book of 100 items": small, "imports alone, RSS MiB": round(imports_only_mib(), 1)},
    )


if __name__ == "__main__":
    main()
