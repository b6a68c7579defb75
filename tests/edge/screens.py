"""A store whose till pages are really served: its loop runs in a thread, so that a browser can be driven beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.till.till import Till
from edge_agent.web import server
from edge_agent.web.app import make_app
from edge_agent.web.shop import DeviceSeen, Shop, Standing
from tests.edge.tills import Store, opened_store

T = TypeVar("T")
_SECONDS = 20.0


@dataclass
class OpenCounter:
    """A till with whatever devices a test says it has."""

    till: Till
    seen: list[DeviceSeen] = field(default_factory=list)


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
    folder: Path, *, tills: int = 1, ready: Callable[[Screens], None] | None = None
) -> Iterator[Screens]:
    """Serve a store's till pages until the block ends."""
    up = threading.Event()
    made: list[Screens] = []
    failed: list[BaseException] = []
    end: list[Callable[[], None]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with opened_store(folder, tills=tills) as store:
            listener = server.bound(0)
            port = listener.getsockname()[1]
            counters = {f"t{number}": OpenCounter(store.till(f"t{number}")) for number in range(1, tills + 1)}
            loop = asyncio.get_running_loop()
            screens = Screens(f"http://127.0.0.1:{port}", store, counters, loop)

            async def standing() -> Standing:
                return screens.standing

            shop = Shop(counters=counters, settings=lambda: store.settings, clock=store.business, standing=standing)
            app = make_app(shop, hosts=[f"127.0.0.1:{port}"], key=bytes(32), make_visit=lambda: "v" * 43)
            task = asyncio.create_task(server.serve(app, listener))
            end.append(lambda: loop.call_soon_threadsafe(stop.set))
            made.append(screens)
            up.set()
            await stop.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

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
