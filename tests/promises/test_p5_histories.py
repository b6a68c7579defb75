"""P5 over whole histories: stored value and coupons are spent once, whatever fails between a till and head office.

Both sides are the product's own code on real databases, and real bytes cross the wire; `--histories 2000` lives
through many more of them, and a failure names its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.promises.conftest import MakePlace
from tests.promises.simulation.purses import ValueHistory

_FEW, _FEW_ON_POSTGRESQL = 24, 2
_STEPS = 80
_PACKETS = 1 << 30
_WEIGHTS: Mapping[str, int] = {
    "come": 30, "ask": 40, "claim": 12, "pay": 30, "give_up": 8, "release": 10,
    "pump": 20, "converse": 12, "deliver": 20, "deliver_all": 8, "drop": 4, "double": 6, "reconnect": 3,
    "wait": 8, "beat": 14, "free": 10, "issue": 6, "merge": 8, "light_fuse": 6, "cut_power": 2, "light_office_fuse": 12,
    "wipe_broker": 1, "be_cut_off": 8, "give_back": 3,
}  # fmt: skip


def live(folder: Path, make_place: MakePlace, seed: int, steps: int = _STEPS) -> None:
    """Live through a history, let it come to its end and judge it. A failure carries the seed and what happened."""
    rng = random.Random(seed)
    history = ValueHistory(folder, make_place, seed)
    happened: list[str] = []
    try:
        for _ in range(steps):
            (name,) = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            happened.append(name)
            _happens(history, rng, name)
            history.check()
        history.settle()
        history.judge()
    except BaseException as error:
        error.add_note(f"history of seed {seed} (--history-seed {seed} --histories 1): {' '.join(happened)}")
        error.add_note("  " + history.story)
        raise
    finally:
        history.close()


def _happens(history: ValueHistory, rng: random.Random, name: str) -> None:
    one, place = rng.randrange(8), partial(rng.randrange, _PACKETS)
    some = [place() for _ in range(rng.randint(1, 4))]
    doings: Mapping[str, Callable[[], None]] = {
        "come": lambda: history.come(one),
        "ask": lambda: history.ask(one),
        "claim": lambda: history.claim(one),
        "pay": lambda: history.pay(one),
        "give_up": lambda: history.give_up(one),
        "release": lambda: history.release(one),
        "pump": lambda: history.pump(one),
        "converse": lambda: history.converse(one),
        "deliver": lambda: history.deliver(some),
        "deliver_all": lambda: history.deliver(range(len(history.wire.on_its_way))),
        "drop": lambda: history.drop(some),
        "double": lambda: history.double(place()),
        "reconnect": lambda: history.reconnect(one),
        "wait": lambda: history.wait(rng.choice([1, 30, 300, 900, 2_000])),
        "beat": lambda: history.beat(one),
        "free": history.free,
        "issue": lambda: history.issue(one),
        "merge": lambda: history.merge(place()),
        "light_fuse": lambda: history.light_fuse(one, rng.randrange(8)),
        "cut_power": lambda: history.cut_power(one),
        "light_office_fuse": lambda: history.light_office_fuse(rng.randrange(40)),
        "wipe_broker": history.wipe_broker,
        "be_cut_off": history.be_cut_off,
        "give_back": lambda: history.give_back(one),
    }
    doings[name]()


def _seeds(request: pytest.FixtureRequest, few: int) -> range:
    """Return the seeds to live through: the same few everywhere, or as many as asked for, from anywhere."""
    many: int | None = request.config.getoption("--histories")
    first: int | None = request.config.getoption("--history-seed")
    if first is None:
        first = 1 if many is None else random.SystemRandom().randrange(1 << 30)
    return range(first, first + (many or few))


def test_p5_no_history_spends_value_twice(
    request: pytest.FixtureRequest, history_folders: Callable[[], Path], sqlite_places: MakePlace
) -> None:
    for seed in _seeds(request, _FEW):
        live(history_folders(), sqlite_places, seed)


@pytest.mark.postgresql
def test_p5_no_history_spends_value_twice_on_postgresql(
    request: pytest.FixtureRequest, history_folders: Callable[[], Path], postgresql_places: MakePlace
) -> None:
    for seed in _seeds(request, _FEW_ON_POSTGRESQL):
        live(history_folders(), postgresql_places, seed)
