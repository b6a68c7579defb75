"""What a run is asked for on the command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.sabotage import Sabotage

_STORES = 5
_BASKETS = 3000


@dataclass(frozen=True, slots=True)
class Options:
    """A run's options. `speed` is business seconds a second; None is as fast as the tills can."""

    stores: int
    baskets: int
    tills: int
    seed: int
    speed: float | None
    exit: bool
    chaos: bool
    report: Path | None
    sabotage: Sabotage | None
    database: str
    folder: Path | None


def parse(arguments: list[str] | None) -> Options:
    """Read the command line; a mistake ends the process with a sentence."""
    parser = argparse.ArgumentParser(
        prog="make demo", description="A chain of real stores and its head office on this machine."
    )
    parser.add_argument("--stores", type=_count, default=_STORES, help="the busiest N stores (0: all 457)")
    parser.add_argument("--baskets", type=_count, default=_BASKETS, help="a sample of N baskets of theirs (0: all)")
    parser.add_argument("--tills", type=_tills, default=2, help="tills in each store, 1 to 20")
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn")
    parser.add_argument("--speed", type=_speed, default=None, help="max, or business seconds a second")
    parser.add_argument("--exit", action="store_true", help="end after the last basket instead of serving on")
    parser.add_argument("--chaos", action="store_true", help="kill, stop and freeze processes on the way")
    parser.add_argument("--report", type=Path, help="write the report, as JSON, here")
    parser.add_argument("--sabotage", type=Sabotage, choices=list(Sabotage), help="damage the result before the report")
    parser.add_argument("--database", default="", help="an empty PostgreSQL database's URL (default: SQLite)")
    parser.add_argument("--folder", type=Path, help="where the run lives (default: a new folder below var/demo)")
    found = parser.parse_args(arguments)
    if found.sabotage and not found.exit:
        parser.error("--sabotage needs --exit: it damages what nobody writes any more")
    return Options(**vars(found))


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text}")
    return count


def _tills(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 20:
        raise argparse.ArgumentTypeError(f"must be 1 to 20, got {text}")
    return count


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    speed = float(text)
    if speed <= 0:
        raise argparse.ArgumentTypeError(f"must be max or above 0, got {text}")
    return speed
