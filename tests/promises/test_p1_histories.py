"""P1, P5 and P9 over whole histories: stores, wires, disks and head office all fail, and the books are right.

Both sides are the product's own code on real SQLite files (head office also on PostgreSQL), and real bytes cross the
wire between them; only processes and sockets are missing. `--histories 2000` lives through many more of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.promises.conftest import MakePlace
from tests.promises.simulation import chance
from tests.promises.simulation.history import History

_BY_CHANCE, _BY_CHANCE_ON_POSTGRESQL, _BY_MACHINE = 50, 4, 25
_STEPS = 40

box = st.integers(0, 5)
place = st.integers(0, 40)
places = st.lists(place, min_size=1, max_size=4)


class Histories(RuleBasedStateMachine):
    """What may happen, one rule each; hypothesis looks for the shortest history that ends badly."""

    def __init__(self, folder: Path, make_place: MakePlace) -> None:
        super().__init__()
        self.history = History(folder, make_place, seed=1)
        self.sound = True

    def _do(self, deed: Callable[..., None], *args: Any, **options: Any) -> None:
        self.sound = False
        deed(*args, **options)
        self.history.check()
        self.sound = True

    @rule(number=box, times=st.integers(1, 4))
    def sell(self, number: int, times: int) -> None:
        for _ in range(times):
            self._do(self.history.sell, number)

    @rule(number=box, sale=place)
    def bring_back(self, number: int, sale: int) -> None:
        self._do(self.history.bring_back, number, sale)

    @rule(number=box)
    def void_and_swipe(self, number: int) -> None:
        self._do(self.history.void, number)
        self._do(self.history.swipe, number)

    @rule(card=place)
    def register(self, card: int) -> None:
        self._do(self.history.register, card)

    @rule(pair=place)
    def merge(self, pair: int) -> None:
        self._do(self.history.merge, pair)

    @rule(number=box)
    def pump(self, number: int) -> None:
        self._do(self.history.pump, number)

    @precondition(lambda self: self.history.wire.on_its_way)
    @rule(which=places)
    def deliver(self, which: list[int]) -> None:
        self._do(self.history.deliver, which)

    @rule()
    def deliver_everything(self) -> None:
        self._do(self.history.deliver, range(len(self.history.wire.on_its_way)))

    @rule(number=box)
    def converse(self, number: int) -> None:
        self._do(self.history.converse, number)

    @precondition(lambda self: self.history.wire.on_its_way)
    @rule(which=places, doubled=place)
    def drop_and_double(self, which: list[int], doubled: int) -> None:
        self._do(self.history.double, doubled)
        self._do(self.history.drop, which)

    @rule()
    def wipe_broker(self) -> None:
        self._do(self.history.wipe_broker)

    @rule(number=box)
    def reconnect(self, number: int) -> None:
        self._do(self.history.reconnect, number)

    @rule(seconds=st.sampled_from([1, 5, 30, 100]))
    def wait(self, seconds: int) -> None:
        self._do(self.history.wait, seconds)

    @rule(days=st.sampled_from([1, 40, 200]))
    def wait_days(self, days: int) -> None:
        self._do(self.history.wait_days, days)

    @rule(number=box, moments=st.integers(0, 6))
    def light_fuse(self, number: int, moments: int) -> None:
        self._do(self.history.light_fuse, number, moments)

    @rule(number=box)
    def cut_power(self, number: int) -> None:
        self._do(self.history.cut_power, number)

    @rule(number=box)
    def write_witness(self, number: int) -> None:
        self._do(self.history.write_witness, number)

    @rule(number=box)
    def copy_disk(self, number: int) -> None:
        self._do(self.history.copy_disk, number)

    @precondition(lambda self: self.history.copies)
    @rule(which=place, with_witness=st.booleans())
    def restore_disk(self, which: int, *, with_witness: bool) -> None:
        self._do(self.history.restore_disk, which, with_witness=with_witness)

    @precondition(lambda self: self.history.copies)
    @rule(which=place, same_machine=st.booleans())
    def clone(self, which: int, *, same_machine: bool) -> None:
        self._do(self.history.clone, which, same_machine=same_machine)

    @rule(number=box)
    def lose_witness(self, number: int) -> None:
        self._do(self.history.lose_witness, number)

    @rule(number=box, everything=st.booleans())
    def lose_disk(self, number: int, *, everything: bool) -> None:
        self._do(self.history.replace_disk if everything else self.history.lose_database, number)

    @rule(number=box)
    def replace_agent(self, number: int) -> None:
        self._do(self.history.replace_agent, number)

    @rule(number=box, everything=st.booleans())
    def prune(self, number: int, *, everything: bool) -> None:
        self._do(self.history.prune, number, everything=everything)

    @rule()
    def back_up_office(self) -> None:
        self._do(self.history.back_up_office)

    @precondition(lambda self: self.history.backups)
    @rule(which=place, told=st.booleans())
    def restore_office(self, which: int, *, told: bool) -> None:
        self._do(self.history.restore_office, which, told=told)

    def teardown(self) -> None:
        try:
            if self.sound:
                self.history.heal()
                self.history.judge()
        except BaseException as error:
            error.add_note(f"the history:\n  {self.history.story}")
            raise
        finally:
            self.history.close()


def test_p1_p5_p9_no_history_loses_or_doubles_a_sale(
    request: pytest.FixtureRequest, history_folders: Callable[[], Path], sqlite_places: MakePlace
) -> None:
    many: int | None = request.config.getoption("--histories")
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Histories(history_folders(), sqlite_places),
        settings=settings(
            max_examples=many or _BY_MACHINE,
            stateful_step_count=_STEPS,
            derandomize=many is None,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _seeds(request: pytest.FixtureRequest, few: int) -> range:
    """Return the seeds to live through: the same few everywhere, or as many as asked for, from anywhere."""
    many: int | None = request.config.getoption("--histories")
    first: int | None = request.config.getoption("--history-seed")
    if first is None:
        first = 1 if many is None else random.SystemRandom().randrange(1 << 30)
    return range(first, first + (many or few))


def test_p1_histories_by_chance(
    request: pytest.FixtureRequest, history_folders: Callable[[], Path], sqlite_places: MakePlace
) -> None:
    seeds = _seeds(request, _BY_CHANCE)
    print(f"histories of seeds {seeds.start} to {seeds.stop - 1}")  # noqa: T201 - shown when a history fails
    for seed in seeds:
        chance.live(history_folders(), sqlite_places, seed)


@pytest.mark.postgresql
def test_p1_histories_by_chance_on_postgresql(
    request: pytest.FixtureRequest, history_folders: Callable[[], Path], postgresql_places: MakePlace
) -> None:
    seeds = _seeds(request, _BY_CHANCE_ON_POSTGRESQL)
    print(f"histories of seeds {seeds.start} to {seeds.stop - 1}")  # noqa: T201
    for seed in seeds:
        chance.live(history_folders(), postgresql_places, seed)
