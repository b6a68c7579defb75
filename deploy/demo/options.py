"""What a run is asked for on the command line."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.sabotage import Sabotage

_STORES = 5
_BASKETS = 3000
_STORES_THERE_ARE = 457
_MOST_TILLS = 20


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
        prog="make demo",
        usage='make demo DEMO="[options]", such as make demo DEMO="--stores 10 --chaos"',
        description="A chain of real stores and its head office on this machine.",
    )
    parser.add_argument("--stores", type=_stores, default=_STORES, help="the busiest N stores (0: all 457)")
    parser.add_argument("--baskets", type=_count, default=_BASKETS, help="a sample of N baskets of theirs (0: all)")
    parser.add_argument("--tills", type=_tills, default=2, help="tills in each store, 1 to 20")
    parser.add_argument("--seed", type=_whole, default=1, help="for everything that is drawn")
    parser.add_argument("--speed", type=_speed, default=None, help="max, or business seconds a second")
    parser.add_argument("--exit", action="store_true", help="end after the last basket instead of serving on")
    parser.add_argument("--chaos", action="store_true", help="kill, stop and freeze processes on the way")
    parser.add_argument("--report", type=Path, help="write the report, as JSON, here")
    parser.add_argument("--sabotage", choices=[*map(str, Sabotage)], help="damage the result before the report")
    parser.add_argument("--database", default="", help="an empty PostgreSQL database's URL (default: SQLite)")
    parser.add_argument("--folder", type=Path, help="where the run lives (default: a new folder below var/demo)")
    found = parser.parse_args(arguments)
    if found.sabotage and not found.exit:
        parser.error("--sabotage needs --exit: it damages what nobody writes any more")
    found.sabotage = Sabotage(found.sabotage) if found.sabotage else None
    return Options(**vars(found))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None


def _count(text: str) -> int:
    if (count := _whole(text)) < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {text}; 0 is all of them")
    return count


def _stores(text: str) -> int:
    if (count := _count(text)) > _STORES_THERE_ARE:
        raise argparse.ArgumentTypeError(f"there are {_STORES_THERE_ARE} stores, got {text}; 0 is all of them")
    return count


def _tills(text: str) -> int:
    if not 1 <= (count := _whole(text)) <= _MOST_TILLS:
        raise argparse.ArgumentTypeError(f"must be 1 to {_MOST_TILLS}, got {text}")
    return count


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError(f"must be max, or business seconds a second such as 3600, got {text!r}")
    return speed
