"""The head office the virtual store speaks with: the real one, on this machine, under a name the store can reach."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from deploy.demo.catalogue import CatalogueItem
from deploy.demo.cloud import Cloud
from deploy.demo.folder import RunFolder
from deploy.demo.hq import Hq
from deploy.demo.patience import until
from deploy.demo.price_files import items_file, prices_file
from deploy.demo.processes import Processes
from deploy.demo.weekly_prices import Quote
from tests.vm.bindings import DEVICES

NAME = "hq.storewire.test"
"""Under this name the virtual machine reaches the host."""
STORE = "s1"
_UP_SECONDS = 120.0


class HeadOffice(Cloud):
    """HQ's processes on business time as it is, their certificates for the name the store knows."""

    def __init__(self, processes: Processes, folder: RunFolder) -> None:
        super().__init__(processes, folder, "")

    async def serve(self) -> None:
        """Initialise the deployment and serve it; return once it can take requests."""
        lines = [
            f"data_dir = {json.dumps(str(self._folder.cloud))}",
            f'public_host = "{NAME}"',
            "api_port = 0",
            "console_port = 0",
            "broker_port = 0",
        ]
        (self._folder.path / "cloud.toml").write_text("\n".join(lines) + "\n")
        await self.run("init")
        self.process = await self._processes.start("cloud", [*self._command, "serve"])
        await until(self._answers, "head office to answer", seconds=_UP_SECONDS)

    @property
    def api_url(self) -> str:
        """What the store's agent is told."""
        return f"https://{NAME}:{self._ports()['api']}"


@dataclass(frozen=True, slots=True)
class Open:
    """Head office with one store, two tills and a price book."""

    cloud: HeadOffice
    hq: Hq

    def sales(self) -> int:
        """Return how many sales head office has in its database."""
        with closing(sqlite3.connect(self.cloud.database_url.removeprefix("sqlite:///"))) as db:
            return int(db.execute("SELECT count(*) FROM sale").fetchone()[0])


@asynccontextmanager
async def opened(folder: Path, items: Sequence[CatalogueItem], processes: Processes) -> AsyncIterator[Open]:
    """Serve head office and set the chain up."""
    cloud = HeadOffice(processes, RunFolder(folder))
    await cloud.serve()
    async with Hq(cloud.console_url, await cloud.token()) as hq:
        await hq.set_rules()
        await hq.add_store(STORE, 1, len(DEVICES))
        for till, devices in DEVICES.items():
            await hq.ask("PUT", f"/stores/{STORE}/tills/{till}/devices", devices)
        prices = {(STORE, number): Quote(Fraction(100 + number)) for number in range(1, len(items) + 1)}
        await _publish(hq, items, prices)
        yield Open(cloud, hq)


async def _publish(hq: Hq, items: Sequence[CatalogueItem], prices: Mapping[tuple[str, int], Quote]) -> None:
    """Publish the store's first price book, for now."""
    draft = (await hq.ask("POST", "/prices/drafts", {"title": "virtual store"}))["id"]
    for kind, content in (("items", items_file(items)), ("prices", prices_file(prices))):
        await hq.send(f"/prices/drafts/{draft}/import", content, {"kind": kind, "dry_run": "false"})
    await hq.ask("POST", f"/prices/drafts/{draft}/publish", {})
