"""Judging a run: its manifest, the damage asked for, the checker's verdict on what is on the disks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from deploy.demo.account import account
from deploy.demo.dataset import data_folder
from deploy.demo.folder import RunFolder
from deploy.demo.hq import EARNING, TIERS
from deploy.demo.options import Options
from deploy.demo.report import main as report
from deploy.demo.sabotage import commit_sabotage


class ReportUnwritable(RuntimeError):
    """The report could not be written where it is wanted; the text says why."""


class Judge:
    """Lets the checker look at a run, once: when all its sales are in, and before anybody trades by hand."""

    def __init__(self, options: Options, folder: RunFolder) -> None:
        self.options = options
        self.status: int | None = None
        """The exit status, once examined: 0 only if every promise held."""
        self.database_url = options.database or f"sqlite:///{folder.cloud / 'cloud.db'}"
        self._folder = folder
        self._target = (options.report or folder.path / "report.json").absolute()
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._facts: dict[str, Any] = {}

    def require_a_place_for_the_report(self) -> None:
        """Raise ReportUnwritable now rather than after a year of sales."""
        wanted = self.options.report
        if wanted is None:
            return  # in the run's own folder
        folder = self._target.parent
        if self._target.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            why = "is a folder" if self._target.is_dir() else "cannot be written: its folder is missing or not yours"
            raise ReportUnwritable(f"--report {wanted} {why}; name a file in a folder that is there")

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
        self.status = report(["--run", str(self._folder.path), "--report", str(self._target)])
        verdict = "Every promise held" if self.status == 0 else "PROMISES BROKEN"
        print(f"{verdict}: {self._target}", file=sys.stderr)
        print(account(json.loads(self._target.read_bytes())), file=sys.stderr)
        return self.status

    def serves_on(self) -> None:
        """Note in the manifest that what the disks hold from now on is not the year's alone."""
        self._folder.write_manifest(self._facts | {"served_on": True})
