"""A store whose till pages are really served: its loop runs in a thread, so that a browser can be driven beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.bench_printer import work_printer
from edge_agent.bench_words import PrinterPanel
from edge_agent.devices.ports import Scanned, ScanRole, Weight
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.pictures.ports import Pictures
from edge_agent.receipt.jobs import Unproven
from edge_agent.till.ports import PaymentGateway
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.till.till import Till
from edge_agent.web import server
from edge_agent.web.app import make_app
from edge_agent.web.screen.screen import Screen
from edge_agent.web.shop import DeviceSeen, Shop
from edge_agent.web.standing import Standing
from shared.wire.events import TenderKind
from tests.edge.tills import Store, opened_store

T = TypeVar("T")
_SECONDS = 20.0


@dataclass
class OpenCounter:
    """A till with whatever devices a test says it has."""

    till: Till
    screen: Screen
    seen: list[DeviceSeen] = field(default_factory=list)
    paper_problems: tuple[PrinterProblem, ...] = ()
    unproven: Unproven | None = None
    simulated: dict[str, SimulatedTransport] = field(default_factory=dict)
    payments: SimulatedGateway | None = None

    async def work_printer(self, device: str, **wanted: Any) -> dict[str, Any]:
        panel = PrinterPanel(till=self.till.id, device=device, **wanted)
        return await work_printer(self.simulated.get(device), panel) or {}

    async def scan(self, text: str, role: ScanRole = ScanRole.GOODS) -> object:
        """Let the till's scanner read a code."""
        return await self.screen.scanned(Scanned(text, role=role))

    async def weigh(self, grams: int, *, stable: bool = True) -> None:
        """Let the till's scale say a weight."""
        self.till.scaled.note(Weight(grams, stable, zero=grams == 0))
        self.screen.weighed()


@dataclass
class Screens:
    """The served store. `do` runs a coroutine in its loop and returns what comes of it."""

    address: str
    store: Store
    counters: dict[str, OpenCounter]
    loop: asyncio.AbstractEventLoop
    standing: Standing = field(default_factory=lambda: Standing("mqtt", 0))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_SECONDS)


@contextmanager
def served_screens(
    folder: Path,
    *,
    tills: int = 1,
    gateways: Mapping[TenderKind, PaymentGateway] | None = None,
    build: Callable[[Store, str], Till] | None = None,
    pictures: Pictures | None = None,
) -> Iterator[Screens]:
    """Serve a store's till pages until the block ends. `build` makes each till, where a test wants more of it."""
    up = threading.Event()
    made: list[Screens] = []
    failed: list[BaseException] = []
    end: list[Callable[[], object]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with opened_store(folder, tills=tills) as store:
            listener = server.bound(0)
            port = listener.getsockname()[1]
            names = [f"t{number}" for number in range(1, tills + 1)]
            opened = {name: build(store, name) if build else store.till(name, gateways) for name in names}
            counters = {
                name: OpenCounter(till, Screen(till, lambda: store.settings, store.business))
                for name, till in opened.items()
            }
            loop = asyncio.get_running_loop()
            screens = Screens(f"http://127.0.0.1:{port}", store, counters, loop)

            async def standing() -> Standing:
                return screens.standing

            shop = Shop(
                counters=counters,
                settings=lambda: store.settings,
                clock=store.business,
                standing=standing,
                pictures=pictures,
            )
            app = make_app(shop, hosts=[f"127.0.0.1:{port}"], key=bytes(32), make_visit=lambda: "v" * 43)
            task = asyncio.create_task(server.serve(app, listener, app.state.closing.say))
            end.append(lambda: loop.call_soon_threadsafe(stop.set))
            made.append(screens)
            up.set()
            await stop.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for counter in counters.values():
                counter.screen.end()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failed.append(error)
            up.set()

    thread = threading.Thread(target=run, name="screens")
    thread.start()
    assert up.wait(_SECONDS), "the pages were not served in time"
    try:
        if failed:
            raise failed[0]
        yield made[0]
    finally:
        if end:
            end[0]()
        thread.join(_SECONDS)
        assert not thread.is_alive()
    if failed:
        raise failed[0]
