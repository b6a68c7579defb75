"""Judging a run: its manifest, the damage asked for, the checker's verdict on what is on the disks."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from deploy.demo.dataset import data_folder
from deploy.demo.folder import RunFolder
from deploy.demo.hq import EARNING, TIERS
from deploy.demo.options import Options
from deploy.demo.report import main as report
from deploy.demo.sabotage import commit_sabotage


class Judge:
    """Lets the checker look at a run, once: when all its sales are in, and before anybody trades by hand."""

    def __init__(self, options: Options, folder: RunFolder) -> None:
        self.options = options
        self.status: int | None = None
        """The exit status, once examined: 0 only if every promise held."""
        self.database_url = options.database or f"sqlite:///{folder.cloud / 'cloud.db'}"
        self._folder = folder
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._facts: dict[str, Any] = {}

    def examine(self) -> int:
        """Write the manifest, do the damage asked for, write the report and return the exit status."""
        stores = sorted(path.name for path in (self._folder.path / "edges").iterdir())
        self._facts = {
            "data": str(data_folder()),
            "stores": self.options.stores,
            "baskets": self.options.baskets,
            "seed": self.options.seed,
            "cloud_url": self.database_url,
            "edges": {store: str(self._folder.edge(store) / "agent.db") for store in stores},
            "rules": {"earning": EARNING, "tiers": TIERS},
            "chaos": self.options.chaos,
            "sabotage": self.options.sabotage,
            "seconds": round(self._clock() - self._began, 1),
        }
        self._folder.write_manifest(self._facts)
        if self.options.sabotage:
            commit_sabotage(self.options.sabotage, self.database_url)
        target = self.options.report or self._folder.path / "report.json"
        self.status = report(["--run", str(self._folder.path), "--report", str(target)])
        print(f"{'Every promise held' if self.status == 0 else 'PROMISES BROKEN'}: {target}", file=sys.stderr)
        return self.status

    def serves_on(self) -> None:
        """Note in the manifest that what the disks hold from now on is not the year's alone."""
        self._folder.write_manifest(self._facts | {"served_on": True})
