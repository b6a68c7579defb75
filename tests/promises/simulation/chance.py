"""A history by chance: what happens next is drawn from a seed, bad days and good ones alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.promises.simulation.history import History
from tests.promises.simulation.office import BooksPlace

STEPS = 60
_PACKETS = 1 << 30

Weights = Mapping[str, int]

_WEIGHTS: Weights = {
    "sell": 60, "bring_back": 12, "void": 2, "swipe": 4, "register": 6, "merge": 8,
    "pump": 40, "converse": 30, "deliver": 50, "deliver_all": 16, "drop": 6, "double": 6, "reconnect": 6, "wait": 8,
    "wait_days": 3, "wipe_broker": 2, "light_fuse": 5, "cut_power": 4, "write_witness": 4,
    "copy_disk": 8, "restore_disk": 6, "clone": 3, "lose_witness": 2, "replace_disk": 1, "lose_database": 1,
    "replace_agent": 1, "prune": 7, "back_up_office": 5, "restore_office": 6,
    "restore_office_untold": 4,
}  # fmt: skip
_FAVOURED = 6


def live(folder: Path, make_place: Callable[[Path], BooksPlace], seed: int, steps: int = STEPS) -> None:
    """Live through a history, heal and judge it. A failure carries the seed and what happened."""
    rng = random.Random(seed)
    history = History(folder, make_place, seed)
    try:
        # Some histories see little but one kind of trouble, so that troubles also meet themselves.
        favourite = rng.choice([*_WEIGHTS, *["none"] * len(_WEIGHTS)])
        weights = [weight * (_FAVOURED if name == favourite else 1) for name, weight in _WEIGHTS.items()]
        for _ in range(steps):
            (name,) = rng.choices(list(_WEIGHTS), weights)
            _happens(history, rng, name)
            history.check()
        history.heal()
        history.judge()
    except BaseException as error:
        error.add_note(f"history of seed {seed} (--history-seed {seed} --histories 1):\n  " + history.story)
        raise
    finally:
        history.close()


def _happens(history: History, rng: random.Random, name: str) -> None:
    box, place = rng.randrange(8), partial(rng.randrange, _PACKETS)
    some = [place() for _ in range(rng.randint(1, 4))]
    doings: Mapping[str, Callable[[], None]] = {
        "sell": lambda: history.sell(box),
        "bring_back": lambda: history.bring_back(box, place()),
        "void": lambda: history.void(box),
        "swipe": lambda: history.swipe(box),
        "register": lambda: history.register(place()),
        "merge": lambda: history.merge(place()),
        "pump": lambda: history.pump(box),
        "converse": lambda: history.converse(box),
        "deliver": lambda: history.deliver(some),
        "deliver_all": lambda: history.deliver(range(len(history.wire.on_its_way))),
        "drop": lambda: history.drop(some),
        "double": lambda: history.double(place()),
        "reconnect": lambda: history.reconnect(box),
        "wait": lambda: history.wait(rng.choice([1, 5, 30, 100])),
        "wait_days": lambda: history.wait_days(rng.choice([1, 40, 200])),
        "wipe_broker": history.wipe_broker,
        "light_fuse": lambda: history.light_fuse(box, rng.randrange(6)),
        "cut_power": lambda: history.cut_power(box),
        "write_witness": lambda: history.write_witness(box),
        "copy_disk": lambda: history.copy_disk(box),
        "restore_disk": lambda: history.restore_disk(place(), with_witness=rng.random() < 0.5),
        "clone": lambda: history.clone(place(), same_machine=rng.random() < 0.7),
        "lose_witness": lambda: history.lose_witness(box),
        "replace_disk": lambda: history.replace_disk(box),
        "lose_database": lambda: history.lose_database(box),
        "replace_agent": lambda: history.replace_agent(box),
        "prune": lambda: history.prune(box, everything=rng.random() < 0.7),
        "back_up_office": history.back_up_office,
        "restore_office": lambda: history.restore_office(place()),
        "restore_office_untold": lambda: history.restore_office(place(), told=False),
    }
    doings[name]()
