"""The report of a run: `python -m deploy.demo.report --run FOLDER`. Exit status 0 only if every promise held.

It computes everything itself from the parquet files and reads both sides' databases by plain SQL.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from deploy.demo.check.ledger_check import Rules
from deploy.demo.check.verdict import Run, examine


class ManifestUnreadable(ValueError):
    """The folder holds no finished run."""


def read_run(folder: Path) -> Run:
    """Read a run's manifest. Raise ManifestUnreadable."""
    try:
        facts: dict[str, Any] = json.loads((folder / "run.json").read_text())
        return Run(
            data=Path(facts["data"]),
            stores=facts["stores"],
            baskets=facts["baskets"],
            seed=facts["seed"],
            cloud_url=facts["cloud_url"],
            edges={store: Path(path) for store, path in facts["edges"].items()},
            rules=Rules(
                points=facts["rules"]["earning"]["points"],
                per_minor=facts["rules"]["earning"]["per_minor"],
                tiers=sorted((tier["from_minor"], tier["code"]) for tier in facts["rules"]["tiers"]),
            ),
            seconds=facts["seconds"],
            served_on=bool(facts.get("served_on")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestUnreadable(f"{folder} holds no finished run of the demo ({error})") from error


def main(arguments: list[str] | None = None) -> int:
    """Examine a run, print or write the report, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.report", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the run's folder")
    parser.add_argument("--report", type=Path, help="write the report here instead of printing it")
    options = parser.parse_args(arguments)
    try:
        run = read_run(options.run)
        report = examine(run)
    except ManifestUnreadable as error:
        print(error, file=sys.stderr)
        return 2
    text = json.dumps(report, indent=2) + "\n"
    if options.report:
        options.report.write_text(text)
    else:
        print(text, end="")
    for failure in report["failures"]:
        print(f"broken: {failure}", file=sys.stderr)
    if run.served_on and report["failures"]:
        print("note: this run served on after its own check; what was done by hand since counts here", file=sys.stderr)
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
